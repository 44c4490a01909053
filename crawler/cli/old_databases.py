"""Databases that a rebuild put aside: `morgue.db.before-YYYYMMDDhhmmss`. Only people delete them."""

from __future__ import annotations

from pathlib import Path

from crawler.cli.crawl_summary import size

DATABASE_SUFFIXES = ("", "-wal", "-shm")  # what SQLite keeps beside a database that was not closed


def old_databases(folder: Path) -> list[Path]:
    """Those of an archive, the oldest first."""
    return sorted(path for path in folder.glob("morgue.db.before-*") if path.suffix.removeprefix(".before-").isdigit())


def disk_bytes(path: Path) -> int:
    """How large one is on disk, with what stands beside it."""
    beside = (path.with_name(path.name + ending) for ending in DATABASE_SUFFIXES)
    return sum(one.stat().st_size for one in beside if one.exists())


def description(path: Path) -> str:
    """One of them, for people."""
    beside = [ending for ending in DATABASE_SUFFIXES[1:] if path.with_name(path.name + ending).exists()]
    return f"{path} ({size(disk_bytes(path))}{', with ' if beside else ''}{' and '.join(beside)})"
