"""Compare the articles that are new, changed or gone with the others, and make their clusters anew.

Filing an article only notes it in `unclustered`. The rows here are worked off in groups, in the order of their numbers,
by whoever holds the archive's lock. Each article is compared with those of smaller numbers only. So the order in which
articles were filed, edited and removed does not matter: the rows are those that comparing all of them anew would give,
within the limits of `pipelines.clusters.candidates`.
"""

from __future__ import annotations

import json
import sqlite3
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence

from pipelines.clusters.candidates import MAX_POSTINGS, candidates
from pipelines.clusters.grouping import CopyPair
from pipelines.clusters.pairing import NearArticle, compared_pairs, is_worth_keeping
from pipelines.clusters.signature import HASH_BYTES, signature
from pipelines.database.clusters.copies import waiting
from pipelines.database.clusters.large_clusters import Changed, finish, settle
from pipelines.database.clusters.regrouping import pairs_of, regroup, text_in

OnProgress = Callable[[int, int], object]
GROUP_ARTICLES = 100  # looked at in one transaction: some tenths of a second


def work_off(db: sqlite3.Connection, most: int = GROUP_ARTICLES) -> int:
    """Look at no more than `most` articles that wait; return their number. Commits nothing."""
    query = "SELECT article_id FROM unclustered ORDER BY article_id LIMIT ?"
    articles = [row[0] for row in db.execute(query, (most,))]
    if articles:
        update(db, articles)
    return len(articles)


def work_off_all(db: sqlite3.Connection, on_progress: OnProgress, most: int | None = None) -> int:
    """Look at all articles that wait, or at `most`, and commit each group; return their number.

    `on_progress` takes how many are done, and how many there are. Raises sqlite3.Error.
    """
    total, done = waiting(db), 0
    while most is None or done < most:
        with db:
            db.execute("BEGIN IMMEDIATE")
            count = work_off(db)
        if not count:
            break
        done += count
        total = max(total, done)  # what changes may concern others
        on_progress(done, total)
    return done


def update(db: sqlite3.Connection, articles: Iterable[int]) -> None:
    """Look at these articles, of which some may be gone, and make the clusters anew that this concerns.

    Later articles that may share text with one that has changed are noted in `unclustered`. Commits nothing.
    """
    looked, touched = set[int](), set[int]()
    changed: Changed = {}
    (newest,) = db.execute("SELECT coalesce(max(article_id), 0) FROM text_signatures").fetchone()
    for number in sorted(set(articles)):
        touched |= _look(db, number, newest, changed)
        looked.add(number)
        db.execute("DELETE FROM unclustered WHERE article_id = ?", (number,))
    finish(db, changed)
    regroup(db, touched, looked)


def forget(db: sqlite3.Connection, articles: Iterable[int]) -> None:
    """Leave nothing of articles that were deleted, and make the clusters anew that they were in. Commits nothing."""
    query = "SELECT article_id FROM text_signatures WHERE article_id IN (SELECT value FROM json_each(?))"
    if known := [row[0] for row in db.execute(query, (json.dumps(list(articles)),))]:
        update(db, known)
        update(db, [row[0] for row in db.execute("SELECT article_id FROM unclustered WHERE changed = 0")])


def _look(db: sqlite3.Connection, number: int, newest: int, changed: Changed) -> set[int]:
    """Compare one article with older ones; return the articles whose clusters are to be made anew.

    `newest`: the largest number that was looked at before. `changed`: takes large clusters that were changed.
    """
    old = hashes_of(db, number)
    noted = db.execute("SELECT changed FROM unclustered WHERE article_id = ?", (number,)).fetchone()
    article = db.execute("SELECT source_id, text FROM articles WHERE id = ?", (number,)).fetchone()
    made = signature(article[1]) if article is not None else None
    hashes = made.hashes if made is not None else ()
    before = {} if number > newest else pairs_of(db, number)
    if number <= newest and (noted is None or noted[0]):
        later = {*_sharing(db, old or (), number, later=True), *_sharing(db, hashes, number, later=True)}
        later.update(one for one in before if one > number)
        db.execute("DELETE FROM article_pairs WHERE article_id = ?", (number,))
        db.executemany("INSERT INTO unclustered VALUES (?, 0) ON CONFLICT DO NOTHING", [(one,) for one in later])
    if before:
        db.execute("DELETE FROM article_pairs WHERE other_id = ?", (number,))
    _write_signature(db, number, old, None if made is None else made.shingles, hashes)
    if article is not None:
        pairs = list(filter(is_worth_keeping, _compared(db, number, article[0], article[1], hashes)))
        db.executemany(
            "INSERT INTO article_pairs VALUES (?, ?, ?, ?, ?, ?)",
            [(one.other, number, one.other_kept, one.kept, one.kind, one.same_source) for one in pairs],
        )
        if not pairs and number > newest:
            return set()
    after = pairs_of(db, number)
    return {number, *before} if article is None else settle(db, number, before, after, changed)


