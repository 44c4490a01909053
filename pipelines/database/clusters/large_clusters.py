"""Change a large cluster by the rows of one article, where making all of it anew would do no more.

A site prints a notice or a standing text under thousands of addresses. They are one cluster, and each of them is edited
by itself. Without this, each edit would read and write the rows of all.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping
from typing import NamedTuple

from pipelines.clusters.first_text import probable_origin
from pipelines.clusters.grouping import CopyPair
from pipelines.database.clusters.regrouping import MAX_JUDGED, facts_of, pairs_of, shares_of, text_in

MAX_FOLLOWED = 100  # articles whose pairs are read to see that those which lost a neighbour are still joined
HARMLESS = frozenset(("reprint", "part"))  # kinds of pairs that make no series and no collection: see `grouping`


class LargeCluster(NamedTuple):
    """Hold a row of `clusters`."""

    id: int
    copies: int
    origin_id: int
    origin_name: str | None
    evidence: str
    said_by: int


def settle(
    db: sqlite3.Connection, number: int, before: Mapping[int, CopyPair], after: Mapping[int, CopyPair]
) -> bool:
    """Take an article out of a large cluster, add it to one, or keep it there; return True. Else change nothing.

    `before`, `after`: the pairs of the article before it was compared, and now, by the other article. False: more than
    its own rows may change, such as an origin, the number of a cluster, or what is joined with what. Commits nothing.
    """
    if any(pair.kind not in HARMLESS for pair in (*before.values(), *after.values())):
        return False
    old, new = ({other for other, pair in found.items() if pair.kind == "reprint"} for found in (before, after))
    cluster_of = _clusters_of(db, {number, *old, *new})
    source, into = cluster_of[number], {cluster_of[one] for one in new}
    if not (old or new) or len(into) > 1 or None in into or any(cluster_of[one] != source for one in old):
        return False
    target = next(iter(into), None)
    left, joined = _whole(db, source), _whole(db, target)
    if (source is not None and left is None) or (target is not None and joined is None):
        return False
    if left is not None and not _are_joined(db, old | new if target == source else old):
        return False
    changed = [_with_origin(db, one, number, stays=one == joined) for one in {left, joined} if one is not None]
    if None in changed:
        return False
    db.execute("DELETE FROM cluster_members WHERE article_id = ?", (number,))
    for one in filter(None, changed):
        db.execute("INSERT OR REPLACE INTO clusters VALUES (?, ?, ?, ?, ?, ?)", one)
    if joined is not None:
        pairs = {(pair.article, pair.other): pair for pair in after.values()}
        shares = shares_of(db, number, joined.origin_id, text_in(db, joined.origin_id), pairs)
        db.execute("INSERT INTO cluster_members VALUES (?, ?, ?, ?)", (number, joined.id, *shares))
    return True


def _clusters_of(db: sqlite3.Connection, articles: Collection[int]) -> dict[int, int | None]:
    query = """SELECT value, cluster_id FROM json_each(?) LEFT JOIN cluster_members ON article_id = value"""
    return dict(db.execute(query, (json.dumps(list(articles)),)).fetchall())


def _whole(db: sqlite3.Connection, number: int | None) -> LargeCluster | None:
    """Return a cluster if it is large, and none of its articles was deleted since it was made; else None."""
    row = db.execute("SELECT * FROM clusters WHERE id = ? AND copies >= ?", (number, max(3, MAX_JUDGED))).fetchone()
    if row is None:
        return None
    count = db.execute("SELECT count(*) FROM cluster_members WHERE cluster_id = ?", (number,)).fetchone()[0]
    return LargeCluster(*row) if count == row[1] else None


def _are_joined(db: sqlite3.Connection, articles: Collection[int]) -> bool:
    """Return True if reprints join these articles, and few others in between. False: that is not known."""
    missing, waiting, met = set(articles), [*articles][:1], set[int]()
    while waiting and missing and len(met) < MAX_FOLLOWED:
        one = waiting.pop(0)
        if one not in met:
            met.add(one)
            missing.discard(one)
            pairs = pairs_of(db, one)
            if not any(pair.kind in ("shortened", "edited") for pair in pairs.values()):  # it may be a collection
                waiting += [other for other, pair in pairs.items() if pair.kind == "reprint"]
    return not missing


def _with_origin(db: sqlite3.Connection, cluster: LargeCluster, number: int, *, stays: bool) -> LargeCluster | None:
    """Return the row of a cluster with or without an article; None if it has another number or origin then."""
    query = "SELECT article_id FROM cluster_members WHERE cluster_id = ? ORDER BY article_id LIMIT ?"
    known = [row[0] for row in db.execute(query, (cluster.id, MAX_JUDGED + 1))]
    is_member = db.execute(
        "SELECT 1 FROM cluster_members WHERE article_id = ? AND cluster_id = ?", (number, cluster.id)
    ).fetchone()
    members = {*known, number} if stays else {*known} - {number}
    judged = sorted(members)[:MAX_JUDGED]
    if number == cluster.origin_id or min(judged) != cluster.id:
        return None
    cluster = cluster._replace(copies=cluster.copies + stays - (is_member is not None))
    if number not in judged and number not in known[:MAX_JUDGED]:
        return cluster
    origin = probable_origin(facts_of(db, judged))
    if origin.article != cluster.origin_id:
        return None
    return cluster._replace(origin_name=origin.name, evidence=origin.evidence, said_by=origin.said_by)
