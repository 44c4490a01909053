"""Find when an article was published and last modified: declared, printed, in the URL, then by a search of the text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from pipelines.extraction.fields import date_parser, precedence
from pipelines.extraction.fields.candidates import FieldClaim, claims, first_usable
from pipelines.extraction.page.declared import DeclaredMetadata, class_and_id, element_text

DateInText = Callable[[DeclaredMetadata], str | None]

DATED_TAGS = frozenset(("time", "span", "div", "p", "li", "abbr", "small", "em", "a"))
# Class names of elements that show a date; "update" and "validated" do not match.
DATE_CLASS = re.compile(
    r"(?:^|[\s_-])(?:date|datum|fecha|data|datetime|timestamp|time|published|publish|posted|pub-?date|datePublished"
    r"|(?:entry|post|article|publish|published|publication|created?|release|story|news|blog)[-_]?(?:date|time|datum|on))"
    r"(?:[-_](?:single|display|text|published|publish|created?|posted|time|date|line))?(?=[\s_-]|$)",
    re.IGNORECASE,
)
CHANGE_WORD = re.compile(
    r"updat|modif|(?<!ex)chang|aktualis|geändert|mis à jour|actualiz|aggiorn|atualiz|bijgewerkt|oppdater|uppdater"
    r"|opdater|päivit|zaktualiz|обновл|оновл|更新|güncelle",
    re.IGNORECASE,
)
URL_DAY = re.compile(
    r"/((?:19|20)\d\d)[/-](\d{1,2})[/-](\d{1,2})(?=[/_.-]|$)|/((?:19|20)\d\d)(0[1-9]|1[0-2])([0-3]\d)(?=[/_.-]|$)"
)
MAX_PRINTED_DATES = 12  # elements in which a printed date is looked for
MAX_ELEMENT_CHARS = 400  # of such an element that are read


def published(page: DeclaredMetadata, date_in_text: DateInText | None) -> Iterator[FieldClaim]:
    """Yield the claims about the date of publication. A search of the text costs most and comes late."""
    yield from _in_own_zone(page, [*claims(page, precedence.PUBLISHED_DECLARED, read, REFUSED)])
    yield from claims(page, precedence.PUBLISHED_DATE, read, REFUSED)
    yield from printed(page)
    yield from in_url(page)
    if page.is_article:
        yield from claims(page, precedence.PUBLISHED_GENERIC, read, REFUSED)
    if date_in_text and (raw := date_in_text(page)):
        alone = raw.endswith("-01-01")
        value = None if alone else read(raw, page)
        yield FieldClaim("htmldate", raw, value, precedence.PUBLISHED_HTMLDATE, ONLY_A_YEAR if alone else REFUSED)
    if not page.is_article:
        yield from claims(page, precedence.PUBLISHED_GENERIC, read, REFUSED)
    yield from claims(page, precedence.PUBLISHED_FEED, read, REFUSED)


def _in_own_zone(page: DeclaredMetadata, declared: list[FieldClaim]) -> Iterator[FieldClaim]:
    """Yield `declared`; if the first is in UTC, yield before it a claim of the same moment in the page's own zone."""
    winner = first_usable(declared)
    if winner and winner.value.endswith(UTC_OFFSET):
        moment = datetime.fromisoformat(winner.value)
        for claim in (
            *declared,
            *claims(page, precedence.PUBLISHED_DATE, read, REFUSED),
            *claims(page, precedence.PUBLISHED_GENERIC, read, REFUSED),
        ):
            value = claim.value or ""
            if (
                ENDS_IN_ZONE.search(value)
                and not value.endswith(UTC_OFFSET)
                and datetime.fromisoformat(value) == moment
            ):
                yield replace(claim, why=WHY_OWN_ZONE)
                break
    yield from declared


UTC_OFFSET = "+00:00"
ENDS_IN_ZONE = re.compile(r"T.*[+-]\d\d:\d\d$")
WHY_OWN_ZONE = "the moment that is also declared in UTC, here in the page's own time zone"


