"""Test that what a crawl made, `morgue rebuild` makes again from the WARC files: row for row."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
from pathlib import Path

import pytest

from crawler.cli.old_databases import description
from pipelines.archive.journal import journal_header
from pipelines.database.schema.cluster_descriptions import COPIES
from pipelines.warc import manifest
from tests.support.command import LOOPBACK, TABLES, crawl, make_archive, morgue, rows, start, tables
from tests.support.newspaper import serve
from tests.support.waiting import let_a_day_pass, wait_until
from tests.support.warc_files import walk

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def crawled(tmp_path_factory) -> Path:
    """Four crawls: the whole paper with readers' comments; a day later, with an edit, an article more and pages that
    are as they were (304); one that is killed; one after that."""
    archive = make_archive(tmp_path_factory.mktemp("rebuild") / "archive")
    with serve() as paper:
        (archive / "sources" / "gazette.toml").write_text(
            f'url = "{paper.url}/"\nfeeds = ["{paper.url}/feed.xml"]\nsitemaps = ["{paper.url}/sitemap_index.xml"]\n'
            'crawl = { recheck = ["1d", "2d", "3d"] }\n'
        )
        crawl(archive, "-s", "extract.comments=separate", "gazette")
        paper.correct()
        paper.publish()
        let_a_day_pass(archive)
        crawl(archive, "gazette")
        paper.delay = 0.05
        let_a_day_pass(archive)
        running = start("-C", archive, "crawl", *LOOPBACK, "gazette")
        paper.journal.clear()
        wait_until(lambda: len(paper.journal) > 25)
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate(timeout=60)
        paper.delay = 0.0
        crawl(archive, "-s", "record.rotate_after=0s", "gazette")  # in a WARC file of its own
    return archive


@pytest.fixture
def archive(crawled, tmp_path) -> Path:
    return Path(shutil.copytree(crawled, tmp_path / "archive"))


def test_fixture_has_everything_that_is_to_come_back(crawled):
    """Otherwise the tests below would show little."""
    assert rows(crawled, "SELECT count(*) > 80, max(revision) FROM articles") == [(1, 2)]
    assert rows(crawled, "SELECT count(*) > 0 FROM articles WHERE comments IS NOT NULL") == [(1,)]
    assert rows(crawled, "SELECT count(*) > 20 FROM captures WHERE record_type = 'revisit' AND status = 304") == [(1,)]
    assert rows(crawled, "SELECT count(*) > 0 FROM captures WHERE record_type = 'revisit' AND status = 200") == [(1,)]
    assert rows(crawled, "SELECT count(*) FROM crawls WHERE finished IS NULL") == [(1,)]
    assert rows(crawled, "SELECT count(*) FROM changes") == [(0,)]


def computed(archive: Path) -> dict[str, list[tuple]]:
    """Return the rows that are computed from articles: what they share with each other, and their clusters."""
    return {name: rows(archive, f"SELECT * FROM {name} ORDER BY 1") for name in COPIES}


def test_every_row_comes_back(archive):
    """Every column of every row of every table: numbers, times, texts, revisions, the queue. And the same hits."""
    counted = "SELECT day, articles, fresh, titled, dated, signed, consent, paywalled, first, last FROM source_days"
    before, days, copies = tables(archive / "morgue.db"), rows(archive, counted), computed(archive)
    assert days
    assert copies["text_signatures"]
    assert copies["unclustered"] == []
    search = ("-C", archive, "search", "harbour", "--format", "json", "--limit", "100")
    hits = morgue(*search).stdout
    assert len(json.loads(hits)) > 3
    for path in archive.glob("morgue.db*"):
        path.unlink()
    done = morgue("-C", archive, "rebuild")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(before['articles'])} articles" in done.stdout
    after = tables(archive / "morgue.db")
    for name in TABLES:
        assert after[name] == before[name], name
    assert rows(archive, counted) == days
    assert computed(archive) == copies
    assert morgue(*search).stdout == hits
    assert list(archive.glob("morgue.db.*")) == []


def test_old_database_is_kept_and_crawling_goes_on(archive):
    """Until the new one is whole the old one stays in its place; then it is beside it, and the command says so."""
    damaged = b"no database at all" * 100
    (archive / "morgue.db").write_bytes(damaged)
    done = morgue("-C", archive, "rebuild")
    (kept,) = (path for path in archive.glob("morgue.db.before-*") if path.suffix[-1].isdigit())
    assert f"the old database is kept: {description(kept)}\n" in done.stdout
    assert "delete it once `morgue verify` finds no problem" in done.stdout
    assert kept.read_bytes() == damaged
    db = sqlite3.connect(archive / "morgue.db")
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    db.close()
    again = crawl(archive, "--due")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "nothing is due" in again.stdout


def test_interrupted_rebuild_goes_on(archive):
    """Killed while it reads: the same command finishes it, and the rows are the same."""
    before = tables(archive / "morgue.db")
    (archive / "morgue.db").unlink()
    part = archive / "morgue.db.rebuilding"
    running = start("-C", archive, "rebuild")

    def some_are_read() -> bool:
        try:
            db = sqlite3.connect(f"file:{part}?mode=ro", uri=True)
            return db.execute("SELECT name FROM step").fetchone()[0] == "read"
        except (sqlite3.Error, TypeError):
            return False

    wait_until(some_are_read)
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate(timeout=60)
    assert part.exists()
    assert not (archive / "morgue.db").exists()
    done = morgue("-C", archive, "rebuild")
    assert done.returncode == 0, done.stdout + done.stderr
    assert tables(archive / "morgue.db") == before


def test_damaged_record_costs_only_its_rows(archive):
    """It is named with its file and offset, exit code 1; every other row is the same."""
    before = tables(archive / "morgue.db")
    ((article, file, offset, length),) = rows(
        archive,
        """SELECT a.id, c.file, c.offset, c.length FROM articles a JOIN captures c ON c.id = a.capture_id
            WHERE a.revision = 1 ORDER BY a.id LIMIT 1""",
    )
    path = archive / "warc" / file
    data = bytearray(path.read_bytes())
    data[offset + length // 2] ^= 0x10
    path.write_bytes(data)
    done = morgue("-C", archive, "rebuild")
    assert done.returncode == 1
    assert f"damaged: {file}, byte {offset}" in done.stdout
    after = tables(archive / "morgue.db")
    assert [row for row in after["articles"] if row[0] != article] == [
        row for row in before["articles"] if row[0] != article
    ]


def test_files_hold_the_whole_journal(archive):
    """Its records are numbered without a gap, through a crash too, and the database knows the last one's number."""
    numbers = []
    for name in manifest.load(archive / "manifest.jsonl"):
        marks = [journal_header(member.headers) for member in walk(archive / "warc" / name)]
        numbers += [mark.number for mark in marks if mark is not None]
    assert numbers == list(range(1, len(numbers) + 1))
    assert rows(archive, "SELECT last FROM journal") == [(len(numbers),)]


