"""Find the archive folder, and name the files in it. Knows only names; opens nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pipelines.core.archive_layout import DATABASE_NAME, WARC_FOLDER
from pipelines.core.errors import NoArchive

SETTINGS = "morgue.toml"


@dataclass(frozen=True, slots=True)
class ArchiveFolder:
    """Name the files of one archive."""

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
    """Return the archive of a command: `-C DIR`, else `MORGUE_ARCHIVE`, else the current folder or one above it.

    Raises NoArchive if the named folder, or every folder from the current one upward, has no `morgue.toml`.
    """
    named = given or os.environ.get("MORGUE_ARCHIVE")
    if named:
        folder = ArchiveFolder(Path(named).expanduser().absolute())
        if not folder.settings.is_file():
            origin = "-C" if given else "MORGUE_ARCHIVE"
            raise NoArchive(
                named, f"{origin} names a folder without {SETTINGS}, which is not an archive", f"morgue init {named}"
            )
        return folder
    here = Path.cwd()
    for path in (here, *here.parents):
        if (path / SETTINGS).is_file():
            return ArchiveFolder(path)
    raise NoArchive(
        str(here),
        "there is no archive in this folder or any folder above it",
        "run morgue init NAME, then cd NAME; or say -C DIR",
    )
