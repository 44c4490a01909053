"""The programs that judge our WARC files do find faults: what they pass, they have looked at."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from pipelines.warc.exchange import records_of
from pipelines.warc.record import gzip_member
from tests.support.capture_archive import HTML, exchange
from tests.support.external_tools import faults

PAGE = b"<p>It stands in the harbour.</p>"


def file(tmp_path: Path) -> tuple[Path, bytes]:
    """A WARC file of one exchange, and the bytes of its response record."""
    records = records_of(exchange("https://paper.example/", 1, HTML % len(PAGE), PAGE), warcinfo_id="<urn:uuid:1>")
    path = tmp_path / "x.warc.gz"
    path.write_bytes(b"".join(gzip_member(record) for record in records))
    return path, gzip.decompress(gzip_member(records[0]))


def who(path: Path) -> list[str]:
    return [fault.partition(":")[0] for fault in faults(path)]


def test_a_sound_file_passes(tmp_path):
    assert who(file(tmp_path)[0]) == []


def test_a_torn_file_does_not(tmp_path):
    """gzip finds every tear, the others only some."""
    path, _ = file(tmp_path)
    path.write_bytes(path.read_bytes()[:-6])
    assert "gzip" in who(path)


@pytest.mark.parametrize("field", ["WARC-Block-Digest: sha1:", "WARC-Payload-Digest: sha1:"])
def test_a_digest_that_is_not_the_bytes_does_not(tmp_path, field):
    """Each of the two: FastWARC, as it is called here, checks that of the block."""
    path, record = file(tmp_path)
    at = record.index(field.encode()) + len(field)
    path.write_bytes(gzip.compress(record[:at] + (b"A" if record[at : at + 1] != b"A" else b"B") + record[at + 1 :]))
    assert who(path) == (["warcio", "fastwarc"] if "Block" in field else ["warcio"])
