"""Page -> Article, or the reason why there is none. The only importer of trafilatura.

Pure: the same page gives the same article, today and when the archive is rebuilt. The page is decoded once and parsed
once; metadata, our rules and trafilatura read the same tree, in that order, because the last two cut it.

A page that is no article is not an error. Its reason is one of REASONS, for counting; `detail` is for people.
"""

from __future__ import annotations

import gc
import logging
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import urlsplit

from lxml import etree

from pipelines.core.items import Article, NothingToRead, Page, Reading, Rule
from pipelines.extraction import page_labels, site_rules
from pipelines.extraction.body import blocks as layout
from pipelines.extraction.body import classifier
from pipelines.extraction.body.blocks import TextBlock
from pipelines.extraction.body.classifier import BlockDecision
from pipelines.extraction.body.features import Evidence, PageContext
from pipelines.extraction.boilerplate import comments, remove
from pipelines.extraction.fields import metadata
from pipelines.extraction.fields.authors import outlets
from pipelines.extraction.page import charset
from pipelines.extraction.page.declared import DeclaredMetadata, gather
from pipelines.extraction.page.jsonld import text as text_of
from pipelines.extraction.page.parse import EMPTY, NOT_HTML, TOO_LARGE, UNDECODABLE, PageRefused, parse
from pipelines.extraction.page.trace import BlockTrace, Trace

NO_TEXT = "no article text"  # nothing, or fewer words than FLOOR
INDEX = "index page"  # a front page, a section, a list of links
FAILED = "extractor failed"  # an exception: our bug or trafilatura's; `detail` says which
REASONS = (EMPTY, NOT_HTML, TOO_LARGE, UNDECODABLE, NO_TEXT, INDEX, FAILED)

FLOOR = 25  # words below which text is no article ...
ARTICLE_FLOOR = 10  # ... unless the page declares itself to be one: flashes are short
BEFORE, BEHIND = 3, 12  # blocks around the text in which credits and datelines are looked for
INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")
CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af\u0e00-\u0e7f]")


def timed_read(page: Page) -> Reading:
    """`read`, with the CPU milliseconds that it took in this process."""
    start = time.process_time()
    outcome = read(page)
    return Reading(page, outcome, round((time.process_time() - start) * 1000, 3))


def read(page: Page) -> Article | NothingToRead:
    """The article on a page. Never raises on account of the page; MemoryError passes."""
    return _outcome(page, None)


def explain(page: Page) -> tuple[Article | NothingToRead, Trace]:
    """`read`, and how it came about: each field's candidates, each block's fate. Costs a few times as much."""
    account = Trace()
    return _outcome(page, account), account


def _outcome(page: Page, account: Trace | None) -> Article | NothingToRead:
    try:
        with collector_paused():
            return _read(page, account)
    except PageRefused as refusal:
        return NothingToRead(*refusal.args)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 one strange page must not end a crawl; the name of the error is kept
        return NothingToRead(FAILED, f"{type(error).__name__}: {error}"[:500])


