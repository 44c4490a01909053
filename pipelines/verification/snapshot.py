"""Hold what an archive looks like at the beginning of a verification: rows, files, manifest."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.core.archive_layout import DATABASE_NAME, is_export
from pipelines.core.errors import DiskFull, MorgueError, NoArchive
from pipelines.verification import database_check
from pipelines.verification.findings import Finding
from pipelines.verification.inventory import Inventory, WarcFileInfo, take_inventory
from pipelines.warc.manifest import ManifestEntry

# Rows of a file are committed within a second after it is finished (`archive.group_commit.COMMIT_SECONDS`).
COMMIT_WAIT_SECONDS = 2.0
RECENT_SECONDS = 60.0  # a file that changed since may have been written while its rows were read


@dataclass(slots=True)
class ArchiveSnapshot:
    """Hold the rows, files and manifest of an archive, and what is wrong with any of them as a whole."""

    archive: Path
    database: Path | None  # None: it cannot be read
    rows: dict[str, sqlite3.Row]  # by file, as `database_check.rows_by_file` returns them
    inventory: Inventory
    journal: int | None = None  # number of the last journal record that the database counts; None: not known
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_export(self) -> bool:
        """True if the archive was exported without WARC files, which are therefore not missing."""
        return not self.files and not self.inventory.entries and is_export(self.archive)

    @property
    def files(self) -> dict[str, WarcFileInfo]:
        """WARC files by name."""
        return self.inventory.files

    def entry(self, name: str) -> ManifestEntry | None:
        """Return the manifest line of a file, or None."""
        return (self.inventory.entries or {}).get(name)

    def is_unknown(self, file: WarcFileInfo) -> bool:
        """Return True for a finished file that neither the manifest nor a row knows."""
        entries = self.inventory.entries
        known = entries is None or file.name in entries or file.name in self.rows
        return file.state == "finished" and not known


def take_snapshot(archive: Path) -> ArchiveSnapshot:
    """Read the rows, then list the files, then read the manifest. Raises MorgueError."""
    path = archive / DATABASE_NAME
    database: Path | None = path
    rows: dict[str, sqlite3.Row] = {}
    trouble: Finding | None = None
    journal: int | None = None
    try:
        journal = database_check.last_journal_record(path)
        rows = database_check.rows_by_file(path)
    except NoArchive:
        database = None
        trouble = Finding(DATABASE_NAME, None, "no database", "the archive has no database")
    except DiskFull:
        raise  # the database may be sound
    except MorgueError as error:
        database, trouble = None, database_check.as_finding(error)
    inventory = take_inventory(archive)
    if trouble is not None and trouble.kind == "no database" and not inventory.files and not inventory.entries:
        trouble = None  # nothing was crawled yet
    snapshot = ArchiveSnapshot(archive, database, rows, inventory, journal)
    snapshot.findings += [trouble] if trouble else []
    snapshot.findings += _wrong_database(snapshot)
    snapshot.findings += inventory.findings
    return snapshot


def _wrong_database(snapshot: ArchiveSnapshot) -> Iterator[Finding]:
    """Check that the database belongs to these files.

    This comes after the manifest was read: a manifest line is written only after the rows it tells of are committed.
    """
    if snapshot.database is None or not snapshot.inventory.entries:
        return
    try:
        yield from database_check.wrong_database(snapshot.database, snapshot.inventory.entries.values())
    except MorgueError:  # the checks of the database itself report it
        return


def wait_for_rows(files: Iterable[WarcFileInfo]) -> bool:
    """Wait until the rows of these files are committed. Return False, and do not wait, if all are older than that."""
    if not any(file.modified > time.time() - RECENT_SECONDS for file in files):
        return False
    time.sleep(COMMIT_WAIT_SECONDS)
    return True
