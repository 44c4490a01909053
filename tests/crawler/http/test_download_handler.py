"""Test the download handler in a real Scrapy crawl: what goes over the wire is recorded, then handed on."""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
from base64 import b64decode
from types import SimpleNamespace
from typing import Any

import pytest
from scrapy import Request
from scrapy.settings import Settings
from scrapy.settings.default_settings import RETRY_EXCEPTIONS
from scrapy.utils.misc import load_object

from crawler.http.crawl_stopping import CrawlStopping
from crawler.http.download_handler import SCRAPY_ERRORS, ArchivingDownloadHandler, scrapy_error
from crawler.http.outcome import (
    AddressRefused,
    BodyTooLarge,
    ConnectionLost,
    FetchError,
    PortRefused,
    TlsFailed,
    TooManyParts,
    Unsendable,
)
from crawler.http.response_parser import ResponseParser
from pipelines.session import backpressure
from tests.support.command import ROOT
from tests.support.hostile_pages import COMPLETE, GZIPPED, REPLIES, run
from tests.support.hostile_server import HostileServer, Reply

CRAWL = "tests.support.hostile_crawl"
PAGES = {
    **REPLIES,
    "/robots.txt": Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\nUser-agent: *\r\nAllow: /\n"),
    "/cut": Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut", then="close"),
    "/dead": Reply(b"", then="close"),
    "/stall": Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut", then="stall"),
    "/large": Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\nlarge", then="close"),
}


