"""One WARC record: what becomes a gzip member is read back from it, and nothing else passes for a record."""

from __future__ import annotations

import gzip
import random

import pytest

from pipelines.warc.record import WarcFields, WarcRecord, gzip_member, parse_record


def test_parsed_undoes_member() -> None:
    """Fields keep their order, repeated ones too, with any block."""
    one = WarcRecord(
        WarcFields((("A", "b: c"), ("WARC-Protocol", "x"), ("warc-protocol", "ü"))), b"\r\n\r\n\x00WARC/1.1\r\n"
    )
    again = parse_record(gzip.decompress(gzip_member(one)))
    assert (again.fields[:-1], again.block) == (one.fields, one.block)
    assert again.fields.all("WARC-PROTOCOL") == ["x", "ü"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"WARC/1.1\r\n",
        b"WARC/1.1\r\nContent-Length: 3\r\n\r\nab\r\n\r\n",
        b"WARC/1.1\r\nContent-Length: 1\r\n\r\nab\r\n\r\n",
        b"WARC/1.1\r\nA: b\r\n\r\n\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n\r\n\r\n",
    ],
)
def test_data_that_is_not_exactly_one_record_is_refused(data: bytes) -> None:
    """A record must end where its Content-Length says (section 4)."""
    with pytest.raises(ValueError, match="WARC record"):
        parse_record(data)


@pytest.mark.parametrize("level", [1, 6, 9])
@pytest.mark.parametrize("size", [0, 4095, 4096, 65_535, 65_536, 200_001])
def test_compressed_body_is_stored_and_reads_back(size, level):
    """The member is whole for gzip and for our reader, no larger than zlib makes it, and has zlib's own first ten
    bytes."""
    body = random.Random(size).randbytes(size)
    record = WarcRecord(WarcFields([("WARC-Type", "response")]), b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n" + body)
    data = gzip_member(record, level)
    whole = gzip.decompress(data)
    assert parse_record(whole).block == record.block
    deflated = gzip.compress(whole, level)
    assert len(data) <= len(deflated) + 16
    assert data[:4] + data[8:10] == deflated[:4] + deflated[8:9] + b"\x03"


def test_body_that_shrinks_is_deflated():
    """HTML, and HTML with compressed data anywhere in it."""
    packed, text = random.Random(1).randbytes(5000), b"<p>text</p>" * 2500
    for body in (text * 2, packed + text * 2, text + packed + text, text * 2 + packed):
        record = WarcRecord(WarcFields([("WARC-Type", "response")]), b"HTTP/1.1 200 OK\r\n\r\n" + body)
        assert len(gzip_member(record)) < 6000
        assert parse_record(gzip.decompress(gzip_member(record))).block == record.block
