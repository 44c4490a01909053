"""`morgue remove` where another address was answered with the same bytes, and the archive stores them only once."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.archive.writer import ArchiveWriter
from pipelines.core.items import Article, Capture, Exchange, Page, Reading
from pipelines.core.timestamps import fine_stamp
from pipelines.database.store import ArticleStore
from pipelines.extraction.extract import read
from pipelines.verification.verify import verify
from pipelines.warc.exchange import RevisitOriginal, write_exchange
from pipelines.warc.http_message import entity_body
from pipelines.warc.storage import WarcStorage
from tests.support import foreign
from tests.support.command import make_archive, morgue, rows
from tests.support.exchanges import PLAIN
from tests.support.external_tools import faults
from tests.support.warc_files import read_record

pytestmark = pytest.mark.slow

STORY = "".join(f"<p>The agency reports from harbour number {n}, where the cranes stand still.</p>" for n in range(40))
PAGE = f"<html><head><title>Cranes</title></head><body><h1>Cranes</h1><article>{STORY}</article></body></html>".encode()
WIRE = "https://wire.example/cranes"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nServer: one\r\n\r\n"
FRAMED_HEAD = HEAD.replace(b"\r\nServer", b"\r\nTransfer-Encoding: chunked\r\nServer")
UNMODIFIED = b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n'
REASON = "letter of 3 May"


def exchange(url: str, hour: int, head: bytes = HEAD, body: bytes = PAGE) -> Exchange:
    """Return an answer of that head and body."""
    request = f"GET {url} HTTP/1.1\r\n\r\n".encode()
    status = int(head[9:12])
    return replace(PLAIN, url=url, started=PLAIN.started + timedelta(hours=hour), request=request,
                   response=head + body, head_length=len(head), status=status)  # fmt: skip


def keep(archive_writer: ArchiveWriter, one: Exchange, of: Capture | None = None) -> Capture:
    """Write an exchange and its article as earlier versions did: as a revisit of any site's response."""
    original = None if of is None else RevisitOriginal(of.record_id, of.url, fine_stamp(of.time))
    store = ArticleStore(archive_writer.db)
    capture = store.capture(write_exchange(one, archive_writer.writer, original=original), 1, None)
    page = Page(one.url, entity_body(one.response), "text/html", capture)
    if isinstance(outcome := read(page), Article):
        store.file(Reading(page, outcome, 0.0), None, "")
    return capture


@pytest.fixture
def archive(tmp_path) -> Path:
    """Return an archive in which captures of two other sites have their bodies in a record of WIRE."""
    folder = make_archive(tmp_path / "archive")
    (folder / "warc").mkdir(exist_ok=True)
    archive_writer = ArchiveWriter(folder / "morgue.db", WarcStorage(folder / "warc"), max_age=86_400)
    ArticleStore(archive_writer.db).begin_crawl("crawl", "test")
    original = keep(archive_writer, exchange(WIRE, 0))
    for one in (
        exchange("https://paper.example/cranes", 1, HEAD.replace(b"one", b"paper")),
        exchange("https://www.paper.example/cranes", 2, HEAD.replace(b"one", b"www")),
        exchange("https://paper.example/cranes", 3, UNMODIFIED, b""),
        exchange("https://other.example/cranes", 4, FRAMED_HEAD),
        exchange("https://third.example/cranes", 5, UNMODIFIED, b""),
        exchange(WIRE, 6),
    ):
        keep(archive_writer, one, original)
    keep(archive_writer, exchange("https://paper.example/weather", 7, body=b"<p>Rain.</p>" * 200))
    archive_writer.close(everything=True)
    assert verify(folder).findings.listed == []
    return folder


