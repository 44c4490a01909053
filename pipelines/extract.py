"""Page -> Article, or the reason why there is none. The only importer of trafilatura.

Pure: the same page gives the same article, today and when the archive is rebuilt. The page is decoded once and parsed
once; metadata, our rules and trafilatura read the same tree, in that order, because the last two cut it.

A page that is no article is not an error. Its reason is one of REASONS, for counting; `detail` is for people.
"""

from __future__ import annotations

import logging
import re
import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import urlsplit

from lxml import etree, html

from pipelines import boilerplate, bounds, charset, metadata, names
from pipelines.account import Account, Candidate, Fate
from pipelines.bylines import outlets
from pipelines.declared import HEADLINE, Declared, gather
from pipelines.items import Article, NothingToRead, Page, Reading, Rule
from pipelines.jsonld import same_words

EMPTY = "empty page"  # no bytes, or white space only
NOT_HTML = "not HTML"  # by its Content-Type, or by what the bytes are
TOO_LARGE = "too large"  # more than MAX_BYTES, MAX_ELEMENTS, or libxml2's limits
UNDECODABLE = "undecodable"  # no character encoding makes text of it
NO_TEXT = "no article text"  # nothing, or fewer words than FLOOR
INDEX = "index page"  # a front page, a section, a list of links
FAILED = "extractor failed"  # an exception: our bug or trafilatura's; `detail` says which
REASONS = (EMPTY, NOT_HTML, TOO_LARGE, UNDECODABLE, NO_TEXT, INDEX, FAILED)

MAX_BYTES = 20_000_000
MAX_ELEMENTS = 40_000  # as paragraphs they take trafilatura 3 s; real articles have a tenth of that
MANY_ELEMENTS = 6_000  # beyond, trafilatura goes without justext, which compares every block with all others
FLOOR = 25  # words below which text is no article ...
ARTICLE_FLOOR = 10  # ... unless the page declares itself to be one: flashes are short
HTML_TYPES = frozenset(("text/html", "application/xhtml+xml", "application/vnd.wap.xhtml+xml"))

BINARY = {
    b"%PDF-": "PDF", b"\x89PNG": "PNG", b"GIF8": "GIF", b"\xff\xd8\xff": "JPEG", b"PK\x03\x04": "a ZIP file",
    b"\x1f\x8b": "gzip", b"RIFF": "RIFF", b"OggS": "Ogg", b"ID3": "MP3", b"\x00asm": "WebAssembly", b"wOF": "a font",
    b"\x7fELF": "a program", b"MZ\x90": "a program",
}  # fmt: skip
MARKUP = re.compile(
    rb"<(?:!doctype\s+html|html|head|body|title|meta|article|main|div|p|h1|span|table)\b", re.IGNORECASE
)
OTHER_XML = re.compile(
    rb"\A\s*(?:<\?xml[^>]*>)?\s*(?:(?><!--.*?-->)\s*)*<(rss|feed|urlset|sitemapindex|svg|rdf:RDF)\b", re.DOTALL
)

# What XML 1.0 (section 2.2) has no place for; libxml2 would stop at the first one.
INVALID = bytes({*range(0x20)} - {0x09, 0x0A, 0x0D})
SELF_CLOSED_HTML = re.compile(
    r"((?>[^<]*(?:<!doctype[^>]*>|<!--.*?-->))*[^<]*<html\b[^>]*?)/>", re.IGNORECASE | re.DOTALL
)
STRAY = 0.02  # share of NUL bytes at the start up to which a page is text with a flaw
INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff"))
CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af\u0e00-\u0e7f]")


class Refused(Exception):
    """Internal: this page has nothing to read; (reason, detail)."""


def timed_read(page: Page) -> Reading:
    """`read`, with the CPU milliseconds that it took in this process."""
    start = time.process_time()
    outcome = read(page)
    return Reading(page, outcome, round((time.process_time() - start) * 1000, 3))


def read(page: Page) -> Article | NothingToRead:
    """The article on a page. Never raises on account of the page; MemoryError passes."""
    try:
        return _read(page)
    except Refused as refusal:
        return NothingToRead(*refusal.args)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 one strange page must not end a crawl; the name of the error is kept
        return NothingToRead(FAILED, f"{type(error).__name__}: {error}"[:500])


def _read(page: Page) -> Article:
    tree = parse(page)
    seen = page.capture.time if page.capture else datetime.now(UTC)
    declared = gather(tree, page.url, seen, page.hint)
    fields = metadata.read(declared, _date_in_text)
    links = set() if declared.is_article else _links(tree)
    _lighten(tree)
    boilerplate.prune(tree, _site_rules(page))
    lines = _lines(_body(tree))
    if is_index(declared, lines, links):
        raise Refused(INDEX, "mostly links, and no article declared")
    lines = _without_echo(lines, fields.title)
    if not fields.authors and (printed := names.in_lines(lines[:3], outlets(declared, fields.site_name))):
        fields = replace(fields, byline=printed[0], authors=printed[1])
    text = "\n".join(boilerplate.tidy(lines, fields.authors))
    if count_words(text) < (ARTICLE_FLOOR if declared.is_article else FLOOR):
        raise Refused(NO_TEXT, f"{count_words(text)} words")
    return Article(
        url=page.url,
        text=text,
        word_count=len(re.findall(r"\w+", text)),
        kind="article",
        origin=None,
        origin_url=None,
        dateline=None,
        access=None,
        access_evidence=None,
        rights=(),
        comments=None,
        extractor=extractor(),
        **{name: getattr(fields, name) for name in metadata.Metadata.__dataclass_fields__},
    )


