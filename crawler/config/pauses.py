"""Say which sources their files pause. Imports nothing heavy: `morgue health` must start fast."""

from __future__ import annotations

import tomllib
from datetime import date, datetime
from pathlib import Path

from crawler.config.archive_folder import MAX_TOML_BYTES
from pipelines.core import safe_open

KEY = "paused"


def pause_lasts(value: object, now: datetime) -> bool:
    """Return True if the value of the key `paused` lets a source rest now: true, or the day of its end is to come.

    What is no value of this key pauses nothing.
    """
    if isinstance(value, bool):
        return value
    try:
        return date.fromisoformat(str(value)) > now.date()
    except ValueError:
        return False


def paused_sources(folder: Path, now: datetime) -> set[str]:
    """Return the names of the sources of the folder sources/ that are paused now.

    A file that cannot be read or has mistakes pauses nothing: other commands name it.
    """
    found: set[str] = set()
    try:
        files = list(folder.glob("*.toml"))
    except OSError:
        return found
    for file in files:
        try:
            data = safe_open.read_bytes(file, MAX_TOML_BYTES)
            # To parse all the files of a large archive takes longer than `morgue health` may.
            value = tomllib.loads(data.decode("utf-8-sig")).get(KEY, False) if KEY.encode() in data else False
        except (OSError, ValueError, RecursionError):
            continue
        if pause_lasts(value, now):
            found.add(file.stem)
    return found
