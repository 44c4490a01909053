"""Test the export to WARC: whole exchanges, byte for byte; damage costs only itself, and is named."""

from __future__ import annotations

import io
import sqlite3
import tracemalloc
from contextlib import closing
from datetime import UTC, datetime

import pytest
from warcio.archiveiterator import ArchiveIterator

from exports.formats import to_warc
from pipelines.core.items import Exchange
from pipelines.database.filters import ArticleFilters
from pipelines.selection.captures import CaptureFilter, CaptureSelection
from pipelines.warc.storage import WarcStorage
from tests.support.capture_archive import ABOUT, HTML, LIGHT, Writing, build, exchange
from tests.support.external_tools import faults
from tests.support.warc_files import read_member, walk


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return build(tmp_path_factory.mktemp("to_warc") / "archive")


def packed(archive, wanted=None):
    """Return the file's bytes, and what the manifest says of it."""
    out = io.BytesIO()
    with closing(archive.open()) as db, CaptureSelection(db, WarcStorage(archive.warc), wanted) as selection:
        said = to_warc.pack(selection, out, ABOUT)
    return out.getvalue(), said


def members(path):
    """(fields, raw bytes of the gzip member) of each record of a file."""
    data = path.read_bytes()
    return [(found.headers, data[found.offset : found.offset + found.length]) for found in walk(path)]


def written(data, tmp_path):
    path = tmp_path / "out.warc.gz"
    path.write_bytes(data)
    return path


def test_every_record_is_exported_byte_for_byte(archive, tmp_path):
    """All but the archive's notes to itself, in the order of its files; the first record says what the export is."""
    data, said = packed(archive)
    first, *others = members(written(data, tmp_path))
    ours = [found for path in sorted(archive.warc.iterdir()) for found in members(path)]
    wanted = [raw for fields, raw in ours if fields.get("Morgue-Journal") is None]
    assert [raw for _, raw in others] == wanted
    assert first[0].get("WARC-Type") == "warcinfo"
    assert first[0].get("WARC-Filename") == "out.warc.gz"
    assert said["captures"] == len(archive.captures)
    assert said["records"] == 1 + len(wanted)
    assert said["damages"] == []


def test_first_record_has_software_archive_and_filters(archive, tmp_path):
    """Each has a line; the date is that of the export."""
    data, _ = packed(archive)
    first = next(walk(written(data, tmp_path)))
    assert first.headers.get("WARC-Date") == "2026-04-01T00:00:00Z"
    assert first.block.decode().splitlines()[:3] == [
        "software: newsmorgue test", "isPartOf: a b",
        "description: captures exported from an archive: url https://a.example/*",
    ]  # fmt: skip


def test_request_and_response_stay_together(archive, tmp_path):
    """They do so also if the request was written first. No other exchange comes along."""
    data, said = packed(archive, CaptureFilter(urls=("http://www.other.example:8080/2",)))
    records = list(walk(written(data, tmp_path)))
    assert [(one.headers.get("WARC-Type"), (one.headers.get("WARC-Target-URI") or "")[-2:]) for one in records] == [
        ("warcinfo", ""), ("warcinfo", ""), ("request", "/2"), ("response", "/2"),
    ]  # fmt: skip
    assert said["captures"] == 1


def test_failed_exchange_is_exported_with_all_its_records(archive, tmp_path):
    """These are the reason, the request and the bytes that came."""
    data, _ = packed(archive, CaptureFilter(urls=("https://paper.example/down",)))
    types = [one.headers.get("WARC-Type") for one in walk(written(data, tmp_path))]
    assert types == ["warcinfo", "warcinfo", "metadata", "metadata", "request", "metadata"]


def test_records_name_the_warcinfo_before_them(archive, tmp_path):
    """WARC 1.1, 5.3: WARC-Warcinfo-ID resolves, to the record that began their own file."""
    current = None
    for one in list(walk(written(packed(archive)[0], tmp_path)))[1:]:
        if one.headers.get("WARC-Type") == "warcinfo":
            current = one.headers.get("WARC-Record-ID")
        else:
            assert one.headers.get("WARC-Warcinfo-ID") == current


def test_revisit_brings_its_response_along(archive, tmp_path):
    """Though the response is outside the filter; the manifest counts those that came along."""
    data, said = packed(archive, CaptureFilter(ArticleFilters(since="2026-03-05")))
    ids = {one.headers.get("WARC-Record-ID") for one in walk(written(data, tmp_path))}
    assert archive.captures["light"].record_id in ids
    assert archive.captures["crane"].record_id not in ids
    assert said["added_for_revisits"] == 1


def test_repeated_export_is_the_same_bytes(archive):
    """Only the time of the export would differ, which is given here."""
    assert packed(archive) == packed(archive)


