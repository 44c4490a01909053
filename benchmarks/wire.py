"""CPU a fetch costs: our wire beside Scrapy's stock handler, same pages, same process, in turns.

    python -m benchmarks.wire [FETCHES]

Prints CPU milliseconds per fetch (user + system of the crawling process; the server runs in another one) for a handler
called directly, 16 requests at a time over kept connections on loopback. "recorded" adds the WARC writer.
"""

from __future__ import annotations

import asyncio
import gzip
import multiprocessing
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import scrapy
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.crawler import CrawlerProcess
from scrapy.utils.defer import maybe_deferred_to_future

from crawler.http.download_handler import ArchivingDownloadHandler
from pipelines.core.items import Capture, Exchange
from pipelines.warc.exchange import write_exchange
from pipelines.warc.storage import WarcStorage
from pipelines.warc.writer import WarcWriter

ROUNDS, AT_ONCE = 5, 16
FETCHES = int(sys.argv[1]) if len(sys.argv) > 1 else 2000  # per handler and page


def page() -> bytes:
    """About 68 kB of HTML that compresses to about 31 kB, as news pages do."""
    words = [bytes(random.Random(n).choices(b"abcdefghijklmnopqrstuvwxyz", k=3 + n % 8)) for n in range(3000)]
    picked = random.Random(7).choices(words, k=9000)
    return b"<html><body><p>" + b" ".join(picked) + b"</p></body></html>"


def responses() -> dict[str, bytes]:
    """Return the two framings that nearly all pages come in."""
    head = b"HTTP/1.1 200 OK\r\nDate: Mon, 01 Jan 2026 00:00:00 GMT\r\nServer: nginx\r\nContent-Type: text/html\r\n"
    head += b"Cache-Control: max-age=60\r\nVary: Accept-Encoding\r\nContent-Encoding: gzip\r\nX-Cache: HIT\r\n"
    body = gzip.compress(page())
    chunks = [body[at : at + 4096] for at in range(0, len(body), 4096)]
    framed = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    return {
        "/length": head + b"Content-Length: %d\r\n\r\n" % len(body) + body,
        "/chunked": head + b"Transfer-Encoding: chunked\r\n\r\n" + framed,
    }


def serve(port: Any) -> None:
    """Run the origin, in a process of its own."""
    answers = responses()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                writer.write(answers[head.split(b" ", 2)[1].decode()])
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def main() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


class Measure(scrapy.Spider):
    """Calls the handlers in turns, below Scrapy's engine."""

    name = "measure"
    port: int
    folder: Path

    async def start(self) -> AsyncIterator[Any]:
        for path in responses():
            await self.compare(f"http://127.0.0.1:{self.port}{path}")
        for nothing in ():
            yield nothing

    async def compare(self, url: str) -> None:
        writer = WarcWriter(WarcStorage(self.folder), info={"software": "benchmark"})
        nowhere = Capture(None, url, None, 200, None, "", 0, 0, "", "response", None, None, "page")  # type: ignore[arg-type]

        async def forget(exchange: Exchange) -> Capture:
            return nowhere

        async def write(exchange: Exchange) -> Capture:
            return write_exchange(exchange, writer)

        stock = HTTP11DownloadHandler.from_crawler(self.crawler)
        wire, recorded = ArchivingDownloadHandler(self.crawler, forget), ArchivingDownloadHandler(self.crawler, write)
        handlers = {"stock": stock, "wire": wire, "wire, recorded": recorded}
        costs: dict[str, list[float]] = {name: [] for name in handlers}
        for round_ in range(ROUNDS + 1):
            for name, handler in handlers.items():
                cost = await self.cost(handler.download_request, url, FETCHES // ROUNDS)
                if round_:  # the first round warms up
                    costs[name].append(cost)
        writer.close()
        for name, values in costs.items():
            spread = f"{min(values):.3f}..{max(values):.3f}"
            print(f"{url.rpartition('/')[2]:8} {name:15} {statistics.median(values):.3f} ms  ({spread})", flush=True)

    async def cost(self, download: Callable[[scrapy.Request], Awaitable[Any]], url: str, number: int) -> float:
        """CPU milliseconds of this process per fetch."""
        left = iter(range(number))

        async def worker() -> None:
            for _ in left:
                result: Any = download(scrapy.Request(url, headers={"User-Agent": "x", "Accept": "text/html"}))
                response = await (result if asyncio.iscoroutine(result) else maybe_deferred_to_future(result))
                assert response.status == 200

        began = time.process_time()
        await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
        return (time.process_time() - began) * 1000 / number


def main() -> None:
    ours, theirs = multiprocessing.Pipe()
    origin = multiprocessing.Process(target=serve, args=(theirs,), daemon=True)
    origin.start()
    Measure.port, Measure.folder = ours.recv(), Path(tempfile.mkdtemp())
    settings = {"LOG_ENABLED": False, "MORGUE_ALLOW_PRIVATE_IPS": True, "TELNETCONSOLE_ENABLED": False,
                "CONCURRENT_REQUESTS_PER_DOMAIN": AT_ONCE}  # fmt: skip
    process = CrawlerProcess(settings)
    process.crawl(Measure)
    process.start()
    origin.terminate()
    shutil.rmtree(Measure.folder)


if __name__ == "__main__":
    main()