@contextmanager
def collector_paused() -> Iterator[None]:
    """No garbage collection while one page is read: thousands of its blocks would be looked at again and again.

    A page is bounded, what it leaves is freed by counting, and a cycle waits for the next collection.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _read(page: Page, account: Trace | None) -> Article:
    tree = parse(page)
    seen = page.capture.time if page.capture else datetime.now(UTC)
    declared = gather(tree, page.url, seen, page.hint)
    rule = site_rules.chosen(page.source, seen.date().isoformat()) or Rule()
    fields = metadata.read(declared, date_in_text)
    if account is not None:
        account.fields = metadata.candidates(declared, date_in_text)
    if rule.fields:
        fields = _by_rule(fields, declared, rule, account)
    early = page_labels.early(declared)
    written = comments.readers(tree) if page.comments else None
    places = list(tree.iter()) if account is not None else []  # before anything is cut: the order of the page

    lighten(tree)
    gone = [*site_rules.prune(tree, rule)]
    named = site_rules.body(tree, rule)
    rest = site_rules.only(tree, named)
    if account is not None and rest is not None:
        gone += _outside(rest)
    gone += remove.prune(tree)
    verdicts = _verdicts(tree, declared, fields, all_is_text=bool(named), explain=account is not None)
    kept = [verdict for verdict in verdicts if verdict.rule is None]
    if account is not None:
        account.blocks = _fates(places, gone, verdicts)
    if not named and is_index(declared, [verdict.block for verdict in verdicts], [verdict.block for verdict in kept]):
        raise PageRefused(INDEX, "mostly links, and no article declared")

    lines = classifier.as_lines([verdict.block for verdict in kept], _line)
    pairs = zip(lines, kept, strict=True)
    running = [line for line, verdict in pairs if verdict.block.place.tag not in layout.HEADINGS]
    fields = metadata.with_byline_of_text(fields, declared, running)
    plain = {index for index, one in enumerate(kept) if not one.block.linked and not one.block.strong}
    furniture = remove.furniture(lines, fields.authors, plain=plain)
    for index, line in furniture.items():
        kept[index].rule, kept[index].why = line.name, line.why
    paragraphs = [line for index, line in enumerate(lines) if index not in furniture and line]
    found = page_labels.read(declared, early, _around(verdicts), paragraphs, fields.byline)
    if account is not None:
        account.blocks = _fates(places, gone, verdicts)
        account.fields |= found.claims
    text = "\n".join(paragraphs)
    words = count_words(text)
    if words < (ARTICLE_FLOOR if declared.is_article else FLOOR):
        raise PageRefused(NO_TEXT, f"{words} words")
    return Article(
        url=page.url,
        text=text,
        word_count=words,
        kind=found.kind,
        origin=found.origin,
        origin_url=found.origin_url,
        dateline=found.dateline,
        access=found.access,
        access_evidence=found.access_evidence,
        rights=found.rights,
        comments=written,
        extractor=extractor(),
        found_in=fields.found_in | found.found_in,
        **{name: getattr(fields, name) for name in metadata.PageMetadata.__dataclass_fields__ if name != "found_in"},
    )


def _by_rule(
    fields: metadata.PageMetadata, page: DeclaredMetadata, rule: Rule, account: Trace | None
) -> metadata.PageMetadata:
    """`fields`, with those that the source's own rule finds."""
    values, claims = site_rules.overrides(page.tree, rule, page.seen, page.url, outlets(page, metadata.site(page)))
    found = dict.fromkeys((name for name in values if name in site_rules.FIELDS), site_rules.SOURCE)
    if account is not None:
        for name, theirs in claims.items():
            others = account.fields.get(name, [])
            beaten = [replace(other, chosen=False) for other in others] if name in found else others
            account.fields[name] = [*theirs, *beaten]
    return replace(fields, **values, found_in=fields.found_in | found)


def _verdicts(
    tree: Any, declared: DeclaredMetadata, fields: metadata.PageMetadata, *, all_is_text: bool, explain: bool
) -> list[BlockDecision]:
    """What becomes of each block of the page."""
    if all_is_text:
        return classifier.named(layout.blocks(tree.find(".//body")), fields.title or "")
    return classifier.judge(look(tree, declared, fields), explain=explain)


def _outside(rest: Any) -> list[tuple[Any, BlockTrace]]:
    """The blocks of a page's body from which a source's own rule took the text."""
    return [
        (block.place.element, BlockTrace(block.text, classifier.where(block), OUTSIDE, WHY_OUTSIDE))
        for block in layout.blocks(rest)
    ]


def look(tree: Any, declared: DeclaredMetadata, fields: metadata.PageMetadata) -> PageContext:
    """The blocks of a page and what they are weighed with. Menus are cut out of the tree, for trafilatura's sake."""
    blocks = layout.blocks(tree.find(".//body"))
    for menu in layout.menus(blocks):
        menu.drop_tree()
    known = Evidence(
        declared=text_of(declared.article.get("articleBody")) or "",
        titles=tuple(title for title in (fields.title, *declared.headlines) if title),
        summaries=tuple(text for text in (fields.description, *declared.meta(SUMMARIES)) if text),
        names=tuple(name for name in (*fields.authors, *fields.tags, fields.section, fields.site_name) if name),
        is_article=declared.is_article,
    )
    seen = PageContext(blocks, replace(known, read=_trafilatura_reads(tree, fast=True)))
    if seen.linked_share_of_read > DOUBTFUL and len(blocks) < MANY_BLOCKS:
        seen = PageContext(blocks, replace(known, read=_trafilatura_reads(tree, fast=False)))
    return seen


OUTSIDE, WHY_OUTSIDE = "outside the body", "it stands in nothing that the source's own rule names as the text"
DOUBTFUL = 0.3  # share of link text in what trafilatura's fast mode reads beyond which its whole cascade is asked
MANY_BLOCKS = 2_000  # of a page; beyond, its cascade is not asked: justext compares every block with all others
SUMMARIES = ("og:description", "description", "twitter:description")


