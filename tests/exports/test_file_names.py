"""Test which names of files are refused because they say what is not so, and what to type instead."""

from __future__ import annotations

import pytest

from exports import format_names, load_format
from exports.file_names import check_name, compression_of, path_of_split
from pipelines.core.errors import ConfigError


@pytest.mark.parametrize(
    ("form", "name", "cure"),
    [
        ("jsonl", "out.csv", "call it out.jsonl, or export csv"),
        ("jsonl", "out.CSV.gz", "call it out.jsonl.gz, or export csv"),
        ("csv", "my.news.parquet", "call it my.news.csv, or export parquet"),
        ("csv", "out.xlsx", "call it out.csv"),
        ("csv", "out.tsv", "call it out.csv"),
        ("urls", "out.jsonl", "call it out.txt, or export jsonl"),
        ("jsonl", "out.warc.gz", "call it out.jsonl.gz, or export warc"),
        ("parquet", "out.parquet.gz", "call it out.parquet"),
        ("parquet", "out.zst", "call it out.parquet"),
        ("parquet", "out.txt", "call it out.parquet, or export urls"),
        ("jsonl", "out.jsonl.bz2", "call it out.jsonl.gz"),
        ("tei", "corpus.zip", "call it corpus.xml.gz"),
        ("txt", "corpus.txt", "name a folder: corpus"),
        ("markdown", "notes.md", "name a folder: notes"),
        ("sqlite", "out.db", "name a folder: out"),
        ("huggingface", "out.tar.gz", "name a folder: out.tar"),
        ("warc", "out.wacz", "call it out.warc.gz"),
        ("wacz", "out.wacz.gz", "leave out the .gz"),
        ("cdxj", "out.cdxj.zst", "call it out.cdxj"),
    ],
)
def test_name_that_contradicts_the_format_is_refused(tmp_path, form, name, cure):
    """The error says what to type."""
    with pytest.raises(ConfigError) as error:
        check_name(load_format(form), tmp_path / name)
    assert error.value.subject == str(tmp_path / name)
    assert error.value.cure == cure


@pytest.mark.parametrize(
    ("form", "name"),
    [
        ("jsonl", "out"), ("jsonl", "out.txt"), ("jsonl", "out.ndjson.zst"), ("jsonl", "out.json"), ("jsonl", ".gz"),
        ("csv", "OUT.CSV"), ("csv", "paper.example"), ("csv", "2026.11.29"), ("csv", "out.csv.tmp"),
        ("urls", "list.txt.gz"), ("bulk", "out.jsonl"), ("atom", "feed.xml"), ("tei", "corpus.tei"),
        ("parquet", "articles.pq"), ("txt", "corpus"), ("sqlite", "harbour-2026.11"), ("cdxj", "a.cdxj.gz"),
    ],
)  # fmt: skip
def test_name_that_promises_nothing_else_is_allowed(tmp_path, form, name):
    """Without a suffix, with one that fits, with one that nothing here has."""
    check_name(load_format(form), tmp_path / name)


@pytest.mark.parametrize("form", format_names())
def test_every_format_takes_a_name_with_its_own_suffix(tmp_path, form):
    """What the error of another format says to type is accepted."""
    check_name(load_format(form), tmp_path / f"a{load_format(form).suffix}")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.csv", "a-test.csv"), ("a.csv.gz", "a-test.csv.gz"), ("a.b.csv.zst", "a.b-test.csv.zst"), ("a", "a-test"),
        ("a.txt", "a-test.txt"), ("A.CSV.GZ", "A-test.CSV.GZ"), ("paper.example", "paper.example-test"),
    ],
)  # fmt: skip
def test_file_of_a_split_has_its_name_before_the_suffix(tmp_path, name, expected):
    """So that programs still know the format."""
    assert path_of_split(load_format("csv"), tmp_path / name, "test") == tmp_path / expected


@pytest.mark.parametrize(
    ("form", "name", "compression"),
    [("csv", "a.csv.GZ", "gzip"), ("csv", "a.zst", "zstd"), ("csv", "a", None), ("warc", "a.warc.gz", None),
     ("cdxj", "a.cdxj.gz", "gzip")],
)  # fmt: skip
def test_end_of_the_name_says_how_a_file_is_compressed(tmp_path, form, name, compression):
    """In small or capital letters; a format whose own suffix ends so does it itself."""
    assert compression_of(load_format(form), tmp_path / name) == compression
