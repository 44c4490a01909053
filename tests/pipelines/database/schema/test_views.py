"""Test the views: they say what the commands say, other programs read them, and an upgrade and `verify` know them."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from itertools import product
from pathlib import Path

import pytest
from sqlite_utils import Database

from pipelines.core.errors import ArchiveDamaged
from pipelines.database import queries
from pipelines.database.clusters.cluster_list import clusters
from pipelines.database.connection import connect, open_database
from pipelines.database.edits.edit_list import EditFilters, edits, gone
from pipelines.database.filters import EVERYTHING
from pipelines.database.frontier.health import FAILING
from pipelines.database.schema.migrations import migrations
from pipelines.database.schema.views import NAMES
from pipelines.selection.subset import copy_articles
from pipelines.verification.content_check import changed_schema, other_objects
from tests.support.command import ROOT
from tests.support.example_archive import build_example
from tests.support.external_tools import BROUGHT_BY, TOOLS, skip_without, tool

SHOWN = {
    "articles", "captures", "cluster_members", "clusters", "crawls", "removals", "revisions", "sources",
}  # fmt: skip
VIEWS = "SELECT name, sql FROM sqlite_master WHERE type = 'view' ORDER BY rowid"
# DuckDB's extension for SQLite hands it the text of a view, and DuckDB runs it. The extension comes from the internet,
# so the tables are copied here, and their views made of the same text.
DUCKDB = """
import json, sys
import duckdb
given, db = json.load(sys.stdin), duckdb.connect()
for name, columns, rows in given["tables"]:
    db.execute(f'CREATE TABLE {name} ({", ".join(columns)})')
    if rows:
        db.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(columns))})", rows)
for sql in given["views"].values():
    db.execute(sql)
answers = {name: db.execute(f"SELECT * FROM {name}").fetchall() for name in given["views"]}
json.dump(answers, sys.stdout)
"""
DUCKDB_TYPES = {"TEXT": "VARCHAR", "INTEGER": "BIGINT", "REAL": "DOUBLE", "BLOB": "BLOB", "ANY": "VARCHAR"}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_example(tmp_path_factory.mktemp("views") / "archive")


@pytest.fixture(scope="module")
def db(archive: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect(archive / "morgue.db")) as db:
        yield db


def every_row(db: sqlite3.Connection, view: str) -> list[tuple]:
    return [tuple(row) for row in db.execute(f"SELECT * FROM {view}")]


@pytest.fixture
def copy(archive: Path, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Yield a copy to write to."""
    with closing(sqlite3.connect(archive / "morgue.db")) as db, closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        db.backup(copy)
        copy.row_factory = sqlite3.Row
        yield copy


def test_stories_are_the_articles_of_an_export(db):
    """They have names of sources, and the same days: none if the date is unknown."""
    names = ("id", "published_day", "source", "title", "word_count", "url", "text")
    exported = [tuple(row[name] for name in names) for row in queries.articles(db)]
    assert exported == [
        tuple(row) for row in db.execute("SELECT id, day, source, title, words, url, text FROM stories ORDER BY id")
    ]
    assert [row["title"] for row in db.execute("SELECT title FROM stories WHERE day IS NULL")] == [
        "Tide tables for the harbour"
    ]


def test_edits_are_those_of_the_command(db):
    """Lists are words that a spreadsheet can hold."""
    listed = [
        (
            row["article"],
            row["revision"],
            ", ".join(row["changes"]),
            row["words_added"],
            row["old_title"],
            row["silent"],
        )
        for row in edits(db, EVERYTHING, EditFilters(), None)
    ]
    names = "article, revision, changes, words_added, old_title, silent"
    assert listed == [tuple(row) for row in db.execute(f"SELECT {names} FROM edits ORDER BY seen DESC")]
    assert len(listed) == 3


def test_vanished_articles_are_those_of_the_command(db):
    """Since when, and what is there."""
    listed = [(row["article"], row["kind"], row["url"]) for row in gone(db, EVERYTHING, None)]
    assert listed == [tuple(row) for row in db.execute("SELECT article, shows, url FROM vanished")] != []


