"""Everything that a page says about itself, gathered once; `metadata`, `titles` and `bylines` choose from it.

One pass over the metas, one over the JSON-LD, a few looks at the body. Nothing here judges.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from html import unescape
from typing import Any
from unicodedata import normalize
from urllib.parse import urljoin, urlsplit

from lxml.etree import XPath

from pipelines import jsonld

LONGEST = 2000  # characters of a field; a longer one is a mistake of the page

SCRIPTS = XPath('.//script[contains(@type, "ld+json")]/text()')
METAS = XPath(".//meta[@content]")
HEADLINES = XPath(".//h1")
TITLE = XPath("string(.//head/title)")
CANONICAL = XPath('string(.//link[@rel="canonical" or @rel="Canonical"]/@href)')
BASE = XPath("string(.//head/base/@href)")

# Names of metas, in the order of trust.
HEADLINE = (
    "og:title",
    "twitter:title",
    "parsely-title",
    "sailthru.title",
    "dc.title",
    "dcterms.title",
    "headline",
    "title",
)
SITE = ("og:site_name", "application-name", "apple-mobile-web-app-title", "dc.publisher", "publisher", "copyright")


@dataclass(slots=True)
class Declared:
    """Everything a page says about itself, gathered once: what the functions below choose from."""

    tree: Any
    url: str
    seen: datetime
    hint: Mapping[str, str]
    metas: dict[str, list[str]] = field(default_factory=dict)
    nodes: list[jsonld.Node] = field(default_factory=list)
    article: jsonld.Node = field(default_factory=dict)
    headlines: list[str] = field(default_factory=list)
    page_title: str = ""
    canonical: str | None = None

    def meta(self, names: Iterable[str]) -> Iterable[str]:
        """The contents of the metas with these names, in the order of the names."""
        return (content for name in names for content in self.metas.get(name, ()))

    @property
    def is_article(self) -> bool:
        """Does the page call itself an article?"""
        return bool(self.article) or "article" in self.metas.get("og:type", ())


def gather(tree: Any, url: str, seen: datetime, hint: Mapping[str, str] | None = None) -> Declared:
    """Read what the page `tree` (an lxml element, left as it is) declares. `seen`: when it was captured."""
    page = Declared(tree, url, seen, hint or {})
    for meta in METAS(tree):
        name = meta.get("property") or meta.get("name") or meta.get("itemprop") or meta.get("http-equiv")
        content = clean(meta.get("content"))
        if name and content:
            page.metas.setdefault(name.strip().lower(), []).append(content)
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
    if "&" in value:
        value = unescape(unescape(value))
    if "<" in value:
        value = re.sub(r"</?[a-zA-Z][^<>]{0,200}>", " ", value)
    return normalize("NFC", " ".join(value.split()))[:LONGEST].translate(INVISIBLE).strip() or None


INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200e\u200f\u2060\ufeff"))


def canonical_url(page: Declared) -> str | None:
    """rel=canonical, else og:url, made absolute. A canonical that is the home page is a template's mistake."""
    for raw in (CANONICAL(page.tree), *page.metas.get("og:url", ())):
        address = absolute(page, raw)
        if address and (urlsplit(address).path.strip("/") or not urlsplit(page.url).path.strip("/")):
            return address
    return None


def absolute(page: Declared, raw: str | None) -> str | None:
    """`raw` as an absolute http(s) URL without fragment, or None."""
    if not raw or raw.startswith(("data:", "javascript:", "about:")):
        return None
    try:
        base = urljoin(page.url, BASE(page.tree))
        parts = urlsplit(urljoin(base, raw.strip()))
    except ValueError:
        return None
    return parts._replace(fragment="").geturl() if parts.scheme in ("http", "https") and parts.netloc else None


def site_name(page: Declared) -> str | None:
    """The publisher's name for itself."""
    publisher = clean(jsonld.text(page.article.get("publisher"), "name"))
    websites = (node for node in page.nodes if "WebSite" in jsonld.types(node))
    candidates = (
        *page.metas.get("og:site_name", ()),
        publisher,
        *(clean(jsonld.text(node.get("name"))) for node in websites),
        *page.meta(SITE[1:]),
    )
    return next((name for name in candidates if name and len(name) <= 80 and not name.startswith("http")), None)


def affixes(page: Declared, site: str | None) -> set[str]:
    """What a site calls itself, as words without spaces: its names and the parts of its host name."""
    host = (urlsplit(page.canonical or page.url).hostname or "").removeprefix("www.")
    names = [site, jsonld.text(page.article.get("publisher"), "name"), *page.meta(SITE), host, host.partition(".")[0]]
    names += [host.rsplit(".", 2)[0], host.rpartition(".")[0]]
    return {word for name in names if name and (word := jsonld.same_words(name).replace(" ", ""))}
