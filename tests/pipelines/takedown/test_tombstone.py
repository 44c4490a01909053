"""Laws of tombstones: one member of exactly the length asked for, whatever that is, that every reader understands."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import zlib
from datetime import UTC, datetime

import pytest

from pipelines.archive.journal import JournalHeader, journal_record
from pipelines.core.errors import MorgueError
from pipelines.takedown.tombstone import MemberSpan, Tombstone, rewrite, tombstone, without
from pipelines.warc.record import parse_record
from pipelines.warc.storage import WarcStorage
from tests.support.warc_files import walk

GRAVE = Tombstone(
    "https://paper.example/story", ("<urn:uuid:1>", "<urn:uuid:2>"), "2026-01-01T00:00:00.000000Z",
    datetime(2026, 5, 3, tzinfo=UTC), "asked for by the subject",
)  # fmt: skip
LENGTHS = [*range(420, 460), 1000, 4000, 4500, 5000, 16_384, 65_535, 65_600, 65_990, *range(66_000, 66_020), 131_500,
           1_000_003]  # fmt: skip


@pytest.mark.parametrize("length", LENGTHS)
def test_a_tombstone_has_the_length_of_its_record(length):
    """To the byte, around every size at which the padding changes its form."""
    member = tombstone(GRAVE, length)
    assert len(member) == length
    stream = zlib.decompressobj(zlib.MAX_WBITS + 16)
    found = parse_record(stream.decompress(member))
    assert stream.eof
    assert not stream.unused_data
    assert found.block.startswith(b"removed-uri: https://paper.example/story\r\n")
    assert b"reason: asked for by the subject\r\n" in found.block
    assert b"removed-record: <urn:uuid:1>\r\nremoved-record: <urn:uuid:2>\r\n" in found.block


def test_a_small_place_holds_a_short_tombstone_and_none_is_refused():
    """The reason gives way first; below what any record needs it is an error in words."""
    assert b"removed-uri" in zlib.decompress(tombstone(GRAVE, 330), zlib.MAX_WBITS + 16)
    with pytest.raises(MorgueError, match="does not fit"):
        tombstone(GRAVE, 100)


def test_a_reason_cannot_forge_a_field():
    """It is one line."""
    member = tombstone(GRAVE._replace(reason="x\r\nremoved-uri: y"), 2000)
    assert zlib.decompress(member, zlib.MAX_WBITS + 16).count(b"\r\nreason: x removed-uri: y\r\n") == 1


@pytest.mark.parametrize("seed", range(20))
def test_independent_readers_go_on_behind_a_tombstone(tmp_path, seed):
    """warcio finds every record of a file with tombstones of any length, and every digest right."""
    rng = random.Random(seed)
    lengths = [rng.randrange(420, 200_000) for _ in range(5)]
    path = tmp_path / "x.warc.gz"
    path.write_bytes(b"".join(tombstone(GRAVE, length) for length in lengths))
    assert [member.length for member in walk(path)] == lengths
    if seed < 2:
        done = subprocess.run([sys.executable, "-m", "warcio.cli", "check", "-v", path], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
        assert done.stdout.count("digest pass") == 5


def test_a_journal_loses_lines_and_keeps_its_length():
    """The rows about what is removed go; the others stay, and the record's number; a replay passes the padding over."""
    from pipelines.warc.record import gzip_member as pack

    rng = random.Random(1)
    lines = [
        json.dumps({"frontier": {"id": number, "url": f"https://x.example/{rng.randbytes(20).hex()}"}})
        for number in range(400)
    ]
    whole = journal_record(JournalHeader(7, 6, "a"), lines, "<urn:uuid:0>")
    length = len(pack(whole))
    shorter = without(whole, lambda table, row: row["id"] % 2 == 1, length)
    assert len(shorter) == length
    found = parse_record(zlib.decompress(shorter, zlib.MAX_WBITS + 16))
    kept = [json.loads(line) for line in found.block.splitlines()]
    assert [row["frontier"]["id"] for row in kept if "frontier" in row] == list(range(0, 400, 2))
    assert [name for row in kept for name in row if name != "frontier"] == ["padding"]
    assert found.fields.get("Morgue-Journal") == "7"
    assert found.fields.get("WARC-Record-ID") == whole.fields.get("WARC-Record-ID")
    assert without(whole, lambda table, row: False, length) is None


def test_a_file_is_rewritten_whole_or_not_at_all(tmp_path):
    """What stands around a span is as it was."""
    path = tmp_path / "x"
    data = random.Random(1).randbytes(3_000_000)
    path.write_bytes(data)
    storage = WarcStorage(tmp_path)
    rewrite(storage, path.name, [MemberSpan(2_000_000, 10, b"B" * 10), MemberSpan(5, 3, b"AAA")])
    assert path.read_bytes() == data
    storage.replace_by_part(path.name)
    assert path.read_bytes() == data[:5] + b"AAA" + data[8:2_000_000] + b"B" * 10 + data[2_000_010:]
    assert list(tmp_path.iterdir()) == [path]
