"""Test the archive on disk: the WARC files of a crawl hold what a hostile server journaled, byte for byte.

The files are read with warcio, as raw records; none of our own code reads them here. The crawl is Scrapy's, through the
download handler, the crawl context and the archive writer of `morgue crawl`, of an HTTP and an HTTPS server at once.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from warcio.archiveiterator import ArchiveIterator

from tests.support.command import ROOT, make_archive, morgue
from tests.support.external_tools import faults
from tests.support.hostile_pages import BROKEN, REPLIES
from tests.support.hostile_server import HostileServer, Reply, server_context

pytestmark = pytest.mark.slow

CRAWL = "tests.support.hostile_crawl"
PAGE = b"<p>The same as ever.</p>" * 100
PAGES = {
    "/plain": REPLIES["/plain"],  # leaves a connection on which the next request fails
    "/fresh-only": Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", fresh=True),
    **REPLIES,
    **{path: reply for path, (reply, _, _) in BROKEN.items()},
    "/hop": Reply(b"HTTP/1.1 301 Moved Permanently\r\nLocation: /hop-2\r\nContent-Length: 5\r\n\r\nmoved"),
    "/hop-2": Reply(b"HTTP/1.1 307 Temporary Redirect\r\nlocation: /hop-3\r\nContent-Length: 0\r\n\r\n"),
    "/hop-3": Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    "/known": Reply(b'HTTP/1.1 200 OK\r\nETag: "k"\r\nContent-Length: %d\r\n\r\n%s' % (len(PAGE), PAGE)),
    "/twin": Reply(b"HTTP/1.1 200 OK\r\nX-Twin: yes\r\ncontent-length: %d\r\n\r\n%s" % (len(PAGE), PAGE)),
}
UNMODIFIED = Reply(b'HTTP/1.1 304 Not Modified\r\nETag: "k"\r\n\r\n')
QUICK = {"/stall": 0.5, "/silence": 0.5, "/ssh": 0.5}  # seconds; what stalls need not stall for long
SETTINGS = {"RETRY_TIMES": 1, "DOWNLOAD_TIMEOUT": 20, "DOWNLOAD_VERIFY_CERTIFICATES": False, "LOG_LEVEL": "ERROR"}


def crawl(archive: Path, urls: list[str], at_once: int, **settings: Any) -> dict[str, Any]:
    """Crawl into an archive, in a process of its own; its report."""
    timeouts = {url: QUICK[path] for url in urls if (path := "/" + url.split("/", 3)[3]) in QUICK}
    order = {
        "archive": str(archive),
        "urls": urls,
        "metas": {url: {"download_timeout": seconds} for url, seconds in timeouts.items()},
        "settings": {
            **SETTINGS, **settings, "CONCURRENT_REQUESTS": at_once, "CONCURRENT_REQUESTS_PER_DOMAIN": at_once
        },
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", CRAWL], input=json.dumps(order), capture_output=True, text=True, timeout=120,
        cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def records(archive: Path, known: dict[str, Any]) -> list[str]:
    """Read all WARC files of an archive into `known`, by WARC-Record-ID; the ids that are new to it."""
    new = []
    for path in sorted((archive / "warc").iterdir()):
        assert path.name.endswith(".warc.gz"), path
        with path.open("rb") as stream:
            for record in ArchiveIterator(stream, no_record_parse=True):
                key = record.rec_headers.get_header("WARC-Record-ID")
                if key not in known:
                    known[key] = (record.rec_headers, record.raw_stream.read())
                    new.append(key)
    return new


def exchanges(new: list[str], known: dict[str, Any]) -> Counter[tuple[bytes, bytes]]:
    """Request and response of each exchange, joined by WARC-Concurrent-To; a revisit's with the body it refers to."""
    found: Counter[tuple[bytes, bytes]] = Counter()
    answers = {}
    for key in new:
        headers, block = known[key]
        kind, main = headers.get_header("WARC-Type"), headers.get_header("WARC-Concurrent-To")
        if kind == "response":
            answers[key] = block
        elif kind == "revisit":
            original = known[headers.get_header("WARC-Refers-To")][1]
            unmodified = headers.get_header("WARC-Profile").endswith("server-not-modified")
            answers[key] = block + (b"" if unmodified else original.partition(b"\r\n\r\n")[2])
        elif kind == "metadata" and headers.get_header("Content-Type") == "application/octet-stream":
            answers[main] = block  # what came instead of an answer
    for key in new:
        headers, block = known[key]
        if headers.get_header("WARC-Type") == "request":
            found[block, answers.get(headers.get_header("WARC-Concurrent-To"), b"")] += 1
    return found


def journal(*servers: HostileServer) -> Counter[tuple[bytes, bytes]]:
    return Counter((one.request, one.reply.response) for server in servers for one in server.journal if one.reply)


def same(recorded: Counter[tuple[bytes, bytes]], served: Counter[tuple[bytes, bytes]]) -> None:
    """Equal, or the requests that differ: whole bodies would make an unreadable failure."""
    lost, extra = served - recorded, recorded - served
    told = [[(request[:60], answer[:200]) for request, answer in some] for some in (lost, extra)]
    assert told == [[], []]


