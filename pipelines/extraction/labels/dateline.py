"""Find the dateline: the place, and the agency, at the beginning of the first paragraph of a text.

Precise rather than greedy: every sentence begins with a capitalised word. A word counts only with a date or an agency
beside it, in capitals before a dash, or if it is a well-known city or one that the text uses as a place.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from pipelines.core.languages.lazy_patterns import lazy_pattern
from pipelines.extraction.labels.agencies import only_agencies
from pipelines.extraction.languages import tables

HEAD_LINES = 3  # in which a dateline is looked for: a standfirst or a byline may come first
MAX_DATELINE_CHARS = 110


class Dateline(NamedTuple):
    """Hold the parts of a dateline; None for those that it does not have."""

    place: str | None  # as printed, without region, country or date
    agency: str | None  # as printed, without brackets
    raw: str  # as printed, with its dash


NOWHERE = Dateline(None, None, "")

CITIES = frozenset(tables.phrases("dateline.cities"))
NOT_PLACES = frozenset(tables.phrases("dateline.labels"))  # words in capitals before a dash that are no place

UPPER = "A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĘĚĞĢĪĮİĶŁŃŇŌŐŒŘŚŞŠŢŤŪŮŰŲŹŻŽΑ-ΩЀ-Я"
WORD = rf"(?:[{UPPER}][\w'’.]*|[\u0590-\u06ff]+)"  # Hebrew and Arabic have no capitals
PARTICLES = r"(?:(?:de|del|des|du|da|do|dos|la|le|los|las|el|al|am|an der|sur|upon|in)[ -]){0,2}"
PARTS = rf"(?:St\. )?{WORD}(?:[ /-]{PARTICLES}{WORD}){{0,4}}"
MONTH = r"[^\W\d_]{3,10}\.?"
DATE = rf"(?:\d{{1,2}}(?:\.|er|º|\.º| de)? ?(?:{MONTH})?(?:,? (?:de )?\d{{4}})?|{MONTH} \d{{1,2}}(?:,? \d{{4}})?)"
REGION = rf"(?:, ?(?!{DATE}\b){PARTS}){{0,2}}"
DASH = r"\s*[.,]?\s*(?:[—–―‒−]{1,2}|-{1,2})(?=\s|[\"“„«'‘]|\w)\s*"
SPACED_DASH = r"(?:\.?\s*[—–―‒−]\s*|\.?\s+--?\s+|\.-\s*)"  # not the hyphen of a compound word

STATE = rf"(?:{REGION}|,? \({PARTS}\))"

# PLACE (AGENCY) - ...; PLACE, Region, 3 March (AGENCY) ...; PLACE /AGENCY/
WITH_AGENCY = lazy_pattern(
    rf"(?P<place>{PARTS}){STATE}(?:[,.] ?{DATE}\.?)?"
    rf",? ?(?:--)?[(/](?P<agency>[^()]{{2,40}}?)[)/][.:]?(?P<dash>{DASH}|[.:]?\s|$)"
)
# (AGENCY) - PLACE, 3 MAR - ...; (AGENCY) — ...
AGENCY_FIRST = lazy_pattern(
    rf"\((?P<agency>[^()]{{2,40}})\)(?:{DASH}|\s+)(?:(?P<place>{PARTS}){REGION}(?:, ?{DATE})?{SPACED_DASH})?"
)
# PLACE, 3 March - ...; PLACE, 3 March /
DATED = lazy_pattern(
    rf"(?P<place>{PARTS}){STATE}[,.] ?(?P<date>{DATE})\.?(?:,? ?[(/](?P<agency>[^()]{{2,40}}?)[)/]\.?|{SPACED_DASH})"
    rf"(?:(?P<after>[^\W\d_][\w -]{{1,30}}?)(?:{SPACED_DASH}|\.\s))?"
)
# ROMA - ...; LONDON — ...; SANTA ROSA, Calif. – ...; Kyiv, Ukraine – ...; Berlin – ...; Berlin. ...; NEW DELHI: ...
BARE = lazy_pattern(rf"(?P<place>{PARTS})(?P<region>{REGION})(?P<dash>{SPACED_DASH})(?=\W*(?:[{UPPER}\d]|[^\W\d_a-z]))")
STOP = lazy_pattern(rf"(?P<place>{PARTS})(?P<mark>[.:]) (?=\W*[{UPPER}\d])")

STATION = re.compile(r"[A-Z]{3,5}(?:-TV)?|[A-Z][\w ]{3,25}")  # of radio or television: "PORT SELBY (KPSB) —"
BUREAU = re.compile(r"[a-z]{3,6}")  # an agency's sign as German papers print it: "Kleinfurt (nfa) -"
DASHES, DIGIT = re.compile("[—–―‒−-]"), re.compile(r"\d")
PREPOSITION = r"(?:in|nach|aus|bei|à|en|em|w|we|ve)"
ARTICLE = (
    r"(?:der|die|das|dem|den|des|ein|eine|einen|einem|einer|the|a|an|la|le|les|el|il|lo|un|une|una|uno|o|os|as|de)"
)

# Agencies' own forms in scripts without spaces: 新华社北京3月3日电, 【ワシントン＝中村亮】, [서울=뉴시스].
CHINESE = lazy_pattern(
    r"[（(【\[]?(?P<agency>新华社|新華社|中新社|中新网|中央社|法新社|路透社|美联社|塔斯社|韩联社)"
    r"(?:(?:记者|記者)[^\W\d]{2,3})?(?P<place>[^\W\d]{2,8}?)\d{1,2}(?:月\d{1,2})?日(?:电|電)[）)】\]]?"
)
JAPANESE = lazy_pattern(
    r"[【［\[](?P<place>[^\W\d]{1,12}?)(?:[＝=](?P<after>[^】］\]]{1,20})|(?P<agency>時事|共同|AFP時事|AFP|ロイター))[】］\]]"
)
KOREAN = lazy_pattern(r"[\[(](?P<place>[가-힣]{2,8})[＝=](?P<after>[^\])]{2,20})[\])]")


def dateline(lines: list[str], site: str = "") -> Dateline:
    """Return the dateline of a text. `lines`: the text, with or without boilerplate.

    `site`: the name of the paper. One of its words in capitals before a dash is the place that the paper is named for.
    """
    for line in lines[:HEAD_LINES]:
        start = line[:MAX_DATELINE_CHARS].lstrip("-•* ")
        found = _with_agency_or_date(start)
        if found is None and len(line) >= 30:  # a line "BERLIN - Tuesday" is boilerplate, "Hamburg (dpa)" is not
            found = _alone(start, lines, site)
        if found is not None and (found.agency or len(line) >= 30):
            return found
    return NOWHERE


def _with_agency_or_date(start: str) -> Dateline | None:
    """Return a place with an agency or a date beside it."""
    for pattern in (CHINESE, JAPANESE, KOREAN):
        if found := pattern.match(start):
            parts = found.groupdict()
            return Dateline(parts["place"], parts.get("agency") or _agency(parts.get("after")), found[0])
    if found := AGENCY_FIRST.match(start):
        if wire := _agency(found["agency"]):
            return Dateline(_place(found["place"]), wire, found[0].strip())
    elif (found := WITH_AGENCY.match(start)) and (wire := _wire(found)):
        return Dateline(_place(found["place"]), wire, found[0].strip())
    if (found := DATED.match(start)) and DIGIT.search(found["date"]):
        wire = _agency(found["agency"]) or _agency(found["after"])
        if wire or _is_city(found["place"]) or _in_capitals(found["place"]):
            return Dateline(_place(found["place"]), wire, found[0].strip())
    return None


def _wire(found: re.Match[str]) -> str | None:
    """Return the words in brackets after a place, if they are a known agency or look like one."""
    wire = found["agency"].strip()
    if only_agencies(wire):
        return wire
    looks = (STATION.fullmatch(wire) and _in_capitals(found["place"])) or BUREAU.fullmatch(wire)
    return wire if looks and DASHES.search(found["dash"]) else None


def _alone(start: str, lines: list[str], site: str) -> Dateline | None:
    """Return a place before a dash, a full stop or a colon, with neither agency nor date beside it."""
    if found := BARE.match(start):
        place, region = found["place"], found["region"]
        if _is_city(place) or (_in_capitals(place) and _may_be_place(place, region, lines, site)):
            return Dateline(_place(place), None, found[0].strip())
    stop = STOP.match(start)
    if stop and stop["mark"] == ":" and not _in_capitals(stop["place"]):
        return None  # "Leipzig: Here it was that ..."
    found = found or stop
    if found and (_is_city(found["place"]) or _is_used_as_place(found["place"], lines)):
        return Dateline(_place(found["place"]), None, found[0].strip())
    return None


def _may_be_place(place: str, region: str, lines: list[str], site: str) -> bool:
    """Return whether capitals before a dash may be a place, which they are not if the text uses them like a company."""
    if len(place) < 4 or _is_no_place(place):
        return False
    word = re.escape(place.title())
    if region or re.search(rf"\b{word}\b", site):
        return True
    return not re.search(rf"\b{word}\b", _beginning(lines)) or _is_used_as_place(place, lines)


def _is_used_as_place(place: str, lines: list[str]) -> bool:
    """Return whether the text uses `place` like a place: "in Trier", and never "the Trier"."""
    if " " in place or len(place) < 4 or _is_no_place(place):
        return False
    word = re.escape(place.title() if _in_capitals(place) else place)
    text = _beginning(lines)
    return bool(re.search(rf"\b{PREPOSITION} {word}\b", text)) and not re.search(rf"\b(?i:{ARTICLE}) {word}\b", text)


def _beginning(lines: list[str]) -> str:
    return "\n".join(lines)[:5000]


def _agency(words: str | None) -> str | None:
    """Return `words` if they name agencies and nothing else."""
    return words.strip() if words and only_agencies(words) else None


def _in_capitals(place: str) -> bool:
    return place == place.upper() and place != place.lower()


def _is_no_place(place: str) -> bool:
    return any(word in NOT_PLACES for word in re.split(r"[\s/]", place.lower())) or bool(re.search(r"\d", place))


def _is_city(place: str) -> bool:
    """Return whether `place` is a well-known city, or two of them."""
    return all(part.lower() in CITIES for part in place.split("/"))


def _place(place: str | None) -> str | None:
    return place.strip(" .,/") or None if place else None
