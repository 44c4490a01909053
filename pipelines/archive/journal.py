"""The journal: what the database knows and no capture tells, written into the WARC files so that these are enough.

Which page is which article, which sources and crawls there were, what is in the queue: rows. Triggers note which of
them changed (table `changes`); now and then, and before a WARC file is finished, their present state goes into a
metadata record of JSON lines, `{"articles": {"id": 7, ...}}` for a row, `{"aliases": {"gone": KEY}}` for one that is
no more. What is read from a page (title, text, authors, ...) is not in it: that is read from the page again.

Records are numbered, and each names the one before it (`Morgue-After`). A crash may take the database's last commit
and leave its journal records: the next one passes over their numbers and names the last one that was committed, and so
makes them void. What one commit changed may be too much for one record: all but its last say that there is more to it
(`Morgue-More`), and count only with it. Each also names the archive that it is of: a WARC file of another one may lie
among ours.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pipelines.core.timestamps import fine_stamp
from pipelines.warc.manifest import DatabaseState
from pipelines.warc.record import ARCHIVE, WarcFields, WarcRecord, digest, new_id

MEDIA_TYPE = "application/x-ndjson"
NUMBER = "Morgue-Journal"  # the field with a record's number,
AFTER = "Morgue-After"  # and with that of the one before it that counts; not there: the next lower one
MORE = "Morgue-More"  # in a record with which the rows of a commit are not complete
ROWS = 500  # changed rows from which a record is worth writing; they compress each other
SECONDS = 60.0  # or so long after the last one
MOST = 5000  # rows of one record


class JournalTable(NamedTuple):
    """What the journal holds of a table."""

    key: str
    columns: tuple[str, ...]


TABLES = {
    "sources": JournalTable("id", ("id", "name", "url", "title", "language", "watched", "added")),
    "crawls": JournalTable("id", ("id", "started", "finished", "outcome", "command", "software", "counts")),
    "captures": JournalTable("id", ("id", "crawl_id", "source_id", "file", "offset")),
    "articles": JournalTable(
        "id", ("id", "url_key", "source_id", "capture_id", "revision", "first_seen", "last_seen", "comments")
    ),
    "revisions": JournalTable(
        "id", ("id", "article_id", "number", "capture_id", "seen", "hint", "text_digest", "extractor")
    ),
    "sightings": JournalTable("capture_id", ("capture_id", "revision_id")),
    "readings": JournalTable(
        "id",
        ("id", "revision_id", "replaced", "title", "description", "authors", "modified", "text", "text_digest",
         "extractor"),
    ),
    "removals": JournalTable("id", ("id", "time", "url_key", "reason", "captures")),
    "aliases": JournalTable("url_key", ("url_key", "article_id")),
    "frontier": JournalTable(
        "id",
        ("id", "url_key", "url", "host", "source_id", "kind", "state", "next_visit", "priority", "depth", "found",
         "found_on", "hint", "day", "visits", "failures", "first_visit", "last_visit", "last_status", "last_error",
         "etag", "last_modified"),
    ),
}  # fmt: skip
as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
ALONE = ("crawls", "sources")  # changes of these alone are not worth a WARC file of their own


class Journal:
    """The journal of one archive, from the side that writes. On the keeper's thread."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db
        self._written = time.monotonic()

    def is_due(self) -> bool:
        """Whether a record is worth writing now."""
        self._note_captures()
        if time.monotonic() - self._written >= SECONDS:
            return True
        return self.db.execute("SELECT 1 FROM changes LIMIT 1 OFFSET ?", (ROWS - 1,)).fetchone() is not None

    def has_news(self, *, everything: bool = False) -> bool:
        """Whether anything changed that needs a WARC file even if none is open; `everything`: anything at all."""
        self._note_captures()
        alone = () if everything else ALONE
        marks = ", ".join("?" * len(alone))
        query = f"SELECT 1 FROM changes WHERE name NOT IN ({marks}) LIMIT 1"  # noqa: S608
        return self.db.execute(query, alone).fetchone() is not None

    def records(self, warcinfo_id: Callable[[], str]) -> Iterator[WarcRecord]:
        """What changed since the last call, as WARC records; the caller commits only once they are durable.

        `warcinfo_id()` names the file that the next one goes to; it is asked only if there is one.
        """
        self._written = time.monotonic()
        self._note_captures()
        archive, after = self.standing()
        while changed := self._changed():
            numbered = self.db.execute("UPDATE journal SET used = used + 1, last = used + 1 RETURNING used")
            (number,) = numbered.fetchone()
            more = self.db.execute("SELECT 1 FROM changes LIMIT 1").fetchone() is not None
            yield record(JournalHeader(number, after, archive, more), changed, warcinfo_id())
            after = number

    def standing(self) -> DatabaseState:
        """Which archive this is, and the last journal record whose rows are in the database."""
        return standing(self.db)

    def _note_captures(self) -> None:
        """They have no trigger for what is new: it would cost more than the row."""
        query = "SELECT captures, (SELECT coalesce(max(id), 0) FROM captures) FROM journal"
        (noted, newest) = self.db.execute(query).fetchone()
        if newest > noted:
            self.db.execute(
                """INSERT INTO changes (name, key) SELECT 'captures', id FROM captures WHERE id > ?
                   ON CONFLICT DO NOTHING""",
                (noted,),
            )
        if newest != noted:  # less, where the newest were taken down: their ids are given again
            self.db.execute("UPDATE journal SET captures = ?", (newest,))

    def _changed(self) -> list[str]:
        """The lines of one record: rows that changed, as they are now; they are no longer in `changes` then."""
        lines: list[str] = []
        for (name,) in self.db.execute("SELECT DISTINCT name FROM changes ORDER BY name").fetchall():
            lines += self._changed_in(name, MOST - len(lines))
        return lines

    def _changed_in(self, name: str, most: int) -> list[str]:
        table = TABLES[name]
        columns = ", ".join(f"t.{column}" for column in table.columns)
        changed = self.db.execute(
            f"""SELECT c.key, {columns} FROM changes c LEFT JOIN {name} t ON t.{table.key} = c.key
                 WHERE c.name = ? ORDER BY c.key LIMIT ?""",  # noqa: S608 (our own names)
            (name, most),
        ).fetchall()
        if changed:
            self.db.execute("DELETE FROM changes WHERE name = ? AND key <= ?", (name, changed[-1][0]))
        at = table.columns.index(table.key)
        return [
            line(name, dict(zip(table.columns, row, strict=True)) if row[at] is not None else {"gone": key})
            for key, *row in changed
        ]


