"""Find what is wrong with the files of an archive: morgue.toml with which no crawl starts, sources not crawled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime

from crawler.config.archive_folder import ArchiveFolder
from crawler.config.listed_twice import listed_twice
from crawler.config.models import Config, default_config, load
from crawler.health.kinds import ARCHIVE, BAD, BROKEN_FILE, WARN, HealthReason
from pipelines.core.errors import ConfigError
from pipelines.core.plural import first_of

MAX_FILES_NAMED = 5  # of sources that have mistakes


@dataclass(frozen=True, slots=True)
class SettingsFiles:
    """Hold what the files of an archive say."""

    config: Config
    error: ConfigError | None = None  # with which no crawl can start: nothing is known of the files of sources then

    @property
    def folder(self) -> ArchiveFolder:
        return self.config.folder


def read_files(folder: ArchiveFolder, overrides: Sequence[str] = ()) -> SettingsFiles:
    """Return what the files of an archive say; the default settings and no sources if no crawl can start with them.

    Raises ConfigError for a mistake while there are `overrides`: it may be theirs.
    """
    try:
        return SettingsFiles(load(folder, overrides, skip_broken=True))
    except ConfigError as error:
        if overrides:
            raise
        return SettingsFiles(default_config(folder), error)


def reasons_of_files(files: SettingsFiles, known: Container[str], now: datetime) -> dict[str, list[HealthReason]]:
    """Return what is wrong with the files, by the name of the source; of one not yet `known`, with the archive's.

    The sources that this archive has never crawled have no row, and no verdict of their own.
    """
    if files.error is not None:
        told = f"no crawl can start: {first_line(files.error)}"
        return {ARCHIVE: [HealthReason("settings", BAD, now, told)]}
    found: defaultdict[str, list[HealthReason]] = defaultdict(list)
    new = []
    for name, error in files.config.broken.items():
        if name in known:
            found[name].append(HealthReason(BROKEN_FILE, BAD, now, first_line(error)))
        else:
            new.append(first_line(error))
    if new:
        found[ARCHIVE].append(HealthReason(BROKEN_FILE, BAD, now, first_of(new, MAX_FILES_NAMED)))
    for name, told in listed_twice(files.config.sources.values(), now).items():
        found[name].append(HealthReason("shared listing", WARN, now, told))
    return found


def first_line(error: ConfigError) -> str:
    """Return the first mistake that an error names."""
    return str(error).splitlines()[0]
