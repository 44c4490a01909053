"""Make the clusters anew that changed pairs concern: their members, the probable origin, what each copy keeps."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, NamedTuple

from pipelines.clusters.comparison import comparison
from pipelines.clusters.first_text import ClusterMember, probable_origin
from pipelines.clusters.grouping import MIN_TEMPLATE_PAIRS, CopyPair, clusters
from pipelines.clusters.verdict import COPIES
from pipelines.core.timestamps import stamp
from pipelines.core.urls import url_key

PAIR_COLUMNS = "article_id, other_id, kept, other_kept, kind, same_source"
MAX_JUDGED = 200  # copies that are asked for the origin, the first that came in: a notice has a hundred thousand
COPY_KINDS = ", ".join(f"'{kind}'" for kind in sorted(COPIES))


class KnownShare(NamedTuple):
    """Hold what a copy keeps of the origin of its cluster, as stored before."""

    origin: int
    kept: float
    origin_kept: float


def regroup(db: sqlite3.Connection, touched: Iterable[int], looked: Collection[int]) -> None:
    """Make the clusters anew of all articles whose pairs have changed.

    `looked`: those that have been compared, so that what they keep is measured again. Commits nothing.
    """
    shares: dict[int, KnownShare] = {}
    left = set(touched)
    left |= _dissolve(db, left, shares)
    while left:
        component = _component(db, left.pop())
        left -= component.keys()
        _dissolve(db, component, shares)
        if len(component) > 1:
            pairs = {pair[:2]: pair for found in component.values() for pair in found}
            for members in clusters(pairs.values()):
                _write(db, members, pairs, {one: shares[one] for one in members - set(looked) if one in shares}, looked)


def _dissolve(db: sqlite3.Connection, articles: Iterable[int], shares: dict[int, KnownShare]) -> set[int]:
    """Delete the clusters that hold one of these articles; return their members, and put their shares into `shares`."""
    query = """SELECT DISTINCT cluster_id FROM cluster_members WHERE article_id IN (SELECT value FROM json_each(?1))
               UNION SELECT id FROM clusters WHERE id IN (SELECT value FROM json_each(?1))"""
    numbers = json.dumps([row[0] for row in db.execute(query, (json.dumps(list(articles)),))])
    query = """SELECT m.article_id, c.origin_id, m.kept, m.origin_kept
                 FROM cluster_members m JOIN clusters c ON c.id = m.cluster_id
                WHERE m.cluster_id IN (SELECT value FROM json_each(?))"""
    found = {row[0]: KnownShare(*row[1:]) for row in db.execute(query, (numbers,))}
    db.execute("DELETE FROM cluster_members WHERE cluster_id IN (SELECT value FROM json_each(?))", (numbers,))
    db.execute("DELETE FROM clusters WHERE id IN (SELECT value FROM json_each(?))", (numbers,))
    shares.update(found)
    return set(found)


def _component(db: sqlite3.Connection, start: int) -> dict[int, list[CopyPair]]:
    """Return all articles that pairs of copies join with one, each with its pairs that decide about clusters."""
    found: dict[int, list[CopyPair]] = {}
    waiting = [start]
    while waiting:
        number = waiting.pop()
        if number not in found:
            copies = list(_pairs(db, number, f"kind IN ({COPY_KINDS})", -1))
            waiting += [one for pair in copies for one in (pair.article, pair.other)]
            # More than these do not matter: see `grouping`.
            found[number] = copies + list(_pairs(db, number, "kind = 'template' AND same_source", MIN_TEMPLATE_PAIRS))
    return found


def pairs_of(db: sqlite3.Connection, number: int) -> dict[int, CopyPair]:
    """Return the pairs of an article, by the other one."""
    return {pair.other if pair.article == number else pair.article: pair for pair in _pairs(db, number, "1", -1)}


def _pairs(db: sqlite3.Connection, number: int, condition: str, most: int) -> Iterable[CopyPair]:
    query = f"""SELECT {PAIR_COLUMNS} FROM article_pairs WHERE article_id = ?1 AND {condition}
                UNION ALL SELECT {PAIR_COLUMNS} FROM article_pairs WHERE other_id = ?1 AND {condition}
                LIMIT ?2"""  # noqa: S608 (our own names)
    return map(CopyPair._make, db.execute(query, (number, most)))


def _write(
    db: sqlite3.Connection,
    members: frozenset[int],
    pairs: dict[tuple[Any, ...], CopyPair],
    shares: dict[int, KnownShare],
    looked: Collection[int],
) -> None:
    """Write one cluster. `shares`: what is known of members whose text is as it was."""
    origin = probable_origin(facts_of(db, sorted(members)[:MAX_JUDGED]))
    number = min(members)
    db.execute(
        "INSERT INTO clusters VALUES (?, ?, ?, ?, ?, ?)",
        (number, len(members), origin.article, origin.name, origin.evidence, origin.said_by),
    )
    first = text_in(db, origin.article)
    for member in sorted(members):
        known = shares.get(member)
        if known is None or known.origin != origin.article or origin.article in looked:
            known = KnownShare(origin.article, *shares_of(db, member, origin.article, first, pairs))
        db.execute("INSERT INTO cluster_members VALUES (?, ?, ?, ?)", (member, number, known.kept, known.origin_kept))


def shares_of(
    db: sqlite3.Connection, member: int, origin: int, first: str, pairs: dict[tuple[Any, ...], CopyPair]
) -> tuple[float, float]:
    """Return the share of a copy's text that is in the origin's, and the share of the origin's that it keeps."""
    if member == origin:
        return 1.0, 1.0
    if (pair := pairs.get((member, origin))) is not None:
        return pair.kept, pair.other_kept
    if (pair := pairs.get((origin, member))) is not None:
        return pair.other_kept, pair.kept
    text = text_in(db, member)
    if text == first:
        return 1.0, 1.0
    measured = comparison(text, first)
    return measured.kept, measured.other_kept