class JournalHeader(NamedTuple):
    """What a journal record says of itself."""

    number: int
    after: int  # number of the record before it that counts; 0: it is the first
    archive: str | None  # id of the archive that wrote it; None: it is of before there were ids
    more: bool = False  # it counts only if the next one does


def standing(db: sqlite3.Connection) -> DatabaseState:
    """Which archive a database is of, and how far it had got."""
    return DatabaseState(*db.execute("SELECT archive, last FROM journal").fetchone())


def line(name: str, row: dict[str, Any]) -> str:
    """One row of the journal. What is claimed waits, for whoever reads this later; unknown (None) is left out."""
    if row.get("state") == "claimed":
        row["state"] = "waiting"
    known = {column: value for column, value in row.items() if value is not None}
    return as_json({name: known})


def record(mark: JournalHeader, lines: Iterable[str], warcinfo_id: str | None) -> WarcRecord:
    """A metadata record (WARC 1.1 section 6.6) that holds rows of the journal."""
    block = "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass")
    fields = [
        ("WARC-Type", "metadata"),
        ("WARC-Record-ID", new_id()),
        ("WARC-Date", fine_stamp(datetime.now(UTC))),
        ("Content-Type", MEDIA_TYPE),
        ("WARC-Block-Digest", digest(block)),
        (NUMBER, str(mark.number)),
        (AFTER, str(mark.after)),
    ]
    if mark.more:
        fields.append((MORE, "1"))
    if mark.archive is not None:
        fields.append((ARCHIVE, mark.archive))
    if warcinfo_id is not None:
        fields.append(("WARC-Warcinfo-ID", warcinfo_id))
    return WarcRecord(WarcFields(fields), block)


