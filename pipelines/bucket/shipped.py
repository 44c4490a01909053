"""Remember which WARC files of an archive lie in its bucket: shipped.jsonl in its folder, one JSON object a line.

The first line says which bucket. A line about a file is written, durably, after the bucket has proved that it has the
file, and before the file here is deleted. If several lines name one file, the last one counts. A line without an ETag
says that an upload began, so that what it may have left in the bucket is known as ours.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from pipelines.bucket.address import BucketAddress, bucket_address
from pipelines.core import safe_open
from pipelines.core.archive_layout import is_warc_name
from pipelines.core.errors import ArchiveDamaged, os_errors
from pipelines.core.safe_open import sync_folder
from pipelines.warc.manifest import SHA256_HEX, append_line


@dataclass(frozen=True, slots=True)
class ShippedFile:
    """Describe a WARC file as it lies in the bucket."""

    file: str  # its name
    size: int  # bytes
    sha256: str  # hex
    etag: str  # as the server writes it; "": an upload of these bytes began
    time: str  # when it was read back, UTC


@dataclass(frozen=True, slots=True)
class BucketLine:
    """Hold the first line: the bucket of this archive."""

    bucket: str  # s3://BUCKET/PREFIX
    endpoint: str | None  # None: as the environment says when it is used
    allow_http: bool

    @property
    def address(self) -> BucketAddress:
        """The address to ask now. Raises ConfigError."""
        return bucket_address(self.bucket, self.endpoint, allow_http=self.allow_http)


class ShippedFiles:
    """Read and extend shipped.jsonl. Any thread may ask; lines that another process adds are seen."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock()
        self._read_at: tuple[int, int] | None = None  # inode and size of the file when it was read
        self._head: BucketLine | None = None
        self._files: dict[str, ShippedFile] = {}
        self._begun: dict[str, set[str]] = {}  # SHA-256 of uploads that began, by file

    def __reduce__(self) -> tuple[type[ShippedFiles], tuple[Path]]:
        return ShippedFiles, (self.path,)

    def head(self) -> BucketLine | None:
        """Return the bucket of the archive; None if it has none. Raises ArchiveDamaged, MorgueError."""
        with self._lock:
            self._refresh()
            return self._head

    def all(self) -> dict[str, ShippedFile]:
        """Return the files that lie in the bucket, by name. Raises ArchiveDamaged, MorgueError."""
        with self._lock:
            self._refresh()
            return dict(self._files)

    def find(self, name: str) -> ShippedFile | None:
        """Return what is known of a file that lies in the bucket, or None. Raises ArchiveDamaged, MorgueError."""
        with self._lock:
            self._refresh()
            return self._files.get(name)

    def begun(self, name: str) -> set[str]:
        """Return the SHA-256 of each upload of a file that began. Raises ArchiveDamaged, MorgueError."""
        with self._lock:
            self._refresh()
            return set(self._begun.get(name, ()))

    def add(self, file: ShippedFile) -> None:
        """Append a line, durably. Raises DiskFull, NotWritable, MorgueError."""
        append_line(self.path, (json.dumps(asdict(file)) + "\n").encode())

    def write(self, head: BucketLine, files: Iterator[ShippedFile] | None = None) -> None:
        """Replace the first line, and all others if `files` is given, in one step. Raises MorgueError."""
        lines = [asdict(head), *map(asdict, self.all().values() if files is None else files)]
        with os_errors(str(self.path)):
            with safe_open.draft(self.path) as file:
                file.writelines((json.dumps(line) + "\n").encode() for line in lines)
            sync_folder(self.path.parent)

    def _refresh(self) -> None:
        """Read the file again if it is another one, or longer, than the last time."""
        with os_errors(str(self.path)):
            try:
                status = os.stat(self.path, follow_symlinks=False)
            except FileNotFoundError:
                self._read_at, self._head, self._files, self._begun = None, None, {}, {}
                return
            if self._read_at == (status.st_ino, status.st_size):
                return
            data = safe_open.read_bytes(self.path)
        self._head, self._files, self._begun = None, {}, {}
        lines = data.decode(errors="replace").splitlines(keepends=True)
        for number, line in enumerate(lines, 1):
            try:
                self._take(json.loads(line))
            except (ValueError, TypeError, RecursionError) as error:
                if number == len(lines) and not line.endswith("\n"):
                    break  # a crash while it was written
                cure = "put it back from a copy; without it, `morgue ship` learns from the bucket what lies there"
                raise ArchiveDamaged(
                    f"{self.path}, line {number}", "says of no file that it was shipped", cure
                ) from error
        self._read_at = status.st_ino, len(data)

    def _take(self, values: dict[str, Any]) -> None:
        """Note what a line says. Raises ValueError, TypeError."""
        if self._head is None:
            head = BucketLine(**values)
            if not isinstance(head.bucket, str) or not isinstance(head.endpoint, str | None):
                raise TypeError(head)
            self._head = head
            return
        found = ShippedFile(**values)
        is_right = (
            isinstance(found.file, str) and is_warc_name(found.file) and type(found.size) is int and found.size >= 0
        )
        if not is_right or not SHA256_HEX.fullmatch(found.sha256) or not isinstance(found.etag, str):
            raise ValueError(found.file)
        if found.etag:
            self._files[found.file] = found
            self._begun.pop(found.file, None)
        else:
            self._begun.setdefault(found.file, set()).add(found.sha256)
