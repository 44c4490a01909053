"""Test that a dataset is whole or not there, describes itself, and is the same bytes for the same archive."""

from __future__ import annotations

import compileall
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tracemalloc
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace

import pytest

from exports import Archive, dataset, load_format
from exports.columnar_rows import ColumnarRows
from exports.file_names import manifest_path
from exports.selected_rows import ArticleRows, RowSelection
from pipelines.core.errors import ConfigError, DiskFull, MorgueError
from pipelines.core.items import Article
from pipelines.database import queries
from pipelines.database.connection import connect
from pipelines.database.filters import EVERYTHING, ArticleFilters
from tests.support.article_archive import build, database, undate

ROOT = Path(__file__).parents[2]
ABOUT = {"software": "newsmorgue test", "created": "2024-01-01T00:00:00Z"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return build(tmp_path_factory.mktemp("dataset") / "archive")


@pytest.fixture
def db(folder):
    connection = connect(folder / "morgue.db")
    yield connection
    connection.close()


def test_every_column_has_a_meaning():
    """The manifest has the columns of the export, each with its sentence: for an article that of `items.Article`."""
    meanings = dataset.columns()
    assert set(meanings) == set(queries.ARTICLE_KEYS)
    assert {field.name for field in fields(Article)} <= set(meanings)
    assert all(len(meaning) > 10 for meaning in meanings.values())
    assert meanings["title"] == "the headline, without the site's name"


def test_columns_need_no_source_files(tmp_path):
    """The meanings are data: compiled modules without their sources give the same columns."""
    for package in ("exports", "pipelines"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    assert compileall.compile_dir(tmp_path, quiet=1, legacy=True)
    for source in tmp_path.rglob("*.py"):
        source.unlink()
    program = "import json; from exports import dataset; print(dataset.__file__); print(json.dumps(dataset.columns()))"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    file, printed = done.stdout.splitlines()
    assert file == str(tmp_path / "exports" / "dataset.pyc")
    assert json.loads(printed) == dataset.columns()


def test_rows_read_by_column_give_the_same_file_and_manifest(folder, tmp_path, monkeypatch):
    """Bytes, number of rows, first and last day, and how many have no day."""
    pytest.importorskip("pyarrow")
    monkeypatch.setattr("exports.formats.to_parquet.BATCH_ROWS", 10)
    form, copy = load_format("parquet"), Path(shutil.copytree(folder, tmp_path / "copy"))
    with database(copy / "morgue.db") as writing:
        undate(writing, 2, *range(11, 21))  # among them all articles of the second batch
    (tmp_path / "by_row").mkdir()
    with Archive(copy) as opened:
        ((_, rows),) = ArticleRows(opened, RowSelection(EVERYTHING)).parts()
        assert isinstance(rows, ColumnarRows)
        by_row = dataset.export(form, iter(rows), tmp_path / "by_row" / "a.parquet", ABOUT)
        assert dataset.export(form, rows, tmp_path / "a.parquet", ABOUT) == by_row
    assert (by_row["rows"], by_row["undated"]) == (39, 11)


@pytest.mark.parametrize(
    ("form", "name", "compression"),
    [
        ("jsonl", "a.jsonl", None),
        ("csv", "a.csv", None),
        ("jsonl", "a.jsonl.gz", "gzip"),
        ("csv", "ein Name mit Ümläuten.csv.gz", "gzip"),
    ],
)
def test_manifest_describes_the_file(db, tmp_path, form, name, compression):
    """Rows, bytes, SHA-256, first and last day are those of the file on disk."""
    out = tmp_path / name
    manifest = dataset.export(load_format(form), queries.articles(db, ArticleFilters(since="2024")), out, ABOUT)
    assert json.loads(manifest_path(out).read_text()) == manifest
    assert sorted(os.listdir(tmp_path)) == sorted([name, f"{name}.manifest.json"])
    data = out.read_bytes()
    assert manifest["bytes"] == len(data)
    assert manifest["sha256"] == hashlib.sha256(data).hexdigest()
    assert manifest["rows"] == 8
    assert (manifest["first_day"], manifest["last_day"]) == ("2024-01-05", "2024-03-01")
    assert manifest["compression"] == compression


@pytest.mark.parametrize(("name", "unpack"), [("a.jsonl", bytes), ("a.jsonl.gz", gzip.decompress)])
def test_jsonl_dataset_holds_the_articles_in_order(db, tmp_path, name, unpack):
    """Each row has the columns that the manifest lists."""
    manifest = dataset.export(
        load_format("jsonl"), queries.articles(db, ArticleFilters(since="2024")), tmp_path / name, ABOUT
    )
    rows = [json.loads(line) for line in unpack((tmp_path / name).read_bytes()).decode().splitlines()]
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
    assert all(list(row) == [column["name"] for column in manifest["columns"]] for row in rows)
    assert rows == list(queries.articles(db, ArticleFilters(since="2024")))


@pytest.mark.parametrize(("form", "name"), [("jsonl", "a.jsonl"), ("csv", "a.csv.gz")])
def test_same_archive_gives_the_same_bytes(db, tmp_path, form, name):
    """No time, no name and no order of chance is in the file."""
    (tmp_path / "other").mkdir()
    for place in (tmp_path, tmp_path / "other"):
        dataset.export(load_format(form), queries.articles(db), place / name, ABOUT)
    assert (tmp_path / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def failing(error):
    def write(rows, out, columns, *, raw=False):
        next(iter(rows))
        out.write(b"half a row")
        raise error

    return SimpleNamespace(name="bad", media_type="x/y", suffix=".bad", write=write)


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (ValueError("a bug"), ValueError),
        (KeyboardInterrupt(), KeyboardInterrupt),
        (OSError(28, "No space left on device"), DiskFull),
    ],
)
@pytest.mark.parametrize("there", [True, False])
def test_failed_export_leaves_the_old_file_or_none(db, tmp_path, error, raised, there):
    """Whatever goes wrong: the old file and its manifest as they were, or none; no temporary file."""
    out = tmp_path / "a.jsonl"
    if there:
        dataset.export(load_format("jsonl"), queries.articles(db), out, ABOUT)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert len(before) == 2 * there
    with pytest.raises(raised):
        dataset.export(failing(error), queries.articles(db), out, ABOUT, force=True)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_full_disk_leaves_no_file(folder, tmp_path):
    """A process with a real limit on the size of a file gives a message, no traceback and no file."""
    limited = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000));"
        "sys.argv[0] = 'morgue'; from crawler.cli.main import main; main()"
    )
    for form, out in (("jsonl", "a.jsonl"), ("csv", "a.csv"), ("jsonl", "-")):
        with (tmp_path / "stdout").open("wb") as stdout:
            done = subprocess.run(
                [sys.executable, "-c", limited, "-C", folder, "export", form, out],
                stdout=stdout, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
                env=os.environ | {"PYTHONPATH": os.getcwd()},
            )  # fmt: skip
        assert done.returncode == 1, done.stderr
        assert "File too large" in done.stderr
        assert "Traceback" not in done.stderr
        assert os.listdir(tmp_path) == ["stdout"]


