"""A line of a CDXJ index: where in which WARC file a capture lies, under a key that sorts.

    com,paper)/2026/11/crane 20261123080000 {"url": "https://paper.example/2026/11/crane", "mime": "text/html", ...}

SURT, a space, 14 digits, a space, JSON; sorted as bytes. The fields and their order are those of cdxj-indexer, all of
them text, so that pywb and whatever else reads its indexes reads ours.
Spec: https://specs.webrecorder.net/cdxj/0.1.0/
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime

from pipelines.warc.surt import surt

REVISIT_MIME = "warc/revisit"  # the media type that a revisit has in an index, whatever it revisits
LINE = re.compile(r"(\S+) ([0-9]{14}) (\{.*\})\s*")


@dataclass(frozen=True, slots=True)
class CdxjEntry:
    """What an index says of one capture."""

    url: str  # WARC-Target-URI
    time: datetime  # WARC-Date, UTC; an index keeps it to the second
    mime: str | None  # media type of the response; REVISIT for a revisit; None if the server named none
    status: int | None  # HTTP status; None for a record that is no HTTP response
    digest: str | None  # of the payload, with its algorithm: "sha1:BASE32"
    length: int  # bytes of the record's gzip member
    offset: int  # bytes from the start of the file to that member
    filename: str  # name of the WARC file, without folders


def cdxj_line(entry: CdxjEntry) -> str:
    """The line of an entry, without its end. ASCII."""
    said = {name: str(value) for name, value in asdict(entry).items() if name != "time" and value is not None}
    return f"{key_of(entry.url)} {cdx_timestamp(entry.time)} {json.dumps(said)}"


def parse_cdxj_line(text: str) -> CdxjEntry:
    """The entry that a line holds; what it says beyond our fields is left out. Raises ValueError if it is none."""
    match = LINE.fullmatch(text)
    if match is None:
        raise ValueError("no line of a CDXJ index")
    said = json.loads(match[3])
    number = {name: int(said[name]) for name in ("status", "length", "offset") if said.get(name, "-") != "-"}
    try:
        known = {field.name: said.get(field.name) for field in fields(CdxjEntry)} | {"status": None} | number
        known["time"] = datetime.strptime(match[2], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        if None in (known["url"], known["length"], known["offset"], known["filename"]):
            raise ValueError("a line of a CDXJ index without url, length, offset or filename")
        return CdxjEntry(**known)
    except TypeError as error:
        raise ValueError(str(error)) from error


def key_of(url: str) -> str:
    """The key under which an index lists a URL: one word, ASCII."""
    return surt(url).replace(" ", "%20")


def cdx_timestamp(time: datetime) -> str:
    """14 digits, UTC, the fraction of the second cut off."""
    return time.astimezone(UTC).strftime("%Y%m%d%H%M%S")
