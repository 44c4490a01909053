"""`morgue init`."""

from __future__ import annotations

import os
import sqlite3
import tomllib
from pathlib import Path

import pytest

from tests.support.command import morgue


def test_new_archive_has_all_its_parts(tmp_path):
    """Settings, sources, database and WARC folder; and the message says what to do next."""
    done = morgue("init", "mine", "--contact", "me@example.org", "--name", "Ann & Co", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    archive = tmp_path / "mine"
    assert {path.name for path in archive.iterdir()} == {"morgue.toml", "morgue.db", "sources", "warc"}
    settings = tomllib.loads((archive / "morgue.toml").read_text())
    assert settings["operator"] == {"contact": "me@example.org", "name": "Ann & Co"}
    assert (archive / "sources" / "_template.toml").is_file()
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["new", "cd", "morgue", "morgue"]
    db = sqlite3.connect(archive / "morgue.db")
    assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert db.execute("SELECT count(*) FROM articles").fetchone() == (0,)
    db.close()


def test_new_archive_can_be_used_at_once(tmp_path):
    """The settings file that it wrote is understood."""
    assert morgue("init", tmp_path / "a").returncode == 0
    done = morgue("-C", tmp_path / "a", "crawl")
    assert done.returncode == 0, done.stderr
    assert "no sources yet" in done.stdout


def test_current_folder_is_the_default_and_may_have_other_files(tmp_path):
    """They are left as they are."""
    (tmp_path / "notes.txt").write_text("mine")
    done = morgue("init", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert "contact" in done.stdout, "asks for what site owners will miss"


@pytest.mark.parametrize("there", ["morgue.toml", "morgue.db", "warc", "sources"])
def test_existing_archive_is_never_overwritten(tmp_path, there):
    """An archive, or what may be left of one: exit code 2, and a way on."""
    (tmp_path / there).write_text("keep me")
    done = morgue("init", tmp_path)
    assert done.returncode == 2
    assert str(tmp_path) in done.stderr
    assert done.stderr.count("\n") == 2, "what is wrong, and what to do"
    assert [path.name for path in tmp_path.iterdir()] == [there]
    assert (tmp_path / there).read_text() == "keep me"


def test_second_init_changes_nothing(tmp_path):
    """The second time changes nothing."""
    assert morgue("init", tmp_path / "a").returncode == 0
    before = (tmp_path / "a" / "morgue.toml").read_text()
    done = morgue("init", tmp_path / "a", "--name", "other")
    assert done.returncode == 2
    assert "is an archive already" in done.stderr
    assert f'set name = "other" under [operator] in {tmp_path / "a" / "morgue.toml"}' in done.stderr
    assert (tmp_path / "a" / "morgue.toml").read_text() == before


def test_file_in_the_way_gives_exit_code_2(tmp_path):
    """Exit code 2."""
    (tmp_path / "file").touch()
    assert morgue("init", tmp_path / "file").returncode == 2


@pytest.mark.parametrize("contact", ["me", "me@", "@x.org", "a b@x.org", "ftp://x.org", "me@x.org (me)", "mé@x.org"])
def test_contact_is_a_mail_address_or_a_url(tmp_path, contact):
    """It goes out with every request."""
    done = morgue("init", tmp_path / "a", "--contact", contact)
    assert done.returncode == 2
    assert "--contact" in done.stderr
    assert not (tmp_path / "a").exists()


def test_unwritable_folder_gives_exit_code_6(tmp_path):
    """Nothing half-made is left."""
    place = Path("/sys/morgue-test") if os.geteuid() == 0 else tmp_path / "closed" / "a"
    if os.geteuid() != 0:
        place.parent.mkdir(mode=0o555)
    elif not place.parent.is_dir():
        pytest.skip("no folder that root may not write")
    done = morgue("init", place)
    assert done.returncode == 6, done.stderr
    assert not place.exists()
