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
from collections.abc import Callable, Iterable, Sequence

from pipelines.clusters.candidates import MAX_POSTINGS, candidates
from pipelines.clusters.pairing import NearArticle, compared_pairs, is_worth_keeping
from pipelines.clusters.signature import HASH_BYTES, signature
from pipelines.database.clusters.copies import waiting
from pipelines.database.clusters.regrouping import join_large, regroup

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
    (newest,) = db.execute("SELECT coalesce(max(article_id), 0) FROM text_signatures").fetchone()
    for number in sorted(set(articles)):
        touched |= _look(db, number, newest)
        looked.add(number)
        db.execute("DELETE FROM unclustered WHERE article_id = ?", (number,))
    regroup(db, touched, looked)


def forget(db: sqlite3.Connection, articles: Iterable[int]) -> None:
    """Leave nothing of articles that were deleted, and make the clusters anew that they were in. Commits nothing."""
    query = "SELECT article_id FROM text_signatures WHERE article_id IN (SELECT value FROM json_each(?))"
    if known := [row[0] for row in db.execute(query, (json.dumps(list(articles)),))]:
        update(db, known)
        update(db, [row[0] for row in db.execute("SELECT article_id FROM unclustered WHERE changed = 0")])


def _look(db: sqlite3.Connection, number: int, newest: int) -> set[int]:
    """Compare one article with older ones; return all articles whose pairs have changed.

    `newest`: the largest number that was looked at before.
    """
    old = hashes_of(db, number)
    noted = db.execute("SELECT changed FROM unclustered WHERE article_id = ?", (number,)).fetchone()
    article = db.execute("SELECT source_id, text FROM articles WHERE id = ?", (number,)).fetchone()
    made = signature(article[1]) if article is not None else None
    hashes = made.hashes if made is not None else ()
    touched = {number}
    if number <= newest and (noted is None or noted[0]):
        later = {*_sharing(db, old or (), number, "> ?"), *_sharing(db, hashes, number, "> ?")}
        later.update(
            row[0] for row in db.execute("DELETE FROM article_pairs WHERE article_id = ? RETURNING other_id", (number,))
        )
        touched |= later
        db.executemany("INSERT INTO unclustered VALUES (?, 0) ON CONFLICT DO NOTHING", [(one,) for one in later])
    query = "DELETE FROM article_pairs WHERE other_id = ? RETURNING article_id"
    touched.update(row[0] for row in db.execute(query, (number,)))
    _write_signature(db, number, old, None if made is None else made.shingles, hashes)
    if article is not None:
        own = NearArticle(number, *article)
        pairs = list(filter(is_worth_keeping, compared_pairs(own, _near(db, hashes, number))))
        db.executemany(
            "INSERT INTO article_pairs VALUES (?, ?, ?, ?, ?, ?)",
            [(one.other, number, one.other_kept, one.kept, one.kind, one.same_source) for one in pairs],
        )
        if old is None and touched == {number} and join_large(db, number, pairs):
            return set()
        touched.update(pair.other for pair in pairs)
    return touched


def _near(db: sqlite3.Connection, hashes: Sequence[int], number: int) -> list[NearArticle]:
    """Return the older articles to compare with one that has these hashes, the likeliest first."""
    chosen = _sharing(db, hashes, number, "< ?")
    query = "SELECT id, source_id, text FROM articles WHERE id IN (SELECT value FROM json_each(?))"
    found = {row[0]: NearArticle(*row) for row in db.execute(query, (json.dumps(chosen),))} if chosen else {}
    return [found[one] for one in chosen if one in found]


def _sharing(db: sqlite3.Connection, hashes: Sequence[int], number: int, side: str) -> list[int]:
    """Return the articles on one side of a number that share enough of these hashes, the likeliest first."""
    query = f"SELECT article_id FROM text_shingles WHERE hash = ? AND article_id {side} ORDER BY article_id LIMIT ?"  # noqa: S608
    postings = [[row[0] for row in db.execute(query, (one, number, MAX_POSTINGS))] for one in hashes]
    met = sorted({article for articles in postings for article in articles})
    if not met:
        return []
    query = f"""SELECT article_id, length(hashes) / {HASH_BYTES} FROM text_signatures
                 WHERE article_id IN (SELECT value FROM json_each(?))"""  # noqa: S608 (our own number)
    return candidates(postings, len(hashes), dict(db.execute(query, (json.dumps(met),)).fetchall()))


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
