"""`morgue upgrade`: an archive of an older version can be read again, without a crawl."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from pipelines.core.lock import ArchiveLock
from pipelines.database.schema.migrations import migrations
from tests.support.article_archive import build, database
from tests.support.command import morgue

STEPS = [step.name for step in migrations.pending(Database(memory=True))]
TABLES = ("sources", "crawls", "captures", "articles", "revisions", "frontier")


@pytest.fixture(params=STEPS[1:])
def older(request, tmp_path) -> Path:
    """Return an archive as the version before a migration left it."""
    folder = build(tmp_path / "archive")
    whole = folder / "morgue.db"
    with closing(sqlite3.connect(whole)) as new:
        old = Database(folder / "old.db")
        old.enable_wal()
        migrations.apply(old, stop_before=request.param)
        for table in TABLES:
            columns = ", ".join(column.name for column in old[table].columns)
            rows = new.execute(f"SELECT {columns} FROM {table}").fetchall()
            marks = ", ".join("?" * len(old[table].columns))
            old.conn.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)
        old.conn.commit()
        old.close()
    for path in folder.glob("morgue.db*"):
        path.unlink()
    (folder / "old.db").rename(whole)
    return folder


def test_older_archive_is_read_after_an_upgrade(older):
    """Before it, a command that only reads names `upgrade`; after it, show and export give what they give of a new
    archive."""
    files = {path: hashlib.sha256(path.read_bytes()).digest() for path in (older / "warc").iterdir()}
    if (refused := morgue("-C", older, "show", "1")).returncode:
        assert "written by another version" in refused.stderr
        assert "\n  `morgue upgrade` brings it up to date\n" in refused.stderr
    done = morgue("-C", older, "upgrade")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r": brought up to date in \d+ steps?$", done.stdout, re.MULTILINE)
    assert "39 articles compared with others" in done.stdout
    assert json.loads(morgue("-C", older, "show", "1", "--format", "json").stdout)["revision"] == 2
    assert len(morgue("-C", older, "export", "jsonl", "-").stdout.splitlines()) == 39
    assert {path: hashlib.sha256(path.read_bytes()).digest() for path in (older / "warc").iterdir()} == files
    again = morgue("-C", older, "upgrade")
    assert (again.returncode, again.stdout) == (0, f"{older / 'morgue.db'}: is up to date\n")


def test_upgrade_beside_a_writer_is_refused(tmp_path):
    """Exit code 4. Where there is no archive, none is made: exit code 2."""
    folder = tmp_path / "archive"
    folder.mkdir()
    (folder / "morgue.toml").touch()
    none = morgue("-C", folder, "upgrade")
    assert (none.returncode, (folder / "morgue.db").exists()) == (2, False)
    database(folder / "morgue.db").close()
    lock = ArchiveLock(folder / "morgue.lock")
    try:
        done = morgue("-C", folder, "upgrade")
    finally:
        lock.release()
    assert (done.returncode, done.stdout) == (4, "")
    assert "is being written by process" in done.stderr
