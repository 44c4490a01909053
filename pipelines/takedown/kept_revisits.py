"""Keep the captures of other addresses whole when the record that holds their body is taken down.

A revisit (WARC 1.1 section 6.7) has no body of its own. If the response that it repeats is removed, and its own address
is not, its exchange is written again with the body before anything is removed: once for each site, and the further
revisits of that site then refer to this record. The records keep their ids, so whatever names them stays true; a note
of the same length (`tombstone.moved_member`) replaces the exchange in its old place.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from pipelines.core.errors import ArchiveDamaged, MorgueError, NotFound
from pipelines.core.urls import site_or_none
from pipelines.database.captures import CaptureLocation, location_of, response_repeated_through
from pipelines.database.columns import capture_row, update_row
from pipelines.takedown.targets import TakedownTargets
from pipelines.warc.exchange import REPEATING_PROFILE, SAME_PAYLOAD, capture_of
from pipelines.warc.http_message import entity_body, parse_head, split_response
from pipelines.warc.import_marks import FLAW, OWN_BLOCK_DIGEST, OWN_REFERS_TO, repeated_record
from pipelines.warc.reader import StoredRecord, read_record, walk
from pipelines.warc.record import WarcFields, WarcRecord, digest
from pipelines.warc.storage import WarcStorage
from pipelines.warc.writer import WarcWriter

logger = logging.getLogger("morgue.takedown")

BODY_FROM = "Morgue-Body-From"  # field of a response that was a revisit: id of the removed record that had its body
REFERENCES = ("WARC-Profile", "WARC-Refers-To", "WARC-Refers-To-Target-URI", "WARC-Refers-To-Date", OWN_REFERS_TO)
# Fields about a block; they are written anew, and what an import found wrong with them is no longer so.
DIGESTS = ("WARC-Block-Digest", "WARC-Payload-Digest")
ABOUT_BLOCK = ("WARC-Type", "Content-Length", "WARC-Truncated", *DIGESTS, OWN_BLOCK_DIGEST)
CURE = "name this address too, or its host; or restore the file from a copy (`morgue verify` says what is wrong)"


class KeptExchange(NamedTuple):
    """Hold the records of an exchange as they are to be written again, its revisit or response first."""

    capture: CaptureLocation
    records: list[WarcRecord]


def keep_whole(db: sqlite3.Connection, storage: WarcStorage, writer: WarcWriter, targets: TakedownTargets) -> None:
    """Write the exchanges that the targets keep again, without references to what is to go, and point their rows there.

    Runs on the writer's thread; commits nothing. Everything is read before anything is written. Raises MorgueError if a
    body cannot be read.
    """
    for exchange in _exchanges(db, storage, targets):
        logger.debug("%(url)s can be kept whole", {"url": exchange.capture.url})
    for exchange in _exchanges(db, storage, targets):
        records = [_of_file(record, writer.warcinfo_id()) for record in exchange.records]
        place = writer.append(records)[0]
        main = StoredRecord(place.offset, place.length, records[0].fields, records[0].block)
        capture = capture_of(main, place.file)
        assert capture is not None
        row = capture_row(capture)
        if capture.refers_to is not None:
            del row["body_length"]  # as it was
        update_row(db, "captures", row, exchange.capture.id)
        about = {"url": capture.url, "file": place.file, "offset": place.offset}
        logger.info("kept whole: %(url)s, in %(file)s at byte %(offset)d", about)


def is_superseded(db: sqlite3.Connection, record_id: str, file: str, offset: int) -> bool:
    """Return True if the capture with this id is in another place, to which `keep_whole` wrote it."""
    location = location_of(db, record_id)
    return location is not None and (location.file, location.offset) != (file, offset)


def _exchanges(db: sqlite3.Connection, storage: WarcStorage, targets: TakedownTargets) -> Iterator[KeptExchange]:
    """Yield the exchanges to be kept; of each site and body first the one that gets the body."""
    holders: dict[tuple[str | None, str], WarcRecord] = {}  # (site, id of the removed response) -> who has its body now
    revisits = sorted(targets.kept.values(), key=lambda one: one.time)
    unmodified = {one.id for one in revisits if _is_not_modified(_read(storage, one))}
    for capture in sorted(revisits, key=lambda one: one.id in unmodified):  # a 304 has no body that it could keep
        exchange = _stored_exchange(storage, capture)
        first = exchange[0]
        original = response_repeated_through(db, repeated_record(first.fields))
        key = site_or_none(capture.url), original.record_id if original is not None else ""
        holder = holders.get(key)
        if holder is not None:
            main = _referring_to(first, holder)
        elif capture.id in unmodified:
            main = _response(first, first.block, None)
        else:
            main = holders[key] = _response(first, *_block_with_body(storage, first, original, capture))
        yield KeptExchange(capture, [main, *exchange[1:]])


def _stored_exchange(storage: WarcStorage, capture: CaptureLocation) -> list[WarcRecord]:
    """Return the records of a capture's exchange, its own first. Raises ArchiveDamaged."""
    records: list[WarcRecord] = []
    for member in walk(storage, capture.file, lambda *_damage: None, start=capture.offset):
        record = WarcRecord(member.headers, member.block)
        if records and capture.record_id not in record.fields.all("WARC-Concurrent-To"):
            break
        records.append(record)
    if not records or records[0].fields.get("WARC-Record-ID") != capture.record_id:
        raise _not_kept(capture, "its record cannot be read")
    return records


