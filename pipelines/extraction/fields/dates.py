"""When it was published and last changed: what is declared, what is printed, what the address says, and the rest."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from pipelines.extraction.fields import date_parser, precedence
from pipelines.extraction.fields.candidates import FieldClaim, claims, first
from pipelines.extraction.page.declared import DeclaredMetadata, named, words_of

DateInText = Callable[[DeclaredMetadata], str | None]

DATED_TAGS = frozenset(("time", "span", "div", "p", "li", "abbr", "small", "em", "a"))
# Class names of what shows a date; "update" and "validated" are none of them.
DATED = re.compile(
    r"(?:^|[\s_-])(?:date|datum|fecha|data|datetime|timestamp|time|published|publish|posted|pub-?date|datePublished"
    r"|(?:entry|post|article|publish|published|publication|created?|release|story|news|blog)[-_]?(?:date|time|datum|on))"
    r"(?:[-_](?:single|display|text|published|publish|created?|posted|time|date|line))?(?=[\s_-]|$)",
    re.IGNORECASE,
)
CHANGED = re.compile(
    r"updat|modif|(?<!ex)chang|aktualis|geändert|mis à jour|actualiz|aggiorn|atualiz|bijgewerkt|oppdater|uppdater"
    r"|opdater|päivit|zaktualiz|обновл|оновл|更新|güncelle",
    re.IGNORECASE,
)
URL_DAY = re.compile(
    r"/((?:19|20)\d\d)[/-](\d{1,2})[/-](\d{1,2})(?=[/_.-]|$)|/((?:19|20)\d\d)(0[1-9]|1[0-2])([0-3]\d)(?=[/_.-]|$)"
)
MOST = 12  # places that are looked at for a printed date

SHORT = {"json-ld": "json-ld", "json-ld page": "json-ld", "meta": "meta", "microdata": "microdata", "feed": "feed"}


def published(page: DeclaredMetadata, date_in_text: DateInText | None) -> Iterator[FieldClaim]:
    """The claims to the day of publication. A search of the text costs more than all before it and comes late."""
    yield from _in_own_zone(page, [*claims(page, precedence.PUBLISHED_DECLARED, read, REFUSED)])
    yield from claims(page, precedence.PUBLISHED_DATE, read, REFUSED)
    yield from printed(page)
    yield from in_address(page)
    if page.is_article:
        yield from claims(page, precedence.PUBLISHED_GENERIC, read, REFUSED)
    if date_in_text and (raw := date_in_text(page)):
        alone = raw.endswith("-01-01")
        value = None if alone else read(raw, page)
        yield FieldClaim("htmldate", raw, value, precedence.PUBLISHED_HTMLDATE, YEAR_ALONE if alone else REFUSED)
    if not page.is_article:
        yield from claims(page, precedence.PUBLISHED_GENERIC, read, REFUSED)
    yield from claims(page, precedence.PUBLISHED_FEED, read, REFUSED)


def _in_own_zone(page: DeclaredMetadata, declared: list[FieldClaim]) -> Iterator[FieldClaim]:
    """`declared`; before it, where the first is in UTC, a claim to the same moment in the zone the page lives in."""
    winner = first(declared)
    if winner and winner.value.endswith(UTC):
        moment = datetime.fromisoformat(winner.value)
        for claim in (
            *declared,
            *claims(page, precedence.PUBLISHED_DATE, read, REFUSED),
            *claims(page, precedence.PUBLISHED_GENERIC, read, REFUSED),
        ):
            value = claim.value or ""
            if ZONED.search(value) and not value.endswith(UTC) and datetime.fromisoformat(value) == moment:
                yield replace(claim, why=OWN_ZONE)
                break
    yield from declared


UTC = "+00:00"
ZONED = re.compile(r"T.*[+-]\d\d:\d\d$")
OWN_ZONE = "the moment that is declared in UTC as well, in the page's own time zone"


def modified(page: DeclaredMetadata) -> Iterator[FieldClaim]:
    """The claims to the day of the last change that the page admits."""
    yield from claims(page, precedence.MODIFIED, read, REFUSED)
    for element in page.marks.dates[: 5 * MOST]:
        line = words_of(element, 400) or ""
        changed = CHANGED.search(line) or (element.tag == "time" and CHANGED.search((element.get("class") or "")[:300]))
        if changed and not page.elsewhere(element) and not _in_link(element):
            stamp = element.get("datetime") or ""
            if value := date_parser.parse(stamp, page.seen, locale(page)) or date_parser.printed(
                line, page.seen, locale(page)
            ):
                yield FieldClaim("time", stamp or line, value, precedence.PUBLISHED_PRINTED, REFUSED)
                return


YEAR_ALONE = "the first of January stands for a year without a day, most often that of a copyright line"
REFUSED = "no date, or an impossible one"


def short(source: str) -> str:
    """json-ld, meta, microdata, time, url, htmldate or feed."""
    kind = source.rpartition(" ")[0]
    return SHORT.get(kind, kind or source)


def read(raw: str, page: DeclaredMetadata) -> str | None:
    """The date of `raw`, if the page can have it."""
    return date_parser.parse(raw, page.seen, locale(page)) or date_parser.printed(raw, page.seen, locale(page))


def locale(page: DeclaredMetadata) -> str | None:
    """The page's locale, as <html lang> has it."""
    return page.root_attribute("lang") or next(iter(page.metas.get("og:locale", ())), None)


