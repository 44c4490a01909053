"""The archive folder: how it is found, and what lies where in it. Knows names only; opens nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pipelines.core.archive_layout import DATABASE_NAME, WARC_FOLDER
from pipelines.core.errors import NoArchive

SETTINGS = "morgue.toml"


@dataclass(frozen=True, slots=True)
class ArchiveFolder:
    """One archive on disk."""

    path: Path

    @property
    def settings(self) -> Path:
        return self.path / SETTINGS

    @property
    def sources(self) -> Path:
        return self.path / "sources"

    @property
    def database(self) -> Path:
        return self.path / DATABASE_NAME

    @property
    def warc(self) -> Path:
        return self.path / WARC_FOLDER


def find(given: str | None = None) -> ArchiveFolder:
    """The archive that a command means: `-C DIR`, else `MORGUE_ARCHIVE`, else upward from the current folder.

    Raises NoArchive if the place named (or every folder above the current one) has no `morgue.toml`.
    """
    named = given or os.environ.get("MORGUE_ARCHIVE")
    if named:
        folder = ArchiveFolder(Path(named).expanduser().absolute())
        if not folder.settings.is_file():
            origin = "-C" if given else "MORGUE_ARCHIVE"
            raise NoArchive(named, f"{origin} names no archive: it holds no {SETTINGS}", f"morgue init {named}")
        return folder
    here = Path.cwd()
    for path in (here, *here.parents):
        if (path / SETTINGS).is_file():
            return ArchiveFolder(path)
    raise NoArchive(
        str(here), "no archive here or in any folder above", "morgue init NAME, then cd NAME (or say -C DIR)"
    )
