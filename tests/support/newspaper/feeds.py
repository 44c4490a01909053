"""Make the lists for machines: robots.txt, feeds, the Google News sitemap and the sitemaps of the archive."""

from __future__ import annotations

from email.utils import format_datetime
from xml.sax.saxutils import escape

from .article import Article, plain
from .edition import BASE, Edition
from .words import SECTIONS

FEED_LENGTH = 20
NEWS_LENGTH = 30
FIRST_SITEMAP = "/sitemap-2019-2022.xml.gz"


def robots(edition: Edition) -> str:
    """Return robots.txt: RFC 9309 rules, an optional Crawl-delay in seconds, and where the sitemaps are."""
    delay = f"Crawl-delay: {edition.crawl_delay:g}\n" if edition.crawl_delay is not None else ""
    return (
        f"User-agent: *\nDisallow: /private/\nDisallow: /search\n{delay}\n"
        f"Sitemap: {BASE}/sitemap_index.xml\nSitemap: {BASE}/news-sitemap.xml\n"
    )


def snippet(article: Article) -> str:
    """Return what a feed says of an article: the standfirst, or the start of the first paragraph."""
    if article.subtitle:
        return article.subtitle
    first = next(block.lines[0] for block in article.blocks if block.kind == "paragraph")
    words = plain(first).split()
    return " ".join(words[:30]) + (" …" if len(words) > 30 else "")


def _rss(title: str, path: str, language: str, articles: list[Article], recoverable: bool = False) -> str:
    # The malformed feed is the usual one: a template that forgets to escape its titles.
    safe = (lambda words: words) if recoverable else escape
    items = "\n".join(
        f"<item>\n<title>{safe(a.title)}</title>\n<link>{BASE}{a.path}?utm_source=feed&amp;utm_medium=rss</link>\n"
        f'<guid isPermaLink="true">{BASE}{a.path}</guid>\n<pubDate>{format_datetime(a.published)}</pubDate>\n'
        f"<dc:creator>{escape(', '.join(a.authors))}</dc:creator>\n"
        f"<category>{escape(SECTIONS[a.section])}</category>\n"
        f"<description>{safe(snippet(a))}</description>\n</item>"
        for a in articles
    )
    newest = max(a.changed for a in articles)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" '
        f'xmlns:atom="http://www.w3.org/2005/Atom">\n<channel>\n<title>{safe(title)}</title>\n<link>{BASE}/</link>\n'
        f"<description>News from Port Selby</description>\n<language>{language}</language>\n"
        f"<lastBuildDate>{format_datetime(newest)}</lastBuildDate>\n"
        f'<atom:link href="{BASE}{path}" rel="self" '
        f'type="application/rss+xml"/>\n{items}\n</channel>\n</rss>\n'
    )


def rss(edition: Edition) -> str:
    """Return RSS 2.0: the newest twenty articles of every language."""
    return _rss("The Harbour Gazette", "/feed.xml", "en", list(edition.articles[:FEED_LENGTH]))


def malformed_rss(edition: Edition) -> str:
    """Return the culture desk's own feed, in which an ampersand is not escaped."""
    return _rss(
        "The Harbour Gazette: Arts & Culture",
        "/culture/feed.xml",
        "en",
        edition.in_section("en", "culture")[:FEED_LENGTH],
        recoverable=True,
    )


def atom(edition: Edition) -> str:
    """Return Atom (RFC 4287): the German edition's newest articles."""
    articles = edition.in_language("de")[:FEED_LENGTH]
    entries = "\n".join(
        f'<entry>\n<title>{escape(a.title)}</title>\n<link rel="alternate" '
        f'href="{BASE}{a.path}"/>\n<id>{BASE}{a.path}</id>\n'
        f"<published>{a.published.isoformat()}</published>\n<updated>{a.changed.isoformat()}</updated>\n"
        + "".join(f"<author><name>{escape(name)}</name></author>\n" for name in a.authors)
        + f"<summary>{escape(snippet(a))}</summary>\n</entry>"
        for a in articles
    )
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de">\n'
        f"<title>Der Hafenbote</title>\n<id>{BASE}/de/feed.atom</id>\n"
        '<link rel="self" '
        f'href="{BASE}/de/feed.atom"/>\n<updated>{max(a.changed for a in articles).isoformat()}</updated>\n'
        f"{entries}\n</feed>\n"
    )


def news_sitemap(edition: Edition) -> str:
    """Return Google's news sitemap: the newest thirty articles with date, title and language."""
    entries = "\n".join(
        f"<url>\n<loc>{BASE}{a.path}</loc>\n<lastmod>{a.changed.isoformat()}</lastmod>\n<news:news>\n<news:publication>"
        "<news:name>The Harbour Gazette</news:name>"
        f"<news:language>{a.language}</news:language></news:publication>\n"
        f"<news:publication_date>{a.published.isoformat()}</news:publication_date>\n"
        f"<news:title>{escape(a.title)}</news:title>\n</news:news>\n</url>"
        for a in edition.articles[:NEWS_LENGTH]
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        f'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">\n{entries}\n</urlset>\n'
    )


def sitemap_name(article: Article) -> str:
    """Return which sitemap lists an article: one for the years to 2022, then one a year."""
    year = article.published.year
    return FIRST_SITEMAP if year <= 2022 else f"/sitemap-{year}.xml"


def sitemaps(edition: Edition) -> dict[str, list[Article]]:
    """Return articles by the path of their sitemap."""
    found: dict[str, list[Article]] = {}
    for article in reversed(edition.articles):
        found.setdefault(sitemap_name(article), []).append(article)
    return found


def sitemap(articles: list[Article]) -> str:
    """Return one sitemap of articles."""
    entries = "\n".join(
        f"<url><loc>{BASE}{a.path}</loc><lastmod>{a.changed.isoformat()}</lastmod></url>" for a in articles
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        f"{entries}\n</urlset>\n"
    )


def sitemap_index(edition: Edition) -> str:
    """Return the index of all sitemaps but the news one."""
    entries = "\n".join(
        f"<sitemap><loc>{BASE}{path}</loc><lastmod>{max(a.changed for a in articles).isoformat()}</lastmod></sitemap>"
        for path, articles in sitemaps(edition).items()
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        f"{entries}\n</sitemapindex>\n"
    )
