"""Read links to articles, further lists and feeds out of a front or section page. Pure; about as cheap as parsing it.

Links with `rel=nofollow` are followed. The attribute tells search engines not to count a link as a recommendation;
newspapers put it on their own comment counts and subscription boxes. It does not ask a crawler to stay away. robots.txt
does, and that is obeyed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from crawler.discovery.feeds import COMMENTS_TITLE, COMMENTS_URL
from crawler.discovery.results import Candidate, Discovery, gather, named_outcome
from crawler.discovery.url_classifier import classify_with_reason
from pipelines.core.links import resolve
from pipelines.core.urls import fetchable, same_site, site_of, url_key
from pipelines.extraction.page.charset import decode
from pipelines.extraction.page.meta_refresh import refresh_of
from pipelines.extraction.page.running_text import has_running_text, is_front

MAX_LINKS = 3000  # of one page
MAX_HINT_CHARS = 500  # of a title
MAX_UNCHECKED_TAGS = 4000  # of a page; with no more, its depth does not matter
MAX_DEPTH = 1000  # of elements in each other; browsers stop at 512
TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
# Elements that need no end tag, which would be counted for ever.
NEVER_DEEP = frozenset(
    """
    area base br col embed hr img input link meta param source track wbr
    p li dt dd option optgroup tr td th thead tbody tfoot colgroup path use circle rect polygon line stop g
    """.split()  # noqa: SIM905 (a table, not code)
)
FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json")


@named_outcome
def read_links(
    body: bytes,
    url: str,
    content_type: str | None = None,
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
    explain: bool = False,
    sites: Collection[str] = (),
) -> Discovery:
    """Return the links of a page to feeds, and to pages of its site that look like articles or lists.

    `url` is where the page was fetched, `content_type` is the HTTP header; `include` and `exclude`: see
    `classify_with_reason`. Several links to one URL count as one. Its text is the longest of them, because a picture
    and a headline often link to the same article. `explain`: return the links that are left out too, each with its
    rule. `sites`: further sites of the page's own, as `site_of` names them.
    """
    text = decode(body, content_type)
    if not text or "<" not in text:
        return Discovery(problem="not an HTML page" if text else "an empty page")
    text, problem = without_deep_end(text)
    tree = LexborHTMLParser(text)
    base = base_of(tree, url)
    rejected: list[tuple[str, str]] = []
    page_links = _page_links(tree, base, url, tuple(include), tuple(exclude), sites, rejected)
    found, _left_out = gather((*feed_links(tree, base), *page_links), MAX_LINKS)
    reasons = tuple(rejected) if explain else ()
    refresh = None if found else refresh_of(body, url)
    return Discovery(
        found,
        str(refresh) if refresh else problem,
        "page",
        page_title(tree),
        page_language(tree),
        reasons,
        runs_on=not is_front(url) and has_running_text(tree),
    )


def without_deep_end(text: str) -> tuple[str, str | None]:
    """Return a page up to where its elements are nested too deeply, and what was wrong; the page itself if nothing was.

    The parser looks at all open elements for each that opens, as the standard says (HTML, 13.2.6.4.7).
    """
    if text.count("<") <= MAX_UNCHECKED_TAGS:
        return text, None
    depth = 0
    for tag in TAG.finditer(text):
        if tag[2].lower() not in NEVER_DEEP:
            depth += -1 if tag[1] else 1
            if depth > MAX_DEPTH:
                return text[: tag.start()], f"more than {MAX_DEPTH} elements are in each other; the rest was skipped"
            depth = max(depth, 0)
    return text, None


def base_of(tree: LexborHTMLParser, url: str) -> str:
    """Return the base of relative links (HTML section 2.4.1: the first base element with a href)."""
    node = tree.css_first("base[href]")
    return absolute(node.attributes.get("href"), url) or url if node is not None else url


def absolute(href: str | None, base: str) -> str | None:
    """Return a link as a URL that can be fetched, or None."""
    if not href:
        return None
    if href.isspace() or href.lstrip().startswith("#"):
        return None  # it leads to a place on the page itself
    url = resolve(href, base)
    return fetchable(url) if url else None


def feed_links(tree: LexborHTMLParser, base: str) -> Iterator[Candidate]:
    """Yield the feeds that the page's head names (link rel=alternate), without those of readers' comments."""
    for node in tree.css("link[rel][href][type]"):
        attributes = node.attributes
        if "alternate" not in (attributes["rel"] or "").lower().split():
            continue
        if (attributes["type"] or "").partition(";")[0].strip().lower() not in FEED_TYPES:
            continue
        link, title = absolute(attributes["href"], base), " ".join((attributes.get("title") or "").split())
        if link and not COMMENTS_URL.search(link) and not is_comments_title(title):
            yield Candidate(link, "feed", {"title": title[:MAX_HINT_CHARS]} if title else {})


def is_comments_title(title: str) -> bool:
    """Return True for titles as WordPress gives them to comment feeds, "Story » Comments Feed", and translations."""
    last = title.rpartition("»")[2].lower()
    words = ("comment", "kommentar", "comentario", "comentário", "commenti", "reacties", "komentarz", "комментари")
    return bool(COMMENTS_TITLE.match(title)) or any(word in last for word in words if "»" in title)


def _page_links(
    tree: LexborHTMLParser,
    base: str,
    url: str,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    sites: Collection[str],
    rejected: list[tuple[str, str]],
) -> Iterator[Candidate]:
    texts: dict[str, str] = {}
    for link, text in anchors(tree, base):
        if len(text) > len(texts.get(link, "")) or link not in texts:
            texts[link] = text
    here = url_key(url)
    for link, text in texts.items():
        if not (same_site(link, url) or site_of(link) in sites) or url_key(link) == here:
            rejected.append((link, "the page itself" if url_key(link) == here else "another site"))
            continue
        judged = classify_with_reason(link, anchor_text=text, include=include, exclude=exclude)
        if judged.kind is not None:
            yield Candidate(link, judged.kind)
        else:
            rejected.append((link, judged.why))


def anchors(tree: LexborHTMLParser | Any, base: str) -> Iterator[tuple[str, str]]:
    """Yield (URL, link text) of every link of a page or of a part of one."""
    seen: dict[str | None, str | None] = {}
    for node in tree.css("a[href], area[href]"):
        href = node.attributes["href"]
        link = seen[href] if href in seen else seen.setdefault(href, absolute(href, base))
        if link is not None:
            text = node.text(separator=" ") or node.attributes.get("aria-label") or node.attributes.get("title") or ""
            yield link, " ".join(text.split())


def page_title(tree: LexborHTMLParser) -> str | None:
    """Return the site's name for itself, else the page's title."""
    for selector in ('meta[property="og:site_name"]', 'meta[name="application-name"]'):
        node = tree.css_first(selector)
        name = " ".join((node.attributes.get("content") or "").split()) if node is not None else ""
        if name:
            return name[:MAX_HINT_CHARS]
    node = tree.css_first("head > title") or tree.css_first("title")
    return " ".join(node.text().split())[:MAX_HINT_CHARS] or None if node is not None else None


def page_language(tree: LexborHTMLParser) -> str | None:
    """Return the language tag of <html lang>, else of og:locale ("en_GB" as "en-GB"), as the page writes it."""
    root = tree.css_first("html")
    tag = ((root.attributes.get("lang") or root.attributes.get("xml:lang") or "") if root is not None else "").strip()
    if not tag:
        node = tree.css_first('meta[property="og:locale"]')
        tag = (node.attributes.get("content") or "").strip() if node is not None else ""
    tag = tag.replace("_", "-")
    parts = tag.split("-")
    return tag if parts[0].isalpha() and 2 <= len(parts[0]) <= 3 and all(part.isalnum() for part in parts) else None
