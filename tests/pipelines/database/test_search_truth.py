"""Searches and counts of small random archives: they agree with what plain Python finds in the same articles."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest

from pipelines.core.errors import QueryError
from pipelines.database.connection import connect
from pipelines.database.filters import ArticleFilters
from pipelines.database.query_language import index_terms
from pipelines.database.query_language.conditions import QueryConditions
from pipelines.database.search import counts, hits, place_counts, ranking
from pipelines.database.search.spans import INDEXED_COLUMNS, TOKENIZER
from tests.support.article_archive import database, insert
from tests.support.worded_archive import worded

PLAIN_WORDS = ("flood", "dam", "rain", "river", "town", "minister", "ministry", "said")
TYPED = {"cœur": "coeur", "łódka": "lodka", "ısı": "isi", "يهدّد": "يهدد"}  # of a word, what people type for it
WORDS = (*PLAIN_WORDS, *TYPED, *TYPED.values())
KINDS = ("article", "opinion", "live blog")
LANGUAGES = ("en", "de", None)
ARTICLES = 60
PERIODS = {"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m", "year": "%Y"}

Row = dict[str, Any]
Test = Callable[[Row], bool]


def random_articles(dice: random.Random) -> list[Row]:
    """Return articles of few words, so that most queries match some."""
    days = [date(2020, 1, 1) + timedelta(days=dice.randrange(500)) for _ in range(25)]
    return [
        {
            "id": number,
            "title": " ".join(dice.choices(WORDS, k=2)),
            "byline": dice.choice((None, "Anna Flood")),
            "text": " ".join(dice.choices(WORDS, k=dice.randrange(1, 12))),
            "source": dice.choice(("a", "b", "c")),
            "language": dice.choice(LANGUAGES),
            "kind": dice.choice(KINDS),
            "section": dice.choice((None, "Home News")),
            "day": dice.choice([*days, None]),
            "seen": f"2021-0{dice.randrange(1, 10)}-01",
        }
        for number in range(1, ARTICLES + 1)
    ]


@pytest.fixture(scope="module", params=range(3))
def world(request, tmp_path_factory):
    """Return an archive and its articles."""
    path = tmp_path_factory.mktemp("truth") / "morgue.db"
    articles = random_articles(random.Random(request.param))
    writing = database(path)
    for name in ("a", "b", "c"):
        insert(writing, "sources", name=name, url=f"https://{name}.example/", added="2020-01-01T00:00:00Z")
    for one in articles:
        day = one["day"] and one["day"].isoformat()
        insert(
            writing, "articles", id=one["id"], url_key=f"//x/{one['id']}",
            url=f"https://x/{one['id']}", source_id="abc".index(one["source"]) + 1, title=one["title"],
            byline=one["byline"], text=one["text"], language=one["language"], kind=one["kind"],
            section=one["section"], published=day, published_day=day, authors="[]", tags="[]", word_count=1,
            extractor="x", text_digest="x", capture_id=1, revision=1, first_seen=f"{one['seen']}T00:00:00Z",
            last_seen="2022-01-01T00:00:00Z",
        )  # fmt: skip
    writing.commit()
    writing.close()
    with connect(path) as db:
        yield db, articles
    db.close()


def words_of(one: Row) -> list[str]:
    return typed(f"{one['title']} {one['byline'] or ''} {one['text']}")


def typed(text: str) -> list[str]:
    return [TYPED.get(word, word) for word in text.lower().split()]


def leaf(dice: random.Random) -> tuple[str, Test]:
    """Return a word, phrase, prefix or field, and the test that it means."""
    word, other = dice.choices(PLAIN_WORDS, k=2)
    spelled = dice.choice(WORDS)
    wanted = TYPED.get(spelled, spelled)
    source, year = dice.choice("abc"), dice.choice((2020, 2021))
    return dice.choice([
        (spelled, lambda one: wanted in words_of(one)),
        (f"{wanted[:3]}*", lambda one: any(known.startswith(wanted[:3]) for known in words_of(one))),
        (f'"{word} {other}"', lambda one: any(f" {word} {other} " in f" {one[name]} " for name in ("title", "text"))),
        (f"title:{spelled}", lambda one: wanted in typed(one["title"])),
        (f"source:{source}", lambda one: one["source"] == source),
        ("language:en", lambda one: one["language"] == "en"),
        ("kind:live", lambda one: one["kind"] == "live blog"),
        ("kind:opin*", lambda one: one["kind"] == "opinion"),
        ("section:news", lambda one: one["section"] is not None),
        (f"published:{year}", lambda one: one["day"] is not None and one["day"].year == year),
        ("seen:2021-03..", lambda one: one["seen"] >= "2021-03"),
    ])  # fmt: skip


def random_query(dice: random.Random, depth: int) -> tuple[str, Test]:
    """Return a query, and the test that it means."""
    if depth == 0 or dice.random() < 0.3:
        return leaf(dice)
    (one, left), (other, right) = random_query(dice, depth - 1), random_query(dice, depth - 1)
    return dice.choice([
        (f"({one} {other})", lambda row: left(row) and right(row)),
        (f"({one} OR {other})", lambda row: left(row) or right(row)),
        (f"({one} -{other})", lambda row: left(row) and not right(row)),
    ])  # fmt: skip


def random_filters(dice: random.Random) -> tuple[ArticleFilters, Test]:
    """Return filters, and the test that they mean."""
    day = date(2020, 1, 1) + timedelta(days=dice.randrange(500))
    return dice.choice([
        (ArticleFilters(), lambda one: True),
        (ArticleFilters(), lambda one: True),
        (ArticleFilters(source=("a", "c")), lambda one: one["source"] != "b"),
        (ArticleFilters(language="de"), lambda one: one["language"] == "de"),
        (ArticleFilters(undated=True), lambda one: one["day"] is None),
        (ArticleFilters(since=day.isoformat()), lambda one: one["day"] is not None and one["day"] >= day),
        (ArticleFilters(until=day.isoformat()), lambda one: one["day"] is not None and one["day"] <= day),
        (ArticleFilters(seen_since="2021-05"), lambda one: one["seen"] >= "2021-05"),
    ])  # fmt: skip


def questions(seed: int, number: int, articles: list[Row]):
    """Yield queries (None: filters alone) with filters, and the articles that fit.

    Queries with fields that contradict each other are refused, and not among them.
    """
    dice = random.Random(seed)
    for _ in range(number):
        query, test = random_query(dice, 3) if dice.random() < 0.9 else (None, lambda one: True)
        filters, passes = random_filters(dice)
        if query is None or not contradicts_itself(query):
            yield query, filters, [one for one in articles if test(one) and passes(one)]


def contradicts_itself(query: str) -> bool:
    try:
        QueryConditions(query, lambda name: [ord(name[0])])
    except QueryError as error:
        return "no article fits both" in str(error)
    return False


def ids(rows) -> list[int]:
    return [row["id"] for row in rows]


@pytest.fixture(params=[3, 20_000], ids=["small pool", "pool of all"])
def pool(request, monkeypatch):
    monkeypatch.setattr(ranking, "POOL_MATCHES", request.param)
    return request.param


def test_random_search_finds_what_plain_python_finds(world, pool):
    """By day the undated are last; by relevance each match comes once. Pages agree with the whole list."""
    db, articles = world
    for query, filters, right in questions(7, 60, articles):
        newest = sorted(right, key=lambda one: (one["day"] or date.min, one["id"]), reverse=True)
        oldest = sorted(right, key=lambda one: (one["day"] or date.max, one["id"]))
        assert ids(hits.search(db, query, filters, "newest", None)) == ids(newest), query
        assert ids(hits.search(db, query, filters, "oldest", None)) == ids(oldest), query
        found = hits.search(db, query, filters, limit=None)
        whole = ids(found)
        assert sorted(whole) == sorted(ids(right)), query
        assert found.total == len(right)
        pages = [ids(hits.search(db, query, filters, limit=7, offset=at)) for at in range(0, len(right) + 1, 7)]
        assert [one for page in pages for one in page] == whole, query
        is_ranked = whole != ids(newest)
        assert found.pool == ((pool, len(right)) if len(right) > pool and (is_ranked or found.pool) else None)


@pytest.mark.parametrize(("matches_a_range", "frequent"), [(0, 2), (1000, 2), (1000, -1)])
@pytest.mark.parametrize("by_label", [True, False])
def test_random_count_is_what_plain_python_counts(world, monkeypatch, matches_a_range, frequent, by_label):
    """Every key and every pair is counted, whichever way is the faster one."""
    monkeypatch.setattr(place_counts, "MATCHES_A_RANGE", matches_a_range)
    monkeypatch.setattr(place_counts, "FREQUENT", frequent)
    monkeypatch.setattr(counts, "ROWS_A_LABEL", -1 if by_label else 1000)
    monkeypatch.setattr(counts, "MANY_LABELS", 1000 if by_label else 0)
    db, articles = world
    dice = random.Random(3)
    for query, filters, right in questions(8, 40, articles):
        assert counts.count(db, query, filters) == len(right), query
        by = dice.choice([("day",), ("week",), ("month",), ("year",), ("source",), ("language",), ("year", "month"),
                          ("source", "month"), ("language", "source"), ("week", "language")])  # fmt: skip
        found = counts.counts(db, by, query, filters)
        keys = [tuple(value_of(one, key) for key in by) for one in right]
        assert found == Counter(keys), (query, by)
        assert list(found) == sorted(found, key=partial(order_of, by, keys))


def order_of(by: tuple[str, ...], keys: list[tuple[str | None, ...]], key: tuple[str | None, ...]) -> list[Any]:
    """Return what sorts counts: periods by time, what is no period by how many of all `keys` have the same."""
    named = dict(zip(by, key, strict=True))
    values = [value for name, value in named.items() if name not in PERIODS]
    same = sum(all(named[n] == v for n, v in zip(by, one, strict=True) if n not in PERIODS) for one in keys)
    time = [named[name] or "undated" for name in by if name in PERIODS]
    value = [-same, [(one is None, one or "") for one in values]]
    return [time, value] if by[0] in PERIODS else [value, time]


def value_of(one: Row, key: str) -> str | None:
    if key in PERIODS:
        return one["day"] and one["day"].strftime(PERIODS[key])
    return one[key]


def test_match_in_the_headline_comes_before_all_others(world):
    """A word in a longer text may weigh as much."""
    db, articles = world
    titled = {one["id"] for one in articles if "flood" in one["title"].split()}
    found = ids(hits.search(db, "flood", limit=None))
    assert set(found[: len(titled)]) == titled
    assert len(found) > len(titled) > 0


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("東京", [1, 4, 2, 3, 5]),
        ("東京 flood", [4, 3, 5]),
        ("東京 -flood section:news", [1, 2]),
        ("(東京 OR 大阪) kind:article", [4, 3, 1, 5, 2]),
        ("東京 大阪 地震", [5]),
    ],
)
def test_run_in_the_headline_comes_before_all_others(tmp_path, query, found):
    """The index does not know in which column a run of a script without spaces is."""
    articles = [
        ("東京で選挙", "x"), ("other", "東京 東京 東京"), ("大阪 flood", "東京"), ("flood 東京", "大阪"),
        ("other", "flood 東京 大阪 地震"), ("地震", "flood"),
    ]  # fmt: skip
    db = connect(worded(tmp_path / "morgue.db", articles))
    assert ids(hits.search(db, query)) == found
    db.close()


def test_pool_is_the_newest_matches_and_the_newest_headlines(world, monkeypatch):
    """All others follow by day, and the answer says so."""
    db, articles = world
    monkeypatch.setattr(ranking, "POOL_MATCHES", 5)
    newest = ids(hits.search(db, "flood", sort="newest", limit=None))
    titled = [number for number in newest if "flood" in articles[number - 1]["title"].split()]
    found = hits.search(db, "flood", limit=None)
    ranked = ids(found)
    pool = {*newest[:5], *titled[:5]}
    assert set(ranked[: len(titled[:5])]) == set(titled[:5])
    assert set(ranked[: len(pool)]) == pool
    assert ranked[len(pool) :] == [number for number in newest if number not in pool]
    assert found.pool == (5, len(newest))
    assert hits.search(db, "flood", sort="newest").pool is None


def test_index_of_passages_reads_words_as_the_archive_does(world):
    """It has the same columns and the same tokenizer."""
    db, _ = world
    (sql,) = db.execute("SELECT sql FROM sqlite_master WHERE name = 'articles_fts'").fetchone()
    assert f'tokenize="{TOKENIZER}"' in sql
    assert ", ".join(INDEXED_COLUMNS) in " ".join(sql.split())


def test_every_article_has_the_label_of_all(world):
    """A query without words to look for is counted by it."""
    db, articles = world
    sql = "SELECT count(*) FROM articles_fts WHERE articles_fts MATCH ?"
    assert db.execute(sql, (index_terms.EVERY_ARTICLE,)).fetchone()[0] == len(articles)


def test_count_by_day_of_a_prefix_asks_the_index_once(world):
    """FTS5 makes the list of all its matches for each question."""
    db, articles = world
    asked: list[str] = []
    db.set_trace_callback(asked.append)
    found = counts.counts(db, ("day",), "mini*")
    db.set_trace_callback(None)
    right = [one for one in articles if {"minister", "ministry"} & set(words_of(one))]
    assert found == Counter((value_of(one, "day"),) for one in right)
    assert sum("MATCH" in sql and "LIMIT 1" not in sql for sql in asked) == 1  # besides look-ups of spellings
