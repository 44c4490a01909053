"""Test that the programs people use load our exports, with every value.

Libraries that are no dependency of ours are in the environment of `make tools`; there, one process reads everything.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
from contextlib import closing
from datetime import date, datetime
from pathlib import Path

import pytest
from sqlite_utils import Database

from pipelines.database.connection import connect
from tests.support.article_archive import build
from tests.support.command import ROOT, environment, morgue
from tests.support.exporting import export
from tests.support.external_tools import BROUGHT_BY, TOOLS, skip_without, tool

parquet = pytest.importorskip("pyarrow.parquet", reason="not installed: pyarrow (pip install 'newsmorgue[parquet]')")
ARTICLES = 39


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return build(tmp_path_factory.mktemp("readers") / "archive")


@pytest.fixture(scope="module")
def made(archive, tmp_path_factory):
    """Every format that a library reads as a table, in one folder."""
    folder = tmp_path_factory.mktemp("made")
    for name in ("a.parquet", "a.jsonl.gz"):
        export(archive, name.split(".")[1], folder / name)
    for option, name in (("--raw", "a.csv"), ("--excel", "excel.csv")):
        assert morgue("-C", archive, "export", "csv", folder / name, option).returncode == 0
    export(archive, "parquet", folder / "parts", partition=("source", "month"))
    export(archive, "huggingface", folder / "hf", split="train=.7,test=.3")
    export(archive, "huggingface", folder / "empty split", split="train=.9999,test=.0001")
    export(archive, "sqlite", folder / "sqlite")
    export(archive, "txt", folder / "txt")
    return folder


@pytest.fixture(scope="module")
def found(made):
    """What the libraries of `make tools` found in it, by their names."""
    python, program = TOOLS / "bin" / "python", ROOT / "tests" / "support" / "dataset_readers.py"
    if not python.exists():
        skip_without("pandas, polars, duckdb, datasets, mlcroissant", BROUGHT_BY)
    offline = environment() | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(made / "home"), "PYTHONPATH": ""}
    done = subprocess.run([python, program, made], env=offline, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def of(found, name):
    """Return what one of them found; skip the test if it is not installed."""
    if missing := found[name].get("missing"):
        skip_without(missing, BROUGHT_BY)
    return found[name]


def test_pyarrow_reads_typed_columns(made):
    """Numbers, lists, times and days are no text."""
    table = parquet.read_table(made / "a.parquet")
    row = table.slice(4, 1).to_pylist()[0]
    assert (table.num_rows, row["id"], row["authors"]) == (ARTICLES, 5, ["Zoé Ångström", "Marc Noël"])
    assert row["published_day"] == date(2024, 3, 1)
    assert isinstance(row["captured"], datetime)
    assert row["captured"].tzinfo is not None
    assert json.loads(row["found_in"]) == {"title": "h1", "published": "json-ld"}
    assert row["comments"] is None


def test_partitioned_folder_is_read_as_one_table(made):
    """pyarrow adds the columns that are in the names of the folders."""
    table = parquet.read_table(made / "parts" / "data")
    assert table.num_rows == ARTICLES
    assert {"source", "month"} <= set(table.column_names)
    one = parquet.read_table(made / "parts" / "data", filters=[("source", "=", "gazette"), ("month", "=", "2024-03")])
    assert one.column("id").to_pylist() == [5]


def test_pandas_reads_parquet_csv_and_jsonl_alike(found):
    """Rows, columns and texts are the same, and `published_day` is parsed as a date."""
    read = of(found, "pandas")
    assert read["rows"] == [ARTICLES] * 3
    assert read["columns"] == read["texts"] == [True, True]
    assert read["days"] == ["2022-01-13"] * 3
    assert read["captured"] == "datetime64[us, UTC]"
    assert read["by source"]["shimbun"] == 2
    assert (read["excel"], read["metadata"]) == (["id"], ARTICLES)


def test_polars_reads_parquet_csv_and_jsonl_alike(found):
    """It also reads the partitioned folder, and adds its columns."""
    read = of(found, "polars")
    assert read["rows"] == [ARTICLES] * 4
    assert read["ids"] == [True] * 4
    assert read["authors"] == ["Zoé Ångström", "Marc Noël"]


def test_duckdb_reads_parquet_csv_and_jsonl_alike(found):
    """It finds the same texts in each."""
    read = of(found, "duckdb")
    assert read["rows"] == [ARTICLES] * 4
    assert read["texts"][0] == read["texts"][1] == read["texts"][2]
    assert (read["shimbun"], read["authors"]) == (2, "Zoé Ångström")


def test_datasets_loads_the_hugging_face_folder(found):
    """Both splits, with all rows and their types; of a folder with an empty split, the other one."""
    read = of(found, "datasets")
    assert read["rows"].keys() == {"train", "test"}
    assert sum(read["rows"].values()) == ARTICLES
    assert read["authors"] == ["Zoé Ångström", "Marc Noël"]
    assert read["captured"] == "timestamp[us, tz=UTC]"
    assert read["empty split"] == {"train": ARTICLES}


def test_mlcroissant_finds_no_mistake_and_reads_the_rows(found):
    """It needs croissant.json alone."""
    read = of(found, "mlcroissant")
    assert (read["errors"], read["warnings"]) == ([], [])
    assert read["rows"] > 10
    assert read["url"].startswith("https://")


def test_sqlite_utils_searches_the_exported_archive(archive, made):
    """It finds the index of the full text by itself."""
    db = Database(made / "sqlite" / "morgue.db")
    assert db["articles"].count == ARTICLES
    with closing(connect(archive / "morgue.db")) as whole:
        wanted = whole.execute("SELECT count(*) FROM articles_fts WHERE articles_fts MATCH 'climate'").fetchone()[0]
    assert db.execute("SELECT count(*) FROM articles_fts WHERE articles_fts MATCH 'climate'").fetchone()[0] == wanted
    db.close()


@pytest.mark.slow
def test_libreoffice_reads_every_cell_of_a_csv_file(made, tmp_path):
    """Long texts with line ends and quotes, other scripts; nothing becomes a formula. It is written again as CSV."""
    office = tool("soffice", how="apt-get install libreoffice-calc-nogui")
    shutil.copy(made / "excel.csv", tmp_path / "a.csv")
    # Separator, quote, UTF-8, first line, columns as they are, language, quoted fields as text, ...; -1: every sheet.
    read, write = "44,34,76,1,,0,false,false", "44,34,76,1,,0,false,true,false,false,false,-1"
    to_sheet = ["--convert-to", "xlsx:Calc MS Excel 2007 XML", f"--infilter=CSV:{read}", "a.csv"]
    to_text = ["--convert-to", f"csv:Text - txt - csv (StarCalc):{write}", "--outdir", "again", "a.xlsx"]
    for what in (to_sheet, to_text):
        command = [office, "--headless", f"-env:UserInstallation=file://{tmp_path}/profile", *what]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=120)
    (again,) = Path(tmp_path / "again").glob("*.csv")
    assert cells_of(again) == cells_of(tmp_path / "a.csv")
    assert os.path.getsize(again) > 10_000


def cells_of(path):
    """Return the rows of a CSV file; for a sheet all line ends are the same."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        return [[cell.replace("\r\n", "\n") for cell in row] for row in csv.reader(file)]
