"""A redirect to a page that the frontier knows is not followed: one page, one visit, however many old addresses it has.

Stands nearer the wire than Scrapy's RedirectMiddleware, which follows all others.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from crawler.discovery.url_classifier import classify
from crawler.frontier.revisit_policy import PAGES
from pipelines.core.urls import fetchable, same_site
from pipelines.warc.http_message import REDIRECTS

KINDS = (*PAGES, "section")  # feeds and sitemaps are few, and wanted at whatever address they moved to


class RedirectNotFollowed(IgnoreRequest):
    """The redirect leads to a URL that is, or now becomes, a row of its own; `kind` is what it would be."""

    def __init__(self, target: str, kind: str) -> None:
        super().__init__(f"redirected to {target}, which has its own turn")
        self.target, self.kind = target, kind


class KnownRedirectsMiddleware:
    """Ends a request whose answer leads to a known page, or from a section page to an article."""

    def __init__(self, crawler: Any) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Any) -> KnownRedirectsMiddleware:
        return cls(crawler)

    async def process_response(self, request: Request, response: Response) -> Response:
        location = response.headers.get(b"Location")
        if response.status not in REDIRECTS or not location or request.meta.get("kind") not in KINDS:
            return response
        claim, visits = request.cb_kwargs["claim"], self.crawler.spider.visits
        target = fetchable(urljoin(request.url, location.decode("latin-1")))
        if target is None:
            return response
        if claim.kind == "section" and classify(target) == "article" and same_site(target, claim.url):
            raise RedirectNotFollowed(target, "article")
        if await visits.context.do(visits.frontier.is_known, target, claim):
            raise RedirectNotFollowed(target, claim.kind)
        return response
