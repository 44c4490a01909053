"""Put the matches of all shards in one order, as places: by day, or by relevance within a pool. Read-only.

A place in a fleet is the place in its shard, followed by the position of the shard. So the order by day is exact, and
articles of one day are in the order in which they came into their shards; of two that came in as the same, the one of
the shard with the higher number is the newer.
"""

from __future__ import annotations

import heapq
import json
import sqlite3
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain, islice
from math import ceil
from typing import NamedTuple, TypeVar

from pipelines.database.connection import ask
from pipelines.database.query_language.index_terms import EVERYWHERE, LAST_PLACE, PlaceRange
from pipelines.database.schema.places import DAY_BITS, FIRST_DATED_PLACE
from pipelines.database.search.ranking import POOL_MATCHES, newest_first, oldest_first
from pipelines.database.search.vocabulary import indexed_articles
from pipelines.database.selection import ArticleSelection
from pipelines.database.shards.databases import SHARD_BITS, FleetDatabase
from pipelines.database.shards.relevance import rank_factors

Found = TypeVar("Found")

FEW_ROWS = 20  # of each shard that threads read, if it is not known how many are needed
ENDLESS = "1e12, 1e12, 1e12, 1e12, 0"  # what a phrase counts in each column of the index; labels count nothing
MORE_AT_ONCE = 1.1  # times what a shard is expected to have among the newest matches: so many are read


class RankedMatch(NamedTuple):
    """Hold what matches of several shards are merged by."""

    rank: float
    place: int
    of_phrases: float  # the rank that the match had if it held its phrases without end: what is left is their weight


def merged_places(
    db: FleetDatabase, which: ArticleSelection, sort: str, limit: int | None, offset: int
) -> Iterator[int]:
    """Yield the places of a page of the matches of a fleet, in one of the orders `ranking.SORTS`."""
    end = None if limit is None else offset + limit
    if sort == "relevance" and which.headline is not None:
        places = _most_relevant_first(db, which, end)
    else:
        places = _by_day(db, [which] * len(db.shards), end, reverse=sort != "oldest")
    return islice(places, offset, end)


