"""Test that shards come back from the bucket on a machine that has nothing of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from pipelines.bucket.object_store import ObjectStore
from pipelines.fleet.layout import fleet_at
from tests.support.bucket_archive import give_bucket
from tests.support.command import crawl, make_archive, morgue, tables
from tests.support.seaweedfs import ObjectServer
from tests.support.small_paper import SmallPaper, serving

pytestmark = pytest.mark.slow


class CrawledFleet(NamedTuple):
    """Hold a fleet of two shards, one of which has crawled a paper and shipped everything."""

    path: Path
    store: ObjectStore
    paper: SmallPaper
    shard: int  # of the paper

    @property
    def key(self) -> str:
        return f"shards/{self.shard:03}"

    def elsewhere(self) -> Path:
        """Return the folder of the fleet on a machine that has nothing of the shards."""
        path = self.path.with_name("elsewhere")
        shutil.copytree(self.path, path, ignore=shutil.ignore_patterns("shards", "hosts"))
        return path


@pytest.fixture
def fleet(tmp_path: Path, object_server: ObjectServer) -> Iterator[CrawledFleet]:
    path = make_archive(tmp_path / "fleet", "--shards=2")
    store = give_bucket(path, object_server, rotate="2KB")
    with serving(5) as paper:
        paper.watch(path)
        assert crawl(path).returncode == 0
        found = fleet_at(path)
        assert found is not None
        assert morgue("-C", path, "ship", "--all").returncode == 0
        yield CrawledFleet(path, store, paper, found.owner_of_url(paper.url))


@pytest.mark.parametrize("damage", [lambda data: data.replace(b'"file"', b'"fi', 1), lambda data: b"[]\n" + data,
                                    lambda data: data + b"null", lambda data: b"\xff\xfe\x00\n" + data],
                         ids=["half a line", "list", "null", "no text"])  # fmt: skip
def test_damaged_manifest_in_the_bucket_costs_only_time(fleet, damage):
    """Lines that are no entries are left out, with a warning, and the files that they were about are read."""
    data = fleet.store.get(f"{fleet.key}/manifest.jsonl").data
    assert data.count(b"\n") > 2
    fleet.store.put(f"{fleet.key}/manifest.jsonl", damage(data))
    other = fleet.elsewhere()
    done = morgue("-C", other, "--shard", str(fleet.shard), "restore")
    assert done.returncode == 0, done.stderr
    assert f"{fleet.key}/manifest.jsonl: 1 line is no entry of a manifest" in done.stderr
    assert tables(other / fleet.key / "morgue.db") == tables(fleet.path / fleet.key / "morgue.db")
    assert morgue("-C", other, "--shard", str(fleet.shard), "verify").returncode == 0


@pytest.mark.parametrize("put", [lambda store, key: None, lambda store, key: store.put(key, b"[]"),
                                 lambda store, key: store.put(key, b"\xff\xfe\x00")],
                         ids=["none", "list", "no text"])  # fmt: skip
def test_shard_without_a_manifest_in_the_bucket_is_rebuilt_from_all_files(fleet, put):
    """`restore` says so, and leaves the shard as lost as it was."""
    key = f"{fleet.key}/manifest.jsonl"
    fleet.store.delete(key)
    put(fleet.store, key)
    other = fleet.elsewhere()
    done = morgue("-C", other, "--shard", str(fleet.shard), "restore")
    assert done.returncode == 7
    assert f"`morgue --shard {fleet.shard} rebuild`" in done.stderr
    assert morgue("-C", other, "--shard", str(fleet.shard), "crawl").returncode == 7
    done = morgue("-C", other, "--shard", str(fleet.shard), "rebuild")
    assert done.returncode == 0, done.stderr
    assert tables(other / fleet.key / "morgue.db") == tables(fleet.path / fleet.key / "morgue.db")


def test_shard_comes_back_after_a_takedown(fleet):
    """Copies that held the page are gone at once, and there is one without it."""
    done = morgue("-C", fleet.path, "remove", fleet.paper.stories[1], "--reason", "asked", "--yes")
    assert (done.returncode, "warning" in done.stderr) == (0, False)
    assert len([*fleet.store.objects(f"{fleet.key}/snapshots")]) == 1
    other = fleet.elsewhere()
    done = morgue("-C", other, "--shard", str(fleet.shard), "restore")
    assert done.returncode == 0, done.stderr
    assert tables(other / fleet.key / "morgue.db") == tables(fleet.path / fleet.key / "morgue.db")
    for copy in fleet.store.objects(f"{fleet.key}/snapshots"):
        fleet.store.delete(copy.key)
    shutil.rmtree(other)
    done = morgue("-C", fleet.elsewhere(), "--shard", str(fleet.shard), "restore")
    assert done.returncode == 7
    assert f"`morgue --shard {fleet.shard} rebuild` makes the database from the WARC files" in done.stderr