def test_captures_of_an_article_are_its_looks_and_what_else_its_address_answered(db):
    """Each once: with the number of the text that it shows, or none."""
    sql = "SELECT status, revision FROM captures_of_articles WHERE article = (SELECT id FROM stories WHERE url LIKE ?)"
    looks = [[tuple(row) for row in db.execute(sql, (f"%/{path}",))] for path in ("ferry", "council")]
    assert looks == [[(200, 1), (200, 2), (200, 3)], [(200, 1), (404, None)]]


def test_failures_are_those_that_sources_counts(copy):
    """Rows with every combination of values show it: the view cannot follow if the condition changes."""
    combinations = product(
        ("feed", "front", "article", "tdmrep"), ("waiting", "done", "failed"), (None, 404, 503),
        (None, "by robots.txt", "HTTP 503"), (0, 2), (0, 1), (0, 1), (None, '{"guess": "1"}', '{"title": "guess"}'),
        (1, 2),
    )  # fmt: skip
    names = "kind, state, last_status, last_error, failures, depth, visits, hint, source_id"
    rows = [(f"//x/{number}", f"https://x/{number}", *values) for number, values in enumerate(combinations)]
    copy.executemany(
        f"""INSERT INTO frontier (url_key, url, {names}, host, priority, found)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'x', 1, 'x')""",
        [row for row in rows if row[-1] == 1 or row[2] != "feed"],  # the second source has a front page alone
    )
    counted = {row["url"] for row in copy.execute(f"SELECT url FROM frontier WHERE {FAILING}")}
    assert {row["url"] for row in copy.execute("SELECT url FROM failures")} == counted != set()


def test_health_is_what_lasts(db):
    """Sources have names; the row of the settings files is no reason."""
    assert [tuple(row) for row in db.execute("SELECT source, status, reason FROM health")] == [
        ("courrier", "warn", "silent")
    ]


def test_days_add_up_to_all_articles(db):
    """Articles without a day are counted, too."""
    assert db.execute("SELECT sum(articles) FROM per_day").fetchone()[0] == len(list(queries.articles(db)))


@pytest.mark.parametrize(
    ("listed", "shown"),
    [
        ("[]", None),
        ('["Anna Berg"]', "Anna Berg"),
        ('["Anna Berg", "Ben Ode"]', "Anna Berg, Ben Ode"),
        ('["Dwayne \\"The Rock\\" Johnson", "O\'Neill"]', 'Dwayne "The Rock" Johnson, O\'Neill'),
        ('["a\\\\b"]', "a\\b"),
    ],
)
def test_list_of_texts_is_readable(copy, listed, shown):
    """Separated by commas, without the signs of JSON; an empty one is NULL."""
    copy.execute("UPDATE articles SET authors = ? WHERE id = 1", (listed,))
    assert copy.execute("SELECT authors FROM stories WHERE id = 1").fetchone()[0] == shown


def test_newest_stories_and_edits_need_no_scan_of_all_texts(db):
    """Each is found by an index, or in the order of the table, however large the archive is."""
    plans = {
        "SELECT * FROM stories ORDER BY place DESC LIMIT 20": "SCAN a",
        "SELECT * FROM stories WHERE day >= '2024-03-05'": "SEARCH a USING INDEX articles_day",
        "SELECT * FROM stories WHERE source = 'gazette'": "SEARCH a USING INDEX articles_source_day",
        "SELECT * FROM edits ORDER BY seen DESC": "SCAN r USING INDEX revisions_edits",
        "SELECT * FROM per_day": "SCAN articles USING COVERING INDEX articles_source_day",
        "SELECT * FROM captures_of_articles WHERE article = 1": "SEARCH c USING INDEX captures_url",
        "SELECT * FROM copies WHERE cluster = 4": "SEARCH m USING INDEX cluster_members_cluster",
        "SELECT * FROM copies WHERE day >= '2024-03-05'": "SEARCH a USING INDEX articles_day",
        "SELECT * FROM copies WHERE source = 'gazette'": "SEARCH a USING INDEX articles_source_day",
    }
    for sql, step in plans.items():
        plan = [row["detail"] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}")]
        assert any(line.startswith(step) for line in plan), (sql, plan)
        assert sum("SCAN" in line for line in plan) <= 2, (sql, plan)


