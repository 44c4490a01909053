"""Undo the content codings of a body: gzip, deflate, br, zstd (RFC 9110 section 8.4).

Bodies come from strangers, so every part is limited: the bytes that a step may give, the codings, the members of a
coding. The work is linear in the bytes that go in and come out, and it is done in short steps, so that a caller on an
event loop can do something else between two of them (`decode_steps`).
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Generator, Iterable
from functools import partial
from io import BytesIO
from typing import Any, Protocol

from pipelines.warc.http_message import list_members

MAX_CODINGS = 5  # codings of one body; curl takes as many, and servers apply one
MAX_MEMBERS = 10_000  # gzip members or zstd frames of one body; block gzip has one per 64 KB
FIRST_INPUT_BYTES = 512  # given to the decoder of a new member: many members are small, and the rest is copied
INPUT_STEP_BYTES = 16_384  # given to a decoder at once; it copies what it does not use of them
OUTPUT_STEP_BYTES = 65_536  # taken from a decoder at once
GZIP_MAGIC = b"\x1f\x8b"  # RFC 1952 section 2.3.1
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"  # RFC 8878 section 3.1.1
ZSTD_SKIPPABLE = b"\x2a\x4d\x18"  # RFC 8878 section 3.1.2: after a byte from 0x50 to 0x5F
ZSTD_WINDOW_LOG = 23  # RFC 9659 section 3: a window of more than 8 MB is not to be accepted

Decoding = Generator[int, None, bytes]  # yields the bytes held so far, after each step; returns the decoded body


class DecodingRefused(ValueError):
    """Report that decoding would break a limit. `reason` names the limit in words that can be counted."""

    reason: str


class DecodedTooLarge(DecodingRefused):
    """Report that decoding would give more bytes than the limit: a decompression bomb, or a very large page."""

    reason = "body too large when decoded"


class TooManyCodingParts(DecodingRefused):
    """Report a body of more codings, or of more members of a coding, than are decoded."""

    def __init__(self, limit: int, parts: str) -> None:
        super().__init__(f"more than {limit} {parts}")
        self.reason = f"too many {parts}"


class DecoderStream(Protocol):
    """Decode one member of a coding. `take` gives at most about OUTPUT_STEP_BYTES."""

    @property
    def error(self) -> type[Exception]:
        """Return what `take` raises for damaged data."""

    def take(self, data: bytes | memoryview) -> bytes:
        """Return what comes of `data`, or of earlier data if `has_more` (then `data` must be empty)."""

    @property
    def has_more(self) -> bool:
        """Return True if earlier data give more bytes."""

    @property
    def eof(self) -> bool:
        """Return True once the member has ended."""

    @property
    def unused(self) -> int:
        """Return how many of the bytes last given come after the member."""


def content_decoded(headers: Iterable[tuple[bytes, bytes]], body: bytes, limit: int) -> bytes:
    """Return `body` (an entity body) with its content codings undone; see `decode_steps`."""
    steps = decode_steps(headers, body, limit)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            decoded: bytes = done.value
            return decoded


def decode_steps(headers: Iterable[tuple[bytes, bytes]], body: bytes, limit: int) -> Decoding:
    """Decode `body` (an entity body) step by step; return it with its content codings undone.

    `limit` is the most bytes that any coding may give; DecodedTooLarge is raised before more are made, and
    TooManyCodingParts for too many codings or members. The body stays as it is if we do not know the coding, or if the
    server declares one that it did not apply. If the coded data are damaged, return what could be read up to the
    damage.
    """
    declared = list_members(value for name, value in headers if name.lower() == b"content-encoding")
    codings = [coding for coding in declared if coding != b"identity"]
    if len(codings) > MAX_CODINGS:
        raise TooManyCodingParts(MAX_CODINGS, "content codings")
    for coding in reversed(codings):
        decode = DECODERS.get(coding)
        if decode is None:
            break
        body = yield from decode(body, limit)
    return body


def _members(
    body: bytes, limit: int, start: Callable[[], DecoderStream], begins: Callable[[memoryview], bool], parts: str
) -> Decoding:
    """Decode the members of a body one after the other, up to the first bytes that do not begin one."""
    out, view, at, members = BytesIO(), memoryview(body), 0, 0
    while at < len(view) and begins(view[at : at + 4]):
        members += 1
        if members > MAX_MEMBERS:
            raise TooManyCodingParts(MAX_MEMBERS, parts)
        stream, step = start(), FIRST_INPUT_BYTES
        try:
            while at < len(view) and not stream.eof:
                data: bytes | memoryview = view[at : at + step]
                at, step = at + len(data), min(2 * step, INPUT_STEP_BYTES)
                while data or stream.has_more:
                    out.write(stream.take(data))
                    data = b""
                    if out.tell() > limit:
                        raise DecodedTooLarge(f"more than {limit} bytes when decoded")
                    yield len(view) + out.tell()
        except stream.error:
            break  # damaged
        at -= stream.unused
    return out.getvalue()


class _StandardStream:
    """Give what the streams of zlib and zstd have in common."""

    _stream: Any

    @property
    def eof(self) -> bool:
        return bool(self._stream.eof)

    @property
    def unused(self) -> int:
        return len(self._stream.unused_data)


class _ZlibStream(_StandardStream):
    error = zlib.error

    def __init__(self, window: int) -> None:
        self._stream, self._tail, self._is_full = zlib.decompressobj(window), b"", False

    def take(self, data: bytes | memoryview) -> bytes:
        piece: bytes = self._stream.decompress(data or self._tail, OUTPUT_STEP_BYTES)
        self._tail, self._is_full = self._stream.unconsumed_tail, len(piece) == OUTPUT_STEP_BYTES
        return piece

    @property
    def has_more(self) -> bool:
        return not self._stream.eof and (self._is_full or bool(self._tail))


class _BrotliStream:
    unused = 0  # a body has one brotli stream

    def __init__(self) -> None:
        import brotli  # type: ignore[import-untyped]  # required by Scrapy; loaded only where it is needed

        self._stream, self.error = brotli.Decompressor(), brotli.error

    def take(self, data: bytes | memoryview) -> bytes:
        piece: bytes = self._stream.process(bytes(data), output_buffer_limit=OUTPUT_STEP_BYTES)
        return piece

    @property
    def has_more(self) -> bool:
        return not self._stream.is_finished() and not self._stream.can_accept_more_data()

    @property
    def eof(self) -> bool:
        return bool(self._stream.is_finished())


class _ZstdStream(_StandardStream):
    def __init__(self) -> None:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd  # required by Scrapy there

        window: Any = {zstd.DecompressionParameter.window_log_max: ZSTD_WINDOW_LOG}
        self._stream = zstd.ZstdDecompressor(options=window)
        self.error = zstd.ZstdError

    def take(self, data: bytes | memoryview) -> bytes:
        piece: bytes = self._stream.decompress(data, OUTPUT_STEP_BYTES)
        return piece

    @property
    def has_more(self) -> bool:
        return not self._stream.eof and not self._stream.needs_input


def _gunzip(body: bytes, limit: int) -> Decoding:
    if not _begins_gzip(memoryview(body)):
        return body
    return (yield from _members(body, limit, partial(_ZlibStream, zlib.MAX_WBITS + 16), _begins_gzip, "gzip members"))


def _undeflate(body: bytes, limit: int) -> Decoding:
    # RFC 9110 section 8.4.1.2 says zlib format; some servers send the raw deflate stream.
    for window in (zlib.MAX_WBITS, -zlib.MAX_WBITS):
        decoded = yield from _only_member(body, limit, partial(_ZlibStream, window))
        if decoded:
            return decoded
    return body


def _unbrotli(body: bytes, limit: int) -> Decoding:
    return (yield from _only_member(body, limit, _BrotliStream)) or body


def _unzstd(body: bytes, limit: int) -> Decoding:
    return (yield from _members(body, limit, _ZstdStream, _begins_zstd, "zstd frames")) or body


def _only_member(body: bytes, limit: int, start: Callable[[], DecoderStream]) -> Decoding:
    """Decode a coding that has one member; bytes after it are skipped."""
    begun = False

    def begins(_: memoryview) -> bool:
        nonlocal begun
        begun, first = True, not begun
        return first

    return (yield from _members(body, limit, start, begins, "streams"))


def _begins_gzip(data: memoryview) -> bool:
    return data[:2] == GZIP_MAGIC


def _begins_zstd(data: memoryview) -> bool:
    return data[:4] == ZSTD_MAGIC or (data[1:4] == ZSTD_SKIPPABLE and data[0] & 0xF0 == 0x50)


DECODERS: dict[bytes, Callable[[bytes, int], Decoding]] = {
    b"gzip": _gunzip,
    b"x-gzip": _gunzip,
    b"deflate": _undeflate,
    b"br": _unbrotli,
    b"zstd": _unzstd,
}
