"""Answers become tables of pandas, Arrow and polars; without the library, an error names the extra."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime

import pytest

from exports import Archive, ConfigError, QueryError
from exports.dataset import columns
from exports.python_api.rows import ARTICLE_COLUMNS
from tests.support.article_archive import build


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    with Archive(build(tmp_path_factory.mktemp("tables") / "a")) as opened:
        yield opened


def test_columns_are_those_of_exports():
    """And the time of publication as a time."""
    assert {*ARTICLE_COLUMNS} == {*columns(), "published_time"}


def test_pandas_has_times_days_and_lists(archive):
    """Times know their zone; days need no parsing; a list stays a list."""
    pandas = pytest.importorskip("pandas")
    table = archive.search("climate OR élections", sort="oldest").to_pandas()
    assert list(table.columns) == list(ARTICLE_COLUMNS)
    assert table["id"].tolist() == [1, 2, 5]
    last = table.iloc[2]
    assert last["authors"] == ["Zoé Ångström", "Marc Noël"]
    assert last["published_time"] == pandas.Timestamp("2024-03-01T08:30:00Z")
    assert pandas.to_datetime(table["published_day"]).dt.month.tolist() == [1, 2, 3]
    assert str(table["first_seen"].dtype) == "datetime64[us, UTC]"
    assert table["gone_since"].isna().all()
    assert table["found_in"].iloc[0] == {"title": "h1", "published": "json-ld"}
    assert table.explode("authors").groupby("authors").size()["Marc Noël"] == 1


def test_types_of_pandas_do_not_depend_on_the_rows(archive):
    """They are the same without a row, and with unknown values."""
    pytest.importorskip("pandas")
    full, empty = archive.search().to_pandas(), archive.search("zeppelin").to_pandas()
    for name in ("id", "word_count", "published_day", "published_time", "captured", "gone_since"):
        assert full[name].dtype == empty[name].dtype, name
    assert archive.sources().to_pandas()["newest"].dtype.kind == "M"
    changed = archive.revisions(1).to_pandas()
    assert [state is None or state for state in changed["changes"]] == [True, True]


def test_arrow_has_the_types_of_parquet(archive):
    """It has them also without a row."""
    pyarrow = pytest.importorskip("pyarrow")
    table = archive.search("élections").to_arrow()
    assert table.schema == archive.search("zeppelin").to_arrow().schema
    row = table.to_pylist()[0]
    assert (row["published_day"], row["authors"]) == (date(2024, 3, 1), ["Zoé Ångström", "Marc Noël"])
    assert row["published_time"] == datetime(2024, 3, 1, 8, 30, tzinfo=UTC)
    assert table.schema.field("captured").type == pyarrow.timestamp("us", tz="UTC")
    assert archive.captures(1).to_arrow(["id", "status"]).to_pylist() == [
        {"id": 1, "status": 200}, {"id": 40, "status": 200}]  # fmt: skip


def test_polars_has_them_too(archive):
    """Counts of several keys as well."""
    polars = pytest.importorskip("polars")
    table = archive.search("élections").to_polars("id,published_day,authors")
    assert table.rows() == [(5, date(2024, 3, 1), ["Zoé Ångström", "Marc Noël"])]
    counts = archive.search("climate").count(by=("day", "source")).to_polars()
    assert counts.schema["day"] == polars.Date
    assert counts.rows()[0] == (date(2024, 1, 5), "courier", 1)


def test_counts_are_a_table_with_a_column_for_each_key(archive):
    """A column of days has days, not texts."""
    pytest.importorskip("pandas")
    table = archive.search("trade").count(by=("year", "source")).to_pandas()
    assert table.to_dict("records")[0] == {"year": "2022", "source": "courier", "count": 15}
    assert archive.search("trade").count(by="day").to_pandas()["day"].dtype.kind == "M"


def test_columns_choose_columns_in_their_order(archive):
    """A wrong one is named, with those like it, at once."""
    pytest.importorskip("pandas")
    pytest.importorskip("polars")
    found = archive.search("élections")
    for chosen in ("title, published_time", ["title", "published_time"]):
        assert list(found.to_pandas(columns=chosen).columns) == ["title", "published_time"]
        assert found.to_arrow(columns=chosen).column_names == ["title", "published_time"]
        assert found.to_polars(columns=chosen).columns == ["title", "published_time"]
    assert list(found.rows(columns="published_day,id")) == [{"published_day": "2024-03-01", "id": 5}]
    assert list(found.rows(columns=["authors"])) == [{"authors": ["Zoé Ångström", "Marc Noël"]}]
    assert list(archive.sources().to_pandas(columns="name").columns) == ["name"]
    for ask in (found.to_pandas, found.to_arrow, found.to_polars, found.rows, archive.captures(5).to_pandas):
        for wrong, says in ((["titel"], "column 'titel': there is no such column"), ([], "columns: none is named")):
            with pytest.raises(QueryError, match=says):
                ask(columns=wrong)


@pytest.mark.parametrize(
    ("method", "module", "extra"),
    [("to_pandas", "pandas", "pandas"), ("to_arrow", "pyarrow", "parquet"), ("to_polars", "polars", "polars")],
)
def test_missing_library_names_its_extra(archive, monkeypatch, method, module, extra):
    """The error comes before anything is read."""
    monkeypatch.setitem(sys.modules, module, None)
    for answer in (archive.search(), archive.sources(), archive.search().count(by="month")):
        with pytest.raises(ConfigError, match=rf"{module}: is not installed\n.*newsmorgue\[{extra}\]"):
            getattr(answer, method)()