def printed(page: DeclaredMetadata) -> Iterator[FieldClaim]:
    """Dates in elements that are made or named for them: the first of the article's own, changes left out."""
    looked = 0
    for element in page.marks.dates:
        classes = (element.get("class") or "")[:300]
        if element.tag not in DATED_TAGS or (element.tag != "time" and not DATED.search(classes)):
            continue
        if page.elsewhere(element) or _in_link(element) or _of_the_site(element):
            continue
        looked += 1
        if looked > MOST:
            return
        line = words_of(element, 400) or ""
        if _of_a_change(element, classes, line):
            continue
        stamp = element.get("datetime") or element.get("content") or ""
        value = date_parser.parse(stamp, page.seen, locale(page)) or date_parser.printed(line, page.seen, locale(page))
        if value:
            yield FieldClaim("time", stamp or line, value, precedence.PUBLISHED_PRINTED, REFUSED)
            return


def _of_a_change(element: Any, classes: str, line: str) -> bool:
    """Does a date say when the article was changed? By its words, or by its own or its parent's name."""
    parent = element.getparent()
    around = named(parent) if parent is not None and parent.tag not in ("body", "article", "main") else ""
    names = classes if "publi" in classes else f"{classes} {around}"
    return bool(CHANGED.search(line)) or (bool(CHANGED.search(names)) and "published" not in classes)


def _of_the_site(element: Any) -> bool:
    """Does the element stand in the page's own header, where papers print today's date?"""
    for up in element.iterancestors():
        if up.tag in ("article", "main"):
            return False
        if up.tag == "header" or (up.tag == "div" and SITE_HEADER.search(named(up))):
            return up.find(".//h1") is None and up.find(".//h2") is None
    return False


SITE_HEADER = re.compile(
    r"(?:^|\s)(?:site-?|page-?|top-?|main-?|global-?)?(?:header|top-?bar|masthead|nav(?:bar)?)(?=\s|$)", re.IGNORECASE
)


def _in_link(element: Any) -> bool:
    """Does the date stand in a link to another story? Blogs link the date of a post to the post."""
    link = next((up for up in element.iterancestors("a")), None)
    return link is not None and bool((link.get("href") or "").strip("#")) and "bookmark" not in (link.get("rel") or "")


def in_address(page: DeclaredMetadata) -> Iterator[FieldClaim]:
    """The day in the page's address, /2024/05/06/."""
    for address in (page.url, page.canonical or ""):
        if found := URL_DAY.search(address):
            day = "-".join(part.zfill(2) for part in found.groups() if part)
            yield FieldClaim("url", found[0], date_parser.parse(day, page.seen), precedence.PUBLISHED_URL, REFUSED)
