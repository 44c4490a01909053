"""Make pages that list or surround articles and are no articles: home, sections, tags, authors, login, search,
calendar."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from urllib.parse import quote

from .article import Article
from .edition import BASE, PER_PAGE, Edition, section_path
from .markup import text
from .new_design import frame
from .words import SECTIONS, WORDS, day_in_words


def _teasers(articles: list[Article]) -> str:
    out = []
    for a in articles:
        standfirst = f"<p>{text(a.subtitle)}</p>" if a.subtitle else ""
        day = f"<time>{day_in_words(a.published, a.language)}</time>"
        out.append(f'<li class="teaser"><h3><a href="{a.path}">{text(a.title)}</a></h3>{standfirst}{day}</li>')
    return "\n".join(out)


def _same_article_spelled_otherwise(edition: Edition) -> str:
    """Return links to one article in the spellings that occur in the wild: all are the same page."""
    newest = next((a for a in edition.in_language("en") if a.kind == "article"), None)
    if not newest:
        return ""
    path = newest.path
    encoded = f"/%{ord(path[1]):02x}{path[2:]}"  # RFC 3986 6.2.2.2: an encoded letter is that letter
    spellings = (
        f"{path}?utm_source=feed&amp;utm_medium=rss",
        f"{path}#comments",
        f"{path}?fbclid=IwAR0harbour",
        BASE.replace("http://", "HTTP://") + path,
        encoded,
        f"/culture/..{path}",
    )
    return "\n".join(f'<li><a href="{href}">{text(newest.title)}</a></li>' for href in spellings)


def home(edition: Edition) -> str:
    """Return the front page: the newest of every section, and every link that a crawler must decide about."""
    parts = []
    for language, section in edition.sections():
        articles = edition.in_section(language, section)[:3]
        parts.append(
            f'<section><h2><a href="{section_path(language, section)}">{SECTIONS[section]}</a></h2>\n'
            f"<ul>\n{_teasers(articles)}\n</ul></section>"
        )
    faults = '<li><a href="/faults/index.html">Faults</a></li>\n' if edition.faults else ""
    parts.append(
        "<section><h2>Everyone is talking "
        f"about</h2>\n<ul>\n{_same_article_spelled_otherwise(edition)}\n</ul></section>\n"
        '<section><h2>Service</h2>\n<ul>\n<li><a href="/calendar/2026/11/">Events calendar</a></li>\n'
        '<li><a href="/gallery/regatta-2024/">Pictures: the regatta</a></li>\n'
        '<li><a href="/private/secret-draft.html">Newsroom</a></li>\n<li><a '
        'href="/search?q=harbour">Search</a></li>\n'
        f'<li><a href="/login">Log in</a></li>\n{faults}</ul></section>\n'
    )
    return frame(edition, "en", "The Harbour Gazette", "\n".join(parts))


def pages_of(articles: list[Article]) -> int:
    """Return how many listing pages so many articles fill."""
    return max(1, -(-len(articles) // PER_PAGE))


def listing(edition: Edition, language: str, heading: str, articles: list[Article], first: str, number: int) -> str:
    """Return one page of a paginated list; `first` is the path of page 1, `number` counts from 1."""
    words = WORDS[language]
    shown = articles[(number - 1) * PER_PAGE : number * PER_PAGE]
    turns = []
    if number > 1:
        newer = first if number == 2 else f"{first}page/{number - 1}/"
        turns.append(f'<a rel="prev" href="{newer}">{words.newer}</a>')
    if number < pages_of(articles):
        turns.append(f'<a rel="next" href="{first}page/{number + 1}/">{words.older}</a>')
    main = f'<h1>{text(heading)}</h1>\n<ul>\n{_teasers(shown)}\n</ul>\n<nav class="pages">{" ".join(turns)}</nav>\n'
    return frame(edition, language, f"{heading} – The Harbour Gazette", main)


def author(edition: Edition, name: str, articles: list[Article], first: str, number: int) -> str:
    """Return an author's page: the bio, where there is one, and the articles."""
    bio = next((a.bio for a in articles if a.bio and len(a.authors) == 1), "")
    page = listing(edition, articles[0].language, name, articles, first, number)
    return page.replace("</h1>\n", f"</h1>\n<p>{text(bio)}</p>\n", 1) if bio else page