def test_copies_of_one_article_are_found_without_a_scan(db):
    """Each of the tables that the view joins is asked for one row."""
    for sql in (
        "SELECT * FROM copies WHERE article = 4",
        "SELECT * FROM copies WHERE cluster = (SELECT cluster FROM copies WHERE article = 4)",
    ):
        plan = [row["detail"] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}")]
        assert [line for line in plan if line.startswith("SCAN") and line != "SCAN CONSTANT ROW"] == [], plan


def test_copies_are_those_of_the_command(db):
    """With the source in words and shares in percent."""
    listed = [
        (one["id"], one["source"], one["url"], round(100 * one["kept"], 1), round(100 * one["origin_kept"], 1),
         cluster["origin"], int(cluster["article"] == one["id"]))
        for cluster in clusters(db) for one in cluster["members"]
    ]  # fmt: skip
    names = "article, source, url, percent, percent_of_origin, origin, is_origin"
    assert listed == [tuple(row) for row in db.execute(f"SELECT {names} FROM copies ORDER BY cluster, article")]
    assert [(row[0], row[-1]) for row in listed] == [(4, 1), (9, 0)]


def test_text_of_an_agency_has_no_origin_among_its_copies(copy):
    """The earliest copy, which shares are measured against, is not called so."""
    copy.execute("UPDATE clusters SET origin_name = 'dpa', evidence = 'credit'")
    found = copy.execute("SELECT is_origin, origin, evidence, percent FROM copies ORDER BY article").fetchall()
    assert [tuple(row) for row in found] == [(0, "dpa", "credit", 100.0), (0, "dpa", "credit", found[1]["percent"])]


def test_subset_has_the_views(db, tmp_path):
    """An archive that `morgue export sqlite` writes can be read in the same way."""
    copy_articles(db, [1], tmp_path / "subset.db", every_revision=True)
    with closing(connect(tmp_path / "subset.db")) as subset:
        assert [row["title"] for row in subset.execute("SELECT title FROM stories")] == [
            "Ferry fuel was watered, company admits"
        ]
        assert len(every_row(subset, "edits")) == 2
    copy_articles(db, [4, 9], tmp_path / "copies.db", every_revision=False)
    with closing(connect(tmp_path / "copies.db")) as subset:
        assert every_row(subset, "copies") == every_row(db, "copies") != []


def test_older_archive_gets_the_views(tmp_path):
    """`morgue upgrade` makes them."""
    old = Database(tmp_path / "old.db")
    migrations.apply(old, stop_before="m013_views")
    assert old.view_names() == []
    old.close()
    with closing(open_database(tmp_path / "old.db")) as db:
        assert [name for name, _ in db.execute(VIEWS)] == list(NAMES)


@pytest.mark.parametrize(
    ("before_migration", "made"),
    [
        ("m013_views", "VIEW stories AS SELECT 1"), ("m013_views", "TABLE Health (day TEXT)"),
        ("m015_view_of_copies", "TABLE Copies (article INTEGER)"),
    ],
)  # fmt: skip
def test_upgrade_of_an_archive_with_a_view_of_the_users_own_names_it_and_changes_nothing(
    tmp_path, before_migration, made
):
    """Theirs must not be lost, and what reads it must not find ours in its place."""
    old = Database(tmp_path / "old.db")
    migrations.apply(old, stop_before=before_migration)
    old.execute(f"CREATE {made}")
    before = old.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall()
    old.close()
    kind, name = made.split()[:2]
    with pytest.raises(ArchiveDamaged, match=f"(?s){kind.lower()} {name} that you made.*DROP {kind}"):
        open_database(tmp_path / "old.db")
    with closing(sqlite3.connect(tmp_path / "old.db")) as db:
        assert db.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall() == before


