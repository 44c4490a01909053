"""HTTP messages: heads are read leniently, transfer codings are removed, and the work is linear."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from pipelines.warc.http_message import (
    MAX_PARSED_LINES,
    chunk_data,
    dechunked,
    entity_body,
    parse_head,
    split_response,
)


@pytest.mark.parametrize(
    ("raw", "version", "status"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", "1.1", 200),
        (b"HTTP/1.0 404\n\n", "1.0", 404),
        (b"http/1.1  301 Moved\r\n\r\n", "1.1", 301),
        (b"HTTP/2 200 \r\n\r\n", "1.1", 200),
        (b"HTTP/1.1 200 \xff\xfe\r\n\r\n", "1.1", 200),
    ],
)
def test_status_line_of_real_servers_is_read(raw: bytes, version: str, status: int) -> None:
    """What servers send as a status line is accepted."""
    head = parse_head(raw)
    assert head is not None
    assert (head.version, head.status) == (version, status)


@pytest.mark.parametrize(
    "raw", [b"", b"\r\n", b"ICY 200 OK\r\n", b"HTTP/1.1 OK\r\n", b"HTTP/1.1 2000 OK\r\n", b"<html>"]
)
def test_other_first_line_is_not_http(raw: bytes) -> None:
    """Anything else is not HTTP."""
    assert parse_head(raw) is None


def test_malformed_field_does_not_hide_its_neighbours() -> None:
    """Folds, odd spaces, control characters and nameless lines are survived."""
    head = parse_head(
        b"HTTP/1.1 200 OK\r\nA : 1\r\nbad\r\n: x\r\nB: one\r\n\ttwo \r\n \r\nC:\x00d\re\r\na:2\r\nD d: e\r\n\r\n"
    )
    assert head is not None
    assert head.fields == ((b"A", b"1"), (b"B", b"one two"), (b"C", b"d e"), (b"a", b"2"))
    assert head.all(b"a") == [b"1", b"2"]
    assert head.first(b"b") == b"one two"


@pytest.mark.parametrize(
    ("value", "chunked"),
    [(b"chunked", True), (b"gzip, Chunked", True), (b"chunked, gzip", False), (b"identity", False)],
)
def test_last_transfer_coding_decides_about_chunks(value: bytes, chunked: bool) -> None:
    """RFC 9112, section 6.1."""
    head = parse_head(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: " + value + b"\r\n\r\n")
    assert head is not None
    assert head.chunked is chunked


@pytest.mark.parametrize(
    ("stored", "body"),
    [
        (b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
        (b"5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nT: x\r\n\r\n", b"hello!"),
        (b"0005 \r\nhello\r\n00\r\n\r\n", b"hello"),
        (b"5\nhello\n0\n\n", b"hello"),
        (b"5\r\nhel", b"hel"),
        (b"5\r\nhello\r\nff\r\nab", b"helloab"),
        (b"5\r\nhello\r\nzz\r\nab", b"hello"),
        (b"5\r\nhello\r\n", b"hello"),
        (b"ffffffffffffffff\r\nab", b"ab"),
        (b"5", b""),
        (b"", b""),
    ],
)
def test_chunk_framing_is_removed(stored: bytes, body: bytes) -> None:
    """Whole or cut, the data of the chunks that are there is returned; damage ends it."""
    assert dechunked(stored) == body
    assert entity_body(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + stored) == body


def test_unchunked_body_is_left_alone() -> None:
    """Without chunk framing the entity body is what follows the head."""
    assert entity_body(b"HTTP/1.1 200 OK\n\n5\r\nhello\r\n") == b"5\r\nhello\r\n"
    assert split_response(b"HTTP/1.1 200 OK") == (b"HTTP/1.1 200 OK", b"")


@pytest.mark.parametrize(
    ("sizes", "parts"),
    [
        ([1] * 200_000, 4),
        ([1, 2, 3, 15] * 50_000, 17),
        ([2047] * 64, 2),
        ([2048] * 64, 64),
        ([1, 5000, 1, 1, 5000, 1] * 3, 13),
        ([], 0),
    ],
)
def test_small_chunks_are_handed_on_together(sizes: list[int], parts: int) -> None:
    """So the work of a caller is by bytes, whatever the number of chunks; large chunks are views of what was given."""
    data = [bytes([65 + number % 26]) * size for number, size in enumerate(sizes)]
    body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in data) + b"0\r\n\r\n"
    handed_on = list(chunk_data(b"head" + body, 4))
    assert len(handed_on) == parts
    assert b"".join(handed_on) == b"".join(data)


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "make",
    [
        lambda n: parse_head(HEAD + b"a: b\r\n" * n + b"\r\n"),
        lambda n: parse_head(HEAD + b"a: b\r\n" + b" folded\r\n" * n + b"\r\n"),
        lambda n: parse_head(HEAD + b"Set-Cookie: a=b\r\n" * n + b"\r\n"),
        lambda n: dechunked(b"1\r\na\r\n" * n + b"0\r\n\r\n"),
        lambda n: dechunked(b"1;ext=1\r\na\r\n" * n + b"0\r\n\r\n"),
        lambda n: dechunked(b"0001\na\n" * n + b"0\n" + b"Trailer: x\n" * n),
    ],
    ids=["header lines", "folded lines", "cookies", "chunks", "chunk extensions", "trailers"],
)
def test_bytes_copied_by_parser_grow_linearly(make: Callable[[int], object]) -> None:
    """Four times the lines cost about four times the bytes held at any line of the parser."""
    work = [bytes_seen(make, size) for size in (500, 2000)]
    assert work[0] > 0
    assert work[1] < 5 * work[0]


def bytes_seen(call: Callable[[int], object], size: int) -> int:
    """Return the length of new bytes objects that appear in local variables of http_message while `call` runs."""
    total, last = 0, {}

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal total
        if "http_message" not in frame.f_code.co_filename:
            return None
        for name, value in frame.f_locals.items():
            held = len(value) if isinstance(value, bytes) else longest(value)
            if last.get(name) != (id(value), held):
                last[name] = id(value), held
                total += held
        return trace

    sys.settrace(trace)
    try:
        call(size)
    finally:
        sys.settrace(None)
    return total


def longest(value: object) -> int:
    """Return the bytes of the last field in a list of fields."""
    last = value[-1] if isinstance(value, list) and value else b""
    parts = last[1] if isinstance(last, tuple) else last
    return len(parts) if isinstance(parts, bytes) else 0


def test_lines_after_limit_of_stored_head_are_left_out() -> None:
    """A record of millions of lines takes little memory."""
    head = parse_head(HEAD + b"a: b\r\n" * (MAX_PARSED_LINES + 50) + b"\r\n")
    assert head is not None
    assert len(head.fields) == MAX_PARSED_LINES
