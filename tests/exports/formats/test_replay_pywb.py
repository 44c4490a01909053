"""Our exports are replayed by pywb, which knows nothing of us: pages, revisits, TimeMaps."""

from __future__ import annotations

from contextlib import closing

import pytest

from tests.support.capture_archive import COPY, CRANE, FIRST, LIGHT, LIT, PAPER, SECOND, TWIN, build
from tests.support.pywb import collect, get, serve_collections

PAGES = {
    "page": ("20260301050607", CRANE, FIRST),
    "later state of a page": ("20260303050607", CRANE, SECOND),
    "chunked and compressed": ("20260301050607", LIGHT, LIT),
    "revisit": ("20260303050607", LIGHT, LIT),
    "revisit of another address": ("20260305050607", TWIN, FIRST),
    "revisit of chunks at another address": ("20260305050607", COPY, LIT),
    "where a 304 came later": ("20270101000000", CRANE, SECOND),
    "not ascii": ("20260302050607", f"{PAPER}/Stra%C3%9Fe/%E6%9D%B1%E4%BA%AC", b"<p>no"),
}


@pytest.fixture(scope="module")
def replay(tmp_path_factory):
    """(host, port) of a pywb that serves two collections: what a WACZ holds, and the archive's files by our index."""
    folder = tmp_path_factory.mktemp("replay")
    archive = build(folder / "archive", twin=True)
    with closing(archive.open()) as db:
        collect(folder, db, archive.warc)
    with serve_collections(folder) as place:
        yield place


@pytest.mark.parametrize("collection", ["wacz", "own"])
@pytest.mark.parametrize("name", PAGES)
def test_pywb_replays_the_bytes_of_the_time(replay, collection, name):
    """A reader gets the bytes that the server sent at that time."""
    time, url, body = PAGES[name]
    status, shown = get(replay, f"/{collection}/{time}id_/{url}")
    assert status == (404 if body == b"<p>no" else 200)
    assert shown == body


@pytest.mark.parametrize("collection", ["wacz", "own"])
def test_pywb_timemap_names_every_capture(replay, collection):
    """Memento (RFC 7089). A visit that was answered by 304 shows nothing, and is not listed."""
    status, links = get(replay, f"/{collection}/timemap/link/{CRANE}")
    assert status == 200
    assert links.count(b'rel="memento"') == 2
    assert b"Sun, 01 Mar 2026 05:06:07 GMT" in links
