"""Everything that a page says about itself, gathered once; `metadata`, `titles` and `bylines` choose from it.

One pass over the metas, one over the JSON-LD, a few looks at the body. Nothing here judges.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from html import unescape
from typing import Any
from unicodedata import normalize
from urllib.parse import urljoin, urlsplit

from lxml.etree import XPath

from pipelines.extraction.page import issn, jsonld
from pipelines.extraction.page.marked_elements import MarkedElements, marks

LONGEST = 2000  # characters of a field; a longer one is a mistake of the page

SCRIPTS = XPath('.//script[contains(@type, "ld+json")]/text()')
METAS = XPath(".//meta[@content]")
HEADLINES = XPath(".//h1")
TITLE = XPath("string(.//head/title)")
CANONICAL = XPath('string(.//link[@rel="canonical" or @rel="Canonical"]/@href)')
BASE = XPath("string(.//head/base/@href)")
HAS_ISSN = XPath('contains(string(.), "ISSN")')  # four times as fast as the search below, and nearly always false
ISSNS = XPath('.//text()[contains(., "ISSN")]')

# What a site calls itself, where a headline ends.
SITE = ("og:site_name", "application-name", "apple-mobile-web-app-title", "dc.publisher", "publisher", "copyright")
# What tells which of several article nodes is the page's own.
HEADLINE = ("og:title", "twitter:title", "parsely-title", "sailthru.title", "dc.title", "headline", "title")

# Parts of a page that speak of other stories or are other people's words. Class tokens are whole words or begin one:
# "has-sidebar" is the article's own wrapper.
ELSEWHERE = re.compile(
    r"(?:^|\s)(?:comment|respond|replies|related|recommend|sidebar|footer|teaser|widget(?:[_-]\w+)?(?=\s|$)|most-?read"
    r"|most-?popular|trending|recent-?(?:posts|articles)|popular-?(?:posts|articles)|more-?(?:news|stories|articles|posts|from)"
    r"|read-?(?:more|next)|up-?next|newsletter|you-?may|cross-?link|outbrain|taboola)",
    re.IGNORECASE,
)


@dataclass
class DeclaredMetadata:
    """Everything a page says about itself, gathered once: what the orders of trust are applied to."""

    tree: Any
    url: str
    seen: datetime
    hint: Mapping[str, str]
    metas: dict[str, list[str]] = field(default_factory=dict)
    links: dict[str, list[str]] = field(default_factory=dict)
    nodes: list[jsonld.Node] = field(default_factory=list)
    article: jsonld.Node = field(default_factory=dict)
    headlines: list[str] = field(default_factory=list)
    page_title: str = ""
    canonical: str | None = None
    headings: Any = None  # what `headings` found, once somebody asked
    _elsewhere: dict[Any, bool] = field(default_factory=dict)

    def meta(self, names: Iterable[str]) -> Iterable[str]:
        """The contents of the metas with these names, in the order of the names."""
        return (content for name in names for content in self.metas.get(name, ()))

    @property
    def is_article(self) -> bool:
        """Does the page call itself an article?"""
        return bool(self.article) or "article" in self.metas.get("og:type", ())

    @cached_property
    def marks(self) -> MarkedElements:
        """The elements that are made or named for headlines, authors and dates."""
        return marks(self.tree)

    @cached_property
    def by_id(self) -> dict[str, jsonld.Node]:
        """The nodes of the JSON-LD that others can refer to."""
        return {node["@id"]: node for node in self.nodes if isinstance(node.get("@id"), str)}

    @cached_property
    def page_nodes(self) -> list[jsonld.Node]:
        """The nodes of the page around the article, a second node of the article, or of a work that is no article."""
        title = jsonld.same_words(jsonld.text(self.article.get("headline")))
        return [
            node
            for node in self.nodes
            if node is not self.article
            and (jsonld.is_page(node) or (title and title == jsonld.same_words(jsonld.text(node.get("headline")))))
        ]

    @cached_property
    def microdata(self) -> dict[str, list[str]]:
        """Dates and descriptions beside the text, by itemprop; those of comments and teasers left out."""
        found: dict[str, list[str]] = {}
        for element in self.marks.items:
            raw = element.get("datetime") or element.get("content") or words_of(element) or ""
            if raw.strip() and not self.elsewhere(element):
                for name in element.get("itemprop")[:200].split():
                    found.setdefault(name, []).append(raw[:LONGEST])
        return found

    @cached_property
    def printed_issn(self) -> list[str]:
        """Numbers of periodicals in the imprint above or below the page."""
        if not HAS_ISSN(self.tree):
            return []
        lines = (
            text for text in ISSNS(self.tree)[:20] if issn.alone(text) or (text.is_text and _in_frame(text.getparent()))
        )
        return [raw for text in lines for raw in issn.printed(text[:2000])]

    def root_attribute(self, name: str) -> str | None:
        """An attribute of <html>."""
        root = self.tree.getroottree().getroot()
        return root.get(name) or root.get(name.replace("xml:", "{http://www.w3.org/XML/1998/namespace}"))

    def elsewhere(self, element: Any) -> bool:
        """Does an element stand in a part of the page that is not about its article?"""
        path = []
        answer = False
        while element is not None and element.tag not in ("body", "html"):
            if (known := self._elsewhere.get(element)) is not None:
                answer = known
                break
            path.append(element)
            if (
                element.tag == "nav"
                or ELSEWHERE.search((element.get("class") or "")[:500])
                or ELSEWHERE.search((element.get("id") or "")[:100])
                or "Comment" in (element.get("itemtype") or "")[-40:]
            ):
                answer = True
                break
            element = element.getparent()
        for passed in path:
            self._elsewhere[passed] = answer
        return answer


# Around the text, not in it: an article may well name the number of another periodical.
FRAME = re.compile(
    r"(?:^|[\s_-])(?:foot|footer|header|masthead|imprint|impressum|copyright|colophon|site-?info|legal)", re.IGNORECASE
)


def _in_frame(element: Any) -> bool:
    """Does an element belong to the page's header or footer?"""
    while element is not None and element.tag not in ("article", "main", "body"):
        if element.tag in ("header", "footer") or FRAME.search(named(element)):
            return True
        element = element.getparent()
    return False


