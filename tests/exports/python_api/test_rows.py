"""Rows have typed values, and what a notebook shows of them is text, whatever a page says."""

from __future__ import annotations

import json
import pickle
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from html.parser import HTMLParser

import pytest

from exports import ArchiveDamaged
from exports.python_api import rows
from exports.python_api.archive import Archive
from exports.python_api.counts import Counts
from pipelines.database import queries
from pipelines.database.clusters.cluster_list import CLUSTER_KEYS, COPY_KEYS
from pipelines.database.edits.edit_list import EDIT_KEYS, GONE_KEYS
from pipelines.database.search.kwic import LINE_KEYS
from tests.support.article_archive import build


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    with Archive(build(tmp_path_factory.mktemp("rows") / "a")) as opened:
        yield opened


def test_declared_attributes_are_the_columns(archive):
    """Type checkers know every column, and none that is not there."""
    revision = archive.revisions(1)[0]
    for kind, keys in (
        (rows.ArticleRow, queries.ARTICLE_KEYS),
        (rows.RevisionRow, revision),
        (rows.CaptureRow, queries.CAPTURE_KEYS),
        (rows.SourceRow, queries.SOURCE_KEYS),
        (rows.EditRow, EDIT_KEYS),
        (rows.GoneRow, GONE_KEYS),
        (rows.ContextRow, LINE_KEYS),
        (rows.CopyRow, COPY_KEYS),
        (rows.ClusterRow, CLUSTER_KEYS[:-1]),  # `members` is a property
    ):
        assert {*kind.column_names()} == {*keys}, kind
        assert {*kind.in_brief} <= {*keys}, kind


def test_values_are_attributes_and_items_with_types(archive):
    """Times are datetimes in UTC, days are dates; `row` has them as JSON has them."""
    article = archive.article(5)
    assert article.authors == article["authors"] == ["Zoé Ångström", "Marc Noël"]
    assert article.published_day == date(2024, 3, 1)
    assert article.first_seen == datetime(2024, 3, 1, 10, tzinfo=UTC)
    assert article.published == "2024-03-01T09:30:00+01:00"
    assert article.published_time == article["published_time"] == datetime(2024, 3, 1, 8, 30, tzinfo=UTC)
    assert json.loads(json.dumps(article.row))["published_day"] == "2024-03-01"
    assert {"title", "published_day"} <= {*dir(article)} & {*article}
    assert repr(article).startswith("ArticleRow(id=5, published_day=2024-03-01, source='gazette', title='Élections")
    with pytest.raises(AttributeError, match="no attribute 'titel'; did you mean title"):
        _ = article.titel


@pytest.mark.parametrize(
    ("name", "advice"), [("day", "did you mean published_day?"), ("titel", "did you mean title?"), ("zzz", "columns: ")]
)
def test_name_that_no_column_has_is_an_error_that_helps(archive, name, advice):
    """Also if views of the database have it. It is a KeyError, so that `get` has its default."""
    article = archive.article(5)
    with pytest.raises(KeyError) as missing:
        _ = article[name]
    assert f"there is no {name!r}; {advice}" in str(pickle.loads(pickle.dumps(missing.value)))
    assert article.get(name, "none") == "none"


@pytest.mark.parametrize(
    ("published", "time"),
    [
        ("2024-03-01", None),
        ("2024-03-01T09:30:00", None),
        (None, None),
        ("0001-01-01T00:00:00+14:00", None),
        ("2024-03-01T09:30:00-05:00", datetime(2024, 3, 1, 14, 30, tzinfo=UTC)),
    ],
)
def test_time_of_publication_is_known_or_none(published, time):
    """A day is not taken for midnight, and a time without a zone might be any of 26 hours."""
    assert rows.ArticleRow({"published": published}).published_time == time


def test_time_that_is_none_is_damage():
    """It names the column."""
    with pytest.raises(ArchiveDamaged, match="column first_seen is no time"):
        _ = rows.ArticleRow({"first_seen": "yesterday"}).first_seen


HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)> & $\\phi$ \u202e"onclick=\'a\''


class TagCollector(HTMLParser):
    """Collect the tags of a page and their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.data = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.data += data


def test_hostile_texts_are_shown_and_not_obeyed(tmp_path):
    """This holds in every table of a notebook. Only web addresses are links, and nothing is set as a formula."""
    folder = build(tmp_path / "a")
    with closing(sqlite3.connect(folder / "morgue.db")) as db, db:
        for table in ("articles", "revisions"):
            db.execute(f"UPDATE {table} SET title = ?, text = ?", (HOSTILE, f"climate {HOSTILE} " * 30))
        db.execute("UPDATE articles SET url = 'javascript:alert(1)//' || id, section = ?", (HOSTILE,))
        db.execute("UPDATE captures SET error = ?", (HOSTILE,))
        db.execute("UPDATE sources SET name = name || ? WHERE id = 1", (HOSTILE,))
    with Archive(folder) as archive:
        shown = [
            archive.search("climate"), archive.search(), archive.article(1), archive.revisions(1), archive.captures(1),
            archive.captures(1)[0], archive.sources(), archive.edits(), archive.search().count(by=("source", "month")),
            Counts(("section",), {(HOSTILE,): 1}), archive.revisions(1)[0],
        ]  # fmt: skip
        for one in shown:
            page = TagCollector(one._repr_html_())
            assert page.tags <= {"table", "thead", "tbody", "tr", "th", "td", "p", "mark", "a"}, one
            assert page.attributes <= {"class", "href", "rel", "target"}, one
            assert 'href="javascript' not in one._repr_html_()
            assert "mathjax_ignore" in one._repr_html_()
            assert "\u202e" not in page.data
        assert '<script>alert("x")</script>' in TagCollector(archive.article(1)._repr_html_()).data


def test_tables_of_a_notebook_say_how_much_they_show(archive):
    """Ten rows, and how many there are; words that were found are marked."""
    assert "10 of 39 articles" in archive.search()._repr_html_()
    assert "<mark>climate</mark>" in archive.search("climate")._repr_html_()
    assert "40 of 365 rows shown" in Counts(("n",), {(str(n),): 1 for n in range(365)})._repr_html_()
    assert "10 of 12 rows" in rows.TypedRows(rows.SourceRow, iter([archive.sources()[0].row] * 12))._repr_html_()
