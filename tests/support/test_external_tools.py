"""Test that the programs that judge our WARC files do find faults, so what they pass they have looked at."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.warc.exchange import records_of
from pipelines.warc.record import gzip_member
from tests.support.capture_archive import HTML, exchange
from tests.support.command import ROOT
from tests.support.external_tools import faults, missing_tools, skip_without, tool

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


def test_tools_that_are_missing_are_counted_by_the_reasons_of_the_skips(monkeypatch):
    """Only those that `make tools` brings, as pytest reports the reasons."""
    monkeypatch.setenv("PATH", "/nowhere")
    reasons = ["Skipped: needs root to mount a small tmpfs"]
    for ask in (
        lambda: tool("no-such-wayback", "pywb"),
        lambda: tool("no-such-indexer"),
        lambda: tool("no-such-indexer"),
        lambda: tool("no-such-browser", how="apt-get install it"),
        lambda: skip_without("a player", "make tools, where npm is"),
    ):
        with pytest.raises(pytest.skip.Exception) as skip:
            ask()
        reasons.append(f"Skipped: {skip.value}")
    assert missing_tools(reasons) == {"a player": 1, "no-such-indexer": 2, "no-such-wayback": 1}


def test_run_names_at_its_end_what_make_tools_would_have_brought(tmp_path):
    """In a process of its own, also with several workers and in silence."""
    (tmp_path / "test_it.py").write_text(
        "from tests.support.external_tools import tool\ndef test_it():\n    tool('no-such-indexer')\n"
    )
    for workers in ("0", "2"):
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-r",
            "a",
            "-n",
            workers,
            "-p",
            "tests.conftest",
            tmp_path / "test_it.py",
        ]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
        said = done.stdout.partition(" not tested =")[2].splitlines()
        assert said[1:4] == [
            "1 test was skipped, because these programs are not installed:",
            "  no-such-indexer (1)",
            "get them: make tools",
        ], done.stdout + done.stderr
        assert "SKIPPED" not in "".join(said), "it is after pytest's own list"