def explain(page: Page) -> tuple[Article | NothingToRead, Account]:
    """`read`, and the account of it. A stand-in until the stages write their own: it looks at what came out."""
    outcome, account = read(page), Account()
    try:
        tree = parse(page)
    except Refused:
        return outcome, account
    declared = gather(tree, page.url, page.capture.time if page.capture else datetime.now(UTC), page.hint)
    for name, metas in {"title": HEADLINE, "description": metadata.DESCRIPTION, "section": metadata.SECTION}.items():
        value = getattr(outcome, name, None)
        claims = [(f"meta {meta}", raw) for meta in metas for raw in declared.metas.get(meta, ())]
        if name == "title":
            claims = [("h1", raw) for raw in declared.headlines] + claims + [("title", declared.page_title)]
        won = next((at for at, claim in enumerate(claims) if claim[1] == value), -1)
        account.fields[name] = [Candidate(where, raw, raw, at == won) for at, (where, raw) in enumerate(claims)]
    kept = set(outcome.text.split("\n")) if isinstance(outcome, Article) else set()
    for element in tree.iterfind(".//body//*"):
        if element.tag not in ("script", "style", "noscript", "template") and _lines(element.text or ""):
            inner = _lines(" ".join(element.text_content().split()))
            if element.tag in ("a", "b", "i", "em", "strong", "span") and inner[0] not in kept and len(inner[0]) > 40:
                continue
            here = kept & {*inner, f"- {inner[0]}"}
            rules = [hit for one in (element, *element.iterancestors()) if (hit := boilerplate._rule_of(one))]
            rule: Any = rules[0] if rules else next((rule for _, rule in boilerplate.named(inner)), None)
            name, why = (rule.name, rule.why) if rule else ("not the body", "trafilatura left it out")
            place = " > ".join(one.tag for one in reversed([element, *element.iterancestors()][:3]))
            account.blocks.append(Fate(inner[0], place, None if here else name, "" if here else why))
            kept -= here
    return outcome, account


def parse(page: Page) -> Any:
    """The page's tree. Raises Refused for what is no HTML, or more of it than can be read in reasonable time."""
    body = page.body
    if len(body) > MAX_BYTES:
        raise Refused(TOO_LARGE, f"{len(body):,} bytes")
    if not body.strip():
        raise Refused(EMPTY, "")
    refuse_other_media(body, page.content_type)
    elements = body.count(b"<") - body.count(b"</")  # an upper bound that costs nothing
    if elements > 5 * MAX_ELEMENTS:
        raise Refused(TOO_LARGE, f"up to {elements:,} elements")
    if attributes := bounds.too_many_attributes(body):
        raise Refused(TOO_LARGE, f"{attributes:,} attributes in one tag")
    text = charset.decode(body, page.content_type)
    if text is None:
        raise Refused(UNDECODABLE, page.content_type or "")
    tree, limit = _parse(text)
    if limit:
        raise Refused(TOO_LARGE, limit)
    if tree is None or tree.find(".//body") is None:
        raise Refused(EMPTY, "no body")
    if elements > MAX_ELEMENTS and (elements := sum(1 for _ in tree.iter())) > MAX_ELEMENTS:
        raise Refused(TOO_LARGE, f"{elements:,} elements")
    bounds.shorten(tree, len(body))
    return tree


def _parse(text: str) -> tuple[Any, str]:
    """(tree, what limit of libxml2 was reached)."""
    parser = html.HTMLParser(
        encoding="utf-8",
        collect_ids=False,
        default_doctype=False,
        remove_comments=True,
        remove_pis=True,
        # Nesting up to 2048 instead of 255, beyond which libxml2 drops the rest of the page; MAX_BYTES bounds the rest.
        huge_tree=True,
    )
    # One Python class for every element, chosen in C: lxml.html's own lookup is Python code that runs for each.
    parser.set_element_class_lookup(_lookup())
    if found := SELF_CLOSED_HTML.match(text, 0, 4096):
        # libxml2 knows no self-closing <html/>: everything would come to lie outside of it.
        text = f"{found[1]}>{text[found.end() :]}"
    data = text.encode("utf-8", "ignore").translate(None, INVALID)
    try:
        tree = html.document_fromstring(data, parser=parser)
    except etree.ParserError:  # "Document is empty"
        return None, ""
    last = parser.error_log.last_error
    return tree, last.message if last is not None and "RESOURCE_LIMIT" in last.type_name else ""


