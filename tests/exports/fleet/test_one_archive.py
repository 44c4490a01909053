"""A fleet answers every question as one archive with the same articles does."""

# ruff: noqa: B023 - each question is asked at once

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from exports import Archive, MorgueError, NotFound, QueryError
from pipelines.database.filters import EVERYTHING
from pipelines.database.search.suggestions import reports
from pipelines.database.selection import article_selection
from pipelines.database.shards.databases import SHARD_BITS, SHARD_MASK, FleetDatabase
from pipelines.database.shards.merged_places import ENDLESS, merged_places, pool_ends
from pipelines.database.shards.relevance import rank_factors
from tests.support.counted_archive import build_counted
from tests.support.example_archive import build_example
from tests.support.fleet_archive import make_fleet

SHARDS = 3
QUERIES = (
    None, "climate", "change", "Trade goes", '"Trade goes on"', "filler -courier", "climat*", "report OR sport",
    "source:courier", "climate OR source:gazette", "report -source:gazette", "author:anna", "title:report", "tag:one",
    "language:fr", "NEAR(climate talks, 9)", "~reports", "東京都", "section:World", "published:2022", "kind:opinion",
    "nothingatall", "https://courier.example/2024/article-1",
)  # fmt: skip
FILTERS: tuple[dict[str, Any], ...] = (
    {}, {"source": "gazette"}, {"source": ("gazette", "shimbun")}, {"since": "2023"}, {"language": "en"},
    {"undated": True}, {"until": "2022-06", "source": "https://courier.example/"},
)  # fmt: skip
KEYS = ("day", "month", "year", "source", "language", "section", "kind", "origin", "access", "author", "tag",
        ("month", "source"), ("source", "year"), ("language", "author"))  # fmt: skip


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Archive, Archive]]:
    folder = tmp_path_factory.mktemp("counted")
    with _opened(build_counted(folder / "one"), folder / "fleet") as (one, fleet):
        yield one, fleet


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Archive, Archive]]:
    folder = tmp_path_factory.mktemp("edited")
    with _opened(build_example(folder / "one"), folder / "fleet") as (one, fleet):
        yield one, fleet


class _opened:
    def __init__(self, archive: Path, folder: Path) -> None:
        make_fleet(archive, folder, SHARDS)
        self.both = Archive(archive), Archive(folder)

    def __enter__(self) -> tuple[Archive, Archive]:
        return self.both

    def __exit__(self, *_: object) -> None:
        for archive in self.both:
            archive.close()


def test_finds_and_counts_the_same_in_the_same_order(pair: tuple[Archive, Archive]) -> None:
    """Matches by day, their numbers, counts by every key, and exports are those of one archive."""
    one, fleet = pair
    assert all(map(len, [shard.search() for shard in (one, *fleet.shards)]))
    assert len(fleet.shards) == SHARDS
    for query in QUERIES:
        for filters in FILTERS:
            for sort in ("newest", "oldest"):
                _same(pair, lambda archive: list(archive.search(query, sort=sort, **filters).hits()))
            _same(
                pair,
                lambda archive: (
                    len(archive.search(query, **filters)),
                    archive.search(query, **filters).undated_left_out,
                ),
            )
            _same(pair, lambda archive: [row.id for row in archive.search(query, sort="newest", **filters)[3:9]])
            _same(pair, lambda archive: {row.id for row in archive.search(query, **filters)})
        for by in KEYS:
            _same(pair, lambda archive: list(archive.search(query).count(by=by).items()))
        if query:
            _same(pair, lambda archive: reports(archive.database, query))
            for sort in ("left", "right", "newest"):
                _same(pair, lambda archive: list(archive.search(query).kwic(sort=sort, limit=50)))
    _same(pair, lambda archive: list(archive.search().attention(["climate", "report"], "month")))
    _same(pair, lambda archive: list(archive.search().attention(["climate", "report"], "source", top=2)))
    _same(pair, lambda archive: list(archive.search(unique=True)))
    _same(pair, lambda archive: archive.search("report", sort="newest").to_pandas().to_csv())


def test_relevance_has_the_order_of_one_archive_but_for_what_differs_among_shards(
    pair: tuple[Archive, Archive],
) -> None:
    """All headlines come before all texts; of the first ten, at least seven are the first ten of one archive."""
    one, fleet = pair
    for query in ("climate", "change", "report", "trade", "markets", "trade markets", "report market*"):
        ranked, merged = ([row.id for row in archive.search(query)] for archive in (one, fleet))
        in_title = {row.id for row in one.search(f"title:({query})")}
        assert {*ranked} == {*merged}
        assert [number in in_title for number in ranked] == [number in in_title for number in merged]
        assert len({*ranked[:10]} & {*merged[:10]}) >= min(7, len(ranked)), query
        assert [row.id for row in fleet.search(query, limit=5)] == merged[:5]
        assert [row.id for row in fleet.search(query)[4:8]] == merged[4:8]


