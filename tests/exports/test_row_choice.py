"""Test which articles a dataset has: samples, splits, revisions."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from exports import Archive
from exports.row_choice import Sample, parse_splits
from exports.selected_rows import ArticleRows, RowSelection
from pipelines.core.errors import ConfigError
from pipelines.database.filters import EVERYTHING
from pipelines.selection.exclusions import Exclusions
from tests.support.article_archive import build
from tests.support.exporting import export

HEADER = "tdm-reservation in the header"
ROWS = [{"url": f"https://paper.example/{n}", "n": n} for n in range(1000)]


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return build(tmp_path_factory.mktemp("choice") / "archive")


def test_sample_has_its_size_and_no_regard_for_the_order_of_rows():
    """Another seed draws others; more than there are gives all."""
    chosen = list(Sample(iter(ROWS), 50, seed=7).of(ROWS))
    assert len(chosen) == 50
    assert chosen == list(Sample(reversed(ROWS), 50, seed=7).of(ROWS))
    assert chosen != list(Sample(ROWS, 50, seed=8).of(ROWS))
    assert list(Sample(ROWS, 5000, seed=7).of(ROWS)) == ROWS
    assert list(Sample(ROWS, 0, seed=7).of(ROWS)) == []


def test_larger_sample_of_a_seed_holds_the_smaller_one():
    """So that a study can grow."""
    small, large = (list(Sample(ROWS, size, seed=1).of(ROWS)) for size in (20, 60))
    assert all(row in large for row in small)


def test_sample_takes_all_revisions_of_an_article():
    """They count as one."""
    rows = [row | {"revision": number} for row in ROWS[:100] for number in (1, 2)]
    assert len(list(Sample(rows, 10, seed=0).of(rows))) == 20


def test_splits_divide_all_articles_by_their_shares():
    """Each is in one, and stays in it; shares are met within chance."""
    splits = parse_splits("train=.8, valid=.1,test=0.1", 3)
    found = [splits.of(row["url"]) for row in ROWS]
    assert splits.names == ["train", "valid", "test"]
    assert 750 < found.count("train") < 850
    assert 60 < found.count("valid") < 140
    assert found == [splits.of(row["url"]) for row in ROWS]
    assert found != [parse_splits("train=.8,valid=.1,test=.1", 4).of(row) for row in ROWS]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("train=.9", "make 0.9 together"), ("train", "not NAME=SHARE"), ("a=.5,a=.5", "named twice"),
        ("a/b=1", "'a/b' cannot be part of a file's name"), ("", "not NAME=SHARE"), ("a=-1,b=2", "'-1' is no share"),
        ("train=.9,test=.2", "make 1.1 together"), ("a=1,b=0", "'0' is no share"), ("a=90%,b=10%", "'90%' is no share"),
        ("Train=.5,train=.5", "one name on some disks"),
    ],
)  # fmt: skip
def test_splits_that_are_wrong_are_refused(text, words):
    """The error has an example of what is right."""
    with pytest.raises(ConfigError, match=words) as error:
        parse_splits(text, 0)
    assert "train=.9,test=.1" in str(error.value)


def test_every_revision_is_a_row_with_its_own_text_and_record(archive, tmp_path):
    """The earlier state of an edited article comes first; what only the newest has is empty there."""
    export(archive, "jsonl", tmp_path / "all.jsonl", every_revision=True)
    rows = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()]
    first, second = (row for row in rows if row["id"] == 1)
    assert (first["revision"], second["revision"]) == (1, 2)
    assert first["title"] == "Climate summit opens"
    assert second["title"] == "Climate summit opens, then closes"
    assert first["warc_record_id"] != second["warc_record_id"]
    assert first["text_digest"] != second["text_digest"]
    assert first["word_count"] == 17
    assert len(rows) == 40


@pytest.mark.parametrize(
    ("change", "left", "reasons"),
    [
        ("UPDATE articles SET rights = '[\"robots: noai\"]' WHERE id = 1", [1], {"noai": 1}),
        ("UPDATE captures SET signals = '[\"tdm-reservation: 1\"]' WHERE id = 1", [2], {HEADER: 1}),
        ("UPDATE captures SET offset = 7 WHERE id = 1", [2], {"page that cannot be read": 1}),
    ],
    ids=["page of the newest", "header of the first", "record of the first is damaged"],
)
def test_revision_is_left_out_for_the_signals_of_its_own_capture(tmp_path, change, left, reasons):
    """Those of other captures do not count. What cannot be read may reserve everything."""
    archive = build(tmp_path / "archive")
    with closing(sqlite3.connect(archive / "morgue.db")) as db, db:
        db.execute(change)
    manifest = export(
        archive, "jsonl", tmp_path / "all.jsonl", every_revision=True, without=Exclusions(reserved=True), fields=["id"]
    )
    assert manifest["left_out"] == reasons
    with Archive(archive) as opened:
        wanted = RowSelection(EVERYTHING, every_revision=True, without=Exclusions(reserved=True))
        ((_, rows),) = ArticleRows(opened, wanted).parts()
        assert [row["revision"] for row in rows if row["id"] == 1] == left
    lines = (tmp_path / "all.jsonl").read_text().splitlines()
    assert set(lines) == {f'{{"id":{n}}}' for n in range(1, 40)}, "other columns are read, and not written"


def test_every_revision_is_in_the_partition_of_its_article(archive, tmp_path):
    """The oldest revision comes first."""
    pytest.importorskip("pyarrow")
    from pyarrow import parquet

    manifest = export(archive, "parquet", tmp_path / "out", every_revision=True, partition=("source", "month"))
    assert manifest["rows"] == 40
    path = tmp_path / "out" / "data" / "source=courier" / "month=2024-01" / "articles.parquet"
    found = parquet.ParquetFile(path).read(["id", "revision"]).to_pylist()
    assert [(row["id"], row["revision"]) for row in found][:2] == [(1, 1), (1, 2)]


def test_reserved_revision_is_in_no_partition(tmp_path):
    """Rows by group know, too, which revision is the newest."""
    parquet = pytest.importorskip("pyarrow.parquet")
    archive = build(tmp_path / "archive")
    with closing(sqlite3.connect(archive / "morgue.db")) as db, db:
        db.execute("UPDATE captures SET signals = '[\"tdm-reservation: 1\"]' WHERE id = 1")
    options = {"every_revision": True, "without": Exclusions(reserved=True), "partition": ("source",)}
    manifest = export(archive, "parquet", tmp_path / "out", **options)
    assert (manifest["rows"], manifest["left_out"]) == (39, {HEADER: 1})
    found = parquet.read_table(tmp_path / "out" / "data", columns=["id", "revision"]).to_pylist()
    assert [row["revision"] for row in found if row["id"] == 1] == [2]


def test_partition_without_a_row_is_read_as_an_empty_table(archive, tmp_path):
    """So is an empty split: readers need a file to know the columns."""
    parquet = pytest.importorskip("pyarrow.parquet")
    export(
        archive,
        "parquet",
        tmp_path / "out",
        sample=1,
        split="a=.999999,b=.000001",
        partition=("source",),
        fields=["id"],
    )
    assert parquet.read_table(tmp_path / "out" / "data" / "a", columns=["id"]).num_rows == 1
    assert parquet.read_table(tmp_path / "out" / "data" / "b").to_pydict() == {"id": []}


def test_unknown_values_have_partitions_of_their_own(tmp_path):
    """They are apart from a source that is called unknown."""
    pytest.importorskip("pyarrow")
    archive = build(tmp_path / "archive")
    with closing(sqlite3.connect(archive / "morgue.db")) as db, db:
        db.execute("UPDATE sources SET name = 'unknown' WHERE name = 'courier'")
        db.execute("UPDATE articles SET source_id = NULL WHERE id = 2")
        db.execute("UPDATE articles SET published = NULL, published_day = NULL WHERE id = 3")
    assert export(archive, "parquet", tmp_path / "out", partition=("source", "month"))["rows"] == 39
    found = {path.relative_to(tmp_path / "out" / "data").parts[:2] for path in tmp_path.rglob("*.parquet")}
    assert {"source=unknown", "source=_unknown"} <= {source for source, _ in found}
    assert "month=undated" in {month for _, month in found}


def test_partition_that_leaves_no_column_is_refused(archive, tmp_path):
    """Its files would hold nothing: the source is the name of a folder."""
    pytest.importorskip("pyarrow")
    with pytest.raises(ConfigError, match="leaves no column for the files"):
        export(archive, "parquet", tmp_path / "out", partition=("source",), fields=["source"])
    assert not (tmp_path / "out").exists()


def test_parts_divide_the_same_rows(archive):
    """Nothing is lost between the splits, and nothing is in two."""
    with Archive(archive) as opened:
        splits = parse_splits("a=.5,b=.5", 1)
        wanted = RowSelection(EVERYTHING, sample=30, splits=splits)
        parts = {name: [row["id"] for row in rows] for name, rows in ArticleRows(opened, wanted).parts()}
        whole = RowSelection(EVERYTHING, sample=30)
        ((_, rows),) = ArticleRows(opened, whole).parts()
        assert sorted(parts["a"] + parts["b"]) == [row["id"] for row in rows]
    assert parts["a"]
    assert parts["b"]
