"""Run the questions of docs/schema.md on the example archive: the answers are those that the page shows."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from tabulate import tabulate

from tests.support.command import ROOT
from tests.support.example_archive import build_example

PAGE = (ROOT / "docs" / "schema.md").read_text(encoding="utf-8")
QUESTION = re.compile(r"^### (\d+\. .*?)$(.*?)(?=^##)", re.MULTILINE | re.DOTALL)
ANSWERED = re.compile(r"^```sql\n(.*?)^```\n\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
QUESTIONS = {name: ANSWERED.findall(text) for name, text in QUESTION.findall(PAGE)}


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    archive = build_example(tmp_path_factory.mktemp("example") / "archive")
    with closing(sqlite3.connect(f"file:{archive / 'morgue.db'}?mode=ro", uri=True)) as db:
        yield db


def answer(db: sqlite3.Connection, sql: str) -> str:
    """Return the answer as `sqlite-utils query --table` prints it."""
    cursor = db.execute(sql)
    names = [column[0] for column in cursor.description]
    return "".join(f"{line.rstrip()}\n" for line in tabulate(cursor.fetchall(), headers=names).splitlines())


def test_page_has_eleven_questions_with_answers():
    """Each has one query and one answer."""
    assert [len(found) for found in QUESTIONS.values()] == [1] * 11


@pytest.mark.parametrize("name", QUESTIONS)
def test_question_has_the_answer_that_the_page_shows(db, name):
    """The archive of these tests never changes, so neither do the answers."""
    ((sql, shown),) = QUESTIONS[name]
    assert answer(db, sql) == shown
