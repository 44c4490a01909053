"""Test that the programs people use load our Parquet files and datasets. Those not installed are skipped."""

from __future__ import annotations

import json
from datetime import date, datetime

import pytest

from tests.support.article_archive import build
from tests.support.exporting import export

parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return build(tmp_path_factory.mktemp("parquet") / "archive")


@pytest.fixture(scope="module")
def made(archive, tmp_path_factory):
    """One file, a partitioned folder and a Hugging Face folder."""
    folder = tmp_path_factory.mktemp("made")
    export(archive, "parquet", folder / "a.parquet")
    export(archive, "parquet", folder / "parts", partition=("source", "month"))
    export(archive, "huggingface", folder / "hf", split="train=.7,test=.3")
    return folder


def test_pyarrow_reads_typed_columns(made):
    """Numbers, lists, times and days are no text."""
    table = parquet.read_table(made / "a.parquet")
    row = table.slice(4, 1).to_pylist()[0]
    assert (table.num_rows, row["id"], row["authors"]) == (39, 5, ["Zoé Ångström", "Marc Noël"])
    assert row["published_day"] == date(2024, 3, 1)
    assert isinstance(row["captured"], datetime)
    assert row["captured"].tzinfo is not None
    assert json.loads(row["found_in"]) == {"title": "h1", "published": "json-ld"}
    assert row["comments"] is None


def test_partitioned_folder_is_read_as_one_table(made):
    """pyarrow adds the columns that are in the names of the folders."""
    table = parquet.read_table(made / "parts" / "data")
    assert table.num_rows == 39
    assert {"source", "month"} <= set(table.column_names)
    one = parquet.read_table(made / "parts" / "data", filters=[("source", "=", "gazette"), ("month", "=", "2024-03")])
    assert one.column("id").to_pylist() == [5]


def test_pandas_reads_both(made):
    """As docs show it."""
    pandas = pytest.importorskip("pandas")
    assert len(pandas.read_parquet(made / "a.parquet")) == 39
    assert pandas.read_parquet(made / "parts" / "data").groupby("source", observed=True).size()["shimbun"] == 2


def test_polars_reads_both(made):
    """As docs show it."""
    polars = pytest.importorskip("polars")
    assert polars.read_parquet(made / "a.parquet").height == 39
    assert polars.scan_parquet(made / "parts" / "data", hive_partitioning=True).collect().height == 39


def test_duckdb_reads_both(made):
    """As docs show it."""
    duckdb = pytest.importorskip("duckdb")
    assert duckdb.sql(f"SELECT count(*) FROM '{made}/a.parquet'").fetchall() == [(39,)]
    found = duckdb.sql(f"SELECT count(*) FROM '{made}/parts/data/**/*.parquet' WHERE source = 'shimbun'").fetchall()
    assert found == [(2,)]


def test_datasets_loads_the_hugging_face_folder(made, tmp_path):
    """Both splits, with all rows."""
    datasets = pytest.importorskip("datasets")
    loaded = datasets.load_dataset(str(made / "hf"), cache_dir=str(tmp_path))
    assert set(loaded) == {"train", "test"}
    assert loaded["train"].num_rows + loaded["test"].num_rows == 39


def test_croissant_describes_the_hugging_face_folder(made):
    """mlcroissant finds no mistake in it, and reads the rows by it."""
    mlcroissant = pytest.importorskip("mlcroissant")
    described = mlcroissant.Dataset(jsonld=str(made / "hf" / "croissant.json"))
    assert not described.metadata.ctx.issues.errors
    train = next(iter(described.records("train")))
    assert train["train/url"].startswith(b"https://")


def test_card_says_what_is_in_the_dataset(made):
    """Front matter that the Hub reads, and what was left out."""
    card = (made / "hf" / "README.md").read_text()
    front = dict(line.split(": ", 1) for line in card.split("---\n")[1].splitlines())
    assert json.loads(front["language"]) == ["ar", "de", "en", "fr", "ja"]
    (config,) = json.loads(front["configs"])
    assert [part["path"] for part in config["data_files"]] == ["data/train.parquet", "data/test.parquet"]
    assert "39 articles of 3 sources, published from 2022-" in card
    assert "Nothing was left out for reserved rights." in card
    assert "| `captured` | WARC-Date of the record" in card


@pytest.mark.parametrize(("form", "options"), [("huggingface", {}), ("parquet", {"partition": ("month",)})])
def test_same_archive_gives_the_same_files(archive, tmp_path, form, options):
    """But for the time in the manifest, which is the same here."""
    sums = []
    (tmp_path / "other").mkdir()
    for place in (tmp_path, tmp_path / "other"):
        export(archive, form, place / "out", **options)
        sums.append((place / "out" / "SHA256SUMS").read_bytes())
    assert sums[0] == sums[1]
