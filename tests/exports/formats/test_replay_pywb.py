"""Our exports are replayed by pywb, which knows nothing of us: pages, revisits, TimeMaps."""

from __future__ import annotations

import gzip
import http.client
import shutil
import socket
import subprocess
import time
import zipfile
from contextlib import closing

import pytest

from exports.formats import to_cdxj, to_wacz
from pipelines.selection.captures import CaptureSelection
from pipelines.warc.storage import WarcStorage
from tests.support.capture_archive import ABOUT, COPY, CRANE, FIRST, LIGHT, LIT, PAPER, SECOND, TWIN, build
from tests.support.external_tools import tool

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
    wayback = tool("wayback", "pywb")
    folder = tmp_path_factory.mktemp("replay")
    archive = build(folder / "archive", twin=True)
    for name in ("wacz", "own"):
        for part in ("archive", "indexes"):
            (folder / "collections" / name / part).mkdir(parents=True)
    with closing(archive.open()) as db:
        with CaptureSelection(db, WarcStorage(archive.warc)) as selection, (folder / "out.wacz").open("wb") as out:
            to_wacz.pack(selection, out, ABOUT)
        index = folder / "collections" / "own" / "indexes" / "index.cdxj"
        with CaptureSelection(db, WarcStorage(archive.warc)) as selection, index.open("wb") as out:
            to_cdxj.pack(selection, out, ABOUT)
    for path in archive.warc.iterdir():
        shutil.copy(path, folder / "collections" / "own" / "archive")
    with zipfile.ZipFile(folder / "out.wacz") as wacz:
        wacz.extract("archive/out.warc.gz", folder / "collections" / "wacz")
        lines = gzip.decompress(wacz.read("indexes/index.cdx.gz"))
        (folder / "collections" / "wacz" / "indexes" / "index.cdxj").write_bytes(lines)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [wayback, "-b", "127.0.0.1", "-p", str(port)], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield "127.0.0.1", port
    finally:
        process.terminate()
        process.wait(30)


def get(replay, path):
    with closing(http.client.HTTPConnection(*replay, timeout=30)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()


@pytest.mark.parametrize("collection", ["wacz", "own"])
@pytest.mark.parametrize("name", PAGES)
def test_pywb_replays_the_bytes_of_the_time(replay, collection, name):
    """The very bytes that a reader got then."""
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
