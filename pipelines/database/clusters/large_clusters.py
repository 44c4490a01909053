"""Change a large cluster by the rows of the articles that changed, where making all of it anew would do no more.

A site prints a notice or a standing text under thousands of addresses. They are one cluster, and each of them is edited
by itself. Without this, each edit would read and write the rows of all.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping

from pipelines.clusters.first_text import probable_origin
from pipelines.clusters.grouping import CopyPair
from pipelines.database.clusters.regrouping import MAX_JUDGED, facts_of, pairs_of, shares_of, text_in

MAX_FOLLOWED = 100  # articles whose pairs are read to see that those which lost a neighbour are still joined
HARMLESS = frozenset(("reprint", "part"))  # kinds of pairs that make no series and no collection: see `grouping`
Changed = dict[int, set[int]]  # large clusters by number, with articles that came, went, or were compared again


def settle(
    db: sqlite3.Connection,
    number: int,
    before: Mapping[int, CopyPair],
    after: Mapping[int, CopyPair],
    changed: Changed,
) -> set[int]:
    """Take an article out of a large cluster, add it to one, or keep it there; return the articles to regroup, if any.

    `before`, `after`: the pairs of the article before it was compared, and now, by the other article. `changed`: takes
    the clusters for which `finish` is to be called. Commits nothing.
    """
    if any(pair.kind not in HARMLESS for pair in (*before.values(), *after.values())):
        return {number, *before, *after}
    old, new = ({other for other, pair in found.items() if pair.kind == "reprint"} for found in (before, after))
    cluster_of = _clusters_of(db, {number, *old, *new})
    source, into = cluster_of[number], {cluster_of[one] for one in new}
    target = next(iter(into)) if len(into) == 1 else None
    stays = target is not None and target == source
    if any(cluster_of[one] != source for one in old) or (
        source is not None and not (_is_whole(db, source, changed) and _are_joined(db, old | new if stays else old))
    ):
        return {number, *before, *after}
    if source is not None:
        changed.setdefault(source, set()).add(number)
        if not stays:
            db.execute("DELETE FROM cluster_members WHERE article_id = ?", (number,))
            db.execute("UPDATE clusters SET copies = copies - 1 WHERE id = ?", (source,))
    if target is None or not (stays or (number > target and _is_whole(db, target, changed))):
        return {number, *after} if new else set()
    if not stays:
        changed.setdefault(target, set()).add(number)
        db.execute("INSERT INTO cluster_members VALUES (?, ?, 0, 0)", (number, target))  # `finish` measures
        db.execute("UPDATE clusters SET copies = copies + 1 WHERE id = ?", (target,))
    return set()


def finish(db: sqlite3.Connection, changed: Changed) -> None:
    """Give clusters that `settle` changed their number and origin, and measure what the changed articles keep of it."""
    # A number is never smaller than before. So the number of a cluster that has another now is free for the next one.
    for cluster, articles in sorted(changed.items(), reverse=True):
        query = "SELECT article_id FROM cluster_members WHERE cluster_id = ? ORDER BY article_id LIMIT ?"
        judged = [row[0] for row in db.execute(query, (cluster, MAX_JUDGED))]
        known = db.execute("SELECT origin_id FROM clusters WHERE id = ?", (cluster,)).fetchone()
        number = min(judged)
        if number != cluster:
            db.execute("UPDATE clusters SET id = ? WHERE id = ?", (number, cluster))
            db.execute("UPDATE cluster_members SET cluster_id = ? WHERE cluster_id = ?", (number, cluster))
        before = known[0]
        if max(judged) < min(articles):
            origin_id = before  # those that are asked for the origin are as they were
        else:
            origin = probable_origin(facts_of(db, judged))
            db.execute(
                "UPDATE clusters SET origin_id = ?, origin_name = ?, evidence = ?, said_by = ? WHERE id = ?",
                (*origin, number),
            )
            origin_id = origin.article
        _measure(db, number, origin_id, before, articles)


def _measure(db: sqlite3.Connection, cluster: int, origin: int, before: int, changed: Collection[int]) -> None:
    """Write the shares of the changed articles, or of all if the text that they are measured against is another."""
    first = text_in(db, origin)
    shares = db.execute("SELECT kept, origin_kept FROM cluster_members WHERE article_id = ?", (origin,)).fetchone()
    is_same_text = origin not in changed and (origin == before or shares == (1.0, 1.0))
    chosen = "AND article_id IN (SELECT value FROM json_each(?2))" if is_same_text else ""
    query = f"SELECT article_id FROM cluster_members WHERE cluster_id = ?1 {chosen}"  # noqa: S608 (our own words)
    again = [*changed, origin, *pairs_of(db, origin)]  # a pair says what it shares without the lines of its source
    values = (cluster, json.dumps(again)) if is_same_text else (cluster,)
    members = [row[0] for row in db.execute(query, values)]
    pairs = {(pair.article, pair.other): pair for pair in pairs_of(db, origin).values()}
    db.executemany(
        "UPDATE cluster_members SET kept = ?, origin_kept = ? WHERE article_id = ?",
        [(*shares_of(db, one, origin, first, pairs), one) for one in members],
    )


def _clusters_of(db: sqlite3.Connection, articles: Collection[int]) -> dict[int, int | None]:
    query = "SELECT value, cluster_id FROM json_each(?) LEFT JOIN cluster_members ON article_id = value"
    return dict(db.execute(query, (json.dumps(list(articles)),)).fetchall())


def _is_whole(db: sqlite3.Connection, cluster: int, changed: Changed) -> bool:
    """Return True if a cluster is large, and none of its articles was deleted since it was made."""
    query = "SELECT copies FROM clusters WHERE id = ? AND copies >= ?"
    row = db.execute(query, (cluster, max(3, MAX_JUDGED))).fetchone()
    if row is None or cluster in changed:
        return row is not None  # what is in `changed` was counted before
    (found,) = db.execute("SELECT count(*) FROM cluster_members WHERE cluster_id = ?", (cluster,)).fetchone()
    return bool(found == row[0])


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
