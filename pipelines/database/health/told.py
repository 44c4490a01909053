"""Read and write what the owner was told of the health of sources: table `source_health`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipelines.core.timestamps import parse, stamp
from pipelines.database.connection import ask, open_for_maintenance, write_error


@dataclass(frozen=True, slots=True)
class ToldReason:
    """Hold a row of `source_health`."""

    source_id: int
    kind: str
    status: str
    since: datetime
    evidence: str
    told: datetime | None
    last_seen: datetime
    ended: datetime | None = None
    relapses: int = 0


def told_reasons(db: sqlite3.Connection) -> list[ToldReason]:
    """Return what is noted. Raises MorgueError."""
    return [
        ToldReason(
            row["source_id"],
            row["kind"],
            row["status"],
            parse(row["since"]),
            row["evidence"] or "",
            parse(row["told"]) if row["told"] else None,
            parse(row["last_seen"]),
            parse(row["ended"]) if row["ended"] else None,
            row["relapses"],
        )
        for row in ask(db, "SELECT * FROM source_health ORDER BY source_id, kind")
    ]


def note(path: Path, kept: Iterable[ToldReason], dropped: Iterable[ToldReason]) -> None:
    """Write rows to the database at `path` in one brief transaction, also while a crawl runs. Raises MorgueError.

    These rows are nobody else's: a crawl neither reads nor writes them.
    """
    kept, dropped = list(kept), list(dropped)
    if not kept and not dropped:
        return
    with closing(open_for_maintenance(path)) as db:
        try:
            db.execute("BEGIN IMMEDIATE")
            db.executemany(
                "DELETE FROM source_health WHERE source_id = ? AND kind = ?",
                [(row.source_id, row.kind) for row in dropped],
            )
            db.executemany(
                "INSERT OR REPLACE INTO source_health VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        row.source_id,
                        row.kind,
                        row.status,
                        stamp(row.since),
                        row.evidence,
                        row.told and stamp(row.told),
                        stamp(row.last_seen),
                        row.ended and stamp(row.ended),
                        row.relapses,
                    )
                    for row in kept
                ],
            )
            db.execute("COMMIT")
        except sqlite3.Error as error:
            raise write_error(error, path) from error