def _compared(
    db: sqlite3.Connection, number: int, source: int | None, text: str, hashes: Sequence[int]
) -> Iterator[CopyPair]:
    """Yield what an article and the older ones that share enough of these hashes are to each other."""
    chosen = _sharing(db, hashes, number, later=False)
    query = "SELECT id, source_id FROM articles WHERE id IN (SELECT value FROM json_each(?))"
    sources = dict(db.execute(query, (json.dumps(chosen),)).fetchall()) if chosen else {}
    texts = {number: text}

    def text_of(one: int) -> str:
        if one not in texts:
            texts[one] = text_in(db, one)
        return texts[one]

    near = [NearArticle(one, sources[one]) for one in chosen if one in sources]
    return compared_pairs(NearArticle(number, source), near, text_of)


def _sharing(db: sqlite3.Connection, hashes: Sequence[int], number: int, *, later: bool) -> list[int]:
    """Return the articles before or after one that share enough of these hashes, the likeliest first."""
    side, order = (">", "ASC") if later else ("<", "DESC")
    query = f"""SELECT (SELECT group_concat(article_id) FROM (
                            SELECT article_id FROM text_shingles
                             WHERE hash = one.value AND article_id {side} ?2 ORDER BY article_id {order} LIMIT ?3))
                  FROM json_each(?1) one"""  # noqa: S608 (our own words)
    rows = db.execute(query, (json.dumps(hashes), number, MAX_POSTINGS)) if hashes else ()
    postings = [list(map(int, row[0].split(","))) for row in rows if row[0] is not None]
    met = sorted({article for articles in postings for article in articles})
    if not met:
        return []
    query = f"""SELECT article_id, length(hashes) / {HASH_BYTES} FROM text_signatures
                 WHERE article_id IN (SELECT value FROM json_each(?))"""  # noqa: S608 (our own number)
    return candidates(number, postings, len(hashes), dict(db.execute(query, (json.dumps(met),)).fetchall()))


def hashes_of(db: sqlite3.Connection, number: int) -> tuple[int, ...] | None:
    """Return the sampled shingles of an article as stored; None if it was not looked at."""
    row = db.execute("SELECT hashes FROM text_signatures WHERE article_id = ?", (number,)).fetchone()
    return None if row is None else unpacked(row[0])


def unpacked(hashes: bytes) -> tuple[int, ...]:
    """Return the sampled shingles that a row of `text_signatures` holds."""
    return struct.unpack(f">{len(hashes) // HASH_BYTES}q", hashes)


def _write_signature(
    db: sqlite3.Connection, number: int, old: tuple[int, ...] | None, count: int | None, hashes: Sequence[int]
) -> None:
    """Store the signature of an article in the place of the old one. `count`: its shingles; None: it is gone."""
    if old is not None and count is not None and old == hashes:
        db.execute("UPDATE text_signatures SET shingles = ? WHERE article_id = ?", (count, number))
        return
    known, wanted = set(old or ()), set(hashes)
    remove, add = sorted(known - wanted), sorted(wanted - known)
    db.executemany("DELETE FROM text_shingles WHERE hash = ? AND article_id = ?", [(one, number) for one in remove])
    db.executemany("INSERT INTO text_shingles VALUES (?, ?)", [(one, number) for one in add])
    db.execute("DELETE FROM text_signatures WHERE article_id = ?", (number,))
    if count is not None:
        packed = struct.pack(f">{len(hashes)}q", *hashes)
        db.execute("INSERT INTO text_signatures VALUES (?, ?, ?)", (number, count, packed))
