"""The commands that read print of a fleet what they print of one archive, and name shards that cannot be read."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from exports import Archive, ArchiveDamaged
from exports.fleet.connections import ShardsLeftOut
from tests.support.command import morgue
from tests.support.counted_archive import build_counted
from tests.support.example_archive import build_example
from tests.support.fleet_archive import make_fleet
from tests.support.web_apps import web_apps

JSON = ("--format", "jsonl")
ASKED = (
    ("search", "climate", "--sort", "newest", *JSON), ("search", "nothingatall"), ("search", "clmate"),
    ("search", "report", "--kwic", "30", "--sort", "left", "--format", "csv"),
    ("search", "report", "--sort", "newest", "--facet", "source,month", "--format", "json"),
    ("search", "source:nobody"), ("search", "--source", "curier"),
    ("count", "climate", "report", "--by", "month"), ("count", "--by", "source,year", "--format", "csv"),
    ("show", "5"), ("show", "5", "--format", "json"), ("show", "5", "--captures"), ("show", "5", "--format", "html"),
    ("show", "999"), ("sources", *JSON), ("due", *JSON),
    ("export", "jsonl", "-"), ("export", "csv", "-", "--query", "report", "--since", "2022-03"),
    ("export", "urls", "-", "--source", "gazette"), ("export", "jsonl", "-", "--revisions", "all"),
    ("export", "jsonl", "-", "--sample", "7"), ("export", "jsonl", "-", "--without-reserved"),
)  # fmt: skip
OF_EDITS = (
    ("edits", *JSON), ("edits", "ferry", "--source", "gazette"), ("edits", "--gone", *JSON), ("diff", "1"),
    ("log", *JSON),
)  # fmt: skip


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("counted")
    one = build_counted(folder / "paper")
    return one, make_fleet(one, folder / "fleet" / "paper", 3).path


def test_commands_print_what_they_print_of_one_archive(folders: tuple[Path, Path], tmp_path: Path) -> None:
    """Each command, with and without filters; only the places of WARC files differ."""
    edited = build_example(tmp_path / "one" / "paper")
    fleet = make_fleet(edited, tmp_path / "fleet" / "paper", 3).path
    for asked, both in [*((one, folders) for one in ASKED), *((one, (edited, fleet)) for one in OF_EDITS)]:
        expected, got = (morgue("-C", archive, *asked) for archive in both)
        assert said(got, both[1]) == said(expected, both[0]), asked
    judged = json.loads(morgue("-C", fleet, "health", "--format", "json").stdout)
    assert [one["name"] for one in judged] == ["(shard 000)", "(shard 001)", "(shard 002)"]


def said(done: Any, folder: Path) -> tuple[str, str, int]:
    """Return what a command printed, without its time and the folder."""
    texts = (re.sub(r"\d+\.\d\d s", "", text.replace(str(folder), "")) for text in (done.stdout, done.stderr))
    return *texts, done.returncode  # type: ignore[return-value]


def test_packages_of_captures_hold_those_of_all_shards(folders: tuple[Path, Path], tmp_path: Path) -> None:
    """WARC and CDXJ, in one file."""
    digests = []
    for number, folder in enumerate(folders):
        out = tmp_path / f"{number}.warc.gz"
        done = morgue("-C", folder, "export", "warc", out, "--query", "report")
        assert done.returncode == 0, done.stderr
        records = gzip.decompress(out.read_bytes()).split(b"WARC/1.1\r\n")
        digests.append(sorted(record for record in records if b"WARC-Type: response" in record))
        manifest = json.loads((tmp_path / f"{number}.warc.gz.manifest.json").read_text())
        assert manifest["captures"] == len(digests[-1]) > 20
    assert digests[0] == digests[1]
    index = morgue("-C", folders[1], "export", "cdxj", "-")
    named = {json.loads(line.split(" ", 2)[2])["filename"] for line in index.stdout.splitlines()}
    assert len(named) == 3
    assert all((folders[1] / name).is_file() for name in named)
    refused = morgue("-C", folders[1], "export", "sqlite", tmp_path / "copy")
    assert "--shard K" in refused.stderr
    assert refused.returncode == 2


def test_shard_that_cannot_be_read_is_named(folders: tuple[Path, Path], tmp_path: Path) -> None:
    """The others are read, the exit code is 1, and no dataset is made without being told to."""
    folder = make_fleet(folders[0], tmp_path / "fleet", 3).path
    (folder / "shards" / "001" / "morgue.db").write_bytes(b"no database at all" * 300)
    done = morgue("-C", folder, "search", "report", "--limit", "0", "--format", "csv")
    assert "shard 001" in done.stderr
    assert "1 shard could not be read" in done.stderr
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) > 10
    assert morgue("-C", folder, "--shard", "0", "search", "report").returncode == 0
    refused = morgue("-C", folder, "export", "jsonl", tmp_path / "all.jsonl")
    assert refused.returncode == ArchiveDamaged.exit_code
    assert "--partial" in refused.stderr
    assert not (tmp_path / "all.jsonl").exists()
    made = morgue("-C", folder, "export", "jsonl", tmp_path / "all.jsonl", "--partial")
    assert made.returncode == 1
    assert json.loads((tmp_path / "all.jsonl.manifest.json").read_text())["shards_left_out"] == ["001"]
    with Archive(folder) as archive:
        with pytest.warns(ShardsLeftOut, match="001"):
            found = archive.search("report")
        assert len(found) > 10
        assert [path.name for path in archive.unreadable] == ["001"]


def test_view_shows_a_fleet(folders: tuple[Path, Path]) -> None:
    """Pages and JSON of a fleet are those of one archive."""
    with web_apps(folders[0]) as one_view, web_apps(folders[1]) as fleet_view:
        for path in ("/search.json?q=climate&sort=newest", "/article/5", "/article/5.json", "/article/5/compare.json",
                     "/captures/https://courier.example/2022/article-10", "/count.json?q=climate&by=source",
                     "/edits.json", "/sources", "/timemap/json/https://courier.example/2022/article-10"):  # fmt: skip
            one, fleet = one_view.get(path), fleet_view.get(path)
            assert (fleet.status, fleet.body) == (one.status, one.body), path
