"""Revisits: when a response is stored as a reference to one that is there already, and what that record says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.archive.deduplication import original_of
from pipelines.core.items import Exchange
from pipelines.database.captures import MAX_CANDIDATES
from pipelines.database.connection import open_database
from pipelines.database.store import ArticleStore
from pipelines.warc.exchange import NOT_MODIFIED, SAME_PAYLOAD, RevisitOriginal, body_of, capture_of, write_exchange
from pipelines.warc.http_message import entity_body
from pipelines.warc.storage import WarcStorage
from pipelines.warc.writer import WarcWriter
from tests.support.exchanges import CHUNKED_HEAD, PLAIN
from tests.support.external_tools import faults
from tests.support.warc_files import walk

PAGE = b"<p>" + b"The harbour stays open. " * 100
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-Cache: MISS\r\n\r\n"
FIRST = replace(PLAIN, response=HEAD + PAGE, head_length=len(HEAD))
LATER_HEAD = HEAD.replace(b"MISS", b"HIT")
LATER = replace(
    FIRST,
    url="https://example.org/twin",
    started=FIRST.started + timedelta(hours=1),
    response=LATER_HEAD + PAGE,
    head_length=len(LATER_HEAD),
)
UNMODIFIED_HEAD = b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n'
UNMODIFIED = replace(
    FIRST,
    started=FIRST.started + timedelta(hours=2),
    response=UNMODIFIED_HEAD,
    head_length=len(UNMODIFIED_HEAD),
    status=304,
)
FRAMED = CHUNKED_HEAD + b"%x\r\n%s\r\n0\r\n\r\n" % (len(PAGE), PAGE)
IN_CHUNKS = replace(FIRST, response=FRAMED, head_length=len(CHUNKED_HEAD), chunked=True)


class Archive:
    """WARC files and rows, without a crawl."""

    def __init__(self, folder: Path) -> None:
        self.warc = folder / "warc"
        self.warc.mkdir()
        self.listed = folder / "manifest.jsonl"
        self.db = open_database(folder / "morgue.db")
        self.crawl: int | None = ArticleStore(self.db).begin_crawl("crawl", "x")
        self.writer = self.new_writer()

    def new_writer(self) -> WarcWriter:
        return WarcWriter(WarcStorage(self.warc), info={"software": "x"}, manifest_path=self.listed)

    def original(self, exchange: Exchange) -> RevisitOriginal | None:
        return original_of(self.db, exchange, body_of(exchange), self.writer.is_finished)

    def write_exchange(self, exchange: Exchange):
        capture = write_exchange(exchange, self.writer, original=self.original(exchange))
        return ArticleStore(self.db).capture(capture, self.crawl, None)


@pytest.fixture
def archive(tmp_path):
    return Archive(tmp_path)


def test_known_body_becomes_a_revisit(archive):
    """Section 6.7.2: profile, what it refers to, the payload's digest, and the head of this response as its block."""
    first = archive.write_exchange(FIRST)
    archive.writer.close()
    later = archive.write_exchange(LATER)
    archive.writer.close()
    (record,) = [one for one in walk(archive.warc / later.file) if one.headers.get("WARC-Type") == "revisit"]
    get = record.headers.get
    assert get("WARC-Profile") == SAME_PAYLOAD
    assert get("WARC-Refers-To") == first.record_id
    assert get("WARC-Refers-To-Target-URI") == FIRST.url
    assert get("WARC-Refers-To-Date") == "2026-03-04T05:06:07.000089Z"
    assert get("WARC-Payload-Digest") == first.payload_digest
    assert get("WARC-Target-URI") == LATER.url
    assert record.block == LATER_HEAD
    assert record.block + entity_body(FIRST.response) == LATER.response
    row = archive.db.execute(
        "SELECT record_type, refers_to, payload_digest, body_length, status FROM captures WHERE id = 2"
    )
    assert row.fetchone() == ("revisit", first.record_id, first.payload_digest, len(PAGE), 200)


def test_response_304_becomes_a_revisit_of_the_body(archive):
    """Section 6.7.3, server-not-modified; it refers to the record with the body, not to the revisit in between."""
    first = archive.write_exchange(FIRST)
    archive.writer.close()
    archive.write_exchange(replace(LATER, url=FIRST.url))
    archive.writer.close()
    unmodified = archive.write_exchange(UNMODIFIED)
    archive.writer.close()
    assert (unmodified.record_type, unmodified.refers_to, unmodified.status) == ("revisit", first.record_id, 304)
    (record,) = [one for one in walk(archive.warc / unmodified.file) if one.headers.get("WARC-Type") == "revisit"]
    assert record.headers.get("WARC-Profile") == NOT_MODIFIED
    assert record.block == UNMODIFIED_HEAD


