"""`morgue reextract`, as a user runs it: what another extractor read is read again, and nothing is lost."""

from __future__ import annotations

import asyncio
import importlib
import shutil
import sqlite3
from pathlib import Path

import pytest

from crawler.config.archive_folder import ArchiveFolder
from crawler.config.models import load
from pipelines.database.columns import STATE_COLUMNS, columns_digest
from pipelines.database.edits.change_detection import text_digest
from pipelines.database.filters import EVERYTHING
from pipelines.warc.storage import WarcStorage
from tests.support.bucket_archive import lose_bucket
from tests.support.command import crawl, make_archive, morgue, rows
from tests.support.newspaper import serve

pytestmark = pytest.mark.slow
command = importlib.import_module("crawler.commands.reextract")

LEAK = "Share this story with a friend"


def state_digest(*values: str | None) -> str:
    """Return the digest of a state, as the database has it."""
    return columns_digest(dict(zip(STATE_COLUMNS, values, strict=True)), STATE_COLUMNS)


@pytest.fixture(scope="module")
def crawled(tmp_path_factory) -> Path:
    """Return an archive of a few articles: two were read by an extractor that let a line through, one by one that did
    not."""
    archive = make_archive(tmp_path_factory.mktemp("reextract") / "archive")
    with serve() as paper:
        crawl(archive, "--limit", "12", paper.url + "/")
    db = sqlite3.connect(archive / "morgue.db")
    db.create_function("text_digest_of", 2, text_digest)
    db.create_function("digest_of", len(STATE_COLUMNS), state_digest)
    with db:
        for table, key in (("articles", "id"), ("revisions", "article_id")):
            db.execute(f"UPDATE {table} SET extractor = 'ancient 0.1' WHERE {key} <= 3")
            db.execute(f"UPDATE {table} SET text = text || char(10) || ? WHERE {key} <= 2", (LEAK,))
            db.execute(f"UPDATE {table} SET text_digest = text_digest_of(title, text) WHERE {key} <= 2")
            db.execute(f"UPDATE {table} SET state_digest = digest_of({', '.join(STATE_COLUMNS)}) WHERE {key} <= 2")
    db.close()
    return archive


@pytest.fixture
def archive(crawled, tmp_path) -> Path:
    return Path(shutil.copytree(crawled, tmp_path / "archive"))


def state(archive: Path) -> list[list[tuple]]:
    return [rows(archive, f"SELECT * FROM {name}") for name in ("articles", "revisions", "readings", "changes")]


def test_diff_shows_changes_and_writes_nothing(archive):
    """The text that would go, with its address; not a row is written, and no WARC file begun."""
    before, files = state(archive), sorted((archive / "warc").iterdir())
    done = morgue("-C", archive, "reextract", "--diff")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(f"-{LEAK}") == 2
    assert "3 revisions read again, 2 would change" in done.stdout
    assert state(archive) == before
    assert sorted((archive / "warc").iterdir()) == files


def test_new_text_replaces_the_old_one_without_an_edit(archive):
    """The old text is kept. The revision keeps its number and capture; a search finds the new text; a second run has
    nothing to do."""
    numbers = rows(archive, "SELECT id, article_id, number, capture_id, seen FROM revisions")
    done = morgue("-C", archive, "reextract")
    assert "3 revisions read again, 2 changed" in done.stdout, done.stdout + done.stderr
    assert rows(archive, "SELECT id, article_id, number, capture_id, seen FROM revisions") == numbers
    assert rows(archive, "SELECT count(DISTINCT extractor), max(revision) FROM articles") == [(1, 1)]
    assert rows(archive, "SELECT count(*) FROM articles WHERE text LIKE ?", f"%{LEAK}") == [(0,)]
    kept = rows(archive, "SELECT revision_id, extractor, text LIKE ? FROM readings ORDER BY 1", f"%{LEAK}")
    assert kept == [(1, "ancient 0.1", 1), (2, "ancient 0.1", 1)]
    assert morgue("-C", archive, "search", '"Share this story"', "--format", "json").stdout.strip() == "[]"
    assert "0 revisions read again" in morgue("-C", archive, "reextract").stdout


def test_old_text_survives_a_rebuild(archive):
    """It is in the WARC files too."""
    morgue("-C", archive, "reextract")
    before = rows(archive, "SELECT * FROM readings")
    (archive / "morgue.db").unlink()
    assert morgue("-C", archive, "rebuild").returncode == 0
    assert rows(archive, "SELECT * FROM readings") == before


def test_changed_rule_is_applied_with_all(archive):
    """What this version has read is left alone without it."""
    ((name, url),) = rows(archive, "SELECT name, url FROM sources")
    (archive / "sources" / "gazette.toml").write_text(f'url = "{url}"\n[[rule]]\nfields.section = "h1"\n')
    db = sqlite3.connect(archive / "morgue.db")
    with db:
        db.execute("UPDATE sources SET name = 'gazette' WHERE name = ?", (name,))
    db.close()
    assert "3 revisions" in morgue("-C", archive, "reextract", "--diff").stdout
    done = morgue("-C", archive, "reextract", "--diff", "--all")
    ((number,),) = rows(archive, "SELECT count(*) FROM revisions")
    assert f"{number} revisions read again" in done.stdout
    assert "+ section: " in done.stdout


