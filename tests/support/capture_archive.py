"""Build a small archive of captures to export: two WARC files, every kind of exchange, and their rows.

Everything in it but record ids, host name and the files' own dates is fixed.
"""

from __future__ import annotations

import gzip
import sqlite3
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from pipelines.core.items import Capture, Exchange
from pipelines.core.timestamps import fine_stamp
from pipelines.core.urls import url_key
from pipelines.warc.content_codings import content_decoded
from pipelines.warc.exchange import RevisitOriginal, records_of
from pipelines.warc.http_message import entity_body, parse_head, split_response
from pipelines.warc.record import WarcFields, WarcRecord, digest, new_id, target_uri
from pipelines.warc.storage import WarcStorage
from pipelines.warc.writer import WarcWriter
from tests.support.article_archive import database, insert, rows

PAPER, OTHER = "https://paper.example", "http://www.other.example:8080"
CRANE, LIGHT = f"{PAPER}/2026/crane?page=2", f"{PAPER}/2026/light"
COPY, TWIN = f"{OTHER}/copy", f"{OTHER}/twin"  # answered with the same bodies: of LIGHT in chunks, of CRANE whole
FIRST = b"<html><h1>A crane</h1><p>It stands in the harbour.</p></html>"
SECOND = b"<html><h1>A crane</h1><p>It has fallen over.</p></html>"
LIT = b"<html><h1>Lights</h1><p>" + b"Lanterns over the basin. " * 40 + b"</p></html>"

ABOUT = {  # what an export says of itself
    "software": "newsmorgue test", "created": "2026-04-01T00:00:00Z", "archive": "a\nb", "name": "out", "query": None,
    "filters": {"source": None, "url": ["https://a.example/*"]},
}  # fmt: skip


@dataclass
class Archive:
    """Hold the folder of an archive, and its captures by names that tests use."""

    folder: Path
    captures: dict[str, Capture]

    @property
    def warc(self) -> Path:
        return self.folder / "warc"

    def open(self) -> sqlite3.Connection:
        from pipelines.database.connection import connect

        return connect(self.folder / "morgue.db")


def exchange(url: str, day: int, head: bytes, body: bytes = b"", kind: str = "article") -> Exchange:
    """Return a GET and its response, at 05:06:07 UTC of a day in March 2026."""
    request = f"GET {url.split('/', 3)[3]} HTTP/1.1\r\nHost: {url.split('/')[2]}\r\n\r\n".encode()
    head = b"HTTP/1.1 " + head.replace(b"\n", b"\r\n") + b"\r\n\r\n"
    parsed = parse_head(head)
    assert parsed is not None
    started = datetime(2026, 3, day, 5, 6, 7, 89, tzinfo=UTC)
    return Exchange(
        url, started, request, head + body, ip="192.0.2.1", status=parsed.status, kind=kind,
        head_length=len(head), chunked=parsed.chunked,
    )  # fmt: skip


def chunked(body: bytes) -> bytes:
    """Return the body in two chunks."""
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:20], body[20:])) + b"0\r\n\r\n"


HTML = b"200 OK\nContent-Type: text/html; charset=utf-8\nContent-Length: %d"
SQUEEZED = b"200 OK\nContent-Type: text/html\nContent-Encoding: gzip\nTransfer-Encoding: chunked"
GZIPPED = chunked(gzip.compress(LIT, mtime=0))


