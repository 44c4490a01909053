"""The crawl that `test_handler` runs in a process of its own: order (JSON) on stdin, report on stdout."""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import scrapy
from scrapy.crawler import Crawler, CrawlerProcess
from twisted.python.failure import Failure

from crawler.handler import WireHandler
from pipelines.errors import DiskFull
from pipelines.items import Capture, Exchange

report: dict[str, Any] = {"exchanges": [], "got": {}, "failed": {}}


class RecordingHandler(WireHandler):
    """The handler with a record that only remembers."""

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
            meta = {"handle_httpstatus_all": True, **self.order["metas"].get(url, {})}
            if url.endswith("/redirect") or url.endswith("/503"):
                meta.pop("handle_httpstatus_all")
            yield scrapy.Request(url, self.parse, errback=self.failed, meta=meta, dont_filter=True)

    def parse(self, response: scrapy.http.Response) -> None:
        report["got"][urlsplit(response.request.url).path] = {
            "status": response.status,
            "body": response.body.decode("latin-1"),
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


if __name__ == "__main__":
    order = json.load(sys.stdin)
    handler = RecordingHandler
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
    process.crawl(HostileSpider)
    process.start()
    json.dump(report, sys.stdout)