def test_empty_selection_gives_a_warcinfo_record(archive, tmp_path):
    """It is a WARC file."""
    data, said = packed(archive, CaptureFilter(ArticleFilters(since="2030")))
    assert len(list(walk(written(data, tmp_path)))) == 1
    assert said["captures"] == 0


def test_independent_readers_accept_the_file(archive, tmp_path):
    """gzip and FastWARC find it sound, warcio finds every record."""
    data, said = packed(archive)
    path = written(data, tmp_path)
    assert faults(path, payloads=False) == []  # its chunked records have digests of the standard
    with path.open("rb") as file:
        assert sum(1 for _ in ArchiveIterator(file)) == said["records"]


def flipped(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 0x10
    path.write_bytes(data)


def names_of(archive, data, tmp_path):
    ids = {one.headers.get("WARC-Record-ID") for one in walk(written(data, tmp_path))}
    return {name for name, capture in archive.captures.items() if capture.record_id in ids}


@pytest.mark.parametrize("share", [0, 0.5, 0.99])
def test_damaged_record_costs_only_its_exchange(tmp_path, share):
    """It is left out and named; all others are there, their requests too."""
    archive = build(tmp_path / "archive")
    crane = archive.captures["crane"]
    flipped(archive.warc / crane.file, crane.offset + int(crane.length * share))
    data, said = packed(archive)
    assert names_of(archive, data, tmp_path) == archive.captures.keys() - {"crane"}
    assert said["left_out_damaged"] == 1
    assert any(f"{crane.file} at byte {crane.offset}" in damage for damage in said["damages"])
    assert sum(one.headers.get("WARC-Type") == "request" for one in walk(tmp_path / "out.warc.gz")) == 13 - 1


def test_damaged_request_is_named_and_its_response_exported(tmp_path):
    """The manifest names the damage."""
    archive = build(tmp_path / "archive")
    crane = archive.captures["crane"]
    flipped(archive.warc / crane.file, crane.offset + crane.length + 100)
    data, said = packed(archive)
    assert names_of(archive, data, tmp_path) == archive.captures.keys()
    assert said["left_out_damaged"] == 0
    assert said["damages"]


def test_missing_file_costs_only_its_exchanges(tmp_path):
    """Those of the other file are there."""
    archive = build(tmp_path / "archive")
    (archive.warc / archive.captures["crane"].file).unlink()
    data, said = packed(archive)
    there = {name for name, one in archive.captures.items() if one.file != archive.captures["crane"].file}
    assert names_of(archive, data, tmp_path) == there
    assert said["left_out_damaged"] == len(archive.captures) - len(there)
    assert len(said["damages"]) == 1


def test_row_that_points_at_another_record_is_left_out(tmp_path):
    """A swapped file or an old database must not put a record under a wrong address."""
    archive = build(tmp_path / "archive")
    with closing(sqlite3.connect(archive.folder / "morgue.db")) as db, db:
        place = archive.captures["feed"]
        db.execute("UPDATE captures SET offset = ?, length = ? WHERE url LIKE '%robots.txt'",
                   (place.offset, place.length))  # fmt: skip
    data, said = packed(archive)
    assert "robots" not in names_of(archive, data, tmp_path)
    assert said["left_out_damaged"] == 1
    assert "another record" in said["damages"][0]


def test_file_that_is_being_written_is_read_to_its_last_whole_record(tmp_path):
    """While a crawl runs, a name that ends in `.open` and half a record at the end are no damage."""
    archive = build(tmp_path / "archive")
    path = archive.warc / archive.captures["copy"].file
    data = path.read_bytes()
    path.with_name(path.name + ".open").write_bytes(data + data[:700])
    path.unlink()
    data, said = packed(archive)
    assert names_of(archive, data, tmp_path) == archive.captures.keys()
    assert said["damages"] == []


def test_large_record_is_copied_in_pieces(tmp_path):
    """64 MB pass through."""
    to = Writing(tmp_path / "archive")
    body = b"0123456789abcdef" * (4 << 20)
    to.keep("large", exchange(LIGHT, 1, HTML % len(body), body))
    to.keep("refused", Exchange(LIGHT, datetime(2026, 3, 1, tzinfo=UTC), b"", b"", error="refused"))
    to.writer.close()
    to.db.commit()
    to.db.close()
    large = to.archive.captures["large"]
    out = io.BytesIO()
    with closing(to.archive.open()) as db, CaptureSelection(db, WarcStorage(to.archive.warc)) as selection:
        tracemalloc.start()
        said = to_warc.pack(selection, out, ABOUT)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert said["captures"] == 2
    assert peak < 4 << 20
    assert read_member(to.archive.warc / large.file, large.offset, large.length).endswith(body + b"\r\n\r\n")
