"""HTTP messages: heads are read leniently, transfer and content codings are removed, bombs are not inflated."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import brotli
import pytest

from pipelines.warc.http_message import (
    DecodedTooLarge,
    content_decoded,
    dechunked,
    entity_body,
    parse_head,
    split_response,
)

if __import__("sys").version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TEXT = b"The quick brown fox. " * 500
RAW_DEFLATE = zlib.compress(TEXT, wbits=-15)


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
    ("coding", "body"),
    [
        (b"gzip", gzip.compress(TEXT)),
        (b"X-GZip", gzip.compress(TEXT)),
        (b"gzip", gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:])),
        (b"gzip", gzip.compress(TEXT) + b"\0\0padding"),
        (b"deflate", zlib.compress(TEXT)),
        (b"deflate", RAW_DEFLATE),
        (b"br", brotli.compress(TEXT)),
        (b"zstd", zstd.compress(TEXT)),
        (b"gzip, br", brotli.compress(gzip.compress(TEXT))),
        (b"identity", TEXT),
        (b"", TEXT),
        (b"gzip", TEXT),
        (b"br", TEXT),
        (b"zstd", TEXT),
        (b"unheard-of", TEXT),
    ],
    ids=[
        "gzip",
        "x-gzip",
        "two members",
        "padded",
        "deflate",
        "raw deflate",
        "br",
        "zstd",
        "gzip in br",
        "identity",
        "none",
        "gzip that is none",
        "br that is none",
        "zstd that is none",
        "unknown",
    ],
)
def test_content_coding_is_removed(coding: bytes, body: bytes) -> None:
    """Every coding that we accept is undone; one that is unknown, or was never applied, leaves the body as it is."""
    assert content_decoded([(b"content-Encoding", coding)], body, 1 << 20) == TEXT


@pytest.mark.parametrize(
    ("coding", "compress"),
    [
        (b"gzip", gzip.compress),
        (b"deflate", zlib.compress),
        (b"deflate", lambda data: zlib.compress(data, wbits=-15)),
        (b"br", lambda data: brotli.compress(data, quality=4)),
        (b"zstd", zstd.compress),
    ],
    ids=["gzip", "deflate", "raw deflate", "br", "zstd"],
)
def test_cut_compressed_body_is_read_to_its_cut(coding: bytes, compress: Callable[[bytes], bytes]) -> None:
    """A compressed body that broke off is readable up to there."""
    import random

    text = bytes(random.Random(1).choices(b"abcdefgh", k=300_000))
    body = compress(text)
    read = content_decoded([(b"Content-Encoding", coding)], body[: len(body) // 2], 1 << 20)
    assert text.startswith(read)
    assert len(read) > 50_000


BOMB = bytes(50_000_000)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "raw", "br", "zstd", "twice"])
def test_compression_bomb_is_not_inflated(coding: str) -> None:
    """Nothing is made beyond the limit."""
    import tracemalloc

    body = {
        "gzip": gzip.compress, "deflate": zlib.compress, "raw": lambda data: zlib.compress(data, wbits=-15),
        "br": lambda data: brotli.compress(data, quality=1), "zstd": zstd.compress,
        "twice": lambda data: gzip.compress(gzip.compress(data)),
    }[coding](BOMB)  # fmt: skip
    header = {"raw": b"deflate", "twice": b"gzip, gzip"}.get(coding, coding.encode())
    tracemalloc.start()
    with pytest.raises(DecodedTooLarge):
        content_decoded([(b"Content-Encoding", header)], body, 1_000_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000
