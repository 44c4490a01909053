"""WARC 1.1, gzip member by member: the records of whole exchanges as the archive has them, in one file.

Spec: https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/
"""

from __future__ import annotations

from typing import Any, BinaryIO

from exports import ExportInfo
from exports.formats.warc_package import WarcOutput
from pipelines.selection.captures import CaptureSelection

name = "warc"
media_type = "application/warc"
suffix = ".warc.gz"


def pack(selection: CaptureSelection, out: BinaryIO, about: ExportInfo) -> dict[str, Any]:
    """A warcinfo record that says what was asked for, then every exchange."""
    file = WarcOutput(out, f"{about['name']}.warc.gz")
    for _ in file.write(selection, about):
        pass
    return file.counts(selection)
