"""Run a crawl that only fetches: Scrapy over our wire, no page is read. It is what recording.py runs.

    python benchmarks/fetching.py URLS ARCHIVE BLOCK

Recording is on for one block of so many URLs and off for the next, in turns: off, what was fetched is thrown away where
it would be recorded; on, it is kept as `morgue crawl` keeps it: WARC files, rows, journal. Prints a line a block: 1 or
0, and the CPU seconds that the process used for it, all threads.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import scrapy
from scrapy.crawler import Crawler, CrawlerProcess

from crawler.config.archive_folder import ArchiveFolder
from crawler.config.models import load
from crawler.engine.open_archive import SOFTWARE, open_archive_writer
from crawler.http.download_handler import ArchivingDownloadHandler
from pipelines.core.items import Capture, Exchange
from pipelines.core.worker_pool import WorkerPool
from pipelines.session.backpressure import Backpressure
from pipelines.session.context import CrawlContext

AT_ONCE = 8
NOWHERE = Capture(None, "", None, 200, None, "", 0, 0, "", "response", None, None, "page")  # type: ignore[arg-type]


class Fetch(scrapy.Spider):
    """Asks for a list of URLs and looks at nothing."""

    name = "fetch"
    urls: list[str]
    block: int
    context: CrawlContext
    recording = False

    async def start(self) -> AsyncIterator[Any]:
        for at in range(0, len(self.urls), self.block):
            block = self.urls[at : at + self.block]
            Fetch.recording = (at // self.block) % 2 == 1
            self.left, self.done, began = len(block), asyncio.Event(), time.process_time()
            for url in block:
                yield scrapy.Request(url, meta={"kind": "article"}, dont_filter=True)
            self.crawler.engine._slot.nextcall.schedule()  # else the last one waits for Scrapy's heartbeat, 5 s
            await self.done.wait()
            if self.recording:  # what is left to write belongs to this block
                await asyncio.to_thread(self.context.archive_writer.commit)
            print(int(self.recording), time.process_time() - began, flush=True)

    def parse(self, response: scrapy.http.Response) -> None:
        assert response.status == 200
        self.left -= 1
        if not self.left:
            self.done.set()


class Switching(ArchivingDownloadHandler):
    """Handle the downloads of a crawl that records now and then."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Switching:
        context = CrawlContext.of(crawler)

        async def record(exchange: Exchange, source_id: int | None) -> Capture:
            return await context.record(exchange, source_id) if Fetch.recording else NOWHERE

        return cls(crawler, record, context.backpressure)


def main() -> None:
    urls, archive, block = sys.argv[1:]
    Fetch.urls, Fetch.block = Path(urls).read_text().split(), int(block)
    config = load(ArchiveFolder(Path(archive)))
    settings = {
        "DOWNLOAD_HANDLERS": {"http": Switching, "https": Switching},
        "MORGUE_ALLOW_PRIVATE_IPS": True,
        "DOWNLOAD_DELAY": 0,
        "CONCURRENT_REQUESTS": AT_ONCE,
        "CONCURRENT_REQUESTS_PER_DOMAIN": AT_ONCE,
        "USER_AGENT": config.user_agent,
        "TELNETCONSOLE_ENABLED": False,
        "LOG_LEVEL": "ERROR",
    }
    process = CrawlerProcess(settings)
    crawler = process.create_crawler(Fetch)
    Fetch.context = CrawlContext(
        open_archive_writer(config), WorkerPool(1), Backpressure(64, 64), command="benchmark", software=SOFTWARE
    )
    Fetch.context.register(crawler)
    process.crawl(crawler)
    process.start()
    Fetch.context.close("done")


if __name__ == "__main__":
    main()