def test_files_without_a_journal_give_their_articles(archive):
    """Of an older version, or the journal's records were lost: texts and revisions are there, under other numbers."""
    query = """SELECT a.url_key, r.number, r.title, r.text, r.seen FROM revisions r
                 JOIN articles a ON a.id = r.article_id ORDER BY 1, 2"""
    before = rows(archive, query)
    for path in sorted((archive / "warc").iterdir()):
        data = path.read_bytes()
        kept = [one for one in walk(path) if journal_header(one.headers) is None]
        path.write_bytes(b"".join(data[one.offset : one.offset + one.length] for one in kept))
    for path in (archive / "morgue.db", archive / "manifest.jsonl"):
        path.unlink()
    done = morgue("-C", archive, "rebuild")
    assert done.returncode == 0, done.stdout + done.stderr
    assert " in no journal" in done.stdout
    assert rows(archive, query) == before
    assert rows(archive, "SELECT DISTINCT s.name FROM articles a JOIN sources s ON s.id = a.source_id") == [
        ("gazette",)
    ]
    assert rows(archive, "SELECT count(*) > 100 FROM changes") == [(1,)]


def test_rows_without_their_record_are_left_out_and_named(archive):
    """A WARC file that is gone takes its captures along: exit code 1; no row refers to a missing one."""
    ((first,),) = rows(archive, "SELECT min(file) FROM captures")
    lost = rows(archive, "SELECT count(*) FROM captures WHERE file = ?", first)[0][0]
    total = rows(archive, "SELECT count(*) FROM captures")[0][0]
    (archive / "warc" / first).unlink()
    (archive / "morgue.db").unlink()
    done = morgue("-C", archive, "rebuild")
    assert done.returncode == 1
    assert "its record is in no WARC file of this archive" in done.stdout
    assert rows(archive, "SELECT count(*) FROM captures") == [(total - lost,)]
    assert rows(archive, "PRAGMA foreign_key_check") == []
    assert rows(archive, "SELECT count(*) FROM articles WHERE text = ''") == [(0,)]