@cache
def _lookup() -> Any:
    return etree.ElementDefaultClassLookup(
        element=html.HtmlElement, comment=html.HtmlComment, pi=html.HtmlProcessingInstruction, entity=html.HtmlEntity
    )


def refuse_other_media(body: bytes, content_type: str | None) -> None:
    """Raise Refused for what is not HTML: by what it is called, and by what it is."""
    start = body[:2048].lstrip(b"\xef\xbb\xbf \t\r\n")
    for magic, name in BINARY.items():
        if start.startswith(magic):
            raise Refused(NOT_HTML, f"{name}, served as {content_type or 'no type'}")
    if found := OTHER_XML.match(start):
        raise Refused(NOT_HTML, f"an XML document <{found[1].decode()}>")
    wide = body[:2] in (b"\xff\xfe", b"\xfe\xff") or 0.3 < start.count(0) / (len(start) or 1) < 0.6
    if start[:1024].count(0) > STRAY * len(start[:1024]) and not wide:
        raise Refused(NOT_HTML, "binary data (NUL bytes)")
    mime = (content_type or "").partition(";")[0].strip().lower()
    if mime in HTML_TYPES:
        if start[:1] in (b"{", b"[") and not MARKUP.search(body[:20_000]):
            raise Refused(NOT_HTML, "JSON")
    elif not wide and not MARKUP.search(start):
        raise Refused(NOT_HTML, mime or "no markup")
    elif mime.startswith(("image/", "audio/", "video/", "font/")) or mime in ("application/json", "application/pdf"):
        raise Refused(NOT_HTML, mime)


def is_index(page: Declared, lines: list[str], links: set[str]) -> bool:
    """Are `lines`, what was found on a page, a list of links? `links`: the page's link texts.

    Conservative: an article lost is worse than a section page kept.
    """
    if page.is_article:
        return False
    address = urlsplit(page.url)
    if address.netloc and not address.path.strip("/") and not address.query:
        return True
    linked = sum(len(line) for line in lines if line.lstrip("-| ").rstrip("| ") in links)
    return len(links) > 20 and linked > 0.5 * sum(map(len, lines))


def _links(tree: Any) -> set[str]:
    """Texts of links as long as a headline, as `_lines` would give them."""
    return {
        line
        for a in tree.iterfind(".//body//a")
        for line in _lines(" ".join(a.text_content().split()))
        if len(line) > 20
    }


def _site_rules(page: Page) -> tuple[str, ...]:
    """XPaths of the source's own rule that held on the day of the capture."""
    if page.source is None:
        return ()
    day = (page.capture.time if page.capture else datetime.now(UTC)).date().isoformat()
    rule = next((rule for rule in page.source.rules if rule.until is None or day < rule.until), Rule())
    return rule.prune


def _lighten(tree: Any) -> None:
    """Take out what no stage of trafilatura reads, before it copies the tree five times. JSON-LD it does read."""
    for script in SCRIPTS(tree):
        script.drop_tree()
    etree.strip_elements(tree, "style", "svg", "template", "link", "meta", with_tail=False)


SCRIPTS = etree.XPath('.//script[not(@type="application/ld+json")]')


def _body(tree: Any) -> str:
    """trafilatura's text of the tree, which it leaves as it is; "" if it finds none."""
    trafilatura, options = _trafilatura(fast=ELEMENTS(tree) > MANY_ELEMENTS)
    document = trafilatura.bare_extraction(tree, options=options)
    return (document.text or "") if document is not None else ""


ELEMENTS = etree.XPath("count(.//*)")


def _lines(text: str) -> list[str]:
    """Paragraphs, one a line: NFC, one space for any run of white space, no characters that print nothing."""
    text = charset.composed(text).translate(INVISIBLE)
    return [line for raw in text.splitlines() if (line := " ".join(raw.split()))]


def _without_echo(lines: list[str], title: str | None) -> list[str]:
    """`lines` without a first line that is the headline once more. The standfirst stays: readers count it as text."""
    return lines[1:] if title and len(lines) > 1 and same_words(lines[0]) == same_words(title) else lines


def count_words(text: str) -> int:
    """Words of a text; in scripts without spaces, two characters count as one."""
    if cjk := len(CJK.findall(text)):
        return cjk // 2 + len(re.findall(r"\w+", CJK.sub(" ", text)))
    return len(re.findall(r"\w+", text))


def _date_in_text(page: Declared) -> str | None:
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
def _trafilatura(fast: bool = False) -> tuple[Any, Any]:
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


def warm_up() -> None:
    """Import and compile everything that the first page would otherwise pay for."""
    story = "<p>" + "The council met on Monday and agreed to repair the old bridge before winter. " * 9 + "</p>"
    body = f"<html><head><title>Bridge</title></head><body><h1>Bridge</h1><article>{story}</article></body></html>"
    read(Page("https://example.org/2024/05/01/bridge", body.encode(), "text/html"))
    read(
        Page(
            "https://example.org/short", b"<html><body><div>Short page without a date.</div></body></html>", "text/html"
        )
    )