def test_revisit_is_read_back_from_the_file(archive):
    """The capture that `write_exchange` returns equals the one read from the file."""
    archive.write_exchange(FIRST)
    archive.writer.close()
    for exchange in (LATER, UNMODIFIED):
        kept = write_exchange(exchange, archive.writer, original=archive.original(exchange))
        archive.writer.close()
        assert kept.record_type == "revisit"
        assert [capture_of(member, kept.file) for member in walk(archive.warc / kept.file)].count(kept) == 1


def test_body_in_an_open_file_is_not_referred_to(archive):
    """A crash could tear a body in a file that is still being written."""
    archive.write_exchange(FIRST)
    assert archive.original(LATER) is None
    archive.writer.close()
    assert archive.original(LATER) is not None


@pytest.mark.parametrize(
    "harm",
    [
        lambda _archive, path: path.unlink(),
        lambda _archive, path: path.write_bytes(path.read_bytes()[:-1]),
        lambda archive, _path: archive.listed.unlink(),
    ],
    ids=["removed", "cut", "not listed"],
)
def test_body_in_a_missing_or_cut_file_is_not_referred_to(archive, harm):
    """Nor one in a file that the manifest does not list. The body is then stored again."""
    first = archive.write_exchange(FIRST)
    archive.writer.close()
    harm(archive, archive.warc / first.file)
    archive.writer = archive.new_writer()
    assert archive.original(LATER) is None


@pytest.mark.parametrize(
    "exchange",
    [
        replace(LATER, error="closed before the response was complete", truncated="disconnect"),
        replace(LATER, status=404, response=LATER.response.replace(b"200 OK", b"404 No")),
        replace(LATER, response=LATER_HEAD + PAGE[:1000]),
        replace(LATER, response=LATER_HEAD + PAGE.replace(b"open", b"shut")),
        IN_CHUNKS,
        replace(UNMODIFIED, url="https://example.org/never-seen"),
    ],
    ids=["cut off", "no page", "too short to be worth it", "another body", "in chunks", "nothing to confirm"],
)
def test_response_that_differs_in_any_way_is_stored_whole(archive, exchange):
    """Bytes that were received differently are kept as they were received."""
    archive.write_exchange(FIRST)
    archive.writer.close()
    assert archive.original(exchange) is None


@pytest.mark.parametrize(
    ("url", "found"),
    [("https://www.example.org/twin", True), ("https://example.net/twin", False), ("https://notexample.org/x", False)],
    ids=["another host of the site", "another site", "a site that ends alike"],
)
def test_only_a_response_of_the_same_site_is_referred_to(archive, url, found):
    """A takedown at one site must not concern what another has answered."""
    archive.write_exchange(FIRST)
    archive.writer.close()
    assert (archive.original(replace(LATER, url=url)) is not None) is found


def test_response_of_the_same_site_is_found_among_many_of_other_sites(archive):
    """An archive of an earlier version may hold the same bytes many times."""
    for number in range(MAX_CANDIDATES + 1):
        archive.write_exchange(replace(FIRST, url=f"https://site{number}.example/"))
    own = archive.write_exchange(FIRST)
    archive.writer.close()
    assert archive.original(LATER).record_id == own.record_id


def test_304_of_a_page_whose_body_another_site_has_is_stored_as_it_is(archive):
    """Earlier versions stored the page as a revisit of the other site's."""
    other = archive.write_exchange(replace(FIRST, url="https://example.net/"))
    archive.writer.close()
    of = RevisitOriginal(other.record_id, other.url, "2026-03-04T05:06:07.000089Z")
    ArticleStore(archive.db).capture(write_exchange(LATER, archive.writer, original=of), archive.crawl, None)
    archive.writer.close()
    assert archive.original(replace(UNMODIFIED, url=LATER.url)) is None


def test_chunked_body_is_not_referred_to(archive):
    """A record with chunks names no payload digest by which every tool would find it."""
    archive.write_exchange(IN_CHUNKS)
    archive.writer.close()
    assert archive.original(LATER) is None


def test_independent_readers_accept_a_revisit(archive):
    """gzip, warcio and FastWARC find every digest right."""
    archive.write_exchange(FIRST)
    archive.writer.close()
    for exchange in (LATER, UNMODIFIED):
        archive.write_exchange(exchange)
    archive.writer.close()
    files = sorted(archive.warc.iterdir())
    assert faults(*files) == []
    assert [found.headers.get("WARC-Type") for found in walk(files[1])].count("revisit") == 2


@pytest.mark.parametrize("again", [LATER, UNMODIFIED], ids=["the same body", "a 304"])
def test_capture_without_a_filed_page_is_not_referred_to(archive, again):
    """A crash took its rows, and a start gave them back: its page is fetched again, and that fetch is stored whole."""
    archive.crawl = None  # as `crash_recovery` leaves it
    archive.write_exchange(FIRST)
    archive.writer.close()
    assert archive.original(again) is None
    archive.crawl = 1
    filed = archive.write_exchange(replace(FIRST, started=FIRST.started + timedelta(minutes=1)))
    assert filed.record_type == "response"
    archive.writer.close()
    assert archive.original(again).record_id == filed.record_id
