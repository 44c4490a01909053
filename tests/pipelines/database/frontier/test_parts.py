"""Test how the parts of pages are queued, and which of them belong to some pages alone."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from pipelines.core.items import PagePart, PartRules, QueuedParts
from pipelines.database.connection import open_database
from pipelines.database.frontier import parts
from pipelines.database.frontier.rows import FrontierRow
from pipelines.database.frontier.table import FrontierTable

NOW = datetime(2026, 11, 30, tzinfo=UTC)
HOME = "https://paper.example/"
RULES = PartRules(HOME)


@pytest.fixture
def db(tmp_path):
    with closing(open_database(tmp_path / "morgue.db")) as db:
        yield db


def page(db, name: str) -> int:
    """Queue an article and return its row."""
    key = f"//paper.example/{name}"
    FrontierTable(db).insert(FrontierRow(key, f"https:{key}", "paper.example", None, "article", 1, 1, NOW, NOW))
    return FrontierTable(db).ids_of_keys([key])[0]


def want(db, page_id: int, *names: str, now: datetime = NOW, priority: int = 5) -> QueuedParts:
    found = [PagePart(HOME + name, "image") for name in names]
    return parts.want(db, page_id, found, RULES, None, priority, 1, now, found_on=HOME)


def part(db, name: str) -> int:
    return FrontierTable(db).ids_of_keys([f"//paper.example/{name}"])[0]


def state(db, name: str) -> tuple[str, int]:
    return tuple(db.execute("SELECT state, priority FROM frontier WHERE id = ?", (part(db, name),)).fetchone())


def fetched(db, name: str, at: datetime = NOW) -> None:
    FrontierTable(db).record_visit(
        part(db, name), at, state="done", next_visit=None, answered=True, status=200, error=None, etag=None,
        last_modified=None,
    )  # fmt: skip


def test_part_is_queued_once_and_again_only_after_a_time(db):
    """A later page that has it lets it be asked for again."""
    assert want(db, page(db, "one"), "a.png", "b.png").new == 2
    assert want(db, page(db, "two"), "a.png") == QueuedParts(0, 1)
    fetched(db, "a.png")
    assert want(db, page(db, "three"), "a.png", now=NOW + timedelta(days=29)).new == 0
    assert want(db, page(db, "four"), "a.png", now=NOW + timedelta(days=31)).new == 1
    assert state(db, "a.png") == ("idle", 5)


def test_part_that_waits_comes_earlier_if_a_newer_page_has_it(db):
    """Never later."""
    want(db, page(db, "old"), "a.png", priority=9)
    want(db, page(db, "new"), "a.png", priority=3)
    want(db, page(db, "older"), "a.png", priority=12)
    assert state(db, "a.png") == ("idle", 3)


def test_address_of_an_article_or_of_what_was_taken_down_is_no_part(db):
    """It has its own visits, or none for ever."""
    one = page(db, "one")
    page(db, "article")
    want(db, one, "gone.png")
    FrontierTable(db).mark_removed([part(db, "gone.png")])
    assert want(db, one, "article", "gone.png") == QueuedParts()
    assert state(db, "gone.png")[0] == "removed"


def test_rank_is_that_of_the_day_of_the_page():
    """The newest first; a day that is still to come, or none, counts as today."""
    days = ["2026-12-24", None, "2026-11-29", "2026-02-30", "1999-01-01"]
    ranks = [parts.priority_of(day, NOW) for day in days]
    assert ranks[0] == ranks[1] == ranks[3] < ranks[2] < ranks[4]


def test_parts_of_some_pages_alone_are_those_that_no_other_page_reaches(db):
    """Through style sheets and redirects, which may lead in a circle."""
    one, two = page(db, "one"), page(db, "two")
    want(db, one, "own.png", "shared.css", "own.css")
    want(db, two, "shared.css")
    want(db, part(db, "shared.css"), "in-shared.png", "circle.css")
    want(db, part(db, "circle.css"), "shared.css")
    want(db, part(db, "own.css"), "in-own.png", "in-shared.png", "own-circle.css")
    want(db, part(db, "own-circle.css"), "own.css")

    def alone(*pages: int) -> set[str]:
        found = parts.parts_of_these_alone(db, pages)
        return {key.removeprefix("//paper.example/") for key in found.values()}

    assert alone(one) == {"own.png", "own.css", "in-own.png", "own-circle.css"}
    assert alone(two) == set()
    assert alone(one, two) == alone(one) | {"shared.css", "in-shared.png", "circle.css"}


def test_row_that_is_deleted_is_part_of_no_page(db):
    """Its number may be given again."""
    one = page(db, "one")
    want(db, one, "a.png")
    parts.forget(db, [part(db, "a.png")])
    assert db.execute("SELECT count(*) FROM page_parts").fetchone()[0] == 0


def test_redirect_of_a_part_is_a_part_as_well(db):
    """It is fetched already, and goes with the page."""
    one = page(db, "one")
    want(db, one, "moved.png")
    target = parts.landed(db, part(db, "moved.png"), HOME + "there.png", NOW)
    assert target == part(db, "there.png")
    assert state(db, "there.png")[0] == "done"
    assert set(parts.parts_of_these_alone(db, [one])) == {part(db, "moved.png"), target}
    page(db, "article")
    assert parts.landed(db, target, HOME + "article", NOW) == target
