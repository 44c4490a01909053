"""Choose the value of every field of an article that a page declares or prints.

Pure. The orders of precedence are data, in `precedence`; the small functions below read a value from a claim. `read`
stops at the first usable claim of a field, `candidates` reads all claims. Both get them from FIELDS.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, NamedTuple

from pipelines.core.languages.codes import declared_language
from pipelines.core.languages.text_language import language_of, may_be_in
from pipelines.extraction.fields import authors as bylines
from pipelines.extraction.fields import dates, lead_image, person_names, precedence, site_names, titles
from pipelines.extraction.fields.candidates import FieldClaim, PrecedenceLine, as_candidates, claims, first_usable
from pipelines.extraction.fields.dates import DateInText
from pipelines.extraction.page import issn
from pipelines.extraction.page.declared import DeclaredMetadata, own_address
from pipelines.extraction.page.trace import FieldCandidate

MAX_TAGS = 50
MAX_LANGUAGE_CHARS = 40


@dataclass(frozen=True, slots=True)
class PageMetadata:
    """Hold the fields of `Article` that a page declares, with the same names and the same meaning of None and ()."""

    canonical_url: str | None = None
    title: str | None = None
    description: str | None = None
    authors: tuple[str, ...] = ()
    byline: str | None = None
    published: str | None = None
    published_day: str | None = None
    published_raw: str | None = None
    published_from: str | None = None
    modified: str | None = None
    modified_raw: str | None = None
    modified_from: str | None = None
    language: str | None = None  # known once the text is
    language_declared: str | None = None
    section: str | None = None
    tags: tuple[str, ...] = ()
    site_name: str | None = None
    publisher: str | None = None
    issn: str | None = None
    image: str | None = None
    found_in: dict[str, str] = field(default_factory=dict)


class ClaimSource(NamedTuple):
    """Hold what the claims of a field are read from."""

    page: DeclaredMetadata
    site: site_names.SiteNames
    date_in_text: DateInText | None


NOT_A_NAME = re.compile(r"https?:|//|@|©|\(c\)|copyright", re.IGNORECASE)


def language(raw: str, _page: DeclaredMetadata) -> str | None:
    """Return the language as it is declared; None if that names no language."""
    return raw if len(raw) <= MAX_LANGUAGE_CHARS and declared_language(raw) else None


def short_name(raw: str, _page: DeclaredMetadata) -> str | None:
    """Return a short name; None for an address, a copyright notice or a long text."""
    return raw if len(raw) <= 80 and not NOT_A_NAME.match(raw) else None


def tags(found: Iterable[FieldClaim]) -> Iterator[FieldClaim]:
    """Join the claims of one place to one, with its keywords, each once."""
    for source, group in groupby(found, lambda claim: claim.source):
        one_place = list(group)
        words: dict[str, str] = {}
        for word in (word for claim in one_place for word in re.split(r"\s*[,;、]\s*", claim.raw)):
            if 1 < len(word) <= 80 and ":" not in word[:12]:  # "type:article" is for advertising
                words.setdefault(word.casefold(), word)
        raw = ", ".join(claim.raw for claim in one_place)
        yield FieldClaim(source, raw, tuple(words.values())[:MAX_TAGS] or None, one_place[0].why, "no keywords in it")


def _as_is(raw: str, _page: DeclaredMetadata) -> str | None:
    return raw


def _lines(
    lines: tuple[PrecedenceLine, ...], read: Callable[[str, DeclaredMetadata], Any]
) -> Callable[[ClaimSource], Iterable[FieldClaim]]:
    return lambda source: claims(source.page, lines, read)


# Every field and where its claims come from.
FIELDS: dict[str, Callable[[ClaimSource], Iterable[FieldClaim]]] = {
    "canonical_url": _lines(precedence.CANONICAL_URL, own_address),
    "title": lambda source: titles.ranked(source.page, source.site),
    "description": _lines(precedence.DESCRIPTION, _as_is),
    "authors": lambda source: bylines.authors(source.page, source.site),
    "published": lambda source: dates.published(source.page, source.site, source.date_in_text),
    "modified": lambda source: dates.modified(source.page, source.site),
    "language_declared": _lines(precedence.LANGUAGE_DECLARED, language),
    "section": _lines(precedence.SECTION, short_name),
    "tags": lambda source: tags(claims(source.page, precedence.TAGS, _as_is)),
    "site_name": _lines(precedence.SITE_NAME, short_name),
    "publisher": _lines(precedence.PUBLISHER, short_name),
    "issn": lambda source: claims(source.page, precedence.ISSN, lambda raw, _page: issn.parse(raw), issn.REFUSED),
    "image": lambda source: lead_image.ranked(source.page, source.site),
}


def read(page: DeclaredMetadata, date_in_text: DateInText | None = None) -> PageMetadata:
    """Choose every field. `date_in_text` is called for a day (ISO 8601) only if no better place has one."""
    source = ClaimSource(page, site(page), date_in_text)
    won = {field: winner for field, find in FIELDS.items() if (winner := first_usable(find(source)))}
    values = {field: winner.value for field, winner in won.items()}
    found_in = {field: winner.source for field, winner in won.items()}
    if "authors" in won:
        values["byline"] = won["authors"].raw
    for moment in ("published", "modified"):
        if moment in won:
            values[f"{moment}_raw"] = won[moment].raw
            values[f"{moment}_from"] = dates.short_source(won[moment].source)
    if "published" in won:
        values["published_day"] = dates.published_day(page, source.site, won["published"].value)
    # Nothing is changed before it is published.
    if (values.get("modified") or "9") < min(values.get("published_day") or "", (values.get("published") or "")[:10]):
        for field in ("modified", "modified_raw", "modified_from"):
            values.pop(field, None)
        found_in.pop("modified")
    return PageMetadata(**values, found_in=found_in)


def candidates(page: DeclaredMetadata, date_in_text: DateInText | None = None) -> dict[str, list[FieldCandidate]]:
    """Return all claims of every field in order of precedence; those that `read` chooses are marked."""
    source = ClaimSource(page, site(page), date_in_text)
    return {field: as_candidates(find(source)) for field, find in FIELDS.items()}


def with_byline_of_text(fields: PageMetadata, page: DeclaredMetadata, lines: list[str]) -> PageMetadata:
    """Return `fields`; if no author is named in full, with the authors in the first or last lines of the text."""
    papers = bylines.outlets(page, site(page))
    if person_names.has_full_name(person_names.persons([fields.byline or ""], papers)):
        return fields
    ends = [*lines[:3], *lines[-2:]]
    line = (
        person_names.byline_in(ends, papers)
        or person_names.byline_in(ends, papers, bare=page.is_article)
        or (None if fields.authors else person_names.writer_presented_in(lines[-2:]))
    )
    if not line:
        return fields
    found_in = {**fields.found_in, "authors": "text"}
    return replace(fields, byline=line[0], authors=line[1], found_in=found_in)


def with_language_of_text(fields: PageMetadata, lines: list[str]) -> PageMetadata:
    """Return `fields` with the language of headline and text, unless the source's own rule has found it."""
    if "language" in fields.found_in:
        return fields
    text = "\n".join([fields.title or "", *lines])
    declared = declared_language(fields.language_declared or "")
    language, place = language_of(text, declared), "text"
    if language is None and declared and may_be_in(text, declared):
        language, place = declared, fields.found_in["language_declared"]
    return replace(fields, language=language, found_in=fields.found_in | {"language": place}) if language else fields


def site(page: DeclaredMetadata) -> site_names.SiteNames:
    """Return the names of the site, which are cut off titles and are no persons; they are looked for once."""
    if page.site is None:
        claim = first_usable(claims(page, precedence.SITE_NAME, short_name))
        names = titles.printed_site_names(page)
        page.site = site_names.names_of_site(page, claim.value if claim else None, names)
    return page.site
