"""Treat a page that only refreshes as the redirect that it is, after its record is written.

It becomes a redirect for the middlewares that follow, so that the rules of redirects hold: known pages, robots.txt of
the target, and the limit on redirects. Scrapy's own middleware follows a refresh on any page, also one with text.
"""

from __future__ import annotations

from scrapy import Request
from scrapy.http import Response

from pipelines.core.urls import url_key
from pipelines.extraction.page.media import NEEDED_BYTES, why_not_html
from pipelines.extraction.page.meta_refresh import refresh_of

NEVER_PAGES = ("robots", "tdmrep", "part")


class MetaRefreshMiddleware:
    """Turn a page without text that refreshes to another address at once into a redirect."""

    def process_response(self, request: Request, response: Response) -> Response:
        if response.status != 200 or request.meta.get("kind") in NEVER_PAGES:
            return response
        refresh = refresh_of(response.body, response.url)
        if refresh is None or not refresh.is_redirect or url_key(refresh.url) == url_key(response.url):
            return response  # a page that reloads itself is read as it is
        content_type = (response.headers.get(b"Content-Type") or b"").decode("latin-1")
        if why_not_html(response.body[:NEEDED_BYTES], content_type, served=True):
            return response
        headers = response.headers.copy()
        headers[b"Location"] = refresh.url.encode()
        return response.replace(status=302, headers=headers)