def remove(archive: Path, *targets: str) -> str:
    done = morgue("-C", archive, "remove", *targets, "--reason", REASON, "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def stored(archive: Path) -> dict[tuple[str, str], tuple[str, bytes]]:
    """Return (URL, time) -> (type of the record, its block) of each capture."""
    query = "SELECT url, time, file, offset, length FROM captures WHERE kind <> 'import'"
    found = {}
    for url, time, file, offset, length in rows(archive, query):
        record = read_record(archive / "warc" / file, offset, length)
        found[url, time] = record.fields.get("WARC-Type"), record.block
    return found


def test_takedown_leaves_the_captures_of_other_sites_whole(archive):
    """Each other site has the bytes once, in a response; its further captures refer to that. All is named."""
    before = stored(archive)
    said = remove(archive, WIRE)
    assert "not removed: 4 other addresses that are stored with the same bytes" in said
    assert "https://other.example/cranes" in said
    after = stored(archive)
    assert after.keys() == {key for key in before if key[0] != WIRE}
    responses = {url: block for (url, _), (type_, block) in after.items() if type_ == "response"}
    assert responses["https://paper.example/cranes"] == HEAD.replace(b"one", b"paper") + PAGE
    assert entity_body(responses["https://other.example/cranes"]) == PAGE
    assert responses["https://other.example/cranes"].startswith(FRAMED_HEAD)
    assert responses["https://third.example/cranes"] == UNMODIFIED
    referring = rows(archive, """SELECT c.url, o.url FROM captures c JOIN captures o ON o.record_id = c.refers_to
                                  ORDER BY c.id""")  # fmt: skip
    assert referring == [("https://www.paper.example/cranes", "https://paper.example/cranes"),
                         ("https://paper.example/cranes", "https://paper.example/cranes")]  # fmt: skip
    assert verify(archive).findings.listed == []
    files = sorted((archive / "warc").glob("*.warc.gz"))
    assert faults(*files) == []
    raw = b"".join(gzip.decompress(path.read_bytes()) for path in files)
    assert raw.count(PAGE) == 2  # of paper.example and other.example
    assert raw.count(b"WARC-Target-URI: " + WIRE.encode()) == 0


def test_rebuild_after_such_a_takedown_gives_the_same_rows(archive):
    """Captures keep their numbers, so that articles find their pages."""
    remove(archive, WIRE)
    query = "SELECT id, url, file, offset, record_type, refers_to, body_length, payload_digest FROM captures ORDER BY 1"
    left = [rows(archive, query), rows(archive, "SELECT id, url, capture_id, text FROM articles ORDER BY 1")]
    assert len(left[1]) >= 2
    (archive / "morgue.db").unlink()
    done = morgue("-C", archive, "rebuild")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [rows(archive, query), rows(archive, "SELECT id, url, capture_id, text FROM articles ORDER BY 1")] == left
    assert rows(archive, "SELECT url_key FROM removals") == [("//wire.example/cranes",)]


def test_pages_of_other_sites_are_shown_and_exported_after_such_a_takedown(archive, tmp_path):
    """`show` replays them, and an export holds the bytes."""
    remove(archive, WIRE)
    (record_id,) = (row[0] for row in rows(archive, "SELECT record_id FROM captures WHERE url LIKE '%other.example%'"))
    shown = morgue("-C", archive, "show", "https://other.example/cranes", "--format", "json")
    assert "harbour number 7" in json.loads(shown.stdout)["text"]
    out = tmp_path / "out.warc.gz"
    done = morgue("-C", archive, "export", "warc", out)
    assert done.returncode == 0, done.stderr
    raw = gzip.decompress(out.read_bytes())
    assert raw.count(PAGE) == 2
    assert record_id.encode() in raw


def test_second_takedown_removes_what_was_kept_whole(archive):
    """The copies are captures like others: with them the last of the bytes goes."""
    remove(archive, WIRE)
    remove(archive, "paper.example", "www.paper.example", "other.example", "third.example")
    raw = b"".join(gzip.decompress(path.read_bytes()) for path in (archive / "warc").glob("*.warc.gz"))
    assert b"harbour number" not in raw
    assert verify(archive).findings.listed == []


def test_takedown_that_was_killed_after_the_copies_is_finished_by_the_same_command(archive, monkeypatch):
    """The copies and their old places are in the files then; the second run replaces the old places."""
    from pipelines.takedown.kept_revisits import keep_whole
    from pipelines.takedown.targets import find

    archive_writer = ArchiveWriter(archive / "morgue.db", WarcStorage(archive / "warc"), max_age=86_400)
    found = archive_writer.call(find, archive_writer.db, [WIRE])
    archive_writer.call(keep_whole, archive_writer.db, archive_writer.storage, archive_writer.writer, found)
    archive_writer.close(everything=True)
    assert [one.kind for one in verify(archive).findings.listed if one.kind != "twice"] == []
    (archive / "morgue.db").unlink()
    assert morgue("-C", archive, "rebuild").returncode == 0
    remove(archive, WIRE)
    assert verify(archive).findings.listed == []
    raw = b"".join(gzip.decompress(path.read_bytes()) for path in (archive / "warc").glob("*.warc.gz"))
    assert raw.count(PAGE) == 2


def test_takedown_is_refused_if_the_bytes_of_another_address_cannot_be_read(archive):
    """Both addresses are named, and what to do; nothing is changed. Naming the other address as well is the way out."""
    ((file, offset, length),) = rows(archive, "SELECT file, offset, length FROM captures WHERE url = ? LIMIT 1", WIRE)
    path = archive / "warc" / file
    data = bytearray(path.read_bytes())
    data[offset + length // 2] ^= 4
    path.write_bytes(data)
    done = morgue("-C", archive, "remove", WIRE, "--reason", REASON, "--yes", "--damaged-too")
    assert done.returncode != 0
    assert WIRE in done.stderr
    assert "https://paper.example/cranes" in done.stderr
    assert "name this address too" in done.stderr
    assert path.read_bytes()[: len(data)] == data
    names = [WIRE, *(f"{host}.example" for host in ("paper", "www.paper", "other", "third"))]
    done = morgue("-C", archive, "remove", *names, "--reason", REASON, "--yes", "--damaged-too")
    assert done.returncode == 0, done.stderr


def test_takedown_that_is_refused_for_another_reason_writes_no_copies(archive):
    """The file is not as listed: nothing is written before that is known."""
    query = "SELECT file, offset, length FROM captures WHERE url LIKE '%weather'"
    ((file, offset, length),) = rows(archive, query)
    path = archive / "warc" / file
    data = bytearray(path.read_bytes())
    data[offset + length // 2] ^= 4
    path.write_bytes(data)
    captures = rows(archive, "SELECT * FROM captures ORDER BY 1")
    done = morgue("-C", archive, "remove", WIRE, "--reason", REASON, "--yes")
    assert done.returncode == 7
    assert "--damaged-too" in done.stderr
    assert rows(archive, "SELECT * FROM captures ORDER BY 1") == captures
    assert "twice" not in {one.kind for one in verify(archive).findings.listed}
    done = morgue("-C", archive, "remove", WIRE, "--reason", REASON, "--yes", "--damaged-too")
    assert done.returncode == 0, done.stderr
    assert "twice" not in {one.kind for one in verify(archive).findings.listed}


BODY = foreign.page(1)
PLAIN_HEAD = foreign.answer(b"")
PROFILE = "http://netpreserve.org/warc/1.{}/revisit/{}"
IN_CHUNKS = foreign.answer(
    b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY), b"Content-Type: text/html", b"Transfer-Encoding: chunked"
)
FIRST_URL, TWIN_URL = foreign.address(1), foreign.address(1, "twin.example")
BY_PLACE = {"WARC_Refers_To_Target_URI": FIRST_URL, "WARC_Refers_To_Date": "2024-03-09T12:00:00Z"}
REVISITS: dict[str, tuple[bytes, bytes, dict[str, str]]] = {  # block of the original, of the revisit, its fields
    "by id": (foreign.answer(BODY), PLAIN_HEAD, {"WARC_Refers_To": foreign.an_id("first")}),
    "by place": (foreign.answer(BODY), PLAIN_HEAD, BY_PLACE),
    "without a head": (foreign.answer(BODY), b"", {"WARC_Truncated": "length", **BY_PLACE}),
    "of a body in chunks": (IN_CHUNKS, PLAIN_HEAD, BY_PLACE),
    "with a digest of another kind": (
        foreign.answer(BODY),
        PLAIN_HEAD,
        {"WARC_Payload_Digest": "sha256:" + hashlib.sha256(BODY).hexdigest(), **BY_PLACE},
    ),
    "with a digest that is wrong": (
        foreign.answer(BODY),
        PLAIN_HEAD,
        {"WARC_Payload_Digest": "sha1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", **BY_PLACE},
    ),
}


@pytest.mark.parametrize("case", REVISITS)
def test_takedown_leaves_imported_revisits_of_other_sites_whole(tmp_path, case):
    """Other programs refer across sites, by id or by place, with or without the head of the answer."""
    original, block, fields = REVISITS[case]
    folder = make_archive(tmp_path / "archive")
    theirs = tmp_path / "theirs.warc.gz"
    theirs.write_bytes(foreign.gz([
        foreign.warcinfo(),
        foreign.record("response", FIRST_URL, original, record_id=foreign.an_id("first")),
        foreign.record("revisit", TWIN_URL, block, at=1, WARC_Profile=PROFILE.format(1, "identical-payload-digest"),
                       Content_Type="application/http; msgtype=response", record_id=foreign.an_id("twin"), **fields),
        foreign.record("request", TWIN_URL, b"GET /x HTTP/1.1\r\n\r\n", at=1, WARC_Concurrent_To=foreign.an_id("twin")),
    ]))  # fmt: skip
    assert morgue("-C", folder, "import", theirs).returncode == 0
    found = verify(folder).findings.listed
    articles = rows(folder, "SELECT url, text FROM articles WHERE url = ?", TWIN_URL)
    assert f"not removed: 1 other address that is stored with the same bytes\n  {TWIN_URL}" in remove(folder, FIRST_URL)
    ((type_, stored_block),) = stored(folder).values()
    assert (type_, entity_body(stored_block)) == ("response", BODY)
    assert verify(folder).findings.listed == found
    query = "SELECT id, url, record_id, file, offset, body_length, imported IS NULL FROM captures ORDER BY 1"
    left = rows(folder, query), rows(folder, "SELECT url, text FROM articles")
    assert left[1] == articles
    (folder / "morgue.db").unlink()
    assert morgue("-C", folder, "rebuild").returncode == 0
    assert (rows(folder, query), rows(folder, "SELECT url, text FROM articles")) == left
    remove(folder, TWIN_URL)
    raw = b"".join(gzip.decompress(path.read_bytes()) for path in (folder / "warc").glob("*.warc.gz"))
    assert b"Report 1" not in raw
    assert verify(folder).findings.listed == []
