"""Laws of the archive on disk: the WARC files of a crawl hold what a hostile server journaled, byte for byte.

The files are read with warcio, as raw records; none of our own code reads them here. The crawl is Scrapy's, through the
handler, the desk and the keeper of `morgue crawl`, of an HTTP and an HTTPS server at once.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from warcio.archiveiterator import ArchiveIterator

from tests.crawler.hostile_pages import BROKEN, REPLIES
from tests.hostile import HostileServer, Reply, server_context

CRAWL = "tests.crawler.crawl_hostile"
PAGE = b"<p>The same as ever.</p>" * 100
PAGES = {
    "/plain": REPLIES["/plain"],  # leaves a connection behind, for the next one to fail on
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
        cwd=Path(__file__).parents[2],
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


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fidelity")
    (folder / "warc").mkdir()
    return folder


def test_warc_files_equal_the_servers_journals(archive: Path, certificate: Path) -> None:
    """Over HTTP and HTTPS, one request at a time and then 32: every request and every response that is kept, whole or
    cut, tried again, redirected or repeated (a revisit), is what the servers received and sent, and nothing is
    missing."""
    known: dict[str, Any] = {}
    with HostileServer(PAGES) as plain, HostileServer(PAGES, tls=server_context(certificate)) as tls:
        once = [server.url(path) for path in PAGES for server in (plain, tls)]
        crawl(archive, once, 1)
        same(exchanges(records(archive, known), known), journal(plain, tls))
        dead = [one for server in (plain, tls) for one in server.for_path("/fresh-only") if not one.reply.response]
        assert len(dead) == 2  # tried again, silently; both tries are kept
        kinds = Counter(headers.get_header("WARC-Type") for headers, _ in known.values())
        assert kinds["response"] > 80
        for server in (plain, tls):
            server.journal.clear()
            server.replies = {**PAGES, "/known": UNMODIFIED}
        crawl(archive, once * 2, 32)
        new = records(archive, known)
        same(exchanges(new, known), journal(plain, tls))
    profiles = Counter((known[key][0].get_header("WARC-Profile") or "-").rpartition("/")[2] for key in new)
    assert profiles["identical-payload-digest"] == 8
    assert profiles["server-not-modified"] == 4


def test_warc_files_pass_independent_readers(archive: Path) -> None:
    """After what the hostile servers sent, every file is whole for gzip, and FastWARC finds every digest right."""
    from fastwarc.warc import ArchiveIterator as FastIterator

    files = sorted((archive / "warc").iterdir())
    assert len(files) == 2
    subprocess.run(["gzip", "-t", *files], check=True)
    for file in files:
        with file.open("rb") as stream:
            for record in FastIterator(stream, parse_http=False):
                assert record.verify_block_digest(), record.headers


def test_100_megabytes(tmp_path: Path) -> None:
    """A large answer is kept whole where the limit allows it, in memory that is bounded by a few times its size."""
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
