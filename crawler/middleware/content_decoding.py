"""Undo content codings between the wire and everything else.

Scrapy's own middleware fails a page whose server says gzip and sends plain text. This one reads what browsers
read, with the decoder that reads captures back (`pipelines.warc.http_message`).
"""

from __future__ import annotations

from typing import Any

from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from pipelines.warc.http_message import DecodedTooLarge, content_decoded

ACCEPT_ENCODING = b"gzip, deflate, br, zstd"  # RFC 9110, 12.5.3; what `content_decoded` can undo


class BodyTooLargeDecoded(IgnoreRequest):
    """Report a body that is larger than allowed once it is decoded, as a decompression bomb is."""


class DecodingMiddleware:
    """Ask for compressed answers and decode them, up to DOWNLOAD_MAXSIZE bytes; the record keeps what was sent."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes

    @classmethod
    def from_crawler(cls, crawler: Any) -> DecodingMiddleware:
        return cls(crawler.settings.getint("DOWNLOAD_MAXSIZE"))

    def process_request(self, request: Request) -> None:
        request.headers.setdefault("Accept-Encoding", ACCEPT_ENCODING)

    def process_response(self, request: Request, response: Response) -> Response:
        codings = response.headers.getlist("Content-Encoding")
        if not codings or not response.body:
            return response
        try:
            body = content_decoded([(b"Content-Encoding", value) for value in codings], response.body, self.max_bytes)
        except DecodedTooLarge as error:
            raise BodyTooLargeDecoded(str(error)) from error
        return response.replace(body=body)
