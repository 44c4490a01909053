"""Write one WARC 1.1 file, one gzip member per record: the records of whole exchanges as the archive holds them.

Spec: https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/
"""

from __future__ import annotations

from typing import Any, BinaryIO

from exports import ExportInfo
from exports.formats.warc_package import WarcOutput
from pipelines.selection.fleet_captures import AnyCaptures

name = "warc"
media_type = "application/warc"
suffix = ".warc.gz"


def pack(selection: AnyCaptures, out: BinaryIO, about: ExportInfo) -> dict[str, Any]:
    """Write a warcinfo record that names the filters, then every exchange."""
    file = WarcOutput(out, f"{about['name']}.warc.gz")
    for _ in file.write(selection, about):
        pass
    return file.counts(selection)
