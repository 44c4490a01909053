"""Write answers that no honest server gives, byte by byte. They are linked only from /faults/index.html."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Callable
from functools import cache
from typing import Protocol

HUGE = 25 * 1024 * 1024  # bytes of body
BOMB = 150 * 1024 * 1024  # bytes once decoded
STEP = 64 * 1024  # bytes handed to the socket at once


class Exchange(Protocol):
    """Say what a fault may do with its connection."""

    def send(self, data: bytes) -> None:
        """Write these bytes and no others."""

    def pause(self, share: float) -> None:
        """Sleep this share of the server's `stall` seconds, or until it stops."""

    def reset(self) -> None:
        """Close with RST."""

    def ask(self) -> int:
        """Return how often this path has been requested, this time included."""


def plain(status: str, body: bytes, *headers: str, kind: str = "text/html; charset=utf-8") -> bytes:
    """Return a correct small response that closes its connection."""
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def page(words: str) -> bytes:
    """Return a body of one paragraph."""
    head = "<!DOCTYPE html>\n<html><head><title>Fault</title></head>"
    return f"{head}<body><p>{words}</p></body></html>\n".encode()


def in_pieces(exchange: Exchange, data: bytes) -> None:
    """Send a large body step by step, so that a client that leaves is noticed."""
    for at in range(0, len(data), STEP):
        exchange.send(data[at : at + STEP])


def http_500(exchange: Exchange) -> None:
    """Answer 500."""
    exchange.send(plain("500 Internal Server Error", page("The press is on fire.")))


def http_503(exchange: Exchange) -> None:
    """Answer 503 with Retry-After: 1 (seconds) at first, 200 from the second request on."""
    if exchange.ask() == 1:
        exchange.send(plain("503 Service Unavailable", page("Come back in a second."), "Retry-After: 1"))
    else:
        exchange.send(plain("200 OK", page("Here we are again, one second older.")))


def http_429(exchange: Exchange) -> None:
    """Answer 429, however few requests there are. Retry-After is in seconds."""
    exchange.send(plain("429 Too Many Requests", page("Slow down."), "Retry-After: 1"))


def timeout(exchange: Exchange) -> None:
    """Send nothing for `stall` seconds, then answer."""
    exchange.pause(1.0)
    exchange.send(plain("200 OK", page("Sorry, we were at lunch.")))


