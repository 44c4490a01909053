"""Find what is wrong with the files of an archive: morgue.toml with which no crawl starts, sources not crawled.

To check the files of 500 sources takes longer than `morgue health` may. So a look that notes what it found, as each
pass of a timer or a watch does, also notes in which state the files were. While they are in it, what was noted of them
holds.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING

from crawler import __version__
from crawler.config.archive_folder import ArchiveFolder, FileStamp, file_stamps
from crawler.config.pauses import pause_lasts, paused_sources
from crawler.config.setting_names import coverage_drop
from crawler.health.kinds import ARCHIVE, BAD, BROKEN_FILE, OF_SOURCE_FILES, WARN, HealthReason
from pipelines.core.errors import ConfigError
from pipelines.core.plural import first_of
from pipelines.core.timestamps import now
from pipelines.database.health.told import judged_files

if TYPE_CHECKING:
    from crawler.config.models import Config

MAX_FILES_NAMED = 5  # of sources that have mistakes
STATE_BYTES = 16  # of the hash that stands for the state of the files

Reasons = Mapping[str, list[HealthReason]]  # by the name of the source
Paused = Mapping[str, bool | str]  # by the name of the source: true, or the day of the end


@dataclass(frozen=True, slots=True)
class SettingsFiles:
    """Hold what the files of an archive say."""

    config: Config
    error: ConfigError | None = None  # with which no crawl can start: nothing is known of the files of sources then

    @property
    def folder(self) -> ArchiveFolder:
        return self.config.folder

    @property
    def coverage_drop(self) -> float:
        return self.config.health.coverage_drop

    @property
    def unseen(self) -> frozenset[str]:
        """Return the kinds of reasons of which nothing is known now: what was noted of them holds."""
        return OF_SOURCE_FILES if self.error is not None else frozenset()

    def paused(self, time: datetime) -> Paused:
        """Return the sources that are paused."""
        return paused_sources(self.folder.sources, time)

    def reasons(self, known: Container[str], time: datetime) -> Reasons:
        """Return what is wrong with the files; of a source that is not yet `known`, with the archive's.

        The sources that this archive has never crawled have no row, and no verdict of their own.
        """
        from crawler.config.listed_twice import listed_twice

        if self.error is not None:
            told = f"no crawl can start: {first_line(self.error)}"
            return {ARCHIVE: [HealthReason("settings", BAD, time, told)]}
        found: defaultdict[str, list[HealthReason]] = defaultdict(list)
        new = []
        for name, error in self.config.broken.items():
            if name in known:
                found[name].append(HealthReason(BROKEN_FILE, BAD, time, first_line(error)))
            else:
                new.append(first_line(error))
        if new:
            found[ARCHIVE].append(HealthReason(BROKEN_FILE, BAD, time, first_of(new, MAX_FILES_NAMED)))
        for name, told in listed_twice(self.config.sources.values(), time).items():
            found[name].append(HealthReason("shared listing", WARN, time, told))
        return found

    def state(self, time: datetime) -> str | None:
        """Return what stands for the state of the files in which they were read; None if it is not known."""
        if self.error is not None or self.config.read_from is None:
            return None
        paused = [name for name, own in self.config.sources.items() if pause_lasts(own.paused, time)]
        return state_of(self.config.read_from, paused)


@dataclass(frozen=True, slots=True)
class UnchangedFiles:
    """Stand for files in the state in which they were when they were last judged: what was noted of them holds."""

    folder: ArchiveFolder
    coverage_drop: float
    paused_now: Paused
    unseen: frozenset[str] = OF_SOURCE_FILES

    def paused(self, _time: datetime) -> Paused:
        """Return the sources that are paused."""
        return self.paused_now

    def reasons(self, _known: Container[str], _time: datetime) -> Reasons:
        """Return nothing: the reasons are noted."""
        return {}


def read_files(folder: ArchiveFolder, overrides: Sequence[str] = ()) -> SettingsFiles:
    """Return what the files of an archive say; the default settings and no sources if no crawl can start with them.

    Raises ConfigError for a mistake while there are `overrides`: it may be theirs.
    """
    from crawler.config.models import default_config, load

    try:
        return SettingsFiles(load(folder, overrides, skip_broken=True))
    except ConfigError as error:
        if overrides:
            raise
        return SettingsFiles(default_config(folder), error)


def unchanged_files(db: sqlite3.Connection, folder: ArchiveFolder) -> UnchangedFiles | None:
    """Return the files if they are in the state that was judged last, else None. Raises MorgueError."""
    if (judged := judged_files(db)) is None:
        return None
    stamps, paused, drop = file_stamps(folder), paused_sources(folder.sources, now()), coverage_drop(folder)
    if drop is None or state_of(stamps, paused) != judged:
        return None
    return UnchangedFiles(folder, drop, paused)


def state_of(stamps: Mapping[str, FileStamp | None], paused: Iterable[str]) -> str | None:
    """Return a hash of all on which the reasons of the files depend; None if a file cannot be looked at.

    Another version of the program may judge differently. A pause may end without a change of its file, and a source
    that is paused shares no listing.
    """
    if None in stamps.values():
        return None
    facts = (__version__, sorted(stamps.items()), sorted(paused))
    return blake2b(repr(facts).encode("utf-8", "surrogateescape"), digest_size=STATE_BYTES).hexdigest()


def first_line(error: ConfigError) -> str:
    """Return the first mistake that an error names."""
    return str(error).splitlines()[0]