def pool_ends(db: FleetDatabase, which: ArticleSelection, most: int = POOL_MATCHES) -> list[int]:
    """Return for each shard the place from which on downwards no match is among the newest `most` of the fleet.

    It is 0 if all are. Each shard is asked for its share at first, and then for what it seems to lack, which is little
    if shards are alike in what they have of a time.
    """
    if _articles_within(db, which.places) <= most:
        return [0] * len(db.shards)
    read: list[list[int]] = [[] for _ in db.shards]  # of each shard its newest matches, the newest first
    wanted = [most // len(db.shards) + 1] * len(db.shards)
    # Shards that have more matches than were read, and those of them that are asked next.
    going_on = asked = [*range(len(db.shards))]
    while asked:
        due = [(db.shards[n], _below(which, read[n]), wanted[n] - len(read[n])) for n in asked]
        found = db.each(due, lambda one: _newest(*one))
        for n, places in zip(asked, found, strict=True):
            read[n] += places
        going_on = [n for n in going_on if n not in asked or len(read[n]) == wanted[n]]
        # Above the last place that was read of a shard that has more, all matches of all shards are known.
        known = max((read[n][-1] for n in going_on), default=0)
        of_shards = [bisect_left(places, -known, key=int.__neg__) for places in read]
        if (number := sum(of_shards)) > most:
            break
        grown = MORE_AT_ONCE * most / max(number, 1)
        wanted = [min(ceil(part * grown) + 2, most + 1) for part in of_shards]
        asked = [n for n in going_on if wanted[n] > len(read[n])]
    if sum(map(len, read)) <= most:
        return [0] * len(db.shards)
    newest = sorted(chain.from_iterable(read), reverse=True)
    first_left_out = newest[most]
    # Of equal places, those of the shards with the higher numbers are the newer ones.
    equal = most - bisect_left(newest, -first_left_out, key=int.__neg__)
    ends = []
    for places in reversed(read):
        at = bisect_left(places, -first_left_out, key=int.__neg__)
        is_in = equal > 0 and places[at : at + 1] == [first_left_out]
        equal -= is_in
        ends.append(first_left_out - is_in)
    return ends[::-1]


def _articles_within(db: FleetDatabase, places: PlaceRange) -> int:
    """Return how many articles a fleet has in a range of places, or more, whatever they are about."""
    if places == EVERYWHERE:
        return sum(map(indexed_articles, db.shards))
    sql = "SELECT total(articles) FROM article_days WHERE day BETWEEN ? AND ?"
    days = [place >> DAY_BITS for place in places]
    return sum(int(next(ask(one, sql, days))[0]) for one in db.shards)


def _below(which: ArticleSelection, places: list[int]) -> ArticleSelection:
    """Return the selection of the matches that come after those whose places were read."""
    return which.within(PlaceRange(last=places[-1] - 1)) if places else which


def _newest(db: sqlite3.Connection, which: ArticleSelection, most: int) -> list[int]:
    """Return the newest places as one text: threads that compute wait for Python's lock at each row."""
    sql = f"""SELECT json_group_array(place) FROM (
                  SELECT {which.place} AS place {which.found()} ORDER BY {which.place} DESC LIMIT :most)"""  # noqa: S608
    places: list[int] = json.loads(next(ask(db, sql, which.values | {"most": most}))[0])
    return places


def _begun(
    db: FleetDatabase,
    parts: Iterable[ArticleSelection],
    read: Callable[[sqlite3.Connection, ArticleSelection], Iterator[Found]],
    needed: int | None,
) -> list[Iterator[Found]]:
    """Return what is read of each shard. Threads read its share of what is needed; the rest is read when it is due."""
    few = FEW_ROWS if needed is None else min(needed, needed * 2 // len(db.shards) + 2)

    def begin(shard: tuple[sqlite3.Connection, ArticleSelection]) -> Iterator[Found]:
        rows = read(*shard)
        return chain(list(islice(rows, few)), rows)

    return db.each(zip(db.shards, parts, strict=True), begin)


def _by_day(db: FleetDatabase, parts: Iterable[ArticleSelection], end: int | None, *, reverse: bool) -> Iterator[int]:
    """Yield places by day; of the undated, which come last in both orders, by number."""
    streams = _begun(db, parts, newest_first if reverse else oldest_first, end)
    named = [_named(places, position) for position, places in enumerate(streams)]
    if reverse:
        return heapq.merge(*named, reverse=True)
    return heapq.merge(*named, key=_undated_last)


def _named(places: Iterator[int], position: int) -> Iterator[int]:
    return (place << SHARD_BITS | position for place in places)


def _undated_last(place: int) -> int:
    return place if place >> SHARD_BITS >= FIRST_DATED_PLACE else place + (LAST_PLACE >> 1)


def _most_relevant_first(db: FleetDatabase, which: ArticleSelection, needed: int | None) -> Iterator[int]:
    """Yield places as `ranking.most_relevant_first` does: matches in headlines, the others, then by day."""
    seen = set[int]()
    ends = [0] * len(db.shards)
    parts = [which._replace(match=which.headline), which]
    if parts[0] == which and not which.in_title:
        parts.pop()
    for part in parts:
        ends = pool_ends(db, part)
        pools = [part.within(PlaceRange(end + 1)) for end in ends]
        if part is not which:
            pools = [pool._replace(tests=pool.tests + which.in_title) for pool in pools]
        for place in _ranked(db, pools, needed):
            if place not in seen:
                seen.add(place)
                yield place
    if any(ends):
        rest = [which.within(PlaceRange(last=end)) for end in ends]
        yield from (place for place in _by_day(db, rest, needed, reverse=True) if place not in seen)


def _ranked(db: FleetDatabase, pools: list[ArticleSelection], needed: int | None) -> Iterator[int]:
    """Yield the places of the matches in the pools of shards, the most relevant in the fleet first."""
    rows = _begun(db, pools, partial(_ranked_first, needed=needed), needed)
    firsts = [next(ranked, None) for ranked in rows]
    match = pools[0].match
    assert match is not None
    if len(firsts) - firsts.count(None) > 1:
        factors = rank_factors(db, match, [first and first.of_phrases for first in firsts])
    else:
        factors = [1.0] * len(rows)

    def weighed(position: int) -> Iterator[tuple[float, int]]:
        # The lower a rank, the more relevant; of two that are equally relevant, the newer one comes first.
        first, factor = firsts[position], factors[position]
        ranked = chain([first] if first else [], rows[position])
        return ((one.rank * factor, -(one.place << SHARD_BITS | position)) for one in ranked)

    return (-place for _, place in heapq.merge(*map(weighed, range(len(rows)))))


def _ranked_first(db: sqlite3.Connection, which: ArticleSelection, needed: int | None) -> Iterator[RankedMatch]:
    """Yield the matches of a shard, the most relevant first."""
    sql = f"""SELECT rank, {which.place}, bm25(articles_fts, {ENDLESS}) {which.found()}
               ORDER BY rank, {which.place} DESC LIMIT :limit"""
    return (RankedMatch(*row) for row in ask(db, sql, which.values | {"limit": -1 if needed is None else needed}))
