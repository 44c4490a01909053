"""Make an archive whose settings files were judged, and judge them again, as each pass of a timer does."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from crawler.config.archive_folder import find
from crawler.health.check import look, tell_changes
from crawler.health.settings_files import SettingsFiles, read_files
from pipelines.core.urls import url_key
from pipelines.database.connection import connect
from tests.support.article_archive import build, insert

FEED = "https://courier.example/feed.xml"


def judged_archive(folder: Path) -> Path:
    """Return an archive with one source, which was crawled and is planned, and whose files were judged."""
    archive = build(folder)
    (archive / "sources").mkdir(exist_ok=True)
    (archive / "sources" / "courier.toml").write_text(f'url = "https://courier.example/"\nfeeds = ["{FEED}"]\n')
    with closing(sqlite3.connect(archive / "morgue.db")) as db, db:
        (source_id,) = db.execute("SELECT id FROM sources WHERE name = 'courier'").fetchone()
        insert(
            db,
            "frontier",
            url=FEED,
            url_key=url_key(FEED),
            host="courier.example",
            source_id=source_id,
            kind="feed",
            state="waiting",
            next_visit="2024-03-01T00:00:00Z",
            priority=0,
            depth=0,
            found="2022-01-01T00:00:00Z",
        )
    judge(archive)
    return archive


def judge(archive: Path, *overrides: str) -> None:
    """Look at an archive, and note what is found."""
    note_look(read_files(find(str(archive)), overrides))


def note_look(files: SettingsFiles) -> None:
    """Look at the archive of these files, and note what is found."""
    with closing(connect(files.folder.database)) as db:
        found = look(db, files)
    tell_changes(files, found, "")
