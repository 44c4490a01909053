"""Write CDXJ: a sorted index of the archive's own WARC files, one line per capture, for pywb and similar tools.

The database alone is read. WARC files are opened only if rights filters need the pages. Captures that cannot be
replayed have no line (see `warc_package.index_entry`).
"""

from __future__ import annotations

from typing import Any, BinaryIO

from exports import ExportInfo
from exports.formats.warc_package import index_entry
from exports.sorted_lines import SortedLines
from pipelines.selection.fleet_captures import AnyCaptures
from pipelines.warc.cdxj import cdxj_line

name = "cdxj"
media_type = "application/x-cdxj"
suffix = ".cdxj"


def pack(selection: AnyCaptures, out: BinaryIO, about: ExportInfo) -> dict[str, Any]:
    """Write the lines sorted by their bytes, as binary search needs them."""
    lines = not_replayable = 0
    with SortedLines() as ordered:
        for capture in selection.captures():
            found = index_entry(capture)
            if found is None:
                not_replayable += 1
                continue
            ordered.add(cdxj_line(found).encode() + b"\n")
            lines += 1
        for text in ordered:
            out.write(text)
    return {
        "captures": lines, "added_for_revisits": selection.added, "revisits_without_response": selection.bodiless,
        "not_to_be_replayed": not_replayable, "damages": [*selection.damages],
    }  # fmt: skip
