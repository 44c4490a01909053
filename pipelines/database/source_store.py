"""Write the rows of sources and crawls. Commit nothing.

It is apart from `store`, because a pass that finds nothing due files no article.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping
from typing import Any

from pipelines.core.items import Source
from pipelines.core.log_output import without_passwords
from pipelines.core.timestamps import now, stamp
from pipelines.core.urls import url_key
from pipelines.database import listings
from pipelines.database.connection import decode_json
from pipelines.database.schema.numbers import new_id

ANSWERED = (
    "status BETWEEN 200 AND 399 AND kind NOT IN ('robots', 'tdmrep', 'part')"  # as in the index captures_answered
)


class SourceStore:
    """Write to the tables of sources and crawls. Used on the writing thread only."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db

    def source(self, source: Source, *, watched: bool = False) -> int:
        """Add or update a source and return its row id. `watched`: it has a file in sources/.

        The row is written also if nothing changed: so the journal in each WARC file has it, and a rebuild from those
        that are left knows whose their articles are.
        """
        row = self.db.execute(
            f"""INSERT INTO sources (id, name, url, title, language, watched, added)
               VALUES ({new_id("sources")}, ?, ?, ?, ?, ?, ?)
               ON CONFLICT (name) DO UPDATE SET url = excluded.url, title = coalesce(excluded.title, title),
                                                language = coalesce(excluded.language, language),
                                                watched = max(watched, excluded.watched)
               RETURNING id""",  # noqa: S608 (our own names)
            (source.name, source.url, source.title, source.language, int(watched), stamp(now())),
        ).fetchone()
        return int(row[0])

    def sources(self) -> list[tuple[int, Source, bool]]:
        """Return (row id, source, whether it is or was watched) of every source."""
        rows = self.db.execute("SELECT id, watched, name, url, title, language FROM sources")
        return [(row_id, Source(*values), bool(watched)) for row_id, watched, *values in rows]

    def source_id(self, name: str) -> int | None:
        """Return the row id of the source of this name; None if there is none."""
        row = self.db.execute("SELECT id FROM sources WHERE name = ?", (name,)).fetchone()
        return None if row is None else int(row[0])

    def planned_by(self, source_id: int | None) -> dict[str, Any]:
        """Return the settings by which the visits of a source were planned; empty if they are not known.

        Raises ArchiveDamaged if they cannot be read.
        """
        row = self.db.execute("SELECT planned_by FROM sources WHERE id = ?", (source_id,)).fetchone()
        text = row[0] if row is not None else None
        return decode_json(text, dict, "sources", source_id, "planned_by") if text else {}

    def set_planned_by(self, source_id: int | None, settings: Mapping[str, Any]) -> None:
        """Remember the settings by which the visits of a source are planned."""
        values = (json.dumps(settings, sort_keys=True), source_id)
        self.db.execute("UPDATE sources SET planned_by = ? WHERE id = ?", values)

    def rename_ad_hoc_source(self, source: Source, watched: Collection[str]) -> None:
        """Give a site that was crawled ad hoc the name of its new source file. It keeps its articles and frontier.

        `watched`: names of all source files.
        """
        if self.source_id(source.name) is not None:
            return
        for row_id, name, url in self.db.execute("SELECT id, name, url FROM sources").fetchall():
            if name not in watched and url_key(url) == url_key(source.url):
                self.db.execute("UPDATE sources SET name = ? WHERE id = ?", (source.name, row_id))
                return

    def has_answered(self, source_id: int) -> bool:
        """Return True if a listing or page of a source was ever answered without an error, or it has an article."""
        sql = f"""SELECT EXISTS (SELECT 1 FROM captures WHERE source_id = :id AND {ANSWERED})
                      OR EXISTS (SELECT 1 FROM articles WHERE source_id = :id)"""  # noqa: S608 (our own condition)
        return bool(self.db.execute(sql, {"id": source_id}).fetchone()[0])

    def forget_source(self, source_id: int) -> None:
        """Delete a source. What was fetched of it stays, and belongs to no source; its frontier must be gone before."""
        self.db.execute("UPDATE captures SET source_id = NULL WHERE source_id = ?", (source_id,))
        self.db.execute("UPDATE articles SET source_id = NULL WHERE source_id = ?", (source_id,))
        listings.forget_source(self.db, source_id)
        self.db.execute("UPDATE page_states SET source_id = NULL WHERE source_id = ?", (source_id,))
        self.db.execute("DELETE FROM sources WHERE id = ?", (source_id,))

    def begin_crawl(self, command: str, software: str) -> int:
        """Add the row of a run and return its id. Its command is kept without passwords: the journal has it, too."""
        cursor = self.db.execute(
            f"INSERT INTO crawls (id, started, command, software) VALUES ({new_id('crawls')}, ?, ?, ?)",  # noqa: S608
            (stamp(now()), without_passwords(command), software),
        )
        return int(cursor.lastrowid or 0)

    def end_crawl(self, crawl_id: int, outcome: str, counts: Mapping[str, Any]) -> None:
        """Complete the row of a run with its outcome and its counts by source."""
        self.db.execute(
            "UPDATE crawls SET finished = ?, outcome = ?, counts = ? WHERE id = ?",
            (stamp(now()), outcome, json.dumps(counts, ensure_ascii=False), crawl_id),
        )