def test_verify_names_a_view_that_was_changed_or_dropped(copy):
    """They belong to the schema, and a view of the user's does not."""
    assert list(changed_schema(copy)) == []
    copy.executescript("DROP VIEW edits; DROP VIEW stories")
    copy.executescript("CREATE VIEW stories AS SELECT 1; CREATE VIEW mine AS SELECT 1")
    assert {finding.what for finding in changed_schema(copy)} == {
        "stories is not as Newsmorgue made it",
        "edits, which Newsmorgue made, is not there any more",
    }
    assert list(other_objects(copy)) == ["view mine"]


def test_sqlite_utils_finds_words_in_articles(archive):
    """It recognises the full-text index by the words of its definition."""
    found = Database(archive / "morgue.db").table("articles").search("ferry", columns=["title"])
    assert [row["title"] for row in found] == ["Ferry fuel was watered, company admits"]


@pytest.mark.parametrize(
    ("path", "options", "titles"),
    [
        ("articles", [], ["Ferry fuel was watered, company admits"]),
        ("stories", ["-m", str(ROOT / "docs" / "datasette.json")], ["Ferry fuel was watered, company admits"]),
    ],
)
def test_datasette_shows_a_search_box_that_finds(archive, path, options, titles):
    """The table has one by itself, the view with the file that we ship."""
    program = tool("datasette")
    ask = [program, str(archive / "morgue.db"), *options, "--get"]
    page = subprocess.run([*ask, f"/morgue/{path}"], capture_output=True, text=True, timeout=60, check=True).stdout
    assert '<input id="_search" type="search"' in page
    found = subprocess.run(
        [*ask, f"/morgue/{path}.json?_search=ferry&_shape=array&_col=title"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert [row["title"] for row in json.loads(found.stdout)] == titles


def test_file_for_datasette_hides_the_tables_that_only_we_need(db):
    """It shows the others and all views, sorted by columns that are there."""
    file = json.loads((ROOT / "docs" / "datasette.json").read_text(encoding="utf-8"))
    named = file["databases"]["morgue"]["tables"]
    hidden = {name for name, settings in named.items() if settings.get("hidden")}
    tables = {row["name"] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    ours = {name for name in tables if not name.startswith(("articles_fts", "sqlite_"))}
    assert ours - hidden <= SHOWN
    assert not hidden & set(NAMES)
    columns = {
        name: [row["name"] for row in db.execute("SELECT name FROM pragma_table_info(?)", (name,))]
        for name in named.keys() - hidden
    }
    assert [name for name, found in columns.items() if named[name].get("sort_desc", found[0]) not in found] == []


def test_duckdb_runs_the_views(archive):
    """It gives the rows that SQLite gives: the views call no function that it lacks or means otherwise."""
    python = TOOLS / "bin" / "python"
    if not python.exists() or subprocess.run([python, "-c", "import duckdb"], capture_output=True).returncode:
        skip_without("duckdb", BROUGHT_BY)
    with closing(sqlite3.connect(archive / "morgue.db")) as db:
        views = dict(db.execute(VIEWS).fetchall())
        named = db.execute("SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE TABLE %STRICT%'").fetchall()
        tables = []
        for (name,) in named:
            columns = db.execute("SELECT name, type FROM pragma_table_info(?)", (name,)).fetchall()
            listed = [f'"{column}" {DUCKDB_TYPES[kind]}' for column, kind in columns]
            rows = db.execute(f"SELECT {', '.join(column for column, _ in columns)} FROM {name}").fetchall()
            has_bytes = any(kind == "BLOB" for _, kind in columns)  # no view reads such a table
            tables.append((name, listed, [] if has_bytes else rows))
        given = json.dumps({"tables": tables, "views": views})
        done = subprocess.run([python, "-c", DUCKDB], input=given, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        answers = {name: sorted(map(repr, map(tuple, rows))) for name, rows in json.loads(done.stdout).items()}
        assert answers == {name: sorted(map(repr, every_row(db, name))) for name in NAMES}
