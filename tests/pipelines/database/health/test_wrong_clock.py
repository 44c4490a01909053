"""Test what is put right after runs whose clock was ahead, in a real database."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from pipelines.core.items import Article, Capture, Page, Reading, Source
from pipelines.core.timestamps import stamp
from pipelines.database.connection import open_database
from pipelines.database.health.wrong_clock import mend, written_years_after
from pipelines.database.store import ArticleStore

NOW = datetime(2026, 3, 9, 8, tzinfo=UTC)
HOUR, AHEAD = timedelta(hours=1), timedelta(days=400)
URL = "https://paper.example/2026/03/09/story.html"
TEXT = "The council sat until midnight.\nNothing was decided."
NEWER = "The mayor resigned on Monday evening.\nThe council elects another next week."


class Archive:
    """Let runs begin at times, and file what they read."""

    def __init__(self, store: ArticleStore) -> None:
        self.store, self.run_id = store, 0
        self.source_id = store.source(Source("paper", "https://paper.example/"))
        store.db.execute("UPDATE sources SET added = ?", (stamp(NOW - HOUR),))

    def run(self, time: datetime, command: str = "crawl") -> int:
        """Begin a run, mend what earlier ones wrote, and return how many were wrong."""
        self.run_id = self.store.begin_crawl(command, "test 1")
        self.store.db.execute("UPDATE crawls SET started = ?1, finished = ?1 WHERE id = ?2", (stamp(time), self.run_id))
        return mend(self.store.db, self.run_id, time)

    def capture(self, url: str, time: datetime, status: int = 200) -> Capture:
        made = Capture(
            None, url, time, status, "text/html", "a.warc.gz", 0, 1, f"<urn:uuid:{uuid4()}>", "response", None, None,
            "article",
        )  # fmt: skip
        return self.store.capture(made, self.run_id, self.source_id)

    def see(self, time: datetime, text: str = TEXT, url: str = URL) -> str | None:
        """File what is read of a page, and return what it is."""
        blank = dict.fromkeys(Article.__dataclass_fields__)
        known = {"url": url, "canonical_url": url, "title": "Council sits", "text": text, "authors": ("Ana Berg",),
                 "tags": (), "word_count": 8, "kind": "article", "extractor": "test 1", "rights": (),
                 "found_in": {}}  # fmt: skip
        page = Page(url, b"", capture=self.capture(url, time))
        return self.store.file(Reading(page, Article(**blank | known), 1.0), self.source_id, url).change

    def rows(self, sql: str) -> list[tuple]:
        return self.store.db.execute(sql).fetchall()


@pytest.fixture
def archive(tmp_path):
    db = open_database(tmp_path / "morgue.db")
    archive = Archive(ArticleStore(db))
    archive.run(NOW)
    yield archive
    db.close()


def test_edit_after_a_run_with_a_clock_ahead_is_the_newest_text_for_good(archive):
    """Also where the old text is imported later, or the time comes that the clock showed."""
    archive.see(NOW)
    archive.run(NOW + AHEAD)
    archive.see(NOW + AHEAD)
    assert archive.run(NOW + HOUR) == 1
    assert archive.see(NOW + HOUR, NEWER) == "edited"
    archive.run(NOW + 3 * HOUR, "import")
    assert archive.see(NOW - HOUR) == "unchanged"
    archive.run(NOW + AHEAD + HOUR)
    assert archive.see(NOW + AHEAD + HOUR, NEWER) == "unchanged"
    assert archive.rows("SELECT number, seen FROM revisions ORDER BY number") == [
        (1, stamp(NOW - HOUR)), (2, stamp(NOW + HOUR)),
    ]  # fmt: skip
    assert archive.rows("SELECT revision, text FROM articles") == [(2, NEWER)]


def test_captures_of_a_crawl_are_the_newest_whatever_its_clock_says(archive):
    """The clock is ahead for a run, and for the next one, which begins before anything is mended, it is right."""
    archive.see(NOW + AHEAD)
    archive.run_id = archive.store.begin_crawl("crawl", "test 1")
    archive.store.db.execute("UPDATE crawls SET started = ? WHERE id = ?", (stamp(NOW), archive.run_id))
    assert archive.see(NOW + HOUR, NEWER) == "edited"
    assert archive.rows("SELECT text FROM articles") == [(NEWER,)]


def test_page_that_was_gone_in_a_run_with_a_clock_ahead_is_back_once_it_is_seen(archive):
    """The period ends with the capture that shows the article, and another may begin before the wrong time."""
    archive.see(NOW)
    archive.run(NOW + AHEAD)
    archive.store.note_state(URL, "404", archive.capture(URL, NOW + AHEAD, 404), archive.source_id)
    archive.run(NOW + HOUR)
    archive.see(NOW + HOUR)
    archive.store.note_state(URL, "404", archive.capture(URL, NOW + 2 * HOUR, 404), archive.source_id)
    assert archive.rows("SELECT since <= ended, ended FROM page_states ORDER BY since") == [
        (1, stamp(NOW + HOUR)), (None, None),
    ]  # fmt: skip


def test_days_and_times_of_a_run_with_a_clock_ahead_are_moved_back(archive):
    """As they would be counted anew by a rebuild; what was told as ended is told again if it is back."""
    archive.see(NOW)
    archive.run(NOW + AHEAD)
    archive.see(NOW + AHEAD, NEWER, "https://paper.example/2.html")
    db, ahead = archive.store.db, stamp(NOW + AHEAD)
    db.execute("INSERT INTO gaps (url_key, url, began, ended) VALUES ('k', 'u', ?, ?)", (stamp(NOW), ahead))
    db.execute("INSERT INTO pauses (source_id, began) VALUES (1, ?)", (ahead,))
    db.execute("INSERT INTO hosts (host, unconditional_until) VALUES ('h', ?)", (stamp(NOW + AHEAD + 24 * HOUR),))
    for kind, ended in (("silent", ahead), ("refused", None)):
        db.execute("INSERT INTO source_health VALUES (1, ?1, 'bad', ?2, 'e', ?3, ?4, 0, 'bad', ?3, NULL, NULL)",
                   (kind, stamp(NOW), ahead, ended))  # fmt: skip
    assert archive.run(NOW + HOUR) == 1
    moved = stamp(NOW + HOUR - timedelta(seconds=1))
    assert archive.rows("SELECT day, articles, first, last FROM source_days") == [
        ("2026-03-09", 2, stamp(NOW), moved),
    ]  # fmt: skip
    assert archive.rows("SELECT first_seen FROM articles ORDER BY id") == [(stamp(NOW),), (moved,)]
    assert archive.rows("SELECT ended FROM gaps UNION ALL SELECT began FROM pauses") == [(moved,)] * 2
    assert archive.rows("SELECT unconditional_until FROM hosts") == [(stamp(NOW + 25 * HOUR - timedelta(seconds=1)),)]
    assert archive.rows("SELECT kind, printed_at FROM source_health") == [("refused", moved)]
    assert archive.rows("SELECT started, clock_ahead > 0 FROM crawls WHERE id = 2") == [(moved, 1)]
    assert archive.run(NOW + 2 * HOUR) == 0


def test_week_of_runs_with_a_clock_ahead_keeps_its_days(archive):
    """They are moved by one length."""
    for day in range(1, 8):
        archive.run(NOW + AHEAD + 24 * day * HOUR)
        archive.see(NOW + AHEAD + 24 * day * HOUR, f"{TEXT} {day}", f"https://paper.example/{day}.html")
    assert archive.run(NOW + 24 * 7 * HOUR + HOUR) == 7
    days = [f"2026-03-{day:02}" for day in range(10, 17)]
    assert archive.rows("SELECT json_group_array(day) FROM source_days WHERE articles = 1") == [
        (json.dumps(days, separators=(",", ":")),)
    ]


def test_clock_that_is_behind_moves_no_times(archive):
    """Runs that followed on each other were right; the run that finds them in the future is wrong itself."""
    for hour in range(1, 5):
        archive.run(NOW + hour * HOUR)
    archive.see(NOW + 4 * HOUR)
    assert archive.run(datetime(1970, 1, 1, tzinfo=UTC)) == 0
    assert archive.rows("SELECT first_seen FROM articles") == [(stamp(NOW + 4 * HOUR),)]


@pytest.mark.parametrize(
    ("runs", "back", "is_behind"),
    [
        ((1, 2, 3, 4), 366, True),
        ((1, 2, 3, 4), 364, False),  # no more than a clock may be behind
        ((1, 2), 366, False),  # so few runs, all in the future: they may be wrong themselves
        ((1, 24 * 500), 2, False),  # there was a jump: `mend` puts right what the last run wrote
    ],
)
def test_clock_that_is_years_behind_runs_that_were_right_is_told_from_runs_ahead(archive, runs, back, is_behind):
    """`runs`: hours at which runs began; `back`: days from NOW back to the clock's time."""
    for hour in runs:
        archive.run(NOW + hour * HOUR)
    latest = stamp(NOW + runs[-1] * HOUR) if is_behind else None
    assert written_years_after(archive.store.db, NOW - timedelta(days=back)) == latest


def test_clock_is_not_judged_by_a_damaged_run(archive):
    """`morgue verify` names its row."""
    archive.run(NOW)
    archive.store.db.execute("UPDATE crawls SET started = 'zzz'")
    assert written_years_after(archive.store.db, NOW - timedelta(days=900)) is None
