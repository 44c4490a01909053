"""Turn bytes into a request, and a page into the bytes of a response (RFC 9112). There are no sockets here."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha256
from http import HTTPStatus

from .edition import BASE
from .page import Page

SERVER = "gazette/1.0"
CHUNK = 4096  # bytes a chunk


@dataclass(frozen=True)
class Request:
    """Hold one request as it was received."""

    head: bytes  # request line and header lines with their empty line, byte for byte
    method: str
    target: str
    version: str  # "HTTP/1.1"
    headers: tuple[tuple[str, str], ...]  # names in lower case, in order

    def get(self, name: str, default: str = "") -> str:
        """Return all values of a header, joined by commas."""
        return ", ".join(value for key, value in self.headers if key == name) or default

    @property
    def keep_alive(self) -> bool:
        """Return True if the client wants the connection again."""
        wish = self.get("connection").lower()
        return "close" not in wish if self.version == "HTTP/1.1" else "keep-alive" in wish

    @property
    def path(self) -> str:
        """Return the target without its query."""
        return self.target.partition("?")[0]


def parse_request(head: bytes) -> Request:
    """Return a request from its head. Raise ValueError if it is malformed."""
    lines = head.decode("latin-1").split("\r\n")
    method, target, version = lines[0].split(" ")
    if not version.startswith("HTTP/1."):
        raise ValueError(version)
    headers = []
    for line in lines[1:]:
        if line:
            name, colon, value = line.partition(":")
            if not colon:
                raise ValueError(line)
            headers.append((name.lower(), value.strip()))
    if "://" in target:  # absolute form, as to a proxy (RFC 9112, 3.2.2)
        target = "/" + target.split("/", 3)[3] if target.count("/") > 2 else "/"
    return Request(head, method, target, version, tuple(headers))


def _head(status: int, headers: list[tuple[str, str]]) -> bytes:
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        *(f"{name}: {value}" for name, value in headers),
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def chunked(body: bytes) -> bytes:
    """Return the body in chunks (RFC 9112, 7.1)."""
    pieces = [body[at : at + CHUNK] for at in range(0, len(body), CHUNK)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def _unchanged(request: Request, etag: str, modified: datetime) -> bool:
    """Return True if the client has the current page. If-None-Match decides alone when it is there (RFC 9110,
    13.2.2)."""
    if tags := request.get("if-none-match"):
        mine = etag.strip('"').removesuffix("-gz")
        theirs = {tag.strip().removeprefix("W/").strip('"').removesuffix("-gz") for tag in tags.split(",")}
        return "*" in theirs or mine in theirs
    if since := request.get("if-modified-since"):
        try:
            return modified <= parsedate_to_datetime(since)
        except (ValueError, TypeError):
            return False
    return False


def response(page: Page, request: Request, base: str, now: datetime) -> bytes:
    """Return the response to GET or HEAD, byte for byte as it is sent. `base` is the paper's address for this
    client."""
    headers = [("Date", format_datetime(now, usegmt=True)), ("Server", SERVER)]
    body = page.body.replace(BASE.encode(), base.encode())
    # A mix of upper and lower case is one spelling among the home page's: see listings.
    body = body.replace(b"HTTP://" + BASE.encode()[7:], b"HTTP://" + base.encode()[7:])
    zipped = page.compress and "gzip" in request.get("accept-encoding").lower()
    if page.gzip_file or zipped:
        body = gzip.compress(body, mtime=0)
    if page.last_modified:
        # Made of the page before its address went in: the same on every port.
        etag = f'"{sha256(page.body).hexdigest()[:16]}{"-gz" if zipped else ""}"'
        headers += [
            ("ETag", etag),
            ("Last-Modified", format_datetime(page.last_modified.astimezone(UTC), usegmt=True)),
        ]
    if page.compress:
        headers.append(("Vary", "Accept-Encoding"))
    if not request.keep_alive:
        headers.append(("Connection", "close"))
    elif request.version == "HTTP/1.0":
        headers.append(("Connection", "keep-alive"))
    if page.last_modified and page.status == 200 and _unchanged(request, etag, page.last_modified):
        return _head(304, headers)
    if page.content_type:
        headers.append(("Content-Type", page.content_type))
    if zipped:
        headers.append(("Content-Encoding", "gzip"))
    headers += [(name, value.replace(BASE, base)) for name, value in page.headers]
    if page.chunked and request.version == "HTTP/1.1":
        headers.append(("Transfer-Encoding", "chunked"))
        body = chunked(body)
    else:
        headers.append(("Content-Length", str(len(body))))
    return _head(page.status, headers) + (b"" if request.method == "HEAD" else body)
