"""Build a small archive with everything that `morgue verify` looks at: exchanges in WARC, their rows, a manifest.

`build(folder)` makes it; `reindex(folder)` makes rows and manifest again after a test has changed the files on purpose.
"""

from __future__ import annotations

import gzip
import os
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipelines.core.items import Capture, Exchange
from pipelines.core.timestamps import fine_stamp
from pipelines.database.connection import open_database
from pipelines.database.store import ArticleStore
from pipelines.warc import manifest
from pipelines.warc.exchange import capture_of, write_exchange
from pipelines.warc.manifest import ManifestEntry
from pipelines.warc.reader import StoredRecord
from pipelines.warc.record import WarcFields, WarcRecord, digest, gzip_member, new_id
from pipelines.warc.storage import WarcStorage, sha256_of
from pipelines.warc.writer import WarcWriter
from tests.support.warc_files import walk

START = datetime(2026, 11, 23, 8, 0, 0, 123456, tzinfo=UTC)
PROFILE = "http://netpreserve.org/warc/1.1/revisit/"
BODY = b"<html><h1>The harbour</h1><p>Boats came in, and the harbour master counted them.</p></html>" * 9


def exchange(number: int, body: bytes = BODY, *, chunked: bool = False, coded: bool = False) -> Exchange:
    """Return a request and its response; the number makes address, time and body unique."""
    body += b"<!-- %d -->" % number
    fields = b"Content-Type: text/html\r\n"
    if coded:
        body, fields = gzip.compress(body, mtime=0), fields + b"Content-Encoding: gzip\r\n"
    if chunked:
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        fields += b"Transfer-Encoding: chunked\r\n"
    head = b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n"
    return Exchange(
        f"http://paper.example/{number}",
        START + timedelta(seconds=number),
        b"GET /%d HTTP/1.1\r\nHost: paper.example\r\n\r\n" % number,
        head + body,
        ip="192.0.2.1",
        tls="tls/1.3",
        chunked=chunked,
        head_length=len(head),
        status=200,
        kind="article",
    )


def failure(number: int) -> Exchange:
    """Return an exchange whose response has no head."""
    request = b"GET / HTTP/1.1\r\n\r\n"
    return Exchange(f"http://gone.example/{number}", START, request, b"rubbish", error="no HTTP response")


def record(type_: str, block: bytes, *more: tuple[str, str]) -> WarcRecord:
    """Return a record made by hand."""
    fields = [("WARC-Type", type_), ("WARC-Record-ID", new_id()), ("WARC-Date", fine_stamp(START)), *more]
    return WarcRecord(WarcFields(fields), block)


def revisit(of: str, payload: str | None, *, profile: str = "identical-payload-digest") -> WarcRecord:
    """Return a revisit of the record `of`."""
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
    more = [
        ("WARC-Target-URI", "http://paper.example/again"),
        ("WARC-Profile", PROFILE + profile),
        ("WARC-Refers-To", of),
        ("WARC-Block-Digest", digest(block)),
        ("Content-Type", "application/http;msgtype=response"),
    ]
    return record("revisit", block, *more, *([("WARC-Payload-Digest", payload)] if payload else []))


def build(folder: Path) -> Path:
    """Make three finished files with rows and manifest; return the folder."""
    (folder / "warc").mkdir(parents=True)
    (folder / "morgue.toml").touch()
    writer = WarcWriter(WarcStorage(folder / "warc"), info={"software": "test"})
    kept: list[Capture] = []
    for part in range(3):
        for number in range(part * 6, part * 6 + 6):
            page = exchange(number, chunked=number % 3 == 1, coded=number % 2 == 1)
            kept.append(write_exchange(page, writer, chunked_payload_digest=("omit", "entity", "stored")[part]))
        write_exchange(failure(part), writer)
        journal = ("Content-Type", "application/x-ndjson"), ("Morgue-Journal", str(part + 1))
        writer.append([record("metadata", b"{}\n", *journal, ("WARC-Block-Digest", digest(b"{}\n")))])
        if part == 2:
            writer.append([revisit(kept[0].record_id, kept[0].payload_digest)])
            writer.append([revisit(kept[1].record_id, None, profile="server-not-modified")])
        writer.close()
    for path in warcs(folder):
        os.utime(path, (1e9, 1e9))  # long finished: its rows are committed if they ever will be
    reindex(folder)
    return folder


def warcs(folder: Path) -> list[Path]:
    """Return the finished files."""
    return sorted((folder / "warc").glob("*.warc.gz"))


def members(folder: Path) -> Iterator[tuple[Path, StoredRecord]]:
    """Yield every record with its file."""
    for path in warcs(folder):
        for found in walk(path):
            yield path, found


def reindex(folder: Path) -> None:
    """Write rows and manifest as they should be for the files as they are."""
    for path in folder.glob("morgue.db*"):
        path.unlink()
    db = open_database(folder / "morgue.db")
    store = ArticleStore(db)
    with db:
        for path, found in members(folder):
            capture = capture_of(found, path.name)
            if capture is not None:
                store.capture(capture, None, None)
        db.execute("UPDATE journal SET last = 3, used = 3")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    manifest.write(folder / manifest.NAME, [entry(path) for path in warcs(folder)])


def entry(path: Path) -> ManifestEntry:
    """Return the manifest's entry of a file."""
    found = list(walk(path))
    captures = [capture for one in found if (capture := capture_of(one, path.name))]
    times = sorted(fine_stamp(capture.time) for capture in captures) or [None]
    return ManifestEntry(
        path.name, path.stat().st_size, sha256_of(path), len(found), len(captures), times[0], times[-1]
    )


def rewrite(folder: Path, change: object, *, index: bool = True) -> None:
    """Write every file again, each record as `change(record)` returns it (None: left out)."""
    for path in warcs(folder):
        kept = []
        for found in list(walk(path)):
            fields = WarcFields([pair for pair in found.headers if pair[0] != "Content-Length"])
            changed = change(WarcRecord(fields, found.block))  # type: ignore[operator]
            if changed is not None:
                kept.append(gzip_member(changed))
        path.write_bytes(b"".join(kept))
    if index:
        reindex(folder)


def flip(path: Path, bit: int) -> bytes:
    """Flip one bit of a file; return its bytes before."""
    data = path.read_bytes()
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    path.write_bytes(changed)
    return data


def places(folder: Path, count: int, seed: int) -> list[tuple[Path, int]]:
    """Return (file, bit) at random over all files, larger files more often."""
    paths = warcs(folder)
    sizes = [8 * path.stat().st_size for path in paths]
    chosen = random.Random(seed)
    return [(path, chosen.randrange(8 * path.stat().st_size)) for path in chosen.choices(paths, sizes, k=count)]
