"""Find the days on which a page may have been published although nothing at its headline says so.

They are the fence of the search of the text, which is asked last: what it finds counts only if it is one of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from lxml.etree import XPath

from pipelines.extraction.fields import date_parser
from pipelines.extraction.fields.dated_lines import PageWalker
from pipelines.extraction.fields.printed_dates import PrintedDate
from pipelines.extraction.languages.date_labels import UNSURE, labels_in
from pipelines.extraction.page import jsonld
from pipelines.extraction.page.declared import DeclaredMetadata, absolute

MAX_ELEMENTS = 6_000  # that are walked
MAX_SCRIPT_CHARS = 2_000_000  # that are searched
MAX_WORDS_BESIDE = 4  # beside the only day of the page
CARD_LEVELS = 4  # around a link to the page itself
MAX_CARD_CHARS = 500
MIN_TITLE_CHARS = 12

SCRIPTS = XPath('//script[not(@src) and not(contains(@type, "ld+json"))]/text()')
# A key and its value, in JSON (also inside a string) or in a script: "publishedAt": "2024-05-06", pubDate: "..."
SCRIPT_DAY = re.compile(
    # Its first letter is not in (?i:): `re` finds the next place with one of a few characters much faster.
    r"([PpCcDd](?i:(?<=p)(?:ublish(?:ed)?|ublication|ub|ost)|(?<=c)reated|(?<=d)isplay))"
    r"(?i:[_-]?(?:at|date|on|time|datetime)?(?:[_-]?(?:utc|iso|gmt))?)"
    r"\\?[\"']?\s?[:=]\s?(?:\\?[\"']([^\"'\\]{8,40})|(\d{10}(?:\d{3})?)(?!\d))"
)
KEY_BEFORE = re.compile(r"[\w-]*$")
OTHER_KEY = re.compile(r"last|latest|un$|re$|updat|modif|next|schedul|comment|user|account|build", re.IGNORECASE)
WEAK_KEYS = ("created", "post", "display")  # they count only beside the title
MAX_SCRIPT_DAYS = 200
MAX_OBJECT_CHARS = 40_000  # of an object of JSON in which the title is looked for
WORD = re.compile(r"[^\W\d_]+")
LINKS = XPath("//body//a[@href]")


def likely_days(page: DeclaredMetadata, printed: list[PrintedDate]) -> frozenset[str]:
    """Return the days that a search of the text may find. `printed`: the dates around the headline."""
    days = {one.day for one in printed if one.label == UNSURE}
    if not printed:
        days |= _only_day(page)
        days |= {day for card in _own_cards(page) if (day := _day_of_card(page, card))}
    return frozenset(days)


def days_in_scripts(page: DeclaredMetadata) -> Iterator[tuple[str, str]]:
    """Yield (raw, ISO 8601) of the date of publication that the data in scripts have.

    An object with the title of the page or the end of its address comes first; without one, all must name one day.
    """
    own: dict[str, tuple[str, str]] = {}
    others: dict[str, tuple[str, str]] = {}
    names = _names(page)
    left = MAX_SCRIPT_CHARS
    for script in SCRIPTS(page.tree):
        for found in islice(SCRIPT_DAY.finditer(script[:left]), MAX_SCRIPT_DAYS):
            before = KEY_BEFORE.search(script, max(0, found.start() - 40), found.start())
            if before and OTHER_KEY.search(before[0]):
                continue
            raw = found[2] or found[3]
            value = date_parser.parse(raw, page.captured, date_parser.page_locale(page, raw))
            if value is None:
                continue
            if _is_beside(names, script, found.start()):
                own.setdefault(value[:10], (raw, value))
            elif found[1].lower() not in WEAK_KEYS:
                others.setdefault(value[:10], (raw, value))
        left -= len(script)
        if left <= 0:
            break
    days = own or others
    if len(days) == 1:
        yield from days.values()


def _names(page: DeclaredMetadata) -> list[str]:
    """Return how an object with the data of the article may be known: by its titles, by the end of its address."""
    slug = page.url.rstrip("/").rpartition("/")[2].partition("?")[0].partition(".")[0]
    titles = [page.page_title, *page.headlines, *page.metas.get("og:title", ())]
    names = [slug] if slug.count("-") >= 2 else []
    return names + [title[:MAX_NAME_CHARS] for title in titles if len(title) >= MIN_TITLE_CHARS]


MAX_NAME_CHARS = 30  # of a title; what follows may be escaped otherwise


def _is_beside(names: list[str], script: str, at: int) -> bool:
    """Return whether the object of JSON around a place names the article."""
    low, high = max(0, at - MAX_OBJECT_CHARS), at + MAX_OBJECT_CHARS
    if not any(script.find(name, low, high) >= 0 for name in names):
        return False
    start = _end_of_object(reversed(script[low:at]), "}", "{")
    stop = _end_of_object(iter(script[at:high]), "{", "}")
    inside = script[at - start : at + stop]
    return any(name in inside for name in names)


def _end_of_object(characters: Iterator[str], opens: str, closes: str) -> int:
    """Return how many characters there are to the bracket that closes."""
    depth = at = 0
    for at, character in enumerate(characters):  # noqa: B007 the last one counts
        if character == opens:
            depth += 1
        elif character == closes:
            depth -= 1
            if depth < 0:
                break
    return at


def _only_day(page: DeclaredMetadata) -> set[str]:
    """Return the only day that the page prints, if it stands after the headline in a line with few other words."""
    titles = _titles(page)
    days: set[str] = set()
    below = False
    body = page.tree.find(".//body")
    for line in PageWalker(page, MAX_ELEMENTS).lines(() if body is None else body):
        below = below or _is_title(jsonld.same_words(line.text), titles)
        for found in date_parser.printed_days(line.text, date_parser.page_locale(page, line.text), short=True):
            days.add(found.day.isoformat())
            beside = len(WORD.findall(line.text[: found.start] + line.text[found.end :]))
            linked = any(start <= found.start < end for start, end, _ in line.links)
            sentence = beside > 0 and line.text.endswith((".", "!", "?"))
            if len(days) > 1 or not below or beside > MAX_WORDS_BESIDE or linked or sentence or labels_in(line.text):
                return set()
    return days


def _titles(page: DeclaredMetadata) -> list[str]:
    return [words for title in (page.page_title, *page.headlines) if (words := jsonld.same_words(title))]


def _is_title(words: str, titles: list[str]) -> bool:
    """Return whether words are a title of the page or a part of it, or contain it."""
    return len(words) >= MIN_TITLE_CHARS and any(words in title or title in words for title in titles)


def _own_cards(page: DeclaredMetadata) -> Iterator[Any]:
    """Yield links to the page itself that carry its title, as lists of the latest stories have them."""
    own = {jsonld.same_address(page.url), jsonld.same_address(page.canonical)} - {"-", ""}
    titles = _titles(page)
    for link in islice(LINKS(page.tree), 2_000):
        href = link.get("href").strip()
        if "#" in href or "?" in href or jsonld.same_address(absolute(href, page)) not in own:
            continue
        if _is_title(jsonld.same_words(link.text_content()[:MAX_CARD_CHARS]), titles):
            yield link


def _day_of_card(page: DeclaredMetadata, link: Any) -> str | None:
    """Return the day beside a link, if no other link is beside it."""
    for up in islice((link, *link.iterancestors()), CARD_LEVELS):
        text = up.text_content()
        if len(text) > MAX_CARD_CHARS * 4 or any(below is not link for below in up.iter("a")):
            return None
        line = " ".join(text.split())[:150]
        if day := date_parser.parse_printed(line, page.captured, date_parser.page_locale(page, line)):
            return day
    return None