def named(element: Any) -> str:
    """The names of an element: its classes and its id."""
    return f"{element.get('class') or ''} {element.get('id') or ''}"[:500]


def gather(tree: Any, url: str, seen: datetime, hint: Mapping[str, str] | None = None) -> DeclaredMetadata:
    """Read what the page `tree` (an lxml element, left as it is) declares. `seen`: when it was captured."""
    page = DeclaredMetadata(tree, url, seen, hint or {})
    for meta in METAS(tree):
        name = meta.get("property") or meta.get("name") or meta.get("itemprop") or meta.get("http-equiv")
        if not name or ("date" in name and "itemprop" in meta.attrib):  # a comment may have one: see `microdata`
            continue
        if content := clean(meta.get("content")):
            page.metas.setdefault(name.strip().lower()[:100], []).append(content)
    page.links["canonical"] = [raw] if (raw := CANONICAL(tree)) else []
    page.headlines = [words for h1 in HEADLINES(tree)[:8] if (words := clean(h1.text_content()))]
    page.page_title = clean(TITLE(tree)) or ""
    page.canonical = canonical_url(page)
    page.nodes = jsonld.nodes(SCRIPTS(tree))
    addresses = {jsonld.same_address(url), jsonld.same_address(page.canonical)} - {"-", ""}
    titles = {jsonld.same_words(words) for words in [*page.headlines, *page.meta(HEADLINE)]} - {""}
    page.article = jsonld.article(page.nodes, addresses, titles)
    return page


def clean(value: str | None) -> str | None:
    """A field's text: entities resolved (publishers escape twice), one space for white space, NFC; None if empty."""
    if not value:
        return None
    value = value[: 10 * LONGEST]
    if "&" in value:
        value = unescape(unescape(value))
    if "<" in value:
        value = re.sub(r"</?[a-zA-Z][^<>]{0,200}>", " ", value)
    return tidied(value)


def words_of(element: Any, most: int = LONGEST) -> str | None:
    """The text of an element as `tidied`, None if it has none; not much more than `most` characters are looked at."""
    pieces: list[str] = []
    length = 0
    for piece in element.itertext():
        pieces.append(piece[:most])
        length += len(pieces[-1])
        if length > most or len(pieces) > most:
            break
    return tidied(" ".join(pieces))


def tidied(text: str) -> str | None:
    """Text as it stands in an element: as `clean`, but what looks like markup was meant to be read."""
    line = " ".join(text.split())[: 2 * LONGEST]
    if not line.isascii():
        line = normalize("NFC", line).translate(INVISIBLE).strip()
    return line[:LONGEST].strip() or None


INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200e\u200f\u2060\ufeff"))


def canonical_url(page: DeclaredMetadata) -> str | None:
    """rel=canonical, else og:url, made absolute."""
    raws = (*page.links["canonical"], *page.metas.get("og:url", ()))
    return next((url for raw in raws if (url := own(raw, page))), None)


def own(raw: str, page: DeclaredMetadata) -> str | None:
    """`raw` as the page's own address. The home page is none: it is a template's mistake."""
    address = absolute(raw, page)
    if address and (urlsplit(address).path.strip("/") or not urlsplit(page.url).path.strip("/")):
        return address
    return None


def absolute(raw: str | None, page: DeclaredMetadata) -> str | None:
    """`raw` as an absolute http(s) URL without fragment, or None."""
    if not raw or raw.startswith(("data:", "javascript:", "about:")):
        return None
    try:
        base = urljoin(page.url, BASE(page.tree))
        parts = urlsplit(urljoin(base, raw.strip()))
    except ValueError:
        return None
    return parts._replace(fragment="").geturl() if parts.scheme in ("http", "https") and parts.netloc else None
