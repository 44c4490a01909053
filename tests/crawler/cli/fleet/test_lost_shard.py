"""Test that a shard whose folder is lost stays named as lost, until it has come back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.command import make_archive, morgue


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """Return a fleet of which shard 1 is lost, with its folder."""
    path = make_archive(tmp_path / "fleet", "--shards=3")
    shutil.rmtree(path / "shards" / "001")
    return path


def test_shard_that_could_not_be_restored_is_still_lost(fleet):
    """Leave no folder with morgue.toml there: the next crawl would make an empty shard, from article number 1."""
    for command in ("restore", "rebuild", "crawl", "restore"):
        done = morgue("-C", fleet, "--shard", "1", command)
        assert done.returncode == 7
        assert "put back a copy of the folder" in done.stderr
    assert morgue("-C", fleet, "crawl").returncode == 7
    assert not (fleet / "shards" / "001" / "morgue.db").exists()


def test_shard_without_database_and_files_is_not_rebuilt(fleet):
    """Take nothing as a sign that it was empty."""
    (fleet / "shards" / "001").mkdir()
    shutil.copy(fleet / "shards" / "000" / "morgue.toml", fleet / "shards" / "001")
    for command in ("restore", "rebuild"):
        done = morgue("-C", fleet, "--shard", "1", command)
        assert done.returncode == 7
        assert "no copy of its database is there, and no WARC file of it" in done.stderr
    assert not (fleet / "shards" / "001" / "morgue.db").exists()
