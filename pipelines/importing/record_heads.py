"""Read the heads of records of other programs, in the forms that thirty years of programs have written.

A WARC record begins with named fields. An ARC record begins with one line. Version 1: `URL IP-address Archive-date
Content-type Archive-length`. Version 2 has further columns before the length. A URL may hold spaces. What each column
holds decides where the URL ends, because files of version 1 with the header of version 2 occur, and the other way
round.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple

from pipelines.core.urls import address_in
from pipelines.importing.unpacking import ContainerDamage
from pipelines.warc.record import WarcFields

MAX_HEAD_BYTES = 1 << 17
WARC_START = re.compile(rb"WARC/\d")
HEAD_END = re.compile(rb"\n\r?\n")
FOLDED_LINE = re.compile(rb"\r?\n[ \t]+")
DIGITS_OF_DATE = re.compile(r"[0-9]{12,18}")  # of WARC before 0.18
ID_FIELDS = ("warc-record-id", "warc-concurrent-to", "warc-refers-to", "warc-warcinfo-id", "warc-segment-origin-id")
URL_FIELDS = ("warc-target-uri", "warc-refers-to-target-uri")
URL_FIELD_NAMES = tuple(name.encode() for name in URL_FIELDS)

MAX_ARC_LINE_BYTES = 1 << 14
FILEDESC = b"filedesc:"  # the address of the record that begins a file
SCHEME = re.compile(rb"[a-z][a-z0-9+.-]{1,30}:", re.I)
IPV4 = re.compile(rb"\d{1,3}(?:\.\d{1,3}){3}")
PEER = re.compile(IPV4.pattern + rb"|[0-9a-f]*:[0-9a-f:.]*|-|0|unknown", re.I)  # with the forms of "not known"
DATE = re.compile(rb"\d{8,20}")
MIN_COLUMNS = 4
MIN_DATE_DIGITS, MAX_DATE_DIGITS, DIGITS_TO_SECOND = 8, 20, 14


def fields_of(head: bytes) -> WarcFields:
    """Return the named fields of a record's head: lines unfolded, ids in angle brackets, URLs without them."""
    lines = FOLDED_LINE.sub(b" ", head.rstrip(b"\r\n")).split(b"\n")[1:]
    pairs = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if colon:
            is_url = name.strip().lower() in URL_FIELD_NAMES
            pairs.append(_normalized(text_of(name), address_in(value.strip()) if is_url else text_of(value)))
    return WarcFields(pairs)


def _normalized(name: str, value: str) -> tuple[str, str]:
    known = name.lower()
    if known in ID_FIELDS and value and not value.startswith("<"):
        return name, f"<{value}>"
    if known in URL_FIELDS and value.startswith("<") and value.endswith(">"):
        return name, value[1:-1]  # wget writes brackets, by the grammar of WARC 1.0
    if known == "warc-date" and DIGITS_OF_DATE.fullmatch(value):
        with suppress(ContainerDamage):  # the caller that needs the date will refuse it
            return name, warc_date_of(value)
    return name, value


def text_of(raw: bytes) -> str:
    """Return a field as text: UTF-8, or else Latin-1, which loses nothing."""
    try:
        return raw.strip().decode()
    except UnicodeDecodeError:
        return raw.strip().decode("latin-1")


class ArcLine(NamedTuple):
    """Hold the columns of a line that begins a record."""

    url: bytes
    ip: bytes
    date: bytes
    mime: bytes
    length: int | None  # bytes of the block; None if the column holds no number

    @property
    def is_header(self) -> bool:
        """True for the record that begins a file; it holds no capture."""
        return self.url.lower().startswith(FILEDESC)


def arc_line_at(data: bytes, at: int) -> tuple[ArcLine, int] | None:
    """Return the line of an ARC record that begins at an index, and the index after it; None if none begins there.

    Takes time linear in the length of the line.
    """
    if SCHEME.match(data, at) is None:
        return None
    end = data.find(b"\n", at, at + MAX_ARC_LINE_BYTES)
    if end < 0:
        return None
    columns = data[at:end].removesuffix(b"\r").split(b" ")
    place = _place_of_ip(columns)
    if place is None:
        return None
    ip, date = columns[place : place + 2]
    mime = columns[place + 2] if len(columns) > place + 3 else b""
    stated = columns[-1]
    length = int(stated) if stated.isdigit() and len(stated) < 16 else None
    return ArcLine(b" ".join(columns[:place]), ip, date, mime, length), end + 1


def _place_of_ip(columns: list[bytes]) -> int | None:
    """Return the index of the column with the IP address: the surest sign of one that there is."""
    if len(columns) < MIN_COLUMNS:
        return None
    if columns[0].lower().startswith(FILEDESC):
        return 1
    places = range(1, len(columns) - 2)
    dated = [at for at in places if DATE.fullmatch(columns[at + 1])]
    for at in dated:
        if PEER.fullmatch(columns[at]):
            return at
    for at in places[:-1]:
        if IPV4.fullmatch(columns[at]):
            return at
    return dated[0] if dated and dated[0] < len(columns) - 3 else None


def warc_date_of(digits: str) -> str:
    """Return the digits of a time (ARC, WARC before 0.18) as a WARC-Date. Raises ContainerDamage if they are not one.

    Fourteen digits give a time to the second. Some programs wrote more, which are cut, or fewer, down to the day.
    """
    if not (digits.isascii() and digits.isdigit() and MIN_DATE_DIGITS <= len(digits) <= MAX_DATE_DIGITS):
        raise ContainerDamage(f"{digits[:40]!r} is not a time")
    whole = digits[: min(len(digits) // 2 * 2, DIGITS_TO_SECOND)].ljust(DIGITS_TO_SECOND, "0")
    try:
        time = datetime.strptime(whole, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        raise ContainerDamage(f"{digits} is not a time") from None
    return time.isoformat()[:-6] + "Z"
