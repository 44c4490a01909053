"""Read a page: return its article, or the reason why it has none. The only module that imports trafilatura.

Pure: the same page gives the same article, today and when the archive is rebuilt. The page is decoded once and parsed
once. Metadata, our rules and trafilatura read the same tree, in this order, because the last two cut it.

A page without an article is not an error. Its reason is one of REASONS, for counting; `detail` is for people.
"""

from __future__ import annotations

import gc
import logging
import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields as dataclass_fields
from dataclasses import replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import urlsplit

from lxml import etree

from pipelines.core.items import Article, NothingToRead, Page, Reading, Rule
from pipelines.core.timestamps import now
from pipelines.extraction import article_signs, page_labels, site_rules
from pipelines.extraction.body import classifier
from pipelines.extraction.body.blocks import HEADING_TAGS, TextBlock, blocks, menus
from pipelines.extraction.body.classifier import BlockDecision
from pipelines.extraction.body.features import Evidence, PageContext
from pipelines.extraction.body.line_layout import LaidOutLine, LineLayout
from pipelines.extraction.boilerplate import comments, remove
from pipelines.extraction.boilerplate.line_rules import RULE_BY_NAME
from pipelines.extraction.boilerplate.remove import CutBlock
from pipelines.extraction.fields import dates, metadata
from pipelines.extraction.fields.authors import outlets
from pipelines.extraction.fields.likely_days import likely_days
from pipelines.extraction.fields.metadata import PageMetadata
from pipelines.extraction.labels import paywall, stand_in_pages
from pipelines.extraction.page import charset
from pipelines.extraction.page.characters import UNSPACED_LETTER, printable, without_controls
from pipelines.extraction.page.declared import HEADLINE_METAS, DeclaredMetadata, gather
from pipelines.extraction.page.jsonld import text as text_of
from pipelines.extraction.page.meta_refresh import refresh_of
from pipelines.extraction.page.parse import EMPTY, NOT_HTML, TOO_LARGE, UNDECODABLE, PageRefused, parse
from pipelines.extraction.page.state_json import show_text_of_state
from pipelines.extraction.page.trace import BlockTrace, FieldCandidate

NO_TEXT = "no article text"  # no text, or fewer words than MIN_WORDS
INDEX = "index page"  # a front page, a section, a list of links
READING = 5  # a number of this extractor; raised whenever it may read a page differently, so that `reextract` reads it
FAILED = "extractor failed"  # an exception, our bug or trafilatura's; `detail` says which
LISTING = "fetched for its links, and shows too little of an article"  # detail of INDEX
ONLY_REFRESH = "only a refresh"  # no text, and a meta refresh that leads to another page, or reloads this one
REASONS = (EMPTY, NOT_HTML, TOO_LARGE, UNDECODABLE, NO_TEXT, INDEX, ONLY_REFRESH, FAILED)

MIN_WORDS = 25  # a shorter text is no article ...
MIN_DECLARED_WORDS = 10  # ... unless the page declares itself one: news flashes are short
BLOCKS_BEFORE, BLOCKS_AFTER = 3, 11  # around the text, in which credits and datelines are looked for
MAX_LINK_SHARE = 0.3  # more link text in what trafilatura's fast mode reads: its slower methods are tried, too
MAX_FALLBACK_BLOCKS = 2_000  # not on a page with more: justext compares every block with all others
SUMMARY_METAS = ("og:description", "description", "twitter:description")
INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")
SCRIPTS = etree.XPath('.//script[not(@type="application/ld+json")]')


class ReadingObserver:
    """Watch one page being read; the methods of this class do nothing. An observer must not change what it is given."""

    is_tracing = False  # whether it needs the text of what is removed, which costs time

    def fields_chosen(self, tree: Any, declared: DeclaredMetadata) -> None:
        """Observe a page of which the metadata is known and nothing is cut yet."""

    def rule_applied(self, candidates: dict[str, list[FieldCandidate]], won: Collection[str]) -> None:
        """Observe what the source's own rule finds for fields, and the fields whose value it gives."""

    def removed(self, parts: list[tuple[Any, BlockTrace]]) -> None:
        """Observe elements that were cut out of the tree."""

    def left_outside(self, rest: Any) -> None:
        """Observe the body of the page without the elements that the source's own rule selects; None without a rule."""

    def decided(self, decisions: list[BlockDecision], context: PageContext | None) -> None:
        """Observe the decision on every block. Line rules still change them. `context`: None if a rule selects all."""

    def laid_out(self, lines: Sequence[Sequence[LaidOutLine]]) -> None:
        """Observe the lines of each block of the text."""

    def labelled(self, labels: page_labels.PageLabels) -> None:
        """Observe the labels of a page whose text is known."""


