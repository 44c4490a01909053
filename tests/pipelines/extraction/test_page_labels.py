"""Test that what a page says beside its text reaches the article; hostile pages take bounded time."""

import json
import time
from datetime import UTC, datetime

import pytest
from lxml import html

from pipelines.core.items import Page
from pipelines.extraction import page_labels
from pipelines.extraction.extract import read
from pipelines.extraction.page.declared import gather
from tests.support.page_pairs import PAGES

URL = "https://harbourtimes.example/opinion/bridge"
STORY = [
    "PORT SELBY, Jamaica — The council met on Monday and agreed to mend the old bridge before the winter storms.",
    "Engineers had warned in March that two of its seven piers stand on nothing but habit.",
    "The work will take nine weeks; until then the ferry carries schoolchildren free of charge.",
]
NODE = {"@type": "NewsArticle", "headline": "Bridge to be mended", "isAccessibleForFree": False}
HEAD = (
    f'<script type="application/ld+json">{json.dumps(NODE)}</script>'
    '<meta name="tdm-reservation" content="1"><meta name="robots" content="index, noarchive">'
)
FOOT = 'Originally published at <a href="https://coastalreview.example/2024/bridge">Coastal Review</a>.'


def page(paragraphs: list[str], head: str = "") -> bytes:
    body = "".join(f"<p>{text}</p>" for text in paragraphs)
    return (
        f"<!DOCTYPE html><html><head><title>Bridge to be mended</title>{head}</head>"
        f"<body><article><h1>Bridge to be mended</h1>{body}</article></body></html>"
    ).encode()


def test_every_label_reaches_the_article():
    """Kind, origin, dateline, access and rights, each with where it was found."""
    article = read(Page(URL, page([*STORY, FOOT], HEAD), "text/html"))
    assert (article.kind, article.origin, article.dateline) == ("opinion", "Coastal Review", "PORT SELBY")
    assert article.origin_url == "https://coastalreview.example/2024/bridge"
    assert article.access == "declared paywall, text whole"
    assert article.access_evidence.startswith("json-ld isAccessibleForFree: false; text of ")
    assert article.rights == ("tdm-reservation: 1", "robots: index, noarchive")
    found = {name: article.found_in[name] for name in ("kind", "origin", "dateline", "access")}
    assert found == {
        "kind": "url",
        "origin": "line",
        "dateline": "first line",
        "access": "json-ld isAccessibleForFree",
    }
    assert "Originally published" not in article.text


def test_dateline_may_follow_bylines_and_imprints():
    """It begins the text, however many lines of boilerplate come before it; the agency in it is the origin."""
    story = ["PORT SELBY (Reuters) - " + STORY[1], *STORY[1:] * 2]
    article = read(Page(URL, page(["ISSN 2049-3630", "By Ilse Marram", "6 May 2024", *story]), "text/html"))
    assert article.text.startswith("PORT SELBY")
    assert (article.dateline, article.origin) == ("PORT SELBY", "Reuters")


def test_printed_imprint_byline_and_dateline_are_read():
    """The page prints imprint, byline, credit and dateline into its text."""
    truth = json.loads((PAGES / "island-review.json").read_text("utf-8"))
    article = read(Page(truth["url"], (PAGES / "island-review.html").read_bytes(), "text/html"))
    for name in ("authors", "publisher", "issn", "origin", "dateline"):
        value = getattr(article, name)
        assert (list(value) if isinstance(value, tuple) else value) == truth[name], name


def test_dropped_paywall_line_is_still_evidence():
    """What a rule of boilerplate drops is evidence all the same."""
    article = read(Page(URL, page([*STORY * 2, "This article is for subscribers only."]), "text/html"))
    assert "subscribers" not in article.text
    assert (article.access, article.access_evidence) == ("paywall", "line: This article is for subscribers only.")


