"""The records of whole exchanges, found around their captures: response and request, metadata, revisits.

A capture's row knows one record of its exchange. The others lie beside it, joined to it by WARC-Concurrent-To
(WARC 1.1 section 5.7). Each record is inflated once, so that its checksum is known to be right, and never held whole.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import BinaryIO, NamedTuple

from pipelines.core.errors import ArchiveDamaged, MorgueError, os_errors
from pipelines.database.connection import Row
from pipelines.warc.reader import INFLATE_STEP_BYTES, TORN
from pipelines.warc.record import WarcFields, parse_fields
from pipelines.warc.storage import WarcStorage, is_unfinished

AT_ONCE = 1 << 18  # bytes inflated between two looks: a few bytes may inflate to a thousand times as many
LONGEST_HEAD = 1 << 20  # bytes of a record's named fields
BLANK = b"\r\n\r\n"

OnDamage = Callable[[MorgueError, Iterable[Row]], object]  # what is wrong, the captures that are left out for it


class RecordHead(NamedTuple):
    """A whole record without its block."""

    offset: int  # bytes from the start of the file to its gzip member
    length: int  # bytes of that member
    fields: WarcFields


@dataclass(frozen=True, slots=True)
class StoredExchange:
    """One exchange as it lies in its file."""

    capture: Row  # as `Holdings.captures` gives it
    file: OpenWarcFile
    main: RecordHead  # the record that the capture stands for
    records: list[RecordHead]  # all of the exchange in the order of the file, `main` among them


class OpenWarcFile:
    """A WARC file, opened: heads of its records, and their bytes as they are. Raises NotFound if it is not there."""

    def __init__(self, storage: WarcStorage, name: str) -> None:
        self.name, self._location = name, storage.location(name)
        self._file: BinaryIO = storage.open(name)
        self.growing = is_unfinished(self._file)  # a crawl is writing to it
        self._size = os.fstat(self._file.fileno()).st_size

    def close(self) -> None:
        self._file.close()

    def head(self, offset: int) -> RecordHead:
        """The record whose gzip member begins there; its checksum and Content-Length are right.

        Raises ArchiveDamaged if there is none.
        """
        try:
            with os_errors(self._location):
                return self._inflated(offset)
        except (zlib.error, ValueError) as error:
            raise ArchiveDamaged(f"{self.name} at byte {offset}", str(error), "see `morgue verify`") from error

    def warcinfo(self) -> RecordHead | None:
        """The record that the file begins with, if it says how the records behind it were made (section 6.1)."""
        try:
            first = self.head(0)
        except ArchiveDamaged:
            return None
        return first if first.fields.get("WARC-Type") == "warcinfo" else None

    def heads(self, start: int, stop: int | None) -> Iterator[RecordHead]:
        """The records from one place up to another (None: the end of the file). Raises ArchiveDamaged."""
        stop = self._size if stop is None else stop
        while start < stop:
            yield (found := self.head(start))
            start += found.length

    def raw(self, head: RecordHead) -> Iterator[bytes]:
        """The bytes of a record's gzip member. Raises MorgueError."""
        rest = head.length
        with os_errors(self._location):
            self._file.seek(head.offset)
            while rest and (data := self._file.read(min(rest, 1 << 20))):
                rest -= len(data)
                yield data

    def _inflated(self, offset: int) -> RecordHead:
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
            out = stream.decompress(data, AT_ONCE)
            inflated += len(out)
            if end < 0:
                head += out
                end = head.find(BLANK)
                if end < 0 and len(head) > LONGEST_HEAD:
                    break
                if end >= 0:
                    del head[end:]
        if end < 0 or not head.startswith(b"WARC/1."):
            raise ValueError("no WARC record")
        fields = parse_fields(bytes(head))
        length = fields.get("Content-Length") or ""
        if not length.isdigit() or inflated != end + len(BLANK) + int(length) + len(BLANK):
            raise ValueError("a WARC record that does not end where it says")
        return RecordHead(offset, read - len(stream.unused_data), fields)


def exchanges(storage: WarcStorage, captures: Iterable[Row], on_damage: OnDamage) -> Iterator[StoredExchange]:
    """The exchanges of captures, which come as `Holdings.captures` gives them: by file, by offset.

    What cannot be read is told to `on_damage`, and costs only its own exchange (a missing file: all of its exchanges,
    which `on_damage` has to go through).
    """
    for name, of_file in groupby(captures, key=lambda capture: str(capture["file"])):
        try:
            file = OpenWarcFile(storage, name)
        except MorgueError as error:
            on_damage(error, of_file)
            continue
        try:
            yield from _of_file(file, of_file, on_damage)
        finally:
            file.close()


def _of_file(file: OpenWarcFile, captures: Iterable[Row], on_damage: OnDamage) -> Iterator[StoredExchange]:
    ahead: list[RecordHead] = []  # records looked at behind the last exchange: they may belong to the next
    for capture in captures:
        try:
            main = file.head(capture["offset"])
            if main.fields.get("WARC-Record-ID") != capture["record_id"]:
                where = f"{file.name} at byte {main.offset}"
                raise ArchiveDamaged(where, "holds another record than the database says", "see `morgue verify`")
        except MorgueError as error:
            on_damage(error, [capture])
            continue
        start = capture["behind"] or 0
        known = [head for head in ahead if start <= head.offset < main.offset]
        before = _whole(file.heads(known[-1].offset + known[-1].length if known else start, main.offset), on_damage)
        records = [head for head in (*known, *before) if _joined(head, main)] + [main]
        ahead = []
        for head in _whole(file.heads(main.offset + main.length, capture["next"]), on_damage, quiet=file.growing):
            ahead.append(head)
            if not _joined(head, main):
                break
            records.append(head)
        yield StoredExchange(capture, file, main, records)


def _whole(heads: Iterator[RecordHead], on_damage: OnDamage, *, quiet: bool = False) -> Iterator[RecordHead]:
    """The records up to the first that is damaged. `quiet`: what is being written need not be whole yet."""
    try:
        yield from heads
    except MorgueError as error:
        if not quiet:
            on_damage(error, [])


def _joined(one: RecordHead, other: RecordHead) -> bool:
    """Whether two records belong to one exchange (section 5.7)."""
    joins = "WARC-Concurrent-To"
    return one.fields.get("WARC-Record-ID") in other.fields.all(joins) or (
        other.fields.get("WARC-Record-ID") in one.fields.all(joins)
    )
