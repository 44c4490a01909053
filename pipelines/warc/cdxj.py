"""Write lines of a CDXJ index: the place of a capture in the WARC files, under a key that sorts.

    com,paper)/2026/11/crane 20261123080000 {"url": "https://paper.example/2026/11/crane", "mime": "text/html", ...}

SURT, a space, 14 digits, a space, JSON; sorted as bytes. The fields and their order are those of cdxj-indexer, all of
them text, so that pywb and other programs that read its indexes read ours.
Spec: https://specs.webrecorder.net/cdxj/0.1.0/
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from pipelines.warc.surt import surt

REVISIT_MIME = "warc/revisit"  # the media type of every revisit in an index


@dataclass(frozen=True, slots=True)
class CdxjEntry:
    """Hold what an index says of one capture."""

    url: str  # WARC-Target-URI
    time: datetime  # WARC-Date, UTC; an index keeps it to the second
    mime: str | None  # media type of the response; REVISIT_MIME for a revisit; None if the server named none
    status: int | None  # HTTP status; None for a record that is not an HTTP response
    digest: str | None  # of the payload, with its algorithm: "sha1:BASE32"
    length: int  # bytes of the record's gzip member
    offset: int  # bytes from the start of the file to that member
    filename: str  # name of the WARC file, without folders


def cdxj_line(entry: CdxjEntry) -> str:
    """Return the line of an entry, ASCII, without a line feed."""
    said = {name: str(value) for name, value in asdict(entry).items() if name != "time" and value is not None}
    return f"{key_of(entry.url)} {cdx_timestamp(entry.time)} {json.dumps(said)}"


def key_of(url: str) -> str:
    """Return the key under which an index lists a URL: one word, ASCII."""
    return surt(url).replace(" ", "%20")


def cdx_timestamp(time: datetime) -> str:
    """Return a time as 14 digits, UTC, the fraction of the second cut off."""
    return time.astimezone(UTC).strftime("%Y%m%d%H%M%S")
