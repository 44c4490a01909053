"""One newspaper of any size on one local port: N different articles printed from a few templates.

The templates are the real pages (see realpages.py) if they are at hand, else pages that we make up. Each copy
has its own address, headline and words, so that nobody downstream can take two copies for one article.
"""

from __future__ import annotations

import gzip
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from html import escape

import realpages

from tests.support.journal_server import NOT_FOUND, Resource

SECTION = 50  # articles a section page links to
SIZES = range(60_000, 160_000)  # bytes of a real page that becomes a template
# fmt: off
WORDS = [
    "harbour", "council", "budget", "morning", "station", "river", "teacher", "winter", "bridge",
    "market", "doctor", "engine", "garden", "island", "judge", "kitchen", "letter", "minister",
    "night", "office", "paper", "queue", "railway", "school", "theatre", "union", "village",
    "window", "yesterday", "answer",
]
# fmt: on


@dataclass(frozen=True, slots=True)
class Template:
    """Hold a page cut at the places where each copy differs."""

    pieces: tuple[str, ...]  # text, then a place, then text, ...; a place is one of URL, TITLE, WORDS

    def copy(self, number: int, url: str) -> str:
        dice = random.Random(number)
        fill = {"\0URL": url, "\0TITLE": f"Story {number}: {phrase(dice, 3)}"}
        return "".join(fill.get(piece) or (f"{phrase(dice, 12)}. " if piece == "\0WORDS" else piece)
                       for piece in self.pieces)  # fmt: skip


def phrase(dice: random.Random, words: int) -> str:
    return " ".join(dice.choices(WORDS, k=words)).capitalize()


def cut(html: str, url: str) -> Template:
    """Find the places: the page's own address, its headline, the start of its longer paragraphs."""
    html = html.replace("\0", "").replace(url, "\0URL\0").replace(url.replace("/", "\\/"), "\0URL\0")
    href = r'href=["\']?)[^"\'\s>]*'
    html = re.sub(rf'(<link[^>]+rel=["\']?canonical["\']?[^>]*{href}', "\\1\0URL\0", html)
    html = re.sub(rf'(<link[^>]+{href}(["\']?\s[^>]*rel=["\']?canonical)', "\\1\0URL\0\\2", html)
    html = re.sub(r'(<meta[^>]+og:url["\'][^>]*content=["\'])[^"\']*', "\\1\0URL\0", html)
    # Links of the original paper lead back to it, not to a thousand 404s here.
    origin = "/".join(url.split("/")[:3])
    html = re.sub(r'(<a\s[^>]*?href=["\'])/(?!/)', rf"\1{origin}/", html)
    html = re.sub(r"(<title[^>]*>|<h1[^>]*>)", "\\1\0TITLE\0 ", html)
    html = re.sub(r'(og:title["\'][^>]*content=["\']|"headline"\s*:\s*")', "\\1\0TITLE\0 ", html)
    html = re.sub(r"(<p(?:\s[^>]*)?>)(?=[^<]{60})", "\\1\0WORDS\0", html, count=8)
    pieces = re.split("(\0(?:URL|TITLE|WORDS))\0", html)
    return Template(tuple(piece for piece in pieces if piece))


