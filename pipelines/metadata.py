"""What a page declares about its article: every field's candidates in a stated order, the first good one wins.

Pure: a parsed page in, values out. The order of trust is the same for most fields: JSON-LD of the article node, the
metas that only articles carry (article:*, parsely-*, ...), the general metas, what the page prints. Reading it all
takes one pass over <head> and few looks at <body>; htmldate is asked only when nobody declares a date.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from html import unescape
from itertools import chain
from typing import Any
from unicodedata import normalize
from urllib.parse import urljoin, urlsplit

from lxml.etree import XPath

from pipelines import dates, jsonld
from pipelines.names import agencies, persons

LONGEST = 2000  # characters of a field; a longer one is a mistake of the page
MOST_TAGS = 50

SCRIPTS = XPath('.//script[contains(@type, "ld+json")]/text()')
METAS = XPath(".//meta[@content]")
HEADLINES = XPath(".//h1")
TITLE = XPath("string(.//head/title)")
CANONICAL = XPath('string(.//link[@rel="canonical" or @rel="Canonical"]/@href)')
BASE = XPath("string(.//head/base/@href)")
PUBLISHED = XPath(
    'string((.//*[@itemprop="datePublished"]/@datetime | .//*[@itemprop="datePublished"]/@content'
    " | .//time[@pubdate]/@datetime)[1])"
)
MODIFIED = XPath('string((.//*[@itemprop="dateModified"]/@datetime | .//*[@itemprop="dateModified"]/@content)[1])')
# Bylines that the page prints, the most exact first. Class tokens are whole words: "author-bio" is no byline.
ELSEWHERE = r"(^|\s)(comment|respond|related|sidebar|footer|teaser|widget|most-?read)"  # "has-sidebar" is the article's wrapper
NOT_COMMENT = f'not(ancestor::*[re:test(@class, "{ELSEWHERE}", "i") or re:test(@id, "{ELSEWHERE}", "i")])'
BYLINES = tuple(
    XPath(path, namespaces={"re": "http://exslt.org/regular-expressions"})
    for path in (
        f'.//body//*[@itemprop="author"]//*[@itemprop="name"][{NOT_COMMENT}] | .//*[@itemprop="author name"]',
        f'.//body//a[@rel="author" or contains(@rel, "author ")][{NOT_COMMENT}]',
        f'.//body//*[@itemprop="author"][not(@content)][{NOT_COMMENT}]',
        # re:test is Python code run for each element: contains() leaves it few
        './/body//*[contains(@class, "uthor") or contains(@class, "yline") or contains(@class, "AUTHOR")]'
        "[self::a or self::span or self::p or self::div or self::address or self::li or self::strong or self::em]"
        r'[re:test(@class, "(^|[\s_-])(author|byline)(s|[-_]*names?|[-_]*link|[-_]*author)?(\s|$)", "i")]'
        f"[{NOT_COMMENT}]",
    )
)  # fmt: skip

# Names of metas by field, in the order of trust.
AUTHOR = (
    "article:author", "author", "parsely-author", "sailthru.author", "citation_author", "dc.creator", "dcterms.creator",
    "byl", "og:article:author", "og:author", "authors", "cxenseparse:author", "dcsext.author", "creator",
)  # fmt: skip
PUBLISH_DATE = (
    "article:published_time", "og:article:published_time", "article:published", "og:published_time", "datepublished",
    "parsely-pub-date", "sailthru.date", "cxenseparse:recs:publishtime", "cxenseparse:publishtime", "citation_publication_date",
    "dc.date.issued", "dcterms.issued", "article.published", "publish-date", "publish_date", "publication_date",
    "published_at", "pubdate", "publishdate", "article:post_date", "article_date_original", "originalpublicationdate",
    "ptime", "dcterms.created", "dc.date.created", "dc.date",
)  # fmt: skip
MODIFY_DATE = (
    "article:modified_time", "og:article:modified_time", "datemodified", "og:updated_time", "dcterms.modified",
    "dc.date.modified", "article.updated", "lastmod", "last-modified",
)  # fmt: skip
HEADLINE = ("og:title", "twitter:title", "parsely-title", "sailthru.title", "dc.title", "dcterms.title", "headline", "title")
DESCRIPTION = ("og:description", "description", "twitter:description", "sailthru.description", "dc.description")
SECTION = ("article:section", "og:article:section", "parsely-section", "cxenseparse:section", "section")
TAGS = ("article:tag", "og:article:tag", "news_keywords", "parsely-tags", "sailthru.tags", "keywords")
SITE = ("og:site_name", "application-name", "apple-mobile-web-app-title", "dc.publisher", "publisher", "copyright")
IMAGE = ("og:image:secure_url", "og:image", "og:image:url", "twitter:image", "twitter:image:src", "parsely-image-url")
LANGUAGE = ("content-language", "dc.language", "dcterms.language", "language")


@dataclass(frozen=True, slots=True)
class Metadata:
    """The fields of `Article` that a page declares; the same names, the same meaning of None and of ()."""

    canonical_url: str | None = None
    title: str | None = None
    description: str | None = None
    authors: tuple[str, ...] = ()
    byline: str | None = None
    published: str | None = None
    published_raw: str | None = None
    published_from: str | None = None
    modified: str | None = None
    modified_raw: str | None = None
    language: str | None = None
    section: str | None = None
    tags: tuple[str, ...] = ()
    site_name: str | None = None
    image: str | None = None


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


def read(page: Declared, date_in_text: Callable[[Declared], str | None] | None = None) -> Metadata:
    """Choose every field. `date_in_text` is asked for a day (ISO 8601) only if the page declares none."""
    site = site_name(page)
    byline, authors = authorship(page, site)
    published, published_raw, published_from = publication(page, date_in_text)
    modified, modified_raw = modification(page)
    return Metadata(
        canonical_url=page.canonical,
        title=headline(page, site),
        description=clean(jsonld.text(page.article.get("description"))) or next(iter(page.meta(DESCRIPTION)), None),
        authors=authors,
        byline=byline,
        published=published,
        published_raw=published_raw,
        published_from=published_from,
        modified=modified,
        modified_raw=modified_raw,
        language=language(page),
        section=section(page),
        tags=tags(page),
        site_name=site,
        image=image(page),
    )


def clean(value: str | None) -> str | None:
    """A field's text: entities resolved (publishers escape twice), one space for any white space, NFC; None if empty."""
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


