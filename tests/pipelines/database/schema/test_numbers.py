"""Test the numbers of new rows: SQLite's in an ordinary archive, those of its own range in a shard of a fleet."""

import json
from contextlib import closing
from datetime import UTC, datetime

import pytest

from pipelines.core.errors import MorgueError
from pipelines.core.items import Capture, PagePart, PartRules, Source
from pipelines.database import journal_rows, listings, page_states, readings, removals, runs
from pipelines.database.columns import insert_article
from pipelines.database.connection import open_database
from pipelines.database.frontier import parts
from pipelines.database.frontier.hosts import has_end
from pipelines.database.frontier.rows import FrontierRow
from pipelines.database.frontier.table import FrontierTable
from pipelines.database.health import pauses
from pipelines.database.schema import numbers
from pipelines.database.store import ArticleStore
from pipelines.fleet.numbers import RANGE, bounds

FLEET = "0b9c2a1e-0000-4000-8000-000000000000"
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
UNREAD = {"url": "", "authors": "[]", "tags": "[]", "text": "", "word_count": 0, "kind": "", "extractor": "",
          "text_digest": "", "first_seen": "2026", "last_seen": "2026", "revision": 1}  # fmt: skip


@pytest.fixture
def db(tmp_path):
    """Give an empty database."""
    with closing(open_database(tmp_path / "morgue.db")) as opened:
        opened.execute("PRAGMA foreign_keys = OFF")
        yield opened


def add_rows(db, name):
    """Add one row to each table whose rows are numbered, as the code that writes it does."""
    store, frontier = ArticleStore(db), FrontierTable(db)
    source = store.source(Source(name, f"https://{name}.example/"))
    crawl = store.begin_crawl("crawl", "Newsmorgue")
    capture = store.capture(
        Capture(None, f"https://{name}.example/a", NOW, 200, "text/html", "a.warc.gz", 10, 10, f"<urn:uuid:{name}>",
                "response", None, None, "article"), crawl, source)  # fmt: skip
    article = insert_article(db, {**UNREAD, "url_key": f"//{name}.example/a", "source_id": source,
                                  "capture_id": capture.id})  # fmt: skip
    db.execute(
        f"""INSERT INTO revisions (id, article_id, number, capture_id, seen, authors, text, text_digest, extractor)
            VALUES ({numbers.new_id("revisions")}, ?, 1, ?, '2026', '[]', '', '', '')""",
        (article, capture.id),
    )
    readings.keep_reading(db, 1, "2026", dict.fromkeys(readings.REVISION_COLUMNS, "[]"))
    removals.remember(db, f"//{name}.example/gone", "2026", "asked for", 1)
    page_states.note(db, f"https://{name}.example/b", "404", capture, source_id=source, article_id=None)
    listings.add_gap(db, listings.ListingState(f"//{name}.example/f", "", "feed", source), "2026", "2026", capture.id)
    pauses.note(db, {source: True}, NOW)
    for page in ("a", "b"):
        frontier.insert(FrontierRow(f"//{name}.example/{page}", f"https://{name}.example/{page}", f"{name}.example:443",
                                    source, "article", 1, 1, NOW, NOW))  # fmt: skip
    (page,) = frontier.ids_of_keys([f"//{name}.example/a"])
    pictures = [PagePart(f"https://{name}.example/{number}.png", "image") for number in range(2)]
    parts.want(db, page, pictures, PartRules(f"https://{name}.example/"), source, 1, 1, NOW, found_on="")
    parts.copy_links(db, f"//{name}.example/a", f"//{name}.example/b")
    return crawl


def highest(db):
    """Return the highest number of each table."""
    return {table: db.execute(f"SELECT max(id) FROM {table}").fetchone()[0] for table in numbers.NUMBERED_TABLES}


def test_ordinary_archive_numbers_from_one(db):
    """What no fleet has is as it was: SQLite's own numbers, without gaps."""
    add_rows(db, "paper")
    assert highest(db) == dict.fromkeys(numbers.NUMBERED_TABLES, 1) | {"frontier": 4, "page_parts": 4}


