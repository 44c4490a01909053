"""A crawl that only fetches: Scrapy over our wire, no page is read. What recording.py runs and measures.

    python benchmarks/fetching.py URLS none|kept ARCHIVE

none: what was fetched is thrown away where it would be recorded. kept: WARC files, rows and journal as `morgue crawl`
writes them.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import scrapy
from scrapy.crawler import Crawler, CrawlerProcess

from crawler.config import load
from crawler.folder import Folder
from crawler.handler import WireHandler
from crawler.keeping import SOFTWARE, open_keeper
from pipelines.desk import Desk
from pipelines.items import Capture, Exchange
from pipelines.turnstile import Turnstile
from pipelines.workers import Workers

AT_ONCE = 8


class Forgetful(WireHandler):
    """The handler of a crawl that keeps nothing."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Forgetful:
        nowhere = Capture(None, "", None, 200, None, "", 0, 0, "", "response", None, None, "page")  # type: ignore[arg-type]

        async def forget(exchange: Exchange, source_id: int | None) -> Capture:
            return nowhere

        return cls(crawler, forget, Turnstile(64, 64))


class Fetch(scrapy.Spider):
    """Asks for a list of URLs and looks at nothing."""

    name = "fetch"
    urls: list[str]

    async def start(self) -> AsyncIterator[Any]:
        for url in self.urls:
            yield scrapy.Request(url, meta={"kind": "article"}, dont_filter=True)

    def parse(self, response: scrapy.http.Response) -> None:
        assert response.status == 200


def main() -> None:
    urls, mode, archive = sys.argv[1:]
    Fetch.urls = Path(urls).read_text().split()
    handler = {"none": Forgetful, "kept": WireHandler}[mode]
    config = load(Folder(Path(archive)))
    settings = {
        "DOWNLOAD_HANDLERS": {"http": handler, "https": handler},
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
    desk = None
    if mode == "kept":
        desk = Desk(open_keeper(config), Workers(1), Turnstile(64, 64), command="benchmark", software=SOFTWARE)
        desk.register(crawler)
    process.crawl(crawler)
    process.start()
    if desk is not None:
        desk.close("done")


if __name__ == "__main__":
    main()
