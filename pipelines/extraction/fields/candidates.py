"""Decide a field: its claims come in order of precedence, and the first that is usable wins.

Pure. The order of a field is a table of `PrecedenceLine`s, each with its reason. A caller that needs only the value
stops at the winner. A caller that needs an explanation reads the same claims to the end, so the two cannot disagree.
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
    """Hold what one place of the page says about one field."""

    source: str  # the place: "json-ld headline", "meta og:title", "h1", ...
    raw: str  # as the page has it
    value: Any = None  # the value that was read from it; None: not usable
    why: str = ""  # why such a place has this precedence
    against: str = ""  # why it is not usable, if it is not


class PrecedenceLine(NamedTuple):
    """Hold one line of an order of precedence."""

    kind: str  # a key of PLACE_READERS
    names: tuple[str, ...]  # of equal precedence, tried in this order
    why: str  # the reason for this place in the order


def _of_article(page: DeclaredMetadata, name: str) -> list[str]:
    return _of_node(page, page.article, name)


def _of_page_node(page: DeclaredMetadata, name: str) -> list[str]:
    return [raw for node in page.page_nodes for raw in _of_node(page, node, name)]


def _of_node(page: DeclaredMetadata, node: jsonld.Node, name: str) -> list[str]:
    """Return the strings of a node. `name`: a key, or "key.key" for a node inside, which may be a reference."""
    key, _, inside = name.partition(".")
    value = node.get(key)
    values = value if isinstance(value, list) else [value]
    keys = (inside,) if inside else ("@id", "url", "name")
    return [raw for item in values if (raw := jsonld.text(jsonld.resolved(item, page.by_id), *keys))]


# How each kind of place is read: (page, name) -> its strings.
PLACE_READERS: dict[str, Callable[[DeclaredMetadata, str], Iterable[str]]] = {
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
    """Yield a claim for each string that `lines` find on the page.

    `read` makes a value of it, or None if it is not usable; `against` is the reason then.
    """
    for line in lines:
        place = PLACE_READERS[line.kind]
        for name in line.names:
            for raw in place(page, name):
                if tidy := clean(raw):
                    value = read(tidy, page)
                    yield FieldClaim(f"{line.kind} {name}", tidy, value, line.why, "" if value else against)


def first_usable(found: Iterable[FieldClaim]) -> FieldClaim | None:
    """Return the first claim that is usable, the winner. Read no further."""
    return next((claim for claim in found if claim.value is not None), None)


def as_candidates(found: Iterable[FieldClaim]) -> list[FieldCandidate]:
    """Return all claims as candidates, the winner marked.

    A claim that was put off comes twice: it is listed where it won, else where it came first.
    """
    listed = list(found)
    winner = first_usable(listed)
    candidates: list[FieldCandidate] = []
    done = {(winner.source, winner.raw)} if winner else set()
    for claim in listed:
        if claim is winner or (claim.source, claim.raw) not in done:
            done.add((claim.source, claim.raw))
            why = _reason(claim, claim is winner)
            candidates.append(FieldCandidate(claim.source, claim.raw, claim.value, claim is winner, why))
    return candidates


def _reason(claim: FieldClaim, won: bool) -> str:
    if claim.value is None:
        return claim.against
    return claim.why if won else ""
