"""Test what is read of a source's articles, in a real database."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.core.items import Source
from pipelines.database.columns import insert_article
from pipelines.database.connection import connect, open_database
from pipelines.database.health.observation import observe
from pipelines.database.store import ArticleStore

NOW = datetime(2026, 3, 9, 8, tzinfo=UTC)


@pytest.fixture
def db(tmp_path):
    writer = open_database(tmp_path / "morgue.db")
    ArticleStore(writer).source(Source("paper", "https://paper.example/"))
    yield writer
    writer.close()


def observed(db):
    """Return the facts of the paper as readers see them."""
    db.commit()
    reader = connect(Path(db.execute("PRAGMA database_list").fetchone()[2]))
    try:
        return observe(reader, NOW, {"paper"}).sources[0]
    finally:
        reader.close()


def add_capture(db, number, time, status=200):
    db.execute(
        """INSERT INTO captures (id, source_id, url, time, status, kind, file, offset, length, record_id, record_type)
           VALUES (?1, 1, 'u', ?2, ?3, 'article', 'f', ?1, 1, ?1, 'response')""",
        (number, time, status),
    )


def add_article(db, number, seen, published):
    add_capture(db, number, seen)
    blank = dict.fromkeys(("kind", "extractor", "text_digest", "text"), "")
    seen_at = {"first_seen": seen, "last_seen": seen, "published_day": published}
    identity = {"url_key": str(number), "url": str(number), "source_id": 1, "capture_id": number, "revision": 1}
    insert_article(db, blank | seen_at | identity | {"authors": "[]", "tags": "[]", "word_count": 0})


def test_first_and_last_of_a_day_are_of_its_fresh_articles(db):
    """A backfill brings old ones early and late, and on days of its own."""
    seen = (("2026-03-07T06", "1999-01-01"), ("2026-03-07T09", "2026-03-07"), ("2026-03-07T11", None),
            ("2026-03-07T22", "1999-01-02"), ("2026-03-08T06", "1999-01-03"))  # fmt: skip
    for number, (hour, day) in enumerate(seen, 1):
        add_article(db, number, f"{hour}:00:00Z", day)
    assert [(day.articles, day.fresh, day.first, day.last) for day in observed(db).days] == [
        (4, 2, "2026-03-07T09:00:00Z", "2026-03-07T11:00:00Z"),
        (1, 0, None, None),
    ]


def test_days_before_the_baseline_are_known_of_a_paper_that_is_rare(db):
    """The last five that brought new articles."""
    for number, month in enumerate(("07", "08", "09", "10", "11", "12"), 1):
        add_article(db, number, f"2025-{month}-01T09:00:00Z", f"2025-{month}-01")
    assert [first.month for first, _ in observed(db).earlier] == [8, 9, 10, 11, 12]


def test_refusals_are_those_after_the_last_answer_that_is_not_in_the_future(db):
    """A clock that was ahead for a run does not hide them for a year."""
    for number, (day, status) in enumerate((("2026-03-08", 403), ("2026-03-07", 200), ("2027-03-07", 200)), 1):
        add_capture(db, number, f"{day}T00:00:00.000000Z", status)
    refusals = observed(db).refusals
    assert refusals is not None
    assert (refusals.number, refusals.status) == (1, 403)


def test_error_page_counts_over_a_known_article_from_the_second_look_on(db):
    """One look may be in an outage; an address without an article may lead to a page that is none. Walls count."""
    add_article(db, 1, "2026-03-08T09:00:00Z", None)
    seen = (("error page", 1, 2), ("error page", 1, 1), ("error page", None, 2), ("consent wall", None, 1))
    for number, (kind, article, visits) in enumerate(seen):
        db.execute(
            """INSERT INTO page_states (url_key, url, source_id, article_id, kind, since, capture_id, last_seen,
                                        last_capture_id, visits)
               VALUES (?1, ?1, 1, ?2, ?3, '2026-03-09T01:00:00Z', 1, '2026-03-09T07:00:00Z', 1, ?4)""",
            (number, article, kind, visits),
        )
    assert {state.kind: state.number for state in observed(db).page_states} == {"error page": 1, "consent wall": 1}
