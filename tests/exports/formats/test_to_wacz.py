"""Test the export to WACZ 1.1.1: parts, digests, an index that leads to records, articles as pages."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import sqlite3
import subprocess
import zipfile
import zlib
from contextlib import closing
from datetime import UTC, datetime

import pytest

from exports.formats import to_wacz
from pipelines.selection.captures import CaptureFilter, CaptureSelection
from pipelines.selection.exclusions import Exclusions
from pipelines.warc.record import parse_record
from pipelines.warc.storage import WarcStorage
from tests.support.capture_archive import ABOUT, CRANE, LIGHT, build, spoil
from tests.support.cdxj_lines import entry_of
from tests.support.external_tools import tool


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return build(tmp_path_factory.mktemp("to_wacz") / "archive")


@pytest.fixture(scope="module")
def out(archive, tmp_path_factory):
    """Return the whole archive as a WACZ file."""
    path = tmp_path_factory.mktemp("wacz") / "out.wacz"
    path.write_bytes(packed(archive)[0])
    return path


def packed(archive, wanted=None, about=ABOUT):
    out = io.BytesIO()
    with closing(archive.open()) as db, CaptureSelection(db, WarcStorage(archive.warc), wanted) as selection:
        said = to_wacz.pack(selection, out, about)
    return out.getvalue(), said


def lines_of(wacz, name):
    return [json.loads(line) for line in wacz.read(name).splitlines()]


def test_parts_are_those_of_the_standard(out):
    """Parts that are read in pieces are stored as they are (section 5.2: archive/ and the compressed index); all have
    one time."""
    with zipfile.ZipFile(out) as wacz:
        assert wacz.testzip() is None
        parts = {info.filename: info.compress_type == zipfile.ZIP_STORED for info in wacz.infolist()}
        assert {info.date_time for info in wacz.infolist()} == {(2026, 4, 1, 0, 0, 0)}
    assert parts == {
        "archive/out.warc.gz": True, "indexes/index.cdx.gz": True, "indexes/index.idx": False,
        "pages/pages.jsonl": False, "datapackage.json": False, "datapackage-digest.json": False,
    }  # fmt: skip


def test_data_package_has_sizes_and_digests_of_the_parts(out):
    """Bytes and SHA-256 of each part, and the digest of the package itself."""
    with zipfile.ZipFile(out) as wacz:
        data = wacz.read("datapackage.json")
        package, digest = json.loads(data), json.loads(wacz.read("datapackage-digest.json"))
        parts = {resource["path"]: resource for resource in package["resources"]}
        assert parts.keys() | {"datapackage.json", "datapackage-digest.json"} == set(wacz.namelist())
        for path, resource in parts.items():
            part = wacz.read(path)
            assert (resource["hash"], resource["bytes"]) == (f"sha256:{hashlib.sha256(part).hexdigest()}", len(part))
    assert digest == {"path": "datapackage.json", "hash": f"sha256:{hashlib.sha256(data).hexdigest()}"}
    assert (package["profile"], package["wacz_version"]) == ("data-package", "1.1.1")
    assert (package["created"], package["software"]) == (ABOUT["created"], ABOUT["software"])


def test_index_leads_to_every_record_that_can_be_shown(archive, out):
    """index.idx leads to a block, a line in it to the record by its offset. Failures and 304s have no line."""
    ids = set()
    with zipfile.ZipFile(out) as wacz:
        warc, index = wacz.read("archive/out.warc.gz"), wacz.read("indexes/index.cdx.gz")
        head, *blocks = wacz.read("indexes/index.idx").decode().splitlines()
    assert json.loads(head.removeprefix("!meta 0 "))["filename"] == "index.cdx.gz"
    for block in blocks:
        where = json.loads(block[block.index("{") :])
        piece = index[where["offset"] : where["offset"] + where["length"]]
        assert where["digest"] == f"sha256:{hashlib.sha256(piece).hexdigest()}"
        lines = gzip.decompress(piece).decode().splitlines()
        assert lines[0].startswith(block[: block.index("{")])
        assert lines == sorted(lines)
        for entry in map(entry_of, lines):
            record = parse_record(
                zlib.decompress(warc[entry.offset : entry.offset + entry.length], zlib.MAX_WBITS + 16)
            )
            assert record.fields.get("WARC-Target-URI") == entry.url
            assert entry.filename == "out.warc.gz"
            ids.add(record.fields.get("WARC-Record-ID"))
    shown = {name for name, capture in archive.captures.items() if capture.record_id in ids}
    assert archive.captures.keys() - shown == {"refused", "not http", "not modified"}


def test_page_is_one_state_of_an_article(out):
    """Address and second of its capture, which the index has; headline; text."""
    with zipfile.ZipFile(out) as wacz:
        head, *pages = lines_of(wacz, "pages/pages.jsonl")
        index = gzip.decompress(wacz.read("indexes/index.cdx.gz")).decode().splitlines()
    assert (head["format"], head["hasText"]) == ("json-pages-1.0", True)
    assert [(page["url"], page["ts"], page["title"]) for page in pages] == [
        (CRANE, "2026-03-01T05:06:07Z", "Crane"), (CRANE, "2026-03-03T05:06:07Z", "Crane"),
        (LIGHT, "2026-03-01T05:06:07Z", "Lights"),
    ]  # fmt: skip
    assert pages[1]["text"] == "Text 2 of Crane.\u2028End."
    assert len({page["id"] for page in pages}) == 3
    known = {(entry.url, entry.time) for entry in map(entry_of, index)}
    assert {(page["url"], datetime.fromisoformat(page["ts"])) for page in pages} <= known


def pages_of(data):
    with zipfile.ZipFile(io.BytesIO(data)) as wacz:
        return [page["id"] for page in lines_of(wacz, "pages/pages.jsonl")[1:]]


@pytest.mark.parametrize(
    ("gone", "pages"),
    [("record", ["article-1-revision-2", "article-2-revision-1"]), ("file", ["article-1-revision-2"])],
    ids=["record", "file"],
)
def test_page_of_a_lost_record_is_not_listed(tmp_path, gone, pages):
    """A damaged record or a missing file costs its pages, and the count leaves them out."""
    archive = build(tmp_path / "archive")
    crane = archive.captures["crane"]
    spoil(archive.warc / crane.file, crane, gone)
    data, said = packed(archive)
    assert pages_of(data) == pages
    assert said["pages"] == len(pages)


def test_page_excluded_by_its_rights_is_not_listed(tmp_path):
    """A state is judged by its own capture, whatever the newest reading says."""
    archive = build(tmp_path / "archive")
    with closing(sqlite3.connect(archive.folder / "morgue.db")) as db, db:
        number = archive.captures["crane"].id
        db.execute("""UPDATE captures SET signals = '["x-robots-tag: noai"]' WHERE id = ?""", (number,))
    data, _said = packed(archive, CaptureFilter(without=Exclusions(reserved=True)))
    assert pages_of(data) == ["article-1-revision-2", "article-2-revision-1"]


def test_page_of_a_revisit_without_its_response_is_not_listed(tmp_path):
    """There would be nothing to show: the record of the response is damaged."""
    archive = build(tmp_path / "archive")
    light, again = archive.captures["light"], archive.captures["light again"]
    with closing(sqlite3.connect(archive.folder / "morgue.db")) as db, db:
        db.execute("UPDATE revisions SET capture_id = ? WHERE article_id = 2", (again.id,))
    assert pages_of(packed(archive)[0])[-1] == "article-2-revision-1"
    path = archive.warc / light.file
    data = bytearray(path.read_bytes())
    data[light.offset + light.length // 2] ^= 0x10
    path.write_bytes(data)
    assert pages_of(packed(archive)[0]) == ["article-1-revision-1", "article-1-revision-2"]


def test_repeated_export_is_the_same_bytes(archive):
    """Only its time would differ, which is given here."""
    assert packed(archive) == packed(archive)


def test_empty_selection_gives_a_package_without_pages(archive):
    """All parts are there."""
    data, said = packed(archive, CaptureFilter(hosts=("nobody.example",)))
    with zipfile.ZipFile(io.BytesIO(data)) as wacz:
        assert len(wacz.namelist()) == 6
    assert (said["captures"], said["pages"]) == (0, 0)


@pytest.mark.parametrize("name", ["Ein Name mit Ümläuten", "../..", ""])
def test_names_inside_are_valid_whatever_out_is_called(archive, name):
    """Lower case, no folder."""
    data, _ = packed(archive, about=ABOUT | {"name": name})
    with zipfile.ZipFile(io.BytesIO(data)) as wacz:
        folder, file = wacz.namelist()[0].split("/")
    assert folder == "archive"
    assert file.removesuffix(".warc.gz").replace("-", "").replace(".", "").isalnum()
    assert file.isascii()


class Pipe(io.RawIOBase):
    """Act as a file that can only be written on, as the standard output is."""

    def __init__(self):
        self.data = bytearray()

    def writable(self):
        return True

    def write(self, data):
        self.data += data
        return len(data)


def test_package_can_be_written_into_a_pipe(archive):
    """From front to back, without going back to any part."""
    pipe = Pipe()
    with closing(archive.open()) as db, CaptureSelection(db, WarcStorage(archive.warc)) as selection:
        to_wacz.pack(selection, pipe, ABOUT)
    with zipfile.ZipFile(io.BytesIO(pipe.data)) as wacz:
        assert wacz.testzip() is None


def test_part_that_may_be_large_is_announced_as_zip64():
    """Its size has 8 bytes in front of it, since it is not known beforehand that it is smaller than 4 GiB."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        package = to_wacz.WaczPackage(archive, datetime(2026, 4, 1, tzinfo=UTC), big=True)
        with package.part("archive/x.warc.gz") as part:
            part.write(b"x")
    assert out.getvalue()[30 + len("archive/x.warc.gz") :][:4] == b"\x01\x00\x10\x00"  # APPNOTE 4.5.3
    with zipfile.ZipFile(out) as archive:
        assert archive.read("archive/x.warc.gz") == b"x"


