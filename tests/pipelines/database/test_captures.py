"""Laws of looking captures up: by record, file, body and address, and which response may be referred to."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pipelines.core.items import Capture
from pipelines.database import captures
from pipelines.database.captures import PendingRevisitLengths
from pipelines.database.connection import open_database
from pipelines.database.store import ArticleStore

WHOLE = Capture(
    id=None, url="https://paper.example/", time=datetime(2026, 5, 1, tzinfo=UTC), status=200, mime="text/html",
    file="a.warc.gz", offset=100, length=50, record_id="<urn:uuid:1>", record_type="response", block_digest="sha1:B",
    payload_digest="sha1:P", kind="article", body_length=7,
)  # fmt: skip
REVISIT = replace(
    WHOLE, offset=200, record_id="<urn:uuid:2>", record_type="revisit", refers_to="<urn:uuid:1>", body_length=None,
    time=datetime(2026, 5, 2, tzinfo=UTC),
)  # fmt: skip


@pytest.fixture
def store(tmp_path):
    with closing(open_database(tmp_path / "morgue.db")) as db:
        store = ArticleStore(db)
        store.begin_crawl("crawl", "newsmorgue")
        yield store


def test_capture_is_found_by_its_record_and_counted_in_its_file(store):
    """A record without a row has no location."""
    store.capture(WHOLE, 1, None)
    assert (
        captures.has_record(store.db, "<urn:uuid:1>"),
        captures.has_record(store.db, "<urn:uuid:2>"),
    ) == (
        True,
        False,
    )
    assert captures.location_of(store.db, "<urn:uuid:1>")[3:6] == ("a.warc.gz", 100, 50)
    assert captures.location_of(store.db, None) is None
    assert [captures.count_in_file(store.db, file) for file in ("a.warc.gz", "b.warc.gz")] == [1, 0]


@pytest.mark.parametrize(
    "change",
    [{"status": 404}, {"error": "cut off"}, {"body_digest": "sha1:C"}, {"payload_digest": "sha1:Q"}],
    ids=["no 200", "cut off", "chunked", "another body"],
)
def test_response_that_may_not_be_referred_to_is_not_found_by_its_payload(store, change):
    """Only whole responses of the same body, without chunk framing."""
    store.capture(replace(WHOLE, **change), 1, None)
    assert list(captures.whole_responses_with_payload(store.db, "sha1:P", "")) == []


def test_response_is_found_by_payload_only_if_it_was_filed(store):
    """A row that was added again after a crash has no crawl: its page is fetched again, and that is recorded whole."""
    store.capture(replace(WHOLE, record_id="<urn:uuid:0>"), None, None)
    assert list(captures.whole_responses_with_payload(store.db, "sha1:P", "")) == []
    store.capture(WHOLE, 1, None)
    found = captures.location_of(store.db, "<urn:uuid:1>")
    assert list(captures.whole_responses_with_payload(store.db, "sha1:P", "")) == [found]


def test_last_whole_response_leads_through_a_revisit_to_the_body(store):
    """A 304 after a revisit refers to the response that the revisit refers to."""
    assert captures.last_whole_response(store.db, WHOLE.url) is None
    store.capture(WHOLE, 1, None)
    store.capture(REVISIT, 1, None)
    assert captures.last_whole_response(store.db, WHOLE.url).record_id == "<urn:uuid:1>"


def test_revisit_gets_its_length_when_its_response_comes_later(store):
    """An import may bring the revisit first."""
    store.capture(replace(REVISIT, record_id="<urn:uuid:3>"), None, None)
    pending = PendingRevisitLengths(store.db)
    pending.filed(store.capture(REVISIT, None, None))
    pending.filed(store.capture(WHOLE, None, None))
    assert store.db.execute("SELECT body_length FROM captures ORDER BY id").fetchall() == [(7,), (7,), (7,)]
