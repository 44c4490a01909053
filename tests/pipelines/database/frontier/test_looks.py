"""Test what the database says of the looks at articles."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from pipelines.core.items import Article, Capture, Page, Reading, Source, WatchedArticle
from pipelines.core.timestamps import stamp
from pipelines.core.urls import url_key
from pipelines.database.connection import open_database
from pipelines.database.frontier.looks import (
    claims_of_change,
    hosts_with_false_304,
    last_edit,
    note_false_304,
    watched_articles,
)
from pipelines.database.frontier.rows import FrontierRow
from pipelines.database.frontier.table import FrontierTable
from pipelines.database.store import ArticleStore

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
URL = "https://paper.example/story.html"
HOUR = 3600.0
TEXT = "The council met on Tuesday and talked about the harbour wall, which needs repair before winter."


@pytest.fixture
def store(tmp_path):
    db = open_database(tmp_path / "morgue.db")
    yield ArticleStore(db)
    db.close()


def look(store, source_id, hours, text, status=200):
    """Let a visit find a text, or a 304 if it is None."""
    time = NOW + timedelta(hours=hours)
    capture = store.capture(
        Capture(None, URL, time, status, "text/html", "a.warc.gz", 0, 1, f"<urn:uuid:{uuid4()}>", "response", None,
                None, "article"),
        None, source_id,
    )  # fmt: skip
    if text is None:
        store.confirm_unchanged(URL, capture)
        return
    blank = dict.fromkeys(Article.__dataclass_fields__)
    values = {"url": URL, "title": "Council", "text": text, "authors": (), "tags": (), "word_count": 1}
    article = Article(**blank | values | {"kind": "article", "extractor": "test 1", "found_in": {}})
    store.file(Reading(Page(URL, b"", capture=capture), article, 1.0), source_id, URL)


def test_edit_lies_between_the_look_that_found_it_and_the_one_before(store):
    """A 304 is a look, too, and extends the time in which the article was watched."""
    source_id = store.source(Source("paper", "https://paper.example/"))
    look(store, source_id, 0, TEXT)
    look(store, source_id, 3, None, 304)
    look(store, source_id, 6, TEXT + " Nothing was decided.")
    look(store, source_id, 24, None, 304)
    assert watched_articles(store.db, source_id) == [WatchedArticle(24 * HOUR, ((3 * HOUR, 6 * HOUR),))]
    assert watched_articles(store.db, None) == []


def test_last_edit_is_the_newest_revision_but_the_first(store):
    """Looks that found nothing new do not move it."""
    source_id, key = store.source(Source("paper", "https://paper.example/")), url_key(URL)
    look(store, source_id, 0, TEXT)
    assert last_edit(store.db, key) is None
    look(store, source_id, 6, TEXT + " Nothing was decided.")
    look(store, source_id, 24, None, 304)
    assert last_edit(store.db, key) == (NOW + timedelta(hours=6), timedelta(hours=6))
    assert last_edit(store.db, url_key("https://paper.example/other.html")) is None


def test_host_is_doubted_until_its_time_is_over(store):
    """And no longer; a second doubt extends the first."""
    note_false_304(store.db, "paper.example", NOW)
    note_false_304(store.db, "paper.example", NOW + timedelta(days=14))
    assert hosts_with_false_304(store.db, NOW + timedelta(days=13)) == {"paper.example"}
    assert hosts_with_false_304(store.db, NOW + timedelta(days=15)) == set()


@pytest.mark.parametrize(
    ("claimed", "looks", "found"),
    [
        (-1, [(0, TEXT)], []),  # known at the first visit
        (5, [(0, TEXT)], []),  # no visit since
        (5, [(0, TEXT), (6, None)], [False]),
        (5, [(0, TEXT), (6, TEXT + " Nothing was decided.")], [True]),
        (5, [(0, TEXT), (4.95, TEXT + " Nothing was decided."), (6, None)], [True]),  # the listing was a little late
        (-900, [(-1000, TEXT), (6, None)], []),  # long ago
    ],
)
def test_times_of_change_are_judged_by_what_was_found_after_them(store, claimed, looks, found):
    """By the newest revision of the article, and the last visit to it."""
    source_id, key = store.source(Source("paper", "https://paper.example/")), url_key(URL)
    hint = {"modified": (NOW + timedelta(hours=claimed)).isoformat()}
    row = FrontierRow(key, URL, "paper.example", source_id, "article", 0, 0, NOW, NOW, hint=hint)
    FrontierTable(store.db).insert(row)
    for hours, text in looks:
        look(store, source_id, hours, text, 200 if text else 304)
        store.db.execute("UPDATE frontier SET last_visit = ?", (stamp(NOW + timedelta(hours=hours)),))
    assert claims_of_change(store.db, [key], NOW - timedelta(days=30)) == found
