"""Test that a search finds all articles that match, lazily, in the order of `morgue search`, and holds up no crawl."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, date, datetime
from itertools import pairwise

import pytest

from exports import Archive, Articles, Counts, NotFound, QueryError
from pipelines.database import queries
from tests.support.article_archive import build, undate
from tests.support.command import environment


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    with Archive(build(tmp_path_factory.mktemp("articles") / "a")) as opened:
        yield opened


def ids(articles):
    return [article.id for article in articles]


def test_search_finds_all_articles(archive):
    """It does not stop at twenty, as the command does."""
    assert len(list(archive.search())) == len(archive.search()) == 39
    assert len(list(archive.search("trade"))) == 30


@pytest.mark.parametrize("sort", ["relevance", "newest", "oldest"])
@pytest.mark.parametrize("query", [None, "climate", "trade OR climate", "title:report source:gazette"])
def test_articles_come_in_the_order_of_hits(archive, query, sort):
    """The command line shows the same, whole or in part."""
    articles = archive.search(query, sort=sort)
    order = [hit["id"] for hit in articles.hits()]
    assert ids(articles) == order
    assert ids(articles[3:7]) == [hit["id"] for hit in articles[3:7].hits()] == order[3:7]


def test_filters_are_those_of_the_command_line(archive):
    """Names and languages as text or list; days as text or date."""
    assert {one.source for one in archive.search(source=["gazette", "shimbun"])} == {"gazette", "shimbun"}
    assert ids(archive.search("climate", since=date(2024, 2, 1))) == [2]
    assert ids(archive.search("climate", until=datetime(2024, 1, 31, tzinfo=UTC))) == [1]
    assert ids(archive.search(language="de,ja", sort="oldest")) == [6, 7]


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda it: it.search(since="soon"), "since 'soon': not a year"),
        (lambda it: it.search(seen_until="2024-13"), "seen_until '2024-13': not a day that exists"),
        (lambda it: it.search(since="2024", until="2023"), "since '2024': the period ends before it begins"),
        (lambda it: it.search(undated=True, since="2024"), "undated: articles without a date"),
        (lambda it: it.search(language="englandish"), "language 'englandish': is not a language"),
        (lambda it: it.search(source=" , "), "source ' , ': is empty"),
        (lambda it: it.search(sort="best"), "sort 'best': unknown order"),
        (lambda it: it.search(limit=-1), "limit -1: less than nothing"),
        (lambda it: it.edits(limit=-1), "limit -1: less than nothing"),
        (lambda it: it.edits(min_change=25), "min_change 25: is no share of the words"),
        (lambda it: it.gone(since="soon"), "since 'soon'"),
        (lambda it: it.search().clusters(limit=-1), "limit -1: less than nothing"),
        (lambda it: it.search().clusters(sort="best"), "sort 'best': unknown order"),
        (lambda it: it.search("climate").kwic(sort="best"), "sort 'best': unknown order"),
        (lambda it: it.search("climate").kwic(-1), "width -1: less than nothing"),
        (lambda it: it.search().attention(top=-1), "top -1: less than nothing"),
        (lambda it: it.search().attention(by="colour"), "count by 'colour': unknown key"),
        (lambda it: it.search().attention(by="month,year"), "count by month,year: two units of time"),
        (lambda it: it.search(since="0001").attention(by="day"), "count by day: more than 50,000"),
    ],
)
def test_errors_name_the_argument_and_no_option_of_a_command(archive, ask, says):
    """Who writes Python types no --since."""
    with pytest.raises(QueryError, match=says) as refused:
        ask(archive)
    assert "--" not in str(refused.value)


def test_source_that_was_renamed_is_named_without_an_option(tmp_path):
    """As the others."""
    folder = build(tmp_path / "a")
    with closing(sqlite3.connect(folder / "morgue.db")) as db, db:
        db.execute("UPDATE sources SET former_names = 'herald' WHERE name = 'courier'")
    with Archive(folder) as archive, pytest.raises(NotFound, match=r"was renamed to courier\n  say courier$"):
        archive.search(source="herald")


def test_limit_is_a_whole_number(archive):
    """SQLite would take 1.5, and fail later."""
    for wrong in (1.5, "5"):
        with pytest.raises(TypeError, match="expected a whole number for limit"):
            archive.search(limit=wrong)


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"query": "climate ("}, QueryError),
        ({"query": "subject:sport"}, QueryError),
        ({"since": "soon"}, QueryError),
        ({"since": "2024", "until": "2023"}, QueryError),
        ({"undated": True, "since": "2024"}, QueryError),
        ({"sort": "best"}, QueryError),
        ({"limit": -1}, QueryError),
        ({"source": "curier"}, NotFound),
    ],
)
def test_bad_question_is_an_error_at_once(archive, asked, error):
    """The error does not wait until the first article is read."""
    with pytest.raises(error):
        archive.search(**asked)


def test_slices_are_parts_of_the_answer(archive):
    """They are those of a list, and do not read the rest. `limit` holds for them, too."""
    articles = archive.search(sort="oldest")
    every = ids(articles)
    for part in (slice(2, 5), slice(None, 3), slice(36, None), slice(-3, None), slice(5, -30), slice(9, 4), slice(99)):
        assert ids(articles[part]) == every[part], part
        assert len(articles[part]) == len(every[part]), part
    assert ids(articles[5:20][2:4]) == every[7:9]
    assert ids(archive.search(sort="oldest", limit=4)[1:]) == every[1:4]
    assert ids(articles.head()) == every[:5]
    with pytest.raises(ValueError, match="no step"):
        articles[::2]


def test_index_gives_one_article(archive):
    """From either end; beyond it is an IndexError, as for lists."""
    articles = archive.search("climate", sort="oldest")
    assert (articles[0].id, articles[-1].id) == (1, 2)
    for place in (2, -3):
        with pytest.raises(IndexError, match="among 2 articles"):
            articles[place]
    assert not archive.search("zeppelin")


def test_counts_are_by_one_key_or_several(archive):
    """They are a mapping, and rows."""
    climate = archive.search("climate")
    assert climate.count() == 2
    months = climate.count(by="month")
    assert dict(months) == {"2024-01": 1, "2024-02": 1}
    assert (months.total, months["2024-01"], repr(months)) == (
        2, 1, "Counts(by='month', {'2024-01': 1, '2024-02': 1})")  # fmt: skip
    assert dict(climate.count(by="author")) == {"Anna Berg": 1, "Bert Anna": 1}
    assert dict(climate.count(by=("source", "language"))) == {("courier", "en"): 2}
    assert next(climate.count(by="day").table_rows(["day", "count"])) == {"day": date(2024, 1, 5), "count": 1}


def test_counts_are_in_the_order_of_time_or_the_largest_first(tmp_path):
    """As `morgue count` prints them; undated articles are last, and what is equally frequent goes by name."""
    folder = build(tmp_path / "a")
    with closing(sqlite3.connect(folder / "morgue.db")) as db, db:
        undate(db, 2)
    with Archive(folder) as archive:
        every = archive.search()
        assert list(every.count(by="year").items()) == [("2022", 30), ("2023", 1), ("2024", 7), (None, 1)]
        assert list(every.count(by="source").items()) == [("courier", 20), ("gazette", 17), ("shimbun", 2)]
        assert list(every.count(by="language").items())[:2] == [("en", 19), ("fr", 17)]
        authors = [(author, number) for author, number in every.count(by="author").items() if number == 1]
        assert authors == sorted(authors)
        assert list(every.count(by=("year", "source"))) == [
            ("2022", "courier"), ("2022", "gazette"), ("2023", "courier"), ("2024", "courier"), ("2024", "gazette"),
            ("2024", "shimbun"), (None, "courier")]  # fmt: skip
        assert list(every.count(by=("source", "year"))) == [
            ("courier", "2022"), ("courier", "2023"), ("courier", "2024"), ("courier", None), ("gazette", "2022"),
            ("gazette", "2024"), ("shimbun", "2024")]  # fmt: skip
        for by in ("source", "language", "year", "kind", "source,language"):
            keys = by.split(",")
            rows = [tuple(row[key] for key in keys) for row in every.attention(by=by) if row["articles"]]
            assert rows == [key if len(keys) > 1 else (key,) for key in every.count(by=by)], by


def test_repr_of_a_search_counts_nothing(archive, monkeypatch):
    """A question about millions of articles is shown at once; the number is there once it was counted."""
    climate = archive.search("climate", since="2024", sort="newest")
    with monkeypatch.context() as never:
        never.setattr(Articles, "total", None)
        assert repr(climate) == "Articles(query='climate', since='2024-01-01', sort='newest', not counted yet)"
    assert len(climate) == 2
    assert repr(climate) == "Articles(query='climate', since='2024-01-01', sort='newest', 2 articles)"
    assert repr(climate[:1]) == "Articles(query='climate', since='2024-01-01', sort='newest', limit=1, not counted yet)"
    assert repr(archive.search()) == "Articles(not counted yet)"


def test_part_of_an_answer_is_not_counted_by_a_key(archive):
    """It would give the numbers of all that match."""
    for part in (archive.search(limit=3), archive.search()[2:]):
        with pytest.raises(QueryError, match="ask before"):
            part.count(by="month")
    with pytest.raises(QueryError, match="unknown key"):
        archive.search().count(by="colour")


def test_facets_are_the_largest_counts(archive):
    """Years and months are all there, in the order of time."""
    facets = archive.search().facets("source", "year", top=2)
    assert {name: dict(found) for name, found in facets.items()} == {
        "source": {"courier": 20, "gazette": 17},
        "year": {"2022": 30, "2023": 1, "2024": 8},
    }
    assert all(isinstance(found, Counts) for found in archive.search("climate").facets().values())


def test_undated_articles_are_counted_as_left_out(tmp_path):
    """Nothing is left out in silence."""
    folder = build(tmp_path / "a")
    with closing(sqlite3.connect(folder / "morgue.db")) as db, db:
        undate(db, 2)
    with Archive(folder) as archive:
        climate = archive.search("climate", since="2024")
        assert (ids(climate), climate.undated_left_out) == ([1], 1)
        assert "1 undated article left out" in climate._repr_html_()
        assert dict(archive.search("climate").count(by="month")) == {"2024-01": 1, None: 1}
        assert archive.article(2).published_day is archive.article(2).published_time is None


@pytest.fixture
def written(tmp_path):
    """Return an archive that a test writes to."""
    return build(tmp_path / "written")


def test_iterator_that_waits_keeps_no_transaction_open(written, monkeypatch):
    """A crawl can take the whole write-ahead log into the database, and what it wrote is read."""
    monkeypatch.setattr(queries, "BATCH_ROWS", 5)
    with Archive(written) as archive, closing(sqlite3.connect(written / "morgue.db", isolation_level=None)) as db:
        articles = iter(archive.search(sort="oldest"))
        first = next(articles)
        db.execute("UPDATE articles SET section = 'Late'")
        assert tuple(db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()) == (0, 0, 0)
        sections = [first.section, *(one.section for one in articles)]
    assert "Late" not in sections[:5]
    assert sections[5:] == ["Late"] * 34


def test_article_that_is_removed_meanwhile_is_left_out(written, monkeypatch):
    """A takedown holds at once."""
    monkeypatch.setattr(queries, "BATCH_ROWS", 5)
    with Archive(written) as archive, closing(sqlite3.connect(written / "morgue.db", isolation_level=None)) as db:
        articles = archive.search(sort="oldest")
        last = articles[-1].id
        begun = iter(articles)
        next(begun)
        db.execute("DELETE FROM revisions WHERE article_id = ?", (last,))
        db.execute("DELETE FROM articles WHERE id = ?", (last,))
        assert last not in ids(begun)


WRITER = """
import sys
from pathlib import Path
from tests.support.filed_source import filed_source

with filed_source(Path(sys.argv[1])) as paper:
    for number in range(50):
        paper.store.db.execute("BEGIN")
        words = " ".join(f"word{number}x{n}" for n in range(30))
        paper.see(f"story-{number}", f"harbour {words}", title=f"Story {number}", published="2026-11-23")
        paper.store.db.execute("COMMIT")
        if number == 0:
            print("begun", flush=True)
"""


def test_archive_is_read_while_a_process_files_articles(tmp_path):
    """No read fails or gets half an article, and each answer has at least what the one before had."""
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "begun\n"
        sizes = []
        with Archive(tmp_path) as archive:
            harbour = archive.search("harbour")
            while writer.poll() is None and len(sizes) < 1000:
                read = list(harbour)
                assert all(len(one.text.split()) == 31 for one in read)
                assert len({one.id for one in read}) == len(read)
                sizes.append(len(read))
                assert harbour.count(by="source")["paper"] >= sizes[-1]
            assert writer.wait(timeout=60) == 0
            assert len(list(harbour)) == 50
    assert all(one <= other for one, other in pairwise(sizes))
