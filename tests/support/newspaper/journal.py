"""Record every exchange of the paper, byte for byte: tests compare archives with it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Lock


@dataclass(frozen=True)
class Entry:
    """Hold one exchange as the server saw it."""

    time: float  # start, Unix seconds
    method: str
    target: str  # path and query as asked
    request: bytes  # the request's head as received, empty line included
    status: int  # 0 when the server closed without a status line
    response: bytes  # head and body as handed to the socket, transfer coding included
    connection: int  # counts from 1, one number a TCP connection
    end: float | None  # Unix seconds; None while it is still being sent


class Draft:
    """Hold an exchange that is still under way; only the server writes it."""

    def __init__(self, lock: Lock, method: str, target: str, request: bytes, connection: int) -> None:
        self._lock = lock
        self._sent = bytearray()
        self._facts = (time.time(), method, target, request, connection)
        self._end: float | None = None

    def add(self, data: bytes) -> None:
        """Note bytes before they are sent, so that no client knows more than the journal."""
        with self._lock:
            self._sent += data

    def lose(self, count: int) -> None:
        """Take back the last `count` bytes, which were never sent: the client had vanished."""
        with self._lock:
            del self._sent[len(self._sent) - count :]

    def close(self) -> None:
        """End the exchange."""
        with self._lock:
            self._end = time.time()

    def entry(self) -> Entry:
        """Return a frozen copy; the caller holds the lock."""
        start, method, target, request, connection = self._facts
        first = bytes(self._sent[:64]).split(b"\r\n")[0].split()
        status = int(first[1]) if len(first) > 1 and first[1].isdigit() else 0
        return Entry(start, method, target, request, status, bytes(self._sent), connection, self._end)


class Journal(Sequence[Entry]):
    """Hold every exchange in the order of the requests. It is safe to read while the server writes."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._drafts: list[Draft] = []

    def open(self, method: str, target: str, request: bytes, connection: int) -> Draft:
        """Begin an entry."""
        draft = Draft(self._lock, method, target, request, connection)
        with self._lock:
            self._drafts.append(draft)
        return draft

    def clear(self) -> None:
        """Forget everything so far."""
        with self._lock:
            self._drafts.clear()

    def for_target(self, target: str) -> list[Entry]:
        """Return the entries of one path-and-query."""
        return [entry for entry in self if entry.target == target]

    def targets(self) -> list[str]:
        """Return the targets that were requested, in order."""
        return [entry.target for entry in self]

    def __len__(self) -> int:
        with self._lock:
            return len(self._drafts)

    def __getitem__(self, index):
        with self._lock:
            found = self._drafts[index]
            return [draft.entry() for draft in found] if isinstance(found, list) else found.entry()

    def __iter__(self) -> Iterator[Entry]:
        return iter(self[:])
