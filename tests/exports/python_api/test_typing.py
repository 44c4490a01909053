"""Test that the API is typed: a program of a user passes mypy --strict, and one with mistakes does not."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.support.command import ROOT, environment

RIGHT = """
from datetime import date, datetime
from pathlib import Path

from exports import Archive, ArticleRow, Articles, Counts, NotFound

def titles(folder: Path) -> list[str]:
    with Archive(folder) as archive:
        found: Articles = archive.search("climate", source=["a", "b"], since=date(2026, 1, 1), sort="newest")
        by_month: Counts = found.count(by="month")
        number: int = found.count() + by_month.total + len(archive.search().attention(["a", "b"], by="month"))
        words: list[str] = [line.left + line.keyword for line in found.kwic(20, sort="left")]
        kept: list[float] = [copy.kept for cluster in found.clusters() for copy in cluster.members]
        first: ArticleRow = found[0]
        day: date | None = first.published_day
        seen: datetime = first.first_seen
        page: str = archive.html(archive.captures(first)[-1]) + archive.html(1) + archive.html(first.url)
        table = found.to_arrow(columns=["id", "title"]).num_rows + len(list(found.rows("id,title")))
        try:
            archive.article("https://paper.example/")
        except NotFound as error:
            print(error.cause, number, day, seen, page, table, words, kept)
        return [one.title or "" for one in found[:10]]
"""
WRONG = """
from exports import Archive, Archives
Archive("a").search("x", sort="best")
Archive("a").article(1).titel
Archive(1)
"""


@pytest.mark.slow
def test_program_of_a_user_is_checked(tmp_path):
    """Without the libraries of others, whose types take mypy a quarter of a minute, and not what our functions do."""
    (tmp_path / "right.py").write_text(RIGHT)
    (tmp_path / "wrong.py").write_text(WRONG)
    options = (
        "--strict",
        "--no-site-packages",
        "--ignore-missing-imports",
        "--follow-imports=silent",
        "--cache-dir",
        str(tmp_path / "cache"),
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, "right.py", "wrong.py"],
        cwd=tmp_path, env=environment() | {"MYPYPATH": str(ROOT)}, capture_output=True, text=True,
    )  # fmt: skip
    found = re.findall(r"^((?:right|wrong)\.py:\d+): error: (.*)", done.stdout, re.MULTILINE)
    assert [line for line, _ in found] == [f"wrong.py:{number}" for number in (2, 3, 4, 5)], done.stdout
    assert 'maybe "title"' in found[2][1]


@pytest.mark.parametrize("package", ["exports", "pipelines"])
def test_package_says_that_it_is_typed(package):
    """PEP 561: type checkers ignore the annotations of an installed package without the file."""
    assert (ROOT / package / "py.typed").is_file()
