"""Undo content codings between the wire and everything else.

Scrapy's own middleware fails a page whose server says gzip and sends plain text. This one reads what browsers
read, with the decoder that reads captures back (`pipelines.warc.content_codings`).
"""

from __future__ import annotations

from typing import Any

from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from crawler.http.body_decoder import ACCEPT_ENCODING, decoded
from pipelines.core.urls import site_or_none
from pipelines.session.body_budget import BodyBudget
from pipelines.session.context import CrawlContext
from pipelines.warc.content_codings import DecodingRefused


class BodyNotDecoded(IgnoreRequest):
    """Report a body that is not decoded, because that would break a limit; `reason` names the limit."""

    def __init__(self, refused: DecodingRefused) -> None:
        super().__init__(str(refused))
        self.reason = refused.reason


class DecodingMiddleware:
    """Ask for compressed answers and decode them, up to DOWNLOAD_MAXSIZE bytes; the record keeps what was sent."""

    def __init__(self, max_bytes: int, bodies: BodyBudget) -> None:
        self.max_bytes, self.bodies = max_bytes, bodies

    @classmethod
    def from_crawler(cls, crawler: Any) -> DecodingMiddleware:
        return cls(crawler.settings.getint("DOWNLOAD_MAXSIZE"), CrawlContext.of(crawler).backpressure.bodies)

    def process_request(self, request: Request) -> None:
        request.headers.setdefault("Accept-Encoding", ACCEPT_ENCODING)

    async def process_response(self, request: Request, response: Response) -> Response:
        codings = response.headers.getlist("Content-Encoding")
        if not codings or not response.body:
            return response
        headers = [(b"Content-Encoding", value) for value in codings]
        site = site_or_none(request.url)
        with self.bodies.grow(site, source_bytes=len(response.body)) as growing:
            try:
                body = await decoded(headers, response.body, self.max_bytes, growing.grow_to)
            except DecodingRefused as refused:
                raise BodyNotDecoded(refused) from None
        response = response.replace(body=body)
        self.bodies.hold(response, len(body), site)
        return response
