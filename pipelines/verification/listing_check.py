"""Check an archive by names, sizes and numbers of rows, without reading a WARC file."""

from __future__ import annotations

import os
from collections.abc import Container, Iterator
from pathlib import Path

from pipelines.bucket.opening import warc_storage
from pipelines.core.errors import MorgueError
from pipelines.core.plural import counted, verb
from pipelines.verification import database_check
from pipelines.verification.findings import Finding, VerificationReport
from pipelines.verification.inventory import WarcFileInfo, take_inventory
from pipelines.verification.snapshot import ArchiveSnapshot, wait_for_rows
from pipelines.warc.manifest import ManifestEntry
from pipelines.warc.storage import WarcStorage


def missing_files(snapshot: ArchiveSnapshot, lost: Container[str] = ()) -> Iterator[Finding]:
    """Yield a finding for each file that the manifest or a row names and that is not there, and not in `lost`."""
    if snapshot.is_export:
        return
    storage = warc_storage(snapshot.archive)
    for name in sorted({*(snapshot.inventory.entries or {}), *snapshot.rows}):
        if name in snapshot.files or name in lost or storage.has(name):
            continue
        known_by = ["it is in the manifest"] if snapshot.entry(name) is not None else []
        if name in snapshot.rows:
            rows = snapshot.rows[name]["rows"]
            known_by.append(f"{counted(rows, 'row')} of captures {verb(rows, 'points', 'point')} into it")
        yield Finding(f"warc/{name}", None, "missing", f"is not there, but {', and '.join(known_by)}")


def changed_files(snapshot: ArchiveSnapshot) -> Iterator[Finding]:
    """Yield a finding for each file that was damaged when something was removed from it.

    The manifest has the SHA-256 of the damaged file, so a matching SHA-256 says nothing about the damage.
    """
    for name, entry in sorted((snapshot.inventory.entries or {}).items()):
        if entry.was is not None and name in snapshot.files:
            what = f"was damaged when something was removed from it; the SHA-256 in the manifest was {entry.was}"
            yield Finding(f"warc/{name}", None, "changed", what)


def check_sizes_and_rows(snapshot: ArchiveSnapshot, report: VerificationReport) -> None:
    """Compare sizes and numbers of rows with the manifest, and add findings and totals to the report."""
    storage = warc_storage(snapshot.archive)
    for file in snapshot.files.values():
        report.bytes += file.size
        entry, row = snapshot.entry(file.name), snapshot.rows.get(file.name)
        if row is not None:
            report.captures += row["rows"]
            if row["size"] > file.size:
                what = f"rows point at {counted(row['size'], 'byte')}, the file has {file.size:,}"
                report.findings.add(Finding(f"warc/{file.name}", None, "no record", what))
        if entry is not None and file.state == "finished" and _has_other_size(storage, file, entry):
            what = f"{counted(file.size, 'byte')}, {entry.size:,} in the manifest"
            report.findings.add(Finding(f"warc/{file.name}", None, "size", what))
    if snapshot.database is not None:
        report.findings.extend(_wrong_row_counts(snapshot, snapshot.database))


def _has_other_size(storage: WarcStorage, file: WarcFileInfo, entry: ManifestEntry) -> bool:
    """Return True if a file is longer or shorter than listed.

    A crawl may have continued it after its size was read, and before the manifest was.
    """
    if file.size >= entry.size:
        return file.size > entry.size
    try:
        with storage.open(file.name) as now:
            return now.seek(0, os.SEEK_END) < entry.size
    except MorgueError:
        return True


def _wrong_row_counts(snapshot: ArchiveSnapshot, database: Path) -> Iterator[Finding]:
    """Yield a finding for each file that has more or fewer rows than the manifest lists captures."""
    if wrong := _files_with_wrong_row_count(snapshot):
        wait_for_rows(file for file, _, _ in wrong)
        snapshot.rows = database_check.rows_by_file(database)
        snapshot.inventory = take_inventory(snapshot.archive)  # again: a crawl may be continuing a file
    for file, captures, rows in _files_with_wrong_row_count(snapshot):
        kind = "no row" if rows < captures else "no record"
        what = f"{counted(captures, 'capture')} in the manifest, {counted(rows, 'row')} in the database"
        yield Finding(f"warc/{file.name}", None, kind, what)


def _files_with_wrong_row_count(snapshot: ArchiveSnapshot) -> list[tuple[WarcFileInfo, int, int]]:
    """Return (file, captures by the manifest, rows) where the two differ."""
    wrong = []
    for file in snapshot.files.values():
        entry, row = snapshot.entry(file.name), snapshot.rows.get(file.name)
        rows = row["rows"] if row is not None else 0
        if entry is not None and file.state == "finished" and rows != entry.captures:
            wrong.append((file, entry.captures, rows))
    return wrong
