"""Test the rows of the table `frontier`, on a real database."""

from datetime import UTC, datetime, timedelta

import pytest

from pipelines.database.connection import open_database
from pipelines.database.frontier.rows import ClaimScope, FrontierRow, SourceChoice
from pipelines.database.frontier.table import FrontierTable

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
SOURCES = {"a.example": 1, "b.example": 2, "c.example": None}


@pytest.fixture
def db(tmp_path):
    db = open_database(tmp_path / "morgue.db")
    db.execute("INSERT INTO crawls (id, started, command, software) VALUES (1, '', '', '')")
    db.execute("INSERT INTO sources (id, name, url, added) VALUES (1, 'a', '', ''), (2, 'b', '', '')")
    yield db
    db.close()


@pytest.fixture
def table(db):
    """Rows 1 to 6: an old and a young article of each of three hosts; the third belongs to no source."""
    table = FrontierTable(db)
    for host, source_id in SOURCES.items():
        for day in ("2019-01-01", "2026-11-01"):
            key = f"//{host}/{day}"
            table.insert(FrontierRow(key, f"https:{key}", host, source_id, "article", 100, 1, NOW, NOW, day=day))
    return table


def visit(table, row_id, status=200, error=None, **changes):
    values = {"state": "done", "next_visit": None, "answered": error is None, "etag": None, "last_modified": None}
    table.record_visit(row_id, NOW, status=status, error=error, **values | changes)


@pytest.mark.parametrize(
    ("scope", "hosts", "due"),
    [
        (ClaimScope(), {"a.example", "b.example", "c.example"}, 6),
        (ClaimScope(frozenset({1})), {"a.example"}, 2),
        (ClaimScope(frozenset({1}), frozenset({3, 6})), {"a.example", "b.example", "c.example"}, 4),
        (ClaimScope(frozenset(), frozenset({3})), {"b.example"}, 1),
        (ClaimScope(frozenset()), set(), 0),
        (ClaimScope(excluded_source_ids=frozenset({1})), {"b.example", "c.example"}, 4),
        (ClaimScope(since="2026-01-01"), {"a.example", "b.example", "c.example"}, 3),
        (ClaimScope(frozenset({2}), since="2026-01-01"), {"b.example"}, 1),
    ],
)
def test_scope_selects_the_rows_it_names(table, scope, hosts, due):
    """Sources and single rows are added up; excluded sources and old articles are taken away."""
    assert set(table.hosts_due(scope, NOW)) == hosts
    assert table.count_due(scope, NOW) == due
    claims = [claim for host in SOURCES for claim in table.claim(1, host, 9, scope, NOW, SourceChoice())]
    assert len(claims) == due
    assert {claim.host for claim in claims} == hosts


def test_scope_of_single_rows_outlives_a_rollback(table, db):
    """A task that fails is rolled back, temporary tables included; the next one asks with the same scope."""
    scope = ClaimScope(frozenset(), frozenset({2, 4}))
    db.execute("BEGIN")
    assert table.count_due(scope, NOW) == 2
    db.execute("ROLLBACK")
    assert table.count_due(scope, NOW) == 2


def test_known_key_is_not_inserted_again(table, db):
    """The row that is there stays as it is."""
    key = "//a.example/2019-01-01"
    assert not table.insert(FrontierRow(key, "http://other.example/", "other", 2, "page", 1, 0, NOW))
    assert table.urls_of([key]) == ["https://a.example/2019-01-01"]


def test_rows_of_a_takedown_are_found_by_key_prefix_and_host(table):
    """A host without a port means all its ports."""
    port = "//a.example:8080/x"
    table.insert(FrontierRow(port, f"http:{port}", "a.example:8080", 1, "article", 100, 1, NOW))
    assert table.ids_of_keys(["//a.example/2019-01-01", "//nowhere.example/"]) == [1]
    assert sorted(table.ids_below("//a.example/20")) == [1, 2]
    assert sorted(table.ids_of_host("a.example")) == [1, 2, 7]
    assert table.ids_of_host("a.example:8080") == [7]


def test_removed_row_is_never_planned_again(table):
    """It keeps its URL, so that a link to it is known, and nothing else that the site said."""
    visit(table, 1, etag='"x"')
    table.mark_removed([1])
    assert (state := table.state_of(["//a.example/2019-01-01"])) is not None
    assert (state.state, state.last_error, state.next_visit) == ("removed", "removed", None)
    assert table.row_of("//a.example/2019-01-01") is None
    table.make_kinds_due(1, ["article"], NOW)
    assert table.state_of(["//a.example/2019-01-01"]) == state


def test_seeds_that_are_named_no_more_are_retired(table, db):
    """Articles, and listings that a page linked, stay as they are."""
    for name, depth, found_on in (("old", 0, None), ("new", 0, None), ("linked", 1, "https://a.example/")):
        key = f"//a.example/{name}"
        table.insert(FrontierRow(key, f"https:{key}", "a.example", 1, "feed", 0, depth, NOW, NOW, found_on))
    table.retire_seeds(1, but=["//a.example/new"])
    states = db.execute("SELECT url_key, state FROM frontier WHERE source_id = 1 AND kind = 'feed'").fetchall()
    assert dict(states) == {"//a.example/old": "done", "//a.example/new": "waiting", "//a.example/linked": "waiting"}
    assert table.count_due(ClaimScope(frozenset({1})), NOW + timedelta(days=1)) == 4


HINTS = ("[1]", "[1", '{"a": 1}', "[" * 9999)
DAMAGE = [("url", "javascript:x"), ("first_visit", "x"), ("etag", "€"), *(("hint", hint) for hint in HINTS)]


@pytest.mark.parametrize(("column", "value"), DAMAGE)
def test_damaged_row_is_claimed_with_the_name_of_its_column(table, db, column, value):
    """So that its visit can be ended; the other rows of its host are claimed as ever."""
    db.execute(f"UPDATE frontier SET {column} = ? WHERE id = 1", (value,))
    claims = table.claim(1, "a.example", 10, ClaimScope(), NOW, SourceChoice())
    assert [(claim.id, claim.damage, claim.hint) for claim in claims] == [(1, column, {}), (2, None, {})]


def test_plan_that_is_no_time_is_not_the_next_visit(table, db):
    """A row that is planned for a time is."""
    db.execute("UPDATE frontier SET next_visit = 'x' WHERE id != 2")
    assert table.next_due(ClaimScope(), NOW) == "2026-11-23T08:00:00Z"
    db.execute("UPDATE frontier SET next_visit = '5' WHERE id = 2")
    assert table.next_due(ClaimScope(), NOW) is None
