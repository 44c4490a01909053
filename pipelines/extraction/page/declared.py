"""Gather everything that a page declares about itself, once; `metadata`, `titles` and `authors` choose from it.

One pass over the metas, one over the JSON-LD, a few looks at the body. Nothing is decided here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from html import unescape
from itertools import islice
from typing import Any
from unicodedata import normalize
from urllib.parse import urlsplit

from lxml.etree import XPath

from pipelines.core.languages.codes import declared_language
from pipelines.core.languages.text_language import language_of
from pipelines.core.links import resolve
from pipelines.core.urls import fetchable
from pipelines.extraction.page import issn, jsonld
from pipelines.extraction.page.characters import without_controls
from pipelines.extraction.page.marked_elements import MarkedElements, marked_elements

MAX_PARAGRAPHS = 40  # of which the language is looked for
MAX_FIELD_CHARS = 2000  # a longer field is a mistake of the page

DECLARING_TAGS = ("meta", "link", "script", "title", "base", "h1")
HAS_ISSN = XPath('contains(string(.), "ISSN")')  # nearly always false, and four times as fast as the search below
ISSNS = XPath('.//text()[contains(., "ISSN")]')

# Metas with the name of the site, which is cut off at the end of a headline.
SITE_METAS = (
    "og:site_name",
    "application-name",
    "apple-mobile-web-app-title",
    "dc.publisher",
    "publisher",
    "copyright",
)
# Metas with the headline, by which the page's own article is found among several article nodes.
HEADLINE_METAS = ("og:title", "twitter:title", "parsely-title", "sailthru.title", "dc.title", "headline", "title")

# Parts of a page with other stories or readers' words. A name must be at the beginning of a class token: "has-sidebar"
# is the wrapper of the article itself.
OTHER_STORIES = re.compile(
    r"(?:^|\s)(?:comment|respond|replies|related|recommend|sidebar|footer|teaser|widget(?:[_-]\w+)?(?=\s|$)|most-?read"
    r"|most-?popular|trending|recent-?(?:posts|articles)|popular-?(?:posts|articles)|more-?(?:news|stories|articles|posts|from)"
    r"|read-?(?:more|next)|up-?next|newsletter|you-?may|cross-?link|outbrain|taboola)",
    re.IGNORECASE,
)


@dataclass
class DeclaredMetadata:
    """Hold everything that a page declares about itself. The orders of precedence are applied to it."""

    tree: Any
    url: str
    captured: datetime
    hint: Mapping[str, str]
    metas: dict[str, list[str]] = field(default_factory=dict)
    links: dict[str, list[str]] = field(default_factory=dict)
    nodes: list[jsonld.Node] = field(default_factory=list)
    article: jsonld.Node = field(default_factory=dict)
    headlines: list[str] = field(default_factory=list)
    page_title: str = ""
    canonical: str | None = None
    site: Any = None  # its names, once `metadata.site` was asked for them
    headings: Any = None  # of the page, once `titles.page_headings` was asked for them
    judged_headings: dict[Any, Any] = field(default_factory=dict)  # by the names of the site, once `titles` judged them
    lines_after_headline: Any = None  # short lines, once `printed_bylines` was asked for them
    printed_dates: Any = None  # of the page, once `dates.printed_on` was asked for them
    _elsewhere: dict[Any, bool] = field(default_factory=dict)

    def meta(self, names: Iterable[str]) -> Iterable[str]:
        """Return the contents of the metas with these names, in the order of the names."""
        return (content for name in names for content in self.metas.get(name, ()))

    @property
    def is_article(self) -> bool:
        """Return whether the page declares itself an article."""
        return bool(self.article) or "article" in self.metas.get("og:type", ())

    @cached_property
    def parts(self) -> dict[str, list[Any]]:
        """Return the elements of each of DECLARING_TAGS, in page order, as they were when they were first asked for."""
        found: dict[str, list[Any]] = {tag: [] for tag in DECLARING_TAGS}
        for element in self.tree.iter(*DECLARING_TAGS):
            found[element.tag].append(element)
        return found

    def in_head(self, tag: str) -> Iterator[Any]:
        """Return the elements of one of DECLARING_TAGS that are directly in <head>."""
        return (element for element in self.parts[tag] if (up := element.getparent()) is not None and up.tag == "head")

    @cached_property
    def marks(self) -> MarkedElements:
        """Return the elements that are made or named for headlines, authors and dates."""
        return marked_elements(self.tree)

    @cached_property
    def base(self) -> str:
        """Return the URL that the addresses on the page are relative to."""
        raw = next((raw for base in self.in_head("base") if (raw := base.get("href")) is not None), "")
        return resolve(raw, self.url) or self.url

    @cached_property
    def by_id(self) -> dict[str, jsonld.Node]:
        """Return the nodes of the JSON-LD that have an @id, by which others refer to them."""
        return jsonld.named(self.nodes)

    @cached_property
    def page_nodes(self) -> list[jsonld.Node]:
        """Return the nodes of the page, of a work that is no article, and further nodes of the article itself."""
        title = jsonld.same_words(jsonld.text(self.article.get("headline")))
        return [
            node
            for node in self.nodes
            if node is not self.article
            and (jsonld.is_page(node) or (title and title == jsonld.same_words(jsonld.text(node.get("headline")))))
        ]

    @cached_property
    def microdata(self) -> dict[str, list[str]]:
        """Return dates and descriptions of the microdata by itemprop, without those of comments and teasers."""
        found: dict[str, list[str]] = {}
        for element in self.marks.items:
            raw = element.get("datetime") or element.get("content") or element_text(element) or ""
            if raw.strip() and not self.elsewhere(element):
                for name in element.get("itemprop")[:200].split():
                    found.setdefault(name, []).append(raw[:MAX_FIELD_CHARS])
        return found

    @cached_property
    def printed_issn(self) -> list[str]:
        """Return the ISSNs in the imprint, above or below the article."""
        if not HAS_ISSN(self.tree):
            return []
        lines = (
            text
            for text in ISSNS(self.tree)[:20]
            if issn.is_imprint(text) or (text.is_text and _in_frame(text.getparent()))
        )
        return [raw for text in lines for raw in issn.labelled_numbers(text[:2000])]

    def root_attribute(self, name: str) -> str | None:
        """Return an attribute of <html>."""
        root = self.tree.getroottree().getroot()
        return root.get(name) or root.get(name.replace("xml:", "{http://www.w3.org/XML/1998/namespace}"))

    @cached_property
    def locale(self) -> str | None:
        """Return the locale of the page from <html lang>, else from og:locale."""
        return self.root_attribute("lang") or next(iter(self.metas.get("og:locale", ())), None)

    @cached_property
    def text_language(self) -> str | None:
        """Return the language of the paragraphs of the page, if they have enough words to tell."""
        text = " ".join(element.text_content()[:1000] for element in islice(self.tree.iter("p"), MAX_PARAGRAPHS))
        return language_of(text, declared_language(self.locale or ""))

    def elsewhere(self, element: Any) -> bool:
        """Return whether an element is in a part of the page that is not about its article."""
        path = []
        answer = False
        while element is not None and element.tag not in ("body", "html"):
            if (known := self._elsewhere.get(element)) is not None:
                answer = known
                break
            path.append(element)
            if (
                element.tag == "nav"
                or OTHER_STORIES.search((element.get("class") or "")[:500])
                or OTHER_STORIES.search((element.get("id") or "")[:100])
                or "Comment" in (element.get("itemtype") or "")[-40:]
            ):
                answer = True
                break
            element = element.getparent()
        for passed in path:
            self._elsewhere[passed] = answer
        return answer


# An ISSN counts around the text only: an article may well name the ISSN of another periodical.
PAGE_FRAME = re.compile(
    r"(?:^|[\s_-])(?:foot|footer|header|masthead|imprint|impressum|copyright|colophon|site-?info|legal)", re.IGNORECASE
)


def _in_frame(element: Any) -> bool:
    """Return whether an element belongs to the header or footer of the page."""
    while element is not None and element.tag not in ("article", "main", "body"):
        if element.tag in ("header", "footer") or PAGE_FRAME.search(class_and_id(element)):
            return True
        element = element.getparent()
    return False


def class_and_id(element: Any) -> str:
    """Return the classes and the id of an element as one string."""
    return f"{element.get('class') or ''} {element.get('id') or ''}"[:500]


def gather(tree: Any, url: str, captured: datetime, hint: Mapping[str, str] | None = None) -> DeclaredMetadata:
    """Return what the page `tree` (an lxml element, not changed) declares.

    `captured`: when the page was captured. `hint`: what a feed or news sitemap says about it.
    """
    page = DeclaredMetadata(tree, url, captured, hint or {})
    for meta in page.parts["meta"]:
        if (raw := meta.get("content")) is None:
            continue
        name = meta.get("property") or meta.get("name") or meta.get("itemprop") or meta.get("http-equiv")
        if not name or ("date" in name and "itemprop" in meta.attrib):  # may be of a comment: see `microdata`
            continue
        if content := clean(raw):
            page.metas.setdefault(name.strip().lower()[:100], []).append(content)
    for raw in page.metas.get("parsely-page", ()):  # one meta with JSON inside
        for node in jsonld.parse(raw):
            for key, name in (
                ("author", "parsely-author"),
                ("authors", "parsely-author"),
                ("pub_date", "parsely-pub-date"),
            ):
                if isinstance(node, dict) and (values := jsonld.texts(node.get(key))):
                    page.metas.setdefault(name, []).extend(values)
    canonical = (link.get("href") for link in page.parts["link"] if link.get("rel") in ("canonical", "Canonical"))
    page.links["canonical"] = [raw] if (raw := next((raw for raw in canonical if raw is not None), "")) else []
    page.headlines = [words for h1 in page.parts["h1"][:8] if (words := clean(h1.text_content()))]
    page.page_title = next((clean(title.text_content()) or "" for title in page.in_head("title")), "")
    page.canonical = canonical_url(page)
    page.nodes = jsonld.nodes(script.text or "" for script in page.parts["script"] if _is_json_ld(script))
    addresses = {jsonld.same_address(url), jsonld.same_address(page.canonical)} - {"-", ""}
    titles = {jsonld.same_words(words) for words in [*page.headlines, *page.meta(HEADLINE_METAS)]} - {""}
    page.article = jsonld.article(page.nodes, addresses, titles)
    return page


def _is_json_ld(script: Any) -> bool:
    kind = script.get("type") or ""
    return "ld+json" in kind or "+JSON" in kind or "json+ld" in kind


def clean(value: str | None) -> str | None:
    """Return the text of a field: entities resolved (publishers escape twice), single spaces, NFC; None if empty."""
    if not value:
        return None
    value = value[: 10 * MAX_FIELD_CHARS]
    if "&" in value:
        value = unescape(unescape(value))
    if "<" in value:
        value = re.sub(r"</?[a-zA-Z][^<>]{0,200}>", " ", value)
    return normalized(value)


def element_text(element: Any, max_chars: int = MAX_FIELD_CHARS) -> str | None:
    """Return the `normalized` text of an element, None if it has none. Little more than `max_chars` is read."""
    if len(element) == 0 and isinstance(element.tag, str):  # no iterator, which costs more than most texts
        return normalized(element.text[:max_chars]) if element.text else None
    pieces: list[str] = []
    length = 0
    for piece in element.itertext():
        pieces.append(piece[:max_chars])
        length += len(pieces[-1])
        if length > max_chars or len(pieces) > max_chars:
            break
    return normalized(" ".join(pieces))


def normalized(text: str) -> str | None:
    """Return the text of an element as `clean` does, but keep what looks like markup, which is meant to be read."""
    line = without_controls(" ".join(text.split())[: 2 * MAX_FIELD_CHARS])
    if not line.isascii():
        line = normalize("NFC", line).translate(INVISIBLE).strip()
    return line[:MAX_FIELD_CHARS].strip() or None


INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200e\u200f\u2060\ufeff"))


def canonical_url(page: DeclaredMetadata) -> str | None:
    """Return rel=canonical, else og:url, as an absolute URL."""
    raws = (*page.links["canonical"], *page.metas.get("og:url", ()))
    return next((url for raw in raws if (url := own_address(raw, page))), None)


def own_address(raw: str, page: DeclaredMetadata) -> str | None:
    """Return `raw` as the page's own address. The home page is not one: there it is a mistake of a template."""
    address = absolute(raw, page)
    if address and (urlsplit(address).path.strip("/") or not urlsplit(page.url).path.strip("/")):
        return address
    return None


def absolute(raw: str | None, page: DeclaredMetadata) -> str | None:
    """Return `raw` as an absolute http(s) URL without fragment, or None."""
    address = resolve(raw, page.base) if raw else None
    return address.partition("#")[0] if address and fetchable(address) else None
