"""Test how the parts of pages are queued, and which of them belong to some pages alone."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from pipelines.core.items import PagePart, PartRules, QueuedParts
from pipelines.core.timestamps import stamp
from pipelines.database.connection import open_database
from pipelines.database.frontier import parts
from pipelines.database.frontier.rows import NO_SOURCE, ClaimScope, FrontierRow, PartChoice
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


def test_parts_of_a_sheet_come_earlier_with_it(db):
    """If a newer page has the sheet: while it is fetched, and when it was and its parts wait."""
    old = page(db, "old")
    want(db, old, "s.css", priority=9)
    assert claimed(db) == ["s.css"]
    want(db, page(db, "new"), "s.css", priority=3)
    assert parts.priority_of_row(db, part(db, "s.css")) == 3
    fetched(db, "s.css")
    want(db, part(db, "s.css"), "in-sheet.png", priority=9)
    want(db, page(db, "newer"), "s.css", priority=2)
    assert state(db, "in-sheet.png") == ("idle", 2)


def test_part_that_was_left_out_is_none_that_the_archive_has(db):
    """What is not fetched again of the others is counted in bytes."""
    want(db, page(db, "one"), "a.png", "gone.png", "waits.png")
    fetched(db, "a.png")
    FrontierTable(db).record_visit(
        part(db, "gone.png"), NOW, state="done", next_visit=None, answered=True, status=404, error="HTTP 404",
        etag=None, last_modified=None,
    )  # fmt: skip
    for number, (status, length) in enumerate([(200, 700), (304, 90)]):
        db.execute(
            """INSERT INTO captures (url, time, kind, status, file, offset, length, record_id, record_type)
               VALUES (?, ?, 'part', ?, '', 0, ?, ?, 'response')""",
            (HOME + "a.png", f"2026-11-0{number + 1}", status, length, str(number)),
        )
    found = want(db, page(db, "two"), "a.png", "gone.png", "waits.png", "new.png")
    assert found == QueuedParts(1, 2, 1, 700, frozenset({"paper.example"}))


def test_sheet_that_has_not_changed_names_what_it_named(db):
    """Each with its kind."""
    want(db, page(db, "one"), "s.css")
    found = [PagePart(HOME + "t.css", "style"), PagePart(HOME + "a.png", "image")]
    parts.want(db, part(db, "s.css"), found, RULES, None, 5, 2, NOW, found_on=HOME)
    assert parts.named_by(db, part(db, "s.css")) == found


def test_redirect_ends_at_a_part_that_was_fetched_lately_or_is_under_way(db):
    """Not at one that waits, nor at itself, nor at an article."""
    one = page(db, "one")
    want(db, one, "moved.png", "there.png")
    moved, there, lately = part(db, "moved.png"), HOME + "there.png", NOW - timedelta(days=30)
    assert not parts.is_known(db, moved, there, lately)
    assert claimed(db) == ["moved.png", "there.png"]
    assert parts.is_known(db, moved, there, lately)
    assert not parts.is_known(db, moved, HOME + "moved.png", lately)
    assert not parts.is_known(db, moved, HOME + "one", lately)
    fetched(db, "there.png")
    assert parts.is_known(db, moved, there, lately)
    assert not parts.is_known(db, moved, there, NOW + timedelta(seconds=1))
    assert parts.redirected(db, moved, there, NOW) == part(db, "there.png")
    assert (moved, part(db, "there.png")) in [
        tuple(row) for row in db.execute("SELECT page_id, part_id FROM page_parts")
    ]


def test_target_of_two_redirects_at_the_same_time_waits_for_the_first(db):
    """Its row is there for the second one at once, and the answer to the first is that of both."""
    want(db, page(db, "one"), "first.png", "second.png")
    there = HOME + "there.png"
    parts.wait_for(db, part(db, "second.png"), there, NOW + timedelta(hours=1))
    assert "there.png" not in claimed(db)
    target = parts.redirected(db, part(db, "second.png"), there, NOW)
    assert parts.landed(db, part(db, "first.png"), there, NOW) == target == part(db, "there.png")
    parts.wait_for(db, part(db, "second.png"), there, NOW)
    assert db.execute("SELECT state, visits FROM frontier WHERE id = ?", (target,)).fetchone()[:] == ("done", 1)


def test_part_fetched_again_through_a_redirect_is_new(db):
    """So that the next redirect ends there."""
    want(db, page(db, "one"), "moved.png", "there.png", now=NOW - timedelta(days=90))
    fetched(db, "there.png", NOW - timedelta(days=60))
    parts.landed(db, part(db, "moved.png"), HOME + "there.png", NOW)
    assert parts.is_known(db, part(db, "moved.png"), HOME + "there.png", NOW)


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


ALL, ANY = ClaimScope(), PartChoice(frozenset((NO_SOURCE,)))


def crawl_of(db) -> int:
    """Begin a crawl and return its row."""
    sql = "INSERT INTO crawls (started, command, software) VALUES ('', '', '') RETURNING id"
    return int(db.execute(sql).fetchone()[0])


def claimed(db, scope: ClaimScope = ALL, choice: PartChoice = ANY, now: datetime = NOW) -> list[str]:
    """Claim all parts that may be; return their names."""
    claims = FrontierTable(db).claim_parts(crawl_of(db), "paper.example", 9, scope, now, choice)
    return [claim.url.removeprefix(HOME) for claim in claims]


def test_only_pictures_are_claimed_of_a_source_that_wants_no_other_parts(db):
    """Style sheets and fonts that were queued before wait on."""
    found = [PagePart(HOME + "s.css", "style"), PagePart(HOME + "a.png", "image"), PagePart(HOME + "f.woff2", "font")]
    parts.want(db, page(db, "one"), found, RULES, None, 5, 1, NOW, found_on=HOME)
    assert claimed(db, choice=PartChoice(images=frozenset((NO_SOURCE,)))) == ["a.png"]
    assert claimed(db, choice=PartChoice()) == []
    assert claimed(db) == ["s.css", "f.woff2"]


def test_crawl_of_some_pages_claims_the_parts_that_it_queued_itself(db):
    """Also one that waited before, if one of its pages has it; one that failed waits for its time."""
    earlier, began = NOW - timedelta(days=1), NOW
    for name in ("waits.png", "shared.png", "failed.png"):
        want(db, page(db, "old"), name, now=earlier)
    later = NOW + timedelta(hours=9)
    FrontierTable(db).record_visit(
        part(db, "failed.png"), earlier, state="idle", next_visit=later, answered=False, status=503, error="HTTP 503",
        etag=None, last_modified=None,
    )  # fmt: skip
    want(db, page(db, "new"), "new.png", "shared.png", "failed.png")
    for scope in (ClaimScope(frozenset(), began=stamp(began)), ClaimScope(began=stamp(began), new_parts_only=True)):
        assert FrontierTable(db).count_parts(scope, ANY) == 3
        assert FrontierTable(db).next_part(scope, ANY) == stamp(NOW)
    assert claimed(db, scope) == ["shared.png", "new.png"]
    assert FrontierTable(db).next_part(scope, ANY) == stamp(later)
    parts.wait_anew(db, ["//paper.example/old"], NOW)
    assert claimed(db, scope) == ["waits.png"]


@pytest.mark.parametrize(
    ("trouble", "pages_only", "hosts", "next_part"),
    [
        ("HTTP 503", 0, [], "2026-11-30T05:00:00Z"),
        ("HTTP 403", 1, [], None),
        (None, 0, ["paper.example"], "2026-11-30T00:00:00Z"),
    ],
)
def test_host_in_trouble_is_not_asked_for_parts(db, trouble, pages_only, hosts, next_part):
    """Before its next probe; while it refuses pages, a page is the probe."""
    want(db, page(db, "one"), "a.png")
    db.execute(
        "INSERT INTO hosts (host, trouble, failures, retry_at, pages_only) VALUES ('paper.example', ?, 1, ?, ?)",
        (trouble, "2026-11-30T05:00:00Z", pages_only),
    )
    table = FrontierTable(db)
    assert table.hosts_with_parts(ClaimScope(), NOW, ANY) == hosts
    assert table.next_part(ClaimScope(), ANY) == next_part
    assert table.next_part(ClaimScope(), PartChoice()) is None


def test_page_to_which_an_address_redirects_has_its_parts(db):
    """Each once."""
    want(db, page(db, "old"), "a.png", "b.png")
    want(db, page(db, "new"), "b.png")
    parts.copy_links(db, "//paper.example/old", "//paper.example/new")
    links = db.execute("SELECT count(*) FROM page_parts WHERE page_id = ?", (part(db, "new"),)).fetchone()[0]
    assert links == 2


def test_part_to_which_another_redirects_is_not_fetched_again(db):
    """If it was queued as well."""
    want(db, page(db, "one"), "moved.png", "there.png")
    parts.landed(db, part(db, "moved.png"), HOME + "there.png", NOW)
    assert claimed(db) == ["moved.png"]
    assert want(db, page(db, "two"), "there.png") == QueuedParts(0, 1)


def test_part_of_no_source_knows_its_page(db):
    """Whose site it may be on."""
    want(db, page(db, "one"), "a.png")
    (claim,) = FrontierTable(db).claim_parts(crawl_of(db), "paper.example", 1, ClaimScope(), NOW, ANY)
    assert claim.hint == {"part": "image", parts.HOME_HINT: HOME}
