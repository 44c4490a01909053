"""Replay a capture: read the answer from the WARC files, through the revisit if it was one."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any, NamedTuple

from pipelines.core.errors import ArchiveDamaged, MorgueError, NotFound
from pipelines.database.captures import location_of
from pipelines.warc.content_codings import DecodingRefused, content_decoded
from pipelines.warc.http_message import MessageHead, entity_body, parse_head, split_response
from pipelines.warc.reader import read_record
from pipelines.warc.storage import WarcStorage

MAX_DECODED_BYTES = 256 << 20  # bytes of a page once decoded; more is a decompression bomb


class ReplayedResponse(NamedTuple):
    """Hold a response in the form that a reader of pages needs."""

    head: MessageHead
    body: bytes  # without transfer coding and content coding

    @property
    def content_type(self) -> str | None:
        """Return the Content-Type header as sent (latin-1)."""
        return (self.head.first(b"content-type") or b"").decode("latin-1") or None


def replay(
    db: sqlite3.Connection, storage: WarcStorage, row: Mapping[str, Any], limit: int = MAX_DECODED_BYTES
) -> ReplayedResponse:
    """Return the answer of a capture.

    `row` has the keys of `queries.PROVENANCE_COLUMNS`, `storage` the WARC files of the archive.

    The body of a revisit (WARC 1.1 section 6.7) is that of the record it refers to. For a 304 the head is from there as
    well, since its own does not describe the page. Raises NotFound, ArchiveDamaged, MorgueError (more than `limit`
    bytes).
    """
    record = read_record(storage, row["warc_file"], row["warc_offset"], row["warc_length"])
    block, head = record.block, parse_head(split_response(record.block)[0])
    if head is not None and record.fields.get("WARC-Type") == "revisit":
        block = _original_block(db, storage, record.fields.get("WARC-Refers-To"), row["warc_record_id"])
        head = parse_head(split_response(block)[0]) if head.status == 304 else head
    if head is None:
        cure = "`morgue show --format warc` gives the record as it is"
        raise ArchiveDamaged(row["warc_record_id"], "holds no HTTP response", cure)
    try:
        return ReplayedResponse(head, content_decoded(head.fields, entity_body(block), limit))
    except DecodingRefused as error:
        cure = "`morgue show --format warc` gives the record as it is"
        raise MorgueError(row["warc_record_id"], str(error), cure) from error


def _original_block(db: sqlite3.Connection, storage: WarcStorage, record_id: str | None, revisit: str) -> bytes:
    location = location_of(db, record_id)
    if location is None:
        cure = "`morgue import` of the file that holds it brings it here"
        raise NotFound(revisit, f"refers to {record_id}, which is not in this archive", cure)
    return read_record(storage, location.file, location.offset, location.length).block
