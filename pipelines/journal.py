"""The journal: what the database knows and no capture tells, written into the WARC files so that these are enough.

Which page is which article, which sources and crawls there were, what is in the queue: rows. Triggers note which of
them changed (table `changes`); now and then, and before a WARC file is finished, their present state goes into a
metadata record of JSON lines, `{"articles": {"id": 7, ...}}` for a row, `{"aliases": {"gone": KEY}}` for one that is
no more. What is read from a page (title, text, authors, ...) is not in it: that is read from the page again.

Records are numbered. A number that comes again (a crash lost the database's last commit, and not the WARC's) counts
from there on: what had it before, and all above it, is void.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pipelines.clock import fine_stamp
from pipelines.warcrecord import Fields, Record, digest, new_id

MEDIA_TYPE = "application/x-ndjson"
NUMBER = "Morgue-Journal"  # the field with a record's number
ROWS = 500  # changed rows from which a record is worth writing; they compress each other
SECONDS = 60.0  # or so long after the last one
MOST = 5000  # rows of one record


class Table(NamedTuple):
    """What the journal holds of a table."""

    key: str
    columns: tuple[str, ...]


TABLES = {
    "sources": Table("id", ("id", "name", "url", "title", "language", "watched", "added")),
    "crawls": Table("id", ("id", "started", "finished", "outcome", "command", "software", "counts")),
    "captures": Table("id", ("id", "crawl_id", "source_id", "file", "offset")),
    "articles": Table(
        "id", ("id", "url_key", "source_id", "capture_id", "revision", "first_seen", "last_seen", "comments")
    ),
    "revisions": Table("id", ("id", "article_id", "number", "capture_id", "seen", "hint", "text_digest", "extractor")),
    "sightings": Table("capture_id", ("capture_id", "revision_id")),
    "readings": Table(
        "id",
        ("id", "revision_id", "replaced", "title", "description", "authors", "modified", "text", "text_digest",
         "extractor"),
    ),
    "removals": Table("id", ("id", "time", "url_key", "reason", "captures")),
    "aliases": Table("url_key", ("url_key", "article_id")),
    "frontier": Table(
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

    def has_news(self) -> bool:
        """Whether anything changed that needs a WARC file even if none is open."""
        self._note_captures()
        marks = ", ".join("?" * len(ALONE))
        query = f"SELECT 1 FROM changes WHERE name NOT IN ({marks}) LIMIT 1"  # noqa: S608
        return self.db.execute(query, ALONE).fetchone() is not None

    def records(self, warcinfo_id: Callable[[], str]) -> Iterator[Record]:
        """What changed since the last call, as WARC records; the caller commits only once they are durable.

        `warcinfo_id()` names the file that the next one goes to; it is asked only if there is one.
        """
        self._written = time.monotonic()
        self._note_captures()
        while changed := self._changed():
            (number,) = self.db.execute("UPDATE journal SET last = last + 1 RETURNING last").fetchone()
            yield record(number, changed, warcinfo_id())

    def _note_captures(self) -> None:
        """They have no trigger for what is new: it would cost more than the row."""
        (noted, newest) = self.db.execute("SELECT captures, (SELECT max(id) FROM captures) FROM journal").fetchone()
        if newest is not None and newest > noted:
            self.db.execute(
                """INSERT INTO changes (name, key) SELECT 'captures', id FROM captures WHERE id > ?
                   ON CONFLICT DO NOTHING""",
                (noted,),
            )
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


def line(name: str, row: dict[str, Any]) -> str:
    """One row of the journal. What is claimed waits, for whoever reads this later; unknown (None) is left out."""
    if row.get("state") == "claimed":
        row["state"] = "waiting"
    known = {column: value for column, value in row.items() if value is not None}
    return as_json({name: known})


def record(number: int, lines: Iterable[str], warcinfo_id: str | None) -> Record:
    """A metadata record (WARC 1.1 section 6.6) that holds rows of the journal."""
    block = "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass")
    fields = [
        ("WARC-Type", "metadata"),
        ("WARC-Record-ID", new_id()),
        ("WARC-Date", fine_stamp(datetime.now(UTC))),
        ("Content-Type", MEDIA_TYPE),
        ("WARC-Block-Digest", digest(block)),
        (NUMBER, str(number)),
    ]
    if warcinfo_id is not None:
        fields.append(("WARC-Warcinfo-ID", warcinfo_id))
    return Record(Fields(fields), block)


def number_of(fields: Fields) -> int | None:
    """The number of a journal record; None for any other record."""
    number = fields.get(NUMBER) or ""
    return int(number) if fields.get("WARC-Type") == "metadata" and number.isdecimal() else None


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
