"""Parse the bytes of an HTTP response: its head, its entity body, its content.

The functions are pure, and lenient as browsers are: an archive must be able to read every page that a reader can see.
Nothing here changes what is recorded; it only says what the record means.
"""

from __future__ import annotations

import re
import sys
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pipelines.core.media_types import media_type

HEAD_END = re.compile(rb"\n\r?\n")  # RFC 9112 section 2.2: a bare LF may end a line
STATUS_LINE = re.compile(rb"HTTP/(\d)(?:\.(\d))?[ \t]+([1-9]\d\d)(?:[ \t]|$)", re.IGNORECASE)
FIELD_NAME = re.compile(rb"[-!#$%&'*+.^_`|~0-9a-zA-Z]+")  # RFC 9110 section 5.1: token
FORBIDDEN_IN_VALUE = re.compile(rb"[\x00\r\n\v\f]")  # RFC 9110 section 5.5: these are read as SP
CHUNK_SIZE = re.compile(rb"[ \t]*([0-9a-fA-F]{1,16})[ \t]*(?:;|\r?$)")  # RFC 9112 section 7.1
REDIRECTS = (301, 302, 303, 307, 308)  # RFC 9110, 15.4
DECODE_STEP_BYTES = 65_536  # bytes decoded between two looks at the limit


class DecodedTooLarge(ValueError):
    """Report that decoding would give more bytes than the limit: a decompression bomb, or a very large page."""


@dataclass(frozen=True, slots=True)
class MessageHead:
    """Hold the head of a response as a lenient reader understands it."""

    version: str  # "1.1" or "1.0"
    status: int  # 100 to 999
    fields: tuple[tuple[bytes, bytes], ...]  # name and value in the order, case and number sent

    def all(self, name: bytes) -> list[bytes]:
        """Return every value of the field `name` (lower case), in the order sent."""
        return [value for field, value in self.fields if field.lower() == name]

    def first(self, name: bytes) -> bytes | None:
        """Return the first value of the field `name` (lower case), or None."""
        return next(iter(self.all(name)), None)

    @property
    def chunked(self) -> bool:
        """Return True if the body has chunk framing (RFC 9112 section 6.1: the last transfer coding says so)."""
        codings = list_members(self.all(b"transfer-encoding"))
        return bool(codings) and codings[-1] == b"chunked"

    @property
    def mime(self) -> str | None:
        """Return the media type that Content-Type names, in lower case, or None."""
        return media_type(self.content_type)

    @property
    def content_type(self) -> str | None:
        """Return the Content-Type header as sent (latin-1), several joined by commas; None if there is none."""
        return b", ".join(self.all(b"content-type")).decode("latin-1") or None


def list_members(values: Iterable[bytes]) -> list[bytes]:
    """Return the members of a comma-separated list field (RFC 9110 section 5.6.1), in lower case."""
    return [member for value in values for part in value.lower().split(b",") if (member := part.strip())]


def parse_head(raw: bytes) -> MessageHead | None:
    """Read the head of a response; return None if its first line is not a status line.

    Lenient: obsolete folding is unfolded, white space before a colon is ignored, control characters in values
    become spaces, and lines that are not fields are skipped.
    """
    first, *lines = raw.split(b"\n")
    match = STATUS_LINE.match(first.rstrip(b"\r"))
    if match is None:
        return None
    major, minor, status = match.groups()
    fields: list[tuple[bytes, bytes]] = []
    for line in lines:
        if line[:1] in (b" ", b"\t"):  # RFC 9112 section 5.2: obs-fold
            if fields and line.strip():
                name, value = fields[-1]
                fields[-1] = name, (value + b" " + clean_value(line)).strip()
            continue
        name, colon, value = line.partition(b":")
        name = name.rstrip(b" \t")
        if colon and FIELD_NAME.fullmatch(name):
            fields.append((name, clean_value(value)))
    return MessageHead("1.0" if (major, minor) == (b"1", b"0") else "1.1", int(status), tuple(fields))


def clean_value(value: bytes) -> bytes:
    """Return a field value without surrounding white space and without the characters that no value may hold."""
    value = value.strip(b" \t\r\n")
    return FORBIDDEN_IN_VALUE.sub(b" ", value).strip() if FORBIDDEN_IN_VALUE.search(value) else value


def split_response(response: bytes) -> tuple[bytes, bytes]:
    """Split a response into (head with its blank line, the rest). Without a blank line all is head."""
    match = HEAD_END.search(response)
    return (response[: match.end()], response[match.end() :]) if match else (response, b"")


