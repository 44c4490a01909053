"""Who wrote it: the byline as declared or printed, and the persons in it."""

from __future__ import annotations

from itertools import chain
from urllib.parse import urlsplit

from lxml.etree import XPath

from pipelines import jsonld
from pipelines.declared import SITE, Declared, affixes, clean
from pipelines.names import agencies, persons

# Bylines that the page prints, the most exact first. Class tokens are whole words: "author-bio" is no byline.
ELSEWHERE = (
    r"(^|\s)(comment|respond|related|sidebar|footer|teaser|widget|most-?read)"  # "has-sidebar" is the article's wrapper
)
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
# Names of metas, in the order of trust.
AUTHOR = (
    "article:author", "author", "parsely-author", "sailthru.author", "citation_author", "dc.creator", "dcterms.creator",
    "byl", "og:article:author", "og:author", "authors", "cxenseparse:author", "dcsext.author", "creator",
)  # fmt: skip


def authorship(page: Declared, site: str | None) -> tuple[str | None, tuple[str, ...]]:
    """The byline as declared or printed, and the persons in it; the agency, if it names one and no person."""
    papers = outlets(page, site)
    host = (urlsplit(page.url).hostname or "").removeprefix("www.")
    declared = [name for name in _declared_authors(page) if name]
    sources: list[list[str]] = [
        declared,
        [name for name in page.meta(AUTHOR) if not name.startswith(("http", "/", "@"))],
    ]
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
    return {site or "", jsonld.text(page.article.get("publisher"), "name") or "", *page.meta(SITE)} | affixes(
        page, site
    )


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
