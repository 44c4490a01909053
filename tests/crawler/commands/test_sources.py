"""`morgue sources`, as a user runs it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from crawler.cli.main import exit_code_of
from pipelines.database import queries
from tests.support.article_archive import build, database
from tests.support.command import make_archive, morgue


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return build(tmp_path_factory.mktemp("sources") / "archive")


def test_table_has_a_line_for_each_source(folder):
    """Also for one that has brought nothing."""
    header, courier, empty, *_ = morgue("-C", folder, "sources").stdout.splitlines()
    assert header.split()[:3] == ["name", "articles", "newest"]
    assert courier.split()[:3] == ["courier", "20", "2024-02-29"]
    assert courier.endswith("HTTP 503 five times")
    assert empty.split() == ["empty", "0", "0", "0", "0", "0"]


def test_formats_for_programs_have_every_column(folder):
    """json, jsonl and csv have all that is known."""
    rows = json.loads(morgue("-C", folder, "sources", "--format", "json").stdout)
    assert [row["name"] for row in rows] == ["courier", "empty", "gazette", "shimbun"]
    assert all(tuple(row) == (*queries.SOURCE_KEYS, "health") for row in rows)
    lines = morgue("-C", folder, "sources", "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line) for line in lines] == rows
    assert morgue("-C", folder, "sources", "--format", "csv").stdout.startswith(",".join(queries.SOURCE_KEYS))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "subs.opml"), "subs.opml: is a file, not a web address\n  say morgue add --urls subs.opml"),
        (("add", "--opml", "subs.opml"), "say morgue add --urls subs.opml"),
        (("import", "subs.opml"), "morgue add --urls subs.opml adds the sites"),
        (("sources", "add", "subs.opml"), "`morgue sources import FILE`"),
        (("sources", "export", "subs.opml"), "say morgue sources export > subs.opml"),
    ],
)
def test_list_that_is_given_to_another_command_is_sent_to_the_right_one(folder, monkeypatch, capsys, words, said):
    """With the exit code of wrong arguments."""
    monkeypatch.chdir(folder)
    (folder / "subs.opml").write_text('<opml version="2.0"/>')
    assert exit_code_of(list(words)) == 2
    assert said in capsys.readouterr().err


def test_archive_without_sources_says_what_to_do(tmp_path):
    """An archive that has crawled nothing names the next step."""
    (tmp_path / "morgue.toml").touch()
    database(tmp_path / "morgue.db").close()
    done = morgue("-C", tmp_path, "sources")
    assert done.returncode == 0
    assert "morgue add" in done.stdout
    assert morgue("-C", tmp_path, "sources", "--format", "json").stdout == "[]\n"


def test_source_that_was_never_crawled_waits_with_the_listings_of_its_file(tmp_path):
    """They are due, although they are not in the queue yet; after that the queue is counted."""
    archive = make_archive(tmp_path / "archive")
    (archive / "sources" / "paper.toml").write_text('url = "http://a.example/"\nfeeds = ["http://a.example/feed"]\n')
    with closing(sqlite3.connect(archive / "morgue.db")) as db:
        db.execute("INSERT INTO sources (id, name, url, watched, added) VALUES (1, 'paper', '', 1, '')")
        db.commit()
        (before,) = json.loads(morgue("-C", archive, "sources", "--format", "json").stdout)
        db.execute(
            """INSERT INTO frontier (url_key, url, host, source_id, kind, state, next_visit, priority, depth, found)
               VALUES ('//a.example/feed', '', 'a.example', 1, 'feed', 'waiting', '2020-01-01T00:00:00Z', 0, 0, '')"""
        )
        db.commit()
        (after,) = json.loads(morgue("-C", archive, "sources", "--format", "json").stdout)
    assert (before["waiting"], after["waiting"]) == (2, 1)
