"""What an archive has of one address, capture by capture: for people, and as JSON."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from exports.terminal import plain
from pipelines.core.errors import MorgueError
from pipelines.core.plural import counted
from pipelines.database.queries import Row
from pipelines.warc.http_message import REDIRECTS
from pipelines.warc.storage import WarcStorage

SHOWN = 10  # the newest of them; JSON has all


def newest_answer(captures: Sequence[Row]) -> Row:
    """The one whose bytes are meant where none is named: the last that a server answered, else the last."""
    return next((row for row in reversed(captures) if row["record_type"] != "metadata"), captures[-1])


def lines(
    db: sqlite3.Connection, warc: WarcStorage, wanted: str, why: str, captures: Sequence[Row]
) -> Iterator[tuple[str | None, str]]:
    """(name, value) of each line: name "" goes on with the line before, None stands alone."""
    yield None, f"{wanted}: {why}"
    left_out = len(captures) - SHOWN
    if left_out > 0:
        yield None, f"{counted(len(captures), 'capture')}; the {SHOWN} newest, --format json has all:"
    elif len(captures) > 1:
        yield None, f"{counted(len(captures), 'capture')}:"
    for row in captures[-SHOWN:]:
        yield None, ""
        yield from facts(db, warc, row)
    newest = newest_answer(captures)
    yield None, ""
    if newest["record_type"] != "metadata":
        yield None, f"morgue show --capture {newest['id']} --format body > FILE    what the server sent, decoded"
    yield None, f"morgue show --capture {newest['id']} --format warc > FILE    the record as it is"


def facts(db: sqlite3.Connection, warc: WarcStorage, row: Row) -> Iterator[tuple[str, str]]:
    """One capture."""
    yield "capture", f"{row['id']}, of {row['url']}"
    yield "captured", f"{row['captured']}, as {row['kind']}"
    if row["status"] is not None:
        size = None if row["body_length"] is None else counted(row["body_length"], "byte")
        yield "answer", ", ".join(filter(None, (f"HTTP {row['status']}", row["mime"], size)))
    if row["error"]:
        yield "failed" if row["record_type"] == "metadata" else "broke off", row["error"]
    if row["status"] in REDIRECTS:
        yield "leads to", target(db, warc, row)
    if row["refers_to"]:
        same = "not modified since" if row["status"] == 304 else "the same body as"
        yield "repeats", f"{same} {row['refers_to']}"
    yield from record(warc, row)
    if row["payload_digest"] and row["status"] != 304:  # which has none of its own
        yield "payload", row["payload_digest"]
    for number, signal in enumerate(row["header_rights"]):
        yield "" if number else "rights", signal


def record(warc: WarcStorage, row: Row) -> Iterator[tuple[str, str]]:
    """Where its record lies, and where that came from; `row` may be an article's."""
    yield "record", f"{row['warc_file']}, offset {row['warc_offset']}, length {row['warc_length']}"
    if not warc.has(row["warc_file"]):
        yield "", "this file is not there: put it back from a copy; `morgue verify` names all that is missing"
    yield "", row["warc_record_id"]
    if row["imported"]:
        file, _, offset = row["imported"].rpartition("@")
        yield "imported", f"from {file}, offset {offset}"


def target(db: sqlite3.Connection, warc: WarcStorage, row: Row) -> str:
    """Where a redirect leads."""
    from pipelines.archive.replay import replay

    try:
        location = replay(db, warc, row).head.first(b"location")
    except MorgueError as error:
        return f"(cannot be read: {error.cause})"
    return plain((location or b"nowhere").decode("utf-8", "replace"))


def as_dict(wanted: str, why: str, captures: Sequence[Row], article: int | None) -> dict[str, Any]:
    """For programs; `article`: the number of the one that they are of."""
    return {"wanted": wanted, "article": article, "why": why, "captures": list(captures)}