def real_templates(limit: int = 100) -> list[Template]:
    """Up to `limit` real pages of middling size; [] if there are none here."""
    if not any(realpages.PAGES.glob("*/dev.jsonl")):
        return []
    found = []
    for pages in realpages.load().values():
        for url, file in pages:
            body = gzip.decompress(file.read_bytes())
            if len(body) in SIZES and realpages.NOWHERE not in url:
                found.append((url, body.decode("utf-8", "replace")))
    templates = [cut(html, url) for url, html in found]
    # A page with hardly a paragraph to change would give copies that are the same article to any reader.
    templates = [template for template in templates if template.pieces.count("\0WORDS") >= 4]
    return templates[:: max(1, len(templates) // limit)][:limit]


def made_up_templates(count: int = 12) -> list[Template]:
    """Pages of our own: menus, asides and comments around an article, and more menus."""
    return [cut(made_up_page(number), "http://example.org/made-up") for number in range(count)]


def made_up_page(number: int) -> str:
    dice = random.Random(f"template {number}")
    menu = "".join(f'<li><a href="http://example.org/{word}/">{word}</a></li>' for word in WORDS)
    teasers = "".join(
        f'<div class="teaser"><a href="http://example.org/{n}"><h3>{phrase(dice, 7)}</h3></a></div>' for n in range(60)
    )
    body = "".join(f"<p>{'. '.join(phrase(dice, 14) for _ in range(4))}.</p>\n" for _ in range(8 + number))
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Morning paper</title>
<link rel="canonical" href="http://example.org/made-up"><meta property="og:type" content="article">
<meta property="article:published_time" content="2026-11-{1 + number:02}T08:00:00Z">
<meta name="author" content="Ada Writer"></head><body><header><nav><ul>{menu}</ul></nav></header>
<main><article><h1>of the day</h1><p class="byline">By Ada Writer</p>
{body}</article><aside>{teasers}</aside></main><footer><ul>{menu}</ul></footer></body></html>
"""


@dataclass(frozen=True)
class OneSite:
    """Make the paper: `resolve` for the server, `urls` for tools that want a list."""

    count: int
    templates: Sequence[Template]
    origin: str  # http://host:port

    @cached_property
    def urls(self) -> list[str]:
        return [f"{self.origin}{path(number)}" for number in range(1, self.count + 1)]

    def resolve(self, _scheme: str, _host: str, target: str) -> Resource:
        if match := re.fullmatch(r"/2026/\d\d/\d\d/story-(\d+)\.html", target):
            number = int(match[1])
            return printed(self, number) if 1 <= number <= self.count and path(number) == target else NOT_FOUND
        if match := re.fullmatch(r"/section-(\d+)/", target):
            return Resource(self.listing(int(match[1])).encode())
        made = {
            "/": self.front,
            "/robots.txt": self.robots,
            "/sitemap.xml": self.sitemap,
            "/feed.xml": self.feed,
        }
        return made[target]() if target in made else NOT_FOUND

    def __hash__(self) -> int:
        return hash(self.origin)

    def front(self) -> Resource:
        sections = range(1, -(-self.count // SECTION) + 1)
        links = "".join(f'<li><a href="/section-{number}/">Section {number}</a></li>' for number in sections)
        link = '<link rel="alternate" type="application/rss+xml" href="/feed.xml">'
        return Resource(f"<!doctype html><title>The Paper</title>{link}<ul>{links}</ul>".encode())

    def listing(self, section: int) -> str:
        numbers = range((section - 1) * SECTION + 1, min(section * SECTION, self.count) + 1)
        rows = "".join(f'<h2><a href="{path(number)}">Story number {number}</a></h2>\n' for number in numbers)
        return f"<!doctype html><title>Section {section}</title>{rows}"

    def robots(self) -> Resource:
        text = f"User-agent: *\nDisallow: /private/\n\nSitemap: {self.origin}/sitemap.xml\n"
        return Resource(text.encode(), "text/plain")

    def sitemap(self) -> Resource:
        rows = "".join(f"<url><loc>{escape(url)}</loc></url>\n" for url in self.urls)
        return realpages.xml(f"<urlset {realpages.NS}>\n{rows}</urlset>\n")

    def feed(self) -> Resource:
        items = "".join(f"<item><title>Story</title><link>{url}</link></item>" for url in self.urls[-20:])
        return realpages.xml(f'<rss version="2.0"><channel><title>The Paper</title>{items}</channel></rss>')


def path(number: int) -> str:
    return f"/2026/{10 + number % 2}/{1 + number % 28:02}/story-{number}.html"


@lru_cache(maxsize=4000)
def printed(site: OneSite, number: int) -> Resource:
    template = site.templates[number % len(site.templates)]
    html = template.copy(number, f"{site.origin}{path(number)}")
    body = html.encode("utf-8", "replace")
    return Resource(body, packed=gzip.compress(body, 1, mtime=0))
