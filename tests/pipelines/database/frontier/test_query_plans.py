"""Hold the plans of the queries that each pass and each look at the sources asks: none of them reads a whole table."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from pipelines.core.timestamps import stamp
from pipelines.database import queries
from pipelines.database.connection import connect, open_database
from pipelines.database.frontier import health, replanning
from pipelines.database.frontier.due import MAX_SORTED_ROWS
from pipelines.database.frontier.planned import planned_by_source, planned_visits
from pipelines.database.frontier.rows import ClaimScope, FrontierRow, SourceChoice
from pipelines.database.frontier.table import FrontierTable
from pipelines.database.health.observation import observe

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
# A step that goes through a large table, or all of an index on it. What fails is in an index of its own, and few.
WHOLE_TABLE = re.compile(r"SCAN (?:frontier|f|articles|a|captures|c|revisions)\b(?!.*\bfrontier_failing\b)")
SCOPE, CHOICE, HOST = ClaimScope(), SourceChoice(), "paper.example"

PASS = {
    "hosts due": lambda table, db: table.hosts_due(SCOPE, NOW),
    "number due": lambda table, db: table.count_due(SCOPE, NOW),
    "next due": lambda table, db: table.next_due(SCOPE, NOW),
    "plans far ahead": lambda table, db: table.has_plan_after(NOW + timedelta(days=31)),
    "claim where many are due": lambda table, db: table.claim(1, HOST, 8, SCOPE, NOW, CHOICE),
    "claim where few are due": lambda table, db: table.claim(1, "other.example", 8, SCOPE, NOW, CHOICE),
    "probe": lambda table, db: table.claim(1, HOST, 1, SCOPE, NOW, CHOICE, probe=True),
    "seeds that are gone": lambda table, db: table.retire_seeds(1, but=["//paper.example/"]),
    "seeds that stand": lambda table, db: table.seeds(["//paper.example/"]),
    "seeds that wait": lambda table, db: table.waiting_seeds(),
    "robots.txt that opens": lambda table, db: replanning.make_disallowed_due(db, HOST, "https://paper.example/", NOW),
}
LOOK = {
    "state of sources": lambda db: health.health(db, NOW),
    "sources": lambda db: list(queries.sources(db)),
    "health": lambda db: observe(db, NOW, ["paper"]),
    "next visits": lambda db: list(planned_visits(db, None, NOW, 3)),
    "next visits of a source": lambda db: list(planned_visits(db, ["paper"], NOW, 3)),
    "number of visits": lambda db: list(planned_by_source(db, None, NOW)),
}


@pytest.fixture
def db(tmp_path):
    db = open_database(tmp_path / "morgue.db")
    db.execute("INSERT INTO sources (id, name, url, added, watched) VALUES (1, 'paper', '', ?, 1)", (stamp(NOW),))
    db.execute("INSERT INTO crawls (id, started, command, software) VALUES (1, ?, '', '')", (stamp(NOW),))
    table = FrontierTable(db)
    for number in range(MAX_SORTED_ROWS + 2):
        host = HOST if number else "other.example"
        key = f"//{host}/{number}"
        table.insert(FrontierRow(key, f"https:{key}", host, 1, "article", number, 1, found=NOW, next_visit=NOW))
    yield db
    db.close()


def whole_tables(db, ask):
    """Return the steps, by which the queries that `ask` sends are answered, that read a whole table."""
    asked = []
    db.set_trace_callback(asked.append)
    ask()
    db.set_trace_callback(None)
    asked = [sql for sql in asked if sql.lstrip().startswith(("SELECT", "UPDATE", "WITH", "INSERT", "DELETE"))]
    assert asked
    steps = [str(step[3]) for sql in asked for step in db.execute("EXPLAIN QUERY PLAN " + sql)]
    return [step for step in steps if WHOLE_TABLE.search(step)]


@pytest.mark.parametrize("ask", PASS.values(), ids=PASS)
def test_question_of_a_pass_reads_no_whole_table(db, ask):
    """An idle pass costs what is due, not what the archive holds."""
    assert whole_tables(db, lambda: ask(FrontierTable(db), db)) == []


@pytest.mark.parametrize("ask", LOOK.values(), ids=LOOK)
def test_look_at_the_sources_reads_no_whole_table(db, tmp_path, ask):
    """It takes as long as there are sources, listings and days, not articles."""
    reader = connect(tmp_path / "morgue.db")
    assert whole_tables(reader, lambda: ask(reader)) == []
    reader.close()


def test_step_that_reads_a_whole_table_is_seen(db):
    """So that the tests above do not pass for nothing."""
    found = whole_tables(db, lambda: db.execute("SELECT count(*) FROM frontier WHERE last_error = 'x'").fetchall())
    assert found == ["SCAN frontier"]
