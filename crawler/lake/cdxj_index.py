"""Find in CDXJ indexes which records of a WARC file a filter wants, so that only these are read.

An index is a list of lines "SURT TIME JSON", sorted or not, as cdxj-indexer, pywb and `morgue export cdxj` write it,
perhaps compressed (https://specs.webrecorder.net/cdxj/0.1.0/). It is of one file (`FILE.cdxj`) or of many. It is
believed only for files that a line of it names: any other file is read whole, and so are all if a line says no place.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Container, Iterator
from typing import Any, BinaryIO

from pipelines.bucket.ranges import Range
from pipelines.extraction.page.media import is_never_html
from pipelines.importing.adopt import ImportFilter
from pipelines.warc.cdxj import REVISIT_MIME
from pipelines.warc.record import WarcFields
from pipelines.warc.surt import surt

GZIP_MAGIC = b"\x1f\x8b"
READ_BYTES = 1 << 20
MAX_LINE_BYTES = 1 << 20
FILE_NAME = re.compile(rb'"filename": *"((?:[^"\\]|\\.)*)"')
UNKNOWN_MIMES = ("unk", "-", "")
USUAL_HOST = re.compile(rb"[^A-Z(./]+")  # in a key; of other forms the host is not told here
DAY = re.compile(r"(\d{4})-?(?:(\d\d)-?(?:(\d\d))?)?")  # at the beginning of a time: 20260110..., 2026-01-10T...
WEB = ("http://", "https://")


class UnusableIndex(ValueError):
    """Say why an index cannot be used; the text is for people."""


def chooses(wanted: ImportFilter) -> bool:
    """Return True if a filter leaves out records by what an index says of them."""
    return bool(wanted.hosts or wanted.domains or wanted.since or wanted.until or wanted.mimes)


class IndexSearch:
    """Find the records that a filter wants, and that can hold a page."""

    def __init__(self, wanted: ImportFilter) -> None:
        self._wanted = wanted
        self._keys = tuple(
            key_of_host(host) + end for host in {*wanted.hosts, *wanted.domains} for end in (b")", b",", b":")
        )

    def places(self, index: BinaryIO, names: Container[str]) -> Iterator[tuple[str, Range | None]]:
        """Yield (file name as it is written there, place) for each line that names a file of `names`, by its last part.

        The place is None for a record that is not wanted. Raises UnusableIndex.
        """
        for number, line in enumerate(lines_of(index), 1):
            if not line.strip() or line.startswith(b"!"):
                continue
            found = FILE_NAME.search(line)
            if found is None:
                raise UnusableIndex(f"line {number:,} names no WARC file")
            name = json.loads(found[1].join((b'"', b'"')))
            if name.rpartition("/")[2] in names:
                yield name, self._place(line, number)

    def _place(self, line: bytes, number: int) -> Range | None:
        """Return the place that a line names; None if its record is not wanted. Raises UnusableIndex."""
        key, _, rest = line.partition(b" ")
        host, end, _ = key.partition(b")")
        if self._keys and end and USUAL_HOST.fullmatch(host) and not key.startswith(self._keys):
            return None
        time, _, said = rest.partition(b" ")
        try:
            entry = json.loads(said)
            place = int(entry["offset"]), int(entry["length"])
        except (ValueError, TypeError, KeyError):
            raise UnusableIndex(f"line {number:,} does not say where a record lies") from None
        if place[0] < 0 or place[1] <= 0:
            raise UnusableIndex(f"line {number:,} names a place that cannot be")
        return place if self._is_wanted(entry, time.decode("ascii", "replace")) else None

    def _is_wanted(self, entry: dict[str, Any], time: str) -> bool:
        mime, url = str(entry.get("mime") or "").partition(";")[0].strip().lower(), str(entry.get("url") or "")
        if mime == REVISIT_MIME or str(entry.get("status") or "200") not in ("200", "-"):
            return False
        if mime not in UNKNOWN_MIMES and (is_never_html(mime) or self._wanted.excludes_type(mime)):
            return False
        if not url.lower().startswith(WEB):  # no address here: the record says it
            return True
        day = DAY.match(time)
        date = "-".join(filter(None, day.groups())) if day is not None else self._wanted.since or ""  # not told
        fields = (("WARC-Type", "response"), ("WARC-Target-URI", url), ("WARC-Date", date))
        return self._wanted.reason_to_skip(WarcFields(fields)) is None


def key_of_host(host: str) -> bytes:
    """Return the beginning of the keys of a host's addresses and of those of its subdomains: `com,paper`."""
    return re.sub(r":\d+$", "", surt(f"http://{host}/").removesuffix(")/")).encode()


def lines_of(index: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of an index, which may be compressed. Raises UnusableIndex."""
    left = b""
    for piece in unpacked(index):
        *lines, left = (left + piece).split(b"\n")
        yield from lines
        if len(left) > MAX_LINE_BYTES:
            raise UnusableIndex(f"a line has more than {MAX_LINE_BYTES:,} bytes")
    yield left


def unpacked(index: BinaryIO) -> Iterator[bytes]:
    """Yield pieces of a file, unpacked if it is gzip. Raises UnusableIndex."""
    piece = index.read(READ_BYTES)
    if not piece.startswith(GZIP_MAGIC):
        while piece:
            yield piece
            piece = index.read(READ_BYTES)
        return
    inflater = zlib.decompressobj(zlib.MAX_WBITS + 16)
    while piece:
        try:
            while piece:
                if inflater.eof:
                    inflater = zlib.decompressobj(zlib.MAX_WBITS + 16)
                yield inflater.decompress(piece, READ_BYTES)
                piece = inflater.unconsumed_tail or inflater.unused_data
        except zlib.error as error:
            raise UnusableIndex(f"cannot be unpacked ({error})") from None
        piece = index.read(READ_BYTES)
    yield inflater.flush()
    if not inflater.eof:
        raise UnusableIndex("is cut off")
