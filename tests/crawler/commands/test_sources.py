"""`morgue sources`, as a user runs it."""

from __future__ import annotations

import json

import pytest

from pipelines.database import queries
from tests.support.article_archive import build, database
from tests.support.command import morgue


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return build(tmp_path_factory.mktemp("sources") / "archive")


def test_table_has_a_line_for_each_source(folder):
    """Also for one that has brought nothing."""
    header, courier, empty, *_ = morgue("-C", folder, "sources").stdout.splitlines()
    assert header.split()[:3] == ["name", "articles", "newest"]
    assert courier.split()[:3] == ["courier", "20", "2024-02-29"]
    assert courier.endswith("HTTP 503 five times")
    assert empty.split() == ["empty", "0", "0", "0", "0"]


def test_formats_for_programs_have_every_column(folder):
    """json, jsonl and csv have all that is known."""
    rows = json.loads(morgue("-C", folder, "sources", "--format", "json").stdout)
    assert [row["name"] for row in rows] == ["courier", "empty", "gazette", "shimbun"]
    assert all(tuple(row) == queries.SOURCE_KEYS for row in rows)
    lines = morgue("-C", folder, "sources", "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line) for line in lines] == rows
    assert morgue("-C", folder, "sources", "--format", "csv").stdout.startswith(",".join(queries.SOURCE_KEYS))


def test_archive_without_sources_says_what_to_do(tmp_path):
    """An archive that has crawled nothing names the next step."""
    (tmp_path / "morgue.toml").touch()
    database(tmp_path / "morgue.db").close()
    done = morgue("-C", tmp_path, "sources")
    assert done.returncode == 0
    assert "morgue add" in done.stdout
    assert morgue("-C", tmp_path, "sources", "--format", "json").stdout == "[]\n"