def login(edition: Edition) -> str:
    """Return a form with nothing to read."""
    return frame(
        edition,
        "en",
        "Log in – The Harbour Gazette",
        (
            '<h1>Log in</h1>\n<form action="/login" method="post"><input name="user"><input '
            'name="password" type="password">'
            '<button>Log in</button></form>\n<p><a href="/login?forgotten=1">Forgotten your '
            "password?</a></p>\n"
        ),
    )


def search(edition: Edition, query: str) -> str:
    """Return results of the paper's own search, with the endless refinements of such pages. robots.txt disallows it."""
    found = [a for a in edition.articles if query and query.lower() in a.title.lower()]
    more = quote(f"{query} {len(found)}")
    return frame(
        edition,
        "en",
        "Search – The Harbour Gazette",
        (
            f"<h1>Search</h1>\n<p>{len(found)} results for "
            f"“{text(query)}”</p>\n<ul>\n{_teasers(found[:PER_PAGE])}\n</ul>\n"
            f'<p><a href="/search?q={more}">Refine your search</a></p>\n'
        ),
    )


def about(edition: Edition) -> str:
    """Return a page about the paper: prose, but no article."""
    return frame(
        edition,
        "en",
        "About us – The Harbour Gazette",
        (
            "<h1>About us</h1>\n<p>The Harbour Gazette has been printed in Port Selby since 1887 and is "
            "owned by its readers.</p>\n"
            "<p>Write to the editor at editor@gazette.example, or come by: Customs House, Quay Street "
            "3.</p>\n"
        ),
    )


def newsletter(edition: Edition) -> str:
    """Return the sign-up page that every article points to."""
    return frame(
        edition,
        "en",
        "Newsletter – The Harbour Gazette",
        (
            "<h1>Newsletter</h1>\n<p>One letter each morning, before the first ferry.</p>\n"
            '<form method="post"><input type="email" name="email"><button>Sign up</button></form>\n'
        ),
    )


def calendar_month(edition: Edition, year: int, month: int) -> str:
    """Return a month of events: links to the next and the previous month and to each day. It is an endless trap."""
    before = (year - (month == 1), 12 if month == 1 else month - 1)
    after = (year + (month == 12), 1 if month == 12 else month + 1)
    days = "\n".join(
        f'<td><a href="/calendar/{year:04}/{month:02}/{day:02}/">{day}</a></td>'
        for day in range(1, calendar.monthrange(year, month)[1] + 1)
    )
    return frame(
        edition,
        "en",
        f"Events in {year:04}-{month:02}",
        (
            f"<h1>Events {year:04}-{month:02}</h1>\n<table><tr>\n{days}\n</tr></table>\n"
            f'<a rel="prev" href="/calendar/{before[0]:04}/{before[1]:02}/">Previous month</a>\n'
            f'<a rel="next" href="/calendar/{after[0]:04}/{after[1]:02}/">Next month</a>\n'
        ),
    )


def calendar_day(edition: Edition, day: date) -> str:
    """Return a day without events."""
    before, after = day - timedelta(days=1), day + timedelta(days=1)
    return frame(
        edition,
        "en",
        f"Events on {day}",
        (
            f"<h1>Events on {day}</h1>\n<p>There are no events on this day.</p>\n"
            f'<a href="/calendar/{before:%Y/%m/%d}/">Previous day</a> <a '
            f'href="/calendar/{after:%Y/%m/%d}/">Next day</a>\n'
            f'<a href="/calendar/{day:%Y/%m}/">Month</a>\n'
        ),
    )


def gallery(edition: Edition) -> str:
    """Return pictures with hardly a word: nothing to read."""
    shots = "\n".join(
        f'<figure><img src="/static/harbour.png?n={n}" alt=""><figcaption>{n}/12</figcaption></figure>'
        for n in range(1, 13)
    )
    return frame(edition, "en", "In pictures: the regatta 2024", f"<h1>In pictures: the regatta 2024</h1>\n{shots}\n")


def draft(edition: Edition) -> str:
    """Return a page that robots.txt disallows, though the home page links to it."""
    return frame(
        edition,
        "en",
        "Secret draft",
        (
            "<h1>Secret draft</h1>\n<p>This page is disallowed by robots.txt: a crawler that reads it has "
            "no manners.</p>\n"
        ),
    )
