"""WARC records by hand, and files of them as a crash leaves them: for tests of the writer, and for its processes."""

from __future__ import annotations

import random
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from pipelines.core.timestamps import fine_stamp
from pipelines.warc.record import RecordLocation, WarcFields, WarcRecord, digest, new_id, target_uri
from pipelines.warc.storage import WarcStorage
from pipelines.warc.writer import WarcWriter
from tests.support.external_tools import faults
from tests.support.warc_files import walk

BIN = Path(sys.executable).parent
INFO = {
    "software": "Newsmorgue 0",
    "operator": "Mörgue <a@example.org>",
    "robots": "obey",
    "isPartOf": "test",
}


def record(
    block: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", url: str = "http://example.org/"
) -> WarcRecord:
    """Return a response record with this block."""
    fields = (
        ("WARC-Type", "response"),
        ("WARC-Record-ID", new_id()),
        ("WARC-Target-URI", target_uri(url)),
        ("WARC-Date", fine_stamp(datetime.now(UTC))),
        ("WARC-Block-Digest", digest(block)),
        ("Content-Type", "application/http;msgtype=response"),
    )
    return WarcRecord(WarcFields(fields), block)


def response(body: bytes) -> bytes:
    """Return an HTTP response with this body."""
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def noise(size: int, seed: int = 1) -> bytes:
    """Return bytes that do not compress, the same for the same seed."""
    return random.Random(seed).randbytes(size)


def with_warcinfo_id(group: list[WarcRecord], writer: WarcWriter) -> list[WarcRecord]:
    """Return the records with the warcinfo id that `records_of` gives them."""
    warcinfo = ("WARC-Warcinfo-ID", writer.warcinfo_id())
    return [WarcRecord(WarcFields([*one.fields, warcinfo]), one.block) for one in group]


def open_file(folder: Path, groups: int = 5) -> tuple[Path, list[RecordLocation]]:
    """Write a file of requests and responses, left open as by a crash; return its path and where its records are."""
    writer = WarcWriter(WarcStorage(folder), info=INFO)
    places = []
    for number in range(groups):
        group = [record(response(noise(2000, number))), record(b"GET / HTTP/1.1\r\n\r\n")]
        places += writer.append(with_warcinfo_id(group, writer))
    writer.sync()
    path = folder / (places[0].file + ".open")
    copy = path.read_bytes()
    writer.close()
    (folder / places[0].file).unlink()
    path.write_bytes(copy)
    return path, places


def assert_valid(path: Path) -> None:
    """Assert that other people's tools find no fault in a file."""
    assert faults(path) == []
    listed = subprocess.run([BIN / "warcio", "index", path], check=True, capture_output=True, text=True)
    assert len(listed.stdout.splitlines()) == len(list(walk(path)))
