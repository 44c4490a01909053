"""Make small lakes of WARC files, and read the readings of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet

from tests.support import foreign


def make_lake(folder: Path) -> Path:
    """Make three WARC files: two papers, one of them twice; the third file is not compressed."""
    folder.mkdir()
    other = "www.other.example"
    first = [foreign.warcinfo(), *(foreign.response(number) for number in range(1, 5))]
    second = [foreign.response(number, host=other, at=24 * number) for number in range(5, 8)]
    more = [
        foreign.record("request", foreign.address(5, other), b"GET / HTTP/1.1\r\n\r\n"),
        foreign.record("response", "https://other.example/picture.png", 
                       foreign.answer(b"\x89PNG", b"Content-Type: image/png")),
        foreign.record("response", "https://other.example/gone", 
                       foreign.answer(b"gone", status=b"HTTP/1.1 404 Not Found")),
        foreign.record("revisit", foreign.address(5, other), foreign.answer(b""), at=30),
    ]  # fmt: skip
    (folder / "first.warc.gz").write_bytes(foreign.gz(first))
    (folder / "second.warc.gz").write_bytes(foreign.gz([*second, *more]))
    (folder / "third.warc").write_bytes(b"".join(foreign.response(number) for number in (8, 9)))
    return folder


def rows_of(output: Path) -> list[dict[str, Any]]:
    """Return all rows in the Parquet files of a folder, by file and place."""
    return [row for path in sorted(output.glob("*.parquet")) for row in pyarrow.parquet.read_table(path).to_pylist()]


def bytes_of(output: Path) -> dict[str, bytes]:
    """Return the files of an output by name, those that are hidden included."""
    return {path.name: path.read_bytes() for path in output.iterdir()}
