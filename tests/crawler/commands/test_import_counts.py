"""Every record of an import is counted once: as copied, or as skipped for one reason."""

from __future__ import annotations

import gzip

import pytest

from pipelines.importing import foreign_records
from tests.support.foreign import address, an_id, answer, arc, gz, page, record, response, warcinfo
from tests.support.import_runs import bring

SAME = "http://netpreserve.org/warc/1.0/revisit/identical-payload-digest"


def original(number: int) -> bytes:
    return response(number, record_id=an_id(f"original {number}"))


def revisit(number: int, *, at: float = 1, **fields: str) -> bytes:
    return record("revisit", address(number), answer(b""), at=at,
                  **{"WARC_Profile": SAME, "WARC_Refers_To": an_id(f"original {number}"),
                     "Content_Type": "application/http; msgtype=response", **fields})  # fmt: skip


def request(number: int) -> bytes:
    return record("request", address(number), b"GET / HTTP/1.1\r\n\r\n", WARC_Concurrent_To=an_id(f"original {number}"))


def broken(one: bytes) -> bytes:
    """Return the gzip member of a record whose head can be read and whose block cannot."""
    member = bytearray(gzip.compress(one, 0, mtime=0))
    member[len(member) - 40] ^= 255
    return bytes(member)


INPUTS = {
    "a revisit after its original": [gz([warcinfo(), original(1), revisit(1)])],
    "a revisit before its original": [gz([warcinfo(), revisit(1), original(1), request(1)])],
    "revisits before and after, one without an original": [
        gz([warcinfo(), original(1), revisit(1), revisit(2), revisit(3), original(2), revisit(2, at=2)])
    ],
    "the same lost revisit twice": [gz([revisit(3), revisit(3), original(1)])],
    "the same waiting revisit in two files": [gz([revisit(1)]), gz([revisit(1), original(1)])],
    "duplicates": [gz([original(1), original(1), request(1), request(1)]), gz([original(1), request(1)])],
    "a damaged record": [gz([warcinfo(), original(1)]) + broken(response(2)) + gz([revisit(3), request(1)])],
    "a file that is cut off": [gz([original(1), revisit(3), response(2)])[:-30]],
    "a wrong digest that nothing vouches for": [response(1, WARC_Block_Digest="sha1:" + 32 * "A") + response(2)],
    "records without a date": [gz([response(1, WARC_Date="never"), request(1), original(2)])],
    "one header for two contents": [
        gz([warcinfo(), original(1)]),
        gz([warcinfo().replace(b"software: theirs/1.0", b"software: theirs/2.0"), original(2)]),
    ],
    "ARC": [arc([(address(1), answer(page(1))), (address(2), answer(page(2))), ("dns:a.example", b"192.0.2.1")])],
    "kinds that are not taken": [gz([record("resource", address(1), b"x"), record("odd", address(1), b"x"),
                                     record("metadata", address(1), b"x"), request(4), original(1)])],
}  # fmt: skip


@pytest.mark.parametrize("name", INPUTS)
def test_record_of_an_import_is_counted_once(archive, name):
    """In a first import and when it is repeated; the archive has gained exactly what is called copied."""
    for _ in range(2):
        _, report = bring(archive, *INPUTS[name])
        assert report.records == report.kept + report.passed.total(), (report.kept, report.passed)
    assert report.kept == 0


def test_block_that_is_too_large_is_counted_once(archive, monkeypatch):
    """Though its fields are not asked whether it is wanted."""
    monkeypatch.setattr(foreign_records, "MAX_BLOCK_BYTES", 8000)
    _, report = bring(archive, gz([original(1), response(2, more="long " * 9000)]))
    assert (report.records, report.kept, report.passed.total()) == (2, 1, 1)