def timed_read(page: Page) -> Reading:
    """Read a page; return its outcome with the CPU milliseconds that it took in this process."""
    start = time.process_time()
    outcome = read(page)
    return Reading(page, outcome, round((time.process_time() - start) * 1000, 3))


def read(page: Page) -> Article | NothingToRead:
    """Return the article on a page, or the reason why it has none. No page makes it raise; only MemoryError passes."""
    return observed_read(page, ReadingObserver())


def observed_read(page: Page, observer: ReadingObserver) -> Article | NothingToRead:
    """Read a page as `read` does, and tell `observer` each step."""
    try:
        with collector_paused():
            return _read(page, observer)
    except PageRefused as refusal:
        refresh = refresh_of(page.body, page.url) if refusal.args[0] in (EMPTY, NO_TEXT) else None
        return NothingToRead(ONLY_REFRESH, str(refresh)) if refresh else NothingToRead(*refusal.args)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 one strange page must not end a crawl; the name of the error is kept
        return NothingToRead(FAILED, f"{type(error).__name__}: {error}"[:500])


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause garbage collection while one page is read; it would visit thousands of blocks again and again.

    The size of a page is bounded. Reference counting frees what it leaves, and a cycle waits for the next collection.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _read(page: Page, observer: ReadingObserver) -> Article:
    tree = parse(page)
    captured = page.capture.time if page.capture else now()
    declared = gather(tree, page.url, captured, page.hint)
    if show_text_of_state(tree, page.body, [declared.page_title, *declared.headlines, *declared.meta(HEADLINE_METAS)]):
        declared = gather(tree, page.url, captured, page.hint)
    rule = site_rules.rule_on(page.source, captured.date().isoformat()) or Rule()
    fields = _fields(declared, rule, observer)
    early = page_labels.early(declared)
    written = comments.find_comments(tree) if page.comments else None

    decisions, walls = _decisions(tree, declared, fields, rule, observer)
    if page.listing and not article_signs.shows_article(declared, fields, decisions):
        raise PageRefused(INDEX, LISTING)
    line = cache(_line)  # a block is asked for up to three times
    paragraphs, fields = _paragraphs(decisions, declared, fields, line)
    around = _lines_around(decisions, line)
    labels = page_labels.read(declared, early, around, paragraphs, fields.byline, fields.title, walls)
    observer.labelled(labels)
    lines = _laid_out(decisions, line)
    observer.laid_out(lines)
    text = "\n".join(line.text for them in lines for line in them)
    words = count_words(text)
    if words < (MIN_DECLARED_WORDS if declared.is_article else MIN_WORDS):
        stands_in = labels.access in stand_in_pages.KINDS
        raise PageRefused(labels.access if stands_in and labels.access else NO_TEXT, f"{words} words")
    fields = metadata.with_language_of_text(fields, paragraphs)
    article = Article(
        url=page.url,
        text=text,
        line_kinds=" ".join(line.kind for them in lines for line in them),
        word_count=words,
        kind=labels.kind,
        origin=labels.origin,
        origin_url=labels.origin_url,
        dateline=labels.dateline,
        access=labels.access,
        access_evidence=labels.access_evidence,
        rights=labels.rights,
        comments=written,
        extractor=extractor(),
        found_in=fields.found_in | labels.found_in,
        **{name: getattr(fields, name) for name in PageMetadata.__dataclass_fields__ if name != "found_in"},
    )
    values = {one.name: getattr(article, one.name) for one in dataclass_fields(article)}
    unclean = {name: clean for name, value in values.items() if (clean := printable(value)) != value}
    return replace(article, **unclean) if unclean else article


def _fields(declared: DeclaredMetadata, rule: Rule, observer: ReadingObserver) -> PageMetadata:
    """Choose the fields that the page declares or prints; what the source's own rule finds comes first."""
    fields = metadata.read(declared, date_in_text)
    observer.fields_chosen(declared.tree, declared)
    if not rule.fields:
        return fields
    papers = outlets(declared, metadata.site(declared))
    values, candidates = site_rules.overrides(declared.tree, rule, declared.captured, declared.url, papers)
    found = dict.fromkeys((name for name in values if name in site_rules.FIELDS), site_rules.SITE_RULE)
    observer.rule_applied(candidates, found)
    return replace(fields, **values, found_in=fields.found_in | found)