def is_index(page: DeclaredMetadata, blocks: Sequence[TextBlock], kept: Sequence[TextBlock]) -> bool:
    """Is what was found on a page a list of links? `blocks`: all of the page; `kept`: what was taken for text.

    Conservative: an article lost is worse than a section page kept.
    """
    if page.is_article:
        return False
    address = urlsplit(page.url)
    if address.netloc and not address.path.strip("/") and not address.query:
        return True
    headlines = sum(1 for block in blocks if len(block.text) > 20 and block.linked > 0.9 * len(block.text))
    linked = sum(block.linked for block in kept)
    return headlines > 20 and linked >= 0.5 * sum(len(block.text) for block in kept)


def _around(verdicts: Sequence[BlockDecision]) -> list[str]:
    """The text as it was found, with what was dropped within and close to it: what it says of where it comes from."""
    kept = [index for index, verdict in enumerate(verdicts) if verdict.rule is None]
    if not kept:
        return []
    near = verdicts[max(0, kept[0] - BEFORE) : kept[-1] + BEHIND]
    return [line for verdict in near if verdict.rule != classifier.MENU and (line := _line(verdict.block.text))]


def _fates(
    places: list[Any], gone: list[tuple[Any, BlockTrace]], verdicts: Sequence[BlockDecision]
) -> list[BlockTrace]:
    """What became of every block, in page order. `places`: the elements of the whole page, in theirs."""
    order = {element: number for number, element in enumerate(places)}
    told = [(order.get(element, 0), fate) for element, fate in gone]
    at = 0
    for verdict in verdicts:
        at = max(at, order.get(verdict.block.place.element, 0))  # words may stand behind what is in the same element
        told.append((at, BlockTrace(verdict.block.text, classifier.where(verdict.block), verdict.rule, verdict.why)))
    return [fate for _, fate in sorted(told, key=lambda pair: pair[0])]


def lighten(tree: Any) -> None:
    """Take out what no stage of trafilatura reads, before it copies the tree. JSON-LD it does read."""
    for script in SCRIPTS(tree):
        script.drop_tree()
    etree.strip_elements(tree, "style", "svg", "template", "link", "meta", with_tail=False)


SCRIPTS = etree.XPath('.//script[not(@type="application/ld+json")]')


def _trafilatura_reads(tree: Any, fast: bool) -> str:
    """trafilatura's text of the tree, which it leaves as it is; "" if it finds none. `fast`: no second opinions."""
    trafilatura, options = _trafilatura(fast)
    try:
        document = trafilatura.bare_extraction(tree, options=options)
    except RecursionError:  # hundreds of lists in lists: the other features must do
        return ""
    return (document.text or "") if document is not None else ""


def _line(text: str) -> str:
    """A block's text as a line: NFC, one space for any run of white space, no characters that print nothing."""
    return " ".join(INVISIBLE.sub("", charset.composed(text)).split())


def count_words(text: str) -> int:
    """Words of a text; in scripts without spaces, two characters count as one."""
    if cjk := len(CJK.findall(text)):
        return cjk // 2 + len(re.findall(r"\w+", CJK.sub(" ", text)))
    return len(re.findall(r"\w+", text))


def date_in_text(page: DeclaredMetadata) -> str | None:
    """The day that htmldate finds in the URL or the text of a page that declares none."""
    from htmldate import find_date

    try:
        return find_date(
            page.tree, original_date=True, url=page.canonical or page.url, max_date=page.seen.strftime("%Y-%m-%d"),
            extensive_search=True,
        )  # fmt: skip
    except Exception:  # noqa: BLE001 a date is not worth an article
        return None


@cache
def _trafilatura(fast: bool) -> tuple[Any, Any]:
    """The module and our options. Imported here: it takes a second, and only a process that reads pages needs it."""
    import trafilatura
    from trafilatura.settings import Extractor

    for name in ("trafilatura", "htmldate", "justext", "readability"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what they complain of is an outcome with a name here
    return trafilatura, Extractor(output_format="python", fast=fast, comments=False, tables=True, with_metadata=False)


@cache
def extractor() -> str:
    """Name and version of what reads, e.g. "newsmorgue 0.1.0 (trafilatura 2.3.1)"."""
    try:
        ours = version("newsmorgue")
    except PackageNotFoundError:  # run from a checkout that was never installed
        ours = "unreleased"
    return f"newsmorgue {ours} (trafilatura {version('trafilatura')})"
