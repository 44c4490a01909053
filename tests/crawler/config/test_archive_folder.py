"""Test which archive a command works on: that of another user is named first, and its folders are what they seem."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from crawler.config import archive_folder
from crawler.config.archive_folder import find
from pipelines.core.errors import ArchiveDamaged, ConfigError, NoArchive

SOMEBODY = 65534  # user id of another user


def make(path: Path) -> Path:
    """Make the folders and files of an archive, empty."""
    for name in ("warc", "sources"):
        (path / name).mkdir(parents=True)
    (path / "morgue.toml").touch()
    return path


@pytest.fixture(autouse=True)
def no_archive_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the archive to the current folder."""
    monkeypatch.delenv("MORGUE_ARCHIVE", raising=False)
    monkeypatch.delenv("SUDO_UID", raising=False)


def test_own_archive_is_found_from_below(tmp_path, monkeypatch):
    """As ever."""
    archive = make(tmp_path / "archive")
    monkeypatch.chdir(archive / "sources")
    assert find().path == archive


@pytest.mark.parametrize("name", ["", "morgue.toml", "sources", "warc"])
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
def test_archive_of_another_user_is_not_used_unless_named(tmp_path, monkeypatch, name):
    """Not even if only a part of it is theirs. -C and MORGUE_ARCHIVE are consent."""
    archive = make(tmp_path / "archive")
    os.chown(archive / name, SOMEBODY, -1)
    monkeypatch.chdir(archive / "sources")
    with pytest.raises(ConfigError, match=f"uid {SOMEBODY}") as refused:
        find()
    assert f"morgue -C {archive}" in refused.value.cure
    assert find(str(archive)).path == archive
    monkeypatch.setenv("MORGUE_ARCHIVE", str(archive))
    assert find().path == archive


@pytest.mark.parametrize("name", ["", "morgue.toml", "sources", "warc"])
def test_archive_that_all_may_change_is_not_used_unless_named(tmp_path, monkeypatch, name):
    """Such as /tmp/morgue.toml."""
    archive = make(tmp_path / "archive")
    (archive / name).chmod(0o1777)
    monkeypatch.chdir(archive)
    with pytest.raises(ConfigError, match="every user may write to"):
        find()
    assert find(str(archive)).path == archive


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is called by sudo")
def test_sudo_finds_the_archive_of_its_caller(tmp_path, monkeypatch):
    """And still no other user's."""
    archive = make(tmp_path / "archive")
    for path in (archive, *archive.iterdir()):
        os.chown(path, SOMEBODY, -1)
    monkeypatch.chdir(archive)
    monkeypatch.setenv("SUDO_UID", str(SOMEBODY))
    assert find().path == archive
    monkeypatch.setenv("SUDO_UID", "12345")
    with pytest.raises(ConfigError):
        find()


def test_named_folder_without_settings_is_no_archive(tmp_path):
    """A mistyped name is not looked for elsewhere."""
    with pytest.raises(NoArchive):
        find(str(tmp_path))


@pytest.mark.parametrize(("name", "file"), [("warc", "a.warc.gz"), ("sources", "a.toml")])
def test_folder_may_lie_on_another_disk(tmp_path, name, file):
    """By a link to a folder of the user's own that holds such files or none."""
    archive = make(tmp_path / "archive")
    (archive / name).rmdir()
    elsewhere = tmp_path / "disk" / "mine"
    elsewhere.mkdir(parents=True)
    (archive / name).symlink_to(elsewhere)
    (elsewhere / file).touch()
    assert find(str(archive)).path == archive


def letters(tmp_path: Path, elsewhere: Path) -> None:
    (elsewhere / "letter.txt").touch()


def other_archive(tmp_path: Path, elsewhere: Path) -> None:
    (elsewhere.parent / "morgue.toml").touch()


def open_to_all(tmp_path: Path, elsewhere: Path) -> None:
    elsewhere.chmod(0o777)


def gone(tmp_path: Path, elsewhere: Path) -> None:
    elsewhere.rmdir()


@pytest.mark.parametrize(
    ("change", "why"),
    [(letters, "letter.txt"), (other_archive, "another archive"), (open_to_all, "every user"), (gone, "no folder")],
)
def test_folder_that_leads_to_other_things_is_not_followed(tmp_path, change, why):
    """Even in an archive that the user names: a download can hold such a link."""
    archive = make(tmp_path / "archive")
    (archive / "warc").rmdir()
    elsewhere = tmp_path / "home" / "mine"
    elsewhere.mkdir(parents=True)
    (archive / "warc").symlink_to(elsewhere)
    change(tmp_path, elsewhere)
    with pytest.raises(ArchiveDamaged, match=why):
        find(str(archive))


def test_user_without_a_name_is_named_by_number():
    """As in a container."""
    assert archive_folder.user_name(4_000_000) == "another user (uid 4000000)"
