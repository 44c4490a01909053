"""Test that the programs that judge our WARC files do find faults, so what they pass they have looked at."""

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
    """Return a WARC file of one exchange, and the bytes of its response record."""
    records = records_of(exchange("https://paper.example/", 1, HTML % len(PAGE), PAGE), warcinfo_id="<urn:uuid:1>")
    path = tmp_path / "x.warc.gz"
    path.write_bytes(b"".join(gzip_member(record) for record in records))
    return path, gzip.decompress(gzip_member(records[0]))


def complaining(path: Path) -> list[str]:
    """Return the names of the programs that find a fault."""
    return [fault.partition(":")[0] for fault in faults(path)]


def test_sound_file_has_no_fault(tmp_path):
    """No program reports one."""
    assert complaining(file(tmp_path)[0]) == []


def test_torn_file_is_a_fault_for_gzip(tmp_path):
    """gzip finds every tear, the others only some."""
    path, _ = file(tmp_path)
    path.write_bytes(path.read_bytes()[:-6])
    assert "gzip" in complaining(path)


@pytest.mark.parametrize(
    ("field", "checkers"),
    [("WARC-Block-Digest: sha1:", ["warcio", "fastwarc"]), ("WARC-Payload-Digest: sha1:", ["warcio"])],
)
def test_wrong_digest_is_a_fault_for_its_checkers(tmp_path, field, checkers):
    """FastWARC, as it is called here, checks the digest of the block only."""
    path, record = file(tmp_path)
    at = record.index(field.encode()) + len(field)
    path.write_bytes(gzip.compress(record[:at] + (b"A" if record[at : at + 1] != b"A" else b"B") + record[at + 1 :]))
    assert complaining(path) == checkers
