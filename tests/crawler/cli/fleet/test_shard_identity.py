"""Test that a fleet refuses, by name, a shard that is not its own, and one from which rows are being moved."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from pipelines.fleet.layout import fleet_at
from pipelines.fleet.plan import MovingPlan
from tests.support.command import make_archive, morgue, rows

WORDS = (("search",), ("verify", "--shard", "0"), ("crawl", "--shard", "0"), ("upgrade", "--shard", "0"))


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    return make_archive(tmp_path / "fleet", "--shards=2")


def shard(fleet: Path, number: int) -> Path:
    return fleet / "shards" / f"{number:03}"


def rewrite(fleet: Path, pattern: str, text: str) -> None:
    file = fleet / "fleet.toml"
    file.write_text(re.sub(pattern, text, file.read_text()))


def said(fleet: Path, *words: str) -> str:
    """Return what a command says that fails."""
    done = morgue("-C", fleet, *words)
    assert done.returncode != 0, done.stdout
    return done.stdout + done.stderr


@pytest.mark.parametrize("number", [1, 3])
def test_number_of_shards_changed_by_hand_is_refused(fleet, number):
    """Sites would belong to other shards, and with fewer of them articles would be missing from answers."""
    rewrite(fleet, "shards = 2", f"shards = {number}")
    for words in WORDS:
        assert f"is one of 2 shards, and {fleet}/fleet.toml says {number}" in said(fleet, *words)
    assert rows(shard(fleet, 0), "SELECT count(*) FROM crawls") == [(0,)]


def test_shard_of_another_fleet_is_refused_by_its_id(fleet):
    """Its rows may have numbers that rows of this fleet have, too."""
    found = fleet_at(fleet)
    assert found is not None
    rewrite(fleet, 'id = "[^"]*"', 'id = "another"')
    for words in WORDS:
        assert f"belongs to the fleet {found.id}, and {fleet}/fleet.toml says another" in said(fleet, *words)


def test_shards_that_changed_places_are_refused(fleet):
    """Each would crawl the sites of the other one."""
    shard(fleet, 0).rename(fleet / "aside")
    shard(fleet, 1).rename(shard(fleet, 0))
    (fleet / "aside").rename(shard(fleet, 1))
    for words in WORDS:
        assert "is shard 1 of this fleet, and lies in the folder of shard 0" in said(fleet, *words)


def test_shard_whose_database_is_made_anew_gives_its_own_numbers(fleet):
    """A lost one without WARC files is made by the next crawl; an ordinary archive in its place is refused."""
    (shard(fleet, 1) / "morgue.db").unlink()
    assert morgue("-C", fleet, "crawl", "--shard", "1").returncode == 0
    assert rows(shard(fleet, 1), "SELECT number, shards FROM shard") == [(1, 2)]
    assert rows(shard(fleet, 1), "SELECT id FROM crawls") == [(10_000_000_001,)]
    (make_archive(fleet.parent / "archive") / "morgue.db").replace(shard(fleet, 0) / "morgue.db")
    assert "is none of its shards" in said(fleet, "crawl", "--shard", "0")


@pytest.mark.parametrize("make_folder", [lambda path: None, lambda path: shutil.copytree(path.with_name("000"), path)],
                         ids=["no folder", "folder"])  # fmt: skip
def test_shard_beyond_the_number_of_shards_is_refused(fleet, make_folder, tmp_path):
    """It has no database that says how many there are: those of other shards do. Nothing is made."""
    rewrite(fleet, "shards = 2", "shards = 3")
    extra = shard(fleet, 2)
    make_folder(extra)
    (extra / "morgue.db").unlink(missing_ok=True)
    for words in (("crawl",), ("import", tmp_path), ("upgrade",)):
        done = morgue("-C", fleet, "--shard", "2", *words)
        assert done.returncode != 0
        assert not (extra / "morgue.db").exists()
    done = morgue("-C", fleet, "--shard", "2", "crawl")
    assert done.returncode == 2
    assert f"shards/000/morgue.db: is one of 2 shards, and {fleet}/fleet.toml says 3" in done.stderr


def test_shard_gets_its_database_where_no_other_has_one(fleet):
    """Fleets may be new, and a machine may have the folders of some shards only."""
    shutil.rmtree(shard(fleet, 0))
    (shard(fleet, 1) / "morgue.db").unlink()
    assert morgue("-C", fleet, "--shard", "1", "crawl").returncode == 0
    assert rows(shard(fleet, 1), "SELECT number, shards FROM shard") == [(1, 2)]


@pytest.mark.parametrize("data", [b"\xff\xfe", b"", b"[shard]\nfleet = 'other'\nnumber = 1", b"[shard", b"x" * 200_000],
                         ids=["no text", "empty", "another fleet", "cut", "large"])  # fmt: skip
def test_damaged_settings_file_of_a_shard_is_named_and_written_again(fleet, data):
    """Its fleet's id is to be found in it once `fleet.toml` is lost. Commands that need nothing of it go on."""
    file = shard(fleet, 1) / "morgue.toml"
    before = file.read_bytes()
    file.write_bytes(data)
    kind = "shard file"
    assert f"morgue.toml\n  {kind}: " in said(fleet, "verify")
    for words in (("count",), ("search",), ("crawl",)):
        assert morgue("-C", fleet, *words).returncode == 0
    file.unlink()
    assert morgue("-C", fleet, "verify").returncode == 7
    assert morgue("-C", fleet, "--shard", "1", "restore").returncode == 0
    assert file.read_bytes() == before
    assert morgue("-C", fleet, "verify").returncode == 0


@pytest.mark.parametrize(("plan", "refused", "reading"),
                         [(MovingPlan(("a.example",), (0, 1)), "is being moved from shard 0 to 1", 1),
                          (MovingPlan(("states",), (2,), "id"), "is being made", 0)])  # fmt: skip
def test_nothing_is_written_while_rows_are_moved(fleet, plan, refused, reading):
    """What a crawl brings in between would be taken out without a copy. Exit code 4, and the cure is named."""
    plan.write(fleet)
    for words in (("crawl",), ("rebuild", "--shard", "1")):
        assert refused in said(fleet, *words)
    assert morgue("-C", fleet, "crawl").returncode == 4
    assert morgue("-C", fleet, "search").returncode == reading
