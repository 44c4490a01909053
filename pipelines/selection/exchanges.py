"""Find the records of whole exchanges around their captures: response, request, metadata, revisit.

The row of a capture knows one record of its exchange. The other records are its neighbours, and are joined to it by
WARC-Concurrent-To (WARC 1.1 section 5.7). Each record is inflated once to check it, and is never held in memory whole.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import BinaryIO, NamedTuple

from pipelines.core.errors import ArchiveDamaged, BucketFailing, MorgueError, os_errors
from pipelines.database.connection import Row
from pipelines.warc.reader import INFLATE_STEP_BYTES, TORN, WARCINFO_FIELDS
from pipelines.warc.record import WarcFields, parse_fields, warcinfo_offset
from pipelines.warc.storage import WarcStorage, is_unfinished

MAX_INFLATED_BYTES = 1 << 18  # in one step: a few bytes may inflate to a thousand times as many
MAX_HEAD_BYTES = 1 << 20  # of the named fields of a record
COPY_CHUNK_BYTES = 1 << 20
BLANK_LINE = b"\r\n\r\n"
CONCURRENT_TO = "WARC-Concurrent-To"

OnDamage = Callable[[MorgueError, Iterable[Row]], object]  # what is wrong, and the captures left out because of it


class RecordHead(NamedTuple):
    """Hold a record without its block."""

    offset: int  # of its gzip member
    length: int  # bytes of that member
    fields: WarcFields


@dataclass(frozen=True, slots=True)
class StoredExchange:
    """Hold one exchange as it is stored in its file."""

    capture: Row  # as `CaptureSelection.captures` gives it
    file: OpenWarcFile
    main: RecordHead  # the record that the capture's row points to
    records: list[RecordHead]  # all of the exchange in the order of the file, `main` among them


class OpenWarcFile:
    """Read heads of records, and their bytes, from a WARC file. Raises NotFound if there is no such file."""

    def __init__(self, storage: WarcStorage, name: str) -> None:
        self.name, self._location = name, storage.location(name)
        self._file: BinaryIO = storage.open(name)
        self.growing = is_unfinished(self._file)  # a crawl is writing to it
        self._size = self._file.seek(0, os.SEEK_END)
        self._warcinfos: dict[int, RecordHead] = {}  # by offset

    def close(self) -> None:
        self._file.close()

    def head(self, offset: int) -> RecordHead:
        """Return the record whose gzip member begins at `offset`, after checking CRC-32 and Content-Length.

        Raises ArchiveDamaged.
        """
        try:
            with os_errors(self._location):
                return self._inflate_head(offset)
        except (zlib.error, ValueError) as error:
            raise ArchiveDamaged(f"{self.name} at byte {offset}", str(error), "see `morgue verify`") from error

    def warcinfo(self, of: RecordHead) -> RecordHead | None:
        """Return the file's own warcinfo record (WARC 1.1 section 6.1) of the run that wrote a record.

        That is the file's first record if the record names none. None if it cannot be read.
        """
        try:
            found = self._warcinfo_at(0)
            first_id = found.fields.get("WARC-Record-ID") or ""
            for named in filter(None, map(of.fields.get, WARCINFO_FIELDS)):
                if at := warcinfo_offset(first_id, named):
                    found = self._warcinfo_at(at)
        except ArchiveDamaged:
            return None
        return found if found.fields.get("WARC-Type") == "warcinfo" else None

    def _warcinfo_at(self, offset: int) -> RecordHead:
        if offset not in self._warcinfos:
            self._warcinfos[offset] = self.head(offset)
        return self._warcinfos[offset]

    def heads(self, start: int, stop: int | None) -> Iterator[RecordHead]:
        """Yield the records between two offsets (`stop` None: the end of the file). Raises ArchiveDamaged."""
        stop = self._size if stop is None else stop
        while start < stop:
            yield (found := self.head(start))
            start += found.length

    def raw(self, head: RecordHead) -> Iterator[bytes]:
        """Yield the bytes of a record's gzip member. Raises MorgueError."""
        rest = head.length
        with os_errors(self._location):
            self._file.seek(head.offset)
            while rest and (data := self._file.read(min(rest, COPY_CHUNK_BYTES))):
                rest -= len(data)
                yield data

    def _inflate_head(self, offset: int) -> RecordHead:
        self._file.seek(offset)
        stream = zlib.decompressobj(zlib.MAX_WBITS + 16)
        head, end, inflated, read = bytearray(), -1, 0, 0
        while not stream.eof:
            data = stream.unconsumed_tail
            if not data:
                data = self._file.read(INFLATE_STEP_BYTES)
                if not data:
                    raise ValueError(TORN)
                read += len(data)
            out = stream.decompress(data, MAX_INFLATED_BYTES)
            inflated += len(out)
            if end < 0:
                head += out
                end = head.find(BLANK_LINE)
                if end < 0 and len(head) > MAX_HEAD_BYTES:
                    break
                if end >= 0:
                    del head[end:]
        if end < 0 or not head.startswith(b"WARC/1."):
            raise ValueError("not a WARC record")
        fields = parse_fields(bytes(head))
        length = fields.get("Content-Length") or ""
        if not length.isdigit() or inflated != end + len(BLANK_LINE) + int(length) + len(BLANK_LINE):
            raise ValueError("a WARC record that does not end where it says")
        return RecordHead(offset, read - len(stream.unused_data), fields)


