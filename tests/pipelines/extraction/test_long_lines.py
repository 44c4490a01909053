"""Test that a line, however long, is looked at in time that grows as its length.

Each function that reads lines gets 50,000 characters of what its patterns repeat. A pattern that backtracks over them
takes minutes (the square of that is 2,500,000,000); five seconds are enough for every other.
"""

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from html import escape
from typing import Any

import pytest

from pipelines.core.items import Page
from pipelines.extraction.body import lexicon
from pipelines.extraction.body.blocks import blocks
from pipelines.extraction.body.classifier import as_lines
from pipelines.extraction.body.features import Evidence, PageContext
from pipelines.extraction.boilerplate import author_lines, calls_to_action, line_matcher, phrases, remove, teasers
from pipelines.extraction.fields import authors, date_parser, dates, metadata, person_names, printed_bylines, titles
from pipelines.extraction.labels import agencies, credit_lines, dateline, genre, origin, paywall, usage_signals
from pipelines.extraction.page import jsonld
from pipelines.extraction.page.declared import DeclaredMetadata, gather
from pipelines.extraction.page.parse import parse

pytestmark = pytest.mark.slow

SIZE, SECONDS = 50_000, 3.0
ON_A_PAGE = 20_000  # characters of them where a page is made around them first
URL = "https://paper.example/2024/05/06/bridge"
SEEN = datetime(2024, 5, 6, tzinfo=UTC)


def declared(body: str = "<p>Bridge</p>", head: str = "") -> DeclaredMetadata:
    page = f"<html><head><title>Bridge</title>{head}</head><body>{body}</body></html>"
    return gather(parse(Page(URL, page.encode(), "text/html")), URL, SEEN)


PLAIN = declared()
SITE = metadata.site(PLAIN)
METAS = ("author", "robots", "og:title", "og:type", "keywords", "article:section", "rights", "copyright", "tdm-policy")


def in_metas(text: str) -> DeclaredMetadata:
    run = escape(text[:ON_A_PAGE])
    return declared(head="".join(f'<meta name="{name}" content="{run}">' for name in METAS))


def in_article_body(text: str) -> DeclaredMetadata:
    node = json.dumps({"@type": "NewsArticle", "articleBody": text}).replace("<", "\\u003c")
    return declared(head=f'<script type="application/ld+json">{node}</script>')


def in_print(text: str) -> DeclaredMetadata:
    """Look for titles, bylines and dates."""
    run = escape(text[:ON_A_PAGE])
    places = ("<h1>{}</h1>", '<p class="byline author">{}</p>', "<time>{}</time>", "<p class=date>{}</p>", "<p>{}</p>")
    return declared("".join(place.format(run) for place in places), f"<title>{run}</title>")


def as_body(text: str) -> None:
    """Take a block of the page from its features to its line."""
    page = Page(URL, f"<body><h1>Bridge</h1><p>{escape(text)}</p></body>".encode(), "text/html")
    found = blocks(parse(page).find("body"))
    PageContext(found, Evidence(read=text, titles=(text,), summaries=(text,), names=(text[:99],))).feature_rows()
    as_lines(found, str)