def headline(page: Declared, site: str | None) -> str | None:
    """An h1 that another candidate agrees with, else JSON-LD, else the metas and <title> without the site's name."""
    affixes = _affixes(page, site)
    declared = [
        title
        for raw in (
            clean(jsonld.text(page.article.get("headline"))),
            *page.meta(HEADLINE),
            page.page_title,
            clean(jsonld.text(page.article.get("name"))),
            page.hint.get("title"),
        )
        if raw and (title := without_affix(raw, affixes))
    ]
    for h1 in page.headlines:
        if any(agree(h1, other) for other in declared):
            return _without_kicker(h1, declared)
    if len(page.headlines) == 1 and len(words := _content(page.headlines[0])) >= 3:
        if any(words & _content(other) for other in declared):  # rewritten for search engines, but one story
            return page.headlines[0]
    if declared:
        return declared[0]
    return next((h1 for h1 in page.headlines if jsonld.same_words(h1) not in affixes), None)


def agree(one: str, other: str) -> bool:
    """Do two headlines name one story? Equal words, or one holds nearly all words of the other."""
    a, b = set(jsonld.same_words(one).split()), set(jsonld.same_words(other).split())
    if not a or not b:
        return False
    return a == b or (min(len(a), len(b)) >= 3 and len(a & b) >= 0.75 * min(len(a), len(b)) and len(a) <= 2.5 * len(b))


