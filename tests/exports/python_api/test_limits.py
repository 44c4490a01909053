"""Test what a caller gives and what is left out: wrong values are named, and an answer says if it is only a part."""

from __future__ import annotations

import sys
import warnings

import pytest

from exports import Archive, NoArchive, QueryError
from pipelines.database.search import kwic, ranking
from tests.support import counted_archive
from tests.support.article_archive import build


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    with Archive(build(tmp_path_factory.mktemp("limits") / "archive")) as opened:
        yield opened


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda archive: archive.search("climate", limit="5"), "expected a whole number for limit, not '5'"),
        (lambda archive: archive.search("climate").kwic(width="5"), "expected a whole number for width, not '5'"),
        (lambda archive: archive.search("climate").kwic(limit=1.5), "expected a whole number for limit, not 1.5"),
        (lambda archive: archive.search(source=5), "expected text or a list of texts for source, not 5"),
        (lambda archive: archive.search(language=["de", 5]), r"texts for language, not \['de', 5\]"),
    ],
)
def test_value_of_a_wrong_type_is_named(archive, ask, said):
    """With the argument that it was given for."""
    with pytest.raises(TypeError, match=said):
        ask(archive)


@pytest.mark.parametrize(
    "ask",
    [
        lambda archive: archive.search(""),
        lambda archive: archive.search(" ", stem=True),
        lambda archive: archive.search().attention(["climate", ""]),
    ],
)
def test_empty_query_is_refused(archive, ask):
    """All articles are found without one."""
    with pytest.raises(QueryError, match="is empty"):
        ask(archive)


def test_empty_path_is_no_archive():
    """It would be the current folder."""
    with pytest.raises(NoArchive, match="is empty"):
        Archive("")


@pytest.mark.parametrize("number", [sys.maxsize, 10**30])
def test_greater_limit_than_sqlite_takes_means_all(archive, number):
    """As do the ends of slices."""
    found = archive.search("climate", limit=number)
    assert len(list(found)) == len(list(found[:number])) == 2
    assert list(found[number:]) == []
    assert len(archive.search("climate").kwic(number, limit=number)) == 3
    assert len(archive.edits(limit=number)) == len(archive.edits())
    assert archive.gone(limit=number) == []
    assert archive.search().clusters(limit=number) == []
    assert archive.search().attention(by="source", top=number)


def test_articles_say_how_many_were_ranked(archive, monkeypatch):
    """By relevance, if there are too many to rank all."""
    assert archive.search("filler").pool is None
    monkeypatch.setattr(ranking, "POOL_MATCHES", 20)
    found = archive.search("filler")
    assert found.pool == (20, 30)
    assert found.kwic(10).pool == (20, 30)
    assert "ranked among the newest 20 of 30 matches" in found._repr_html_()
    assert archive.search("filler", sort="newest").pool is None


def test_context_says_among_how_many_articles_it_was_sorted(archive, monkeypatch):
    """As an attribute, in a warning, and in a notebook."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert archive.search("filler").kwic(10, sort="left").sorted_among is None
    monkeypatch.setattr(kwic, "MAX_SORTED_ARTICLES", 25)
    with pytest.warns(UserWarning, match="only the lines of the first 25 articles by relevance are sorted"):
        lines = archive.search("filler").kwic(10, sort="left")
    assert lines.sorted_among == 25
    assert "sorted among the lines of the first 25 articles" in lines._repr_html_()


def test_notebook_says_undated(tmp_path):
    """In the place of a day, as a terminal does."""
    with Archive(counted_archive.build_counted(tmp_path / "archive")) as archive:
        assert "<td>undated</td>" in archive.search().count(by=("month", "source"))._repr_html_()
        assert "<td>undated</td>" in archive.search().attention(by="year")._repr_html_()
