"""Take what belongs to sites out of an archive, after another one has it: records from the WARC files, then rows.

In the place of each exchange comes a note of the same length that it is elsewhere, so no other record moves. Nothing
says that the addresses were taken down.
"""

# ruff: noqa: S608 - SQL is put together here from names of our own schema; every value is bound

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import datetime
from pathlib import Path

from pipelines.archive.writer import ArchiveWriter
from pipelines.core.errors import ArchiveDamaged
from pipelines.database.schema.numbers import highest_numbers, raise_floors
from pipelines.moving import belongings, rows
from pipelines.moving.records import CURE, ExchangeReader
from pipelines.takedown.remove import finish_rewriting, listed_again
from pipelines.takedown.tombstone import MemberSpan, moved_member, write_copy
from pipelines.warc import manifest

OnProgress = Callable[[str, int, int], object]  # step, done, of how many
# Captures that rows name which stay, and the responses that captures refer to which stay.
STILL_NAMED = """
SELECT capture_id FROM articles WHERE id NOT IN temp.moving_articles
UNION SELECT capture_id FROM revisions WHERE id NOT IN temp.moving_revisions
UNION SELECT capture_id FROM sightings WHERE revision_id NOT IN temp.moving_revisions
UNION SELECT capture_id FROM page_states WHERE id NOT IN temp.moving_states
UNION SELECT last_capture_id FROM page_states WHERE id NOT IN temp.moving_states
UNION SELECT ended_capture_id FROM page_states WHERE id NOT IN temp.moving_states
UNION SELECT capture_id FROM gaps WHERE id NOT IN temp.moving_gaps
UNION SELECT capture_id FROM robots_files WHERE NOT belongs(site || '/', '')
UNION SELECT o.id FROM captures c JOIN captures o ON o.record_id = c.refers_to
       WHERE c.id NOT IN temp.moving_own_captures"""
SHARED_PARTS = """
WITH RECURSIVE reached(id) AS (
    SELECT part_id FROM page_parts WHERE page_id NOT IN temp.moving_frontier
    UNION SELECT p.part_id FROM reached JOIN page_parts p ON p.page_id = reached.id)
SELECT f.id FROM reached JOIN frontier f ON f.id = reached.id WHERE f.kind = 'part'"""


class Departure:
    """Let one archive, whose writer is open, give up what belongs to sites."""

    def __init__(self, archive_writer: ArchiveWriter, manifest_file: Path, shard: int, time: datetime) -> None:
        """`shard`: its number in the fleet, whose numbers are not given again."""
        self._writer, self._manifest_file, self._shard, self._time = archive_writer, manifest_file, shard, time

    def give_up(self, belongs: belongings.Belongs, on_progress: OnProgress) -> int:
        """Take out records and rows, and return the number of captures. After a kill, the same call finishes it.

        Raises MorgueError.
        """
        writer = self._writer
        writer.call(self._select, belongs)
        with writer.at_rest():
            self._rewrite(on_progress)
        count = int(writer.call(self._delete))
        with writer.at_rest(everything=True):
            pass
        belongings.forget(writer.db)
        return count

    def _select(self, belongs: belongings.Belongs) -> None:
        db = self._writer.db
        belongings.select(db, "main", belongs)
        # Parts that pages have which stay, and their captures, stay too.
        db.execute(f"DELETE FROM temp.moving_frontier WHERE id IN ({SHARED_PARTS})")
        db.execute("UPDATE frontier SET source_id = NULL WHERE source_id IN temp.moving_sources "
                   "AND id NOT IN temp.moving_frontier")  # fmt: skip
        db.execute("CREATE TEMP TABLE moving_away (id INTEGER PRIMARY KEY)")
        db.execute(
            f"""INSERT INTO temp.moving_away SELECT id FROM captures WHERE id IN temp.moving_own_captures
                   AND id NOT IN (SELECT capture_id FROM ({STILL_NAMED}) WHERE capture_id IS NOT NULL)
                   AND NOT (kind = 'part' AND url IN (
                       SELECT url FROM frontier WHERE kind = 'part' AND id NOT IN temp.moving_frontier))"""
        )

    def _rewrite(self, on_progress: OnProgress) -> None:
        storage, db = self._writer.storage, self._writer.db
        entries = manifest.load(self._manifest_file)
        for file in storage.list().finished:
            finish_rewriting(storage, file, entries.get(file))
        files = [row[0] for row in db.execute(
            "SELECT DISTINCT file FROM captures WHERE id IN temp.moving_away ORDER BY file")]  # fmt: skip
        for done, file in enumerate(files, 1):
            if spans := list(self._spans(db, file)):
                part = write_copy(storage, file, spans)
                entries[file] = listed_again(storage, part, file, entries.get(file))
                manifest.write(self._manifest_file, entries.values())
                storage.replace_by_part(file)
            on_progress("taking out", done, len(files))

    def _spans(self, db: sqlite3.Connection, file: str) -> Iterable[MemberSpan]:
        """Yield what replaces the exchanges of a file that go, but for those that an earlier run replaced."""
        query = """SELECT offset, record_id, url, id IN temp.moving_away,
                          lead(offset, 1, 1 << 62) OVER (ORDER BY offset)
                     FROM captures WHERE file = ? ORDER BY offset"""
        with closing(ExchangeReader(self._writer.storage)) as reader:
            for offset, record_id, url, goes, end in db.execute(query, (file,)).fetchall():
                if not goes or reader.is_note(file, offset):
                    continue
                records = reader.exchange(file, offset, end, record_id)
                length = sum(len(one.data) for one in records)
                if records[-1].offset + len(records[-1].data) - offset != length:
                    raise ArchiveDamaged(f"{file} at byte {offset}", "its records are no neighbours", CURE)
                names = [one.record_id for one in records]
                yield MemberSpan(offset, length, moved_member(url, names, self._time, length))

    def _delete(self) -> int:
        db = self._writer.db
        raise_floors(db, highest_numbers(db, self._shard))
        (count,) = db.execute("SELECT count(*) FROM temp.moving_away").fetchone()
        rows.delete_rows(db)
        return int(count)