def exchanges(storage: WarcStorage, captures: Iterable[Row], on_damage: OnDamage) -> Iterator[StoredExchange]:
    """Yield the exchanges of captures, which come as `CaptureSelection.captures` gives them: by file, by offset.

    Damage is passed to `on_damage` and costs only its own exchange. A missing file costs all of its exchanges; then
    `on_damage` must consume its captures. Raises BucketFailing: the next file would fail, too.
    """
    for name, of_file in groupby(captures, key=lambda capture: str(capture["file"])):
        try:
            file = OpenWarcFile(storage, name)
        except BucketFailing:
            raise
        except MorgueError as error:
            on_damage(error, of_file)
            continue
        try:
            yield from _exchanges_of_file(file, of_file, on_damage)
        finally:
            file.close()


def _exchanges_of_file(file: OpenWarcFile, captures: Iterable[Row], on_damage: OnDamage) -> Iterator[StoredExchange]:
    ahead: list[RecordHead] = []  # records read after the last exchange; they may belong to the next one
    for capture in captures:
        try:
            main = file.head(capture["offset"])
            if main.fields.get("WARC-Record-ID") != capture["record_id"]:
                where = f"{file.name} at byte {main.offset}"
                raise ArchiveDamaged(where, "holds another record than the database says", "see `morgue verify`")
        except BucketFailing:
            raise
        except MorgueError as error:
            on_damage(error, [capture])
            continue
        start = capture["previous_end"] or 0
        known = [head for head in ahead if start <= head.offset < main.offset]
        read_from = known[-1].offset + known[-1].length if known else start
        before = _until_damage(file.heads(read_from, main.offset), on_damage)
        records = [head for head in (*known, *before) if _are_concurrent(head, main)] + [main]
        ahead = []
        after = file.heads(main.offset + main.length, capture["next_offset"])
        for head in _until_damage(after, on_damage, quiet=file.growing):
            ahead.append(head)
            if not _are_concurrent(head, main):
                break
            records.append(head)
        yield StoredExchange(capture, file, main, records)


def _until_damage(heads: Iterator[RecordHead], on_damage: OnDamage, *, quiet: bool = False) -> Iterator[RecordHead]:
    """Yield the records before the first damaged one. `quiet`: do not report it; it may still be being written."""
    try:
        yield from heads
    except BucketFailing:
        raise
    except MorgueError as error:
        if not quiet:
            on_damage(error, [])


def _are_concurrent(one: RecordHead, other: RecordHead) -> bool:
    """Return True if two records belong to one exchange (WARC 1.1 section 5.7)."""
    return one.fields.get("WARC-Record-ID") in other.fields.all(CONCURRENT_TO) or (
        other.fields.get("WARC-Record-ID") in one.fields.all(CONCURRENT_TO)
    )
