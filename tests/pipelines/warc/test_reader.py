"""Reading WARC files: damage is found and named, and costs only the record that it hits."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.core.errors import ArchiveDamaged, NotFound
from tests.support.warc_files import read_block, walk
from tests.support.warc_records import open_file


def test_walk_raises_at_damage_or_goes_on_after_reporting_it(tmp_path: Path) -> None:
    """A flipped bit is found; with `on_damage` the walk goes on after it."""
    path, places = open_file(tmp_path)
    data = bytearray(path.read_bytes())
    data[places[4].offset + places[4].length // 2] ^= 0x10
    path.write_bytes(data)
    with pytest.raises(ArchiveDamaged, match=f"byte {places[4].offset}"):
        list(walk(path))
    damages: list[tuple[int, int, str]] = []
    found = [one.offset for one in walk(path, on_damage=lambda *what: damages.append(what))]
    assert found[1:] == [place.offset for place in places if place != places[4]]
    assert [(offset, length) for offset, length, _ in damages] == [places[4][1:]]


def test_wrong_location_is_damage(tmp_path: Path) -> None:
    """An offset or length that is not a member's, and a file that is not there."""
    path, places = open_file(tmp_path)
    closed = tmp_path / places[0].file
    for offset, length in [(places[0].offset + 1, places[0].length), (places[0].offset, places[0].length - 1),
                           (places[0].offset, places[0].length + 1), (path.stat().st_size, 10),
                           (0, 8 * 10**12), (-1, 10), (places[0].offset, -1), (places[0].offset, 0), (2**62, 2**62),
                           (-(2**63), 2**63 - 1)]:  # fmt: skip
        with pytest.raises(ArchiveDamaged):
            read_block(closed, offset, length)
    with pytest.raises(NotFound):
        read_block(tmp_path / "other.warc.gz", 0, 10)
