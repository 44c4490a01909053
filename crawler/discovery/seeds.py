"""Find where to start on an unknown site: the feeds, sitemaps and sections of its home page and robots.txt. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser, LexborNode

from crawler.discovery.links import anchors, base_of, feed_links, page_language, page_title, without_deep_end
from crawler.discovery.results import named_outcome
from crawler.discovery.robots_txt import Robots
from crawler.discovery.url_classifier import classify, shape_of
from pipelines.core.urls import parts_of, same_site, url_key
from pipelines.extraction.page.charset import decode

# Tried in this order until one is a feed: the paths that common content management systems use.
COMMON_FEEDS = (
    "/feed/",  # WordPress; /feed redirects there
    "/rss",
    "/rss.xml",
    "/feed.xml",
    "/feed",
    "/atom.xml",
    "/index.xml",
    "/feeds/posts/default",  # Blogger
    "/rss/news.xml",
    "/arc/outboundfeeds/rss/",  # Arc XP
    "/feed.json",
)
COMMON_SITEMAPS = (
    "/sitemap.xml",
    "/sitemap_index.xml",
    "/news-sitemap.xml",
    "/sitemap-news.xml",
    "/sitemaps/news.xml",
    "/sitemap_news.xml",
    "/sitemap/news.xml",
    "/googlenews.xml",
    "/wp-sitemap.xml",
    "/sitemap-index.xml",
)

MAX_SECTIONS = 30
FEED_ADDRESS = re.compile(r"/(?:rss|feeds?|atom)(?:/|$)|\.(?:rss|rdf|atom)$|/(?:rss|feed|atom|index)\.xml$", re.I)
MENU_SELECTOR = "nav, [role=navigation], header, [class*=nav], [id*=nav], [class*=menu], [id*=menu]"
FOOTER_TAGS = ("footer", "aside")


@dataclass(frozen=True, slots=True)
class Seeds:
    """Hold the listings that a site names. The URLs are not verified."""

    feeds: tuple[str, ...] = ()  # from link rel=alternate, then links that look like feeds
    sitemaps: tuple[str, ...] = ()  # from the Sitemap lines of robots.txt
    sections: tuple[str, ...] = ()  # from the menus, the most likely first
    title: str | None = None
    language: str | None = None


@named_outcome
def discover_seeds(home_html: bytes, home_url: str, robots_body: bytes, content_type: str | None = None) -> Seeds:
    """Return the feeds, sitemaps and sections (at most MAX_SECTIONS) that a home page and its robots.txt name."""
    sitemaps = Robots.parse(200, robots_body, "*", home_url).sitemaps
    text = decode(home_html, content_type)
    if not text or "<" not in text:
        return Seeds(sitemaps=sitemaps)
    tree = LexborHTMLParser(without_deep_end(text)[0])
    base = base_of(tree, home_url)
    named = [link.url for link in feed_links(tree, base) if link.url]
    linked = [link for link, _text in anchors(tree, base) if _looks_like_feed(link) and same_site(link, home_url)]
    title = page_title(tree)
    return Seeds(
        feeds=_deduplicated([*named, *linked]),
        sitemaps=sitemaps,
        sections=_sections(tree, base, home_url),
        title=_title_without_slogan(title) if title else None,
        language=page_language(tree),
    )


def _looks_like_feed(url: str) -> bool:
    """Return True for the URL of a feed, False for that of a page that lists a paper's feeds."""
    return FEED_ADDRESS.search(parts_of(url).path) is not None


def _title_without_slogan(title: str) -> str:
    """Return a page title without its part after a bar or dash: "The Paper | News from everywhere"."""
    return re.split(r"\s+[|–—·:•]\s+|\s+-\s+", title)[0] or title


def _deduplicated(urls: list[str]) -> tuple[str, ...]:
    return tuple({url_key(url): url for url in reversed(urls)}.values())[::-1]


def _sections(tree: LexborHTMLParser, base: str, home_url: str) -> tuple[str, ...]:
    """Return the section pages that the menus name, shallow URLs first, otherwise in page order.

    A link in several menus counts where it comes first. Links in the footer do not count.
    """
    here = url_key(home_url)
    ranked: dict[str, tuple[int, int, str]] = {}
    for place, link in enumerate(_menu_links(tree, base)):
        key = url_key(link)
        if key == here or key in ranked or not same_site(link, home_url) or classify(link) != "section":
            continue
        depth = len(shape_of(parts_of(link).path).segments)
        ranked[key] = (max(depth - 1, 0), place, link)
    return tuple(link for _depth, _place, link in sorted(ranked.values())[:MAX_SECTIONS])


def _menu_links(tree: LexborHTMLParser, base: str) -> Iterator[str]:
    """Yield the links of the menus, those of a menu in another one once."""
    settled: dict[int, bool] = {}  # node -> True if its links are not wanted: it is in a footer, or in a menu before
    for menu in tree.css(MENU_SELECTOR):
        if not _is_settled(menu, settled):
            settled[menu.mem_id] = True
            for link, _text in anchors(menu, base):
                yield link


def _is_settled(node: LexborNode, settled: dict[int, bool]) -> bool:
    """Return True if the links of a node are not wanted, and note it of all nodes above it that were not looked at."""
    way: list[int] = []
    above: LexborNode | None = node
    while above is not None and above.mem_id not in settled:
        way.append(above.mem_id)
        name = f"{above.attributes.get('class') or ''} {above.attributes.get('id') or ''}".lower()
        if above.tag in FOOTER_TAGS or "footer" in name or "breadcrumb" in name:
            settled[above.mem_id] = True
            break
        above = above.parent
    verdict = above is not None and settled[above.mem_id]
    settled.update(dict.fromkeys(way, verdict))
    return verdict
