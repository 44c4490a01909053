"""Every field of an article that a page declares or prints: the claims, and who wins.

Pure: what the page says in, values out. The orders of trust are data, in `trust`; what is read from a claim is decided
by the small functions below. `read` asks until somebody can be believed, `candidates` asks everybody: both get their
claims from FIELDS.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, NamedTuple

from pipelines.extraction.fields import authors as bylines
from pipelines.extraction.fields import dates, person_names, precedence, site_names, titles
from pipelines.extraction.fields.candidates import FieldClaim, PrecedenceLine, claims, first, told
from pipelines.extraction.fields.dates import DateInText
from pipelines.extraction.page import issn
from pipelines.extraction.page.declared import DeclaredMetadata, absolute, own
from pipelines.extraction.page.trace import FieldCandidate

MOST_TAGS = 50


@dataclass(frozen=True, slots=True)
class PageMetadata:
    """The fields of `Article` that a page declares; the same names, the same meaning of None and of ()."""

    canonical_url: str | None = None
    title: str | None = None
    description: str | None = None
    authors: tuple[str, ...] = ()
    byline: str | None = None
    published: str | None = None
    published_raw: str | None = None
    published_from: str | None = None
    modified: str | None = None
    modified_raw: str | None = None
    modified_from: str | None = None
    language: str | None = None
    section: str | None = None
    tags: tuple[str, ...] = ()
    site_name: str | None = None
    publisher: str | None = None
    issn: str | None = None
    image: str | None = None
    found_in: dict[str, str] = field(default_factory=dict)


class ClaimSource(NamedTuple):
    """What the claims of a field are drawn from."""

    page: DeclaredMetadata
    site: site_names.SiteNames
    date_in_text: DateInText | None


NOT_A_NAME = re.compile(r"https?:|//|@|©|\(c\)|copyright", re.IGNORECASE)


def language(raw: str, _page: DeclaredMetadata) -> str | None:
    """ISO 639-1 code. A language in words is none; nobody guesses."""
    return raw[:2].lower() if re.fullmatch(r"[a-zA-Z]{2}(?:[-_ ,;].*)?", raw) else None


def name(raw: str, _page: DeclaredMetadata) -> str | None:
    """A short name, no address."""
    return raw if len(raw) <= 80 and not NOT_A_NAME.match(raw) else None


def tags(found: Iterable[FieldClaim]) -> Iterator[FieldClaim]:
    """The claims of one place as one: its keywords, each once."""
    for source, group in groupby(found, lambda claim: claim.source):
        one_place = list(group)
        words: dict[str, str] = {}
        for word in (word for claim in one_place for word in re.split(r"\s*[,;、]\s*", claim.raw)):
            if 1 < len(word) <= 80 and ":" not in word[:12]:  # "type:article" is for an advertising network
                words.setdefault(word.casefold(), word)
        raw = ", ".join(claim.raw for claim in one_place)
        yield FieldClaim(source, raw, tuple(words.values())[:MOST_TAGS] or None, one_place[0].why, "no keywords in it")


def _as_is(raw: str, _page: DeclaredMetadata) -> str | None:
    return raw


def _lines(
    lines: tuple[PrecedenceLine, ...], read: Callable[[str, DeclaredMetadata], Any]
) -> Callable[[ClaimSource], Iterable[FieldClaim]]:
    return lambda asked: claims(asked.page, lines, read)


# Every field and where its claims come from.
FIELDS: dict[str, Callable[[ClaimSource], Iterable[FieldClaim]]] = {
    "canonical_url": _lines(precedence.CANONICAL_URL, own),
    "title": lambda asked: titles.ranked(asked.page, asked.site),
    "description": _lines(precedence.DESCRIPTION, _as_is),
    "authors": lambda asked: bylines.authors(asked.page, asked.site),
    "published": lambda asked: dates.published(asked.page, asked.date_in_text),
    "modified": lambda asked: dates.modified(asked.page),
    "language": _lines(precedence.LANGUAGE, language),
    "section": _lines(precedence.SECTION, name),
    "tags": lambda asked: tags(claims(asked.page, precedence.TAGS, _as_is)),
    "site_name": _lines(precedence.SITE_NAME, name),
    "publisher": _lines(precedence.PUBLISHER, name),
    "issn": lambda asked: claims(asked.page, precedence.ISSN, lambda raw, _page: issn.parse(raw), issn.REFUSED),
    "image": _lines(precedence.IMAGE, absolute),
}


def read(page: DeclaredMetadata, date_in_text: DateInText | None = None) -> PageMetadata:
    """Choose every field. `date_in_text` is asked for a day (ISO 8601) only if nobody better names one."""
    asked = ClaimSource(page, site(page), date_in_text)
    won = {field: winner for field, find in FIELDS.items() if (winner := first(find(asked)))}
    values = {field: winner.value for field, winner in won.items()}
    found_in = {field: winner.source for field, winner in won.items()}
    if "authors" in won:
        values["byline"] = won["authors"].raw
    for moment in ("published", "modified"):
        if moment in won:
            values[f"{moment}_raw"] = won[moment].raw
            values[f"{moment}_from"] = dates.short(won[moment].source)
    if (values.get("modified") or "9") < (values.get("published") or "")[:10]:  # nothing is changed before it is there
        for name in ("modified", "modified_raw", "modified_from"):
            values.pop(name, None)
        found_in.pop("modified")
    return PageMetadata(**values, found_in=found_in)


def candidates(page: DeclaredMetadata, date_in_text: DateInText | None = None) -> dict[str, list[FieldCandidate]]:
    """Every claim to every field, in the order of trust: what `read` chose is marked, and what it passed by is told."""
    asked = ClaimSource(page, site(page), date_in_text)
    return {field: told(find(asked)) for field, find in FIELDS.items()}


def with_byline_of_text(fields: PageMetadata, page: DeclaredMetadata, lines: list[str]) -> PageMetadata:
    """`fields`, with the authors that the first or last lines of the text name, if nobody else is named in full."""
    papers = bylines.outlets(page, site(page))
    if person_names.full(person_names.persons([fields.byline or ""], papers)):
        return fields
    ends = [*lines[:3], *lines[-2:]]
    line = person_names.in_lines(ends, papers) or person_names.in_lines(ends, papers, bare=page.is_article)
    if not line:
        return fields
    found_in = {**fields.found_in, "authors": "text"}
    return replace(fields, byline=line[0], authors=line[1], found_in=found_in)


def site(page: DeclaredMetadata) -> site_names.SiteNames:
    """The names of the site, which are cut from titles and are no persons."""
    claim = first(claims(page, precedence.SITE_NAME, name))
    return site_names.named(page, claim.value if claim else None, titles.shown_names(page))