def crawl(server: HostileServer, *paths: str, metas: dict[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
    """Crawl some paths of a server in a process of its own: what was recorded, and what the spider got."""
    order = {"urls": [server.url(path) for path in paths], "metas": metas or {}, "settings": settings}
    done = subprocess.run(
        [sys.executable, "-m", CRAWL], input=json.dumps(order), capture_output=True, text=True, timeout=60,
        cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    for exchange in told["exchanges"]:
        exchange["request"] = b64decode(exchange["request"])
        exchange["response"] = b64decode(exchange["response"])
    told["log"] = done.stderr
    return told


def same_as_journal(server: HostileServer, told: dict[str, Any]) -> None:
    assert not [served.request for served in server.journal if served.reply is None]
    recorded = sorted((one["request"], one["response"]) for one in told["exchanges"])
    assert recorded == sorted((served.request, served.reply.response) for served in server.journal)


def test_everything_over_the_wire_is_recorded() -> None:
    """robots.txt, redirects, retries, errors, pages: the record equals the journal, byte for byte."""
    with HostileServer(PAGES) as server:
        told = crawl(
            server, "/plain", "/redirect", "/chunked-gzip", "/404", "/503", "/304", "/reason-not-ascii",
            "/cut", "/dead", ROBOTSTXT_OBEY=True,
        )  # fmt: skip
        same_as_journal(server, told)
        asked = [served.request.split()[1].decode() for served in server.journal]
    assert asked.count("/robots.txt") == 1
    assert asked.count("/plain") == 2  # itself, and where /redirect leads
    assert asked.count("/503") == 3  # Scrapy's retries
    assert asked.count("/cut") == 3
    assert asked.count("/dead") >= 3  # and once more for each that met a kept connection
    assert told["got"]["/plain"]["body"] == "hello"
    assert told["got"]["/304"]["status"] == 304
    assert {one["kind"] for one in told["exchanges"]} == {"page"}


def test_response_is_handed_on_after_it_is_recorded() -> None:
    """The spider sees the capture of its own response; nothing is handed on unrecorded."""
    with HostileServer(PAGES) as server:
        told = crawl(server, "/plain", "/404")
        for path in ("/plain", "/404"):
            got = told["got"][path]
            assert got["capture"] == server.url(path)
            assert got["recorded_before"]
            assert got["latency"] > 0
            assert got["ip"] == "127.0.0.1"
            assert got["protocol"] == "HTTP/1.1"


def test_content_is_decoded_by_scrapy_and_recorded_as_sent() -> None:
    """The record holds the compressed, chunked bytes; the spider gets the page."""
    with HostileServer(PAGES) as server:
        told = crawl(server, "/chunked-gzip")
    (exchange,) = told["exchanges"]
    assert exchange["response"] == COMPLETE["/chunked-gzip"][0].response
    assert GZIPPED[:10] in exchange["response"]
    assert told["got"]["/chunked-gzip"]["body"] == "<p>Guten Tag</p>" * 50


def test_every_header_value_reaches_the_spider() -> None:
    """Duplicates in order, whatever their case on the wire."""
    with HostileServer(PAGES) as server:
        told = crawl(server, "/odd-case-order-duplicates")
    assert told["got"]["/odd-case-order-duplicates"]["cookies"] == ["a=1", "b=2"]


def test_settings_and_meta_reach_the_client() -> None:
    """Limits of time and size, per crawl and per request; `kind` goes into the record."""
    with HostileServer(PAGES) as server:
        metas = {server.url("/stall"): {"download_timeout": 0.2}, server.url("/large"): {"kind": "article"}}
        told = crawl(server, "/stall", "/large", metas=metas, RETRY_ENABLED=False, DOWNLOAD_MAXSIZE=1000)
        same_as_journal(server, told)
    by_path = {one["url"].rpartition("/")[2]: one for one in told["exchanges"]}
    assert by_path["stall"]["truncated"] == "time"
    assert by_path["large"]["truncated"] == "length"
    assert by_path["large"]["kind"] == "article"
    assert told["failed"]["/stall"] == "DownloadTimeoutError"
    assert told["failed"]["/large"] == "DownloadCancelledError"


def test_cut_page_is_a_failure_unless_data_loss_is_allowed() -> None:
    """DOWNLOAD_FAIL_ON_DATALOSS=False hands on what came, flagged; the record says that it was cut."""
    with HostileServer(PAGES) as server:
        told = crawl(server, "/cut", DOWNLOAD_FAIL_ON_DATALOSS=False)
    assert told["got"]["/cut"]["body"] == "cut"
    assert told["got"]["/cut"]["flags"] == ["dataloss"]
    assert told["exchanges"][0]["truncated"] == "disconnect"


def test_private_address_is_refused_recorded_and_not_retried() -> None:
    """Without MORGUE_ALLOW_PRIVATE_IPS nothing reaches a private server, and the one refusal is recorded."""
    with HostileServer(PAGES) as server:
        told = crawl(server, "/plain", MORGUE_ALLOW_PRIVATE_IPS=False)
        assert server.connections == 0
    (exchange,) = told["exchanges"]
    assert "not on the public internet" in exchange["error"]
    assert told["failed"]["/plain"] == "DownloadCancelledError"


def test_failure_to_record_fails_the_request() -> None:
    """What cannot be kept is not handed on, and not fetched again and again."""
    with HostileServer(PAGES) as server:
        told = crawl(server, "/plain", RECORD_FAILS=True)
        assert len(server.journal) == 1
    assert told["failed"]["/plain"] == "DiskFull"
    assert not told["got"]


# Words


async def _error(kind: type[FetchError]) -> FetchError:
    from crawler.http.outcome import FetchAttempt

    return FetchAttempt("http://example.org/", "page").failed(kind, "cause")


@pytest.mark.parametrize("kind", SCRAPY_ERRORS)
def test_scrapy_retries_only_transient_failures(kind: type[FetchError]) -> None:
    """By RetryMiddleware's own list: refused addresses, large bodies and bad requests are not retried."""
    known = tuple(load_object(name) if isinstance(name, str) else name for name in RETRY_EXCEPTIONS)
    error = run(lambda _: _error(kind))
    assert isinstance(scrapy_error(error), known) is (
        kind not in (AddressRefused, BodyTooLarge, PortRefused, TooManyParts, Unsendable)
    )


def test_bad_certificate_is_not_retried() -> None:
    """A certificate that is not accepted now will not be in a second; a broken handshake may go better."""
    known = tuple(load_object(name) if isinstance(name, str) else name for name in RETRY_EXCEPTIONS)
    error = run(lambda _: _error(TlsFailed))
    assert isinstance(scrapy_error(error), known)
    error.unverified = True
    assert not isinstance(scrapy_error(error), known)


def test_every_wire_error_has_a_reason() -> None:
    """A new kind of failure needs a decision here."""
    assert set(SCRAPY_ERRORS) == set(FetchError.__subclasses__())
    assert ConnectionLost in SCRAPY_ERRORS


@pytest.mark.parametrize("path", ["/cut", "/stall", "/dead", "/large"])
def test_failure_that_is_kept_keeps_no_bytes(path: str) -> None:
    """Scrapy keeps failures in reference cycles until garbage is collected, each with the frames of its traceback."""

    async def record(*_: object) -> None:
        """Keep nothing."""

    async def scene(server: HostileServer) -> list[object]:
        crawler = SimpleNamespace(
            settings=Settings({"MORGUE_ALLOW_PRIVATE_IPS": True, "DOWNLOAD_TIMEOUT": 0.5, "DOWNLOAD_MAXSIZE": 1000}),
            engine=SimpleNamespace(downloader=SimpleNamespace(slots={})),
        )
        handler = ArchivingDownloadHandler(crawler, record)  # type: ignore[arg-type]
        (kept,) = await asyncio.gather(handler.download_request(Request(server.url(path))), return_exceptions=True)
        assert isinstance(kept, Exception)
        await handler.close()
        return [one for one in gc.get_objects() if isinstance(one, ResponseParser)]

    gc.collect()
    with HostileServer(PAGES) as server:
        assert asyncio.run(scene(server)) == []


def test_body_under_way_is_given_up_after_the_grace_of_a_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that waited for the place of that body is not sent. Both are left to the next crawl."""
    monkeypatch.setattr(backpressure, "STOP_GRACE_SECONDS", 0.1)

    async def scene(server: HostileServer) -> list[object]:
        shares = backpressure.Backpressure(per_site=1)
        crawler = SimpleNamespace(
            settings=Settings({"MORGUE_ALLOW_PRIVATE_IPS": True}),
            engine=SimpleNamespace(downloader=SimpleNamespace(slots={})),
        )
        handler = ArchivingDownloadHandler(crawler, record=None, backpressure=shares)  # type: ignore[arg-type]
        requests = [Request(server.url(path)) for path in ("/stall", "/plain")]
        tasks = [asyncio.create_task(handler.download_request(request)) for request in requests]
        while not server.journal:
            await asyncio.sleep(0.01)
        shares.stop()
        ends = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 10)
        await handler.close()
        return [type(end) for end in ends]

    with HostileServer(PAGES) as server:
        assert asyncio.run(scene(server)) == [CrawlStopping, CrawlStopping]
        assert len(server.journal) == 1