def _without_kicker(h1: str, declared: list[str]) -> str:
    """`h1`, or the declared headline that it ends with: what comes before is the kicker above it."""
    words = jsonld.same_words(h1)
    ends = (other for other in declared if words.endswith(" " + jsonld.same_words(other)) and len(_content(other)) >= 3)
    return next(ends, h1)


def _content(title: str) -> set[str]:
    """The longer words of a headline."""
    return {word for word in jsonld.same_words(title).split() if len(word) > 3}


SEPARATOR = re.compile(r"\s+[|–—·•»«:*/-]+\s+|\s*[|｜»]\s*|\s*::\s*|:\s+(?=[^:]*$)")


def without_affix(title: str, affixes: set[str]) -> str:
    """`title` without the site's name at either end."""
    for _ in range(3):  # "Headline | Section | Paper" needs more than one cut
        cuts = list(SEPARATOR.finditer(title))
        if not cuts:
            return title
        head, tail = title[: cuts[-1].start()], title[cuts[-1].end() :]
        if jsonld.same_words(tail).replace(" ", "") in affixes and head.strip():
            title = head.strip()
        elif jsonld.same_words(title[: cuts[0].start()]).replace(" ", "") in affixes:
            title = title[cuts[0].end() :].strip()
        else:
            return title
    return title


def _affixes(page: Declared, site: str | None) -> set[str]:
    """What a site calls itself, as words without spaces: its names and the parts of its host name."""
    host = (urlsplit(page.canonical or page.url).hostname or "").removeprefix("www.")
    names = [site, jsonld.text(page.article.get("publisher"), "name"), *page.meta(SITE), host, host.partition(".")[0]]
    names += [host.rsplit(".", 2)[0], host.rpartition(".")[0]]
    return {word for name in names if name and (word := jsonld.same_words(name).replace(" ", ""))}


def authorship(page: Declared, site: str | None) -> tuple[str | None, tuple[str, ...]]:
    """The byline as declared or printed, and the persons in it; the agency, if it names one and no person."""
    papers = outlets(page, site)
    host = (urlsplit(page.url).hostname or "").removeprefix("www.")
    declared = [name for name in _declared_authors(page) if name]
    sources: list[list[str]] = [declared, [name for name in page.meta(AUTHOR) if not name.startswith(("http", "/", "@"))]]
    sources = [[name for name in names if not host or host not in name] for names in sources]
    first: str | None = None
    wires: tuple[str, ...] = ()
    for bylines in chain(sources, (_printed(page, path) for path in BYLINES)):  # lazy: most pages declare them
        first = first or _one_line(bylines)
        if found := persons(bylines, papers):
            return _one_line(bylines), found
        wires = wires or agencies(bylines)
    hinted = clean(page.hint.get("authors"))
    return first or hinted, (persons([hinted], papers) if hinted else ()) or wires


def outlets(page: Declared, site: str | None) -> set[str]:
    """Names of the paper, which name no author."""
    return {site or "", jsonld.text(page.article.get("publisher"), "name") or "", *page.meta(SITE)} | _affixes(page, site)


def _one_line(bylines: list[str]) -> str | None:
    return clean(", ".join(dict.fromkeys(bylines)))


def _declared_authors(page: Declared) -> list[str | None]:
    """Names of the article node's authors, references into the graph resolved; organisations left out."""
    authors = page.article.get("author") or page.article.get("creator") or []
    by_id = {node["@id"]: node for node in page.nodes if isinstance(node.get("@id"), str)}
    found: list[str | None] = []
    for author in authors if isinstance(authors, list) else [authors]:
        if isinstance(author, dict):
            if "name" not in author and isinstance(author.get("@id"), str):
                author = by_id.get(author["@id"], {})
            called = [clean(name) for name in jsonld.texts(author.get("name"))]
            if any(kind.endswith("Organization") for kind in jsonld.types(author)):
                called = [name for name in called if name and agencies([name])]
            found.extend(called)
        else:
            found.append(clean(jsonld.text(author)))
    return [name for name in found if name and not name.startswith("http")]


