"""Map addresses to answers: the whole paper, apart from the faults."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from urllib.parse import parse_qs, quote, unquote

from . import feeds, listings, new_design, odd, old_design
from .article import Article
from .edition import NOON, Edition, section_path
from .faults import index as faults_index
from .page import Page, moved, not_found
from .words import SECTIONS, WORDS

XML = "application/xml; charset=utf-8"
PAGE_NUMBER = re.compile(r"^(?P<first>/.*?/)page/(?P<number>[0-9]{1,4})/$")
MONTH = re.compile(r"^/calendar/([0-9]{4})/(0[1-9]|1[0-2])/$")
DAY = re.compile(r"^/calendar/([0-9]{4})/(0[1-9]|1[0-2])/([0-3][0-9])/$")

#: Pages without a parameter: path -> how its HTML is made.
PLAIN: dict[str, Callable[[Edition], str]] = {
    "/": listings.home,
    "/login": listings.login,
    "/about/": listings.about,
    "/newsletter": listings.newsletter,
    "/gallery/regatta-2024/": listings.gallery,
    "/private/secret-draft.html": listings.draft,
    "/odd/index.html": odd.index,
    "/faults/index.html": faults_index,
}

#: Lists for machines: path -> (how it is made, content type).
LISTS: dict[str, tuple[Callable[[Edition], str], str]] = {
    "/robots.txt": (feeds.robots, "text/plain; charset=utf-8"),
    "/feed.xml": (feeds.rss, "application/rss+xml; charset=utf-8"),
    "/de/feed.atom": (feeds.atom, "application/atom+xml; charset=utf-8"),
    "/culture/feed.xml": (feeds.malformed_rss, "application/rss+xml; charset=utf-8"),
    "/news-sitemap.xml": (feeds.news_sitemap, XML),
    "/sitemap_index.xml": (feeds.sitemap_index, XML),
}


def normal(path: str) -> str:
    """Return one spelling for equivalent paths: percent-encoding and dot segments (RFC 3986, 6.2.2 and 5.2.4)."""
    steps: list[str] = []
    for step in unquote(path).split("/"):
        if step == "..":
            steps = steps[:-1] or [""]
        elif step != ".":
            steps.append(step)
    return quote("/".join(steps))


def article_html(edition: Edition, article: Article) -> str:
    """Return an article's page in the design of its day."""
    design = old_design if article.design == "old" else new_design
    return design.article_page(edition, article)


def _article(edition: Edition, article: Article) -> Page:
    # A live blog grows while it is read, so it goes out in chunks as such pages do.
    return Page(article_html(edition, article).encode(), last_modified=article.changed, chunked=article.kind == "live")


def _listing(edition: Edition, path: str) -> Page | None:
    turned = PAGE_NUMBER.match(path)
    first, number = (turned["first"], int(turned["number"])) if turned else (path, 1)
    named = re.match(r"^/(tag|author)/([^/]+)/$", first)
    language = first.strip("/")
    if named:
        found = (edition.tags() if named[1] == "tag" else edition.authors()).get(unquote(named[2]), [])
    elif language in WORDS and language != "en":
        found = edition.in_language(language)
    else:
        keys = [key for key in edition.sections() if section_path(*key) == first]
        found = edition.in_section(*keys[0]) if keys else []
    if not found or not 1 <= number <= listings.pages_of(found):
        return None
    if named and named[1] == "author":
        name = next(
            n for a in found for n in a.authors if n.lower().replace(".", "").split() == unquote(named[2]).split("-")
        )
        return Page(listings.author(edition, name, found, first, number).encode(), chunked=True)
    heading = f"#{unquote(named[2])}" if named else SECTIONS.get(first.strip("/").split("/")[-1], "The Harbour Gazette")
    return Page(listings.listing(edition, found[0].language, heading, found, first, number).encode(), chunked=True)


def _calendar(edition: Edition, path: str) -> Page | None:
    try:
        if month := MONTH.match(path):
            return Page(listings.calendar_month(edition, int(month[1]), int(month[2])).encode())
        if day := DAY.match(path):
            return Page(listings.calendar_day(edition, date(*map(int, day.groups()))).encode())
    except (ValueError, OverflowError):  # year 0, 31 February, the end of time
        return None
    return None


def _list_for_machines(edition: Edition, path: str) -> Page | None:
    newest = max(a.changed for a in edition.articles)
    if path in LISTS:
        make, content_type = LISTS[path]
        return Page(make(edition).encode(), content_type, last_modified=NOON if path == "/robots.txt" else newest)
    if articles := feeds.sitemaps(edition).get(path):
        zipped = path.endswith(".gz")
        return Page(
            feeds.sitemap(articles).encode(),
            "application/gzip" if zipped else XML,
            gzip_file=zipped,
            compress=not zipped,
            last_modified=max(a.changed for a in articles),
        )
    return None


def page_at(edition: Edition, target: str, other_base: str) -> Page:
    """Return the answer to GET `target` (path and query); `other_base` is the paper's address under its other name."""
    raw_path, _, query = target.partition("?")
    path = normal(raw_path)
    if article := edition.by_path.get(path):
        return _article(edition, article)
    if path.startswith("/amp/") and (article := edition.by_path.get(path.removeprefix("/amp"))):
        return (
            Page(new_design.amp_page(article).encode(), last_modified=article.changed)
            if new_design.has_amp(article)
            else not_found()
        )
    if path in PLAIN:
        return Page(PLAIN[path](edition).encode(), chunked=path == "/")
    if path in odd.ODDITIES:
        return odd.ODDITIES[path].page
    if path in odd.REDIRECTS:
        return moved(*odd.REDIRECTS[path])
    if path == "/elsewhere":
        return odd.elsewhere("/about/", other_base)
    if path == "/search":
        return Page(listings.search(edition, parse_qs(query).get("q", [""])[0]).encode())
    if path == "/static/harbour.png":
        return Page(odd.png(), "image/png", compress=False, last_modified=NOON)
    return _list_for_machines(edition, path) or _calendar(edition, path) or _listing(edition, path) or not_found()
