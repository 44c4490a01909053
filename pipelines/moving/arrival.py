"""Bring what belongs to sites into an archive: first its WARC records, byte for byte, then its rows, in one commit."""

# ruff: noqa: S608 - SQL is put together here from names of our own schema; every value is bound

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from pipelines.archive.writer import ArchiveWriter
from pipelines.core.errors import ArchiveDamaged
from pipelines.database.columns import CAPTURE_COLUMNS
from pipelines.database.connection import connect, has_newest_schema
from pipelines.moving import belongings, rows
from pipelines.moving.records import ExchangeReader, RawRecord
from pipelines.warc.storage import WarcStorage

OnProgress = Callable[[str, int, int], object]  # step, done, of how many
BATCH_CAPTURES = 1000
TO_COPY = """
SELECT o.id, o.file, o.offset, o.record_id, o.kind,
       (SELECT n.offset FROM old.captures n WHERE n.file = o.file AND n.offset > o.offset ORDER BY n.offset LIMIT 1)
  FROM temp.moving_captures v JOIN old.captures o ON o.id = v.id
 WHERE o.id NOT IN (SELECT id FROM main.captures) ORDER BY o.file, o.offset"""


class ArrivedRows(NamedTuple):
    """Count what came in."""

    captures: int
    articles: int


class Arrival:
    """Bring rows and records from one archive into another, whose writer is open. Both are locked by the caller."""

    def __init__(self, archive_writer: ArchiveWriter, database: Path, storage: WarcStorage) -> None:
        """`database`, `storage`: of the archive that has them now. Raises ArchiveDamaged for one not upgraded."""
        self._writer, self._database, self._storage = archive_writer, database, storage
        self._warcinfos: set[str] = set()  # copied already
        db = connect(database)
        try:
            if not has_newest_schema(db):
                cause = "was written by an earlier version, and its rows cannot be moved as they are"
                raise ArchiveDamaged(str(database), cause, "run `morgue upgrade` first; nothing was moved")
        finally:
            db.close()

    def bring(self, belongs: belongings.Belongs, on_progress: OnProgress, *, rest: bool = False) -> ArrivedRows:
        """Copy what belongs to some sites, commit it, and compare the copied records. Raises MorgueError.

        Nothing is in the database before all of it is. If a run was killed before that, its records are in the WARC
        files, and are not copied again.
        """
        with self._attached():
            arrived = self._writer.call(self._bring, belongs, rest, on_progress)
            with self._writer.at_rest(everything=True):
                self._compare(on_progress)
        return arrived

    @contextmanager
    def _attached(self) -> Iterator[None]:
        db = self._writer.db
        self._writer.commit()  # no database can be attached within a transaction
        db.execute("ATTACH ? AS old", (f"{self._database.absolute().as_uri()}?mode=ro",))
        try:
            yield
        finally:
            if not db.in_transaction:
                belongings.forget(db)
                db.execute("DETACH old")

    def _bring(self, belongs: belongings.Belongs, rest: bool, on_progress: OnProgress) -> ArrivedRows:
        db = self._writer.db
        belongings.select(db, "old", belongs, rest=rest)
        found = [db.execute(f"SELECT count(*) FROM temp.{name}").fetchone()[0] for name in ("moving_captures",
                 "moving_articles")]  # fmt: skip
        rows.check_addresses(db)
        rows.copy_first(db)
        self._copy_captures(db, on_progress)
        rows.copy_rows(db)
        return ArrivedRows(*found)

    def _copy_captures(self, db: sqlite3.Connection, on_progress: OnProgress) -> None:
        """Copy records and rows of the captures that are not here yet."""
        (total,) = db.execute(f"SELECT count(*) FROM ({TO_COPY})").fetchone()
        names = [name for name in CAPTURE_COLUMNS if name not in ("file", "offset")]
        insert = f"""INSERT INTO main.captures (id, crawl_id, source_id, file, offset, {", ".join(names)})
                     SELECT id, crawl_id, iif(source_id IN temp.moving_sources, source_id, NULL), ?2, ?3,
                            {", ".join(names)} FROM old.captures WHERE id = ?1"""
        with closing(ExchangeReader(self._storage)) as reader, closing(ExchangeReader(self._writer.storage)) as own:
            for done, row in enumerate(db.execute(TO_COPY).fetchall(), 1):
                number, file, offset, record_id, kind, end = row
                records = reader.exchange(file, offset, (1 << 62) if end is None else end, record_id)
                known = db.execute("SELECT id, file, offset FROM main.captures WHERE record_id = ?",
                                   (record_id,)).fetchone()  # fmt: skip
                if known is None:
                    place = self._append(reader, file, records, is_import=kind == "import")
                else:  # a run was killed after its records were written: crash recovery gave them rows
                    place = (known[1], known[2])
                    here = {one.record_id for one in own.exchange(known[1], known[2], 1 << 62, record_id)}
                    if missing := [one for one in records if one.record_id not in here]:
                        self._append(reader, file, missing, is_import=False)
                    db.execute("DELETE FROM main.captures WHERE id = ?", (known[0],))
                db.execute(insert, (number, *place))
                if done % BATCH_CAPTURES == 0:
                    on_progress("copying records", done, total)
        db.execute(
            """UPDATE main.captures SET source_id = o.source_id FROM old.captures o
                WHERE o.id = captures.id AND captures.source_id IS NULL AND o.source_id IN temp.moving_sources"""
        )
        db.execute(
            """INSERT INTO main.changes (name, key) SELECT 'captures', id FROM temp.moving_captures WHERE true
               ON CONFLICT DO NOTHING"""
        )

    def _append(
        self, reader: ExchangeReader, file: str, records: list[RawRecord], *, is_import: bool
    ) -> tuple[str, int]:
        """Write the records of an exchange, with the warcinfo records that they name, and return their place."""
        named = [one.fields.get("WARC-Warcinfo-ID") or "" for one in records]
        named += [records[0].fields.get("WARC-Refers-To") or ""] if is_import else []
        before = []
        for record_id in dict.fromkeys(named):
            if record_id and record_id not in self._warcinfos:
                self._warcinfos.add(record_id)
                before += [found] if (found := reader.warcinfo(file, record_id)) is not None else []
        written = [*before, *records]
        places = self._writer.writer.append_stored([one.data for one in written], [one.fields for one in written])
        return places[len(before)].file, places[len(before)].offset

    def _compare(self, on_progress: OnProgress) -> None:
        """Compare each record that came with the one that it is a copy of. Raises ArchiveDamaged."""
        db = self._writer.db
        query = """SELECT o.file, o.offset, o.length, m.file, m.offset, m.length
                     FROM temp.moving_captures v JOIN old.captures o ON o.id = v.id JOIN main.captures m ON m.id = v.id
                    ORDER BY o.file, o.offset"""
        places = db.execute(query).fetchall()
        with closing(ExchangeReader(self._storage)) as old, closing(ExchangeReader(self._writer.storage)) as new:
            for done, place in enumerate(places, 1):
                if not (data := old.raw(*place[:3])) or data != new.raw(*place[3:]):
                    cause = f"is not the record at byte {place[1]} of {place[0]}, of which it is a copy"
                    raise ArchiveDamaged(
                        f"{place[3]} at byte {place[4]}", cause, "nothing was taken out of the first archive"
                    )
                if done % BATCH_CAPTURES == 0:
                    on_progress("comparing records", done, len(places))
        (wanted,) = db.execute("SELECT count(*) FROM temp.moving_captures").fetchone()
        assert len(places) == wanted, "captures without a row"
