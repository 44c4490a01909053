"""Test the states of an article from captures in any order: a table of cases, and every order of a few captures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from pipelines.core.items import Article, Capture, Page, Reading
from pipelines.database.connection import open_database
from pipelines.database.edits.revision_order import Sighting, states
from pipelines.database.store import ArticleStore

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


def sightings(*captures: tuple[str, int | None]) -> list[Sighting]:
    """Return sightings at hours 1, 2, ...: (text, row of revisions); the one that is being filed has no row yet."""
    return [Sighting(str(hour), f"<{text}{hour}>", hour, row, text) for hour, (text, row) in enumerate(captures, 1)]


CASES = {
    "the first": (sightings(("A", None)), "A1 row None of what was read"),
    "newest, same text": (sightings(("A", 1), ("A", None)), "A1 row 1"),
    "newest, other text": (sightings(("A", 1), ("B", None)), "A1 row 1, B2 row None of what was read"),
    "older, same text": (sightings(("A", None), ("A", 1)), "A1 row 1"),
    "older, other text": (sightings(("A", None), ("B", 1)), "A1 row None of what was read, B2 row 1"),
    "between, text of the earlier": (sightings(("A", 1), ("A", None), ("B", 2)), "A1 row 1, B3 row 2"),
    "between, text of the later": (sightings(("A", 1), ("B", None), ("B", 2)), "A1 row 1, B2 row 2"),
    "between, a third text": (
        sightings(("A", 1), ("C", None), ("B", 2)),
        "A1 row 1, C2 row None of what was read, B3 row 2",
    ),
    "within a state, its text": (sightings(("A", 1), ("A", None), ("A", 1)), "A1 row 1"),
    "within a state, another": (
        sightings(("A", 1), ("B", None), ("A", 1)),
        "A1 row 1, B2 row None of what was read, A3 row None as row 1",
    ),
    "within a longer one": (
        sightings(("A", 1), ("A", 1), ("B", None), ("A", 1), ("A", 1), ("C", 2)),
        "A1 row 1, B3 row None of what was read, A4 row None as row 1, C6 row 2",
    ),
}


@pytest.mark.parametrize(("captures", "wanted"), CASES.values(), ids=CASES)
def test_capture_takes_its_place_in_time(captures, wanted):
    """Neighbours differ and rows are kept; a new row holds what was read, or what its other part does."""

    def described(state):
        row = f"row {state.revision_id}"
        if state.revision_id is None:
            row += " of what was read" if state.like is None else f" as row {state.like}"
        return f"{state.first.digest}{state.first.time} {row}"

    assert ", ".join(map(described, states(captures))) == wanted


def test_rows_that_a_new_extractor_made_equal_stay_apart():
    """They are not thrown away; a capture between them joins the earlier."""
    one = [Sighting("1", "", 1, 7, "A"), Sighting("2", "", 2, None, "A"), Sighting("3", "", 3, 8, "A")]
    assert [(state.revision_id, state.captures) for state in states(one)] == [(7, (1, 2)), (8, (3,))]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    db = open_database(tmp_path_factory.mktemp("chain") / "morgue.db")
    db.execute("BEGIN")
    yield ArticleStore(db)
    db.close()


STORIES = {
    "A": "The council sat until midnight. Nothing was decided.",
    "B": "The council sat until midnight, and left.",
    "C": "The council did not sit.",
}


def filed(
    store: ArticleStore,
    captures: list[tuple[int, str]],
    url: str,
    twin: frozenset[int] = frozenset(),
    *,
    varied: bool = True,
) -> list[tuple]:
    """File captures (hour, letter of the text) of one address in that order; the rows, without row ids.

    `twin`: hours at which it was the page's AMP twin that was met. `varied`: each capture has its own modified date.
    """
    for hour, letter in captures:
        at = url + "amp/" if hour in twin else url
        blank = dict.fromkeys(Article.__dataclass_fields__)
        values = {"url": at, "canonical_url": url, "title": f"Council {url}" if twin else "Council",
                  "text": STORIES[letter], "authors": (),
                  "tags": (), "word_count": 8, "kind": "article", "extractor": "1", "rights": (), "found_in": {},
                  "modified": f"2026-11-23T{hour:02}:00:00Z" if varied else None}  # fmt: skip
        capture = Capture(None, at, NOW + timedelta(hours=hour), 200, "text/html", "a", 0, 1, f"<{at} {hour}>",
                          "response", None, None, "article")  # fmt: skip
        page = Page(at, b"", capture=store.capture(capture, None, None))
        store.file(Reading(page, Article(**blank | values), 1.0), None, at)
    names = [row[1] for row in store.db.execute("PRAGMA table_info(articles)")]
    kept = ", ".join(f"a.{name}" for name in names if name not in ("place", "id", "capture_id", "fields_digest"))
    articles = store.db.execute(
        f"SELECT {kept}, c.time FROM articles a JOIN captures c ON c.id = a.capture_id WHERE a.url LIKE ?", (f"{url}%",)
    )
    revisions = store.db.execute(
        """SELECT r.number, r.seen, r.title, r.text, r.text_digest, r.modified, c.time,
                  (SELECT group_concat(k.time) FROM sightings s JOIN captures k ON k.id = s.capture_id
                    WHERE s.revision_id = r.id ORDER BY k.time)
             FROM revisions r JOIN captures c ON c.id = r.capture_id JOIN articles a ON a.id = r.article_id
            WHERE a.url LIKE ? ORDER BY r.number""",
        (f"{url}%",),
    )
    rows = [*articles.fetchall(), *revisions.fetchall()]
    return [tuple(common(value, url) if isinstance(value, str) else value for value in row) for row in rows]


def common(value: str, url: str) -> str:
    """Return a value as it would be at any address; lists of times sorted."""
    value = ",".join(sorted(value.split(","))) if "Z,20" in value else value
    return value.replace(url, "URL").replace(url[6:], "KEY")


ORDERS = ["A", "AA", "AB", "ABA", "AAB", "ABB", "ABC", "ABBA", "AABA"]


@pytest.mark.parametrize("texts", ORDERS)
def test_order_of_filing_does_not_change_the_rows(store, texts):
    """Every order of the same captures gives the same rows as the order of time. There are two exceptions: where a text
    comes back, and its two states were taken for one until the capture between them came, the second has the byline,
    description and modified date of the first. And noise (`edits.difference`) is told from edits only in order of time;
    `morgue reextract` does it for captures that came in another order."""
    captures = list(enumerate(texts))
    varied = not any(texts.rfind(one) - texts.find(one) >= texts.count(one) for one in texts)
    wanted = filed(store, captures, f"https://paper.example/{texts}/inorder/", varied=varied)
    assert [row[0] for row in wanted[1:]] == list(range(1, len(wanted)))
    for number, order in enumerate(permutations(captures)):
        got = filed(store, list(order), f"https://paper.example/{texts}/{number}/", varied=varied)
        assert got == wanted, order


@pytest.mark.parametrize("texts", ["AA", "AAB", "ABB"])
def test_amp_twin_met_in_any_order_is_the_same_article(store, texts):
    """One article with its own text, first seen when either page was."""
    captures = list(enumerate(texts))
    for hour in range(len(texts)):
        twin = frozenset((hour,))
        if {letter for at, letter in captures if at not in twin} != set(texts):
            continue
        summary = set()
        for number, order in enumerate(permutations(captures)):
            url = f"https://twin.example/{texts}/{hour}/{number}/"
            _article, *revisions = filed(store, list(order), url, twin)
            seen = store.db.execute("SELECT first_seen FROM articles WHERE url = ?", (url,)).fetchall()
            summary.add((*seen, tuple((number, seen, text) for number, seen, _title, text, *_more in revisions)))
        assert len(summary) == 1, summary


def test_older_capture_does_not_change_the_search_index(store):
    """The index holds the newest text only."""
    url = "https://paper.example/search/"
    filed(store, [(5, "C"), (1, "A")], url)
    found = store.db.execute("SELECT a.url FROM articles_fts f JOIN articles a ON a.id = f.rowid "
                             "WHERE articles_fts MATCH 'midnight' AND a.url = ?", (url,)).fetchall()  # fmt: skip
    assert found == []


def test_captures_at_one_time_are_ordered_by_record_id():
    """It does not matter which is filed first."""
    a, b = Sighting("1", "<a>", 1, 1, "A"), Sighting("1", "<b>", 2, None, "B")
    assert [state.first.digest for state in states([b, a])] == ["A", "B"]
