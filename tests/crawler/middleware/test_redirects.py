"""Redirects, and pages that only refresh: both lead on, by the same rules."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from scrapy import Request
from scrapy.http import HtmlResponse, Response

from crawler.middleware.known_redirects import KnownRedirectsMiddleware
from crawler.middleware.meta_refresh import MetaRefreshMiddleware

URL = "https://paper.example/news/old"
REFRESH = b"<meta http-equiv=refresh content='%s'>"


def refreshed(body: bytes, *, kind: str = "article", status: int = 200, media_type: str = "text/html") -> Response:
    response = HtmlResponse(URL, status, {"Content-Type": media_type, "X-A": "b"}, body=body)
    return MetaRefreshMiddleware().process_response(Request(URL, meta={"kind": kind}), response)


def test_page_that_only_refreshes_becomes_a_redirect():
    """The middlewares that follow treat it as one; its own headers stay."""
    response = refreshed(REFRESH % b"0;url=/new")
    assert (response.status, response.headers[b"Location"]) == (302, b"https://paper.example/new")
    assert response.headers[b"X-A"] == b"b"


@pytest.mark.parametrize(
    "case",
    [
        {"body": REFRESH % b"30;url=/new"},
        {"body": REFRESH % b"0;url=/news/old"},
        {"body": REFRESH % b"0;url=http://paper.example/news/old?utm_source=x"},
        {"body": REFRESH % b"0;url=/new", "kind": "robots"},
        {"body": REFRESH % b"0;url=/new", "kind": "tdmrep"},
        {"body": REFRESH % b"0;url=/new", "status": 404},
        {"body": REFRESH % b"0;url=/new", "media_type": "application/rss+xml"},
        {"body": b"<p>Text</p>"},
    ],
    ids=repr,
)
def test_page_that_waits_or_reloads_itself_is_read_as_it_is(case):
    """So is whatever is no page."""
    assert refreshed(**case).status == case.get("status", 200)


@pytest.mark.parametrize(
    ("location", "followed"),
    [
        (b"\\a", b"https://paper.example/a"),
        (b"///other.example/a", b"https://other.example/a"),
        (b"http:other.example/a", b"http://other.example/a"),
        (b"javascript:x", None),
        (b"mailto:a@b.example", None),
    ],
)
def test_location_is_resolved_as_browsers_do(location, followed):
    """Scrapy joins addresses in another way, and raises ValueError for some."""
    request = Request(URL, meta={"kind": "feed"})
    response = Response(URL, 301, {"Location": location})
    context: Any = SimpleNamespace(part=lambda _class: None)  # a request without a claim needs no frontier
    middleware = KnownRedirectsMiddleware(context)
    assert asyncio.run(middleware.process_response(request, response)).headers.get(b"Location") == followed