OFFERS = {
    "a box": '<div class="paywall-offer"><h3>{}</h3><a href="/s">OK</a></div>',
    "a box after buttons": '<div class="share"><a href="#">Mail</a></div><div class="subscribe"><p>{}</p></div>',
    "a form": "<form><p><b>{}</b></p><input type=email></form>",
    "a login with a link": '<div class="login-form"><p>{} <a href="/l">Log in</a></p></div>',
}


@pytest.mark.parametrize("offer", OFFERS)
@pytest.mark.parametrize("line", ["This article is for subscribers only.", "Cet article est réservé aux abonnés.",
                                  "この記事は有料会員限定です"])  # fmt: skip
def test_wall_that_a_rule_cut_out_below_the_text_is_evidence(line, offer):
    """It stood where the text ends, so the text is the part before it, also if its last sentence is whole."""
    wall = OFFERS[offer].format(line)
    article = read(Page(URL, page(STORY * 2).replace(b"</article>", f"{wall}</article>".encode()), "text/html"))
    assert article.access == "paywall"
    assert line in article.access_evidence
    assert line not in article.text
    assert article.found_in["access"].startswith("block ")


@pytest.mark.parametrize("offer", OFFERS)
def test_offer_elsewhere_on_the_page_is_no_wall(offer):
    """Above the text; nor is an offer below the text that says nothing of a wall."""
    wall = OFFERS[offer].format("This article is for subscribers only.").encode()
    other = OFFERS[offer].format("Support the paper with a gift.").encode()
    whole = page(STORY * 2)
    for changed in (
        whole.replace(b"<article>", wall + b"<article>"),
        whole.replace(b"</article>", other + b"</article>"),
    ):
        article = read(Page(URL, changed, "text/html"))
        assert (article.access, article.access_evidence) == (None, None)


def test_page_without_labels_has_none():
    """Unknown is None, and found_in has no entry for it."""
    article = read(Page("https://harbourtimes.example/news/bridge", page(STORY[1:] * 2), "text/html"))
    assert (article.kind, article.origin, article.origin_url) == ("article", None, None)
    assert (article.dateline, article.access, article.access_evidence, article.rights) == (None, None, None, ())
    assert not {"kind", "origin", "dateline", "access"} & article.found_in.keys()


def test_every_candidate_is_reported_on_request():
    """Also those that lost, and why."""
    tree = html.document_fromstring(page([*STORY, FOOT], HEAD + '<meta property="og:site_name" content="Reuters">'))
    declared = gather(tree, URL, datetime(2024, 6, 1, tzinfo=UTC))
    lines = [*STORY, "Originally published at Coastal Review.", "(Reuters)"]
    found = page_labels.read(declared, page_labels.early(declared), lines, lines, "Jane Doe, dpa")
    claims = [(claim.source, claim.value, claim.chosen, claim.why) for claim in found.claims["origin"]]
    assert claims == [
        ("line", "Coastal Review", True, ""),
        ("byline", "dpa", False, ""),
        ("last line", "Reuters", False, "the site itself"),
    ]


def test_hostile_page_takes_bounded_time():
    """Ten thousand links, boxes and sections, a text of one endless line, an articleBody of megabytes."""
    node = json.dumps({**NODE, "articleBody": "<[#" * 10**6, "articleSection": ["a/" * 10**5] * 99})
    head = f'<script type="application/ld+json">{node}</script>' + '<meta name="robots" content="noindex">' * 5000
    body = '<div class="paywall"><a rel="license" href="/x">Coastal Review</a> log in' * 1000 + "</div>" * 1000
    body += '<a href="https://coastalreview.example/">Coastal Review</a>' * 10_000
    tree = html.document_fromstring(f"<html><head>{head}</head><body>{body}</body></html>")
    declared = gather(tree, URL, datetime(2024, 6, 1, tzinfo=UTC))
    start = time.process_time()
    early = page_labels.early(declared)
    for line in ("(" * 10**6, "12:0" * 10**6, "Originally published at Coastal Review.", "A, " * 10**6):
        page_labels.read(declared, early, [line] * 9, [line] * 9, "A, " * 10**5)
    assert time.process_time() - start < 9
