"""One WARC file of many exchanges: a warcinfo record that says what it is, then their records byte for byte.

Before the first exchange of each file of the archive stands that file's own warcinfo record: it says how the records
behind it were made, and they name it (WARC 1.1 sections 5.3 and 6.1).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import Any, BinaryIO

from exports import About
from pipelines.core.errors import MorgueError
from pipelines.database.connection import Row
from pipelines.selection.captures import CaptureSelection
from pipelines.selection.exchanges import exchanges
from pipelines.warc.cdxj import REVISIT_MIME, CdxjEntry
from pipelines.warc.record import WarcFields, WarcRecord, digest, gzip_member, warc_fields
from pipelines.warc.writer import CONFORMS_TO, FORMAT

NOT_MODIFIED = 304  # RFC 9110 section 15.4.5
TOLD = 1000  # damages that are kept word for word; more are only counted


class WarcOutput:
    """A WARC file that grows on `out`, and what there is to say of it afterwards."""

    def __init__(self, out: BinaryIO, name: str) -> None:
        """`name`: the file's own, for its warcinfo record and its index."""
        self.name = name
        self.size = 0  # bytes written
        self.captures = 0  # exchanges written
        self.records = 0  # records written, warcinfo included
        self.lost = 0  # exchanges left out, because their records cannot be read
        self.damages: list[str] = []  # why, for people
        self._out = out

    def write(self, selection: CaptureSelection, about: About) -> Iterator[CdxjEntry | None]:
        """Write everything; of each exchange in turn its entry in an index, None if it has none.

        Raises DiskFull and its kin for `out`; what is damaged in the archive is noted in `damages` instead.
        """
        self._put(gzip_member(_warcinfo(self.name, about)))
        self.records += 1
        source = None
        for kept in exchanges(selection.warc, selection.captures(), partial(self._note, selection)):
            if kept.file is not source:
                source = kept.file
                if info := source.warcinfo():
                    for data in source.raw(info):
                        self._put(data)
                    self.records += 1
            place = None
            for head in kept.records:
                if head is kept.main:
                    place = self.size
                for data in kept.file.raw(head):
                    self._put(data)
                self.records += 1
            assert place is not None
            self.captures += 1
            yield entry(kept.capture | {"file": self.name, "offset": place, "length": kept.main.length})

    def counts(self, selection: CaptureSelection) -> dict[str, Any]:
        """What the manifest says of it."""
        return {
            "captures": self.captures, "records": self.records, "added_for_revisits": selection.added,
            "revisits_without_response": selection.bodiless, "left_out_damaged": self.lost,
            "damages": list(dict.fromkeys([*selection.damages, *self.damages])),
        }  # fmt: skip

    def _put(self, data: bytes) -> None:
        self._out.write(data)
        self.size += len(data)

    def _note(self, selection: CaptureSelection, error: MorgueError, captures: Iterable[Row]) -> None:
        for capture in captures:
            selection.lose(capture)
            self.lost += 1
        if len(self.damages) < TOLD:
            self.damages.append(f"{error.subject}: {error.cause}")


def entry(capture: Row) -> CdxjEntry | None:
    """What an index says of a row of `CaptureSelection.captures`; None if there is nothing to replay.

    That is an exchange that failed, and a visit that was answered by 304: a reader that is asked for that moment would
    show the empty answer, and without the line it shows the page that still stood there.
    """
    if capture["record_type"] == "metadata" or capture["status"] == NOT_MODIFIED:
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


def asked_for(about: About) -> list[tuple[str, str]]:
    """The filters that were set, by name, each on one line."""
    asked = {"query": about["query"]} | about["filters"]
    texts = {name: " ".join(value) if isinstance(value, list) else value for name, value in asked.items() if value}
    return [(name, _line(str(text))) for name, text in texts.items()]


def _line(text: str) -> str:
    """Text on one line, and in UTF-8 whatever a file name held."""
    return " ".join(text.encode(errors="replace").decode().split())


def _warcinfo(name: str, about: About) -> WarcRecord:
    asked = ", ".join(f"{name} {value}" for name, value in asked_for(about))
    block = warc_fields(
        [
            ("software", about["software"]),
            ("isPartOf", _line(about["archive"])),
            ("description", f"captures exported from an archive: {asked or 'everything'}"),
            ("format", FORMAT),
            ("conformsTo", CONFORMS_TO),
        ]
    )
    # The same export at the same moment is the same record.
    identity = uuid.uuid5(uuid.NAMESPACE_URL, f"{name} {about['created']} {digest(block)}")
    fields = (
        ("WARC-Type", "warcinfo"),
        ("WARC-Record-ID", f"<urn:uuid:{identity}>"),
        ("WARC-Date", about["created"]),
        ("WARC-Filename", _line(name)),
        ("Content-Type", "application/warc-fields"),
        ("WARC-Block-Digest", digest(block)),
    )
    return WarcRecord(WarcFields(fields), block)
