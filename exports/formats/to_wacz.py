"""Write WACZ 1.1.1: captures, their index and the articles as pages in one ZIP file that a browser can replay.

Spec: https://specs.webrecorder.net/wacz/1.1.1/. The file is written from front to back, and no part is ever held whole
in memory.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import PurePath
from typing import IO, Any, BinaryIO, cast

from exports import ExportInfo
from exports.formats.to_jsonl import line as json_line
from exports.formats.warc_package import WarcOutput, filters_used
from exports.sorted_lines import SortedLines
from pipelines.core.timestamps import stamp
from pipelines.selection.fleet_captures import AnyCaptures
from pipelines.warc.cdxj import cdxj_line

name = "wacz"
media_type = "application/wacz"
suffix = ".wacz"
compressed = True

WACZ_VERSION = "1.1.1"
LINES_PER_MEMBER = 1024  # index lines in one gzip member; a reader fetches one member
# A part of more bytes gets ZIP64 fields in advance. Smaller parts go without, as not every reader knows ZIP64.
ZIP64_BYTES = 1 << 30


def pack(selection: AnyCaptures, out: BinaryIO, about: ExportInfo) -> dict[str, Any]:
    """Write archive/, indexes/ and pages/, and the two files that list them with their digests."""
    # A data package allows only these characters in the name of a resource.
    stem = re.sub(r"[^a-z0-9._-]+", "-", about["name"].lower()).strip("-.") or "archive"
    pages = 0
    with zipfile.ZipFile(out, "w") as archive, SortedLines() as index:
        package = WaczPackage(archive, datetime.fromisoformat(about["created"]), big=selection.bytes > ZIP64_BYTES)
        with package.part(f"archive/{stem}.warc.gz") as part:
            file = WarcOutput(cast(BinaryIO, part), f"{stem}.warc.gz")
            for entry in file.write(selection, about):
                if entry is not None:
                    index.add(cdxj_line(entry).encode() + b"\n")
        blocks: list[bytes] = []
        with package.part("indexes/index.cdx.gz") as part:
            for block in _blocks(index, part):
                blocks.append(block)
        with package.part("indexes/index.idx", squeeze=True) as part:
            part.write(b'!meta 0 {"format": "cdxj-gzip-1.0", "filename": "index.cdx.gz"}\n')
            part.writelines(blocks)
        with package.part("pages/pages.jsonl", squeeze=True) as part:
            part.write(b'{"format": "json-pages-1.0", "id": "pages", "title": "Articles", "hasText": true}\n')
            for page in selection.pages():
                part.write(json_line(_page(page)).encode() + b"\n")
                pages += 1
        package.finish(about)
    return file.counts(selection) | {"pages": pages}


class WaczPackage:
    """Write the parts of a WACZ and collect the entry of each for datapackage.json."""

    def __init__(self, archive: zipfile.ZipFile, created: datetime, *, big: bool) -> None:
        """`created` (UTC) is the only time in the file. `big`: a part may be larger than 2 GiB."""
        self.archive, self.created, self.big = archive, created, big
        self.resources: list[dict[str, Any]] = []

    @contextmanager
    def part(self, path: str, *, squeeze: bool = False) -> Iterator[HashingFile]:
        """Open a part for writing. ZIP compresses it if `squeeze`; stored parts can be fetched in pieces by readers."""
        info = zipfile.ZipInfo(path, self.created.timetuple()[:6])
        info.compress_type = zipfile.ZIP_DEFLATED if squeeze else zipfile.ZIP_STORED
        info.external_attr = 0o644 << 16
        with self.archive.open(info, "w", force_zip64=self.big) as raw:
            hashing = HashingFile(raw)
            yield hashing
        named = PurePath(path).name.lower()
        digest = f"sha256:{hashing.state.hexdigest()}"
        self.resources.append({"name": named, "path": path, "hash": digest, "bytes": hashing.size})

    def finish(self, about: ExportInfo) -> None:
        """Write datapackage.json and its digest."""
        described = ", ".join(f"{name} {value}" for name, value in filters_used(about))
        package = {
            "profile": "data-package",
            "wacz_version": WACZ_VERSION,
            "title": about["archive"],
            "description": described or "everything that the archive holds",
            "created": about["created"],
            "software": about["software"],
            "resources": self.resources,
        }
        data = json.dumps(package, ensure_ascii=False, indent=2).encode() + b"\n"
        with self.part("datapackage.json", squeeze=True) as part:
            part.write(data)
        digest = {"path": "datapackage.json", "hash": f"sha256:{hashlib.sha256(data).hexdigest()}"}
        with self.part("datapackage-digest.json", squeeze=True) as part:
            part.write(json.dumps(digest, indent=2).encode() + b"\n")


class HashingFile:
    """Pass bytes on to a file; keep their SHA-256 and their number."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self.state = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self.state.update(data)
        self.size += len(data)
        return self._out.write(data)

    def writelines(self, lines: Iterable[bytes]) -> None:
        for text in lines:
            self.write(text)


def _blocks(lines: Iterable[bytes], out: HashingFile) -> Iterator[bytes]:
    """Write the index in gzip members of LINES_PER_MEMBER lines; yield the line of each member for index.idx."""
    batch: list[bytes] = []
    for text in lines:
        batch.append(text)
        if len(batch) == LINES_PER_MEMBER:
            yield _block(batch, out)
            batch.clear()
    if batch:
        yield _block(batch, out)


def _block(batch: list[bytes], out: HashingFile) -> bytes:
    squeeze = zlib.compressobj(wbits=zlib.MAX_WBITS + 16)
    data = squeeze.compress(b"".join(batch)) + squeeze.flush()
    where = {"offset": out.size, "length": len(data), "digest": f"sha256:{hashlib.sha256(data).hexdigest()}"}
    out.write(data)
    return batch[0].partition(b"{")[0] + json.dumps(where).encode() + b"\n"


def _page(row: dict[str, Any]) -> dict[str, Any]:
    """Return a line of pages.jsonl: one revision of one article, as read from one capture."""
    return {
        "id": f"article-{row['article']}-revision-{row['number']}",
        "url": row["url"],
        "ts": stamp(datetime.fromisoformat(row["time"])),
        "title": row["title"] or row["url"],
        "text": row["text"],
    }
