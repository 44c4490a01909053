"""Join ranges of bytes that lie close together, so that one request serves them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

Range = tuple[int, int]  # offset of the first byte, number of bytes
MAX_GAP_BYTES = 256 << 10
MAX_JOINED_BYTES = 8 << 20


class JoinedRange(NamedTuple):
    """Hold one request: its place, and the numbers of the ranges that it serves."""

    start: int
    length: int
    members: list[int]


def merged(wanted: Sequence[Range], max_gap: int = MAX_GAP_BYTES) -> list[JoinedRange]:
    """Return few requests that cover all ranges, in order of their places.

    `max_gap`: bytes between two ranges that are read for nothing rather than ask twice.
    """
    joined: list[JoinedRange] = []
    for number, (start, length) in sorted(enumerate(wanted), key=lambda item: item[1]):
        last = joined[-1] if joined else None
        if last is not None and start - (last.start + last.length) <= max_gap:
            end = max(last.start + last.length, start + length)
            if end - last.start <= MAX_JOINED_BYTES:
                joined[-1] = JoinedRange(last.start, end - last.start, [*last.members, number])
                continue
        joined.append(JoinedRange(start, length, [number]))
    return joined
