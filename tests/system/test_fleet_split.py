"""Test that an archive becomes a fleet, and a source moves between shards, with nothing lost and nothing twice."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import tomllib
from contextlib import closing
from pathlib import Path

import pytest

from pipelines.fleet.layout import fleet_at
from pipelines.fleet.numbers import RANGE, shard_of_number
from tests.support.command import LOOPBACK, TABLES, morgue, rows, start, tables
from tests.support.several_papers import HOSTS, make_crawled, papers
from tests.support.warc_files import walk

pytestmark = pytest.mark.slow

OF_EACH = ("journal", "shard", "number_floors")  # tables that each archive has for itself
# Columns in which a row may differ after it was copied.
MOVED = {"captures": ("file", "offset"), "frontier": ("claimed_by",)}


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Path:
    return make_crawled(tmp_path_factory.mktemp("split") / "archive")


@pytest.fixture(scope="module")
def whole_fleet(archive) -> Path:
    target = archive.with_name("fleet")
    before = files_of(archive)
    done = morgue("fleet", "split", archive, "--shards", "3", "--into", target)
    assert done.returncode == 0, done.stderr
    assert files_of(archive) == before
    return target


@pytest.fixture
def fleet(whole_fleet, tmp_path) -> Path:
    return Path(shutil.copytree(whole_fleet, tmp_path / "fleet"))


def files_of(folder: Path) -> dict[str, bytes]:
    """Return the files of an archive that hold what it has."""
    paths = [folder / "manifest.jsonl", *sorted((folder / "warc").iterdir()), *sorted((folder / "sources").iterdir())]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def contents(*shards: Path, shared: bool = True) -> dict[str, set[tuple]]:
    """Return the rows of archives together, by table, without what differs by nature."""
    found: dict[str, set[tuple]] = {}
    for shard in shards:
        for table in (*TABLES, "hosts", "robots_files", "source_health", "changed_lines", "listing_entries"):
            if table in OF_EACH:
                continue
            leave = (*MOVED.get(table, ()), "place", *(() if shared else ("source_id",)))
            names = [row[1] for row in rows(shard, f"PRAGMA table_info({table})") if row[1] not in leave]
            found.setdefault(table, set()).update(rows(shard, f"SELECT {', '.join(names)} FROM {table}"))
    return found


def shards_of(fleet: Path) -> list[Path]:
    found = fleet_at(fleet)
    assert found is not None
    return found.shard_paths()


def owners(fleet: Path) -> dict[str, int]:
    """Return which shard has each source."""
    return {
        name: number
        for number, shard in enumerate(shards_of(fleet))
        for (name,) in rows(shard, "SELECT name FROM sources")
    }


def verified(*archives: Path) -> None:
    for path in archives:
        done = morgue("-C", path, "verify")
        assert done.returncode == 0, done.stdout + done.stderr


def bodies(*archives: Path) -> set[tuple[str, bytes]]:
    """Return every record of an exchange: its id and its block."""
    return {
        (one.headers.get("WARC-Record-ID"), one.block)
        for path in archives
        for file in sorted((path / "warc").glob("*.warc.gz"))
        for one in walk(file)
        if one.headers.get("WARC-Type") in ("request", "response", "revisit")
    }


def test_archive_has_what_is_to_be_split(archive):
    """Otherwise the tests below would show little."""
    assert rows(archive, "SELECT count(*), max(revision) FROM articles") == [(18 + len(HOSTS) // 2, 2)]
    assert rows(archive, "SELECT count(*) > 1 FROM captures WHERE record_type = 'revisit'") == [(1,)]
    assert rows(archive, "SELECT count(*) FROM removals") == [(2,)]
    assert rows(archive, "SELECT count(*) > 1 FROM captures WHERE imported IS NOT NULL") == [(1,)]
    assert rows(archive, "SELECT count(*) > 9 FROM page_parts") == [(1,)]


def test_shards_have_every_row_and_record_and_none_is_there_that_was_not(archive, whole_fleet):
    """Row for row; a capture that a shard needs of another site has no source there."""
    before, after = contents(archive, shared=False), contents(*shards_of(whole_fleet), shared=False)
    assert {name: after[name] ^ kept for name, kept in before.items() if after[name] != kept} == {}
    own = contents(*shards_of(whole_fleet))
    for table, kept in contents(archive).items():
        assert kept <= own[table], table
    assert bodies(archive) == bodies(*shards_of(whole_fleet))
    assert len(set(owners(whole_fleet).values())) > 1
    assert sorted(owners(whole_fleet)) == sorted(HOSTS)


def test_each_shard_verifies_and_is_rebuilt_equal_to_itself(fleet):
    """A shard is an archive like any other: its files alone are enough."""
    verified(*shards_of(fleet))
    for shard in shards_of(fleet):
        before = tables(shard / "morgue.db")
        done = morgue("-C", shard, "rebuild")
        assert done.returncode == 0, done.stdout + done.stderr
        after = tables(shard / "morgue.db")
        assert {name for name in before if before[name] != after[name]} == set()


def test_shards_go_on_with_numbers_of_their_own(fleet, archive):
    """Also the first shard, whose range has the numbers of the archive, gives none of them again."""
    given = {table: {row[0] for row in rows(archive, f"SELECT id FROM {table}")} for table in ("articles", "captures")}
    with papers(fleet) as served:
        urls = [f"{url}/notice.html" for url, _ in served.values()]
        folder = fleet_at(fleet)
        assert folder is not None
        owned = {number: [url for url in urls if folder.owner_of_url(url) == number] for number in range(3)}
        for number, shard in enumerate(shards_of(fleet)):
            if not owned[number]:
                continue
            before = {row[0] for row in rows(shard, "SELECT id FROM captures")}
            done = morgue("-C", shard, "crawl", *LOOPBACK, "--urls", "-", stdin="\n".join(owned[number]))
            assert done.returncode in (0, 1), done.stderr
            new = {row[0] for row in rows(shard, "SELECT id FROM captures")} - before
            assert new
            assert {shard_of_number(one) for one in new} == {number}
            assert not new & given["captures"]
    first = shards_of(fleet)[0]
    assert rows(first, "SELECT highest FROM number_floors WHERE name = 'articles'") == [(max(given["articles"]),)]
    assert all(one < RANGE for one in given["articles"])


def test_source_moves_there_and_back(fleet):
    """The other shard has all of it then, the first one nothing but what its other sites need; and numbers stay."""
    home = owners(fleet)["south"]
    away = (home + 1) % 3
    paths = shards_of(fleet)
    for path in paths:  # as if south had been the first to show the picture that all have
        with closing(sqlite3.connect(path / "morgue.db")) as db, db:
            db.execute("UPDATE frontier SET source_id = (SELECT id FROM sources WHERE name = 'south') "
                       "WHERE url LIKE '%/shared.png'")  # fmt: skip
    before = contents(*paths)
    original = contents(paths[home])
    done = morgue("-C", fleet, "fleet", "move", "south", "--to", str(away))
    assert done.returncode == 0, done.stderr
    assert owners(fleet)["south"] == away
    ((site, number),) = tomllib.loads((fleet / "fleet.toml").read_text())["moved"].items()
    assert (site.partition(":")[0], number) == (HOSTS["south"], away)
    together = contents(*paths)
    for table, kept in before.items():
        assert kept <= together[table], table
    assert rows(paths[home], "SELECT count(*) FROM articles WHERE url LIKE ?", f"http://{HOSTS['south']}%") == [(0,)]
    verified(*paths)
    for number in (home, away):
        kept = tables(paths[number] / "morgue.db")
        copy = Path(shutil.copytree(paths[number], fleet.parent / "copies" / f"{number:03}"))
        assert morgue("-C", copy, "rebuild").returncode == 0
        again = tables(copy / "morgue.db")
        assert {name for name in kept if kept[name] != again[name]} == set()
    done = morgue("-C", fleet, "fleet", "move", f"http://{site}/", "--to", str(home))
    assert done.returncode == 0, done.stderr
    back = contents(paths[home])
    assert {name: back[name] ^ kept for name, kept in original.items() if back[name] != kept} == {}
    assert "moved" not in tomllib.loads((fleet / "fleet.toml").read_text())
    verified(*paths)


def test_row_that_moves_takes_the_place_of_one_about_its_address(fleet):
    """A page of another site had led there: that row would keep out the visits of the source."""
    home = owners(fleet)["south"]
    paths, away = shards_of(fleet), (home + 1) % 3
    before = contents(paths[home])["frontier"]
    ((key, url, host),) = rows(
        paths[home],
        """SELECT f.url_key, f.url, f.host FROM frontier f JOIN sources s ON s.id = f.source_id
            WHERE s.name = 'south' AND f.kind = 'article' LIMIT 1""",
    )
    with closing(sqlite3.connect(paths[away] / "morgue.db")) as db, db:
        columns = [row[1] for row in db.execute("PRAGMA table_info(frontier)")]
        values = {"id": str(away * RANGE + 900_000), "url_key": "?1", "url": "?2", "host": "?3", "source_id": "NULL"}
        selected = ", ".join(values.get(name, name) for name in columns)
        db.execute(
            f"INSERT INTO frontier ({', '.join(columns)}) SELECT {selected}"
            " FROM frontier WHERE kind = 'article' LIMIT 1",
            (key, url, host),
        )
    assert morgue("-C", fleet, "fleet", "move", "south", "--to", str(away)).returncode == 0
    moved = {row for row in before if any(HOSTS["south"] in str(value) for value in row)}
    assert moved
    assert moved <= contents(paths[away])["frontier"]
    verified(*paths)


@pytest.mark.parametrize("seconds", [pytest.param(0.7, marks=pytest.mark.exhaustive), 1.3])
def test_killed_split_and_move_go_on(archive, tmp_path, seconds):
    """The same command again ends as if nothing had happened."""
    target = tmp_path / "fleet"
    for _ in range(2):
        kill_after(seconds, "fleet", "split", archive, "--shards", "3", "--into", target)
    assert morgue("fleet", "split", archive, "--shards", "3", "--into", target).returncode == 0
    home = owners(target)["east"]
    before = contents(*shards_of(target))
    move = ("-C", target, "fleet", "move", "east", "--to", str((home + 2) % 3))
    for _ in range(2):
        kill_after(seconds, *move)
    assert morgue(*move).returncode == 0
    assert owners(target)["east"] == (home + 2) % 3
    after = contents(*shards_of(target))
    assert {name: kept - after[name] for name, kept in before.items() if not kept <= after[name]} == {}
    assert not (target / "fleet.moving.toml").exists()
    verified(*shards_of(target))


def kill_after(seconds: float, *args: str | Path) -> None:
    running = start(*args)
    try:
        running.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate(timeout=60)
