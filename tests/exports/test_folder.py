"""Test that a dataset in a folder is whole or not there, and that no other folder is ever replaced."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from exports import Content
from exports.folder import export_folder
from pipelines.core.errors import ConfigError, DiskFull
from tests.support.article_archive import build
from tests.support.exporting import ABOUT, export

FOLDER_FORMS = ["txt", "markdown", "sqlite"]


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return build(tmp_path_factory.mktemp("folder") / "archive")


def files_of(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("form", FOLDER_FORMS)
def test_folder_has_a_manifest_and_the_checksum_of_each_file(archive, tmp_path, form):
    """The manifest has the digest of the list of checksums, and counts files and bytes."""
    manifest = export(archive, form, tmp_path / "out")
    files = files_of(tmp_path / "out")
    assert json.loads(files.pop("manifest.json")) == manifest
    listed = files.pop("SHA256SUMS")
    assert hashlib.sha256(listed).hexdigest() == manifest["sha256"]
    lines = [line.split("  ", 1) for line in listed.decode().splitlines()]
    assert {name: digest for digest, name in lines} == {
        name: hashlib.sha256(data).hexdigest() for name, data in files.items()
    }
    assert manifest["files"] == len(files)
    assert manifest["bytes"] == sum(map(len, files.values()))
    assert manifest["rows"] == 39
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("form", FOLDER_FORMS)
def test_same_archive_gives_the_same_files(archive, tmp_path, form):
    """The place of the archive makes no difference."""
    (tmp_path / "other").mkdir()
    for place in (tmp_path, tmp_path / "other"):
        export(archive, form, place / "out")
    assert files_of(tmp_path / "out") == files_of(tmp_path / "other" / "out")


def test_folder_of_an_export_is_replaced_only_with_force(archive, tmp_path):
    """Force removes what was there before, and leaves no temporary folder."""
    out = tmp_path / "out"
    export(archive, "txt", out)
    with pytest.raises(ConfigError, match="exists already"):
        export(archive, "markdown", out)
    export(archive, "markdown", out, force=True)
    assert not list(out.rglob("*.txt"))
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("name", ["mine.txt", "gazette/2022-01/mine.txt"])
def test_folder_with_a_file_of_the_user_is_never_replaced(archive, tmp_path, name):
    """It would be lost."""
    out = tmp_path / "out"
    export(archive, "txt", out)
    (out / name).write_text("precious")
    with pytest.raises(ConfigError, match=f"did not make its file {name}"):
        export(archive, "txt", out, force=True)
    assert (out / name).read_text() == "precious"


def add_line(path):
    path.write_text(path.read_text() + f"{'0' * 64}  mine\n")


def add_table(path):
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE mine (note)")


@pytest.mark.parametrize(
    ("form", "name", "change"),
    [("txt", "metadata.csv", add_line), ("markdown", "gazette/2022-01/00000009.md", add_line),
     ("sqlite", "morgue.db", add_table), ("huggingface", "README.md", add_line), ("txt", "SHA256SUMS", add_line)],
)  # fmt: skip
def test_folder_in_which_a_file_was_changed_is_never_replaced(archive, tmp_path, form, name, change):
    """A dataset card is meant to be edited. The error names the file and says what to do."""
    out = tmp_path / "out"
    export(archive, form, out)
    path = out / name if (out / name).exists() else next(out.rglob("*.md"))
    change(path)
    before = files_of(out)
    with pytest.raises(ConfigError, match=f"its file {path.relative_to(out)} was changed") as refused:
        export(archive, form, out, force=True)
    assert "move what you want to keep out of it" in str(refused.value)
    assert files_of(out) == before


def link_to(target):
    return lambda path: path.symlink_to(target)


def replace_by_link(path):
    elsewhere = path.parent.parent / "elsewhere"
    path.replace(elsewhere)
    path.symlink_to(elsewhere)


@pytest.mark.parametrize(
    ("name", "make"),
    [("mine", Path.mkdir), ("mine", link_to("/")), ("mine", link_to(__file__)), ("metadata.csv", replace_by_link)],
    ids=["empty folder", "link to a folder", "link to a file", "link for a file"],
)
def test_folder_with_something_beside_its_files_is_never_replaced(archive, tmp_path, name, make):
    """An empty folder or a link is no file, and would be lost all the same."""
    out, mine = tmp_path / "out", tmp_path / "out" / name
    export(archive, "txt", out)
    make(mine)
    with pytest.raises(ConfigError, match=f"did not make its (file|folder) {mine.name}"):
        export(archive, "txt", out, force=True)
    assert os.path.lexists(mine)


def test_folder_of_which_a_file_was_deleted_is_replaced(archive, tmp_path):
    """Nothing is lost that way."""
    export(archive, "txt", tmp_path / "out")
    (tmp_path / "out" / "metadata.csv").unlink()
    export(archive, "txt", tmp_path / "out", force=True)
    assert (tmp_path / "out" / "metadata.csv").exists()


def test_folder_that_no_export_made_is_refused(archive, tmp_path):
    """So are an empty folder, one with another program's manifest, a file and a link, also with force."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "manifest.json").write_text('{"software": "other 1.0"}')
    (tmp_path / "foreign" / "SHA256SUMS").write_text("")
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to("empty")
    before = sorted(os.listdir(tmp_path))
    for name, words in [
        ("empty", "no export of Newsmorgue made it"), ("foreign", "no export of Newsmorgue made it"),
        ("file", "not an ordinary folder"), ("link", "not an ordinary folder"), ("none/out", "folder above it"),
    ]:  # fmt: skip
        with pytest.raises(ConfigError, match=words):
            export(archive, "txt", tmp_path / name, force=True)
    with pytest.raises(ConfigError, match="among the files of the archive"):
        export(archive, "txt", archive / "warc")
    assert sorted(os.listdir(tmp_path)) == before


@pytest.mark.parametrize(
    ("error", "raised"), [(KeyboardInterrupt(), KeyboardInterrupt), (OSError(28, "No space left on device"), DiskFull)]
)
def test_export_that_ends_early_leaves_no_folder(tmp_path, error, raised):
    """Neither the folder nor its temporary one is left."""

    def fill(content, folder):
        folder.add("a/b.txt", b"half")
        raise error

    form = SimpleNamespace(name="bad", media_type="x/y", suffix="", fill=fill)
    with pytest.raises(raised):
        export_folder(form, Content(iter([("", iter([]))]), [], ABOUT), tmp_path / "out")
    assert os.listdir(tmp_path) == []
