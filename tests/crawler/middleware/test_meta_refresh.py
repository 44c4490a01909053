"""Pages that only refresh are redirects."""

from __future__ import annotations

import pytest
from scrapy import Request
from scrapy.http import HtmlResponse, Response

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


@pytest.mark.parametrize("media_type", ["application/xhtml+xml", "html", "*/*", "text/plain", "application/xml"])
def test_page_is_recognised_as_by_the_extractor(media_type):
    """Its bytes count where its type is wrong: one page is not a redirect here and an article there."""
    assert refreshed(b"<!doctype html>" + REFRESH % b"0;url=/new", media_type=media_type).status == 302


@pytest.mark.parametrize(
    "case",
    [
        {"body": REFRESH % b"30;url=/new"},
        {"body": REFRESH % b"0;url=/news/old"},
        {"body": REFRESH % b"0;url=http://paper.example/news/old?utm_source=x"},
        {"body": REFRESH % b"0;url=/new", "kind": "robots"},
        {"body": REFRESH % b"0;url=/new", "kind": "tdmrep"},
        {"body": REFRESH % b"0;url=/new", "status": 404},
        {"body": REFRESH % b"0;url=/new", "media_type": "application/pdf"},
        {"body": REFRESH % b"0;url=/new", "media_type": "text/css"},
        {"body": b"<?xml version='1.0'?><rss>" + REFRESH % b"0;url=/new"},
        {"body": b"<p>Text</p>"},
    ],
    ids=repr,
)
def test_page_that_waits_or_reloads_itself_is_read_as_it_is(case):
    """So is whatever is no page."""
    assert refreshed(**case).status == case.get("status", 200)
