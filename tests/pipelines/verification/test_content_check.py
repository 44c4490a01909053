"""Test what verify says of rows that no version of Newsmorgue wrote."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from pipelines.database.connection import connect
from pipelines.verification.content_check import damaged_rows
from tests.support.article_archive import build, database

FRONTIER_ROW = """
INSERT OR REPLACE INTO frontier (id, url_key, url, host, kind, state, priority, depth, found)
VALUES (1, '//a.example/', 'https://a.example/', 'a.example', 'page', 'done', 1, 1, '2026-01-01T00:00:00Z')
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return build(tmp_path_factory.mktemp("content") / "archive")


def found(folder: Path) -> list[str]:
    with closing(connect(folder / "morgue.db")) as db:
        return [one.what for one in damaged_rows(db)]


def test_archive_that_we_wrote_has_no_damaged_row(whole):
    """Whatever its articles have."""
    assert found(whole) == []


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("articles SET tags = '{['", "articles, row 1: tags holds no JSON array"),
        ("articles SET found_in = '[]'", "articles, row 1: found_in holds no JSON object"),
        ("captures SET flaws = '[1]'", "captures, row 1: flaws holds no JSON array"),
        ("frontier SET hint = '[1'", "frontier, row 1: hint holds no JSON object"),
        ("articles SET url = 'https://other.example/x'", "article 1: its url, https://other.example/x, is not that of"),
    ],
    ids=["no JSON", "another kind", "a number", "hint", "address"],
)
def test_row_that_no_version_wrote_is_found(whole, tmp_path, change, what):
    """A column that is no JSON of its kind, or an address that is not that of the capture."""
    folder = Path(shutil.copytree(whole, tmp_path / "archive"))
    with database(folder / "morgue.db") as db:
        db.execute(FRONTIER_ROW)
        db.execute(f"UPDATE {change} WHERE id = 1")
    (one,) = found(folder)
    assert one.startswith(what)