def _read(storage: WarcStorage, capture: CaptureLocation) -> WarcRecord:
    try:
        return read_record(storage, capture.file, capture.offset, capture.length)
    except (ArchiveDamaged, NotFound) as error:
        raise _not_kept(capture, f"its record cannot be read ({error.cause})") from error


def _not_kept(capture: CaptureLocation, why: str, other: str = "") -> MorgueError:
    named = f" of {other}" if other else ""
    cause = f"was answered with the bytes{named} that are to go, and cannot be kept without them: {why}"
    return MorgueError(capture.url, cause, CURE)


def _is_not_modified(record: WarcRecord) -> bool:
    """Return True for a revisit of the profile server-not-modified (WARC 1.1 section 6.7.3)."""
    if (record.fields.get("WARC-Profile") or "").endswith(REPEATING_PROFILE):
        return False
    head = parse_head(split_response(record.block)[0])
    return head is not None and head.status == 304


def _block_with_body(
    storage: WarcStorage, revisit: WarcRecord, original: CaptureLocation | None, capture: CaptureLocation
) -> tuple[bytes, CaptureLocation]:
    """Return the block of a revisit with the body that it repeats, and the capture from which that is."""
    if original is None:
        raise _not_kept(capture, "the record that it repeats is not here")
    try:
        block = read_record(storage, original.file, original.offset, original.length).block
    except (ArchiveDamaged, NotFound) as error:
        raise _not_kept(capture, f"the record that has them cannot be read ({error.cause})", original.url) from error
    raw = split_response(revisit.block)[0]
    head = parse_head(raw)
    if head is None:  # some programs leave out the head of what is repeated
        return block, original
    body = entity_body(block)
    if head.chunked:
        body = (b"%x\r\n%s\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
    return raw + body, original


def _response(revisit: WarcRecord, block: bytes, original: CaptureLocation | None) -> WarcRecord:
    """Return a revisit as the response that it was. `original`: where its body was until now."""
    head = parse_head(split_response(block)[0])
    digest_flaws = {(FLAW, name) for name in DIGESTS}
    payload = [] if head is not None and head.chunked else [("WARC-Payload-Digest", digest(entity_body(block)))]
    return WarcRecord(
        WarcFields([
            ("WARC-Type", "response"),
            *(one for one in _fields_besides(revisit, *REFERENCES, *ABOUT_BLOCK) if one not in digest_flaws),
            *payload,
            ("WARC-Block-Digest", digest(block)),
            *([(BODY_FROM, original.record_id)] if original is not None else []),
        ]),
        block,
    )  # fmt: skip


def _referring_to(revisit: WarcRecord, response: WarcRecord) -> WarcRecord:
    """Return a revisit that repeats another record than before."""
    get, profile = response.fields.get, revisit.fields.get("WARC-Profile")
    return WarcRecord(
        WarcFields([
            *_fields_besides(revisit, *REFERENCES),
            ("WARC-Profile", profile or SAME_PAYLOAD),
            ("WARC-Refers-To", get("WARC-Record-ID") or ""),
            ("WARC-Refers-To-Target-URI", get("WARC-Target-URI") or ""),
            ("WARC-Refers-To-Date", get("WARC-Date") or ""),
        ]),
        revisit.block,
    )  # fmt: skip


def _fields_besides(record: WarcRecord, *names: str) -> list[tuple[str, str]]:
    left_out = {name.lower() for name in names}
    return [(name, value) for name, value in record.fields if name.lower() not in left_out]


def _of_file(record: WarcRecord, warcinfo_id: str) -> WarcRecord:
    """Return a record with the id of the warcinfo record of the file to which it goes.

    The copy of an imported record goes on naming the warcinfo record of the file from which it came.
    """
    is_copy = record.fields.get("Morgue-Imported") is not None and record.fields.get("WARC-Warcinfo-ID") is not None
    name = "Morgue-Kept-In" if is_copy else "WARC-Warcinfo-ID"
    return WarcRecord(WarcFields([*_fields_besides(record, name, "Content-Length"), (name, warcinfo_id)]), record.block)
