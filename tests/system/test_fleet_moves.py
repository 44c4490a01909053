"""Test what is said and kept while a site moves between shards, and when its move, or a split, was stopped."""

from __future__ import annotations

import re
import shutil
import tomllib
import uuid
from pathlib import Path

import pytest

from crawler.cli.fleet.move import move
from pipelines.bucket.address import bucket_address
from pipelines.bucket.object_store import ObjectStore
from pipelines.core.archive_layout import SETTINGS_NAME
from pipelines.core.lock import ArchiveLock
from pipelines.core.urls import site_or_none
from pipelines.fleet.layout import FleetFolder, fleet_at
from pipelines.fleet.plan import LOCK_NAME, PLAN_NAME, MovingPlan
from pipelines.moving.departure import Departure
from tests.support.command import crawl, make_archive, morgue, rows
from tests.support.seaweedfs import ObjectServer
from tests.support.several_papers import STORIES, papers

pytestmark = pytest.mark.slow
SHARDS = 3
WITHOUT_PARTS = ("-s", "capture.parts='none'")


class Stopped(Exception):
    """End a move in the middle."""


@pytest.fixture(scope="module")
def whole_fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a fleet that has crawled four papers."""
    path = make_archive(tmp_path_factory.mktemp("moves") / "fleet", f"--shards={SHARDS}")
    with papers(path):
        assert crawl(path, *WITHOUT_PARTS).returncode in (0, 1)
    return path


@pytest.fixture
def fleet(whole_fleet: Path, tmp_path: Path) -> FleetFolder:
    return folder_of(Path(shutil.copytree(whole_fleet, tmp_path / "fleet")))


def folder_of(path: Path) -> FleetFolder:
    found = fleet_at(path)
    assert found is not None
    return found


def site_of_paper(fleet: FleetFolder, name: str) -> str:
    settings = tomllib.loads((fleet.path / "sources" / f"{name}.toml").read_text())
    return site_or_none(settings["url"]) or name


def articles(fleet: FleetFolder) -> list[dict[str, int]]:
    """Return how many articles of each paper each shard has."""
    sql = "SELECT s.name, count(*) FROM articles a JOIN sources s ON s.id = a.source_id GROUP BY 1"
    return [dict(rows(path, sql)) if (path / "morgue.db").exists() else {} for path in fleet.shard_paths()]


def stop_before_leaving(fleet: FleetFolder, monkeypatch: pytest.MonkeyPatch, name: str) -> tuple[int, int]:
    """Move a paper until it is in both shards; return from where, and to where."""

    def stop(*_args: object) -> int:
        raise Stopped

    site = site_of_paper(fleet, name)
    home = fleet.owner_of(site)
    away = (home + 1) % SHARDS
    with monkeypatch.context() as patched:
        patched.setattr(Departure, "give_up", stop)
        with pytest.raises(Stopped):
            move(fleet, site, away, ())
    return home, away


def test_split_spares_a_fleet_in_which_a_move_was_stopped(fleet: FleetFolder, tmp_path: Path):
    """It deleted all shards of the fleet, because it took the plan of the move for one of its own."""
    before = articles(fleet)
    MovingPlan((site_of_paper(fleet, "north"),), (0, 1)).write(fleet.path)
    other = make_archive(tmp_path / "other")
    with papers(other):
        assert crawl(other, *WITHOUT_PARTS).returncode in (0, 1)
    done = morgue("fleet", "split", other, "--shards", "4", "--into", fleet.path)
    assert done.returncode == 2
    assert "is a fleet already" in done.stderr
    assert articles(fleet) == before
    (fleet.path / "fleet.toml").unlink()
    done = morgue("fleet", "split", other, "--shards", "4", "--into", fleet.path)
    assert "exists already, and is not empty" in done.stderr
    MovingPlan((f"{uuid.uuid4()} 1 1",), (4,), str(uuid.uuid4())).write(fleet.path)
    done = morgue("fleet", "split", other, "--shards", "4", "--into", fleet.path)
    assert done.returncode == 2
    assert "is being made of another archive, and that was stopped" in done.stderr
    assert articles(fleet) == before


def test_moves_are_made_one_after_the_other(fleet: FleetFolder):
    """Each reads what the one before has written; at the same time, the second one is refused."""
    sites = [site_of_paper(fleet, name) for name in ("north", "west")]
    targets = [(fleet.owner_of(site) + 1) % SHARDS for site in sites]
    lock = ArchiveLock(fleet.path / LOCK_NAME)
    done = morgue("-C", fleet.path, "fleet", "move", sites[0], "--to", str(targets[0]))
    lock.release()
    assert done.returncode == 4
    assert "is being written by process" in done.stderr
    for site, target in zip(sites, targets, strict=True):
        assert move(fleet, site, target, ()) is not None  # with the fleet as it was before both
    assert folder_of(fleet.path).moved == dict(zip(sites, targets, strict=True))
    assert sum(sum(one.values()) for one in articles(fleet)) == 4 * STORIES


def test_another_move_that_was_stopped_is_named(fleet: FleetFolder):
    """It was said of a site that it is in the shard already from which the other one moves."""
    north, west = (site_of_paper(fleet, name) for name in ("north", "west"))
    home = fleet.owner_of(north)
    target = next(number for number in range(SHARDS) if number != home)
    MovingPlan((north,), (home, target)).write(fleet.path)
    for to in (home, target):
        done = morgue("-C", fleet.path, "fleet", "move", west, "--to", str(to))
        assert done.returncode == 2
        assert f"finish it first: morgue fleet move {north} --to {target}" in done.stderr


def test_reader_is_told_of_a_site_that_is_in_two_shards(fleet: FleetFolder, monkeypatch: pytest.MonkeyPatch):
    """Exports are refused, because they would have articles twice; after the move all is as before."""
    before = morgue("-C", fleet.path, "count", "--by", "source", "--format", "json")
    assert before.returncode == 0
    _, away = stop_before_leaving(fleet, monkeypatch, "north")
    counted = morgue("-C", fleet.path, "count", "--by", "source")
    assert counted.returncode == 1
    assert "what there is of it may be counted twice" in counted.stderr
    exported = morgue("-C", fleet.path, "export", "jsonl", fleet.path / "all.jsonl")
    assert exported.returncode == 4
    assert f"finish it: morgue fleet move {site_of_paper(fleet, 'north')} --to {away}" in exported.stderr
    assert morgue("-C", fleet.path, "fleet", "move", "north", "--to", str(away)).returncode == 0
    after = morgue("-C", fleet.path, "count", "--by", "source", "--format", "json")
    assert (after.returncode, after.stdout) == (0, before.stdout)
    assert morgue("-C", fleet.path, "export", "jsonl", fleet.path / "all.jsonl").returncode == 0


@pytest.mark.parametrize(
    "text",
    ["what = []\nshards = []\nid = ''\nstep = 'copying'\ndone = []\n", "", "\udcff\udcfe",
     "what = ['a']\nshards = [0, 1]\nid = ''\nstep = 'flying'\ndone = []\n"],
    ids=["empty lists", "nothing", "no text", "unknown step"],
)  # fmt: skip
def test_damaged_plan_stops_what_would_write(fleet: FleetFolder, text: str):
    """By its name, and without a traceback."""
    (fleet.path / PLAN_NAME).write_bytes(text.encode(errors="surrogateescape"))
    for words in (["fleet", "move", "north", "--to", "0"], ["crawl", "north"]):
        done = morgue("-C", fleet.path, *words)
        assert done.returncode == 7
        assert f"{PLAN_NAME}: does not say what is being moved" in done.stderr


def test_site_leaves_the_bucket_only_after_its_copy_is_there(
    fleet: FleetFolder, tmp_path: Path, object_server: ObjectServer, monkeypatch: pytest.MonkeyPatch
):
    """Another machine can restore both shards in the middle of a move and after it; it learns of the move, too."""
    bucket = f"s3://morgue-tests/{uuid.uuid4()}"
    ObjectStore(bucket_address(bucket, object_server.endpoint)).put("started", b"")
    settings = fleet.path / SETTINGS_NAME
    text = settings.read_text()
    for key, value in (("bucket", f'"{bucket}"'), ("endpoint", f'"{object_server.endpoint}"'), ("lease", "2")):
        text = re.sub(rf"(?m)^#{key} = .*", f"{key} = {value}", text, count=1)
    settings.write_text(text)
    assert morgue("-C", fleet.path, "ship", "--all").returncode == 0
    others = {}
    for name in ("during", "after"):
        others[name] = fleet._replace(path=tmp_path / name)
        others[name].path.mkdir()
        for one in (SETTINGS_NAME, "fleet.toml"):
            shutil.copy(fleet.path / one, others[name].path)
        shutil.copytree(fleet.path / "sources", others[name].path / "sources")

    home, away = stop_before_leaving(fleet, monkeypatch, "north")
    assert morgue("-C", others["during"].path, "--shard", str(away), "restore").returncode == 0
    assert articles(others["during"])[away]["north"] == STORIES
    assert morgue("-C", others["during"].path, "--shard", str(away), "verify").returncode == 0

    assert move(fleet, site_of_paper(fleet, "north"), away, ()) is not None
    for number in (home, away):
        done = morgue("-C", others["after"].path, "--shard", str(number), "restore")
        assert done.returncode == 0, done.stdout + done.stderr
        assert morgue("-C", others["after"].path, "--shard", str(number), "verify").returncode == 0
    assert articles(others["after"])[away]["north"] == STORIES
    assert "north" not in articles(others["after"])[home]
    assert folder_of(others["after"].path).owner_of(site_of_paper(fleet, "north")) == away


def test_machine_that_does_not_know_of_a_move_learns_of_it(
    fleet: FleetFolder, tmp_path: Path, object_server: ObjectServer
):
    """Before it writes anything; the same command again goes well."""
    bucket = f"s3://morgue-tests/{uuid.uuid4()}"
    ObjectStore(bucket_address(bucket, object_server.endpoint)).put("started", b"")
    options = ("-s", f"storage.bucket='{bucket}'", "-s", f"storage.endpoint='{object_server.endpoint}'")
    options = (*options, "-s", "storage.lease=2")
    shutil.copytree(fleet.path, tmp_path / "other")
    site = site_of_paper(fleet, "north")
    home = fleet.owner_of(site)
    away = (home + 1) % SHARDS
    assert morgue("-C", fleet.path, "fleet", "move", "north", "--to", str(away), *options).returncode == 0
    third = ("-C", tmp_path / "other", "--shard", str((home + 2) % SHARDS))
    for code in (4, 0):
        done = morgue(*third, "crawl", *options)
        assert done.returncode == code, done.stderr
        assert ("did not know of 1 move of a site" in done.stderr) == (code == 4)
        assert folder_of(tmp_path / "other").owner_of(site) == away