def _decisions(
    tree: Any, declared: DeclaredMetadata, fields: PageMetadata, rule: Rule, observer: ReadingObserver
) -> tuple[list[BlockDecision], list[CutBlock]]:
    """Cut out of `tree` what is surely not the article, and decide on each block that is left.

    Also return the blocks that were cut out and may be walls. Raises PageRefused for an index page.
    """
    lighten(tree)
    observer.removed(site_rules.prune(tree, rule))
    selected = site_rules.body(tree, rule)
    observer.left_outside(site_rules.keep_only(tree, selected))
    cut = remove.prune(tree, traced=observer.is_tracing)
    observer.removed(cut.traces)
    context = None
    if selected:
        decisions = classifier.keep_all(blocks(tree.find(".//body")), fields.title or "")
    else:
        context = page_context(tree, declared, fields)
        scores = classifier.scores_of(context)
        if not classifier.are_sure(context, scores):
            context = with_second_reading(context, tree)
            scores = classifier.scores_of(context)
        decisions = classifier.classify(context, scores)
    observer.decided(decisions, context)
    kept = [decision.block for decision in decisions if decision.rule is None]
    if not selected and is_index(declared, [decision.block for decision in decisions], kept):
        raise PageRefused(INDEX, "mostly links, and no article declared")
    return decisions, cut.walls


def _paragraphs(
    decisions: list[BlockDecision], declared: DeclaredMetadata, fields: PageMetadata, as_line: Callable[[str], str]
) -> tuple[list[str], PageMetadata]:
    """Drop the blocks that are boilerplate; return the other lines, and `fields` with a byline that the text prints.

    All rows of a table are dropped or none.
    """
    kept = [decision for decision in decisions if decision.rule is None]
    lines = classifier.as_lines([decision.block for decision in kept], as_line)
    pairs = zip(lines, kept, strict=True)
    running = [line for line, decision in pairs if decision.block.container.tag not in HEADING_TAGS]
    fields = metadata.with_byline_of_text(fields, declared, running)
    plain = {index for index, one in enumerate(kept) if not one.block.linked and not one.block.strong}
    dropped = remove.boilerplate_lines(lines, fields.authors, plain=plain)
    dropped |= dict.fromkeys(paywall.wall_lines(lines), RULE_BY_NAME["subscribers only"])
    tables = Counter(id(one.block.table) for one in kept if one.block.table is not None)
    matched = Counter(id(kept[index].block.table) for index in dropped if kept[index].block.table is not None)
    whole = {table for table, count in matched.items() if count == tables[table]}
    dropped = {
        index: rule for index, rule in dropped.items()
        if (table := kept[index].block.table) is None or id(table) in whole
    }  # fmt: skip
    for index, rule in dropped.items():
        kept[index].rule, kept[index].why = rule.name, rule.why
    if kept and kept[-1].rule in remove.ASKING:
        classifier.drop_bare_headings(kept)
    return [line for line, decision in zip(lines, kept, strict=True) if decision.rule is None and line], fields


def _laid_out(decisions: Sequence[BlockDecision], as_line: Callable[[str], str]) -> list[list[LaidOutLine]]:
    """Return the lines of each block of the text, as the text has them."""
    kept = [decision.block for decision in decisions if decision.rule is None]
    layout = LineLayout(kept, as_line, _tidy)
    return [layout.lines(block) for block in kept]


def page_context(tree: Any, declared: DeclaredMetadata, fields: PageMetadata) -> PageContext:
    """Return the blocks of a page and the evidence to classify them by, before trafilatura reads it."""
    evidence = Evidence(
        declared=text_of(declared.article.get("articleBody")) or "",
        titles=tuple(title for title in (fields.title, *declared.headlines) if title),
        summaries=tuple(text for text in (fields.description, *declared.meta(SUMMARY_METAS)) if text),
        names=tuple(name for name in (*fields.authors, *fields.tags, fields.section, fields.site_name) if name),
        is_article=declared.is_article,
    )
    found = classifier.with_headline_apart(blocks(tree.find(".//body")), fields.title or "")
    return PageContext(found, evidence)


