"""Read the head of a WARC record of another program: its named fields, in the forms that occur."""

from __future__ import annotations

import re
from contextlib import suppress

from pipelines.importing.arc_lines import warc_date_of
from pipelines.importing.unpacking import ContainerDamage
from pipelines.warc.record import WarcFields

MAX_HEAD_BYTES = 1 << 17
WARC_START = re.compile(rb"WARC/\d")
HEAD_END = re.compile(rb"\n\r?\n")
FOLDED_LINE = re.compile(rb"\r?\n[ \t]+")
DIGITS_OF_DATE = re.compile(r"[0-9]{12,18}")  # of WARC before 0.18
ID_FIELDS = ("warc-record-id", "warc-concurrent-to", "warc-refers-to", "warc-warcinfo-id", "warc-segment-origin-id")
URL_FIELDS = ("warc-target-uri", "warc-refers-to-target-uri")


def fields_of(head: bytes) -> WarcFields:
    """Return the named fields of a record's head: lines unfolded, ids in angle brackets, URLs without them."""
    lines = FOLDED_LINE.sub(b" ", head.rstrip(b"\r\n")).split(b"\n")[1:]
    pairs = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if colon:
            pairs.append(_normalized(_text(name), _text(value)))
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


def _text(raw: bytes) -> str:
    try:
        return raw.strip().decode()
    except UnicodeDecodeError:
        return raw.strip().decode("latin-1")
