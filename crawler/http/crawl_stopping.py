"""End the requests that a crawl which is stopping does not send, or does not finish."""

from __future__ import annotations

from typing import Any

from scrapy.exceptions import IgnoreRequest


class CrawlStopping(IgnoreRequest):
    """Report that the crawl is ending: what was not sent, or is not complete, is left to the next crawl."""


def end_waiting(downloader: Any) -> None:
    """Fail the requests that wait in Scrapy's downloader slots for the delay of their host: it may be minutes long."""
    for slot in downloader.slots.values():
        while slot.queue:
            _request, answer = slot.queue.popleft()
            answer.errback(CrawlStopping())
