"""Write exchanges into one WARC file: a warcinfo record that describes it, then their records byte for byte.

The first exchange of each run in a file of the archive is preceded by the warcinfo record that the run wrote into the
file, which says how the records were made. They refer to it by its id (WARC 1.1 sections 5.3 and 6.1).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import Any, BinaryIO

from exports import ExportInfo
from pipelines.core.errors import MorgueError
from pipelines.database.connection import Row
from pipelines.selection.captures import CaptureSelection
from pipelines.selection.exchanges import StoredExchange, exchanges
from pipelines.selection.fleet_captures import AnyCaptures
from pipelines.warc.cdxj import REVISIT_MIME, CdxjEntry
from pipelines.warc.record import WarcFields, WarcRecord, digest, gzip_member, warc_fields
from pipelines.warc.writer import CONFORMS_TO, FORMAT

NOT_MODIFIED = 304  # RFC 9110 section 15.4.5
MAX_DAMAGES_NAMED = 1000  # damages whose text is kept; further ones are only counted


class WarcOutput:
    """Write a WARC file to `out`, and count what was written for the manifest."""

    def __init__(self, out: BinaryIO, name: str) -> None:
        """`name` is the name of the file, for its warcinfo record and its index."""
        self.name = name
        self.size = 0  # bytes written
        self.captures = 0  # exchanges written
        self.records = 0  # records written, warcinfo included
        self.unreadable = 0  # exchanges left out, because their records cannot be read
        self.damages: list[str] = []  # the reasons, for people
        self._out = out

    def write(self, selection: AnyCaptures, about: ExportInfo) -> Iterator[CdxjEntry | None]:
        """Write everything, and yield the index entry of each exchange, or None if it gets none.

        Raises DiskFull and other MorgueErrors for `out`. Damage in the archive raises nothing: `damages` lists it.
        """
        self._put(gzip_member(_warcinfo(self.name, about)))
        self.records += 1
        for part in selection.parts:
            written: set[tuple[str, int]] = set()  # warcinfo records: file and offset
            for exchange in exchanges(part.warc, part.captures(), partial(self._note_damage, part)):
                yield self._write(exchange, written)

    def _write(self, exchange: StoredExchange, written: set[tuple[str, int]]) -> CdxjEntry | None:
        """Write one exchange, and before it the warcinfo record of its run if that is not `written` yet."""
        info = exchange.file.warcinfo(exchange.main)
        if info is not None and (exchange.file.name, info.offset) not in written:
            written.add((exchange.file.name, info.offset))
            for data in exchange.file.raw(info):
                self._put(data)
            self.records += 1
        offset = None
        for head in exchange.records:
            if head is exchange.main:
                offset = self.size
            for data in exchange.file.raw(head):
                self._put(data)
            self.records += 1
        assert offset is not None
        self.captures += 1
        return index_entry(exchange.capture | {"file": self.name, "offset": offset, "length": exchange.main.length})

    def counts(self, selection: AnyCaptures) -> dict[str, Any]:
        """Return the fields for the manifest."""
        return {
            "captures": self.captures, "records": self.records, "added_for_revisits": selection.added,
            "revisits_without_response": selection.bodiless, "left_out_damaged": self.unreadable,
            "damages": list(dict.fromkeys([*selection.damages, *self.damages])),
        }  # fmt: skip

    def _put(self, data: bytes) -> None:
        self._out.write(data)
        self.size += len(data)

    def _note_damage(self, selection: CaptureSelection, error: MorgueError, captures: Iterable[Row]) -> None:
        for capture in captures:
            selection.drop(capture)
            self.unreadable += 1
        if len(self.damages) < MAX_DAMAGES_NAMED:
            self.damages.append(f"{error.subject}: {error.cause}")


def index_entry(capture: Row) -> CdxjEntry | None:
    """Return the index entry of a row of `CaptureSelection.captures`; None if there is nothing to replay.

    Failed exchanges and 304 answers have nothing to replay. With a line for a 304, a replay tool would show the empty
    answer for that moment; without it, the tool shows the page that was still current. The same holds for a revisit
    without an answer and without a payload digest: it says only that the server named the page unchanged.
    """
    if capture["record_type"] == "metadata" or capture["status"] == NOT_MODIFIED:
        return None
    if capture["status"] is None and capture["digest"] is None:
        return None
    return CdxjEntry(
        url=capture["url"],
        time=datetime.fromisoformat(capture["time"]),
        mime=REVISIT_MIME if capture["record_type"] == "revisit" else capture["mime"],
        status=capture["status"],
        digest=capture["digest"],
        length=capture["length"],
        offset=capture["offset"],
        filename=capture["file"],
    )


def filters_used(about: ExportInfo) -> list[tuple[str, str]]:
    """Return the filters that were set as (name, value), each value on one line."""
    filters = {"query": about["query"]} | about["filters"]
    texts = {name: " ".join(value) if isinstance(value, list) else value for name, value in filters.items() if value}
    return [(name, _one_line(str(text))) for name, text in texts.items()]


def _one_line(text: str) -> str:
    """Return text on one line and in valid UTF-8, which a file name need not be."""
    return " ".join(text.encode(errors="replace").decode().split())


def _warcinfo(name: str, about: ExportInfo) -> WarcRecord:
    filters = ", ".join(f"{name} {value}" for name, value in filters_used(about))
    block = warc_fields(
        [
            ("software", about["software"]),
            ("isPartOf", _one_line(about["archive"])),
            ("description", f"captures exported from an archive: {filters or 'everything'}"),
            ("format", FORMAT),
            ("conformsTo", CONFORMS_TO),
        ]
    )
    # A repeated export at the same time gets the same record id.
    identity = uuid.uuid5(uuid.NAMESPACE_URL, f"{name} {about['created']} {digest(block)}")
    fields = (
        ("WARC-Type", "warcinfo"),
        ("WARC-Record-ID", f"<urn:uuid:{identity}>"),
        ("WARC-Date", about["created"]),
        ("WARC-Filename", _one_line(name)),
        ("Content-Type", "application/warc-fields"),
        ("WARC-Block-Digest", digest(block)),
    )
    return WarcRecord(WarcFields(fields), block)