def test_long_index_is_cut_into_blocks():
    """A block has LINES lines, and index.idx the first key of each."""
    lines = [b"example,a)/%06d 20260301050607 {}\n" % n for n in range(2 * to_wacz.LINES_PER_MEMBER + 5)]
    out = io.BytesIO()
    blocks = list(to_wacz._blocks(lines, to_wacz.HashingFile(out)))
    assert gzip.decompress(out.getvalue()) == b"".join(lines)
    keys = [line.partition(b"{")[0] for line in lines[:: to_wacz.LINES_PER_MEMBER]]
    assert [block.partition(b"{")[0] for block in blocks] == keys
    assert len(keys) == 3


def test_py_wacz_accepts_the_package(out):
    """`wacz validate`: contents, data package, digests."""
    done = subprocess.run([tool("wacz"), "validate", "-f", out], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "is valid" in done.stdout


def test_cdxj_indexer_writes_the_same_index(out, tmp_path):
    """It reads the WARC file inside, and lists 304s as well."""
    indexer = tool("cdxj-indexer")
    with zipfile.ZipFile(out) as wacz:
        warc = wacz.extract("archive/out.warc.gz", tmp_path)
        index = gzip.decompress(wacz.read("indexes/index.cdx.gz")).splitlines()
    done = subprocess.run([indexer, "-s", "--records", "response,revisit", warc], capture_output=True)
    assert [line for line in done.stdout.splitlines() if b'"status": "304"' not in line] == index