def reset(exchange: Exchange) -> None:
    """Send half a body, then RST."""
    data = plain("200 OK", page("The cable to the mainland is old. " * 200))
    exchange.send(data[: len(data) // 2])
    exchange.pause(0.01)  # lets the first half arrive: a RST makes the peer drop what it has not read
    exchange.reset()


def truncated(exchange: Exchange) -> None:
    """Send less than Content-Length promises."""
    data = plain("200 OK", page("This page was to be longer. " * 100))
    exchange.send(data[:-1000])


def huge(exchange: Exchange) -> None:
    """Send 25 MB of honest HTML."""
    line = b"<p>All work and no play makes the harbour a dull place.</p>\n"
    body = (line * (HUGE // len(line) + 1))[:HUGE]
    in_pieces(exchange, plain("200 OK", body))


@cache
def _bomb() -> bytes:
    # Packing 150 MB takes as long as a client may wait. After a full flush a block stands for itself, however often.
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    start, spaces = b"<html><body><p>Tick.</p>", b" " * (1024 * 1024)
    head = packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(spaces) + packer.flush(zlib.Z_FULL_FLUSH)
    count, check = BOMB // len(spaces), zlib.crc32(start)
    for _ in range(count):
        check = zlib.crc32(spaces, check)
    size = len(start) + count * len(spaces)
    gzip_header = b"\x1f\x8b\x08" + bytes(6) + b"\xff"
    return gzip_header + head + block * count + packer.flush() + struct.pack("<LL", check, size)


def bomb(exchange: Exchange) -> None:
    """Send 150 MB of spaces, some 150 kB on the wire, whether or not the client accepts gzip."""
    in_pieces(exchange, plain("200 OK", _bomb(), "Content-Encoding: gzip"))


def bad_gzip(exchange: Exchange) -> None:
    """Send a gzip body cut off before its checksum."""
    exchange.send(plain("200 OK", gzip.compress(page("Cut short. " * 50), mtime=0)[:-12], "Content-Encoding: gzip"))


CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"


def bad_chunk(exchange: Exchange) -> None:
    """Send a good chunk, then one whose size is no number."""
    exchange.send(CHUNKED + b"e\r\n<p>So far so</p\r\n" + b"zz\r\n> good.\r\n0\r\n\r\n")


def slow(exchange: Exchange) -> None:
    """Send a body that drips in twenty pieces over `stall` seconds."""
    data = plain("200 OK", page("Good things come to those who wait, a few bytes at a time."))
    step = -(-len(data) // 20)
    for at in range(0, len(data), step):
        exchange.send(data[at : at + step])
        exchange.pause(0.05)


def empty_reply(exchange: Exchange) -> None:
    """Close without a byte."""


def garbage(exchange: Exchange) -> None:
    """Send bytes that are not HTTP at all."""
    exchange.send(b"\x15\x03\x01\x00\x02\x02\x28SSH-2.0-lighthouse\r\n\r\n")


def no_length(exchange: Exchange) -> None:
    """Answer as HTTP/1.0 did: the body ends when the connection does."""
    exchange.send(b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n" + page("The end is the end."))


def continued(exchange: Exchange) -> None:
    """Send an interim 103 before the real answer (RFC 8297)."""
    exchange.send(
        b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n" + plain("200 OK", page("Hinted."))
    )


ODD_HEADERS = (
    "HTTP/1.1 200 Sch\u00f6n gut\r\n".encode("latin-1")  # a reason phrase beyond ASCII
    + b"CONTENT-type: text/html;charset=UTF-8\r\n"
    b"X-Twice: one\r\nx-twice: two\r\nX-TWICE:three\r\n"  # duplicates in three cases, one without a space
    b"Set-Cookie: a=1; Path=/\r\nSet-Cookie: b=2; Path=/\r\n"
    b"X-Folded: first line\r\n\tand a second\r\n   and a third\r\n"  # obs-fold, RFC 9112, 5.2
    b"X-Bare-LF: ends early\n"  # a lone LF, RFC 9112, 2.2
    b"this line has no colon\r\n"
    b"X-Empty:\r\nX-Bytes: \xe9\xff caf\xc3\xa9\r\n  \r\n"  # latin-1 beside UTF-8, then a line of blanks
)


def odd_headers(exchange: Exchange) -> None:
    """Send header lines with every liberty that has been seen."""
    body = page("The page is fine; it is the headers.")
    exchange.send(ODD_HEADERS + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)


def lf_only(exchange: Exchange) -> None:
    """End every line in LF alone."""
    body = page("No carriage ever returned here.")
    exchange.send(
        b"HTTP/1.1 200 OK\nContent-Type: text/html\nContent-Length: %d\nConnection: close\n\n" % len(body) + body
    )


def bad_feed(exchange: Exchange) -> None:
    """Send a feed that breaks off inside its first item."""
    exchange.send(
        plain(
            "200 OK",
            b'<?xml version="1.0"?>\n<rss version="2.0"><channel><title>Torn & worn</title>\n<item><title>Half an it',
            kind="application/rss+xml",
        )
    )


def bad_sitemap(exchange: Exchange) -> None:
    """Send a sitemap with a wild tag and malformed addresses."""
    exchange.send(
        plain(
            "200 OK",
            b'<?xml version="1.0" encoding="UTF-8"?>\n<urlset><url><loc>not an address</loc></url>\n'
            b"<url><loc>ftp://example.invalid/x</loc></url>\n<url><loc></loc></url><bold>\n</urlset>\n",
            kind="application/xml",
        )
    )


def entity_bomb(exchange: Exchange) -> None:
    """Send a billion laughs (CWE-776): ten entities, each ten times the one before."""
    entities = '<!ENTITY lol0 "lol">\n' + "".join(f'<!ENTITY lol{n} "{f"&lol{n - 1};" * 10}">\n' for n in range(1, 10))
    body = (
        f'<?xml version="1.0"?>\n<!DOCTYPE rss [\n{entities}]>\n<rss '
        'version="2.0"><channel><title>&lol9;</title>'
        "<item><title>&lol9;</title><link>http://example.invalid/</link></item></channel></rss>\n"
    )
    exchange.send(plain("200 OK", body.encode(), kind="application/rss+xml"))


def endless(exchange: Exchange) -> None:
    """Redirect to a new address each time, for ever."""
    exchange.send(plain("302 Found", b"", f"Location: /faults/endless?step={exchange.ask()}"))


FAULTS: dict[str, Callable[[Exchange], None]] = {
    "/faults/500": http_500,
    "/faults/503-retry-after": http_503,
    "/faults/429": http_429,
    "/faults/timeout": timeout,
    "/faults/reset": reset,
    "/faults/truncated": truncated,
    "/faults/huge": huge,
    "/faults/bomb": bomb,
    "/faults/bad-gzip": bad_gzip,
    "/faults/bad-chunk": bad_chunk,
    "/faults/slow": slow,
    "/faults/empty-reply": empty_reply,
    "/faults/garbage": garbage,
    "/faults/no-length": no_length,
    "/faults/early-hints": continued,
    "/faults/odd-headers": odd_headers,
    "/faults/lf-only": lf_only,
    "/faults/bad-feed.xml": bad_feed,
    "/faults/bad-sitemap.xml": bad_sitemap,
    "/faults/entity-bomb.xml": entity_bomb,
    "/faults/endless": endless,
}


def index(_edition: object) -> str:
    """Return a page of links to every fault."""
    links = "\n".join(f'<li><a href="{path}">{path}</a>: {fault.__doc__}</li>' for path, fault in FAULTS.items())
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><title>Faults</title></head><body>\n<h1>Faults</h1>\n<ul>\n'
        f"{links}\n</ul>\n</body></html>\n"
    )
