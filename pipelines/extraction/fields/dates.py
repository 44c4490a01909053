"""Decide when an article was published and last modified: declared, printed, in the URL, then found in the text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from itertools import islice
from typing import Any, NamedTuple

from pipelines.extraction.fields import date_parser, precedence, printed_dates
from pipelines.extraction.fields.candidates import FieldClaim, claims, first_usable
from pipelines.extraction.fields.dated_lines import CHANGE_NAME, MAX_LINE_CHARS, PageWalker
from pipelines.extraction.fields.likely_days import days_in_scripts
from pipelines.extraction.fields.printed_dates import AFTER, BEFORE, INSIDE, LATER, PrintedDate
from pipelines.extraction.fields.site_names import SiteNames, names_of_site
from pipelines.extraction.fields.titles import main_heading
from pipelines.extraction.languages.date_labels import NO_LABEL, PUBLISHED, UPDATED, labels_in
from pipelines.extraction.page import jsonld
from pipelines.extraction.page.declared import DeclaredMetadata, element_text

DateInText = Callable[[DeclaredMetadata], str | None]

_YEAR, _MONTH, _DAY = r"((?:19|20)\d\d)", r"(0[1-9]|1[0-2])", r"([0-2]\d|3[01])"
_END = r"(?:\.\w{2,5}$|/?$)"
URL_DAY = re.compile(
    rf"/{_YEAR}[/_-](\d{{1,2}}|[a-z]{{3,9}})[/_-](\d{{1,2}})(?=[/_.-]|$)"  # /2024/05/06/, /2024/may/06/
    rf"|/t?{_YEAR}{_MONTH}{_DAY}(?=[/_.-]|$)"  # /20240506/, /t20240506_1.html
    rf"|/{_YEAR}/{_MONTH}{_DAY}/|/{_YEAR}-?{_MONTH}/{_DAY}/"  # /2024/0506/, /202405/06/
    rf"|[_-]{_YEAR}-{_MONTH}-{_DAY}(?={_END})|[_-]{_YEAR}{_MONTH}{_DAY}(?={_END})",  # /ferry-2024-05-06.html
    re.IGNORECASE,
)
MAX_LINES_TO_LABEL = 8  # between a date and another that is labelled as that of publication
MAX_MARKED_DATES = 60  # elements in which the date of a change is looked for
MAX_ELEMENT_CHARS = 400  # of such an element that are read


def published(page: DeclaredMetadata, site: SiteNames, date_in_text: DateInText | None) -> Iterator[FieldClaim]:
    """Yield the claims about the date of publication. A search of the text costs most and comes late."""
    declared = _of_article(page, site, claims(page, precedence.PUBLISHED_DECLARED, read, REFUSED))
    yield from _printed_before(page, site, first_usable(declared))
    yield from _in_own_zone(page, site, declared)
    strong, weak = _by_strength(page, site)
    of_page = _of_article(page, site, claims(page, precedence.PUBLISHED_DATE, read, REFUSED))
    built = first_usable(of_page)
    if strong and built and not _may_be_one(page, built.value, strong[0].day):
        yield from map(_claim, strong)  # the day of the last build gives way
    yield from of_page
    yield from map(_claim, strong)
    yield from in_url(page)
    if page.is_article:
        yield from claims(page, precedence.PUBLISHED_GENERIC, read, REFUSED)
    in_scripts = [FieldClaim("script", raw, day, precedence.PUBLISHED_SCRIPT) for raw, day in days_in_scripts(page)]
    sure = not weak or (bool(in_scripts) and weak[0].label != PUBLISHED)
    yield from in_scripts if sure else ()
    yield from map(_claim, weak)
    if date_in_text and (raw := date_in_text(page)):  # it knows which days count: `likely_days`
        alone = raw.endswith("-01-01")
        value = None if alone else read(raw, page)
        yield FieldClaim("htmldate", raw, value, precedence.PUBLISHED_HTMLDATE, ONLY_A_YEAR if alone else REFUSED)
    if not page.is_article:
        yield from claims(page, precedence.PUBLISHED_GENERIC, read, REFUSED)
    yield from claims(page, precedence.PUBLISHED_FEED, read, REFUSED)
    yield from _in_two_ways(page)


def _in_two_ways(page: DeclaredMetadata) -> Iterator[FieldClaim]:
    """Yield the refused claim of a day labelled as that of publication of which day and month may be exchanged."""
    body = page.tree.find(".//body") if page.locale in AMERICAN_OR_NOT else None
    for line in PageWalker(page, printed_dates.MAX_ELEMENTS).lines(() if body is None else body):
        text = line.text[:MAX_LINE_CHARS]
        labelled = date_parser.TWO_WAYS.search(text) and any(one.name == PUBLISHED for one in labels_in(text))
        if labelled and not date_parser.printed_days(text, date_parser.page_locale(page, text)):
            yield FieldClaim("time", text, None, precedence.PUBLISHED_PRINTED, TWO_WAYS)
            return


AMERICAN_OR_NOT = (None, "", "en")  # locales
TWO_WAYS = "day or month first: the page declares no country that tells"


def _of_article(page: DeclaredMetadata, site: SiteNames, found: Iterable[FieldClaim]) -> list[FieldClaim]:
    """Return declared claims without those of other stories, and 01/11/2023 read as the page prints that day."""
    listed = list(found)
    winner = first_usable(listed)
    if winner is None:
        return listed
    swapped = _other_way_round(winner)
    if swapped:
        days = {one.day for one in printed_on(page, site) if one.label in (PUBLISHED, NO_LABEL)}
        if swapped in days and winner.value[:10] not in days:
            at = listed.index(winner)
            listed[at] = replace(winner, value=swapped, why="the page prints this day")
    if winner.source.startswith("microdata"):
        heading = _headline(page, site)
        around = frozenset(heading.iterancestors()) if heading is not None else frozenset()
        marked = [one for one in page.marks.items if winner.source.split()[1] in one.get("itemprop")[:200].split()]
        own = {
            raw
            for one in marked
            if not printed_dates.is_card(one, around, LINKED_TITLE, "")
            for raw in (one.get("datetime"), one.get("content"), element_text(one))
        }
        against = "beside the title of another story"
        listed = [
            one if one.source != winner.source or one.raw in own else replace(one, value=None, against=against)
            for one in listed
        ]
    return listed


LINKED_TITLE = frozenset(("a",))


def _other_way_round(claim: FieldClaim) -> str | None:
    """Return the day of a claim like "11/01/2023 12:43" with the numbers of month and day exchanged."""
    year, month, day = claim.value[:10].split("-")
    if day > "12" or day == month or not SLASHED.match(claim.raw):
        return None
    return f"{year}-{day}-{month}"


SLASHED = re.compile(r"\d{1,2}[/-]\d{1,2}[/-]\d{4}(?!\d)")


def _printed_before(page: DeclaredMetadata, site: SiteNames, declared: FieldClaim | None) -> Iterator[FieldClaim]:
    """Yield the day that is printed as that of publication, if a later moment is declared for it and for the change."""
    changed = first_usable(claims(page, precedence.MODIFIED, read, REFUSED)) if declared else None
    if declared and changed and changed.value == declared.value and "T" in changed.value:
        labelled = [one for one in printed_on(page, site) if one.label == PUBLISHED]
        day = labelled[0].day if labelled else "9"
        if day < declared.value[:10] and not _may_be_one(page, declared.value, day):
            yield _claim(labelled[0])


def _claim(one: PrintedDate) -> FieldClaim:
    return FieldClaim("time", one.raw, one.value, precedence.PUBLISHED_PRINTED, REFUSED)


def printed_on(page: DeclaredMetadata, site: SiteNames | None = None) -> list[PrintedDate]:
    """Return the dates that the page prints; they are looked for once. `site`: its names, which are no headlines."""
    if page.printed_dates is None:
        page.printed_dates = printed_dates.collect(page, _headline(page, site or names_of_site(page, None, ())))
    return page.printed_dates


def _headline(page: DeclaredMetadata, site: SiteNames) -> Any:
    heading = main_heading(page, site)
    return heading.element if heading else _heading_like_title(page)


def _heading_like_title(page: DeclaredMetadata) -> Any:
    """Return the element of a heading with the words of the title of the page, for a page without a sure headline."""
    titles = [jsonld.same_words(title) for title in (page.page_title, *page.metas.get("og:title", ())[:1])]
    for heading in islice(page.tree.iter("h1", "h2", "h3", "h4"), MAX_HEADINGS):
        words = jsonld.same_words(heading.text_content()[:500])
        if words.count(" ") >= 3 and any(words in title for title in titles) and not _in_link(heading):
            return heading
    return None


MAX_HEADINGS = 50


# Which printed date is that of publication: the first of the first kind that the page has.
STRONG_KINDS = (
    (PUBLISHED, AFTER), (PUBLISHED, INSIDE), (PUBLISHED, BEFORE), (NO_LABEL, AFTER), (NO_LABEL, INSIDE),
)  # fmt: skip
WEAK_KINDS = ((NO_LABEL, BEFORE), (PUBLISHED, LATER), (NO_LABEL, LATER))
UPDATED_KINDS = ((UPDATED, AFTER), (UPDATED, INSIDE), (UPDATED, BEFORE), (UPDATED, LATER))


def first_of(kinds: Sequence[tuple[str, str]], dates: Sequence[PrintedDate]) -> list[PrintedDate]:
    """Return the first date of the first of these kinds (label, place) that there is; none, or one, in a list."""
    for kind in kinds:
        if of_kind := [one for one in dates if (one.label, one.place) == kind]:
            found = of_kind[-1 if kind[1] == BEFORE else 0]  # the nearest to the headline
            earlier = next((one for one in dates if not one.label and one.place == found.place), found)
            far = found.label == PUBLISHED and found.line - earlier.line > MAX_LINES_TO_LABEL
            return [earlier if far else found]  # "Published:" in a list of books is not beside the date of the article
    return []


def weak_kinds(dates: Sequence[PrintedDate]) -> tuple[tuple[str, str], ...]:
    """Return WEAK_KINDS; if the headline has the date of a change alone, later dates are of other stories."""
    return WEAK_KINDS[:2] if first_of(UPDATED_KINDS[:3], dates) else WEAK_KINDS


def decide(dates: Sequence[PrintedDate]) -> tuple[PrintedDate | None, PrintedDate | None]:
    """Return which of the printed dates is that of publication, and which that of the last change."""
    published = first_of(STRONG_KINDS + weak_kinds(dates), dates)
    updated = first_of(UPDATED_KINDS, dates)
    return next(iter(published), None), next(iter(updated), None)


def _by_strength(page: DeclaredMetadata, site: SiteNames) -> tuple[list[PrintedDate], list[PrintedDate]]:
    """Return the printed date of publication in the first list if its place is sure, else in the second."""
    dates = printed_on(page, site)
    strong = first_of(STRONG_KINDS, dates)
    if strong:
        return strong, []
    weak = first_of(weak_kinds(dates), [one for one in dates if not _may_be_clock(page, one)])
    sure = any(one.label == PUBLISHED or (one.place == BEFORE and one.marked) for one in weak)
    return (weak, []) if sure else ([], weak)


def _may_be_clock(page: DeclaredMetadata, one: PrintedDate) -> bool:
    """Return whether a date above the headline is the day of the capture, which many papers print at the top."""
    near = abs(date_parser.as_day(one.day) - page.captured.date()) <= timedelta(days=1)
    return near and one.place == BEFORE and not one.marked and not one.label


def printed(page: DeclaredMetadata) -> Iterator[FieldClaim]:
    """Yield the date of publication that the page prints."""
    published, _ = decide(printed_on(page))
    if published:
        yield _claim(published)


def _in_own_zone(page: DeclaredMetadata, site: SiteNames, declared: list[FieldClaim]) -> Iterator[FieldClaim]:
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
        else:
            local = local_day(page, site, winner.value)
            if local and local.moment:
                yield replace(winner, value=local.moment, why=WHY_PRINTED_ZONE)
    yield from declared


UTC_OFFSET = "+00:00"
ENDS_IN_ZONE = re.compile(r"T.*[+-]\d\d:\d\d$")
WHY_OWN_ZONE = "the moment that is also declared in UTC, here in the page's own time zone"
WHY_PRINTED_ZONE = "declared in UTC; the time that is printed below the headline shows the page's own time zone"


class LocalDay(NamedTuple):
    """Hold the day on which readers of the page saw an article, if that is not the day in UTC."""

    day: str
    moment: str | None  # the declared moment in the zone of the page, if the page prints the time


def local_day(page: DeclaredMetadata, site: SiteNames, value: str) -> LocalDay | None:
    """Return the day before or after that of `value`, a moment in UTC, if the page prints that day and it can be it."""
    if not value.endswith(UTC_OFFSET):
        return None
    moment = datetime.fromisoformat(value)
    near = first_of(STRONG_KINDS + WEAK_KINDS[:2], printed_on(page, site))
    days = [one.day for one in near] + [claim.value for claim in in_url(page) if claim.value]
    if not days or value[:10] in days or not _may_be_one(page, value, days[0]):
        return None
    if not near or near[0].clock is None:
        return LocalDay(days[0], None)
    hour, minute = near[0].clock
    shown = datetime.combine(date.fromisoformat(days[0]), datetime.min.time()).replace(hour=hour, minute=minute)
    minutes = (shown - moment.replace(tzinfo=None, second=0)).total_seconds() / 60
    offset = 15 * round(minutes / 15)
    if abs(minutes - offset) > 1 or not -12 * 60 <= offset <= 14 * 60:
        return None  # another moment is printed
    return LocalDay(days[0], moment.astimezone(timezone(timedelta(minutes=offset))).isoformat())


def _may_be_one(page: DeclaredMetadata, value: str, day: str) -> bool:
    """Return whether a moment may have been this day where the page is read: the zones of its language decide."""
    if value[:10] == day or not value.endswith(UTC_OFFSET):
        return value[:10] == day
    moment = datetime.fromisoformat(value)
    west, east = precedence.ZONES.get((page.locale or "")[:2].lower(), precedence.ANY_ZONE)
    return any((moment + timedelta(hours=hours)).date().isoformat() == day for hours in (west, east))


def published_day(page: DeclaredMetadata, site: SiteNames, value: str) -> str:
    """Return the day of publication as readers of the page saw it."""
    local = local_day(page, site, value)
    return local.day if local else value[:10]


def modified(page: DeclaredMetadata, site: SiteNames) -> Iterator[FieldClaim]:
    """Yield the claims about the date of the last change."""
    yield from claims(page, precedence.MODIFIED, read, REFUSED)
    _, updated = decide(printed_on(page, site))
    if updated:
        yield _claim(updated)
        return
    for element in page.marks.dates[:MAX_MARKED_DATES]:
        line = element_text(element, MAX_ELEMENT_CHARS) or ""
        changed = any(one.name == UPDATED and not one.start for one in labels_in(line)[:1]) or (
            element.tag == "time" and CHANGE_NAME.search((element.get("class") or "")[:300])
        )
        if changed and not page.elsewhere(element) and not _in_link(element):
            stamp = element.get("datetime") or ""
            if value := _date(stamp, line, page):
                yield FieldClaim("time", stamp or line, value, precedence.PUBLISHED_PRINTED, REFUSED)
                return


ONLY_A_YEAR = "1 January stands for a year without a day, most often that of a copyright line"
REFUSED = "no date, or an impossible one"


def short_source(source: str) -> str:
    """Return the kind of a source: json-ld, meta, microdata, time, url, script, htmldate or feed."""
    kind = source.rpartition(" ")[0]
    return "json-ld" if kind == "json-ld page" else kind or source


def read(raw: str, page: DeclaredMetadata) -> str | None:
    """Return the date in `raw` if the page can have it."""
    return _date(raw, raw, page)


def _date(stamp: str, line: str, page: DeclaredMetadata) -> str | None:
    """Return the date of an element: `stamp` is for machines, `line` for readers."""
    language = date_parser.page_locale(page, stamp if stamp == line else f"{line} {stamp}")
    return date_parser.parse(stamp, page.captured, language) or date_parser.parse_printed(line, page.captured, language)


def _in_link(element: Any) -> bool:
    """Return whether the date is in a link to another story. Blogs link the date of a post to the post itself."""
    link = next((up for up in element.iterancestors("a")), None)
    return link is not None and bool((link.get("href") or "").strip("#")) and "bookmark" not in (link.get("rel") or "")


def in_url(page: DeclaredMetadata) -> Iterator[FieldClaim]:
    """Yield the day in the URL of the page, /2024/05/06/."""
    for address in (page.url, page.canonical or ""):
        if found := URL_DAY.search(address):
            year, month, number = filter(None, found.groups())
            named = month if month.isdigit() else date_parser.month(month, page.locale)
            day = f"{year}-{named or 0:0>2}-{number:0>2}"
            yield FieldClaim("url", found[0], date_parser.parse(day, page.captured), precedence.PUBLISHED_URL, REFUSED)
