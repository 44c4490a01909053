"""Test commands on a fleet: which shards they run for, what they print, and their exit codes."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from crawler.cli.fleet.each_shard import exit_code
from crawler.cli.fleet.progress import ShardProgress
from crawler.cli.fleet.shard_item import run_shard, words_of_shard
from crawler.cli.fleet.typed_files import words_for_elsewhere
from pipelines.core.errors import ConfigError
from pipelines.fleet.layout import FleetFolder, fleet_at
from tests.support.command import LOOPBACK, crawl, make_archive, morgue, rows, start
from tests.support.dask_cluster import DaskCluster
from tests.support.small_paper import SmallPaper, serving
from tests.support.waiting import wait_until

SHARDS = 3


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[SimpleNamespace]:
    """Make a fleet, and serve two papers of two of its shards."""
    path = make_archive(tmp_path / "fleet", f"--shards={SHARDS}")
    folder = fleet_at(path)
    assert folder is not None
    with ExitStack() as servers:
        papers: dict[int, SmallPaper] = {}
        while len(papers) < 2:  # the port of a server is in the name of its site
            paper = servers.enter_context(serving())
            papers.setdefault(folder.owner_of_url(paper.url), paper)
        for number, paper in papers.items():
            paper.watch(path, f"paper{number}")
        yield SimpleNamespace(path=path, folder=folder, papers=papers, empty=({*range(SHARDS)} - papers.keys()).pop())


def stories(folder: FleetFolder) -> dict[int, list[str]]:
    """Return the sources of the articles of each shard."""
    query = "SELECT s.name FROM articles a JOIN sources s ON s.id = a.source_id"
    return {number: [name for (name,) in rows(path, query)] for number, path in enumerate(folder.shard_paths())}


def test_each_paper_is_crawled_by_the_shard_that_owns_it(fleet):
    """With one command; a second one finds nothing due, and all shards verify."""
    done = crawl(fleet.path)
    assert done.returncode in (0, 1), done.stderr
    assert stories(fleet.folder) == {
        number: [f"paper{number}"] * 3 if number in fleet.papers else [] for number in range(SHARDS)
    }
    named = [line for line in done.stdout.splitlines() if line.startswith("shard ")]
    assert sorted(named) == [f"shard {number:03}" for number in range(SHARDS)]
    asked = {number: len(paper.asked) for number, paper in fleet.papers.items()}
    again = crawl(fleet.path)
    assert again.returncode == 0, again.stdout
    assert {number: len(paper.asked) for number, paper in fleet.papers.items()} == asked
    shown = json.loads(morgue("-C", fleet.path, "fleet", "status", "--format", "json").stdout)
    assert [shard["articles"] for shard in shown] == [3 if number in fleet.papers else 0 for number in range(SHARDS)]
    assert {shard["state"] for shard in shown} == {"idle"}
    assert {shard["warc_files"] + shard["unfinished"] for shard in shown} == {1}  # without pages, the journal
    checked = morgue("-C", fleet.path, "verify", "--format", "json")
    assert checked.returncode == 0
    assert [shard["well"] for shard in json.loads(checked.stdout)["shards"].values()] == [True] * SHARDS


def test_takedown_of_targets_in_two_shards_removes_both(fleet):
    """Each shard removes its own; a target that no shard has is named, and nothing is removed.

    The pages come from a list on standard input, whose report has the rows of both shards in their order.
    """
    (one, paper), (other, second) = fleet.papers.items()
    listed = [url for pair in zip(paper.stories, second.stories, strict=True) for url in pair]
    report = fleet.path / "report.csv"
    done = crawl(fleet.path, "--urls", "-", "--report", report, stdin="\n".join([*listed, "no address"]))
    assert done.returncode == 1, done.stderr
    told = list(csv.DictReader(report.open(newline="")))
    assert [(row["input"], row["outcome"]) for row in told[:-1]] == [(url, "new") for url in listed]
    assert [int(row["article"]) // 10**10 for row in told[:-1]] == [one, other] * 3
    assert (told[-1]["outcome"], list(fleet.path.glob("report.csv.*"))) == ("not an address", [])
    urls = [listed[0], listed[1]]
    remove = ("-C", fleet.path, "remove", *urls, "--reason", "asked", "--yes")
    done = morgue(*remove, "https://nobody.example/")
    assert (done.returncode, "nobody.example" in done.stderr) == (8, True)
    assert {len(found) for number, found in stories(fleet.folder).items() if number in fleet.papers} == {3}
    assert morgue(*remove).returncode == 0
    assert {len(found) for number, found in stories(fleet.folder).items() if number in fleet.papers} == {2}


def test_named_source_or_address_goes_to_its_shard_alone(fleet):
    """By name, by address, and by a list; nothing is asked of the other paper."""
    (one, paper), (other, _) = fleet.papers.items()
    done = crawl(fleet.path, f"paper{one}", "--limit", "1")
    assert f"shard {one:03}" in done.stdout
    assert f"shard {other:03}" not in done.stdout
    assert crawl(fleet.path, paper.stories[1]).returncode == 0
    list_file = fleet.path / "list.txt"
    list_file.write_text("\n".join(paper.stories))
    assert crawl(fleet.path, "--urls", list_file).returncode == 0
    assert {number: len(found) for number, found in stories(fleet.folder).items() if found} == {one: 3}
    assert fleet.papers[other].asked == []


def test_shards_are_crawled_on_a_dask_cluster(fleet, tmp_path):
    """Each on one of its workers, which find the fleet by its id; --part leaves the others to other processes.

    A list is found by the workers although its path is relative. What begins and ends is told as it happens.
    """
    cluster = DaskCluster(tmp_path / "dask")
    (tmp_path / "list.txt").write_text("\n".join(paper.stories[0] for paper in fleet.papers.values()))
    try:
        done = crawl(fleet.path, "--on", cluster.address, "--urls", "list.txt", cwd=tmp_path)
        assert done.returncode in (0, 1), done.stderr
        for number in fleet.papers:
            assert f"shard {number:03}: begins on tcp://127.0.0.1:" in done.stderr
        assert re.search(r"shard \d{3}: ended after \d+ s, exit code \d \(2 of 2\)", done.stderr)
        assert {number for number, found in stories(fleet.folder).items() if found} == fleet.papers.keys()
        number = next(iter(fleet.papers))
        done = crawl(fleet.path, f"paper{number}", "--on", cluster.address)
        assert f"shard {number:03}: begins on tcp://127.0.0.1:" in done.stderr, done.stderr
        assert re.search(rf"shard {number:03}: ended after \d+ s, exit code \d \(1 of 1\)", done.stderr)
    finally:
        cluster.close()
    parts = [morgue("-C", fleet.path, "upgrade", "--part", f"{number}/2").stdout for number in range(2)]
    named = [[line for line in part.splitlines() if line.startswith("shard")] for part in parts]
    assert named == [["shard 000", "shard 002"], ["shard 001"]]


def test_shard_whose_worker_died_begins_again(capsys):
    """Both beginnings are told, and that the second is one."""
    progress = ShardProgress(1, is_told=True)
    progress.began(3, "tcp://one")
    progress.began(3, "tcp://two")
    told = capsys.readouterr().err
    assert told == "shard 003: begins on tcp://one\nshard 003: begins again on tcp://two\n"


def test_worker_with_another_fleet_refuses_the_shard(fleet, monkeypatch):
    """Its folder is named, and the variable that says which one to use."""
    argument = {"fleet": "another id", "path": str(fleet.path), "shard": 0, "words": ["verify"]}
    with pytest.raises(ConfigError, match="is another fleet"):
        run_shard(argument)
    monkeypatch.setenv("MORGUE_ARCHIVE", str(fleet.folder.shard_path(0)))
    with pytest.raises(ConfigError, match="is no fleet"):
        run_shard(argument)


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("-C a crawl --on tcp://h:1 paper", "crawl paper"),
        ("crawl -Ca --on=tcp://h:1 --part=0/2 --at-once 3 --limit 5", "crawl --limit 5"),
        ("search -- -C --on x", "search -- -C --on x"),
    ],
)
def test_shard_gets_the_words_that_do_not_say_where(words, left):
    """On another machine the fleet may have another path."""
    assert words_of_shard(words.split()) == left.split()


def test_place_of_work_is_refused_where_it_means_nothing(fleet):
    """An archive that is no fleet runs here, and a cluster beyond this machine needs TLS."""
    done = morgue("-C", fleet.folder.shard_path(0), "verify", "--part", "0/2")
    assert done.returncode == 2
    assert "is none" in done.stderr
    done = morgue("-C", fleet.path, "crawl", "--on", "tcp://192.0.2.1:8786")
    assert done.returncode == 2
    assert "TLS" in done.stderr


def test_source_of_another_shard_is_refused_by_name(fleet):
    """Crawled there, its articles would be in two places."""
    (one, paper), (other, _) = fleet.papers.items()
    for name in (paper.url, paper.stories[0], f"paper{one}"):
        done = crawl(fleet.path, "--shard", str(other), name)
        assert done.returncode == 2
        assert f"belongs to shard {one} of this fleet" in done.stderr
    assert paper.asked == []


def test_new_source_is_added_to_its_shard(fleet):
    """And gets a name that no source of another shard has."""
    (one, paper), _ = fleet.papers.items()
    (fleet.path / "sources" / f"paper{one}.toml").unlink()
    taken = fleet.path / "sources" / "127.0.0.1.toml"
    taken.write_text(f'url = "https://{site_of(fleet, fleet.empty)}/"\n')
    done = morgue("-C", fleet.path, "add", paper.url, *LOOPBACK)
    assert done.returncode == 0, done.stderr
    (name,) = [name for (name,) in rows(fleet.folder.shard_path(one), "SELECT name FROM sources")]
    assert name != "127.0.0.1"
    assert (fleet.path / "sources" / f"{name}.toml").is_file()
    assert taken.read_text().startswith('url = "https://site')


def site_of(fleet: Any, shard: int) -> str:
    """Return a site that a shard owns."""
    return next(f"site{n}.example" for n in range(100) if fleet.folder.owner_of(f"site{n}.example") == shard)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("crawl", "--urls", "-", "--on", "tcp://127.0.0.1:1"), "cannot read standard input"),
        (
            ("crawl", "--urls", "list.txt", "--report", "out.csv", "--on", "tcp://127.0.0.1:1"),
            "is written on this machine",
        ),
        (("import", "list.txt", "--on", "tcp://127.0.0.1:1"), "is relative to the folder you are in"),
        (("crawl", "--time-limit", "1h"), "needs --on"),
        (("import", "no-such.warc.gz"), "No such file"),
        (("--shard", "9", "search", "x"), "shards 0 to 2"),
    ],
)
def test_command_that_cannot_run_on_a_fleet_says_so(tmp_path, words, said):
    """Exit code 2, and nothing is written into the folder of the fleet."""
    path = make_archive(tmp_path / "fleet", "--shards=3")
    before = sorted(path.iterdir())
    (tmp_path / "list.txt").write_text("https://paper.example/story\n")
    done = morgue("-C", path, *words, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count(said) == 1
    assert sorted(path.iterdir()) == before


def test_bucket_is_the_same_place_for_every_worker():
    """Readings in a bucket can be imported on a cluster; a folder is to have its whole path."""
    words = ["import", "--from-readings", "s3://lake/readings"]
    assert words_for_elsewhere(words, {"files": ("s3://lake/readings", "/data/readings")}) == words
    with pytest.raises(ConfigError, match="readings: is relative"):
        words_for_elsewhere(words, {"files": ("s3://lake/readings", "readings")})


def test_status_names_a_shard_that_cannot_be_read(tmp_path):
    """The others are shown, and the exit code is 1."""
    path = make_archive(tmp_path / "fleet", "--shards=2")
    (path / "shards" / "001" / "morgue.db").write_text("no database")
    done = morgue("-C", path, "fleet", "status")
    assert done.returncode == 1
    assert [line.split()[:2] for line in done.stdout.splitlines()[1:3]] == [["000", "idle"], ["001", "unreadable"]]
    assert "shard 001: " in done.stderr
    assert morgue("-C", path / "shards" / "000", "fleet", "status").returncode == 2


def test_shard_that_is_lost_is_never_called_well(tmp_path):
    """Its folder or database: each command names it and what brings it back; other shards are checked all the same."""
    path = make_archive(tmp_path / "fleet", "--shards=2")
    shutil.rmtree(path / "shards" / "001")
    done = morgue("-C", path, "verify")
    assert done.returncode == 7
    assert "`morgue --shard 1 restore`" in done.stderr
    assert "all is well" in done.stdout
    for command in ("crawl", "rebuild", "fleet status", "search x", "count", "health"):
        done = morgue("-C", path, *command.split())
        assert done.returncode in (1, 7), done.stderr
        assert "shards/001" in done.stderr or "shard 001" in done.stderr
        assert "`morgue --shard 1 restore`" in done.stderr, command
    assert not (path / "shards" / "001").exists()


def test_fleet_without_its_file_is_no_archive(tmp_path):
    """A crawl would make a second archive in its folder."""
    path = make_archive(tmp_path / "fleet", "--shards=2")
    (path / "fleet.toml").unlink()
    before = sorted(path.iterdir())
    for command in ("crawl", "search x", "verify"):
        done = morgue("-C", path, *command.split())
        assert done.returncode == 7
        assert "fleet.toml: is not there, and shards/ is" in done.stderr
    assert sorted(path.iterdir()) == before


@pytest.mark.slow
def test_watch_runs_for_all_shards_and_stops_all_of_them(fleet):
    """Lines carry the shard; Ctrl-C ends every watch cleanly."""
    process = start("-C", fleet.path, "watch", *LOOPBACK)
    try:
        wait_until(lambda: all(len(found) == 3 for n, found in stories(fleet.folder).items() if n in fleet.papers), 60)
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, err
    assert {line[:3] for line in (out + err).splitlines()} == {f"{number:03}" for number in range(SHARDS)}
    assert err.count("stopped: everything fetched is kept") == SHARDS


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ([0, 0], 0),
        ([3, 3], 3),
        ([0, 3], 1),
        ([8, 0], 0),
        ([8, 8], 8),
        ([0, 7, 1], 7),
        ([130, 7], 130),
        ([0, -9], 1),
        ([4, 0], 4),
    ],
)
def test_exit_code_sums_up_those_of_the_shards(codes, code):
    """A shard that was killed is a failure; one that does not know an article is none, if another knows it."""
    assert exit_code(dict(enumerate(codes))) == code
