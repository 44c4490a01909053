"""Find the databases that were put aside, `morgue.db.before-YYYYMMDDhhmmss`. Only the user deletes them."""

from __future__ import annotations

from pathlib import Path

from crawler.cli.crawl_summary import size
from pipelines.core.archive_layout import DATABASE_NAME, OLD_DATABASE_SUFFIX, side_files


def old_databases(folder: Path) -> list[Path]:
    """Return the databases put aside in an archive folder, the oldest first."""
    paths = folder.glob(f"{DATABASE_NAME}{OLD_DATABASE_SUFFIX}*")
    return sorted(path for path in paths if path.suffix.removeprefix(OLD_DATABASE_SUFFIX).isdigit())


def disk_bytes(path: Path) -> int:
    """Return the bytes of a database on disk, its -wal and -shm files included."""
    return sum(file.stat().st_size for file in (path, *side_files(path)) if file.exists())


def description(path: Path) -> str:
    """Return the path and the size of a database, for people."""
    others = [file.name.removeprefix(path.name) for file in side_files(path) if file.exists()]
    return f"{path} ({size(disk_bytes(path))}{', with ' if others else ''}{' and '.join(others)})"