def test_existing_file_is_not_replaced_without_force(db, tmp_path):
    """Neither is its manifest, if only that is left."""
    out = tmp_path / "a.csv"
    out.write_text("precious")
    with pytest.raises(ConfigError, match="exists already"):
        dataset.export(load_format("csv"), queries.articles(db), out, ABOUT)
    assert out.read_text() == "precious"
    dataset.export(load_format("csv"), queries.articles(db), out, ABOUT, force=True)
    out.unlink()
    with pytest.raises(ConfigError, match=r"manifest.json: exists already"):
        dataset.export(load_format("csv"), queries.articles(db), out, ABOUT)


def test_only_ordinary_files_are_replaced(db, tmp_path):
    """--force over a device or a folder would destroy it; over a link, not write where the link leads."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "target").write_text("x")
    (tmp_path / "link").symlink_to("target")
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "link", "pipe"):
        with pytest.raises(ConfigError, match="not an ordinary file"):
            dataset.export(load_format("csv"), queries.articles(db), tmp_path / name, ABOUT, force=True)
    with pytest.raises(ConfigError, match="the folder does not exist"):
        dataset.export(load_format("csv"), queries.articles(db), tmp_path / "nowhere" / "a.csv", ABOUT)
    with pytest.raises(MorgueError):
        dataset.export(load_format("csv"), queries.articles(db), tmp_path / ("x" * 300), ABOUT)


def test_memory_does_not_grow_with_rows(db, tmp_path):
    """A dataset is streamed: 20 MB pass through two."""
    row = next(queries.articles(db)) | {"text": "word " * 2000}
    tracemalloc.start()
    dataset.export(load_format("jsonl"), (dict(row) for _ in range(2000)), tmp_path / "big.jsonl.gz", ABOUT)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000
