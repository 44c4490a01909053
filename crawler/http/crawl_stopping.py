"""Name the end of a request that a crawl which is stopping does not send, or does not finish."""

from __future__ import annotations

from scrapy.exceptions import IgnoreRequest


class CrawlStopping(IgnoreRequest):
    """Report that the crawl is ending: what was not sent, or is not complete, is left to the next crawl."""