def with_second_reading(context: PageContext, tree: Any) -> PageContext:
    """Return `context` with what trafilatura takes for the text.

    Menus are cut out of the tree, because trafilatura reads it better without.
    """
    for menu in menus(list(context.blocks)):
        menu.drop_tree()
    second = context.read_as(_trafilatura_text(tree, fast=True))
    if second.link_share_of_read > MAX_LINK_SHARE and len(context.blocks) < MAX_FALLBACK_BLOCKS:
        second = context.read_as(_trafilatura_text(tree, fast=False))
    return second


def is_index(page: DeclaredMetadata, found: Sequence[TextBlock], kept: Sequence[TextBlock]) -> bool:
    """Return whether a page is a list of links. `found`: all of its blocks; `kept`: those taken for text.

    Conservative: to lose an article is worse than to keep a section page.
    """
    if page.is_article:
        return False
    address = urlsplit(page.url)
    if address.netloc and not address.path.strip("/") and not address.query:
        return True
    headlines = sum(1 for block in found if len(block.text) > 20 and block.linked > 0.9 * len(block.text))
    linked = sum(block.linked for block in kept)
    return headlines > 20 and linked >= 0.5 * sum(len(block.text) for block in kept)


def _lines_around(decisions: Sequence[BlockDecision], as_line: Callable[[str], str]) -> list[str]:
    """Return the lines of the text with those dropped within it and close to it, which may say where it comes from."""
    kept = [index for index, decision in enumerate(decisions) if decision.rule is None]
    if not kept:
        return []
    near = decisions[max(0, kept[0] - BLOCKS_BEFORE) : kept[-1] + 1 + BLOCKS_AFTER]
    return [line for decision in near if decision.rule != classifier.MENU and (line := as_line(decision.block.text))]


def lighten(tree: Any) -> None:
    """Remove what no method of trafilatura reads, before trafilatura copies the tree. It does read JSON-LD."""
    for script in SCRIPTS(tree):
        script.drop_tree()
    etree.strip_elements(tree, "style", "svg", "template", "link", "meta", with_tail=False)


def _trafilatura_text(tree: Any, fast: bool) -> str:
    """Return trafilatura's text of the tree, which stays as it is; "" if it finds none. `fast`: no second opinions."""
    trafilatura, options = _trafilatura(fast)
    try:
        document = trafilatura.bare_extraction(tree, options=options)
    except RecursionError:  # hundreds of nested lists: the other features must do
        return ""
    return (document.text or "") if document is not None else ""


def _line(text: str) -> str:
    """Return the text of a block as a line: NFC, single spaces, no invisible or control characters."""
    return " ".join(_tidy(text).split())


def _tidy(text: str) -> str:
    """Return a text in NFC, without invisible and control characters."""
    if not text.isascii():
        text = charset.composed(text)
    return text if text.isprintable() else without_controls(INVISIBLE.sub("", text))


def count_words(text: str) -> int:
    """Count the words of a text; in scripts without spaces, two characters count as one word."""
    if cjk := len(UNSPACED_LETTER.findall(text)):
        return cjk // 2 + len(re.findall(r"\w+", UNSPACED_LETTER.sub(" ", text)))
    return len(re.findall(r"\w+", text))


def date_in_text(page: DeclaredMetadata) -> str | None:
    """Return the day (ISO 8601) that htmldate finds on a page that declares none, if it is one of `likely_days`.

    htmldate alone would also find the days of comments, captions, other stories and files.
    """
    days = likely_days(page, dates.printed_on(page))
    if not days:
        return None
    from htmldate import find_date

    try:
        found = find_date(
            page.tree, original_date=True, url=page.canonical or page.url, max_date=page.captured.strftime("%Y-%m-%d"),
            extensive_search=True,
        )  # fmt: skip
    except Exception:  # noqa: BLE001 a date is not worth an article
        return None
    return found if found in days else None


@cache
def _trafilatura(fast: bool) -> tuple[Any, Any]:
    """Return the module and our options. The import takes a second, and only a process that reads pages needs it."""
    import trafilatura
    from trafilatura.settings import Extractor

    for name in ("trafilatura", "htmldate", "justext", "readability"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # their complaints are outcomes that have names here
    return trafilatura, Extractor(output_format="python", fast=fast, comments=False, tables=True, with_metadata=False)


@cache
def extractor() -> str:
    """Return name and version of the extractor, e.g. "newsmorgue 0.1.0, reading 5 (trafilatura 2.3.1)"."""
    try:
        ours = version("newsmorgue")
    except PackageNotFoundError:  # run from a checkout that was never installed
        ours = "unreleased"
    return f"newsmorgue {ours}, reading {READING} (trafilatura {version('trafilatura')})"
