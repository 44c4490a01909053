"""What a page tells beside its text and metadata: kind, origin, dateline, access, rights. Here they are put together.

In two steps, because some of it must be read before anything is cut out of the page and some needs the text.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pipelines.extraction.labels import genre, origin
from pipelines.extraction.labels import paywall as access
from pipelines.extraction.labels import usage_signals as rights
from pipelines.extraction.labels.dateline import NOWHERE, dateline
from pipelines.extraction.page.declared import SITE, DeclaredMetadata
from pipelines.extraction.page.trace import FieldCandidate


@dataclass(frozen=True, slots=True)
class EarlyLabels:
    """What is read while the page is whole."""

    rights: tuple[str, ...] = ()
    closed: str | None = None  # where it declares that its text is not free


@dataclass(frozen=True, slots=True)
class PageLabels:
    """The fields of `Article` of the same names."""

    kind: str = genre.ARTICLE
    origin: str | None = None
    origin_url: str | None = None
    dateline: str | None = None
    access: str | None = None
    access_evidence: str | None = None
    rights: tuple[str, ...] = ()
    found_in: dict[str, str] = field(default_factory=dict)
    claims: dict[str, list[FieldCandidate]] = field(default_factory=dict)  # by field, the most trusted first


def early(declared: DeclaredMetadata) -> EarlyLabels:
    """The part that must be read before anything is cut out of the page."""
    return EarlyLabels(rights.signals(declared), access.closed(declared))


def read(
    declared: DeclaredMetadata, seen: EarlyLabels, lines: list[str], text: list[str], byline: str | None
) -> PageLabels:
    """All of it. lines: what was found as the text, furniture included; text: what of it stays."""
    kind, kinds = genre.kind(declared, text)
    begins = lines.index(text[0]) if text and text[0] in lines else 0
    paper = " ".join(declared.meta(SITE))
    dates = (dateline(some, paper) for some in (lines, lines[begins:], text))
    date = next((found for found in dates if found.raw), NOWHERE)
    name, address, origins = origin.origin(declared, lines, byline, date)
    kept = set(text)
    barrier, evidence = access.access(declared, seen.closed, text, [line for line in lines if line not in kept])
    claims = {"kind": kinds, "origin": origins}
    if date.raw:
        claims["dateline"] = [FieldCandidate("first line", date.raw, date.place, bool(date.place))]
    if evidence:
        claims["access"] = [FieldCandidate(evidence.partition(":")[0], evidence, barrier, chosen=True)]
    found_in = {name: claim.source for name, found in claims.items() for claim in found if claim.chosen}
    return PageLabels(kind, name, address, date.place, barrier, evidence, seen.rights, found_in, claims)
