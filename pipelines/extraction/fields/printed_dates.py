"""Collect the dates that a page prints, once: where each stands relative to the headline, and the word beside it.

Nothing is decided here: `dates` decides which of them is the day of publication, and which that of the last change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice, pairwise
from typing import Any, NamedTuple

from pipelines.extraction.fields import date_parser
from pipelines.extraction.fields.dated_lines import (
    BY_FIRST,
    COMMENTS_CLASS,
    HEADINGS,
    MAX_LABEL_CHARS,
    MAX_LINE_CHARS,
    NAMED_UPDATED,
    SEPARATED,
    THEN_TEXT,
    WORD,
    Line,
    PageWalker,
    is_caption,
    is_heading,
    is_line_below,
    is_named_for_publication,
    is_sentence,
    is_text,
    label_by_name,
    leads_away,
    links_elsewhere,
    near_headline,
    says_when,
    shape_of,
    stamps,
    stands_alone,
    whole_dates,
)
from pipelines.extraction.fields.headings import SITE_HEADER, in_site_header
from pipelines.extraction.languages.date_labels import (
    NO_LABEL,
    OTHER,
    PUBLISHED,
    UNSURE,
    UPDATED,
    Label,
    label_behind,
    labels_in,
)
from pipelines.extraction.page import jsonld
from pipelines.extraction.page.declared import DeclaredMetadata, class_and_id, normalized

BEFORE, INSIDE, AFTER, LATER = "before", "inside", "after", "later"  # the headline; `LATER`: after the text has begun

MAX_ELEMENTS = 3_000  # that are walked after the headline
MAX_ELEMENTS_BEFORE = 60  # of an element before the headline; a larger one is a menu
MAX_MARKED = 60  # elements anywhere on the page
MAX_LINE_DATES = 20  # elements of one line that show a date; more are a calendar or a list
MAX_LABEL_DISTANCE = 60  # characters between a label and its date: "Posted in Science by Jo Quill on"
LEVELS_BEFORE, SIBLINGS_BEFORE = 5, 4  # around the headline, in which a date before it is looked for
CARD_LEVELS = 3  # around a date, in which the title of another story shows that the date belongs to that
CARD_TITLE_CHARS = 25
CARD_TITLE_TAGS = HEADINGS | {"a"}
MAX_TOP_LINES = 12  # after the headline
MAX_CARD_ELEMENTS = 40  # of the teaser of another story; a larger element is more than one

SHORT_DAY = re.compile(r"\d\d([./-])\d\d\1\d\d")  # alone in its line
CLOCK = re.compile(r"\d{1,2}[:.h]\d\d(?!\d)")
PLACE_FIRST = re.compile(
    r"\W?(?:[A-ZÀ-Þ][\w.’'-]*[\s,–—-]{1,3}){0,5}"
)  # "LAMPTON, Ore., May 3, 2024 (BAYWIRE) -- The ferries"
RANGE = re.compile(r"\s*(?:[–—-]|to|until|bis|au|al|a|do|до)\s*", re.IGNORECASE)  # from one day to another


class PrintedDate(NamedTuple):
    """Hold a date that the page prints."""

    raw: str  # as printed, or the string for machines beside it
    value: str  # ISO 8601, as `date_parser.parse`
    day: str  # as readers see it; that of `value`, if only machines see a date
    label: str  # PUBLISHED, UPDATED, OTHER, NO_LABEL or UNSURE
    place: str  # BEFORE, INSIDE, AFTER or LATER
    marked: bool  # in an element made or named for dates
    clock: tuple[int, int] | None = None  # hour and minute printed beside it
    line: int = 0  # its number among the lines of its place
    shape: str = ""  # tags and classes of the element of its line and of that around it


def collect(page: DeclaredMetadata, headline: Any) -> list[PrintedDate]:
    """Return the dates around the headline, in page order; if none near it can be that of publication, also later ones.

    `headline`: its element; None if the page has none; then one bare date is enough, several are not.
    """
    found: list[PrintedDate] = []
    if headline is None:
        articles = list(islice(page.tree.iter("article"), 2))
        root = articles[0] if len(articles) == 1 else next(iter(page.tree.iter("main", "body")), page.tree)
        _read_lines(page, PageWalker(page, MAX_ELEMENTS).lines(list(root)), AFTER, found, frozenset())
        found = _settled(found)
        bare = {one.day for one in found if not one.label and not one.marked}
        return [one for one in found if one.label or one.marked or len(bare) == 1 or root.tag == "article"]
    around = frozenset(headline.iterancestors())
    words = jsonld.same_words(headline.text_content()[:500])
    _read_lines(page, _lines_before(page, headline), BEFORE, found, around, words)
    inside = PageWalker(page, MAX_ELEMENTS_BEFORE).lines([child for child in headline if child.tag != "a"])
    _read_lines(page, inside, INSIDE, found, around)
    ups = (up for up in chain([headline], headline.iterancestors()) if up.tag not in ("body", "html"))
    following = PageWalker(page, MAX_ELEMENTS).lines(chain.from_iterable(up.itersiblings() for up in ups))
    near = near_headline(following)
    _read_lines(page, near, AFTER, found, around, words)
    found = _settled(_without_series(found))
    near_ones = [one for one in found if one.label in (PUBLISHED, NO_LABEL)]
    if all(_may_be_signature(one) for one in near_ones):
        later = found.copy()
        _read_lines(page, following, LATER, later, around, words)
        later = _settled(_without_series(later))
        found = later[: len(found)] if near_ones and near_ones[0] in later else later
    if not any(one.label in (PUBLISHED, NO_LABEL) for one in found):
        marked = (element for element in page.marks.dates[:MAX_MARKED] if not page.elsewhere(element))
        for element in marked:
            comment = any(COMMENTS_CLASS.search(class_and_id(up)) for up in islice(element.iterancestors(), 6))
            if not comment and not in_site_header(element):
                _read_lines(page, PageWalker(page, MAX_ELEMENTS_BEFORE).lines([element]), LATER, found, around)
        found = _without_series(found)
    found = _settled(found)
    changed = {one.day for one in found if one.label in (UPDATED, OTHER)}
    found = [one for one in found if one.place != LATER or one.label or one.day not in changed]
    below = [one for one in found if one.place == LATER and not one.label and not one.marked]
    if len({one.day for one in below}) > 1:
        found = [one for one in found if one not in below]
    return found or _in_title(page)


def _in_title(page: DeclaredMetadata) -> list[PrintedDate]:
    """Return the day at the end of the title of the page: "Ferry strike | Bay Courier | 28.04.2023"."""
    last = TITLE_MARK.split(page.page_title)[-1].strip()
    days = date_parser.printed_days(last, date_parser.page_locale(page, last))
    value = date_parser.if_possible(days[0].day, page.captured) if days else None
    if value is None or last == page.page_title or (days[0].start, days[0].end) != (0, len(last)):
        return []
    return [PrintedDate(page.page_title, value, value, NO_LABEL, LATER, False)]


TITLE_MARK = re.compile(r"\s[|–—·-]\s")


def _without_series(found: list[PrintedDate]) -> list[PrintedDate]:
    """Return `found` with OTHER for dates of a timeline, a table or a list: equal elements one after the other."""
    shapes: dict[str, list[PrintedDate]] = {}
    for one in found:
        if one.place in (AFTER, LATER) and not one.label:
            near = shapes.setdefault(one.shape, [])
            most = MAX_LINES_OF_LETTER if _may_be_signature(one) else MAX_LINES_BETWEEN
            if near and one.line - near[-1].line > most:
                continue
            near.append(one)
    series = {
        one
        for near in shapes.values()
        if len({one.day for one in near}) >= (MIN_MARKED if near[0].marked else 2) or _are_signatures(near)
        for one in near
    }
    return [one._replace(label=OTHER) if one in series else one for one in found]


def _are_signatures(near: list[PrintedDate]) -> bool:
    """Return whether dates of one day are in lines between texts: those of letters of readers."""
    apart = any(one.line - near[0].line not in (0, 1) for one in near) and not near[0].marked
    return apart and (len({one.raw for one in near}) > 1 or len(near) > 2)


def _may_be_signature(one: PrintedDate) -> bool:
    """Return whether a date may be that of a letter: below a text, behind name and place."""
    below = one.place in (AFTER, LATER) and (one.line > 1 or one.place == LATER)
    if not below or one.label or one.marked or BY_FIRST.match(one.raw):
        return False
    return not one.raw[:1].isdigit() and len(WORD.findall(one.raw)) > MIN_WORDS_OF_LETTER


MIN_WORDS_OF_LETTER = 3  # with the month
MAX_LINES_OF_LETTER = 12
MAX_LINES_BETWEEN = 4  # two dates of a series
MIN_MARKED = 3  # dates in elements named for dates that are a series: fewer are those of publication and change


def _settled(found: list[PrintedDate]) -> list[PrintedDate]:
    """Return `found` with a label for dates of the class "date updated".

    Many templates name the date of publication so, after a convention for feeds; it is that of a change beside another.
    """
    label = UPDATED if any(one.label in (PUBLISHED, NO_LABEL) for one in found) else NO_LABEL
    return [one._replace(label=label) if one.label == NAMED_UPDATED else one for one in found]


def _lines_before(page: DeclaredMetadata, headline: Any) -> list[Line]:
    """Return the lines of the few elements before the headline that are in its box."""
    found: list[Line] = []
    in_article = any(up.tag == "article" for up in headline.iterancestors())
    for up in islice(chain([headline], headline.iterancestors()), LEVELS_BEFORE):
        if up.tag in ("body", "html"):
            break
        for sibling in islice(up.itersiblings(preceding=True), SIBLINGS_BEFORE):
            if not isinstance(sibling.tag, str):
                continue
            if (up.tag == "article" or not in_article) and (
                sibling.tag == "header" or SITE_HEADER.search(class_and_id(sibling))
            ):
                continue
            walker = PageWalker(page, MAX_ELEMENTS_BEFORE)
            lines = list(walker.lines([sibling]))
            if walker.left > 0:
                found = lines + found
        if up.tag in ("article", "main"):
            break
    return found


def _read_lines(
    page: DeclaredMetadata, lines: Iterable[Line], place: str, found: list[PrintedDate],
    around: frozenset[Any], headline: str = "",
) -> None:  # fmt: skip
    """Append the dates in `lines` to `found`. A label in a line of its own counts for the date in the next line."""
    label = NO_LABEL
    since_text = 0 if place == LATER else MAX_LINES_BELOW  # lines
    for number, line in enumerate(whole_dates(lines)):
        since_text = 0 if is_text(line) else since_text + (MAX_LINES_BELOW if is_heading(line) else 1)
        dates = list(_dates_in(page, line, place, label, around, since_text < MAX_LINES_BELOW))
        label = NO_LABEL
        if not dates:
            alone = labels_in(line.text)[:1] if len(line.text) <= MAX_LABEL_CHARS else ()
            label = next((one.name for one in alone if not one.start and not line.text[one.end :].strip(" :：")), "")
        elif place == INSIDE or not is_card(
            line.first, around, HEADINGS if _is_top(place, number) else CARD_TITLE_TAGS, headline
        ):
            found += [one._replace(line=number, shape=shape_of(line.first)) for one in dates]


def _dates_in(
    page: DeclaredMetadata, line: Line, place: str, carried: str, around: frozenset[Any],
    below: bool = False,
) -> Iterator[PrintedDate]:  # fmt: skip
    """Yield the dates of one line. `carried`: the label in the line before. `below`: it is right below the text."""
    text = line.text
    if len(line.spans) > MAX_LINE_DATES or not (line.spans or date_parser.DIGITS.search(text)):
        return
    locale = date_parser.page_locale(page, text)
    spans = list(stamps(page, line))
    if spans or len(text) <= MAX_LINE_CHARS:
        marked = bool(line.spans)
        days = date_parser.printed_days(
            text, locale, short=marked or bool(CLOCK.search(text) or SHORT_DAY.fullmatch(text) or labels_in(text))
        )
    else:
        days = [
            day
            for day in date_parser.printed_days(text[: MAX_LABEL_CHARS + 110] if says_when(text) else text[:60], locale)
            if says_when(text)
            or (
                THEN_TEXT.match(text, day.end + (text[day.end : day.end + 1] == ")"))
                and PLACE_FIRST.fullmatch(text, 0, day.start)
            )
        ]
    items: list[tuple[int, int, str | None, date_parser.PrintedDay | None]] = [
        (day.start, day.end, None, day) for day in days if not any(s <= day.start < e for s, e, *_ in spans)
    ]
    items += [(start, end, stamp, None) for start, end, stamp in spans]
    items.sort(key=lambda item: item[:2])
    if not items or any(RANGE.fullmatch(text[one[1] : two[0]]) for one, two in pairwise(items)):
        return
    if items[0][0] and date_parser.is_end_of_range(text[: items[0][0]], locale):
        return
    labels = labels_in(text)
    unlabelled: list[PrintedDate] = []
    before, last = 0, None
    for at, (start, end, stamp, day) in enumerate(items):
        following = items[at + 1][0] if at + 1 < len(items) else len(text)
        label, labelled_at = _label(labels, before, end if stamp else start, following, end, line)
        before = max((one.end for one in labels if one.start == labelled_at), default=end)
        before = max(before, end)
        if label is None:
            continue
        if not label:
            label = carried if at == 0 else ""
            label = label or label_by_name(line, start, end)
        marked = any(s <= start and end <= e for s, e, _ in line.spans)
        one = _printed_date(page, text, (start, end), stamp, day, label, place, marked, locale)
        room = CARD_TITLE_CHARS if around and (place != LATER or label == PUBLISHED) else 0
        if one is None or links_elsewhere(page, line, start, end, room):
            continue
        if last and not label and last.day == one.day:
            continue  # day and time in elements of their own
        last = one
        if label == UPDATED and is_named_for_publication(line, start, end):
            yield one._replace(label=UNSURE)  # and as that of a change
        if label:
            if place != LATER or marked or labelled_at == 0:
                yield one
        elif marked or stamp or ((place != LATER or _is_signed(line, one, below)) and stands_alone(line, start, end)):
            unlabelled.append(one)
        elif place == AFTER and not (
            is_sentence(text) or is_caption(text[:start]) or links_elsewhere(page, line, start, end, 0)
        ):
            yield one._replace(label=UNSURE)
    if len({one.day for one in unlabelled}) == 1:
        yield unlabelled[0]
    else:
        yield from (one._replace(label=UNSURE) for one in unlabelled)


def _label(
    labels: list[Label], before: int, start: int, following: int, end: int, line: Line
) -> tuple[str | None, int]:
    """Return the label of a date and its offset: the last word before it, or the one behind it.

    None for the label: the date is part of a sentence.
    """
    text = line.text
    preceding = [one for one in labels if before <= one.start and one.end <= start]
    if preceding:
        one = preceding[-1]
        gap = text[one.end : start]
        room = MAX_LABEL_DISTANCE if one.start or not says_when(text) else MAX_LINE_CHARS
        if len(gap) <= room and not END_OF_SENTENCE.search(gap):
            apart = bool(not one.start or one.start in line.edges or text[one.start].isupper() or before)
            apart = apart or bool(SEPARATED.search(text[: one.start]))
            prose = bool(one.start and len(text) > MAX_LINE_CHARS / 2 and is_sentence(text))
            return (one.name, one.start) if apart and not prose else (None, one.start)
    if behind := label_behind(text, labels, end, following):
        return behind.name, behind.start
    return NO_LABEL, -1


END_OF_SENTENCE = re.compile(r"[^\W\d_]{4,}[.!?]\s")


def _printed_date(
    page: DeclaredMetadata, text: str, span: tuple[int, int], stamp: str | None, day: date_parser.PrintedDay | None,
    label: str, place: str, marked: bool, locale: str | None,
) -> PrintedDate | None:  # fmt: skip
    start, end = span
    if day is not None:
        value = date_parser.if_possible(day.day, page.captured)
        clock = date_parser.printed_clock(text[:start], text[end:])
        raw = text if len(text) <= MAX_LINE_CHARS else text[start:end]
        return PrintedDate(raw, value, value, label, place, marked, clock) if value else None
    value = date_parser.parse(stamp, page.captured, date_parser.page_locale(page, stamp or ""))
    if value is None:
        return None
    shown = date_parser.printed_days(text[start:end], locale)
    seen = (date_parser.if_possible(shown[0].day, page.captured) if len(shown) == 1 else None) or value[:10]
    clock = date_parser.printed_clock(text[start:][: shown[0].start], text[start + shown[0].end :]) if shown else None
    return PrintedDate(stamp or "", value, seen, label, place, marked, clock)


def _is_signed(line: Line, one: PrintedDate, below: bool) -> bool:
    """Return whether a line names the author, day and time, or stands below the text with few words beside the day."""
    signed = (one.clock is not None and bool(BY_FIRST.match(line.text))) or (below and is_line_below(line))
    return signed and len(line.text) <= MAX_LINE_CHARS


MAX_LINES_BELOW = 5  # between the text and that line


def _is_top(place: str, number: int) -> bool:
    """Return whether a line is one of the first below the headline, where links lead to authors and sections."""
    return place == AFTER and number <= MAX_TOP_LINES


def is_card(element: Any, around: frozenset[Any], tags: frozenset[str], headline: str) -> bool:
    """Return whether a date stands beside the title of another story, in an element with one of `tags`.

    `around`: the elements around the headline. `headline`: its words; a page may print it twice.
    """
    if element is None:
        return False
    for up in islice(chain([element], element.iterancestors()), CARD_LEVELS + 1):
        if up in around or up.tag in ("body", "main", "article", "html"):
            return False
        words = (normalized(up.text_content()[:500]) or "") if up.tag == "a" and leads_away(up) else ""
        if len(words) > CARD_TITLE_CHARS:
            return True
        inside = list(islice(up.iter(), MAX_CARD_ELEMENTS))
        if len(inside) == MAX_CARD_ELEMENTS:
            return False
        for below in inside:
            if below.tag in tags and below is not element:
                title = [word for word in below.text_content()[:500].split() if word.isalpha()]
                if len(title) >= 3 and len(" ".join(title)) >= CARD_TITLE_CHARS:
                    return jsonld.same_words(below.text_content()[:500]) not in headline
    return False
