"""Find the revisions that are to be read again, and keep the readings that are replaced."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pipelines.database.columns import REVISION_COLUMNS
from pipelines.database.connection import Row, dicts
from pipelines.database.schema.numbers import new_id

CAPTURE_PLACE = """c.id AS capture_id, c.url, c.time, c.file AS warc_file, c.offset AS warc_offset,
           c.length AS warc_length, c.record_id AS warc_record_id"""
REVISION = f"""
    SELECT r.id, r.article_id, r.number, r.number = a.revision AS newest, r.hint, a.fields_digest,
           {", ".join(f"r.{name}" for name in REVISION_COLUMNS)},
           a.comments IS NOT NULL OR (:comments AND r.number = a.revision) AS comments, s.name AS source_name,
           s.url AS source_url, s.title AS source_title, s.language AS source_language, a.source_id,
           {CAPTURE_PLACE}
      FROM revisions r JOIN articles a ON a.id = r.article_id JOIN captures c ON c.id = r.capture_id
      LEFT JOIN sources s ON s.id = a.source_id
     WHERE r.id = :id
"""  # noqa: S608 (our own names)


def revisions(db: sqlite3.Connection, ids: Iterable[int], *, comments: bool = False) -> Iterator[Row]:
    """Yield revisions with all that reading them again needs, one at a time: columns of REVISION.

    `comments`: the readers' comments of articles that have none filed are to be read, too.
    """
    for one in ids:
        yield from dicts(db.execute(REVISION, {"id": one, "comments": comments}))  # none if it was taken back meanwhile


def select_revisions(
    db: sqlite3.Connection, condition: str, values: Mapping[str, Any], extractor: str | None, *, comments: bool = False
) -> list[int]:
    """Return the revisions of the articles that meet an SQL condition on `articles a`, in the order of their files.

    `extractor`: leave out revisions that this extractor has read; None: return all. `comments`: do not leave out the
    newest revisions of articles whose readers' comments were never read.
    """
    without = " OR (a.comments IS NULL AND r.number = a.revision)" if comments else ""
    other = f"AND (r.extractor != :extractor{without})" if extractor is not None else ""
    rows = db.execute(
        f"""SELECT r.id FROM revisions r JOIN articles a ON a.id = r.article_id JOIN captures c ON c.id = r.capture_id
             WHERE {condition} {other} ORDER BY c.file, c.offset""",  # noqa: S608 (the condition is one of ours)
        {**values, "extractor": extractor},
    )
    return [row[0] for row in rows]


def edited_articles(db: sqlite3.Connection, condition: str, values: Mapping[str, Any]) -> list[tuple[int, int | None]]:
    """Return (article, source) of articles with more than one revision that meet an SQL condition on `articles a`."""
    return db.execute(
        f"SELECT a.id, a.source_id FROM articles a WHERE a.revision > 1 AND {condition} ORDER BY a.source_id, a.id",  # noqa: S608
        values,
    ).fetchall()


def article_values(db: sqlite3.Connection, article_id: int, names: Sequence[str]) -> dict[str, Any]:
    """Return some columns of an article by name."""
    query = f"SELECT {', '.join(names)} FROM articles WHERE id = ?"  # noqa: S608 (our own names)
    return dict(zip(names, db.execute(query, (article_id,)).fetchone(), strict=True))


def keep_reading(db: sqlite3.Connection, revision_id: int, replaced: str, state: Mapping[str, Any]) -> int:
    """Add a reading of a revision that was replaced at a time to `readings`. Return its row id."""
    names, marks = ", ".join(REVISION_COLUMNS), ", ".join("?" * len(REVISION_COLUMNS))
    cursor = db.execute(
        f"INSERT INTO readings (id, revision_id, replaced, {names}) VALUES ({new_id('readings')}, ?, ?, {marks})",  # noqa: S608 (our own names)
        (revision_id, replaced, *(state[name] for name in REVISION_COLUMNS)),
    )
    return int(cursor.lastrowid or 0)
