"""Look at an archive, and tell its owner what changed."""

from __future__ import annotations

import logging
import shutil
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.config.archive_folder import ArchiveFolder
from crawler.config.health_settings import HealthSettings
from crawler.config.pauses import paused_sources
from crawler.health.kinds import OF_CRAWL, HealthReason, SourceVerdict
from crawler.health.reasons import verdicts
from crawler.health.told_changes import HealthChange, news, with_history
from crawler.health.watch_state import watch_of
from pipelines.core.timestamps import now
from pipelines.database.connection import connect
from pipelines.database.health.observation import observe
from pipelines.database.health.told import note, told_reasons

if TYPE_CHECKING:
    from crawler.config.models import Config

logger = logging.getLogger("morgue.health")


@dataclass(frozen=True, slots=True)
class SourceFiles:
    """Contain the names of sources that have a file: the others are not watched."""

    folder: Path

    def __contains__(self, name: object) -> bool:
        return (self.folder / f"{name}.toml").is_file()


def look(
    db: sqlite3.Connection,
    folder: ArchiveFolder,
    settings: HealthSettings,
    extra: Mapping[str, list[HealthReason]] | None = None,
) -> list[SourceVerdict]:
    """Return the verdicts on the archive and on each source that has a file. Raises MorgueError.

    `extra`: what a crawl has seen, by the name of the source. Without it, what the last crawl noted holds on.
    """
    time = now()
    facts = observe(db, time, SourceFiles(folder.sources), paused_sources(folder.sources, time))
    facts = replace(facts, watch=watch_of(folder.path))
    try:
        disk = shutil.disk_usage(folder.path)
        facts = replace(facts, free=disk.free, size=disk.total)
    except OSError as error:
        logger.warning("%(folder)s: its disk cannot be asked (%(why)s)", {"folder": folder.path, "why": error.strerror})
    unseen = OF_CRAWL if extra is None else frozenset()
    return with_history(verdicts(facts, time, extra, settings.coverage_drop), told_reasons(db), unseen)


@dataclass(frozen=True, slots=True)
class HealthReport:
    """Hold what changed, and why it could not be told."""

    changes: tuple[HealthChange, ...] = ()
    failure: str | None = None


def tell_changes(
    config: Config, found: Sequence[SourceVerdict], target: str, *, sees_crawl: bool = False
) -> HealthReport:
    """Tell `target` (a command, a web address; "": the caller prints it) what changed, and note that it was told.

    What could not be told is news again next time. `sees_crawl`: the verdicts hold what only a crawl can see.
    Raises MorgueError.
    """
    path = config.folder.database
    with closing(connect(path)) as db:
        known = told_reasons(db)
    unseen = frozenset() if sees_crawl else OF_CRAWL
    changed = news(known, found, now(), float(config.notify.remind), unseen)
    failure = None
    if changed.changes and target:
        from crawler.health.notify import payload, send  # the settings and an HTTP client take a quarter of a second

        failure = send(target, payload(config.folder.path.name, changed.changes), config)
    rows = [one.untold if failure else one.told for one in changed.changes]
    note(path, [*changed.kept, *rows], changed.dropped)
    if failure:
        logger.warning("a message could not be sent: %(why)s", {"why": failure})
    return HealthReport(changed.changes, failure)