def _printed(page: Declared, path: XPath) -> list[str]:
    """The byline that `path` finds: the first element with words, and its neighbours of the same kind."""
    found: list[str] = []
    home = None
    for element in path(page.tree):
        pieces = [piece for text in element.itertext() if (piece := clean(text))]
        if not pieces or sum(map(len, pieces)) > 120:
            continue
        parent = element.getparent()
        around = {parent, parent.getparent() if parent is not None else None}
        if home is not None and not around & home:
            break  # the byline of another story
        home = home or around
        # A name may be set in two elements, two names may be set in two elements: one-word pieces belong together.
        found.append(" ".join(pieces) if all(" " not in piece for piece in pieces) else "\n".join(pieces))
    return found


def publication(
    page: Declared, date_in_text: Callable[[Declared], str | None] | None
) -> tuple[str | None, str | None, str | None]:
    """(ISO 8601, raw, source) of the publication."""
    pages = [node for node in page.nodes if {"WebPage", "ItemPage"} & set(jsonld.types(node))]
    for node in (page.article, *pages):
        for key in ("datePublished", "dateCreated"):
            raw = jsonld.text(node.get(key))
            if day := dates.parse(raw, page.seen):
                return day, raw, "json-ld"
    for raw in (*page.meta(PUBLISH_DATE), PUBLISHED(page.tree)):
        if day := dates.parse(raw, page.seen):
            return day, raw, "meta"
    if date_in_text and (raw := date_in_text(page)) and (day := dates.parse(raw, page.seen)):
        return day, raw, "htmldate"
    raw = page.hint.get("published")
    day = dates.parse(raw, page.seen)
    return (day, raw, "feed") if day else (None, None, None)


def modification(page: Declared) -> tuple[str | None, str | None]:
    """(ISO 8601, raw) of the last change that the page admits."""
    for raw in (jsonld.text(page.article.get("dateModified")), *page.meta(MODIFY_DATE), MODIFIED(page.tree)):
        if day := dates.parse(raw, page.seen):
            return day, raw
    return None, None


def language(page: Declared) -> str | None:
    """ISO 639-1 code: JSON-LD, <html lang>, og:locale, the metas, the feed."""
    root = page.tree.getroottree().getroot()
    said = page.article.get("inLanguage")
    for raw in (
        jsonld.text(said, "alternateName", "name"),
        root.get("lang") or root.get("{http://www.w3.org/XML/1998/namespace}lang") or root.get("xml:lang"),
        *page.metas.get("og:locale", ()),
        *page.meta(LANGUAGE),
        page.hint.get("language"),
    ):
        if raw and re.fullmatch(r"[a-zA-Z]{2}(?:[-_ ,;].*)?", raw.strip()):
            return raw.strip()[:2].lower()
    return None


def section(page: Declared) -> str | None:
    """The paper's own section."""
    declared = (clean(name) for name in jsonld.texts(page.article.get("articleSection"), "name"))
    return next((name for name in (*declared, *page.meta(SECTION)) if name and not name.startswith("http")), None)


def tags(page: Declared) -> tuple[str, ...]:
    """Keywords of the first of JSON-LD, article:tag, news_keywords, ... that has any."""
    for raws in (jsonld.texts(page.article.get("keywords"), "name"), *(page.metas.get(name, []) for name in TAGS)):
        found: dict[str, str] = {}
        for word in (word for raw in raws if (whole := clean(raw)) for word in re.split(r"\s*[,;、]\s*", whole)):
            if 1 < len(word) <= 80 and ":" not in word[:12]:  # "type:article" is for an advertising network
                found.setdefault(word.casefold(), word)
        if found:
            return tuple(found.values())[:MOST_TAGS]
    return ()


def image(page: Declared) -> str | None:
    """Absolute URL of the lead image."""
    declared = jsonld.text(page.article.get("image"), "url", "contentUrl", "@id")
    return next((url for raw in (*page.meta(IMAGE), declared) if (url := absolute(page, raw))), None)
