"""What a page declares about its article: every field's candidates in a stated order, the first good one wins.

Pure: what the page declares in, values out. The order of trust is the same for most fields: JSON-LD of the article
node, the metas that only articles carry (article:*, parsely-*, ...), the general metas, what the page prints. A search
of the text for a date costs more than all of this and is asked for only when nobody declares one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from lxml.etree import XPath

from pipelines import dates, jsonld
from pipelines.bylines import authorship
from pipelines.declared import Declared, absolute, clean, site_name
from pipelines.titles import headline

MOST_TAGS = 50

PUBLISHED = XPath(
    'string((.//*[@itemprop="datePublished"]/@datetime | .//*[@itemprop="datePublished"]/@content'
    " | .//time[@pubdate]/@datetime)[1])"
)
MODIFIED = XPath('string((.//*[@itemprop="dateModified"]/@datetime | .//*[@itemprop="dateModified"]/@content)[1])')

# Names of metas by field, in the order of trust.
PUBLISH_DATE = (
    "article:published_time", "og:article:published_time", "article:published", "og:published_time",
    "datepublished", "parsely-pub-date", "sailthru.date", "cxenseparse:recs:publishtime",
    "cxenseparse:publishtime", "citation_publication_date", "dc.date.issued", "dcterms.issued",
    "article.published", "publish-date", "publish_date", "publication_date", "published_at", "pubdate",
    "publishdate", "article:post_date", "article_date_original", "originalpublicationdate", "ptime",
    "dcterms.created", "dc.date.created", "dc.date",
)  # fmt: skip
MODIFY_DATE = (
    "article:modified_time", "og:article:modified_time", "datemodified", "og:updated_time", "dcterms.modified",
    "dc.date.modified", "article.updated", "lastmod", "last-modified",
)  # fmt: skip
DESCRIPTION = ("og:description", "description", "twitter:description", "sailthru.description", "dc.description")
SECTION = ("article:section", "og:article:section", "parsely-section", "cxenseparse:section", "section")
TAGS = ("article:tag", "og:article:tag", "news_keywords", "parsely-tags", "sailthru.tags", "keywords")
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
    modified_from: str | None = None
    language: str | None = None
    section: str | None = None
    tags: tuple[str, ...] = ()
    site_name: str | None = None
    publisher: str | None = None
    issn: str | None = None
    image: str | None = None
    found_in: dict[str, str] = field(default_factory=dict)


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