@dataclass
class Crawled:
    """Hold what two crawls of the hostile servers left, and the journals of the servers."""

    archive: Path
    first: list[str]  # ids of the records of the first crawl, one request at a time
    then: list[str]  # of the second, 32 at once, each address twice
    known: dict[str, Any]  # headers and block of both, by id
    served: list[Counter[tuple[bytes, bytes]]]  # by the first, by the second
    dead: int  # connections that died under a request of the first, which was sent again
    servers: tuple[str, ...]  # their addresses

    def urls(self, path: str) -> list[str]:
        return [server + path for server in self.servers]


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory, certificate: Path) -> Crawled:
    archive = make_archive(tmp_path_factory.mktemp("fidelity") / "archive")
    known: dict[str, Any] = {}
    with HostileServer(PAGES) as plain, HostileServer(PAGES, tls=server_context(certificate)) as tls:
        once = [server.url(path) for path in PAGES for server in (plain, tls)]
        crawl(archive, once, 1)
        served = [journal(plain, tls)]
        dead = sum(not one.reply.response for server in (plain, tls) for one in server.for_path("/fresh-only"))
        first = records(archive, known)
        for server in (plain, tls):
            server.journal.clear()
            server.replies = {**PAGES, "/known": UNMODIFIED}
        crawl(archive, once * 2, 32)
        served.append(journal(plain, tls))
        return Crawled(archive, first, records(archive, known), known, served, dead, (plain.url(""), tls.url("")))


def test_warc_files_equal_the_servers_journals(crawled: Crawled) -> None:
    """Over HTTP and HTTPS, one request at a time and then 32: every request and every response that is kept, whole or
    cut, tried again, redirected or repeated (a revisit), is what the servers received and sent, and nothing is
    missing."""
    same(exchanges(crawled.first, crawled.known), crawled.served[0])
    assert crawled.dead == 2  # tried again, silently; both tries are kept
    kinds = Counter(crawled.known[key][0].get_header("WARC-Type") for key in crawled.first)
    assert kinds["response"] > 80
    same(exchanges(crawled.then, crawled.known), crawled.served[1])
    headers = [crawled.known[key][0] for key in crawled.then]
    profiles = Counter((one.get_header("WARC-Profile") or "-").rpartition("/")[2] for one in headers)
    assert profiles["identical-payload-digest"] == 8
    assert profiles["server-not-modified"] == 4


def files_of(archive: Path) -> list[Path]:
    return sorted((archive / "warc").iterdir())


def test_warc_files_pass_independent_readers(crawled: Crawled) -> None:
    """After what the hostile servers sent, gzip, warcio and FastWARC find every file whole and every digest right."""
    files = files_of(crawled.archive)
    assert len(files) == 2
    assert faults(*files) == []


def test_payload_digests_are_those_of_fastwarc(crawled: Crawled, tmp_path: Path) -> None:
    """But for two kinds that it misreads: a revisit, whose payload is in another record, and a head of bare LF."""
    found, told = Counter(), tmp_path / "told"
    for file in files_of(crawled.archive):
        command = [sys.executable, "-m", "fastwarc.cli", "check", "-q", "-p", "-o", told, file]
        subprocess.run(command, capture_output=True)
        for line in told.read_text().splitlines():
            key, _, verdict = line.partition(">: ")
            headers, block = crawled.known[key + ">"]
            kind = "bare LF" if b"\r\n" not in block and block else headers.get_header("WARC-Type")
            found[kind, verdict] += 1
    assert {kind for kind, verdict in found if "FAIL" in verdict} <= {"bare LF", "revisit"}
    assert found["response", "OK, PAYLOAD_OK"] > 100


def test_takedown_leaves_sound_files(crawled: Crawled, tmp_path: Path) -> None:
    """Tombstones replace chunks, redirects, a response that broke off, none at all, and all that came of one page and
    its revisits."""
    archive = Path(shutil.copytree(crawled.archive, tmp_path / "archive"))
    gone = ["/chunked-gzip", "/hop", "/ssh", "/silence", "/reset", "/known", "/twin"]
    urls = [url for path in gone for url in crawled.urls(path)]
    done = morgue("-C", archive, "remove", "--yes", "--reason", "a test", *urls)
    assert done.returncode == 0, done.stdout + done.stderr
    assert faults(*files_of(archive)) == []
    left: dict[str, Any] = {}
    records(archive, left)
    tombs = {line for _, block in left.values() for line in block.splitlines() if line.startswith(b"removed-uri: ")}
    assert tombs == {f"removed-uri: {url}".encode() for url in urls}


def test_import_gives_sound_files(crawled: Crawled, tmp_path: Path) -> None:
    """All of it again, as another archive brings it in."""
    archive = make_archive(tmp_path / "archive")
    done = morgue("-C", archive, "import", crawled.archive / "warc")
    assert done.returncode == 0, done.stdout + done.stderr
    assert faults(*files_of(archive)) == []


def test_response_of_100_megabytes_is_kept_in_bounded_memory(tmp_path: Path) -> None:
    """It is kept whole where the limit allows it, in memory of a few times its size."""
    size = 100 << 20
    reply = Reply(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + bytes(range(256)) * (size >> 8))
    with HostileServer({"/": reply}) as server:
        told = crawl(tmp_path, [server.url("/")], 1, DOWNLOAD_MAXSIZE=size, DOWNLOAD_WARNSIZE=0)
    (path,) = (tmp_path / "warc").iterdir()
    with path.open("rb") as stream:
        for record in ArchiveIterator(stream, no_record_parse=True):
            if record.rec_type == "response":
                state = hashlib.sha1(usedforsecurity=False)
                while data := record.raw_stream.read(1 << 20):
                    state.update(data)
    assert state.digest() == hashlib.sha1(reply.response, usedforsecurity=False).digest()
    assert told["grown"] < 6 * size, told["grown"]