def text_in(db: sqlite3.Connection, number: int) -> str:
    """Return the text of an article that is there."""
    return str(db.execute("SELECT text FROM articles WHERE id = ?", (number,)).fetchone()[0])


def facts_of(db: sqlite3.Connection, members: list[int]) -> list[ClusterMember]:
    """Return what the members of a cluster say of themselves and their origin."""
    query = """SELECT a.id, a.url_key, a.canonical_url, a.origin_url, a.origin, s.title, a.site_name, a.publisher,
                      a.published, a.first_seen, a.word_count
                 FROM articles a LEFT JOIN sources s ON s.id = a.source_id
                WHERE a.id IN (SELECT value FROM json_each(?)) ORDER BY a.id"""
    facts = []
    for number, key, canonical, origin_url, credit, *names, published, seen, words in db.execute(
        query, (json.dumps(members),)
    ):
        linked = tuple(_own_key(db, _key(url)) for url in (canonical, origin_url) if url)
        appeared = _utc(published) if published else seen
        host = key.removeprefix("//").partition("/")[0].removeprefix("www.")
        facts.append(ClusterMember(number, key, linked, credit, (*filter(None, names), host), appeared, words))
    return facts


def _key(url: str) -> str:
    """Return the key of an address that a page names; the address itself if it is none."""
    try:
        return url_key(url)
    except ValueError:
        return url


def _own_key(db: sqlite3.Connection, key: str) -> str:
    """Return the key of the article that is known at another address, too; else the key as it is."""
    query = "SELECT a.url_key FROM aliases JOIN articles a ON a.id = aliases.article_id WHERE aliases.url_key = ?"
    row = db.execute(query, (key,)).fetchone()
    return key if row is None else str(row[0])


def _utc(iso: str) -> str:
    """Return a time as a stamp in UTC. A day, and a time of unknown zone, stay as they are."""
    time = datetime.fromisoformat(iso) if len(iso) > len("2026-11-29") else None
    return iso if time is None or time.tzinfo is None else stamp(time)
