"""How a field is decided: claims in the order of trust, and the first that can be believed wins.

Pure. A field's order is a table of `PrecedenceLine`s, each with its reason; a caller that needs the value alone stops
at the winner, a caller that needs an explanation reads the same claims to the end. So the two cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from pipelines.extraction.page import jsonld
from pipelines.extraction.page.declared import DeclaredMetadata, clean
from pipelines.extraction.page.trace import FieldCandidate


@dataclass(frozen=True, slots=True)
class FieldClaim:
    """What one place of the page says of one field."""

    source: str  # where it stands: "json-ld headline", "meta og:title", "h1", ...
    raw: str  # as it stands there
    value: Any = None  # what it means; None: it cannot be believed
    why: str = ""  # why such a place is trusted
    against: str = ""  # why it is not believed, if it is not


class PrecedenceLine(NamedTuple):
    """One line of an order of trust."""

    kind: str  # a key of PLACES
    names: tuple[str, ...]  # what it is called there; all are trusted alike, in their order
    why: str  # why it stands at this place of the order


def _of_article(page: DeclaredMetadata, name: str) -> list[str]:
    return _of_node(page, page.article, name)


def _of_page_node(page: DeclaredMetadata, name: str) -> list[str]:
    return [raw for node in page.page_nodes for raw in _of_node(page, node, name)]


def _of_node(page: DeclaredMetadata, node: jsonld.Node, name: str) -> list[str]:
    """`name` is a key, or "key.key" for what stands in a node inside, by reference too."""
    key, _, inside = name.partition(".")
    value = node.get(key)
    values = value if isinstance(value, list) else [value]
    keys = (inside,) if inside else ("@id", "url", "name")
    return [raw for item in values if (raw := jsonld.text(jsonld.resolved(item, page.by_id), *keys))]


# How each kind of place is read: (page, name) -> what stands there.
PLACES: dict[str, Callable[[DeclaredMetadata, str], Iterable[str]]] = {
    "json-ld": _of_article,
    "json-ld page": _of_page_node,
    "json-ld site": lambda page, name: [
        raw for node in page.nodes if "WebSite" in jsonld.types(node) for raw in _of_node(page, node, name)
    ],
    "meta": lambda page, name: page.metas.get(name, ()),
    "link": lambda page, name: page.links.get(name, ()),
    "microdata": lambda page, name: page.microdata.get(name, ()),
    "title": lambda page, _name: [page.page_title],
    "printed": lambda page, _name: page.printed_issn,
    "html": lambda page, name: [raw] if (raw := page.root_attribute(name)) else [],
    "feed": lambda page, name: [raw] if (raw := page.hint.get(name)) else [],
}


def claims(
    page: DeclaredMetadata,
    lines: Iterable[PrecedenceLine],
    read: Callable[[str, DeclaredMetadata], Any],
    against: str = "not usable",
) -> Iterator[FieldClaim]:
    """What `lines` find on the page, one claim for each string; `read` makes a value of it, or None: then `against`."""
    for line in lines:
        place = PLACES[line.kind]
        for name in line.names:
            for raw in place(page, name):
                if tidy := clean(raw):
                    value = read(tidy, page)
                    yield FieldClaim(f"{line.kind} {name}", tidy, value, line.why, "" if value else against)


def first(found: Iterable[FieldClaim]) -> FieldClaim | None:
    """The winner: the first claim that can be believed. Reads no further."""
    return next((claim for claim in found if claim.value is not None), None)


def told(found: Iterable[FieldClaim]) -> list[FieldCandidate]:
    """All claims for people, the winner marked. What was put off and came again is told where it won, else first."""
    listed = list(found)
    winner = first(listed)
    candidates: list[FieldCandidate] = []
    done = {(winner.source, winner.raw)} if winner else set()
    for claim in listed:
        if claim is winner or (claim.source, claim.raw) not in done:
            done.add((claim.source, claim.raw))
            verdict = _verdict(claim, claim is winner)
            candidates.append(FieldCandidate(claim.source, claim.raw, claim.value, claim is winner, verdict))
    return candidates


def _verdict(claim: FieldClaim, won: bool) -> str:
    if claim.value is None:
        return claim.against
    return claim.why if won else ""