def spoil(path: Path, capture: Capture, gone: str) -> None:
    """Delete a WARC file ("file"), or flip a bit in the middle of a capture's record in it ("record")."""
    if gone == "file":
        path.unlink()
    else:
        data = bytearray(path.read_bytes())
        data[capture.offset + capture.length // 2] ^= 0x10
        path.write_bytes(data)


class Writing:
    """Write exchanges into WARC files and rows."""

    def __init__(self, folder: Path) -> None:
        (folder / "warc").mkdir(parents=True)
        (folder / "morgue.toml").touch()
        self.db = database(folder / "morgue.db")
        self.archive = Archive(folder, {})
        self.writer = self.new_writer()
        for name, url in (("paper", PAPER), ("other", OTHER), ("empty", "https://empty.example")):
            insert(self.db, "sources", name=name, url=url, added="2026-01-01T00:00:00Z")

    def new_writer(self) -> WarcWriter:
        return WarcWriter(WarcStorage(self.archive.warc), prefix="test", info={"software": "tests", "operator": "Zoé"})

    def next_file(self) -> None:
        """Finish the WARC file and begin the next."""
        self.writer.close()
        self.writer = self.new_writer()

    def keep(self, name: str, exchange: Exchange, source: int | None = 1, *, backwards: bool = False) -> Capture:
        """Write an exchange and its row; `backwards`: the request first, as other crawlers do."""
        records = records_of(exchange, warcinfo_id=self.writer.warcinfo_id(), chunked_payload_digest="entity")
        return self._file(name, exchange, records, source, backwards=backwards)

    def revisit(self, name: str, exchange: Exchange, of: str, source: int | None = 1) -> Capture:
        """Write the same response again as a revisit: its head alone, and where its body is. Our own crawls would store
        a chunked one whole."""
        kept = self.archive.captures[of]
        original = RevisitOriginal(kept.record_id, target_uri(kept.url), fine_stamp(kept.time))
        revisit, *others = records_of(exchange, warcinfo_id=self.writer.warcinfo_id(), original=original)
        same = {"WARC-Payload-Digest": kept.payload_digest or ""} if exchange.chunked else {}
        fields = WarcFields([(key, same.get(key, value)) for key, value in revisit.fields])
        return self._file(name, exchange, [WarcRecord(fields, revisit.block), *others], source,
                          refers_to=kept.record_id, payload_digest=kept.payload_digest)  # fmt: skip

    def _file(
        self, name: str, exchange: Exchange, records: list[WarcRecord], source: int | None, *, backwards: bool = False,
        **more: str | None,
    ) -> Capture:  # fmt: skip
        order = records[::-1] if backwards else records
        place = self.writer.append(order)[order.index(records[0])]
        main, head = records[0], parse_head(split_response(exchange.response)[0])
        capture = Capture(
            id=len(self.archive.captures) + 1, url=main.fields.get("WARC-Target-URI") or "", time=exchange.started,
            status=head.status if head else None, mime=head.mime if head else None,
            file=place.file, offset=place.offset, length=place.length,
            record_id=main.fields.get("WARC-Record-ID") or "", record_type=main.fields.get("WARC-Type") or "",
            block_digest=main.fields.get("WARC-Block-Digest"),
            payload_digest=digest(entity_body(exchange.response)) if head else None,
            kind=exchange.kind, error=exchange.error, ip=exchange.ip,
        )  # fmt: skip
        capture = replace(capture, **more)
        time = capture.time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        insert(
            self.db, "captures", **asdict(capture) | {"time": time, "signals": "[]", "flaws": "[]"}, source_id=source
        )
        self.archive.captures[name] = capture
        return capture

    def article(self, number: int, title: str, address: str, *states: str, language: str = "en") -> None:
        """Add an article whose texts were read from the captures of these names."""
        captures = [self.archive.captures[name] for name in states]
        row = rows()[0] | {
            "id": number, "url": captures[-1].url, "url_key": url_key(address), "canonical_url": address,
            "title": title, "source_id": 1, "language": language, "published_day": "2026-02-01",
            "capture_id": captures[-1].id, "revision": len(states), "text": f"Text {len(states)} of {title}.",
        }  # fmt: skip
        insert(self.db, "articles", **row)
        for n, capture in enumerate(captures, 1):
            kept = {key: row[key] for key in ("authors", "text_digest", "extractor")}
            insert(self.db, "revisions", article_id=number, number=n, capture_id=capture.id, title=title,
                   seen=row["first_seen"], text=f"Text {n} of {title}.\u2028End.", **kept)  # fmt: skip


def build(folder: Path, *, twin: bool = False) -> Archive:
    """Make an archive in `folder`, which is created. `twin`: with a revisit of another address whose body came
    whole."""
    to = Writing(folder)
    plain = b"200 OK\nContent-Type: text/plain"
    to.keep("robots", exchange(f"{PAPER}/robots.txt", 1, plain, b"User-agent: *\n", "robots"))
    to.keep("feed", exchange(f"{PAPER}/feed", 1, b"200 OK\nContent-Type: application/rss+xml", b"<rss/>", "feed"))
    to.keep("redirect", exchange("http://paper.example/old", 1, b"301 Moved\nLocation: " + CRANE.encode()))
    to.keep("crane", exchange(CRANE, 1, HTML % len(FIRST), FIRST))
    to.keep("light", exchange(LIGHT, 1, SQUEEZED, GZIPPED))
    refused = Exchange(f"{PAPER}/down", datetime(2026, 3, 1, tzinfo=UTC), b"", b"", error="refused")
    to.keep("refused", refused)
    spoken = replace(refused, request=b"GET / HTTP/1.1\r\n\r\n", response=b"SSH-2.0\r\n\0")
    to.keep("not http", replace(spoken, error="not HTTP"))
    to.keep("gone", exchange(f"{PAPER}/Straße/東京", 2, b"404 Not Found\nContent-Type: text/html", b"<p>no"), None)
    to.next_file()
    to.keep("edited", exchange(CRANE, 3, HTML % len(SECOND), SECOND))
    to.revisit("light again", exchange(LIGHT, 3, SQUEEZED, GZIPPED), "light")
    not_modified = exchange(CRANE, 4, b'304 Not Modified\nETag: "x"')
    to.revisit("not modified", not_modified, "edited")
    about = ("WARC-Type", "metadata"), ("WARC-Record-ID", new_id()), ("WARC-Date", "2026-03-04T00:00:00Z")
    note = WarcRecord(WarcFields([*about, ("Content-Type", "application/x-ndjson"), ("Morgue-Journal", "1")]), b"{}\n")
    to.writer.append([note])
    to.keep("foreign 1", exchange(f"{OTHER}/1", 5, plain, b"one", "page"), 2, backwards=True)
    to.keep("foreign 2", exchange(f"{OTHER}/2", 5, plain, b"two", "page"), 2, backwards=True)
    to.revisit("copy", exchange(COPY, 5, SQUEEZED, GZIPPED), "light", 2)
    if twin:
        to.revisit("twin", exchange(TWIN, 5, HTML % len(FIRST), FIRST), "crane", 2)
    to.article(1, "Crane", f"{PAPER}/2026/crane?page=2", "crane", "edited")
    to.article(2, "Lights", LIGHT, "light", language="de")
    insert(to.db, "aliases", url_key=url_key("http://paper.example/old"), article_id=1)
    to.writer.close()
    to.db.commit()
    to.db.close()
    return to.archive


def visible(response: bytes) -> bytes:
    """Return what a browser shows of a stored response."""
    head = parse_head(split_response(response)[0])
    assert head is not None
    return content_decoded(head.fields, entity_body(response), 1 << 30)
