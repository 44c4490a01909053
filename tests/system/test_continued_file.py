"""Runs continue one WARC file until it is full or too old: at rest it is whole, listed, and readable by any tool."""

from __future__ import annotations

import json
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from pipelines.verification.verify import verify
from pipelines.warc import manifest
from tests.support.command import crawl, make_archive, morgue, rows, tables
from tests.support.external_tools import faults, tool
from tests.support.newspaper import serve
from tests.support.waiting import let_a_day_pass

pytestmark = pytest.mark.slow

RUNS = 12


def files_of(archive: Path) -> list[Path]:
    return sorted((archive / "warc").iterdir())


def assert_well(archive: Path) -> None:
    """Check that `morgue verify` finds nothing, by reading all and by sizes."""
    assert not verify(archive).findings.counts
    assert not verify(archive, quick=True).findings.counts


def assert_rebuilt_equal(archive: Path, copy: Path) -> None:
    """Check that a rebuild of a copy has the same rows."""
    shutil.copytree(archive, copy)
    before = tables(copy / "morgue.db")
    (copy / "morgue.db").unlink()
    done = morgue("-C", copy, "rebuild")
    assert done.returncode == 0, done.stdout + done.stderr
    assert tables(copy / "morgue.db") == before


def test_runs_of_a_day_when_continued_leave_one_file_that_every_tool_reads(tmp_path):
    """After each run: one file, `gzip -t`, warcio and FastWARC find no fault, verify is green. Then a rebuild is equal,
    and cdxj-indexer finds every answer where its row says."""
    archive = make_archive(tmp_path / "archive")
    sizes, starts = [], [b""]
    with serve() as paper:
        for run in range(RUNS):
            if run:
                let_a_day_pass(archive)
            assert crawl(archive, paper.url + "/").returncode == 0
            (file,) = files_of(archive)
            assert file.read_bytes().startswith(starts[-1])  # what was there before has not changed
            sizes.append(file.stat().st_size)
            starts.append(file.read_bytes())
            assert faults(file) == []
            assert_well(archive)
    assert len(set(sizes)) == RUNS
    assert rows(archive, "SELECT count(*) FROM captures WHERE record_type = 'revisit'") > [(RUNS,)]
    lines = [json.loads(line) for line in (archive / manifest.NAME).read_text().splitlines()]
    assert [line["size"] for line in lines] == sizes
    assert [line.get("offset", 0) for line in lines] == [0, *sizes[:-1]]
    assert_every_record_names_the_warcinfo_of_its_run(file, [0, *sizes])
    assert_rebuilt_equal(archive, tmp_path / "copy")
    indexed = subprocess.run([tool("cdxj-indexer"), file], capture_output=True, text=True, check=True).stdout
    places = {int(json.loads(line.split(" ", 2)[2])["offset"]) for line in indexed.splitlines()}
    captures = {row[0]: row[1] for row in rows(archive, "SELECT offset, record_type FROM captures")}
    assert places <= captures.keys()
    assert places >= {offset for offset, kind in captures.items() if kind != "metadata"}


def assert_every_record_names_the_warcinfo_of_its_run(file: Path, borders: list[int]) -> None:
    """Check that each run began with a warcinfo record, and that its other records name that."""
    found = []
    with file.open("rb") as stream:
        records = ArchiveIterator(stream, no_record_parse=True)
        for record in records:
            fields = record.rec_headers
            record.raw_stream.read()
            found.append((records.get_record_offset(), record.rec_type, fields.get_header("WARC-Record-ID"),
                          fields.get_header("WARC-Warcinfo-ID"), fields.get_header("WARC-Filename")))  # fmt: skip
    for start, end in pairwise(borders):
        first, *others = [one for one in found if start <= one[0] < end]
        assert (first[0], first[1], first[4]) == (start, "warcinfo", file.name)
        assert {one[3] for one in others} == {first[2]}
        assert {one[1] for one in others} >= {"metadata"}
