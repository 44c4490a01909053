"""Collect the labels of a page beside its text and metadata: kind, origin, dateline, access, rights.

In two steps, because some labels must be read before anything is cut out of the page and others need the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipelines.extraction.boilerplate.remove import CutBlock
from pipelines.extraction.labels import genre, origin, paywall, stand_in_pages, usage_signals
from pipelines.extraction.labels.dateline import NOWHERE, dateline
from pipelines.extraction.page.declared import SITE_METAS, DeclaredMetadata
from pipelines.extraction.page.trace import FieldCandidate


@dataclass(frozen=True, slots=True)
class EarlyLabels:
    """Hold what is read while the page is whole."""

    rights: tuple[str, ...] = ()
    closed: str | None = None  # the evidence that the page declares its text as not free


@dataclass(frozen=True, slots=True)
class PageLabels:
    """Hold the fields of `Article` of the same names."""

    kind: str = genre.ARTICLE
    origin: str | None = None
    origin_url: str | None = None
    dateline: str | None = None
    access: str | None = None
    access_evidence: str | None = None
    rights: tuple[str, ...] = ()
    found_in: dict[str, str] = field(default_factory=dict)
    claims: dict[str, list[FieldCandidate]] = field(default_factory=dict)  # by field, in order of precedence


def early(declared: DeclaredMetadata) -> EarlyLabels:
    """Return the labels that must be read before anything is cut out of the page."""
    return EarlyLabels(usage_signals.signals(declared), paywall.declared_closed(declared))


def read(
    declared: DeclaredMetadata,
    early: EarlyLabels,
    lines: list[str],
    text: list[str],
    byline: str | None,
    title: str | None = None,
    walls: Sequence[CutBlock] = (),
) -> PageLabels:
    """Return all labels. `lines`: the text as it was found, with boilerplate; `text`: the lines of it that are kept.

    `walls`: blocks that were cut out of the page and may be walls.
    """
    kind, kinds = genre.kind(declared, text)
    begins = lines.index(text[0]) if text and text[0] in lines else 0
    paper = " ".join(declared.meta(SITE_METAS))
    datelines = (dateline(some, paper) for some in (lines, lines[begins:], text))
    date = next((found for found in datelines if found.raw), NOWHERE)
    name, url, origins = origin.origin(declared, lines, byline, date)
    kept = set(text)
    dropped = [line for line in lines if line not in kept]
    access, evidence = paywall.access(declared, early.closed, text, dropped, walls)
    if access is None:
        access, evidence = stand_in_pages.recognise(declared, title, text)
    claims = {"kind": kinds, "origin": origins}
    if date.raw:
        claims["dateline"] = [FieldCandidate("first line", date.raw, date.place, bool(date.place))]
    if evidence:
        claims["access"] = [FieldCandidate(re.split(r"[:;]", evidence, maxsplit=1)[0], evidence, access, chosen=True)]
    found_in = {name: claim.source for name, found in claims.items() for claim in found if claim.chosen}
    return PageLabels(kind, name, url, date.place, access, evidence, early.rights, found_in, claims)