def entity_body(response: bytes) -> bytes:
    """Return the body of a stored response with its transfer coding removed (WARC 1.1 section 6.3.2: the payload).

    If the chunk framing is damaged or cut, return what could be read up to there.
    """
    head, body = split_response(response)
    parsed = parse_head(head)
    return dechunked(body) if parsed is not None and parsed.chunked else body


def dechunked(body: bytes) -> bytes:
    """Return the data of a chunked body (RFC 9112 section 7.1); extensions and trailers are left out.

    A body that does not begin with a chunk is returned as it is: some crawlers remove the framing and leave the header
    that announces it.
    """
    if body and not CHUNK_SIZE.match(body[:64].partition(b"\n")[0]):
        return body
    out = bytearray()
    at = 0
    while (end := body.find(b"\n", at)) >= 0:
        size = CHUNK_SIZE.match(body[at:end])
        if size is None or int(size[1], 16) == 0:
            break
        start, at = end + 1, end + 1 + int(size[1], 16)
        out += body[start:at]
        at += 2 if body[at : at + 2] == b"\r\n" else 1
    return bytes(out)


def content_decoded(headers: Iterable[tuple[bytes, bytes]], body: bytes, limit: int) -> bytes:
    """Return `body` (an entity body) with its content codings undone: gzip, deflate, br, zstd.

    `limit` is the most bytes that any step may give; DecodedTooLarge is raised before more are made. The body stays as
    it is if we do not know the coding, or if the server declares one that it did not apply. If the coded data are
    damaged, return what could be read up to the damage.
    """
    codings = list_members(value for name, value in headers if name.lower() == b"content-encoding")
    for coding in reversed(codings):
        decode = DECODERS.get(coding)
        if decode is None:
            break
        body = decode(body, limit)
    return body


def _inflate(body: bytes, limit: int, window: int) -> bytes:
    """Inflate one or more zlib streams; bytes after the last whole one are skipped."""
    out = bytearray()
    while body:
        stream = zlib.decompressobj(window)
        before = len(out)
        try:
            while body and not stream.eof:
                out += stream.decompress(body, DECODE_STEP_BYTES)
                body = stream.unconsumed_tail
                if len(out) > limit:
                    raise DecodedTooLarge(f"more than {limit} bytes when decoded")
        except zlib.error:
            if len(out) == before:
                break  # damaged from the first byte: padding after a whole stream, or not compressed at all
        body = stream.unused_data if stream.eof and window == zlib.MAX_WBITS + 16 else b""
    return bytes(out)


def _gunzip(body: bytes, limit: int) -> bytes:
    return _inflate(body, limit, zlib.MAX_WBITS + 16) if body[:2] == b"\x1f\x8b" else body


def _undeflate(body: bytes, limit: int) -> bytes:
    # RFC 9110 section 8.4.1.2 says zlib format; some servers send the raw deflate stream.
    return _inflate(body, limit, zlib.MAX_WBITS) or _inflate(body, limit, -zlib.MAX_WBITS) or body


def _unbrotli(body: bytes, limit: int) -> bytes:
    import brotli  # type: ignore[import-untyped]  # required by Scrapy; loaded only where it is needed

    out = bytearray()
    stream = brotli.Decompressor()
    try:
        out += stream.process(body, output_buffer_limit=DECODE_STEP_BYTES)
        while not stream.is_finished() and (more := stream.process(b"", output_buffer_limit=DECODE_STEP_BYTES)):
            out += more
            if len(out) > limit:
                raise DecodedTooLarge(f"more than {limit} bytes when decoded")
    except brotli.error:
        return bytes(out) or body
    return bytes(out)


def _unzstd(body: bytes, limit: int) -> bytes:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd  # required by Scrapy there

    out = bytearray()
    stream = zstd.ZstdDecompressor()
    try:
        data = body
        while not stream.eof and (more := stream.decompress(data, DECODE_STEP_BYTES)):
            data = b""
            out += more
            if len(out) > limit:
                raise DecodedTooLarge(f"more than {limit} bytes when decoded")
    except zstd.ZstdError:
        return bytes(out) or body
    return bytes(out)


DECODERS: dict[bytes, Callable[[bytes, int], bytes]] = {
    b"gzip": _gunzip,
    b"x-gzip": _gunzip,
    b"deflate": _undeflate,
    b"br": _unbrotli,
    b"zstd": _unzstd,
}
