"""Show what an archive can prove by itself: rows point at records, records read back, files are whole.

Opens the database read-only and the WARC files with warcio, which is not the code under test.
"""

from __future__ import annotations

import io
import sqlite3
import subprocess
import sys
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import Check
from warcio.archiveiterator import ArchiveIterator

from tests.support.journal_server import sha1

UNREADABLE = (OSError, ValueError, EOFError, StopIteration, zlib.error)


@dataclass(frozen=True, slots=True)
class Record:
    """One WARC record as it lies in its file."""

    type: str
    url: str
    block: bytes  # everything behind the record's own header: for a response, the bytes of the wire

    @property
    def wire(self) -> str:
        return sha1(self.block)

    @property
    def body(self) -> str:
        """Return the digest of the body as sent, chunks undone."""
        head, _, rest = self.block.partition(b"\r\n\r\n")
        chunked = b"transfer-encoding: chunked" in head.lower()
        return sha1(unchunk(rest) if chunked else rest)


def unchunk(data: bytes) -> bytes:
    parts, at = [], 0
    while at < len(data):
        line, _, _ = data[at:].partition(b"\r\n")
        size = int(line.split(b";")[0], 16)
        if not size:
            break
        at += len(line) + 2
        parts.append(data[at : at + size])
        at += size + 2
    return b"".join(parts)


class Archive:
    """One archive folder, for reading."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.db = sqlite3.connect(f"{(folder / 'morgue.db').as_uri()}?mode=ro", uri=True)
        self.db.row_factory = sqlite3.Row

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        return self.db.execute(sql, values).fetchall()

    @property
    def warcs(self) -> list[Path]:
        return sorted(path for path in (self.folder / "warc").rglob("*") if path.is_file())

    @property
    def unsealed(self) -> list[Path]:
        return [path for path in self.warcs if path.name.endswith(".open")]

    def read(self, capture: sqlite3.Row) -> Record:
        """Return the record that a row of `captures` points at; ValueError if it is not exactly that."""
        path = self.folder / "warc" / capture["file"]
        with path.open("rb") as warc:
            warc.seek(capture["offset"])
            member = warc.read(capture["length"])
        if len(member) != capture["length"]:
            raise ValueError(f"{path.name} ends before {capture['offset']}+{capture['length']}")
        whole = zlib.decompressobj(wbits=31)
        whole.decompress(member)  # raises if the checksum is wrong
        if not whole.eof or whole.unused_data:
            raise ValueError(f"{path.name}@{capture['offset']}+{capture['length']} is not one whole gzip member")
        records = ArchiveIterator(io.BytesIO(member), no_record_parse=True)
        first = next(iter(records))
        record = Record(first.rec_type, first.rec_headers.get_header("WARC-Target-URI"), first.raw_stream.read())
        if record.url != capture["url"]:
            raise ValueError(f"{path.name}@{capture['offset']} holds {record.url}, not {capture['url']}")
        return record

    def misread(self, captures: Iterable[sqlite3.Row]) -> list[str]:
        """Return what is wrong with each row that does not read back."""
        wrong = []
        for capture in captures:
            try:
                self.read(capture)
            except UNREADABLE as error:
                wrong.append(f"capture {capture['id']} {capture['url']}: {error or type(error).__name__}")
        return wrong


def check_files(archive: Archive) -> list[Check]:
    """Sealed, whole for gzip, and for warcio both readable and of the right digests."""
    files = archive.warcs
    opened = archive.unsealed
    checks = [Check("every WARC file sealed", not opened, f"{len(files)} files, {len(opened)} still .open")]
    if not files:
        return [*checks, Check("WARC files", False, "none at all")]
    for name, command in (
        ("gzip -t", ["gzip", "-t"]),
        ("warcio check", warcio("check")),
        ("warcio index", warcio("index", "--output", "/dev/null")),
    ):
        bad = failing(command, files)
        checks.append(Check(f"{name} on every file", not bad, "; ".join(bad) or f"{len(files)} pass"))
    return checks


def warcio(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from warcio.cli import main; main()", *arguments]


def failing(command: Sequence[str], files: Iterable[Path]) -> list[str]:
    """Each file that the command does not like, with its reason."""
    bad = []
    for file in files:
        # gzip by stdin: it refuses names that do not end in .gz, such as those still .open.
        with file.open("rb") as data:
            named = [] if command[0] == "gzip" else [str(file)]
            done = subprocess.run([*command, *named], stdin=data, capture_output=True, text=True)
        if done.returncode:
            bad.append(f"{file.name}: {(done.stdout + done.stderr).strip()[-200:]}")
    return bad


def check_captures(archive: Archive, limit: int | None = None) -> Check:
    """Rows of `captures` read back by (file, offset, length) as a record of their URL; all or a sample."""
    captures = archive.rows("SELECT * FROM captures ORDER BY id")
    sample = captures[:: max(1, len(captures) // limit)] if limit else captures
    wrong = archive.misread(sample)
    detail = f"{len(sample) - len(wrong)} of {len(sample)} read back (of {len(captures)} rows)"
    return Check("captures read back", bool(sample) and not wrong, "; ".join([detail, *wrong[:5]]))
