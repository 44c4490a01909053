"""Test what the commands count, group and show in context, a program gets as rows and tables."""

from __future__ import annotations

import csv
import io
from contextlib import closing
from datetime import date

import pytest
from click.testing import CliRunner

from crawler.cli.main import morgue
from exports import Archive, QueryError
from pipelines.database.clusters.upkeep import work_off
from tests.support.article_archive import build
from tests.support.copies import CopyArchive, story


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    with Archive(build(tmp_path_factory.mktemp("questions") / "a")) as opened:
        yield opened


@pytest.fixture(scope="module")
def copies(tmp_path_factory):
    """Return an archive of three copies of a text, two of another, and a single article."""
    folder = tmp_path_factory.mktemp("copies") / "a"
    made = CopyArchive(folder)
    with closing(made.db):
        for number, (name, day) in enumerate((("a", 2), ("a", 3), ("a", 4), ("b", 5), ("b", 6), ("c", 7)), 1):
            made.add(story(name), number % 4 + 1, f"2026-01-{day:02}", title=f"Flood {name}")
        work_off(made.db)
    with Archive(folder / "morgue.db") as opened:
        yield opened


def test_attention_has_the_rows_of_the_command(archive):
    """Several queries side by side, with shares, empty months and partial ones."""
    found = archive.search(since="2023-12").attention(["climate", "change"], by="month")
    asked = ["count", "climate", "change", "--since", "2023-12", "--by", "month", "--format", "csv"]
    printed = CliRunner().invoke(morgue, ["-C", str(archive.path), *asked]).stdout
    shown = [{name: "" if value is None else str(value) for name, value in row.items()} for row in found]
    assert shown == list(csv.DictReader(io.StringIO(printed)))
    assert len(found) == len(shown) == 8
    table = found.to_pandas()
    assert list(table[table["query"] == "climate"]["count"]) == [0, 1, 1, 0]
    assert table["share"].dtype == float
    assert archive.search("nothing").count(by="month").to_pandas()["count"].dtype == "int64"  # of no row
    assert "25.0%" in found._repr_html_()
    assert repr(found) == "AttentionTable(queries=('climate', 'change'), by=('month',), 8 rows)"


def test_attention_chooses_a_unit_and_the_largest_values(archive):
    """It chooses as the command does without --by, and with --limit."""
    assert archive.search().attention().table_columns() == ("month", "articles", "partial")
    largest = archive.search().attention("climate", by="source", top=1)
    assert [dict(row) for row in largest] == [
        {"source": "courier", "query": "climate", "count": 2, "articles": 20, "share": 0.1}
    ]
    assert next(iter(archive.search(since="2024-02").attention(by="day")))["day"] == date(2024, 2, 1)


def test_words_are_shown_in_context(archive):
    """Each occurrence is a row, in the order of the articles or of the context."""
    lines = archive.search("climate", sort="newest").kwic(12)
    assert [(line.id, line.left, line.keyword) for line in lines] == [
        (2, "poke of the ", "climate"), (1, "", "Climate"), (1, "t home. The ", "climate"),
    ]  # fmt: skip
    assert [line.id for line in archive.search("climate").kwic(12, sort="left")] == [1, 1, 2]
    assert len(archive.search("climate").kwic(limit=1).to_pandas()) == 1
    assert lines[0].published_day == date(2024, 2, 29)


def test_stem_finds_other_forms_and_unique_one_copy(archive, copies):
    """They are the options --stem and --unique."""
    assert len(archive.search("delegate")) == 0
    assert [article.id for article in archive.search("delegate", stem=True)] == [1]
    assert len(archive.search(None, stem=True)) == 39
    found = copies.search("flood", unique=True, sort="oldest")
    assert [article.id for article in found] == [1, 4, 6]
    assert found.count(by="day").total == len(found) == 3


def test_clusters_have_their_copies(copies):
    """The clusters are those of the articles that match, or that of one article."""
    large, small = copies.search().clusters()
    assert (large.copies, large.article, large.first_day) == (3, 1, date(2026, 1, 2))
    assert [copy.id for copy in large.members] == [1, 2, 3]
    assert list(large.members.to_pandas()["origin_kept"]) == [1.0, 1.0, 1.0]
    assert [one.article for one in copies.search("title:b").clusters()] == [small.article] == [4]
    assert copies.cluster(5) == small
    assert copies.cluster(6) is None
    assert copies.search().clusters(sort="newest", limit=1)[0] == small
    assert "members" not in copies.search().clusters().to_arrow().column_names
    assert "Flood a" in copies.search().clusters()._repr_html_()


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda found: found[:3].kwic(), "takes all articles that match"),
        (lambda found: found.head().clusters(), "takes all articles that match"),
        (lambda found: found[2:].attention("x"), "takes all articles that match"),
        (lambda found: found.attention("x"), "these articles have a query"),
        (lambda found: found.kwic(sort="best"), "unknown order"),
        (lambda found: found.kwic(-1), "less than nothing"),
        (lambda found: found.clusters(sort="best"), "unknown order"),
    ],
)
def test_question_without_an_answer_is_an_error(archive, ask, says):
    """It is better than to count a part of the matches as if it were all of them."""
    with pytest.raises(QueryError, match=says):
        ask(archive.search("climate"))
