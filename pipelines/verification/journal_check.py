"""Compare rows of articles, revisions and earlier readings with the journal in the WARC files. Reads only.

A digest in a row shows a change that was made in one place. The journal has the digests too, in the WARC files, and so
shows a row that was changed together with its digest. Rows that changed since the last journal record are only counted.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from pipelines.archive.journal import JournalHeader, valid_records
from pipelines.core.archive_layout import DATABASE_NAME
from pipelines.core.errors import MorgueError
from pipelines.core.plural import counted
from pipelines.database.columns import as_json
from pipelines.database.connection import ask, connect
from pipelines.database.journal_rows import JOURNAL_TABLES, LATER_VALUES, database_state
from pipelines.verification.findings import Finding
from pipelines.verification.warc_check import short_hash
from pipelines.warc.reader import read_block
from pipelines.warc.storage import WarcStorage

# Compared tables. A line without this column is of an earlier version, whose rebuilds did not note all they changed.
DIGEST_COLUMNS = {"articles": "fields_digest", "revisions": "state_digest", "readings": None}
NOUNS = {"articles": "article", "revisions": "revision", "readings": "earlier reading"}
LINE_BEGINS = tuple(f'{{"{name}"'.encode() for name in DIGEST_COLUMNS)
# `hash` is 0 for a line of an earlier version; `at` is the place of the journal record in the list of valid ones.
TOLD = """
PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
CREATE TABLE told (name TEXT, key INTEGER, hash INTEGER, at INTEGER, PRIMARY KEY (name, key)) WITHOUT ROWID;
"""
# What a line refers to. Where that is gone, as after a rebuild without a lost file, the row is gone as well.
WITHOUT_RECORD = {"articles": ("captures", "capture_id"), "revisions": ("captures", "capture_id"),
                  "readings": ("revisions", "revision_id")}  # fmt: skip
SUBJECT = "the rows of articles, revisions and earlier readings against the journal in the WARC files"
WRITING = f"{SUBJECT}, because another process writes to the archive"
MISSING = f"{SUBJECT}, because a journal record is missing"


class JournalPlace(NamedTuple):
    """Hold the header of a journal record, and its place."""

    header: JournalHeader
    file: str
    offset: int
    length: int


class JournalCheck:
    """Check the rows of one database. `findings` and `left_out` say what came of it."""

    def __init__(self, database: Path, storage: WarcStorage, places: Sequence[JournalPlace]) -> None:
        """`places`: of all journal records, those of each file in order, and the files in the order of the manifest."""
        self.database, self.storage = database, storage
        self.places = places
        self.findings: list[Finding] = []
        self.left_out: list[str] = []  # sentences: what could not be compared

    def run(self, last_before: int | None, *, sound: bool) -> None:
        """Compare. `last_before`: number of the last journal record, by the database, before the files were listed.

        `sound`: nothing was found wrong with the WARC files and the manifest.
        """
        try:
            with closing(connect(self.database)) as db, closing(sqlite3.connect("")) as told:
                told.executescript(TOLD)
                db.execute("BEGIN")
                self._run(db, told, last_before, sound=sound)
        except (MorgueError, sqlite3.DatabaseError):  # the checks of the database and of the files report it
            self.left_out.append(f"{SUBJECT}, because these cannot be read")

    def _run(self, db: sqlite3.Connection, told: sqlite3.Connection, last_before: int | None, *, sound: bool) -> None:
        columns = {row["name"] for row in ask(db, "SELECT name FROM pragma_table_info('articles')")}
        if "fields_digest" not in columns:  # not upgraded yet
            return
        archive, last = database_state(db)
        ours = [
            (at, place.header)
            for at, place in enumerate(self.places)
            if place.header.archive in (None, archive) and place.header.number <= last
        ]
        valid = valid_records(ours)
        headers = [self.places[at].header for at in valid]
        found = headers[-1].number if headers else 0
        if found != last:
            if last != last_before:
                self.left_out.append(WRITING)
            elif not sound:
                self.left_out.append(MISSING)
            else:
                what = f"it counts {last:,} journal records, and the last one in the WARC files is number {found:,}"
                self.findings.append(Finding(DATABASE_NAME, None, "journal", what))
            return
        expected = [0, *(header.number for header in headers)][: len(headers)]
        if [header.after for header in headers] != expected:
            self.left_out.append(MISSING)
            return
        try:
            for at in valid:
                self._read(told, at)
        except (ValueError, TypeError, KeyError, RecursionError):  # of its JSON
            self.left_out.append(f"{SUBJECT}, because a journal record is not as Newsmorgue writes it")
            return
        for name in DIGEST_COLUMNS:
            self._compare(db, told, name)

    def _read(self, told: sqlite3.Connection, at: int) -> None:
        """Note what a journal record says of rows."""
        for name, key, row in self._lines(at):
            if row is None:
                told.execute("DELETE FROM told WHERE name = ? AND key = ?", (name, key))
            else:
                digest = DIGEST_COLUMNS[name]
                known = digest is None or digest in row
                hashed = short_hash(_in_words(name, row)) if known else 0
                told.execute("INSERT OR REPLACE INTO told VALUES (?, ?, ?, ?)", (name, key, hashed, at))

    def _lines(self, at: int) -> Iterator[tuple[str, int, dict[str, Any] | None]]:
        """Yield the lines of a journal record that are compared: table, key and row; None for a deleted row."""
        place = self.places[at]
        for line in read_block(self.storage, place.file, place.offset, place.length).split(b"\n"):
            if line.startswith(LINE_BEGINS):
                ((name, row),) = json.loads(line.decode("utf-8", "surrogatepass")).items()
                if "gone" in row:
                    yield name, int(row["gone"]), None
                else:
                    yield name, int(row["id"]), LATER_VALUES.get(name, {}) | row

    def _compare(self, db: sqlite3.Connection, told: sqlite3.Connection, name: str) -> None:
        columns = JOURNAL_TABLES[name].columns
        noted = {row["key"] for row in ask(db, "SELECT key FROM changes WHERE name = ?", (name,))}
        noun, later, unknown = NOUNS[name], 0, 0
        for row in ask(db, f"SELECT {', '.join(columns)} FROM {name} ORDER BY id"):  # noqa: S608 (our own names)
            line = told.execute("SELECT hash, at FROM told WHERE name = ? AND key = ?", (name, row["id"])).fetchone()
            told.execute("DELETE FROM told WHERE name = ? AND key = ?", (name, row["id"]))
            if row["id"] in noted:
                later += 1
            elif line is None:
                self._add(f"{noun} {row['id']} is in no journal record of the WARC files")
            elif line[0] == 0:
                unknown += 1
            elif line[0] != short_hash(_in_words(name, dict(row))):
                self._add(
                    f"{noun} {row['id']} differs from the journal in: {self._differing(name, dict(row), line[1])}"
                )
        for key, at in told.execute("SELECT key, at FROM told WHERE name = ? ORDER BY key", (name,)):
            if key not in noted and self._refers_to_row(db, name, key, at):
                self._add(f"{noun} {key} is in the journal of the WARC files, and not in the database")
        if later:
            self.left_out.append(f"{counted(later, noun)} against the WARC files, which have the last change of them "
                                 "only when the next command that writes has run")  # fmt: skip
        if unknown:
            self.left_out.append(f"most fields of {counted(unknown, noun)}, of which an earlier version kept no digest "
                                 "(`morgue rebuild` makes one)")  # fmt: skip

    def _row_told(self, name: str, key: int, at: int) -> dict[str, Any]:
        """Return the row as the journal has it."""
        rows = [row for table, one, row in self._lines(at) if (table, one) == (name, key) and row is not None]
        return rows[-1]

    def _differing(self, name: str, row: Mapping[str, Any], at: int) -> str:
        told = self._row_told(name, row["id"], at)
        return ", ".join(column for column in JOURNAL_TABLES[name].columns if row[column] != told.get(column))

    def _refers_to_row(self, db: sqlite3.Connection, name: str, key: int, at: int) -> bool:
        table, column = WITHOUT_RECORD[name]
        referred = self._row_told(name, key, at).get(column)
        return bool([*ask(db, f"SELECT 1 FROM {table} WHERE id = ?", (referred,))])  # noqa: S608 (our own names)

    def _add(self, what: str) -> None:
        self.findings.append(Finding(DATABASE_NAME, None, "journal", what))


def _in_words(name: str, row: Mapping[str, Any]) -> str:
    """Return the columns of a row that the journal has, as one text."""
    columns: Iterable[str] = JOURNAL_TABLES[name].columns
    return as_json([row.get(column) for column in columns])
