"""Crawl in a process of its own, for `test_download_handler` and `test_fidelity`: order (JSON) on stdin, report on
stdout.

With an "archive" in the order, exchanges are written there, as in a real crawl.
"""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import scrapy
from scrapy.crawler import Crawler, CrawlerProcess
from twisted.python.failure import Failure

from crawler.http.download_handler import ArchivingDownloadHandler
from pipelines.archive.writer import ArchiveWriter
from pipelines.core.errors import DiskFull
from pipelines.core.items import Capture, Exchange
from pipelines.core.worker_pool import WorkerPool
from pipelines.session.backpressure import Backpressure
from pipelines.session.context import CrawlContext
from pipelines.warc.storage import WarcStorage

report: dict[str, Any] = {"exchanges": [], "got": {}, "failed": {}}


class RecordingHandler(ArchivingDownloadHandler):
    """Hand exchanges to a record that only remembers them."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> RecordingHandler:
        fails = crawler.settings.getbool("RECORD_FAILS")

        async def record(exchange: Exchange, source_id: int | None) -> Capture:
            if fails:
                raise DiskFull("warc/x", "no space left on device")
            told = {name: getattr(exchange, name) for name in ("url", "kind", "status", "truncated", "error")}
            told |= {name: b64encode(getattr(exchange, name)).decode() for name in ("request", "response")}
            report["exchanges"].append(told)
            return Capture(
                None, exchange.url, exchange.started, exchange.status, None, "x", 0, 0, "id", "response",
                None, None, exchange.kind,
            )  # fmt: skip

        return cls(crawler, record)


class HostileSpider(scrapy.Spider):
    name = "hostile"
    order: dict[str, Any]

    async def start(self) -> AsyncIterator[scrapy.Request]:
        for url in self.order["urls"]:
            headers = self.order.get("headers", {}).get(url)
            meta = {"handle_httpstatus_all": True, **self.order["metas"].get(url, {})}
            if url.endswith(("/redirect", "/503", "/hop")):
                meta.pop("handle_httpstatus_all")
            yield scrapy.Request(url, self.parse, errback=self.failed, meta=meta, headers=headers, dont_filter=True)

    def parse(self, response: scrapy.http.Response) -> None:
        report["got"][urlsplit(response.request.url).path] = {
            "status": response.status,
            "body": response.body[:100_000].decode("latin-1"),
            "flags": response.flags,
            "capture": response.meta["capture"].url,
            "recorded_before": any(one["url"] == response.url for one in report["exchanges"]),
            "latency": response.meta["download_latency"],
            "ip": str(response.ip_address),
            "protocol": response.protocol,
            "cookies": [value.decode() for value in response.headers.getlist("Set-Cookie")],
        }

    def failed(self, failure: Failure) -> None:
        report["failed"][urlsplit(failure.request.url).path] = type(failure.value).__name__


def peak() -> int:
    """Return the peak memory of this process, in bytes."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    order = json.load(sys.stdin)
    archive = order.get("archive")
    handler = ArchivingDownloadHandler if archive else RecordingHandler
    process = CrawlerProcess(
        {
            "DOWNLOAD_HANDLERS": {"http": handler, "https": handler},
            "MORGUE_ALLOW_PRIVATE_IPS": True,
            "ROBOTSTXT_OBEY": False,
            "DOWNLOAD_DELAY": 0,
            "TELNETCONSOLE_ENABLED": False,
            **order["settings"],
        }
    )
    HostileSpider.order = order
    crawler = process.create_crawler(HostileSpider)
    context = None
    if archive:
        archive_writer = ArchiveWriter(Path(archive) / "morgue.db", WarcStorage(Path(archive) / "warc"))
        context = CrawlContext(archive_writer, WorkerPool(1), Backpressure(64, 64), command="tests", software="tests")
        context.register(crawler)
    before = peak()
    process.crawl(crawler)
    process.start()
    if context is not None:
        context.close("done")
    report["grown"] = peak() - before
    json.dump(report, sys.stdout)
