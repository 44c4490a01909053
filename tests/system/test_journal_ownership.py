"""Test which journal counts at a rebuild, and in which order: files of another archive, an older database, a clock that
went back. The archives were crawled."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.archive.journal import journal_header
from pipelines.archive.writer import ArchiveWriter
from pipelines.core.errors import ArchiveDamaged
from pipelines.core.items import Source
from pipelines.database.store import ArticleStore
from pipelines.takedown.tombstone import MemberSpan, padded_member, write_copy
from pipelines.warc import manifest
from pipelines.warc.storage import WarcStorage
from tests.support.command import LOOPBACK, TABLES, crawl, make_archive, morgue, rows, start, tables
from tests.support.exchanges import write_small_exchange
from tests.support.newspaper import serve
from tests.support.waiting import let_a_day_pass, wait_until
from tests.support.warc_files import walk

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def crawled(tmp_path_factory) -> Path:
    """`ours`: crawled twice, with a copy of its database from between, `older.db`; `theirs`: crawled once."""
    folder = tmp_path_factory.mktemp("whose")
    with serve() as paper, serve() as another:
        for name, server in (("ours", paper), ("theirs", another)):
            archive = make_archive(folder / name)
            text = f'url = "{server.url}/"\nfeeds = ["{server.url}/feed.xml"]\n'
            (archive / "sources" / "gazette.toml").write_text(text)
            crawl(archive, "gazette", "--limit", "8")
        shutil.copy(folder / "ours" / "morgue.db", folder / "older.db")
        paper.correct()
        let_a_day_pass(folder / "ours")
        crawl(folder / "ours", "gazette", "--limit", "8")
    return folder


@pytest.fixture
def ours(crawled, tmp_path) -> Path:
    return Path(shutil.copytree(crawled / "ours", tmp_path / "ours"))


def lose(archive: Path, *names: str) -> None:
    for name in names:
        for path in archive.glob(name + "*"):
            path.unlink()


@pytest.mark.parametrize(
    "lost", [(), ("morgue.db",), ("morgue.db", manifest.NAME)], ids=["nothing", "the database", "the manifest too"]
)
def test_files_of_another_archive_change_no_row_of_ours(crawled, ours, lost):
    """Their articles are read, under numbers of ours; the command names the files."""
    before, (theirs,) = tables(ours / "morgue.db"), (crawled / "theirs" / "warc").iterdir()
    count = rows(crawled / "theirs", "SELECT count(*) FROM articles")[0][0]
    assert count > 2
    shutil.copy(theirs, ours / "warc")
    lose(ours, *lost)
    done = morgue("-C", ours, "rebuild")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "of another archive" in done.stdout
    assert theirs.name in done.stdout
    assert "morgue import" in done.stdout
    after = tables(ours / "morgue.db")
    for name in set(TABLES) - {"journal"}:
        assert after[name][: len(before[name])] == before[name], name
    assert after["journal"][0][:3] == before["journal"][0][:3]  # last, archive, used
    assert len(after["articles"]) == len(before["articles"]) + count
    assert len(after["crawls"]) == len(before["crawls"])
    assert morgue("-C", ours, "verify").returncode == 0
    # From here on they are ours, in our journal and under our id, even if the database is lost.
    ArchiveWriter(ours / "morgue.db", WarcStorage(ours / "warc"), info={}).close()
    settled = tables(ours / "morgue.db")
    lose(ours, "morgue.db")
    assert morgue("-C", ours, "rebuild").returncode == 0
    assert tables(ours / "morgue.db") == settled


def test_takedown_reaches_the_journal_of_another_archive(crawled, ours):
    """Row ids of another archive mean nothing here: rows are removed by their address, and rows without one are removed
    too."""
    (theirs,) = (crawled / "theirs" / "warc").iterdir()
    shutil.copy(theirs, ours / "warc")
    assert morgue("-C", ours, "rebuild").returncode == 0
    ((url, key),) = rows(crawled / "theirs", "SELECT url, url_key FROM articles ORDER BY id LIMIT 1")

    def told() -> list[tuple[str, dict]]:
        blocks = [one.block for one in walk(ours / "warc" / theirs.name) if journal_header(one.headers)]
        lines = [json.loads(line) for block in blocks for line in block.splitlines()]
        return [(name, row) for line in lines for name, row in line.items()]

    before = told()
    assert any(row.get("url_key") == key for _name, row in before)
    done = morgue("-C", ours, "remove", url, "--reason", "x", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    after = [one for one in told() if one[0] != "padding"]
    assert not any(row.get("url_key") == key for _name, row in after)
    assert not any(name == "revisions" for name, _row in after)
    other = [one for one in before if one[0] != "revisions" and one[1].get("url_key") != key]
    assert after == other
    assert morgue("-C", ours, "verify").returncode == 0


def test_older_database_is_refused_and_mended_by_a_rebuild(crawled, ours):
    """However short the time between: it lacks what was committed when a file was finished."""
    before = tables(ours / "morgue.db")
    lose(ours, "morgue.db")
    shutil.copy(crawled / "older.db", ours / "morgue.db")
    files = {path: path.read_bytes() for path in (ours / "warc").iterdir()}
    refused = crawl(ours, "gazette")
    assert refused.returncode == 7
    assert "older than the WARC files" in refused.stderr
    assert "`morgue rebuild`" in refused.stderr
    assert {path: path.read_bytes() for path in (ours / "warc").iterdir()} == files
    done = morgue("-C", ours, "rebuild")
    assert done.returncode == 0, done.stdout + done.stderr
    assert tables(ours / "morgue.db") == before


def test_database_of_another_archive_is_refused(crawled, ours):
    """It has seen more of its own journal than ours has."""
    lose(ours, "morgue.db")
    shutil.copy(crawled / "theirs" / "morgue.db", ours / "morgue.db")
    db = sqlite3.connect(ours / "morgue.db")
    with db:
        db.execute("UPDATE journal SET last = 99, used = 99")
    db.close()
    with pytest.raises(ArchiveDamaged, match="of another archive"):
        ArchiveWriter(ours / "morgue.db", WarcStorage(ours / "warc"), info={})


def test_crawl_that_fetched_nothing_survives_a_rebuild(ours):
    """No WARC file is begun for it; the database is asked before the files are."""
    files = sorted((ours / "warc").iterdir())
    archive_writer = ArchiveWriter(ours / "morgue.db", WarcStorage(ours / "warc"), info={})
    crawl_id = archive_writer.call(ArticleStore(archive_writer.db).begin_crawl, "crawl", "newsmorgue")
    archive_writer.call(ArticleStore(archive_writer.db).end_crawl, crawl_id, "done", {})
    archive_writer.close()
    assert sorted((ours / "warc").iterdir()) == files
    before = tables(ours / "morgue.db")
    done = morgue("-C", ours, "rebuild")
    assert done.returncode == 0, done.stdout + done.stderr
    assert tables(ours / "morgue.db")["crawls"] == before["crawls"]
    assert len(before["crawls"]) == 3


def test_crawl_without_the_lost_database_is_refused(ours):
    """Even where the manifest is lost too: a new database would number its journal from 1 again."""
    lose(ours, "morgue.db", manifest.NAME)
    done = crawl(ours, "gazette")
    assert done.returncode == 7
    assert "`morgue rebuild`" in done.stderr


def write(archive: Path, prefix: str, source: str) -> None:
    """Make one run: a capture, and a source that only the journal knows. The prefix acts as the clock in a name."""
    archive_writer = ArchiveWriter(archive / "morgue.db", WarcStorage(archive / "warc"), info={}, prefix=prefix)
    archive_writer.call(write_small_exchange, archive_writer)
    archive_writer.call(ArticleStore(archive_writer.db).source, Source("paper", f"https://{source}.example/"))
    archive_writer.close()


@pytest.mark.parametrize(
    ("lost_before", "lost_after"),
    [((), (manifest.NAME,)), ((manifest.NAME,), ())],
    ids=["the manifest is lost", "it was lost before the last run"],
)
def test_journal_numbers_decide_the_order_of_files(tmp_path, lost_before, lost_after):
    """The clock was set back between runs, so the names of the files lie about it."""
    archive = make_archive(tmp_path / "archive")
    for prefix, source in (("m", "first"), ("z", "second")):
        write(archive, prefix, source)
    lose(archive, *lost_before)
    write(archive, "a", "third")
    before = tables(archive / "morgue.db")
    assert before["sources"][0][2] == "https://third.example/"
    lose(archive, "morgue.db", *lost_after)
    assert morgue("-C", archive, "rebuild").returncode == 0
    assert tables(archive / "morgue.db") == before
    names = [name[0] for name in manifest.load(archive / manifest.NAME)]
    assert names == ["m", "z", "a"]


def as_of_before(archive: Path) -> None:
    """Make an archive one of before there were ids: in its files, its manifest and its database."""
    storage = WarcStorage(archive / "warc")
    for path in storage.folder.iterdir():
        spans = []
        for one in walk(path):
            if one.headers.get("Morgue-Archive") is not None:
                kept = ("WARC-Type", "WARC-Record-ID", "WARC-Date", "Content-Type", "Morgue-Journal")
                fields = [field for field in one.headers if field[0] in kept]
                lines = one.headers.get("WARC-Type") == "warcinfo"
                padding = (b"padding: ", b"\r\n") if lines else (b'{"padding":{"gone":"', b'"}}\n')
                data = padded_member(fields, one.block, *padding, one.length)
                assert data is not None
                spans.append(MemberSpan(one.offset, one.length, data))
        write_copy(storage, path.name, spans)
        storage.replace_by_part(path.name)
    listed = manifest.load(archive / manifest.NAME).values()
    sums = {entry.file: storage.sha256(entry.file) for entry in listed}
    entries = [replace(one, sha256=sums[one.file], archive=None, journal=None) for one in listed]
    manifest.write(archive / manifest.NAME, entries)
    db = sqlite3.connect(archive / "morgue.db")
    with db:
        db.execute("ALTER TABLE journal DROP COLUMN archive")
        db.execute("ALTER TABLE journal DROP COLUMN used")
        db.execute("DELETE FROM _sqlite_migrations WHERE name = 'm004_journal'")
    db.close()


@pytest.mark.parametrize("lost", [("morgue.db",), ("morgue.db", manifest.NAME)], ids=["database", "manifest too"])
def test_archive_without_an_id_gets_one_and_keeps_it(tmp_path, lost):
    """From the next command that writes; the earlier records of the journal are its own."""
    archive = make_archive(tmp_path / "archive")
    for prefix, source in (("m", "first"), ("n", "second")):
        write(archive, prefix, source)
    as_of_before(archive)
    write(archive, "o", "third")
    before = tables(archive / "morgue.db")
    ((last, own),) = rows(archive, "SELECT last, archive FROM journal")
    assert last == 3
    lose(archive, *lost)
    done = morgue("-C", archive, "rebuild")
    assert done.returncode == 0, done.stdout + done.stderr
    after = tables(archive / "morgue.db")
    assert after | {"journal": []} == before | {"journal": []}
    assert rows(archive, "SELECT last, archive FROM journal") == [(last, own)]
    assert {entry.archive for entry in manifest.load(archive / manifest.NAME).values()} == {own}


def test_killed_crawl_does_not_look_like_an_older_database(ours):
    """kill -9 while files are rotated, twice: the next crawl goes on without a word about the database."""
    with serve() as paper:
        text = f'url = "{paper.url}/"\nfeeds = ["{paper.url}/feed.xml"]\n'
        (ours / "sources" / "gazette.toml").write_text(text)
        paper.delay = 0.02
        for _ in range(2):
            paper.journal.clear()
            running = start("-C", ours, "crawl", *LOOPBACK, "-s", "record.rotate=50KB", "gazette")
            wait_until(lambda: len(paper.journal) > 20)
            os.killpg(running.pid, signal.SIGKILL)
            running.communicate(timeout=60)
        paper.delay = 0.0
        done = crawl(ours, "gazette", "--limit", "3")
    assert done.returncode in (0, 1), done.stdout + done.stderr  # the first paper's address answers no more
    assert "older" not in done.stderr
    before = tables(ours / "morgue.db")
    lose(ours, "morgue.db")
    assert morgue("-C", ours, "rebuild").returncode == 0
    assert tables(ours / "morgue.db") == before
