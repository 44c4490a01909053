"""Tombstones: one gzip member of exactly the length asked for, whatever that is, that every reader understands."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.archive.journal import JournalHeader, journal_record
from pipelines.core.errors import MorgueError
from pipelines.takedown.tombstone import (
    MemberSpan,
    Tombstone,
    journal_member_without,
    tombstone_member,
    write_copy,
)
from pipelines.warc.record import parse_record
from pipelines.warc.storage import WarcStorage
from tests.support.warc_files import walk

TOMBSTONE = Tombstone(
    "https://paper.example/story", ("<urn:uuid:1>", "<urn:uuid:2>"), "2026-01-01T00:00:00.000000Z",
    datetime(2026, 5, 3, tzinfo=UTC), "asked for by the subject",
)  # fmt: skip
LENGTHS = [*range(420, 460), 1000, 4000, 4500, 5000, 16_384, 65_535, 65_600, 65_990, *range(66_000, 66_020), 131_500,
           1_000_003]  # fmt: skip


@pytest.mark.parametrize("length", LENGTHS)
def test_tombstone_has_the_length_of_its_record(length):
    """To the byte, around every size at which the padding changes its form."""
    member = tombstone_member(TOMBSTONE, length)
    assert len(member) == length
    stream = zlib.decompressobj(zlib.MAX_WBITS + 16)
    found = parse_record(stream.decompress(member))
    assert stream.eof
    assert not stream.unused_data
    assert found.block.startswith(b"removed-uri: https://paper.example/story\r\n")
    assert b"reason: asked for by the subject\r\n" in found.block
    assert b"removed-record: <urn:uuid:1>\r\nremoved-record: <urn:uuid:2>\r\n" in found.block


def test_small_place_shortens_the_reason_or_is_refused():
    """The reason gives way first; a place smaller than any record is an error in words."""
    assert b"removed-uri" in zlib.decompress(tombstone_member(TOMBSTONE, 330), zlib.MAX_WBITS + 16)
    with pytest.raises(MorgueError, match="does not fit"):
        tombstone_member(TOMBSTONE, 100)


def test_reason_cannot_forge_a_field():
    """It is one line."""
    member = tombstone_member(TOMBSTONE._replace(reason="x\r\nremoved-uri: y"), 2000)
    assert zlib.decompress(member, zlib.MAX_WBITS + 16).count(b"\r\nreason: x removed-uri: y\r\n") == 1


def of_tombstones(path: Path, seed: int) -> list[int]:
    """Write a file of tombstones of random lengths; return the lengths."""
    rng = random.Random(seed)
    lengths = [rng.randrange(420, 200_000) for _ in range(5)]
    path.write_bytes(b"".join(tombstone_member(TOMBSTONE, length) for length in lengths))
    return lengths


@pytest.mark.parametrize("seed", range(20))
def test_walk_goes_on_after_a_tombstone(tmp_path, seed):
    """Every record of a file with tombstones of any length is found."""
    lengths = of_tombstones(tmp_path / "x.warc.gz", seed)
    assert [member.length for member in walk(tmp_path / "x.warc.gz")] == lengths


@pytest.mark.parametrize("seed", range(2))
def test_warcio_goes_on_after_a_tombstone(tmp_path, seed):
    """It finds every record, and every digest right."""
    path = tmp_path / "x.warc.gz"
    of_tombstones(path, seed)
    done = subprocess.run([sys.executable, "-m", "warcio.cli", "check", "-v", path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("digest pass") == 5


def test_journal_loses_removed_lines_and_keeps_its_length():
    """The other rows stay, and the record's number; a replay skips the padding."""
    from pipelines.warc.record import gzip_member as pack

    rng = random.Random(1)
    lines = [
        json.dumps({"frontier": {"id": number, "url": f"https://x.example/{rng.randbytes(20).hex()}"}})
        for number in range(400)
    ]
    whole = journal_record(JournalHeader(7, 6, "a"), lines, "<urn:uuid:0>")
    length = len(pack(whole))
    shorter = journal_member_without(whole, lambda table, row: row["id"] % 2 == 1, length)
    assert len(shorter) == length
    found = parse_record(zlib.decompress(shorter, zlib.MAX_WBITS + 16))
    kept = [json.loads(line) for line in found.block.splitlines()]
    assert [row["frontier"]["id"] for row in kept if "frontier" in row] == list(range(0, 400, 2))
    assert [name for row in kept for name in row if name != "frontier"] == ["padding"]
    assert found.fields.get("Morgue-Journal") == "7"
    assert found.fields.get("WARC-Record-ID") == whole.fields.get("WARC-Record-ID")
    assert journal_member_without(whole, lambda table, row: False, length) is None


def test_file_is_rewritten_whole_or_not_at_all(tmp_path):
    """The bytes around a span are as they were."""
    path = tmp_path / "x"
    data = random.Random(1).randbytes(3_000_000)
    path.write_bytes(data)
    storage = WarcStorage(tmp_path)
    write_copy(storage, path.name, [MemberSpan(2_000_000, 10, b"B" * 10), MemberSpan(5, 3, b"AAA")])
    assert path.read_bytes() == data
    storage.replace_by_part(path.name)
    assert path.read_bytes() == data[:5] + b"AAA" + data[8:2_000_000] + b"B" * 10 + data[2_000_010:]
    assert list(tmp_path.iterdir()) == [path]
