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
from pipelines.extraction.fields.printed_dates import PrintedDate, page_locale
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
SCRIPT_DAY = re.compile(
    r'"(?:date_?|first[_-]?|original(?:ly)?[_-]?)?(?:published?|publication)[_-]?(?:at|date|on|time)?\\?["\']\s*:\s*\\?["\']'
    r"((?:19|20)\d\d-\d\d-\d\d)(?=[T\s\\\"'])",
    re.IGNORECASE,
)
WORD = re.compile(r"[^\W\d_]+")
LINKS = XPath("//body//a[@href]")


def likely_days(page: DeclaredMetadata, printed: list[PrintedDate]) -> frozenset[str]:
    """Return the days that a search of the text may find. `printed`: the dates around the headline."""
    days = {one.day for one in printed if one.label == UNSURE}
    days |= _declared_in_scripts(page)
    if not printed:
        days |= _only_day(page)
        days |= {day for card in _own_cards(page) if (day := _day_of_card(page, card))}
    return frozenset(days)


def _declared_in_scripts(page: DeclaredMetadata) -> set[str]:
    """Return the day of publication that the data in scripts have, if they have one only."""
    days: set[str] = set()
    left = MAX_SCRIPT_CHARS
    for script in SCRIPTS(page.tree):
        days.update(found[1] for found in SCRIPT_DAY.finditer(script[:left]))
        left -= len(script)
        if len(days) > 1 or left <= 0:
            return set()
    return days


def _only_day(page: DeclaredMetadata) -> set[str]:
    """Return the only day that the page prints, if it stands after the headline in a line with few other words."""
    locale = page_locale(page)
    titles = _titles(page)
    days: set[str] = set()
    below = False
    body = page.tree.find(".//body")
    for line in PageWalker(page, MAX_ELEMENTS).lines(() if body is None else body):
        below = below or _is_title(jsonld.same_words(line.text), titles)
        for found in date_parser.printed_days(line.text, locale, short=True):
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
        if day := date_parser.parse_printed(" ".join(text.split())[:150], page.captured, page_locale(page)):
            return day
    return None
