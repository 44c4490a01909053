"""Read an object like a file: at any place by a small range, from end to end in pieces of some MB."""

from __future__ import annotations

import os
from io import RawIOBase

from pipelines.bucket.object_store import PIECE_BYTES, ObjectInfo, ObjectStore

KEPT_WINDOWS = 2
FIRST_BYTES = 64 << 10  # asked for at least, after a jump; one record with its neighbours


class BucketFile(RawIOBase):
    """Read one version of an object. Raises MorgueError where a file raises OSError: see `ObjectStore`."""

    def __init__(self, store: ObjectStore, info: ObjectInfo) -> None:
        super().__init__()
        self.name = info.key.rpartition("/")[2]
        self._store, self._info = store, info
        self._at = 0
        # What was read last, and before that: a reader may look back at the head of the record that it has just read.
        self._windows: list[tuple[int, bytes]] = []
        self._ahead = FIRST_BYTES

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._info.size}[whence]
        if base + offset < 0:
            raise OSError(22, os.strerror(22))  # EINVAL, as a file does
        self._at = base + offset
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """Return `size` bytes, fewer only at the end of the object."""
        rest = max(0, self._info.size - self._at)
        wanted = rest if size is None or size < 0 else min(size, rest)
        parts: list[bytes] = []
        while wanted > 0:
            start, window = self._window_here() or self._fetch(wanted)
            part = window[self._at - start : self._at - start + wanted]
            parts.append(part)
            self._at += len(part)
            wanted -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def readall(self) -> bytes:
        return self.read()

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _window_here(self) -> tuple[int, bytes] | None:
        """Return the window that has the next byte, and where it begins; None if it has to be fetched."""
        return next((one for one in self._windows if one[0] <= self._at < one[0] + len(one[1])), None)

    def _fetch(self, wanted: int) -> tuple[int, bytes]:
        """Read the bytes from here on; more at once each time that they follow on those read before."""
        follows = any(self._at == start + len(window) for start, window in self._windows)
        self._ahead = min(PIECE_BYTES, self._ahead * 4) if follows else FIRST_BYTES
        length = min(max(min(wanted, PIECE_BYTES), self._ahead), self._info.size - self._at)
        found = self._at, self._store.read(self._info.key, self._at, length, self._info.etag)
        self._windows = [found, *self._windows[: KEPT_WINDOWS - 1]]
        return found
