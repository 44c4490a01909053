"""Make WARC, ARC and WACZ files as other people's tools write them, byte by byte, for tests of reading them."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import uuid
import zipfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

NOON = datetime(2024, 3, 9, 12, tzinfo=UTC)
WORDS = """
    harbour council ferry timetable bridge library market winter storm mayor budget school river museum tram concert
    orchard lighthouse election committee engine garden railway theatre hospital
    """.split()  # noqa: SIM905 (a text, not code)


def page(number: int, more: str = "") -> bytes:
    """Return an article that every reader finds; `more` is a further paragraph."""
    said = " ".join(WORDS[(number * 7 + at * (number % 5 + 1)) % len(WORDS)] for at in range(90))
    paragraphs = f"<p>Report {number}: {said}.</p><p>Nobody said more about it than {number} words.</p>"
    if more:
        paragraphs += f"<p>{more} {said[:200]}.</p>"
    title = f"Report number {number} from the town"
    declared = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": title,
        "datePublished": f"2024-03-0{number % 9 + 1}T08:00:00Z",
    }
    return (
        f"<!DOCTYPE html><html lang='en'><head><title>{title}</title>"
        f'<script type="application/ld+json">{json.dumps(declared)}</script></head>'
        f"<body><article><h1>{title}</h1>{paragraphs}</article></body></html>"
    ).encode()


def address(number: int, host: str = "paper.example") -> str:
    """Return the URL of that article."""
    return f"https://{host}/2024/03/09/report-number-{number}"


def answer(body: bytes, *headers: bytes, status: bytes = b"HTTP/1.1 200 OK", eol: bytes = b"\r\n") -> bytes:
    """Return the block of a response record."""
    fields = headers or (b"Content-Type: text/html; charset=utf-8",)
    return eol.join([status, *fields, b"", b""]) + body


def an_id(text: str) -> str:
    """Return a record id that is the same for the same text."""
    return f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, text)}>"


def record(
    kind: str,
    url: str | None,
    block: bytes,
    *,
    at: float = 0,
    version: bytes = b"WARC/1.0",
    eol: bytes = b"\r\n",
    length: int | None = -1,
    record_id: str | None = "",
    **fields: str,
) -> bytes:
    """Return one record. `at`: hours after NOON. `length`: the value of Content-Length, None for no such field.

    Further fields by name with `_` for `-`, e.g. WARC_Concurrent_To="<...>"; their case stays.
    """
    named: dict[str, Any] = {"WARC-Type": kind}
    if record_id is not None:
        named["WARC-Record-ID"] = record_id or an_id(f"{kind} {url} {at} {len(block)}")
    named["WARC-Date"] = (NOON + timedelta(hours=at)).strftime("%Y-%m-%dT%H:%M:%SZ")
    if url is not None:
        named["WARC-Target-URI"] = url
    named["Content-Type"] = f"application/http; msgtype={kind}" if kind in ("request", "response") else "text/plain"
    for name, value in fields.items():
        known = next((there for there in named if there.lower() == name.replace("_", "-").lower()), None)
        named.pop(known or "", None)
        named[name.replace("_", "-")] = value
    if length is not None:
        named["Content-Length"] = len(block) if length < 0 else length
    head = version + eol + b"".join(f"{name}: {value}".encode() + eol for name, value in named.items())
    return head + eol + block + eol + eol


def response(number: int, *, at: float = 0, host: str = "paper.example", more: str = "", **fields: Any) -> bytes:
    """Return the response record of an article."""
    return record("response", address(number, host), answer(page(number, more)), at=at, **fields)


def warcinfo(name: str = "theirs") -> bytes:
    """Return the warcinfo record of a file."""
    block = b"software: theirs/1.0\r\n"
    return record("warcinfo", None, block, record_id=an_id(name), Content_Type="application/warc-fields")


def gz(records: Iterable[bytes]) -> bytes:
    """Return the records compressed, one gzip member each."""
    return b"".join(gzip.compress(one, mtime=0) for one in records)


def arc(captures: Iterable[tuple[str, bytes]], *, compressed: bool = True) -> bytes:
    """Return an ARC file of (URL, block); all of them captured at NOON."""
    header = b"1 0 Theirs\nURL IP-address Archive-date Content-type Archive-length\n\n"
    date = f"{NOON:%Y%m%d%H%M%S}"
    lines = [f"filedesc://theirs.arc 0.0.0.0 {date} text/plain {len(header)}\n".encode() + header + b"\n"]
    for url, block in captures:
        lines.append(f"{url} 192.0.2.7 {date} text/html {len(block)}\n".encode() + block + b"\n")
    return gz(lines) if compressed else b"".join(lines)


def with_package(members: dict[str, bytes], **signed: Any) -> dict[str, bytes]:
    """Return the members of a WACZ with the files that state their sizes and hashes. `signed`: as signedData."""
    resources = [{"name": name.rpartition("/")[2], "path": name, "hash": sha256(data), "bytes": len(data)}
                 for name, data in members.items()]  # fmt: skip
    package = json.dumps({"profile": "data-package", "wacz_version": "1.1.1", "resources": resources}).encode()
    stated = {"path": "datapackage.json", "hash": sha256(package), **({"signedData": signed} if signed else {})}
    return {**members, "datapackage.json": package, "datapackage-digest.json": json.dumps(stated).encode()}


def sha256(data: bytes) -> str:
    """Return a digest as a WACZ states it."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def wacz(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """Return a zip of these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        for name, data in members.items():
            file.writestr(zipfile.ZipInfo(name), data, method)
    return out.getvalue()
