"""Test that what was noted of the settings files holds exactly while they are as they were."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from crawler.config.archive_folder import ArchiveFolder
from crawler.health import settings_files
from crawler.health.check import look, tell_changes
from crawler.health.settings_files import SettingsFiles, read_files, unchanged_files
from pipelines.core import timestamps
from pipelines.core.errors import ConfigError
from pipelines.database.connection import connect
from tests.support.health_cases import NOW
from tests.support.judged_archive import FEED, judge, judged_archive, note_look

COURIER = Path("sources") / "courier.toml"


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """Return an archive that was judged at NOW."""
    monkeypatch.setattr(timestamps, "clock", lambda: NOW)
    return judged_archive(tmp_path / "archive")


def unchanged(archive):
    """Return the files of an archive if they are as they were judged, else None."""
    with closing(connect(archive / "morgue.db")) as db:
        return unchanged_files(db, ArchiveFolder(archive))


def write(text):
    """Return a change of an archive: a longer source file."""
    return lambda archive: (archive / COURIER).write_text((archive / COURIER).read_text() + text)


def touch_back(archive):
    """Write other text of the same length, and set the time of the change back, as some programs do."""
    status = (archive / COURIER).stat()
    (archive / COURIER).write_text((archive / COURIER).read_text().replace("feed.xml", "feed.rss"))
    os.utime(archive / COURIER, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize("change", [
    write("colour = 3\n"),
    touch_back,
    lambda archive: (archive / "sources" / "new.toml").write_text('url = "https://new.example/"\n'),
    lambda archive: (archive / "sources" / "gone.toml").symlink_to(archive / "nothing"),
    lambda archive: (archive / COURIER).unlink(),
    lambda archive: (archive / "morgue.toml").write_text("[crawl\n"),
    lambda archive: (archive / "morgue.toml").write_text("[health]\ncoverage_drop = 0.4\n"),
], ids=["broken", "same time", "new", "unreadable", "deleted", "settings broken", "settings"])  # fmt: skip
def test_files_that_changed_since_they_were_judged_are_read(archive, change):
    """It does not matter how long ago that was, nor what the clock said."""
    assert unchanged(archive) is not None
    change(archive)
    assert unchanged(archive) is None


def test_files_are_read_by_another_version(archive, monkeypatch):
    """It may find mistakes that the one before did not know."""
    monkeypatch.setattr(settings_files, "__version__", "99")
    assert unchanged(archive) is None


def test_look_at_unchanged_files_finds_what_a_reading_of_them_finds(archive):
    """Broken files, also of a new source, and listings that two sources share, with the setting of the archive."""
    (archive / "morgue.toml").write_text("[health]\ncoverage_drop = 0.4\n")
    (archive / "sources" / "gazette.toml").write_text(f'url = "https://gazette.example/"\nfeeds = ["{FEED}"]\n')
    (archive / "sources" / "shimbun.toml").write_text('url = "https://shimbun.example/"\npaused = 2999-01-31\n')
    (archive / "sources" / "empty.toml").write_text("colour = 3\n")
    (archive / "sources" / "new.toml").write_text("colour = 3\n")
    judge(archive)
    files = unchanged(archive)
    with closing(connect(archive / "morgue.db")) as db:
        found = look(db, files)
        assert found == look(db, read_files(ArchiveFolder(archive)))
    kinds = {one.name: [reason.kind for reason in one.reasons] for one in found}
    assert (kinds["(archive)"], kinds["empty"]) == (["broken file"], ["broken file"])
    assert "shared listing" in kinds["courier"]
    assert files.coverage_drop == 0.4


def test_pause_that_ends_by_its_day_lets_the_files_be_read(archive, monkeypatch):
    """From then on the source reads its listings, and may share one."""
    write(f"paused = {(NOW + timedelta(days=2)).date()}\n")(archive)
    judge(archive)
    monkeypatch.setattr(timestamps, "clock", lambda: NOW + timedelta(days=1))
    assert unchanged(archive) is not None
    monkeypatch.setattr(timestamps, "clock", lambda: NOW + timedelta(days=2))
    assert unchanged(archive) is None


def test_look_that_did_not_judge_the_files_leaves_them_to_the_next(archive):
    """Options -s had a part in it; a watch goes on with the settings from before; the machine is offline."""
    judge(archive, "crawl.delay=3")
    assert unchanged(archive) is None
    judge(archive)
    assert unchanged(archive) is not None
    files = read_files(ArchiveFolder(archive))
    note_look(SettingsFiles(files.config, ConfigError("morgue.toml", "is not TOML")))
    assert unchanged(archive) is None
    judge(archive)
    with closing(connect(archive / "morgue.db")) as db:
        found = [replace(one, is_away=True) for one in look(db, files)]
    tell_changes(files, found, "")
    assert unchanged(archive) is None
