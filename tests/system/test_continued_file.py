"""Runs continue one WARC file until it is full or too old: at rest it is whole, listed, and readable by any tool."""

from __future__ import annotations

import json
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from warcio.archiveiterator import ArchiveIterator

from pipelines.verification.verify import verify
from pipelines.warc import manifest
from tests.support.command import ROOT, crawl, make_archive, morgue, rows, tables
from tests.support.external_tools import faults, tool
from tests.support.newspaper import serve
from tests.support.waiting import let_a_day_pass
from tests.support.warc_files import walk

pytestmark = pytest.mark.slow

RUNS = 5


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


class Grown(NamedTuple):
    """Hold an archive after a day, and what it was like after each run."""

    archive: Path
    early: Path  # a copy of the WARC file as it was after the second run
    sizes: list[int]  # of the file after each run


@pytest.fixture(scope="module")
def grown(tmp_path_factory) -> Grown:
    """Crawl a paper on five days. After each run there is one file, which begins as it was, and in which `gzip -t`,
    warcio, FastWARC and our own verification find no fault."""
    folder = tmp_path_factory.mktemp("grown")
    archive, early, sizes, before = make_archive(folder / "archive"), folder / "early", [], b""
    early.mkdir()
    with serve() as paper:
        for run in range(RUNS):
            if run:
                let_a_day_pass(archive)
            assert crawl(archive, "--limit", "3", paper.url + "/").returncode == 0
            (file,) = files_of(archive)
            data = file.read_bytes()
            assert data.startswith(before)
            assert faults(file) == []
            assert_well(archive)
            before = data
            sizes.append(len(data))
            if run == 1:
                shutil.copy(file, early)
    return Grown(archive, early / file.name, sizes)


def test_each_run_is_a_part_of_one_file(grown):
    """Each has its line in the manifest, its warcinfo record, and records that name that."""
    (file,) = files_of(grown.archive)
    lines = [json.loads(line) for line in (grown.archive / manifest.NAME).read_text().splitlines()]
    assert [line["size"] for line in lines] == grown.sizes
    assert [line.get("offset", 0) for line in lines] == [0, *grown.sizes[:-1]]
    assert_every_record_names_the_warcinfo_of_its_run(file, [0, *grown.sizes])


def test_unchanged_pages_are_kept_as_revisits_of_the_same_file(grown):
    """What earlier runs wrote into the file counts as finished: it is not stored again."""
    (own,) = rows(
        grown.archive,
        """SELECT count(*) FROM captures r JOIN captures o ON o.record_id = r.refers_to AND o.file = r.file
            WHERE r.record_type = 'revisit'""",
    )
    assert own >= (RUNS,)


def test_rebuild_of_a_continued_file_has_the_same_rows(grown, tmp_path):
    """From the file and the manifest alone: every row of every table, with its number."""
    assert_rebuilt_equal(grown.archive, tmp_path / "copy")


def test_index_of_another_tool_has_every_answer_where_its_row_says(grown):
    """cdxj-indexer reads the file to its end."""
    (file,) = files_of(grown.archive)
    indexed = subprocess.run([tool("cdxj-indexer"), file], capture_output=True, text=True, check=True).stdout
    places = {int(json.loads(line.split(" ", 2)[2])["offset"]) for line in indexed.splitlines()}
    answers = rows(grown.archive, "SELECT offset FROM captures WHERE record_type IN ('response', 'revisit')")
    assert places >= {offset for (offset,) in answers}
    assert places <= {one.offset for one in walk(file)}


def test_export_brings_the_warcinfo_record_of_every_run(grown, tmp_path):
    """Every record in the export names one that is in it."""
    out = tmp_path / "all.warc.gz"
    assert morgue("-C", grown.archive, "export", "warc", out).returncode == 0
    assert faults(out) == []
    with out.open("rb") as stream:
        found = [(one.rec_type, one.rec_headers) for one in ArchiveIterator(stream, no_record_parse=True)]
    runs = [fields.get_header("WARC-Record-ID") for kind, fields in found if kind == "warcinfo"]
    named = {fields.get_header("WARC-Warcinfo-ID") for kind, fields in found if kind != "warcinfo"}
    assert len(runs) == len(set(runs)) == RUNS + 1
    assert named <= set(runs)


def test_import_of_a_file_that_has_grown_since_takes_what_is_new(grown, tmp_path):
    """As if it had been imported once, when it was whole; and once more changes nothing."""
    (file,) = files_of(grown.archive)
    other = make_archive(tmp_path / "other")
    whole = make_archive(tmp_path / "whole")
    assert morgue("-C", whole, "import", file).returncode == 0
    query = "SELECT url, time, record_id FROM captures WHERE kind != 'import' ORDER BY 3"
    for path in (grown.early, file):
        assert morgue("-C", other, "import", path).returncode == 0
    assert rows(other, query) == rows(whole, query)
    before = files_of(other)[0].read_bytes()
    assert len(files_of(other)) == 1
    assert morgue("-C", other, "import", file).returncode == 0
    assert files_of(other)[0].read_bytes() == before
    assert_well(other)


def test_copy_of_what_is_new_between_runs_is_whole(grown, tmp_path):
    """The backup of an earlier day, with the files that have changed since: `rebuild` and `verify` find no fault."""
    backup = tmp_path / "backup"
    (backup / "warc").mkdir(parents=True)
    shutil.copy(grown.early, backup / "warc")
    for path in (*files_of(grown.archive), grown.archive / manifest.NAME, grown.archive / "morgue.toml"):
        shutil.copy(path, backup / path.relative_to(grown.archive))
    assert morgue("-C", backup, "rebuild").returncode == 0
    assert_well(backup)


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


def test_recipe_in_the_docs_checks_every_part(grown, tmp_path):
    """With standard tools: a part with a flipped bit is named, and all others are well."""
    page = (ROOT / "docs" / "archive.md").read_text(encoding="utf-8")
    recipe = page.split("part by part:")[1].split("```console\n$ cd my-archive/warc\n$ ")[1].split("```")[0]
    archive = tmp_path / "archive"
    shutil.copytree(grown.archive, archive)
    parts = len(manifest.load(archive / manifest.NAME)[files_of(archive)[0].name].parts)

    def checked() -> list[str]:
        command = [tool("bash"), "-c", recipe]
        done = subprocess.run(command, cwd=archive / "warc", capture_output=True, text=True, check=False)
        return [line.rsplit(": ", 1)[1] for line in done.stdout.splitlines()]

    assert parts > 1
    assert checked() == ["OK"] * parts
    with files_of(archive)[0].open("r+b") as file:
        file.seek(grown.sizes[0] + 10)
        file.write(b"!!!!")
    assert sorted(checked()) == ["FAILED"] + ["OK"] * (parts - 1)
