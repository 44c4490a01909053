"""A dataset is whole or not there, says what it is, and is the same bytes for the same archive."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import subprocess
import sys
import tracemalloc
from dataclasses import fields
from types import SimpleNamespace

import pytest

from exports import dataset, load
from pipelines.core.errors import ConfigError, DiskFull, MorgueError
from pipelines.core.items import Article
from pipelines.database import queries
from pipelines.database.connection import connect
from pipelines.database.filters import ArticleFilters
from tests.support.article_archive import build

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
    """The manifest's columns are the export's, each with its sentence; the article's from `items.Article`."""
    meanings = dataset.columns()
    assert set(meanings) == set(queries.ARTICLE_KEYS)
    assert {field.name for field in fields(Article)} <= set(meanings)
    assert all(len(meaning) > 10 for meaning in meanings.values())
    assert meanings["title"] == "the headline, without the site's name"


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.jsonl.gz", "ein Name mit Ümläuten.csv.gz"])
def test_the_manifest_tells_the_truth(db, tmp_path, name):
    """Rows, bytes, SHA-256, first and last day are those of the file that lies there."""
    out = tmp_path / name
    form = load("csv" if "csv" in name else "jsonl")
    manifest = dataset.export(form, queries.articles(db, ArticleFilters(since="2024")), out, ABOUT)
    assert json.loads(dataset.manifest_path(out).read_text()) == manifest
    assert sorted(os.listdir(tmp_path)) == sorted([name, f"{name}.manifest.json"])
    data = out.read_bytes()
    assert manifest["bytes"] == len(data)
    assert manifest["sha256"] == hashlib.sha256(data).hexdigest()
    assert manifest["rows"] == 8
    assert (manifest["first_day"], manifest["last_day"]) == ("2024-01-05", "2024-03-01")
    assert manifest["compression"] == ("gzip" if name.endswith(".gz") else None)
    if form.name == "jsonl":
        lines = (gzip.decompress(data) if name.endswith(".gz") else data).decode().splitlines()
        rows = [json.loads(line) for line in lines]
        assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
        assert all(list(row) == [column["name"] for column in manifest["columns"]] for row in rows)
        assert rows == list(queries.articles(db, ArticleFilters(since="2024")))


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv.gz"])
def test_the_same_archive_gives_the_same_bytes(db, tmp_path, name):
    """No time, no name and no order of chance in the file."""
    form = load("csv" if "csv" in name else "jsonl")
    (tmp_path / "other").mkdir()
    for place in (tmp_path, tmp_path / "other"):
        dataset.export(form, queries.articles(db), place / name, ABOUT)
    assert (tmp_path / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def failing(error):
    def write(rows, out, columns, *, raw=False):
        next(iter(rows))
        out.write(b"half a row")
        raise error

    return SimpleNamespace(name="bad", media_type="x/y", suffix=".bad", write=write)


@pytest.mark.parametrize("error", [ValueError("a bug"), KeyboardInterrupt(), OSError(28, "No space left on device")])
@pytest.mark.parametrize("there", [True, False])
def test_nothing_half_written_stays(db, tmp_path, error, there):
    """Whatever goes wrong: the old file and its manifest as they were, or none; no temporary file."""
    out = tmp_path / "a.jsonl"
    if there:
        dataset.export(load("jsonl"), queries.articles(db), out, ABOUT)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert len(before) == 2 * there
    with pytest.raises(DiskFull if isinstance(error, OSError) else type(error)):
        dataset.export(failing(error), queries.articles(db), out, ABOUT, force=True)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_full_disk_leaves_nothing_behind(folder, tmp_path):
    """A real limit on the size of a file, in a process of its own: a message, no traceback, no file."""
    limited = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000));"
        "sys.argv[0] = 'morgue'; from crawler.cli.main import main; main()"
    )
    for out in ("a.jsonl", "a.csv", "-"):
        with (tmp_path / "stdout").open("wb") as stdout:
            done = subprocess.run(
                [sys.executable, "-c", limited, "-C", folder, "export", "jsonl", out],
                stdout=stdout, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
                env=os.environ | {"PYTHONPATH": os.getcwd()},
            )  # fmt: skip
        assert done.returncode == 1, done.stderr
        assert "File too large" in done.stderr
        assert "Traceback" not in done.stderr
        assert os.listdir(tmp_path) == ["stdout"]


def test_an_existing_file_is_not_replaced_without_force(db, tmp_path):
    """Neither the file nor, where only that is left, its manifest."""
    out = tmp_path / "a.csv"
    out.write_text("precious")
    with pytest.raises(ConfigError, match="exists already"):
        dataset.export(load("csv"), queries.articles(db), out, ABOUT)
    assert out.read_text() == "precious"
    dataset.export(load("csv"), queries.articles(db), out, ABOUT, force=True)
    out.unlink()
    with pytest.raises(ConfigError, match=r"manifest.json: exists already"):
        dataset.export(load("csv"), queries.articles(db), out, ABOUT)


def test_only_ordinary_files_are_replaced(db, tmp_path):
    """--force over a device or a folder would destroy it; over a link, not write where the link leads."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "target").write_text("x")
    (tmp_path / "link").symlink_to("target")
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "link", "pipe"):
        with pytest.raises(ConfigError, match="not an ordinary file"):
            dataset.export(load("csv"), queries.articles(db), tmp_path / name, ABOUT, force=True)
    with pytest.raises(ConfigError, match="no such folder"):
        dataset.export(load("csv"), queries.articles(db), tmp_path / "nowhere" / "a.csv", ABOUT)
    with pytest.raises(MorgueError):
        dataset.export(load("csv"), queries.articles(db), tmp_path / ("x" * 300), ABOUT)


def test_memory_does_not_grow_with_rows(db, tmp_path):
    """A dataset is streamed: 20 MB pass through two."""
    row = next(queries.articles(db)) | {"text": "word " * 2000}
    tracemalloc.start()
    dataset.export(load("jsonl"), (dict(row) for _ in range(2000)), tmp_path / "big.jsonl.gz", ABOUT)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000
