"""Read chosen ranges of a file of a lake, one after another, as one stream of records.

The ranges are whole records. A WARC file is a sequence of records, so the stream is one, too; `place` says where in the
file a byte of the stream lies.
"""

from __future__ import annotations

import io
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, BinaryIO, cast

from pipelines.bucket.object_store import ObjectInfo, ObjectStore
from pipelines.bucket.ranges import Range, merged
from pipelines.importing.containers import OnZipDamage, RecordStream
from pipelines.importing.foreign_records import MAX_BLOCK_BYTES

# Between two ranges, bytes that are read for nothing rather than ask twice: a request record, which no index lists.
MAX_GAP_BYTES = 4096
MAX_BATCH_BYTES, MAX_BATCH_RANGES = 16 << 20, 256  # read at once


class FileRanges:
    """Read ranges of one version of a file, and count the bytes that were moved for that. Raises MorgueError."""

    def __init__(self, size: int, source: BinaryIO | tuple[ObjectStore, ObjectInfo], state: str = "") -> None:
        """`source`: an open file that can be rewound, or an object. `state`: what names this version of it."""
        self.size, self.state, self.moved, self._source = size, state, 0, source

    def pieces(self, places: Iterable[Range]) -> Iterator[tuple[int, bytes]]:
        """Yield (offset, bytes) of each range, in their order. Fewer bytes come only at the end of the file."""
        for batch in batches(places):
            if isinstance(self._source, tuple):
                store, info = self._source
                whole = [(start, max(0, min(length, info.size - start))) for start, length in batch]
                self.moved += sum(one.length for one in merged(whole, MAX_GAP_BYTES))
                data: Iterable[bytes] = store.read_ranges(info.key, whole, info.etag, MAX_GAP_BYTES)
            else:
                data = self._read(self._source, batch)
            yield from zip((start for start, _ in batch), data, strict=True)

    def _read(self, file: BinaryIO, batch: Sequence[Range]) -> Iterator[bytes]:
        for start, length in batch:
            file.seek(start)
            data = file.read(length)
            self.moved += len(data)
            yield data


def batches(places: Iterable[Range]) -> Iterator[list[Range]]:
    """Yield ranges in lists that are small enough to be in memory; one that is larger has a list to itself."""
    batch: list[Range] = []
    size = 0
    for place in places:
        if batch and (size + place[1] > MAX_BATCH_BYTES or len(batch) == MAX_BATCH_RANGES):
            yield batch
            batch, size = [], 0
        batch.append(place)
        size += place[1]
    if batch:
        yield batch


class Excerpt(io.RawIOBase):
    """Read pieces of a file as one stream, forward only."""

    def __init__(self, pieces: Iterator[tuple[int, bytes]]) -> None:
        """`pieces`: (offset in the file, bytes)."""
        self._pieces, self._left, self._end = pieces, b"", 0
        self._starts, self._places = array("Q"), array("Q")  # where a piece begins: in the stream, in the file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left:
            found = next(self._pieces, None)
            if found is None:
                return 0
            offset, self._left = found
            self._starts.append(self._end)
            self._places.append(offset)
            self._end += len(self._left)
        data, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)

    def place(self, at: int) -> int:
        """Return the offset in the file of a byte of the stream that was read."""
        number = bisect_right(self._starts, at) - 1
        return at if number < 0 else self._places[number] + at - self._starts[number]


def chosen_streams(
    ranges: FileRanges, places: Iterable[Range], name: str, on_damage: OnZipDamage, on_too_large: Callable[[], object]
) -> Iterator[RecordStream]:
    """Yield one stream of the records that lie at these places, each once, in the order of the file."""

    def usable() -> Iterator[Range]:
        for start, length in sorted(set(places)):
            if start + length > ranges.size:
                on_damage("", start, f"the CDXJ index names a record here that ends after the {ranges.size:,} bytes")
            elif length > MAX_BLOCK_BYTES:
                on_too_large()
            else:
                yield start, length

    excerpt = Excerpt(ranges.pieces(usable()))
    yield RecordStream("", cast(BinaryIO, excerpt), ranges.size, name, excerpt.place)
