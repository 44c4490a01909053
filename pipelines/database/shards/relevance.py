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
from math import log

from pipelines.database.connection import ask
from pipelines.database.shards.databases import FleetDatabase

MAX_PHRASES = 8  # of a query that are weighed; a prefix and many forms of a word have more
LEAST_WEIGHT = 1e-6  # of a phrase that more than half of the articles have, as in FTS5
# A phrase of an FTS5 expression, with the columns that it is looked for in; a bracket, which ends them.
PARTS = re.compile(r'(?P<columns>(?:\w+|\{[^}]*\})\s*:\s*)?(?P<what>"(?:[^"]|"")*"\s*\*?|\(|\)|\bNOT\b)')
LABELS = "labels"


def rank_factors(db: FleetDatabase, match: str) -> list[float]:
    """Return for each shard what its ranks of an FTS5 expression are multiplied by."""
    phrases = phrases_of(match)[:MAX_PHRASES]
    if not phrases:
        return [1.0] * len(db.shards)
    numbers = db.each(db.shards, lambda one: _numbers(one, phrases))
    fleet = [sum(column) for column in zip(*numbers, strict=True)]
    of_fleet = _weight(fleet)
    return [of_fleet / _weight(shard) for shard in numbers]


def phrases_of(match: str) -> list[str]:
    """Return the phrases of an FTS5 expression, each with its columns, without labels and what must not be there."""
    found: dict[str, None] = {}
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
            found[own + what] = None
    return list(found)


def _numbers(db: sqlite3.Connection, phrases: list[str]) -> list[int]:
    """Return how many articles there are, then how many have each phrase."""
    sql = "SELECT count(*) FROM articles_fts WHERE articles_fts MATCH ?"
    with_phrase = [int(next(ask(db, sql, (phrase,)))[0]) for phrase in phrases]
    return [int(next(ask(db, "SELECT total(articles) FROM article_days"))[0]), *with_phrase]


def _weight(numbers: list[int]) -> float:
    """Return the weight of all phrases that a shard has: of each, the inverse document frequency as FTS5 has it."""
    total, *with_phrase = numbers
    weights = [max(log((total - number + 0.5) / (number + 0.5)), LEAST_WEIGHT) for number in with_phrase if number]
    return sum(weights) or 1.0