def mark_of(fields: WarcFields) -> JournalHeader | None:
    """What a journal record says of itself; None for any other record."""
    number, after = fields.get(NUMBER) or "", fields.get(AFTER) or ""
    if fields.get("WARC-Type") != "metadata" or not number.isdecimal():
        return None
    before = int(after) if after.isdecimal() else int(number) - 1
    return JournalHeader(int(number), before, fields.get(ARCHIVE), fields.get(MORE) is not None)


def valid_records(marks: Sequence[tuple[int, JournalHeader]]) -> list[int]:
    """Which journal records of one archive count, and in which order: (place in the files, mark) -> places.

    The numbers say the order, whatever that of the files is. Where one comes twice (before there was Morgue-After, a
    number that a crash had made void was given again) the order of the files has to say it.

    >>> valid_records([(0, Mark(3, 1, "a")), (1, Mark(1, 0, "a")), (2, Mark(2, 1, "a"))])
    [1, 0]
    """
    numbers = [mark.number for _at, mark in marks]
    if len(set(numbers)) == len(numbers):
        marks = sorted(marks, key=lambda one: one[1].number)
    valid: list[tuple[int, JournalHeader]] = []
    for at, mark in marks:
        while valid and valid[-1][1].number > mark.after:
            valid.pop()
        valid.append((at, mark))
    while valid and valid[-1][1].more:  # a kill came before the rest of that commit
        valid.pop()
    return [at for at, _mark in valid]


def apply(db: sqlite3.Connection, block: bytes) -> None:
    """Bring the rows of a journal record into the tables of a database that is being rebuilt.

    What is read from pages stays empty; rows of `captures` go into the table `placed`, by place, since the captures
    themselves come from their records. Raises ValueError for a block that is no journal.
    """
    for text in block.decode("utf-8", "surrogatepass").split("\n")[:-1]:
        ((name, row),) = json.loads(text).items()
        table = TABLES.get(name)
        if table is None:  # a later version's
            continue
        target = "placed" if name == "captures" else name
        if "gone" in row:
            db.execute(f"DELETE FROM {target} WHERE {table.key} = ?", (row["gone"],))  # noqa: S608 (our own names)
            continue
        columns = [column for column in table.columns if column in row or column not in EMPTY.get(name, ())]
        values = {column: row.get(column) for column in columns} | EMPTY.get(name, {})
        updates = ", ".join(f"{column} = excluded.{column}" for column in columns if column != table.key)
        db.execute(
            f"""INSERT INTO {target} ({", ".join(values)}) VALUES ({", ".join(f":{column}" for column in values)})
                ON CONFLICT ({table.key}) DO UPDATE SET {updates}""",  # noqa: S608 (our own names)
            values,
        )


# Columns that may not be NULL and are read from pages.
EMPTY: dict[str, dict[str, Any]] = {
    "articles": {
        "url": "", "authors": "[]", "tags": "[]", "text": "", "word_count": 0, "kind": "", "extractor": "",
        "text_digest": "",
    },
    "revisions": {"authors": "[]", "text": ""},
}  # fmt: skip
PLACED = """
CREATE TABLE placed (
    id INTEGER PRIMARY KEY, crawl_id INTEGER, source_id INTEGER, file TEXT NOT NULL, offset INTEGER NOT NULL
) STRICT;
"""
