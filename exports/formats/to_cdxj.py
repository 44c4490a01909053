"""CDXJ: an index of the archive's own WARC files, sorted, a line a capture, for pywb and its kin.

Made from the database alone: no WARC file is opened, unless what is reserved is to be left out. What cannot be replayed
has no line (`warcfile.entry`).
"""

from __future__ import annotations

from typing import Any, BinaryIO

from exports import About
from exports.formats.warc_package import entry
from exports.sorted_lines import SortedLines
from pipelines.selection.captures import CaptureSelection
from pipelines.warc.cdxj import cdxj_line

name = "cdxj"
media_type = "application/x-cdxj"
suffix = ".cdxj"


def pack(selection: CaptureSelection, out: BinaryIO, about: About) -> dict[str, Any]:
    """The lines in the order of their bytes, as binary search needs them."""
    lines = silent = 0
    with SortedLines() as ordered:
        for capture in selection.captures():
            found = entry(capture)
            if found is None:
                silent += 1
                continue
            ordered.add(cdxj_line(found).encode() + b"\n")
            lines += 1
        for text in ordered:
            out.write(text)
    return {
        "captures": lines, "added_for_revisits": selection.added, "revisits_without_response": selection.bodiless,
        "not_to_be_replayed": silent, "damages": [*selection.damages],
    }  # fmt: skip
