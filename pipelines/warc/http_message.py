"""Parse the bytes of an HTTP response: its head, and its entity body.

The functions are pure, and lenient as browsers are: an archive must be able to read every page that a reader can see.
Nothing here changes what is recorded; it only says what the record means. The work is linear in the bytes given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipelines.core.media_types import media_type

HEAD_END = re.compile(rb"\n\r?\n")  # RFC 9112 section 2.2: a bare LF may end a line
STATUS_LINE = re.compile(rb"HTTP/(\d)(?:\.(\d))?[ \t]+([1-9]\d\d)(?:[ \t]|$)", re.IGNORECASE)
FIELD_NAME = re.compile(rb"[-!#$%&'*+.^_`|~0-9a-zA-Z]+")  # RFC 9110 section 5.1: token
FORBIDDEN_IN_VALUE = re.compile(rb"[\x00\r\n\v\f]")  # RFC 9110 section 5.5: these are read as SP
CHUNK_SIZE = re.compile(rb"[ \t]*([0-9a-fA-F]{1,16})[ \t]*(?:;|\r?$)")  # RFC 9112 section 7.1
CHUNK_LINE = re.compile(rb"[ \t]*([0-9a-fA-F]{1,16})[ \t]*(?:;[^\n]*|\r?)\n")  # the same, with its line end
SMALL_CHUNK_BYTES = 2048  # a chunk of fewer bytes is joined with its neighbours
JOINED_CHUNK_BYTES = 65_536  # of small chunks, that are handed on together
FIRST_LINE_BYTES = 64  # bytes of a body that show whether it begins with a chunk
REDIRECTS = (301, 302, 303, 307, 308)  # RFC 9110, 15.4
PERMANENT_REDIRECTS = (301, 308)  # RFC 9110, 15.4.2 and 15.4.9
MAX_PARSED_LINES = 10_000  # lines of a stored head that are read; a crawl takes far fewer (`response_parser`)


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
    become spaces, and lines that are not fields are skipped, as are lines after the first MAX_PARSED_LINES.
    """
    first, *lines = raw.split(b"\n", MAX_PARSED_LINES + 1)[: MAX_PARSED_LINES + 1]
    match = STATUS_LINE.match(first.rstrip(b"\r"))
    if match is None:
        return None
    major, minor, status = match.groups()
    fields: list[tuple[bytes, list[bytes]]] = []  # name, and the lines of its value
    for line in lines:
        if line[:1] in (b" ", b"\t"):  # RFC 9112 section 5.2: obs-fold
            if fields and (folded := clean_value(line)):
                fields[-1][1].append(folded)
            continue
        name, colon, value = line.partition(b":")
        name = name.rstrip(b" \t")
        if colon and FIELD_NAME.fullmatch(name):
            fields.append((name, [clean_value(value)]))
    version = "1.0" if (major, minor) == (b"1", b"0") else "1.1"
    return MessageHead(version, int(status), tuple((name, b" ".join(value).strip()) for name, value in fields))


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
    """Return the data of a chunked body; see `chunk_data`."""
    return b"".join(chunk_data(body))


def chunk_data(data: bytes, start: int = 0) -> Iterator[memoryview]:
    """Yield the data of a chunked body that begins at `start` (RFC 9112 section 7.1).

    Large chunks are not copied. Small ones are joined, because a body may have a million chunks of one byte, and the
    work of the caller is by part. Extensions and trailers are left out.

    A body that does not begin with a chunk is yielded as it is: some crawlers remove the framing and leave the header
    that announces it.
    """
    view, at, small = memoryview(data), start, bytearray()
    first = data[at : at + FIRST_LINE_BYTES]
    if first and not CHUNK_SIZE.match(first.partition(b"\n")[0]):
        yield view[at:]
        return
    while line := CHUNK_LINE.match(data, at):
        begin, length = line.end(), int(line[1], 16)
        if not length:
            break
        at = min(begin + length, len(data))
        if length < SMALL_CHUNK_BYTES:
            small += view[begin:at]
        if small and (length >= SMALL_CHUNK_BYTES or len(small) >= JOINED_CHUNK_BYTES):
            yield memoryview(small)
            small = bytearray()
        if length >= SMALL_CHUNK_BYTES:
            yield view[begin:at]
        at += 2 if data.startswith(b"\r\n", at) else 1
    if small:
        yield memoryview(small)
