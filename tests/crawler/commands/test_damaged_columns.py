"""Columns that hold no JSON as Newsmorgue writes it: every command that reads them names the row, or does without."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from crawler.cli.main import morgue
from pipelines.core.errors import MorgueError
from tests.support.article_archive import build

DAMAGED = ["{['", "[1]", '"x"', '{"a": 1}', "", "[" * 5000]
COMMANDS = {
    "show": [["show", "1"], ["show", "1", "--captures"], ["show", "1", "--format", "json"]],
    "search": [["search", "climate", "--format", "json"], ["search", "climate"]],
    "export": [
        ["export", "csv", "out.csv"],
        ["export", "jsonl", "out.jsonl", "--without-reserved"],
        ["export", "warc", "out.warc.gz", "--without-reserved"],
        ["export", "wacz", "out.wacz", "--without-reserved"],
        ["export", "cdxj", "out.cdxj", "--without-reserved"],
    ],
    "sources": [["sources"], ["sources", "--format", "json"]],
    "log": [["log"], ["log", "--format", "json"]],
    "verify": [["verify"], ["verify", "--quick"]],
    "count": [["count", "--by", "author"], ["count", "climate", "--by", "month,author"]],
}
COLUMNS = {
    ("captures", "signals"): ["show", "export", "verify"],
    ("captures", "flaws"): ["show", "verify"],
    ("articles", "authors"): ["show", "search", "count", "export", "verify"],
    ("articles", "found_in"): ["show", "export", "verify"],
    ("revisions", "hint"): ["show", "export", "verify"],
    ("crawls", "counts"): ["log", "sources", "verify"],
    ("sources", "planned_by"): ["sources", "verify"],
    ("frontier", "hint"): ["sources", "show", "verify"],
}
CASES = [(table, column, word) for (table, column), words in COLUMNS.items() for word in words]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an archive that no test changes."""
    return build(tmp_path_factory.mktemp("damaged") / "archive")


@pytest.mark.parametrize(("table", "column", "word"), CASES, ids=[" ".join(case) for case in CASES])
def test_damaged_column_ends_no_command_in_a_traceback(whole, tmp_path, monkeypatch, table, column, word):
    """The error is one of ours, and names the row."""
    monkeypatch.chdir(tmp_path)
    for number, value in enumerate(DAMAGED):
        folder = Path(shutil.copytree(whole, tmp_path / f"archive{number}"))
        with closing(sqlite3.connect(folder / "morgue.db")) as db, db:
            db.execute("UPDATE frontier SET last_error = 'HTTP 500', failures = 1, state = 'failed'")
            db.execute(f"UPDATE {table} SET {column} = ?", (value,))
        for words in COMMANDS[word]:
            for path in tmp_path.glob("out.*"):
                path.unlink()
            error = CliRunner().invoke(morgue, ["-C", str(folder), *words]).exception
            assert error is None or isinstance(error, SystemExit | MorgueError), (words, value, error)


def test_damaged_signals_are_named(whole, tmp_path):
    """A capture whose rights cannot be read does not leave the archive."""
    folder = Path(shutil.copytree(whole, tmp_path / "archive"))
    with closing(sqlite3.connect(folder / "morgue.db")) as db, db:
        db.execute("UPDATE captures SET signals = '[1]' WHERE id = 3")
    words = ["-C", str(folder), "export", "cdxj", str(tmp_path / "out.cdxj"), "--without-reserved"]
    error = CliRunner().invoke(morgue, words).exception
    assert isinstance(error, MorgueError)
    assert (error.subject, error.exit_code) == ("morgue.db: captures, row 3", 7)
    assert "column signals" in error.cause