def modified(page: DeclaredMetadata) -> Iterator[FieldClaim]:
    """Yield the claims about the date of the last change."""
    yield from claims(page, precedence.MODIFIED, read, REFUSED)
    for element in page.marks.dates[: 5 * MAX_PRINTED_DATES]:
        line = element_text(element, MAX_ELEMENT_CHARS) or ""
        changed = CHANGE_WORD.search(line) or (
            element.tag == "time" and CHANGE_WORD.search((element.get("class") or "")[:300])
        )
        if changed and not page.elsewhere(element) and not _in_link(element):
            stamp = element.get("datetime") or ""
            if value := _date(stamp, line, page):
                yield FieldClaim("time", stamp or line, value, precedence.PUBLISHED_PRINTED, REFUSED)
                return


ONLY_A_YEAR = "1 January stands for a year without a day, most often that of a copyright line"
REFUSED = "no date, or an impossible one"


def short_source(source: str) -> str:
    """Return the kind of a source: json-ld, meta, microdata, time, url, htmldate or feed."""
    kind = source.rpartition(" ")[0]
    return "json-ld" if kind == "json-ld page" else kind or source


def read(raw: str, page: DeclaredMetadata) -> str | None:
    """Return the date in `raw` if the page can have it."""
    return _date(raw, raw, page)


def _date(stamp: str, line: str, page: DeclaredMetadata) -> str | None:
    """Return the date of an element: `stamp` is for machines, `line` for readers."""
    language = locale(page)
    return date_parser.parse(stamp, page.captured, language) or date_parser.parse_printed(line, page.captured, language)


def locale(page: DeclaredMetadata) -> str | None:
    """Return the locale of the page from <html lang>, else from og:locale."""
    return page.root_attribute("lang") or next(iter(page.metas.get("og:locale", ())), None)


def printed(page: DeclaredMetadata) -> Iterator[FieldClaim]:
    """Yield the first date of the article itself in elements made or named for dates; dates of changes are left out."""
    looked = 0
    for element in page.marks.dates:
        classes = (element.get("class") or "")[:300]
        if element.tag not in DATED_TAGS or (element.tag != "time" and not DATE_CLASS.search(classes)):
            continue
        if page.elsewhere(element) or _in_link(element) or _is_in_site_header(element):
            continue
        looked += 1
        if looked > MAX_PRINTED_DATES:
            return
        line = element_text(element, MAX_ELEMENT_CHARS) or ""
        if _is_change_date(element, classes, line):
            continue
        stamp = element.get("datetime") or element.get("content") or ""
        if value := _date(stamp, line, page):
            yield FieldClaim("time", stamp or line, value, precedence.PUBLISHED_PRINTED, REFUSED)
            return


def _is_change_date(element: Any, classes: str, line: str) -> bool:
    """Return whether a date is that of a change, by its words, or by the names of its element and the one around."""
    parent = element.getparent()
    around = class_and_id(parent) if parent is not None and parent.tag not in ("body", "article", "main") else ""
    names = classes if "publi" in classes else f"{classes} {around}"
    return bool(CHANGE_WORD.search(line)) or (bool(CHANGE_WORD.search(names)) and "published" not in classes)


def _is_in_site_header(element: Any) -> bool:
    """Return whether the element is in the header of the site, where papers print today's date."""
    for up in element.iterancestors():
        if up.tag in ("article", "main"):
            return False
        if up.tag == "header" or (up.tag == "div" and SITE_HEADER.search(class_and_id(up))):
            return up.find(".//h1") is None and up.find(".//h2") is None
    return False


SITE_HEADER = re.compile(
    r"(?:^|\s)(?:site-?|page-?|top-?|main-?|global-?)?(?:header|top-?bar|masthead|nav(?:bar)?)(?=\s|$)", re.IGNORECASE
)


def _in_link(element: Any) -> bool:
    """Return whether the date is in a link to another story. Blogs link the date of a post to the post itself."""
    link = next((up for up in element.iterancestors("a")), None)
    return link is not None and bool((link.get("href") or "").strip("#")) and "bookmark" not in (link.get("rel") or "")


def in_url(page: DeclaredMetadata) -> Iterator[FieldClaim]:
    """Yield the day in the URL of the page, /2024/05/06/."""
    for address in (page.url, page.canonical or ""):
        if found := URL_DAY.search(address):
            day = "-".join(part.zfill(2) for part in found.groups() if part)
            yield FieldClaim("url", found[0], date_parser.parse(day, page.captured), precedence.PUBLISHED_URL, REFUSED)
