"""Make the ranks of shards comparable, with the numbers of the whole fleet. Read-only.

FTS5 ranks by bm25 (sqlite.org/fts5, "The bm25() function"): a phrase weighs the more, the fewer articles have it. Each
shard knows only its own articles, so a phrase weighs more in a shard where it is rare. The ranks of a shard are
therefore multiplied by the weight of the phrases in the fleet over that in the shard. For a query of one word or phrase
this gives the weight that one archive with all articles would give; what stays of the shard is the mean length of a
text. For several words it is the weight of all of them together.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from math import exp, log

from pipelines.database.connection import ask
from pipelines.database.search.vocabulary import indexed_articles
from pipelines.database.shards.databases import FleetDatabase

MAX_PHRASES = 8  # of a query that are weighed; a prefix and many forms of a word have more
K1 = 1.2  # of bm25 in FTS5
LEAST_WEIGHT = 1e-6  # of a phrase that more than half of the articles have, as in FTS5
# A phrase of an FTS5 expression, with the columns that it is looked for in; a bracket, which ends them.
PARTS = re.compile(r'(?P<columns>(?:\w+|\{[^}]*\})\s*:\s*)?(?P<what>"(?:[^"]|"")*"\s*\*?|\(|\)|\bNOT\b)')
LABELS = "labels"


def rank_factors(db: FleetDatabase, match: str, of_phrases: Sequence[float | None]) -> list[float]:
    """Return for each shard what its ranks of an FTS5 expression are multiplied by.

    `of_phrases`: of a match of each shard, as `merged_places.RankedMatch` has it; None: the shard has none.
    """
    found = phrases_of(match)
    if not found:
        return [1.0] * len(db.shards)
    totals = [indexed_articles(one) for one in db.shards]
    if len(found) == 1:
        numbers = _with_phrase(db, found[0], totals, of_phrases)
    else:
        phrases = list(dict.fromkeys(found))[:MAX_PHRASES]
        numbers = db.each(db.shards, lambda one: [_count(one, phrase) for phrase in phrases])
    of_fleet = _weight(sum(totals), [sum(column) for column in zip(*numbers, strict=True)])
    return [of_fleet / _weight(total, shard) for total, shard in zip(totals, numbers, strict=True)]


def _with_phrase(
    db: FleetDatabase, phrase: str, totals: Sequence[int], of_phrases: Sequence[float | None]
) -> list[list[int]]:
    """Return how many articles of each shard have a phrase. FTS5 has counted them to rank, and does not tell.

    But if a match counts its only phrase without end, its rank is the weight of the phrase, times K1 + 1.
    """
    numbers = [
        None if rank is None else _number(total, -rank / (K1 + 1))
        for total, rank in zip(totals, of_phrases, strict=True)
    ]
    unknown = [position for position, number in enumerate(numbers) if number is None]
    if all(of_phrases) and len(unknown) == len(numbers):
        return [[total] for total in totals]  # half of each shard or more, and so of the fleet: the least weight
    counted = dict(zip(unknown, db.each(unknown, lambda position: _count(db.shards[position], phrase)), strict=True))
    return [[counted[position] if number is None else number] for position, number in enumerate(numbers)]


def _number(total: int, weight: float) -> int | None:
    """Return how many of so many articles have a phrase of this weight; None: half of them or more."""
    if weight < 2 * LEAST_WEIGHT:
        return None
    return round((total + 0.5 - 0.5 * exp(weight)) / (exp(weight) + 1))


def phrases_of(match: str) -> list[str]:
    """Return the phrases of an FTS5 expression, each with its columns, without labels and what must not be there."""
    found: list[str] = []
    inside = [""]  # the columns of each bracket that is open
    unwanted = False
    for part in PARTS.finditer(match):
        own, what = part["columns"] or inside[-1], part["what"]
        if what == "NOT":
            unwanted = True
            continue
        if what == ")":
            inside.pop()
            continue
        own, unwanted = LABELS if unwanted else own, False
        if what == "(":
            inside.append(own)
        elif not own.startswith(LABELS):
            found.append(own + what)
    return found


def _count(db: sqlite3.Connection, phrase: str) -> int:
    """Return how many articles have a phrase."""
    return int(next(ask(db, "SELECT count(*) FROM articles_fts WHERE articles_fts MATCH ?", (phrase,)))[0])


def _weight(total: int, with_phrase: Sequence[int]) -> float:
    """Return the weight of all phrases that a shard has: of each, the inverse document frequency as FTS5 has it."""
    weights = [max(log((total - number + 0.5) / (number + 0.5)), LEAST_WEIGHT) for number in with_phrase if number]
    return sum(weights) or 1.0
