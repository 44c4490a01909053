"""Name what an archive folder holds, for code that must not know how the files themselves are written."""

from __future__ import annotations

import json
import os
from pathlib import Path

from pipelines.core.safe_open import open_file

SETTINGS_NAME = "morgue.toml"  # this file makes a folder an archive
SOURCES_FOLDER = "sources"  # in the archive folder: one file for each source
LOCK_NAME = "morgue.lock"  # in the archive folder, beside the database
WATCH_LOCK_NAME = "watch.lock"  # in the archive folder: locked by `morgue watch` as long as it runs
WATCH_STATUS_NAME = "watch.json"  # in the archive folder: what `morgue watch` does now
MANIFEST_NAME = "manifest.jsonl"
SHIPPED_NAME = "shipped.jsonl"  # in the archive folder: the bucket, and which WARC files lie in it
HOLDER_NAME = "lease.json"  # in the folder of a shard: under which lease its files were last written
EXPORT_MANIFEST_NAME = "manifest.json"  # in a folder that `morgue export` made, also one that is an archive
MAX_EXPORT_MANIFEST_BYTES = 1 << 20
EXPORTED_BY = "newsmorgue "  # begins the field `software` of such a manifest
DATABASE_NAME = "morgue.db"
REBUILDING_SUFFIX = ".rebuilding"  # added to the name of a database that a rebuild is making
RESTORING_SUFFIX = ".restoring"  # added to the name of a copy that `morgue restore` is bringing up to date
RESTORED_SUFFIX = ".restored"  # added to its name when it is up to date, and about to be the database
OLD_DATABASE_SUFFIX = ".before-"  # added, with YYYYMMDDhhmmss, to the name of a database that was put aside
WARC_FOLDER = "warc"  # in the archive folder; its own layout is in pipelines/warc/storage.py
WARC_SUFFIX = ".warc.gz"  # of a finished WARC file
OWN_NAMES = (
    *(SETTINGS_NAME, LOCK_NAME, WATCH_LOCK_NAME, WATCH_STATUS_NAME, MANIFEST_NAME, SHIPPED_NAME, HOLDER_NAME),
    *(SOURCES_FOLDER, WARC_FOLDER),
)


def side_files(database: Path) -> tuple[Path, Path]:
    """Return the files that SQLite keeps beside a database that was not closed: `-wal` and `-shm`."""
    return database.with_name(database.name + "-wal"), database.with_name(database.name + "-shm")


def archive_owning(path: Path) -> Path | None:
    """Return the archive folder to whose own files a path belongs (links in its folders are followed), or None.

    No other file may be written under the name of settings, lock, manifest or database, or in warc/ or sources/.
    """
    place = path.parent.resolve() / path.name
    for folder in place.parents:
        if os.path.lexists(folder / SETTINGS_NAME):
            first = place.relative_to(folder).parts[0].casefold()  # some file systems do not tell MORGUE.DB apart
            return folder if first in OWN_NAMES or first.startswith(DATABASE_NAME) else None
    return None


def is_export(folder: Path) -> bool:
    """Return True if a folder is an archive that `morgue export sqlite` made: it has no WARC files, and gets none."""
    try:
        with open_file(folder / EXPORT_MANIFEST_NAME) as file:
            manifest = json.loads(file.read(MAX_EXPORT_MANIFEST_BYTES))
    except (OSError, ValueError, RecursionError):  # there is none, or none of ours
        return False
    written = isinstance(manifest, dict) and str(manifest.get("software")).startswith(EXPORTED_BY)
    return written and manifest.get("format") == "sqlite"


def is_warc_name(name: str) -> bool:
    """Return True if a finished WARC file may have this name: a row and a line can hold it."""
    return name.endswith(WARC_SUFFIX) and name.isprintable() and "/" not in name


def has_warc_files(archive: Path) -> bool:
    """Return True if an archive has a finished WARC file, here or in a bucket: a missing database is made from it."""
    return next(archive.glob(f"{WARC_FOLDER}/*{WARC_SUFFIX}"), None) is not None or (archive / SHIPPED_NAME).exists()
