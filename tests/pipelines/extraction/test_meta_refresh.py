"""Pages that have no text and only send their readers on."""

from __future__ import annotations

import pytest

from pipelines.core.items import NothingToRead, Page
from pipelines.extraction.extract import ONLY_REFRESH, read
from pipelines.extraction.page.meta_refresh import MAX_REFRESH_PAGE_BYTES, MAX_TAGS, refresh_of

URL = "https://paper.example/news/old"
NEW = "https://paper.example/new"

CONTENTS = {
    "0;url=/new": (0, NEW),
    "0; URL='/new'": (0, NEW),
    "0, url = /new": (0, NEW),
    "0 url=/new": (0, NEW),
    "0;/new": (0, NEW),
    "0;url=https:/paper.example/new": (0, NEW),
    "0;url=\\new": (0, NEW),
    "0.5;url=/new": (0, NEW),
    "3;url=/new": (3, NEW),
    "300;url=/new": (300, NEW),
    "300": (300, URL),
    "0;url=": (0, URL),
    "0;url=javascript:x": None,
    "url=/new": None,
    "": None,
    "now;url=/new": None,
}


def page(content: str, body: str = "", head: str = "") -> bytes:
    return (
        f"<html><head>{head}<meta http-equiv='Refresh' content=\"{content}\"></head><body>{body}</body></html>".encode()
    )


@pytest.mark.parametrize(("content", "refresh"), CONTENTS.items(), ids=CONTENTS)
def test_content_of_a_refresh_is_read_as_browsers_do(content, refresh):
    """HTML, 4.2.5.3: seconds, then an address with or without its name and quotes."""
    found = refresh_of(page(content), URL)
    assert (found and (found.seconds, found.url)) == refresh


@pytest.mark.parametrize(
    "body",
    [
        b"<META HTTP-EQUIV=REFRESH CONTENT='0; URL=/new'></META>",
        b"<script>location = '/x'</script><noscript><meta http-equiv=\"refresh\" content=\"0;URL='/new'\"></noscript>",
        b"\xef\xbb\xbf<!doctype html><title>The page has moved</title><meta http-equiv=refresh content=0;url=/new>",
        b"<style>p {}</style><meta http-equiv=refresh content='0;url=/new'><h1>Moved</h1><a href=/new>Click here</a>",
        b"<base href=/x/><meta http-equiv=refresh content='0;url=../new'>",
        b"<meta http-equiv=refresh content='0;url=javascript:x'><meta http-equiv=refresh content='0;url=/new'>",
        b"<title>caf\xe9</title><meta http-equiv=refresh content='0;url=/new'>",
    ],
)
def test_page_that_only_refreshes_is_recognised(body):
    """With scripts, styles, a title and a line for impatient readers."""
    found = refresh_of(body, URL)
    assert found is not None
    assert (found.url, found.is_redirect) == (NEW, True)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body><p>Text</p></body></html>",
        page("0;url=/new", "<p>The council buys back the pier.</p>" * 20),
        page("0;url=/new", "<!--" + "x" * MAX_REFRESH_PAGE_BYTES + "-->"),
        page("0;url=/new", "<br>" * MAX_TAGS),
        b"<meta name=refresh content='0;url=/new'>",
        b"<pre>&lt;meta http-equiv=refresh content='0;url=/new'&gt;</pre>",
    ],
)
def test_page_with_text_or_without_a_refresh_is_none(body):
    """Front pages reload themselves, and old browsers without scripts are sent on; both have text."""
    assert refresh_of(body, URL) is None


@pytest.mark.parametrize("content", ["300;url=/new", "0;url=/news/old", "5"])
def test_page_that_only_refreshes_has_a_reason_of_its_own(content):
    """It is followed or not; here it is read, and there is nothing to read."""
    outcome = read(Page(URL, page(content), "text/html"))
    assert isinstance(outcome, NothingToRead)
    assert outcome.reason == ONLY_REFRESH
    assert outcome.detail.startswith("a page that only refreshes to https://paper.example/new")
