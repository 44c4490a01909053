"""Test that the programs people use load our exports, with every value.

Libraries that are no dependency of ours are in the environment of `make tools`; there, one process reads everything.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import date, datetime
from pathlib import Path

import pytest
from sqlite_utils import Database

from exports import Content
from exports.folder_output import FolderOutput
from exports.formats import to_huggingface
from exports.row_choice import COPY, UNDATED
from pipelines.database.connection import connect
from pipelines.selection.exclusions import Exclusions
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
    """Both splits, with all rows and their types."""
    read = of(found, "datasets")
    assert read["rows"].keys() == {"train", "test"}
    assert sum(read["rows"].values()) == ARTICLES
    assert read["authors"] == ["Zoé Ångström", "Marc Noël"]
    assert read["captured"] == "timestamp[us, tz=UTC]"


def test_mlcroissant_finds_no_mistake_and_reads_the_rows(found):
    """It needs croissant.json alone."""
    read = of(found, "mlcroissant")
    assert read["errors"] == []
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


def test_card_says_what_is_in_the_dataset(made):
    """Front matter that the Hub reads, and what was left out."""
    card = (made / "hf" / "README.md").read_text()
    front = dict(line.split(": ", 1) for line in card.split("---\n")[1].splitlines())
    assert json.loads(front["language"]) == ["ar", "de", "en", "fr", "ja"]
    (config,) = json.loads(front["configs"])
    assert [part["path"] for part in config["data_files"]] == ["data/train.parquet", "data/test.parquet"]
    assert "39 articles of 3 sources, published from 2022-" in card
    assert "No row was left out for reserved rights, because that was not asked for." in card
    assert "| `captured` | WARC-Date of the record" in card


@pytest.mark.parametrize(
    ("rights", "sentence"),
    [('["robots: noai"]', "| noai | 1 |"), ("[]", "Nothing was left out for reserved rights: no row")],
)
def test_card_says_what_was_left_out_for_reserved_rights(tmp_path, rights, sentence):
    """It also says that nothing was reserved, which differs from not having looked."""
    archive = build(tmp_path / "archive")
    with closing(sqlite3.connect(archive / "morgue.db")) as db, db:
        db.execute("UPDATE articles SET rights = ? WHERE id = 3", (rights,))
    filters = {"filters": {"without_reserved": True}}
    export(archive, "huggingface", tmp_path / "hf", without=Exclusions(reserved=True), about=filters)
    assert sentence in (tmp_path / "hf" / "README.md").read_text()


@pytest.mark.parametrize(
    ("reserved", "sentence"),
    [(True, "Nothing was left out for reserved rights: no row"), (False, "because that was not asked for.")],
)
def test_card_tells_copies_from_reserved_rights(tmp_path, reserved, sentence):
    """Rows that were left out as copies say nothing of rights."""
    folder = FolderOutput(tmp_path, (tmp_path / "sums").open("wb"))
    about = {"archive": "a", "filters": {"without_reserved": reserved}, "left_out": {COPY: 2}, "dedupe": "cluster"}
    to_huggingface.fill(Content([("", ())], ["id"], about), folder)
    card = (tmp_path / "README.md").read_text()
    assert sentence in card
    assert f"| {COPY} | 2 |" in card
    assert "- dedupe: `cluster`" in card


def test_card_says_what_filters_leave_out_for_want_of_a_value():
    """An article without a date is in no span of days: they are counted."""
    about = {"archive": "a", "filters": {"language": ["en"], "since": "2026-03-02"}, "left_out": {UNDATED: 3}}
    files = {"train": ("data/train.parquet", "")}
    card = to_huggingface.card(to_huggingface.Census(), files, ["id"], about)
    assert "Articles whose language was not recognised are not in it." in card
    assert f"| {UNDATED} | 3 |" in card
    card = to_huggingface.card(to_huggingface.Census(), files, ["id"], {"archive": "a", "filters": {}})
    assert "are not in it" not in card
