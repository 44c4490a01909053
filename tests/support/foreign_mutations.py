"""Make files of other programs with something wrong in them, by the numbers of a random generator, for fuzzing."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable

from tests.support.foreign import address, an_id, answer, arc, gz, page, record, response, wacz, warcinfo, with_package

DATES = (
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0000",
    "9999", "2024-02-30T00:00:00Z", "2024-03-09T24:00:00Z", "2024-03-09T23:59:60Z", "20240309120000", "202403091200",
    "2024-W10-6", "٢٠٢٤-٠٣-٠٩", "now", "", "2024-03-09T12:00:00+99:99", "-2024-03-09T12:00:00Z", "1e9",
    "2024-03-09T12:00:00.99999999999999999999Z", "2024-03-09T12:00:00+00:00:00.000001", "2024-03-09 12:00:00 GMT",
)  # fmt: skip
URLS = (
    "http://[::1", "http://[bad]/x", "http://", "http:///x", "http://a:99999999999/", "http://a:b/", "http://a:-1/x",
    "https://\u00ad/", "http://xn--a/", "http://xn--\u00e4/", "http://..../", "http://a b/", "http://%00/", "http://%ff/x",
    "http://a/%", "http://a/\ufffd\U0001f4a9", "http://" + "a" * 70_000, "http://a/" + "b/" * 30_000, "HTTP://A/",
    "http://user:pass@[fe80::1%25eth0]:80/", "http://1.2.3.4.5.6/", "http://0x7f.1/", "//a/", "data:,x", "http://[v1.x]/",
    "http://\u2488com/", "http://a/?" + "&" * 5000, "http://a/\\..\\..", "<http://paper.example/x>", "http://a/#\t",
    "http://[::ffff:1.2.3.4]/", "http://[1::2::3]/", "http://a\u3002b/", "http://\u1e9e.example/",
)  # fmt: skip
OTHERS = (
    "", "-1", "0", "1", "99999999999999", "9" * 400, "0x10", "\u0663", "1e3", "sha1:", "sha1:" + "A" * 32, "sha2:z",
    "md5:d41d8cd98f00b204e9800998ecf8427e", ":", "<>", "<urn:uuid:>", "urn:uuid:1", "<" + "x" * 5000 + ">", "\x00",
    "\r",
    "response", "Response", "REVISIT", "revisit", "metadata", "continuation", "warcinfo", "request", "resource",
    "application/warc-fields", "Application/WARC-Fields", "application/http", "text/html", "length", "1/2",
    "http://netpreserve.org/warc/1.0/revisit/identical-payload-digest", "::1", "fe80::1%eth0", "300.1.1.1", "robots",
)  # fmt: skip
FIELDS = (
    "WARC-Type", "WARC-Record-ID", "WARC-Date", "WARC-Target-URI", "WARC-Concurrent-To", "WARC-Refers-To",
    "Content-Type",
    "WARC-Refers-To-Target-URI", "WARC-Refers-To-Date", "WARC-Block-Digest", "WARC-Payload-Digest", "WARC-Profile",
    "WARC-IP-Address", "WARC-Warcinfo-ID", "WARC-Truncated", "WARC-Segment-Number", "WARC-Filename", "Morgue-Error",
    "Morgue-Kind", "Morgue-Imported", "Morgue-Kept-In", "Morgue-Archive", "X-Any",
)  # fmt: skip
HEADS = (
    b"Content-Encoding: gzip", b"Content-Encoding: br", b"Content-Encoding: " + b"gzip, " * 300,
    b"Transfer-Encoding: chunked",
    b"Content-Type: text/html; charset=\xff\xfe", b"Content-Type: text/html; charset=utf-7", b"Content-Type: ;;;=",
    b"Content-Length: -5", b"no colon", b": empty", b"X: " + b"y" * 70_000, b"Last-Modified: Thu, 99 Jan 0000 99:99:99",
    b"Content-Type: text/html; charset=idna", b"Content-Type: text/html; charset=unicode_escape", b"Link: <",
    b"X-Robots-Tag: unavailable_after: 9999-99-99",
)  # fmt: skip
STATUS_LINES = (b"HTTP/1.1 200 OK", b"HTTP/1.1 99999999999999999999 X", b"HTTP/1.1 -1", b"HTTP/2 200", b"ICY 200 OK",
                b"HTTP/1.1", b"", b"HTTP/1.1 200 \xff\xfe", b"HTTP/9.9 000 ?")  # fmt: skip
KINDS = ("response", "revisit", "request", "metadata", "warcinfo", "resource", "conversion")


def hostile_record(rng: random.Random, number: int) -> bytes:
    """Return a record in which one to three fields, or the HTTP message, hold what nobody expects there."""
    kind = rng.choice(KINDS)
    values = {
        "WARC-Date": DATES,
        "WARC-Refers-To-Date": DATES,
        "WARC-Target-URI": URLS,
        "WARC-Refers-To-Target-URI": URLS,
    }
    body = page(number) if rng.random() < 0.7 else rng.randbytes(rng.randrange(300))
    heads = rng.sample(HEADS, rng.randrange(3))
    block = answer(body, *heads, status=rng.choice(STATUS_LINES[:1] * 4 + STATUS_LINES))
    fields = {}
    for name in rng.sample(FIELDS, rng.randrange(1, 4)):
        fields[name.replace("-", "_")] = rng.choice(values.get(name, OTHERS))
    if kind == "metadata":
        fields.setdefault("Morgue_Error", "timed out")
    return record(kind, address(number), block, record_id=an_id(f"hostile {number}"), **fields)


def numbered_records(count: int) -> list[bytes]:
    """Return a warcinfo record and responses that name it, of different sizes."""
    info = an_id("theirs")
    return [warcinfo(), *(response(at, more="more " * (at * 37 % 90), WARC_Warcinfo_ID=info) for at in range(count))]


def _one_piece(records: list[bytes]) -> bytes:
    return gzip.compress(b"".join(records), mtime=0)


def _wacz(records: list[bytes]) -> bytes:
    return wacz(with_package({"archive/data.warc.gz": gz(records)}))


def _arc(records: list[bytes], *, compressed: bool) -> bytes:
    return arc([(address(at), answer(page(at))) for at in range(len(records) - 1)], compressed=compressed)


FORMS: dict[str, Callable[[list[bytes]], bytes]] = {
    "a.warc.gz": gz,
    "a.warc": b"".join,
    "one-piece.warc.gz": _one_piece,
    "a.arc.gz": lambda records: _arc(records, compressed=True),
    "a.arc": lambda records: _arc(records, compressed=False),
    "a.wacz": _wacz,
}


def damaged(rng: random.Random, data: bytes) -> bytes:
    """Return a file with one to four places where bytes were changed, lost, added or moved."""
    out = bytearray(data)
    for _ in range(rng.randrange(1, 5)):
        at, length = rng.randrange(len(out) or 1), int(2 ** rng.uniform(0, 12))
        piece, other = bytes(out[at : at + length]), rng.randrange(len(out) or 1)
        first = bytes([piece[0] ^ 1 << rng.randrange(8)]) if piece else b""
        out[at : at + length] = rng.choice(
            (
                first + piece[1:],
                bytes(len(piece)),
                rng.randbytes(len(piece)),
                b"",
                piece + rng.randbytes(length),
                piece * 3,
                bytes(out[other : other + length]),
                b"\r\n" * length,
                rng.choice((b"WARC/1.0\r\n", b"\x1f\x8b\x08\0", b"PK\x03\x04", b"\nfiledesc:")) * 9,
            )
        )
        if rng.random() < 0.05:
            del out[rng.randrange(len(out) or 1) :]
    return bytes(out)