def test_pool_that_is_ranked_has_the_newest_matches_of_all_shards(pair: tuple[Archive, Archive]) -> None:
    """So many as are asked for, whatever share of them a shard has."""
    db = pair[1].database
    assert isinstance(db, FleetDatabase)
    for query in (None, "climate", "report", "source:gazette", "nothingatall"):
        which = article_selection(db, query, EVERYTHING)
        newest = list(merged_places(db, which, "newest", None, 0))
        for most in (1, 2, 3, 7, 20, len(newest) or 1, 100_000):
            ends = pool_ends(db, which, most)
            assert [place for place in newest if place >> SHARD_BITS > ends[place & SHARD_MASK]] == newest[
                : max(most, 0)
            ]


def test_weight_of_a_phrase_is_told_by_a_rank_as_if_its_articles_were_counted(pair: tuple[Archive, Archive]) -> None:
    """Also where half of the articles of a shard have it, and where a shard ranks none."""
    db = pair[1].database
    assert isinstance(db, FleetDatabase)
    seen = set[float]()
    for match in (
        '"climate"',
        '{title} : "report"',
        '"report"',
        '"cli" *',
        '"the"',
        '"climate" AND labels : "\ue000a"',
    ):
        sql = f"SELECT bm25(articles_fts, {ENDLESS}) FROM articles_fts WHERE articles_fts MATCH ? LIMIT 1"
        ranks = [next((row[0] for row in one.execute(sql, (match,))), None) for one in db.shards]
        counted = rank_factors(db, match, [None] * SHARDS)
        assert rank_factors(db, match, ranks) == pytest.approx(counted, rel=1e-9)
        assert rank_factors(db, match, [None, *ranks[1:]]) == pytest.approx(counted, rel=1e-9)
        seen.update(counted)
    assert len(seen) > SHARDS


def test_articles_and_their_records_are_found_in_the_shard_that_has_them(pair: tuple[Archive, Archive]) -> None:
    """By number and address, with page and WARC record."""
    one = pair[0]
    for row in one.search():
        for question in (Archive.article, Archive.revisions, Archive.captures, Archive.cluster):
            _same(pair, lambda archive: question(archive, row.id))
        _same(pair, lambda archive: archive.article(row.url))
    row = one.search("climate")[0]
    for read in (Archive.html, Archive.body, Archive.record):
        _same(pair, lambda archive: read(archive, row.id))
    _same(pair, lambda archive: archive.capture(one.captures(row)[0].id))
    for wrong in (999, "https://courier.example/none", "https://nowhere.example/"):
        _same(pair, lambda archive: archive.article(wrong))


def test_edits_copies_and_sources(edited: tuple[Archive, Archive]) -> None:
    """As one archive has them."""
    for question in (Archive.edits, Archive.gone, Archive.sources):
        _same(edited, lambda archive: list(question(archive)))
    _same(edited, lambda archive: list(archive.edits(source="gazette", limit=2)))
    _same(edited, lambda archive: list(archive.edits(min_change=0.2, title_only=True)))
    one, fleet = edited
    assert all({copy.id for copy in cluster.members} <= {copy.id for copy in one.cluster(cluster.article).members}  # type: ignore[union-attr]
               for cluster in fleet.search().clusters())  # fmt: skip


def test_source_that_no_shard_knows_is_an_error_as_in_one_archive(pair: tuple[Archive, Archive]) -> None:
    """With the same words."""
    for wrong in (
        {"source": "curier"},
        {"source": ("gazette", "nobody")},
        {"query": "source:gazete"},
        {"query": "a AND"},
    ):
        found = [_answer(lambda archive: list(archive.search(**wrong)), archive) for archive in pair]  # type: ignore[arg-type]
        assert isinstance(found[0], str)
        assert found[0] == found[1]
    _, fleet = pair
    with pytest.raises(MorgueError, match=r"archive\.shards"):
        fleet.connection  # noqa: B018


def _same(pair: tuple[Archive, Archive], question: Callable[[Archive], Any]) -> None:
    one, fleet = (_answer(question, archive) for archive in pair)
    assert fleet == one


def _answer(question: Callable[[Archive], Any], archive: Archive) -> Any:
    try:
        return question(archive)
    except (NotFound, QueryError) as error:
        return str(error)


def test_question_about_a_source_is_put_to_the_shard_that_has_it(pair: tuple[Archive, Archive]) -> None:
    """The statements of the other shards look up names only."""
    _, fleet = pair
    asked: list[list[str]] = [[] for _ in fleet.shards]
    for shard, statements in zip(fleet.shards, asked, strict=True):
        shard.connection.set_trace_callback(statements.append)
    assert len(list(fleet.search("report", source="gazette").hits())) == 15
    assert len(fleet.search("report", source="gazette")) == 15
    reading = [any("MATCH" in one and "LIMIT 1" not in one for one in statements) for statements in asked]
    for shard in fleet.shards:
        shard.connection.set_trace_callback(None)
    assert reading.count(True) == 1, asked