def test_every_table_of_a_shard_numbers_within_its_range_beside_rows_of_others(db):
    """Rows of other shards, above and below, and rows that have left, do not decide on the next number."""
    numbers.make_shard(db, FLEET, 1, 4)
    add_rows(db, "lower")
    numbers_of_lower = highest(db)
    assert {number // RANGE for number in numbers_of_lower.values()} == {1}
    db.execute("UPDATE shard SET number = 7")
    add_rows(db, "higher")
    db.execute("UPDATE shard SET number = 3")
    add_rows(db, "own")
    first = {table: bounds(3).first for table in numbers.NUMBERED_TABLES} | dict.fromkeys(
        ("frontier", "page_parts"), bounds(3).first + 3
    )
    assert numbers.highest_numbers(db, 3) == first
    numbers.raise_floors(db, {"crawls": bounds(3).first + 99, "articles": bounds(3).first + 9})
    numbers.raise_floors(db, {"crawls": bounds(3).first + 5})
    assert add_rows(db, "again") == bounds(3).first + 100
    assert numbers.highest_numbers(db, 3)["articles"] == bounds(3).first + 10
    assert [one.first // RANGE for one in numbers.ranges_in(db, "articles")] == [7, 3, 1]


def test_newest_run_of_a_shard_is_the_latest_not_the_highest(db):
    """A run that came with a source from a higher shard is history, also if this shard has not crawled yet."""
    store = ArticleStore(db)
    numbers.make_shard(db, FLEET, 2, 4)
    foreign = bounds(3).first
    db.execute("INSERT INTO crawls VALUES (?, '2026-01-01', NULL, 'done', 'crawl', '', NULL, NULL)", (foreign,))
    own = [store.begin_crawl("crawl", ""), store.begin_crawl("crawl", "")]
    store.end_crawl(own[0], "done", {})
    assert [row["run"] for row in runs.runs(row_db(db), None, None)] == [*reversed(own), foreign]
    assert has_end(db, own[1])
    assert not has_end(db, own[0])
    assert [time.year for time in runs.beginnings(db, own[0], 5)] == [2026]


def row_db(db):
    """Return another connection to the same database, with named columns."""
    from pipelines.database.connection import connect, file_of

    return connect(file_of(db))


def test_captures_of_other_ranges_are_noted_by_who_moves_them(db):
    """Else the highest number would hide the captures that the shard records itself."""
    numbers.make_shard(db, FLEET, 2, 4)
    add_rows(db, "own")
    db.execute("UPDATE captures SET id = ? WHERE id = ?", (bounds(3).first, bounds(2).first))
    db.execute("DELETE FROM changes")
    journal_rows.note_captures(db)
    add_rows(db, "second")
    journal_rows.note_captures(db)
    noted = db.execute("SELECT key FROM changes WHERE name = 'captures'").fetchall()
    assert noted == [(bounds(2).first,)]


def test_journal_has_which_shard_an_archive_is(db, tmp_path):
    """A rebuild must go on giving the same numbers."""
    numbers.make_shard(db, FLEET, 5, 16)
    numbers.raise_floors(db, {"articles": bounds(5).first + 3})
    lines = journal_rows.take_changes(db, 10)
    with closing(open_database(tmp_path / "new.db")) as new:
        journal_rows.apply_lines(new, "".join(f"{line}\n" for line in lines).encode())
        assert new.execute("SELECT * FROM shard").fetchall() == [(FLEET, 5, 16)]
        assert new.execute("SELECT * FROM number_floors").fetchall() == [("articles", bounds(5).first + 3)]
    assert {name for line in lines for name in json.loads(line)} == {"shard", "number_floors"}


def test_archive_is_made_no_other_shard(db):
    """A folder that was put under another number would give numbers of a range that is not its own."""
    numbers.make_shard(db, FLEET, 5, 16)
    numbers.make_shard(db, FLEET, 5, 32)
    with pytest.raises(MorgueError, match="it is shard 5"):
        numbers.make_shard(db, FLEET, 6, 32)
    assert db.execute("SELECT shards FROM shard").fetchone() == (32,)
