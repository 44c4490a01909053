"""Read lines of a CDXJ index, as programs that use our index do."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from pipelines.warc.cdxj import CdxjEntry


def entry_of(line: str) -> CdxjEntry:
    """Return the entry in a line."""
    _, time, text = line.split(" ", 2)
    said = json.loads(text)
    numbers = {name: int(said[name]) for name in ("status", "length", "offset") if name in said}
    unknown = {"mime": None, "status": None, "digest": None}
    return CdxjEntry(time=datetime.strptime(time, "%Y%m%d%H%M%S").replace(tzinfo=UTC), **unknown | said | numbers)
