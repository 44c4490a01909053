"""Serve collections of WARC files by pywb, and ask it for pages."""

from __future__ import annotations

import gzip
import http.client
import shutil
import socket
import sqlite3
import subprocess
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from exports.formats import to_cdxj, to_wacz
from pipelines.selection.captures import CaptureSelection
from pipelines.warc.storage import WarcStorage
from tests.support.capture_archive import ABOUT
from tests.support.external_tools import tool

START_SECONDS = 60  # within which pywb must answer


def collect(folder: Path, db: sqlite3.Connection, warc: Path) -> None:
    """Export an archive into two collections: "wacz" is our WACZ, "own" the archive's files with our index."""
    own, wacz = folder / "collections" / "own", folder / "collections" / "wacz"
    for collection in (own, wacz):
        for part in ("archive", "indexes"):
            (collection / part).mkdir(parents=True)
    with CaptureSelection(db, WarcStorage(warc)) as selection, (folder / "out.wacz").open("wb") as out:
        to_wacz.pack(selection, out, ABOUT)
    with CaptureSelection(db, WarcStorage(warc)) as selection, (own / "indexes" / "index.cdxj").open("wb") as out:
        to_cdxj.pack(selection, out, ABOUT)
    for path in warc.iterdir():
        shutil.copy(path, own / "archive")
    with zipfile.ZipFile(folder / "out.wacz") as package:
        package.extract("archive/out.warc.gz", wacz)
        lines = gzip.decompress(package.read("indexes/index.cdx.gz"))
        (wacz / "indexes" / "index.cdxj").write_bytes(lines)


@contextmanager
def serve_collections(folder: Path) -> Iterator[tuple[str, int]]:
    """Run pywb on `folder/collections`; yield (host, port). Skip the test where pywb is not installed."""
    wayback = tool("wayback", "pywb")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [wayback, "-b", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + START_SECONDS
        while process.poll() is None and time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield "127.0.0.1", port
    finally:
        process.terminate()
        process.wait(30)


def get(place: tuple[str, int], path: str) -> tuple[int, bytes]:
    """Return (status, body) of what pywb answers."""
    with closing(http.client.HTTPConnection(*place, timeout=30)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
