"""Replay a capture: read the answer from the WARC files, through the revisit if it was one."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any, NamedTuple

from pipelines.core.errors import ArchiveDamaged, MorgueError, NotFound
from pipelines.database.captures import MAX_REVISITS, location_of
from pipelines.warc.content_codings import DecodingRefused, content_decoded
from pipelines.warc.http_message import MessageHead, entity_body, parse_head, split_response
from pipelines.warc.import_marks import repeated_record
from pipelines.warc.reader import read_record
from pipelines.warc.storage import WarcStorage

AS_IT_IS = "`morgue show --format warc` gives the record as it is"
MAX_DECODED_BYTES = 256 << 20  # bytes of a page once decoded; more is a decompression bomb


class ReplayedResponse(NamedTuple):
    """Hold a response in the form that a reader of pages needs."""

    head: MessageHead
    body: bytes  # without transfer coding and content coding

    @property
    def content_type(self) -> str | None:
        """Return the Content-Type header as sent."""
        return self.head.content_type


def replay(
    db: sqlite3.Connection, storage: WarcStorage, row: Mapping[str, Any], limit: int = MAX_DECODED_BYTES
) -> ReplayedResponse:
    """Return the answer of a capture.

    `row` has the keys of `queries.PROVENANCE_COLUMNS`, `storage` the WARC files of the archive.

    The body of a revisit (WARC 1.1 section 6.7) is that of the record it refers to. For a 304, and for a revisit
    without a head of its own, the head is from there as well. Raises NotFound (of that record), ArchiveDamaged,
    MorgueError (more than `limit` bytes).
    """
    record = read_record(storage, row["warc_file"], row["warc_offset"], row["warc_length"])
    block, head = record.block, parse_head(split_response(record.block)[0])
    if record.fields.get("WARC-Type") == "revisit":
        block = _original_block(db, storage, repeated_record(record.fields), row["warc_record_id"])
        if head is None or head.status == 304:
            head = parse_head(split_response(block)[0])
    if head is None:
        raise ArchiveDamaged(row["warc_record_id"], "holds no HTTP response", AS_IT_IS)
    try:
        return ReplayedResponse(head, content_decoded(head.fields, entity_body(block), limit))
    except DecodingRefused as error:
        raise MorgueError(row["warc_record_id"], str(error), AS_IT_IS) from error


def stored_head(storage: WarcStorage, row: Mapping[str, Any]) -> MessageHead:
    """Return the head of a capture's own answer, also of a revisit. Raises NotFound, ArchiveDamaged."""
    record = read_record(storage, row["warc_file"], row["warc_offset"], row["warc_length"])
    head = parse_head(split_response(record.block)[0])
    if head is None:
        raise ArchiveDamaged(row["warc_record_id"], "holds no HTTP response", AS_IT_IS)
    return head


def _original_block(db: sqlite3.Connection, storage: WarcStorage, record_id: str | None, revisit: str) -> bytes:
    """Return the block of the response that a revisit repeats, also through further revisits."""
    for _ in range(MAX_REVISITS):
        location = location_of(db, record_id)
        if location is None:
            break
        record = read_record(storage, location.file, location.offset, location.length)
        if record.fields.get("WARC-Type") != "revisit":
            return record.block
        record_id = repeated_record(record.fields)
    named = f": {record_id} is not in this archive" if record_id else ", and the record does not name it"
    cure = f"`morgue import` of the file that holds the original brings it here. {AS_IT_IS}"
    raise NotFound(revisit, f"is a revisit whose original is not here{named}", cure)
