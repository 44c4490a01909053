"""Stop redirects to pages that the frontier knows, so that a page with many old addresses is visited once.

This middleware is nearer the wire than `redirects`, which follows all other redirects.
"""

from __future__ import annotations

from typing import Any

from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from crawler.discovery.url_classifier import classify
from crawler.frontier.queue import Frontier
from crawler.frontier.revisit_policy import PAGE_KINDS
from pipelines.core.urls import fetchable, same_site
from pipelines.session.context import CrawlContext
from pipelines.warc.http_message import REDIRECTS, redirect_target

CHECKED_KINDS = (*PAGE_KINDS, "section")  # feeds and sitemaps are few; they are followed wherever they moved


class RedirectNotFollowed(IgnoreRequest):
    """Report a redirect to a URL that has, or is to have, its own row in the frontier; `kind` is that of the row."""

    def __init__(self, target: str, kind: str) -> None:
        super().__init__(f"redirected to {target}, which is visited on its own")
        self.target, self.kind = target, kind


class KnownRedirectsMiddleware:
    """End a request that is redirected to a known page, or from a section page to an article."""

    def __init__(self, context: CrawlContext) -> None:
        self.context = context

    @classmethod
    def from_crawler(cls, crawler: Any) -> KnownRedirectsMiddleware:
        return cls(CrawlContext.of(crawler))

    async def process_response(self, request: Request, response: Response) -> Response:
        location = response.headers.get(b"Location")
        if response.status not in REDIRECTS or not location or request.meta.get("kind") not in CHECKED_KINDS:
            return response
        claim = request.cb_kwargs["claim"]
        target = fetchable(redirect_target(request.url, location) or "")
        if target is None:
            return response
        if claim.kind == "section" and classify(target) == "article" and same_site(target, claim.url):
            raise RedirectNotFollowed(target, "article")
        if await self.context.do(self.context.part(Frontier).is_known, target, claim):
            raise RedirectNotFollowed(target, claim.kind)
        return response
