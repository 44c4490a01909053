"""Test what commands do in an archive that `morgue export sqlite` made: it has no WARC files."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from contextlib import closing

import pytest

from tests.support.article_archive import build
from tests.support.command import morgue

NOT_CHECKED = "not checked: the records of 39 captures, and the journal: the archive was exported without WARC files"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return build(tmp_path_factory.mktemp("exported") / "archive")


@pytest.fixture
def exported(folder, tmp_path):
    assert morgue("-C", folder, "export", "sqlite", "out", cwd=tmp_path).returncode == 0
    return tmp_path / "out"


def digests(folder):
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in os.listdir(folder)}


def articles(folder):
    with closing(sqlite3.connect(folder / "morgue.db")) as db:
        return db.execute("SELECT * FROM articles ORDER BY id").fetchall()


@pytest.mark.parametrize("quick", [(), ("--quick",)])
def test_verification_says_once_what_is_not_there_and_finds_nothing(exported, quick):
    """Missing WARC files are no findings, and neither is the missing journal."""
    done = morgue("-C", exported, "verify", *quick)
    assert done.returncode == 0
    assert done.stdout.count(NOT_CHECKED) == 1
    assert done.stdout.endswith(": all is well\n")
    assert len(done.stdout.splitlines()) == (5 if quick else 2)


def test_verification_finds_a_changed_text(exported):
    """The database itself is checked as always, and the code is 7."""
    with closing(sqlite3.connect(exported / "morgue.db")) as db, db:
        db.execute("UPDATE articles SET text = 'forged' WHERE id = 5")
    done = morgue("-C", exported, "verify")
    assert done.returncode == 7
    assert "text: article 5" in done.stdout


def test_verification_of_an_archive_that_lost_its_files_names_them(folder, tmp_path):
    """A manifest of another program, or of another format, does not excuse it."""
    copy = shutil.copytree(folder, tmp_path / "copy")
    for told in ({}, {"software": "other 1", "format": "sqlite"}, {"software": "newsmorgue 1", "format": "txt"}):
        (copy / "manifest.json").write_text(json.dumps(told))
        done = morgue("-C", copy, "verify", "--quick")
        assert (done.returncode, NOT_CHECKED in done.stdout) == (7, False)


@pytest.mark.slow
@pytest.mark.parametrize(
    "args",
    [
        ["crawl"], ["crawl", "https://paper.example/"], ["add", "https://paper.example/"], ["reextract"], ["rebuild"],
        ["remove", "1", "--reason", "x", "--yes"], ["sources", "rename", "gazette", "paper"], ["import", "a.warc"],
    ],
)  # fmt: skip
def test_commands_that_would_change_it_refuse(exported, args):
    """Nothing is written; the error leads to the archive that has the WARC files."""
    (exported.parent / "a.warc").write_bytes(b"WARC/1.1\r\n\r\n")
    before = digests(exported)
    done = morgue("-C", exported, *args, cwd=exported.parent)
    assert done.returncode == 2
    assert "without WARC files" in done.stderr
    assert "the archive that it was exported from" in done.stderr
    assert digests(exported) == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["upgrade"], "is up to date"), (["edits"], ""), (["health"], ""), (["count", "climate"], "climate"),
        (["search", "climate"], "match"), (["show", "5"], "─"), (["clusters"], ""), (["sources"], "gazette"),
        (["show", "5", "--captures"], "the archive that this one was exported from has it"),
        (["export", "jsonl", "-", "--sample", "1"], '"id":'),
    ],
)  # fmt: skip
def test_commands_that_read_it_work(exported, args, words):
    """Those that read its database: exit code 0, and its files stay as they are; `upgrade` may only keep its articles."""
    before, files = articles(exported), digests(exported)
    done = morgue("-C", exported, *args)
    assert done.returncode == 0, done.stderr
    assert words in done.stdout + done.stderr
    assert articles(exported) == before
    assert digests(exported) == files or args == ["upgrade"]


@pytest.mark.parametrize("args", [["show", "5", "--format", "warc"], ["sample", "5"]])
def test_record_that_is_wanted_is_in_the_other_archive(exported, args):
    """The error does not tell the user to look for a copy of a file that was never here."""
    done = morgue("-C", exported, *args)
    assert done.returncode == 8
    assert "this archive was exported without WARC files; the one that it was exported from has them" in done.stderr
