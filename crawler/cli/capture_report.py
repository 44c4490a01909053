"""Report the captures of one address, for people and as JSON."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from exports.article_report import imported_from
from pipelines.core.archive_layout import is_export
from pipelines.core.errors import MorgueError
from pipelines.core.plural import counted
from pipelines.core.terminal import plain
from pipelines.database.captures import response_repeated_through
from pipelines.database.queries import Row
from pipelines.warc.http_message import REDIRECTS
from pipelines.warc.import_marks import NO_ORIGINAL
from pipelines.warc.storage import WarcStorage

if TYPE_CHECKING:
    from exports.python_api.archive import Archive

MAX_CAPTURES_SHOWN = 10  # the newest ones; JSON has all


def newest_answer(captures: Sequence[Row]) -> Row:
    """Return the capture that is meant when none is named: the last one with a response, else the last one."""
    return next((row for row in reversed(captures) if row["record_type"] != "metadata"), captures[-1])


def lines(archive: Archive, wanted: str, why: str, captures: Sequence[Row]) -> Iterator[tuple[str | None, str]]:
    """Yield the lines as (name, value). The name "" continues the line before; None is a line without a name."""
    yield None, f"{wanted}: {why}"
    left_out = len(captures) - MAX_CAPTURES_SHOWN
    if left_out > 0:
        yield None, f"{counted(len(captures), 'capture')}; the {MAX_CAPTURES_SHOWN} newest (--format json lists all):"
    elif len(captures) > 1:
        yield None, f"{counted(len(captures), 'capture')}:"
    for row in captures[-MAX_CAPTURES_SHOWN:]:
        yield None, ""
        shard = archive.shard_of(row)
        yield from capture_lines(shard.connection, shard.warc_storage, row)
    newest = newest_answer(captures)
    shard = archive.shard_of(newest)
    db, warc = shard.connection, shard.warc_storage
    yield None, ""
    if not warc.has(newest["warc_file"]):
        return
    if has_body(db, warc, newest):
        yield (
            None,
            f"morgue show --capture {newest['id']} --format body > FILE    what the server sent, decoded",
        )
    original = newest["record_type"] == "revisit" and original_is_here(db, warc, newest)
    content = "the WARC record" + (" and the record with its body" if original else ", unchanged")
    yield None, f"morgue show --capture {newest['id']} --format warc > FILE    {content}"


def has_body(db: sqlite3.Connection, warc: WarcStorage, row: Row) -> bool:
    """Return True if the archive has a response to show for a capture whose own file is there."""
    if row["record_type"] == "revisit":
        return original_is_here(db, warc, row)
    return bool(row["record_type"] != "metadata")


def original_is_here(db: sqlite3.Connection, warc: WarcStorage, row: Row) -> bool:
    """Return True if the archive has the response that a revisit repeats."""
    place = response_repeated_through(db, row["refers_to"])
    return place is not None and warc.has(place.file)


def repeats(db: sqlite3.Connection, warc: WarcStorage, row: Row) -> str:
    """Say what a revisit repeats, and whether that is here."""
    said = "not modified since" if row["status"] == 304 else "same body as"
    if row["refers_to"] is None:
        return f"{said} an earlier response, which is not in the archive (the revisit names no record): no body"
    gone = "" if original_is_here(db, warc, row) else ", which is not in the archive: no body"
    return f"{said} {row['refers_to']}{gone}"


def capture_lines(db: sqlite3.Connection, warc: WarcStorage, row: Row) -> Iterator[tuple[str, str]]:
    """Yield the lines of one capture."""
    yield "capture", f"{row['id']}, of {row['url']}"
    yield "captured", f"{row['captured']}, as {row['kind']}"
    if row["status"] is not None:
        size = None if row["body_length"] is None else counted(row["body_length"], "byte")
        yield "answer", ", ".join(filter(None, (f"HTTP {row['status']}", row["mime"], size)))
    if row["error"]:
        yield "failed" if row["record_type"] == "metadata" else "incomplete", row["error"]
    if row["status"] in REDIRECTS:
        yield "redirects", redirect_target(warc, row)
    if row["record_type"] == "revisit":
        yield "repeats", repeats(db, warc, row)
    yield from record_lines(warc, row)
    if row["payload_digest"] and row["status"] != 304:  # the payload digest of a 304 is that of the earlier response
        yield "payload", row["payload_digest"]
    if row["declared_digest"]:
        yield "", f"declared as {row['declared_digest']}"
    for number, flaw in enumerate(row["flaws"]):
        yield "" if number else "flaws", flaw_in_words(flaw)
    for number, signal in enumerate(row["header_rights"]):
        yield "" if number else "rights", signal


def record_lines(warc: WarcStorage, row: Row) -> Iterator[tuple[str, str]]:
    """Yield the place of a record and the file it was imported from. `row` is a capture or an article."""
    yield "record", f"{row['warc_file']}, offset {row['warc_offset']}, length {row['warc_length']}"
    if not warc.has(row["warc_file"]):
        cure = "restore it from a copy (`morgue verify` lists everything that is missing)"
        if is_export(warc.folder.parent):
            cure = "the archive that this one was exported from has it"
        yield "", f"this file is missing: {cure}"
    yield "", row["warc_record_id"]
    if place := imported_from(row):
        yield "imported", f"from {place}"


def redirect_target(warc: WarcStorage, row: Row) -> str:
    """Return the Location of a redirect."""
    from pipelines.archive.replay import stored_head
    from pipelines.core.urls import address_in

    try:
        location = stored_head(warc, row).first(b"location")
    except MorgueError as error:
        return f"(cannot be read: {error.cause})"
    return plain(address_in(location or b"nowhere"))


def flaw_in_words(flaw: str) -> str:
    """Return what was wrong with a record when it was imported: the name of a field, or a field and a record id."""
    if flaw == NO_ORIGINAL:
        return "revisit whose original was not in the archive when it was imported"
    field, _, target = flaw.partition(" ")
    return f"{field} was not right when it was imported" if not target else f"{field}: {target} was not here"


def as_dict(wanted: str, why: str, captures: Sequence[Row], article: int | None) -> dict[str, Any]:
    """Return the report for programs. `article` is the number of the article that has these captures."""
    return {"wanted": wanted, "article": article, "why": why, "captures": list(captures)}
