"""Read WARC files by their paths, as tests have them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipelines.warc import reader
from pipelines.warc.reader import StoredRecord
from pipelines.warc.record import WarcRecord
from pipelines.warc.storage import WarcStorage


def walk(path: Path, *args: Any, **options: Any) -> Iterator[StoredRecord]:
    """Yield the records of a file."""
    return reader.walk(WarcStorage(path.parent), path.name, *args, **options)


def read_member(path: Path, offset: int, length: int) -> bytes:
    """Return the inflated bytes of a record."""
    return reader.read_member(WarcStorage(path.parent), path.name, offset, length)


def read_record(path: Path, offset: int, length: int) -> WarcRecord:
    """Return a record."""
    return reader.read_record(WarcStorage(path.parent), path.name, offset, length)


def read_block(path: Path, offset: int, length: int) -> bytes:
    """Return the block of a record."""
    return read_record(path, offset, length).block