FUNCTIONS: dict[str, Callable[[str], Any]] = {
    "access.access": lambda text: paywall.access(PLAIN, None, ["The council met.", text], [text]),
    "access.access, articleBody": lambda text: paywall.access(in_article_body(text), None, ["The council met."]),
    "access.closed": lambda text: paywall.declared_closed(in_metas(text)),
    "author_lines.author_lines": lambda text: [*author_lines.author_lines([text, f"Ann Bee{text}"] * 4, ("Ann Bee",))],
    "remove.boilerplate_lines": lambda text: remove.boilerplate_lines([text] * 5, ("Ann Bee",)),
    "body": as_body,
    "bylines.authors": lambda text: [*authors.authors(in_metas(text), SITE), *authors.authors(in_print(text), SITE)],
    "credit_lines.publisher_name": credit_lines.publisher_name,
    "credit_lines.signing_agency": credit_lines.signing_agency,
    "credit_lines.named_source": credit_lines.named_source,
    "credit_lines.first_publisher": credit_lines.first_publisher,
    "dateline.dateline": lambda text: dateline.dateline([text, f"PARIS{text}"]),
    "date_parser.parse": lambda text: date_parser.parse(text, SEEN, "en"),
    "date_parser.parse_printed": lambda text: date_parser.parse_printed(text, SEEN, "en"),
    "genre.kind": lambda text: genre.kind(in_metas(text), [text]),
    "genre.slug": genre.slug,
    "jsonld.same_words": jsonld.same_words,
    "jsonld.text": jsonld.text,
    "lexicon.topics": lexicon.topics,
    "line_matcher.matching_lines": lambda text: [*line_matcher.matching_lines([text] * 3)],
    "line_matcher.is_browser_notice": line_matcher.is_browser_notice,
    "line_matcher.is_teaser": line_matcher.is_teaser,
    "dates.printed": lambda text: [*dates.printed(in_print(text))],
    "dates.read": lambda text: dates.read(text, PLAIN),
    "person_names.named_agencies": lambda text: person_names.named_agencies([text]),
    "person_names.collective_author": person_names.collective_author,
    "person_names.byline_in": lambda text: person_names.byline_in([text]),
    "person_names.is_agency": person_names.is_agency,
    "person_names.is_person": person_names.is_person,
    "person_names.has_only_names": lambda text: person_names.has_only_names(text, ["Ann Bee"]),
    "person_names.persons": lambda text: person_names.persons([text], ["Paper"]),
    "person_names.split_byline": person_names.split_byline,
    "origin.host_of": origin.host_of,
    "origin.origin": lambda text: origin.origin(PLAIN, [text] * 2, text),
    "phrases.normalized": phrases.normalized,
    "calls_to_action.calls_to_action": lambda text: [*calls_to_action.calls_to_action(text.lower())],
    "printed.below_headline": lambda text: [*printed_bylines.below_headline(in_print(text), SITE)],
    "printed.beside_date": lambda text: [*printed_bylines.beside_date(in_print(text), SITE)],
    "printed.bylines": lambda text: [*printed_bylines.bylines(in_print(text), SITE)],
    "rights.signals": lambda text: usage_signals.signals(in_metas(text)),
    "teasers.rule_of_label": teasers.rule_of_label,
    "titles.agree": lambda text: titles.agree(text, "Bridge to be mended"),
    "titles.ranked": lambda text: [*titles.ranked(in_print(text), SITE)],
    "titles.without_affix": lambda text: titles.without_affix(text, SITE),
    "agencies.agencies_in": lambda text: [*agencies.agencies_in(text)],
    "agencies.agency": agencies.agency,
    "agencies.only_agencies": agencies.only_agencies,
}  # fmt: skip
RUNS = (
    " ", "\u00a0", " \n", ".", "…", "-", "—", " — ", "•", "* ", "_", "|", " | ", "/", "x/", "(", "()", "[a] ", "“",
    "'", "\"", ", ", "a, ", ": ", "a: ", "; ", "! ", "a? ", "by ", "By ", "and ", "Ann Bee and ", "Ann Bee, ",
    "A. ", "A", "a", "a.", "1", "1.", "12:00 ", "6 May 2024, ", "2024-01-", "https://a.b/", "(http://", "a@",
    "@a ", "&amp;", "© ", "(AP) — ", "PARIS, ", "dpa/", "Photo by Ann Bee ", "Reporting by ",
    "originally published ", "橋", "記者 ", "İ", "e\u0301", "\u200b",
)  # fmt: skip


class Late(Exception):
    """Raised by code that has run for too long."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raises Late within what takes longer; patterns look up for it, too."""

    def ring(_number: int, _frame: object) -> None:
        raise Late

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", FUNCTIONS)
def test_long_line_is_read_in_linear_time(name):
    """A run of anything, with words before it and an end that no pattern wants."""
    late = []
    for run in RUNS:
        text = f"Ann Bee wrote this. {run * (SIZE // len(run))} x!"
        try:
            with at_most(SECONDS):
                FUNCTIONS[name](text)
                FUNCTIONS[name](text[20:-3])
        except Late:
            late.append(run)
            if len(late) == 3:
                break
    assert late == []


def test_backtracking_pattern_is_stopped_by_the_time_limit():
    """This shows that the other test can fail."""
    with pytest.raises(Late), at_most(0.2):
        person_names.TRIM.sub("", "x" + "—" * SIZE + "x")
