"""Content codings: undone as browsers do it; bombs are not inflated, parts are limited, and the work is linear."""

from __future__ import annotations

import gzip
import itertools
import random
import struct
import zlib
from collections.abc import Callable
from typing import Any

import brotli
import pytest

from pipelines.warc import content_codings
from pipelines.warc.content_codings import (
    MAX_CODINGS,
    MAX_MEMBERS,
    OUTPUT_STEP_BYTES,
    DecodedTooLarge,
    TooManyCodingParts,
    content_decoded,
    decode_steps,
)

if __import__("sys").version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TEXT = b"The quick brown fox. " * 500
RAW_DEFLATE = zlib.compress(TEXT, wbits=-15)
SKIPPABLE_FRAME = b"\x50\x2a\x4d\x18" + struct.pack("<I", 3) + b"abc"  # RFC 8878 section 3.1.2
WIDE_FRAME = b"\x28\xb5\x2f\xfd\x00\x88" + b"\x01\x00\x00"  # a window of 128 MB, and an empty last block


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        (b"gzip", gzip.compress(TEXT)),
        (b"X-GZip", gzip.compress(TEXT)),
        (b"gzip", gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:])),
        (b"gzip", gzip.compress(TEXT) + b"\0\0padding"),
        (b"identity, gzip, identity", gzip.compress(TEXT)),
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
        "identity around it",
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


def stored(data: bytes) -> bytes:
    """Return a gzip member in stored blocks: each byte in gives one byte out."""
    squeeze = zlib.compressobj(0, zlib.DEFLATED, 31)
    return squeeze.compress(data) + squeeze.flush()


class CountedDecoder:
    """Wrap a decompressor, and count the bytes that it is given, returns and copies."""

    bytes = 0

    def __init__(self, decoder: Any) -> None:
        self.decoder = decoder

    def decompress(self, data: bytes, limit: int) -> bytes:
        CountedDecoder.bytes += len(data)
        piece: bytes = self.decoder.decompress(data, limit)
        copied = len(self.decoder.unused_data) + len(getattr(self.decoder, "unconsumed_tail", b""))
        CountedDecoder.bytes += len(piece) + copied
        return piece

    def process(self, data: bytes, output_buffer_limit: int) -> bytes:
        piece: bytes = self.decoder.process(data, output_buffer_limit=output_buffer_limit)
        CountedDecoder.bytes += len(data) + len(piece)
        return piece

    def __getattr__(self, name: str) -> Any:
        return getattr(self.decoder, name)


NOISE = random.Random(1).randbytes(4_000_000)


@pytest.mark.parametrize(
    ("coding", "make"),
    [
        (b"gzip", lambda n: gzip.compress(b"") * (n * 1000)),
        (b"gzip", lambda n: gzip.compress(b"abc" * 100) * (n * 1000)),
        (b"gzip, gzip", lambda n: gzip.compress(gzip.compress(b"") * (n * 1000))),
        (b"gzip", lambda n: stored(NOISE[: n * 1_000_000])),
        (b"gzip", lambda n: gzip.compress(bytes(n * 1_000_000))),
        (b"deflate", lambda n: zlib.compress(NOISE[: n * 1_000_000])),
        (b"deflate, deflate, deflate, deflate, deflate", lambda n: NOISE[: n * 1_000_000]),
        (b"br", lambda n: brotli.compress(NOISE[: n * 1_000_000], quality=0)),
        (b"br", lambda n: brotli.compress(bytes(n * 1_000_000), quality=1)),
        (b"zstd", lambda n: zstd.compress(NOISE[: n * 1_000_000])),
        (b"zstd", lambda n: (SKIPPABLE_FRAME + zstd.compress(b"a")) * (n * 1000)),
    ],
    ids=[
        "empty gzip members", "gzip members", "gzip members in gzip", "stored gzip", "gzip zeros", "deflate",
        "nested", "br", "br zeros", "zstd", "zstd frames",
    ],
)  # fmt: skip
def test_bytes_moved_by_decoder_grow_linearly(
    coding: bytes, make: Callable[[int], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body of four times the parts costs about four times the bytes given, returned and copied, and the steps."""
    zlib_, brotli_, zstd_ = zlib.decompressobj, brotli.Decompressor, zstd.ZstdDecompressor
    monkeypatch.setattr(content_codings.zlib, "decompressobj", lambda window: CountedDecoder(zlib_(window)))
    monkeypatch.setattr(brotli, "Decompressor", lambda: CountedDecoder(brotli_()))
    monkeypatch.setattr(zstd, "ZstdDecompressor", lambda **options: CountedDecoder(zstd_(**options)))
    work = []
    for size in (1, 4):
        CountedDecoder.bytes = 0
        steps = sum(1 for _ in decode_steps([(b"Content-Encoding", coding)], make(size), 1 << 30))
        work.append(CountedDecoder.bytes + 1000 * steps)
    assert work[0] > 0
    assert work[1] < 5 * work[0]


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        (b", ".join([b"gzip"] * (MAX_CODINGS + 1)), TEXT),
        (b",".join([b"deflate"] * 25_000), TEXT),
        (b"gzip", gzip.compress(b"") * (MAX_MEMBERS + 1)),
        (b"gzip, gzip", gzip.compress(gzip.compress(b"") * (MAX_MEMBERS + 1))),
        (b"zstd", SKIPPABLE_FRAME * (MAX_MEMBERS + 1)),
    ],
    ids=["gzip codings", "deflate codings", "gzip members", "gzip members in gzip", "zstd frames"],
)
def test_body_of_too_many_parts_is_refused_by_name(coding: bytes, body: bytes) -> None:
    """Codings, gzip members and zstd frames are counted."""
    with pytest.raises(TooManyCodingParts, match="more than") as refused:
        content_decoded([(b"Content-Encoding", coding)], body, 1 << 30)
    assert refused.value.reason in ("too many content codings", "too many gzip members", "too many zstd frames")


def test_decoder_of_bomb_holds_little_between_steps() -> None:
    """Each step adds at most OUTPUT_STEP_BYTES, so a caller can stop between two."""
    held = list(decode_steps([(b"Content-Encoding", b"gzip")], gzip.compress(bytes(2_000_000)), 1 << 30))
    assert max(after - before for before, after in itertools.pairwise(held)) <= OUTPUT_STEP_BYTES


def test_zstd_window_beyond_rfc_9659_is_not_allocated() -> None:
    """The body stays as it is, as in a browser, which shows nothing of it."""
    assert content_decoded([(b"Content-Encoding", b"zstd")], WIDE_FRAME, 1 << 30) == WIDE_FRAME


def test_skippable_zstd_frames_and_further_frames_are_read() -> None:
    """A body may have several frames (RFC 8878 section 3.1)."""
    body = SKIPPABLE_FRAME + zstd.compress(TEXT[:100]) + SKIPPABLE_FRAME + zstd.compress(TEXT[100:])
    assert content_decoded([(b"Content-Encoding", b"zstd")], body, 1 << 20) == TEXT
