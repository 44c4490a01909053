"""Put the matches of all shards in one order, as places: by day, or by relevance within a pool. Read-only.

A place in a fleet is the place in its shard, followed by the position of the shard. So the order by day is exact, and
articles of one day are in the order in which they came into their shards; of two that came in as the same, the one of
the shard with the higher number is the newer.
"""

from __future__ import annotations

import heapq
import json
import sqlite3
from collections.abc import Iterator
from functools import partial
from itertools import islice

from pipelines.database.connection import ask
from pipelines.database.query_language.index_terms import LAST_PLACE, PlaceRange
from pipelines.database.search.ranking import POOL_MATCHES, newest_first, oldest_first, ranked_first
from pipelines.database.selection import ArticleSelection
from pipelines.database.shards.databases import SHARD_BITS, FleetDatabase
from pipelines.database.shards.relevance import rank_factors

MANY_PLACES = 1_000  # from so many on, places are merged as they are read, and no thread reads ahead
MORE_AT_ONCE = 2  # times the share of a shard in the newest matches: so many are read first, because shards differ


def merged_places(
    db: FleetDatabase, which: ArticleSelection, sort: str, limit: int | None, offset: int
) -> Iterator[int]:
    """Yield the places of a page of the matches of a fleet, in one of the orders `ranking.SORTS`."""
    end = None if limit is None else offset + limit
    if sort == "relevance" and which.headline is not None:
        places = _most_relevant_first(db, which, end)
    else:
        places = _by_day(db, which, end, reverse=sort != "oldest")
    return islice(places, offset, end)


def pool_ends(db: FleetDatabase, which: ArticleSelection, most: int = POOL_MATCHES) -> list[int]:
    """Return for each shard the place of its newest match that is not among the newest `most` of the fleet; 0: none."""
    share = most * MORE_AT_ONCE // len(db.shards) + 1
    while True:
        read = db.each(db.shards, partial(_newest, which=which, most=share))
        # Below the last place that is known of a shard that has more, it is not known which matches are the newest.
        known = max((places[-1] for places in read if len(places) == share), default=0)
        newest = heapq.nlargest(most, (place << SHARD_BITS | n for n, places in enumerate(read) for place in places))
        if share > most or len(newest) < most or newest[-1] >> SHARD_BITS > known:
            break
        share = min(share * MORE_AT_ONCE * MORE_AT_ONCE, most + 1)
    if len(newest) < most:
        return [0] * len(db.shards)
    return [
        next((place for place in places if place << SHARD_BITS | n < newest[-1]), 0) for n, places in enumerate(read)
    ]


def _newest(db: sqlite3.Connection, which: ArticleSelection, most: int) -> list[int]:
    """Return the newest places as one text: threads that compute wait for Python's lock at each row."""
    sql = f"""SELECT json_group_array(place) FROM (
                  SELECT {which.place} AS place {which.found()} ORDER BY {which.place} DESC LIMIT :most)"""  # noqa: S608
    places: list[int] = json.loads(next(ask(db, sql, which.values | {"most": most}))[0])
    return places


def _by_day(db: FleetDatabase, which: ArticleSelection, end: int | None, *, reverse: bool) -> Iterator[int]:
    """Yield places by day; of the undated, which come last in both orders, by number."""
    if end is not None and end <= MANY_PLACES:
        in_order = newest_first if reverse else oldest_first
        found = db.each(db.shards, lambda one: list(islice(in_order(one, which), end)))
        streams: list[Iterator[int]] = [iter(places) for places in found]
    else:
        streams = [(newest_first if reverse else oldest_first)(one, which) for one in db.shards]
    named = [_named(places, position) for position, places in enumerate(streams)]
    if reverse:
        return heapq.merge(*named, reverse=True)
    return heapq.merge(*named, key=_undated_last)


def _named(places: Iterator[int], position: int) -> Iterator[int]:
    return (place << SHARD_BITS | position for place in places)


def _undated_last(place: int) -> int:
    from pipelines.database.schema.places import FIRST_DATED_PLACE

    return place if place >> SHARD_BITS >= FIRST_DATED_PLACE else place + (LAST_PLACE >> 1)


def _most_relevant_first(db: FleetDatabase, which: ArticleSelection, needed: int | None) -> Iterator[int]:
    """Yield places as `ranking.most_relevant_first` does: matches in headlines, the others, then by day."""
    seen = set[int]()
    cuts = [0] * len(db.shards)
    parts = [which._replace(match=which.headline), which]
    if parts[0] == which and not which.in_title:
        parts.pop()
    for part in parts:
        cuts = pool_ends(db, part)
        pools = [part.within(PlaceRange(cut + 1)) for cut in cuts]
        if part is not which:
            pools = [pool._replace(tests=pool.tests + which.in_title) for pool in pools]
        shards = list(zip(db.shards, pools, strict=True))
        found = db.each(shards, lambda shard: ranked_first(shard[0], shard[1], needed))
        assert part.match is not None
        factors = rank_factors(db, part.match) if sum(map(bool, found)) > 1 else [1.0] * len(found)
        # The lower a rank, the more relevant; of two that are equally relevant, the newer one comes first.
        ranked = (
            [(rank * factor, -(place << SHARD_BITS | position)) for rank, place in matches]
            for position, (matches, factor) in enumerate(zip(found, factors, strict=True))
        )
        for _, place in heapq.merge(*ranked):
            if -place not in seen:
                seen.add(-place)
                yield -place
    if any(cuts):
        rest = [newest_first(one, which.within(PlaceRange(last=cut))) for one, cut in zip(db.shards, cuts, strict=True)]
        named = [_named(places, position) for position, places in enumerate(rest)]
        yield from (place for place in heapq.merge(*named, reverse=True) if place not in seen)
