"""Read and write what the owner was told of the health of sources: table `source_health`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple

from pipelines.core.errors import write_error
from pipelines.core.timestamps import parse, stamp
from pipelines.database.connection import ask, open_for_maintenance

FILES_KEY = (
    0,
    "files",
)  # of the row whose evidence is the state of the settings files that was judged; it is no reason
Audience = Literal["printed", "sent"]  # the reader of what passes print, and the receiver of messages


class Heard(NamedTuple):
    """Hold what an audience was last told of a reason, and when."""

    status: str  # warn, bad; ok: that it is over
    time: datetime


@dataclass(frozen=True, slots=True)
class ToldReason:
    """Hold a row of `source_health`."""

    source_id: int
    kind: str
    status: str
    since: datetime
    evidence: str
    last_seen: datetime
    ended: datetime | None = None
    relapses: int = 0
    printed: Heard | None = None
    sent: Heard | None = None

    @property
    def key(self) -> tuple[int, str]:
        """Return what a row is found by."""
        return self.source_id, self.kind

    @property
    def is_heard(self) -> bool:
        """Return True if it was ever told."""
        return self.printed is not None or self.sent is not None

    def heard(self, audience: Audience) -> Heard | None:
        """Return what an audience was last told of it; None if it knows nothing of it."""
        return self.printed if audience == "printed" else self.sent

    def told(self, audience: Audience, heard: Heard | None) -> ToldReason:
        """Return the row after an audience was told."""
        return replace(self, printed=heard) if audience == "printed" else replace(self, sent=heard)


def told_reasons(db: sqlite3.Connection) -> list[ToldReason]:
    """Return the reasons that are noted. Raises MorgueError."""
    sql = "SELECT * FROM source_health WHERE (source_id, kind) != (?, ?) ORDER BY source_id, kind"
    return [
        ToldReason(
            row["source_id"],
            row["kind"],
            row["status"],
            parse(row["since"]),
            row["evidence"] or "",
            parse(row["last_seen"]),
            parse(row["ended"]) if row["ended"] else None,
            row["relapses"],
            Heard(row["printed"], parse(row["printed_at"])) if row["printed"] else None,
            Heard(row["sent"], parse(row["sent_at"])) if row["sent"] else None,
        )
        for row in ask(db, sql, FILES_KEY)
    ]


def judged_files(db: sqlite3.Connection) -> str | None:
    """Return the state of the settings files with which the noted reasons were found. Raises MorgueError."""
    sql = "SELECT evidence FROM source_health WHERE (source_id, kind) = (?, ?)"
    return next((row["evidence"] for row in ask(db, sql, FILES_KEY)), None)


def note(path: Path, kept: Iterable[ToldReason], dropped: Iterable[tuple[int, str]]) -> None:
    """Write rows to the database at `path` in one brief transaction, also while a crawl runs. Raises MorgueError.

    `dropped`: keys of rows that go. These rows are nobody else's: a crawl neither reads nor writes them.
    """
    kept, dropped = list(kept), list(dropped)
    if not kept and not dropped:
        return
    with closing(open_for_maintenance(path)) as db:
        try:
            db.execute("BEGIN IMMEDIATE")
            db.executemany("DELETE FROM source_health WHERE source_id = ? AND kind = ?", dropped)
            db.executemany(
                "INSERT OR REPLACE INTO source_health VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        row.source_id,
                        row.kind,
                        row.status,
                        stamp(row.since),
                        row.evidence,
                        stamp(row.last_seen),
                        row.ended and stamp(row.ended),
                        row.relapses,
                        *((row.printed.status, stamp(row.printed.time)) if row.printed else (None, None)),
                        *((row.sent.status, stamp(row.sent.time)) if row.sent else (None, None)),
                    )
                    for row in kept
                ],
            )
            db.execute("COMMIT")
        except sqlite3.Error as error:
            raise write_error(error, path) from error
