"""Test the export to CDXJ: sorted, a line for each capture, each leading to its record."""

from __future__ import annotations

import io
import random
import subprocess
from collections import deque
from contextlib import closing

import pytest

from exports.formats import to_cdxj
from exports.sorted_lines import SortedLines
from pipelines.core.errors import DiskFull
from pipelines.selection.captures import CaptureFilter, CaptureSelection
from pipelines.warc.storage import WarcStorage
from tests.support.capture_archive import ABOUT, build
from tests.support.cdxj_lines import entry_of
from tests.support.external_tools import tool
from tests.support.warc_files import read_record


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return build(tmp_path_factory.mktemp("to_cdxj") / "archive")


def packed(archive, wanted=None):
    out = io.BytesIO()
    with closing(archive.open()) as db, CaptureSelection(db, WarcStorage(archive.warc), wanted) as selection:
        said = to_cdxj.pack(selection, out, ABOUT)
    return out.getvalue().splitlines(keepends=True), said


def test_each_line_leads_to_its_record(archive):
    """File, offset and length, the address and the second of the capture; a revisit is marked as one."""
    lines, said = packed(archive)
    found = {}
    for text in lines:
        entry = entry_of(text.decode())
        record = read_record(archive.warc / entry.filename, entry.offset, entry.length)
        assert record.fields.get("WARC-Target-URI") == entry.url
        assert (record.fields.get("WARC-Type") == "revisit") == (entry.mime == "warc/revisit")
        found[record.fields.get("WARC-Record-ID")] = entry
    indexed = {name for name, capture in archive.captures.items() if capture.record_id in found}
    assert archive.captures.keys() - indexed == {"refused", "not http", "not modified"}
    assert (said["captures"], said["not_to_be_replayed"]) == (len(lines), 3)


def test_lines_are_sorted_as_bytes(archive):
    """pywb looks them up by binary search."""
    lines, _ = packed(archive)
    assert lines == sorted(lines)
    assert len(lines) == 11


def test_revisit_and_its_response_have_one_digest(archive):
    """A reader finds the body of a revisit of the same address by it."""
    entries = [
        entry_of(text.decode())
        for text in packed(archive, CaptureFilter(urls=("https://paper.example/2026/light",)))[0]
    ]
    assert [entry.mime for entry in entries] == ["text/html", "warc/revisit"]
    assert len({entry.digest for entry in entries}) == 1


def test_cdxj_indexer_writes_the_same_lines(archive):
    """It also has metadata records, which are no captures, and 304s, which show nothing; we leave them out."""
    indexer = tool("cdxj-indexer")
    command = [indexer, "-s", "--records", "response,revisit", *sorted(archive.warc.iterdir())]
    done = subprocess.run(command, capture_output=True)
    theirs = done.stdout.splitlines(keepends=True)
    assert [line for line in theirs if b'"status": "304"' not in line] == packed(archive)[0]


def test_more_lines_than_a_batch_are_sorted():
    """Lines may come in any order, and twice."""
    pick = random.Random(3)
    lines = [b"%x \xff %d\n" % (pick.randrange(4000), pick.randrange(3)) for _ in range(5000)]
    with SortedLines() as ordered:
        for text in lines:
            ordered.add(text)
        assert list(ordered) == sorted(lines)


def test_full_disk_while_sorting_is_reported_as_such():
    """Sorting needs a temporary file; SQLite is allowed a few pages here."""
    with SortedLines() as ordered:
        ordered._db.execute("PRAGMA max_page_count = 20")
        with pytest.raises(DiskFull):
            deque((ordered.add(b"%d" % n + b"x" * 100) for n in range(5000)), 0)