def test_page_that_gives_no_text_keeps_its_old_one(archive):
    """Exit code 1, and the page is named."""
    ((file, offset, length),) = rows(
        archive, "SELECT file, offset, length FROM captures WHERE id = (SELECT capture_id FROM articles WHERE id = 1)"
    )
    path = archive / "warc" / file
    data = bytearray(path.read_bytes())
    data[offset + length // 2] ^= 0x10
    path.write_bytes(data)
    before = rows(archive, "SELECT text FROM articles WHERE id = 1")
    done = morgue("-C", archive, "reextract")
    assert done.returncode == 1
    assert "left unchanged" in done.stdout
    assert rows(archive, "SELECT text FROM articles WHERE id = 1") == before


def with_a_journal_that_knows(archive: Path) -> None:
    """Write the rows that the fixture has changed by hand into the journal."""
    from pipelines.archive.writer import ArchiveWriter

    ArchiveWriter(archive / "morgue.db", WarcStorage(archive / "warc"), info={}).close(everything=True)


def test_bucket_that_does_not_answer_ends_the_run(archive, monkeypatch):
    """No page is said to give no text, or to be damaged, because its bucket is out of reach."""
    lose_bucket(archive, monkeypatch)
    before = state(archive)[:3]
    for options in ((), ("--diff",)):
        done = morgue("-C", archive, "reextract", *options)
        assert (done.returncode, state(archive)[:3]) == (11, before), done.stderr
        assert "s3://morgue-tests/gone/warc/" in done.stderr


def test_rebuild_keeps_the_texts_of_the_old_database(archive):
    """As `reextract` would. They are written to the files, so that the next rebuild, without that database, has them
    too."""
    done = morgue("-C", archive, "rebuild")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 texts differ from the first reading" in done.stdout
    assert "2 of the old texts are kept" in done.stdout
    query = "SELECT revision_id, extractor, text LIKE ?, replaced FROM readings ORDER BY 1"
    kept = rows(archive, query, f"%{LEAK}")
    assert [row[:3] for row in kept] == [(1, "ancient 0.1", 1), (2, "ancient 0.1", 1)]
    assert rows(archive, "SELECT count(DISTINCT extractor), count(DISTINCT text_digest = 'x') FROM revisions") == [
        (1, 1)
    ]
    with_a_journal_that_knows(archive)
    for path in archive.glob("morgue.db*"):
        path.unlink()
    again = morgue("-C", archive, "rebuild")
    assert "otherwise" not in again.stdout
    assert rows(archive, query, f"%{LEAK}") == kept


def test_rebuild_without_the_old_database_names_lost_versions(archive):
    """And each revision says who read the text that it has now."""
    with_a_journal_that_knows(archive)
    for path in archive.glob("morgue.db*"):
        path.unlink()
    done = morgue("-C", archive, "rebuild")
    assert done.returncode == 0
    assert "2 texts differ from the first reading" in done.stdout
    assert "2 first read by ancient 0.1: to get the old texts back, install that version and rebuild" in done.stdout
    assert rows(archive, "SELECT count(*) FROM readings") == [(0,)]
    assert rows(archive, "SELECT count(*) FROM revisions WHERE extractor = 'ancient 0.1'") == [(0,)]
    again = morgue("-C", archive, "rebuild")  # the journal has the new readings now
    assert "first read by" not in again.stdout
    assert morgue("-C", archive, "verify").returncode == 0


def test_comments_of_stored_pages_are_added_when_they_are_wanted(archive):
    """The setting came after the crawl. Nothing else changes, a second run has nothing to do, a rebuild keeps them."""
    morgue("-C", archive, "reextract")
    wanted = ("-C", archive, "reextract", "-s", "extract.comments=separate")
    assert "+ comments: " in morgue(*wanted, "--diff").stdout
    assert rows(archive, "SELECT count(*) FROM articles WHERE comments IS NOT NULL") == [(0,)]
    before = rows(archive, "SELECT id, text, extractor, capture_id, revision FROM articles")
    ((number,),) = rows(archive, "SELECT count(*) FROM articles")
    done = morgue(*wanted)
    assert done.stdout.startswith(f"{number} revisions read again, "), done.stdout + done.stderr
    comments = rows(archive, "SELECT id, comments FROM articles")
    assert all(found is not None for _, found in comments)
    assert any(found != "[]" for _, found in comments)
    assert rows(archive, "SELECT id, text, extractor, capture_id, revision FROM articles") == before
    assert "0 revisions read again" in morgue(*wanted).stdout
    assert "0 revisions read again" in morgue("-C", archive, "reextract").stdout
    (archive / "morgue.db").unlink()
    assert morgue("-C", archive, "rebuild").returncode == 0
    assert rows(archive, "SELECT id, comments FROM articles") == comments


def test_comments_that_are_filed_stay(archive):
    """They may be of a later capture than the text."""
    db = sqlite3.connect(archive / "morgue.db")
    with db:
        db.execute("""UPDATE articles SET comments = '["Of a later day"]'""")
    db.close()
    morgue("-C", archive, "reextract", "--all", "-s", "extract.comments=separate")
    assert rows(archive, "SELECT DISTINCT comments FROM articles") == [('["Of a later day"]',)]


def test_interrupted_run_waits_no_more_for_a_bucket(archive, monkeypatch):
    """Do not wait for what is written at its end, where the bucket of a shard does not answer."""
    told: list[bool] = []
    monkeypatch.setattr(WarcStorage, "wait_no_more", lambda _: told.append(True))

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    config = load(ArchiveFolder(archive))
    for only_show, expected in ((True, []), (False, [True])):
        with pytest.raises(KeyboardInterrupt):
            asyncio.run(command.run(config, EVERYTHING, interrupt, only_show=only_show, everything=True))
        assert told == expected
