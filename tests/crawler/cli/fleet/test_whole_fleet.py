"""Test commands on a fleet that work as they do on an archive: those that need only its settings, and imports."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from pipelines.fleet.layout import fleet_at
from tests.support import foreign
from tests.support.command import make_archive, morgue, rows

SHARDS = 3


@pytest.fixture
def fleet(tmp_path: Path) -> SimpleNamespace:
    """Make a fleet with the file of a source in each shard, none of which was crawled."""
    path = make_archive(tmp_path / "fleet", f"--shards={SHARDS}")
    folder = fleet_at(path)
    assert folder is not None
    sites: dict[int, str] = {}
    for number in range(100):
        sites.setdefault(folder.owner_of(site := f"site{number}.example"), site)
    names = {shard: site.partition(".")[0] for shard, site in sites.items()}
    for shard, name in names.items():
        listing = f'feeds = ["https://{sites[shard]}/feed"]\n'
        (path / "sources" / f"{name}.toml").write_text(f'url = "https://{sites[shard]}/"\n{listing}')
    return SimpleNamespace(path=path, folder=folder, sites=sites, names=names)


def test_commands_on_settings_answer_for_all_shards_at_once(fleet, tmp_path):
    """They print no line for each shard, and write nothing into a shard."""
    names = list(fleet.names.values())
    twice = fleet.path / "sources" / f"{names[0]}.toml"
    twice.write_text(f'{twice.read_text()}sitemaps = ["https://{fleet.sites[1]}/feed"]\n')
    listed = morgue("-C", fleet.path, "sources", "export", "--format", "csv").stdout
    assert sorted(line.partition(",")[0] for line in listed.splitlines()[1:]) == sorted(names)
    checked = morgue("-C", fleet.path, "sources", "check")
    assert (checked.returncode, checked.stdout.count("no mistakes"), "shard" in checked.stdout) == (1, 2, False)
    planned = morgue("-C", fleet.path, "schedule", "--cron")
    assert f"-C {fleet.path} crawl --quiet" in planned.stdout.splitlines()[-1]
    assert morgue("-C", fleet.path, "sources", "pause", *names).returncode == 0
    assert all("paused = true" in file.read_text() for file in (fleet.path / "sources").glob("site*.toml"))
    hook = tmp_path / "hook"
    hook.write_text(f"#!/bin/sh\ncat >> {tmp_path / 'told'}\n")
    hook.chmod(0o700)
    assert morgue("-C", fleet.path, "health", "--notify", hook, "--test").returncode == 0
    assert "test" in (tmp_path / "told").read_text()
    assert not any(rows(path, "SELECT 1 FROM crawls") for path in fleet.folder.shard_paths())


def test_source_that_no_shard_knows_is_named_before_any_begins(fleet):
    """Whoever runs the command is told what there is, and no shard is locked; one that is known answers alone."""
    for words in (("crawl", "nosuch"), ("--shard", "1", "crawl", "nosuch"), ("sources", "show", "nosuch")):
        done = morgue("-C", fleet.path, *words)
        assert done.returncode == 8
        assert done.stderr.startswith("morgue: nosuch: is not a source of this archive")
        assert all(name in done.stderr for name in fleet.names.values())
    assert not any(rows(path, "SELECT 1 FROM crawls") for path in fleet.folder.shard_paths())
    shown = morgue("-C", fleet.path, "sources", "show", fleet.names[1])
    assert (shown.returncode, shown.stdout.split()[0]) == (0, fleet.names[1])
    renamed = morgue("-C", fleet.path, "sources", "rename", fleet.names[1], "other")
    assert renamed.stdout == f"{fleet.names[1]} is other now\n"


def test_import_puts_each_capture_into_the_shard_of_its_site(fleet, tmp_path):
    """Read a list on standard input for each; a source that names a site of another shard has its pages.

    No record is in two shards, and a shard that is named takes only what is its own.
    """
    foreign_site = next(f"more{n}.example" for n in range(100) if fleet.folder.owner_of(f"more{n}.example") == 1)
    source = fleet.path / "sources" / f"{fleet.names[0]}.toml"
    source.write_text(f'{source.read_text()}sites = ["{foreign_site}"]\n')
    hosts = {**fleet.sites, SHARDS: f"www.{foreign_site}"}
    file = tmp_path / "theirs.warc.gz"
    text = foreign.answer(b"some words", b"Content-Type: text/plain")
    file.write_bytes(
        foreign.gz(
            [
                foreign.warcinfo(),
                *(foreign.record("response", f"https://{host}/notes.txt", text) for host in hosts.values()),
            ]
        )
    )
    assert morgue("-C", fleet.path, "--shard", "2", "import", file).returncode == 0
    done = morgue("-C", fleet.path, "import", "-", stdin=f"{file}\n")
    assert done.returncode == 0, done.stderr
    found = [
        [url for (url,) in rows(path, "SELECT url FROM captures WHERE status = 200 ORDER BY id")]
        for path in fleet.folder.shard_paths()
    ]
    assert found == [
        [f"https://{hosts[number]}/notes.txt" for number in numbers] for numbers in ((0, SHARDS), (1,), (2,))
    ]


def test_mistake_in_the_settings_of_a_fleet_is_said_once(tmp_path):
    """Its shards have one file of settings."""
    path = make_archive(tmp_path / "fleet", "--shards=3")
    (path / "morgue.toml").write_text("[crawl]\ndelay = 'fast'\n")
    assert morgue("-C", path, "health").stderr.count("warning: ") == 1
