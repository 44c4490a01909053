"""Make the files of a folder that is being exported, and list their checksums."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from exports.drafts import BUFFER_BYTES
from pipelines.core.safe_open import create, open_file


class FolderOutput:
    """Make the files of a folder, and write the checksum of each into SHA256SUMS."""

    def __init__(self, path: Path, checksums: BinaryIO) -> None:
        self.path = path
        self.files = 0
        self.bytes = 0
        self.digests: dict[str, str] = {}  # SHA-256 of the files that `open` made
        self._checksums = checksums
        self._folders = {path}

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """Open a new file for writing. `name` is its path in the folder."""
        path = self._place(name)
        with open_file(path, "xb", buffering=BUFFER_BYTES) as file:
            yield file
        self.note(name)

    def add(self, name: str, data: bytes) -> None:
        """Write a small file."""
        create(self._place(name), data)
        self._list(name, hashlib.sha256(data).hexdigest(), len(data))

    def note(self, name: str) -> None:
        """List a file that is there."""
        with open_file(self.path / name) as file:
            digest = self.digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
        self._list(name, digest, (self.path / name).stat().st_size)

    def _place(self, name: str) -> Path:
        path = self.path / name
        if path.parent not in self._folders:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._folders.add(path.parent)
        return path

    def _list(self, name: str, digest: str, size: int) -> None:
        self._checksums.write(f"{digest}  {name}\n".encode())
        self.files += 1
        self.bytes += size
