"""Find fields of a query that no article can fit together: `source:a source:b`. Pure; the caller reads the values.

An article has one source, language and kind, and one day. Neighbouring fields must all fit, so two different values of
one of them always find nothing, while `--source a --source b` means either.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any, TypeVar

from pipelines.database.query_language.parser import QueryExclusion, QueryField, QueryGroup, QueryNode
from pipelines.database.query_language.tokens import misplaced

ONE_OF = ("source", "language", "kind")  # fields of which an article has one value
ONE_DAY = ("published", "seen")

T = TypeVar("T")
Days = tuple[str | None, str | None]  # the first and the last that may be there
ReadValues = Callable[[QueryField], set[Any]]  # the values of which one must be there
ReadDays = Callable[[QueryField], Days]


def check_fields(query: str, node: QueryNode, values: ReadValues, days: ReadDays) -> None:
    """Raise QueryError if two fields that must both fit never do."""
    if isinstance(node, QueryExclusion):
        check_fields(query, node.part, values, days)
    if not isinstance(node, QueryGroup):
        return
    for part in node.parts:
        check_fields(query, part, values, days)
    if node.operator != "AND":
        return
    for name in (*ONE_OF, *ONE_DAY):
        fields = [part for part in node.parts if isinstance(part, QueryField) and part.name == name]
        if len(fields) < 2:  # most queries: a value need not be read twice
            continue
        if name in ONE_DAY:
            _check_pairs(query, fields, list(map(days, fields)), _overlap)
        else:
            _check_pairs(query, fields, list(map(values, fields)), lambda one, other: bool(one & other))


def _check_pairs(query: str, fields: Sequence[QueryField], read: Sequence[T], fit: Callable[[T, T], bool]) -> None:
    for first, second in combinations(range(len(fields)), 2):
        if not fit(read[first], read[second]):
            one, other = fields[first].typed, fields[second].typed
            cure = f"to find articles of either, write ({one} OR {other})"
            raise misplaced(query, fields[second].place, f"no article fits both {one} and {other}", cure)


def _overlap(one: Days, other: Days) -> bool:
    (since, until), (other_since, other_until) = one, other
    ends_before = until is not None and other_since is not None and until < other_since
    begins_after = since is not None and other_until is not None and other_until < since
    return not ends_before and not begins_after
