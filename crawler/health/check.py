"""Look at an archive, and tell its owner what changed."""

from __future__ import annotations

import logging
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from crawler.health.bucket import bucket_reasons
from crawler.health.kinds import (
    ARCHIVE,
    ARCHIVE_ID,
    OF_CRAWL,
    OK,
    UNTOLD,
    WARN,
    HealthReason,
    SourceVerdict,
)
from crawler.health.reasons import verdicts
from crawler.health.settings_files import SettingsFiles, UnchangedFiles
from crawler.health.told_changes import HealthChange, news, noted, with_history
from crawler.health.watch_state import watch_of
from pipelines.core.timestamps import now
from pipelines.database.connection import connect, file_of
from pipelines.database.filters import ids_of_sources
from pipelines.database.health.observation import observe
from pipelines.database.health.told import FILES_KEY, ToldReason, judged_files, note, told_reasons
from pipelines.database.shards.databases import Database, shards_of

logger = logging.getLogger("morgue.health")

REMIND_SECONDS = 86_400.0  # after which a pass says again that messages fail


@dataclass(frozen=True, slots=True)
class SourceFiles:
    """Contain the names of sources that have a file: the others are not watched."""

    folder: Path

    def __contains__(self, name: object) -> bool:
        return (self.folder / f"{name}.toml").is_file()


def look_at_all(
    db: Database, files_of: Callable[[sqlite3.Connection], SettingsFiles | UnchangedFiles]
) -> list[SourceVerdict]:
    """Return the verdicts of an archive, or of all shards of a fleet, each of which is named. Raises MorgueError."""
    return [verdict for one in shards_of(db) for verdict in look_at_part(db, one, files_of(one))]


def look_at_part(db: Database, part: sqlite3.Connection, files: SettingsFiles | UnchangedFiles) -> list[SourceVerdict]:
    """Return the verdicts of an archive, or of one shard of a fleet `db`, which is named. Raises MorgueError."""
    found = look(part, files)
    if part is db:
        return found
    name = f"(shard {file_of(part).parent.name})"  # no source can have it
    return [replace(one, name=name) if one.is_archive else one for one in found]


def look(
    db: sqlite3.Connection, files: SettingsFiles | UnchangedFiles, by_crawl: Sequence[HealthReason] | None = None
) -> list[SourceVerdict]:
    """Return the verdicts on the archive and on each source that has a file. Raises MorgueError.

    `by_crawl`: what a crawl has seen of the archive. Without it, what the last crawl noted holds on.
    """
    time, folder = now(), files.folder
    paused = files.paused(time)
    facts = observe(db, time, SourceFiles(folder.sources), paused)
    facts = replace(facts, watch=watch_of(folder.path))
    try:
        disk = shutil.disk_usage(folder.path)
        facts = replace(facts, free=disk.free, size=disk.total)
    except OSError as error:
        logger.warning("%(folder)s: its disk cannot be asked (%(why)s)", {"folder": folder.path, "why": error.strerror})
    extra = dict(files.reasons(ids_of_sources(db), time))
    extra[ARCHIVE] = [*extra.get(ARCHIVE, ()), *bucket_reasons(db, folder, time), *(by_crawl or ())]
    ends = {name: day for name, day in paused.items() if isinstance(day, str)}
    found = [replace(one, paused_until=ends.get(one.name)) for one in verdicts(facts, time, extra, files.coverage_drop)]
    return with_history(found, told_reasons(db), unseen_by(files, is_crawl=by_crawl is not None))


def unseen_by(files: SettingsFiles | UnchangedFiles, *, is_crawl: bool) -> frozenset[str]:
    """Return the kinds of reasons that a look at the archive cannot see: what was noted of them stays."""
    return files.unseen | {UNTOLD} if is_crawl else files.unseen | OF_CRAWL | {UNTOLD}


@dataclass(frozen=True, slots=True)
class HealthReport:
    """Hold what is to be printed, and why the message could not be sent."""

    changes: tuple[HealthChange, ...] = ()
    failure: str | None = None


def tell_changes(
    files: SettingsFiles, found: Sequence[SourceVerdict], target: str, *, of_pass: bool = False, prints: bool = False
) -> HealthReport:
    """Tell `target` (a command, a web address; "": none) what changed, and note that it was told.

    What could not be sent is sent next time. `of_pass`: the verdicts hold what only a crawl can see. `prints`: the
    caller prints the changes that are returned. Raises MorgueError.
    """
    config = files.config
    path, time, remind = config.folder.database, now(), float(config.notify.remind)
    with closing(connect(path)) as db:
        known, judged = told_reasons(db), judged_files(db)
    found = [replace(one, reasons=tuple(why for why in one.reasons if why.kind != UNTOLD)) for one in found]
    unseen = unseen_by(files, is_crawl=of_pass)
    book = noted(known, found, time, unseen)
    changes = news(book, found, "printed", time, remind, unseen) if prints else ()
    book |= {row.key: row for change in changes for row in change.rows}
    message = news(book, found, "sent", time, remind, unseen) if target else ()
    failure = None
    if message:
        from crawler.health.notify import payload, send  # an HTTP client takes a quarter of a second

        note(path, book.values(), ())  # what cannot be noted as told would be sent again by each call
        failure = send(target, payload(config.folder.path, message), config)
        if failure is None:
            book |= {row.key: row for change in message for row in change.rows}
        else:
            logger.warning("a message could not be sent: %(why)s", {"why": failure})
    if message or (of_pass and not target):  # else nothing is known of the target
        said = note_failure(book, failure, time, is_printed=of_pass)
        changes = (*changes, *said) if prints else said
    kept, dropped = list(book.values()), {row.key for row in known} - book.keys()
    is_whole = not any(one.is_away for one in found)  # else the files of sources were not judged
    if (state := files.state(time) if is_whole else None) != judged:
        if state is None:
            dropped.add(FILES_KEY)
        else:
            kept.append(ToldReason(*FILES_KEY, OK, time, state, time))
    note(path, kept, dropped)
    return HealthReport(changes, failure)


def note_failure(
    book: dict[tuple[int, str], ToldReason], failure: str | None, time: datetime, *, is_printed: bool
) -> tuple[HealthChange, ...]:
    """Note in the book whether a message could be sent. Return what a pass prints of it: once a day while it fails."""
    reasons = (HealthReason(UNTOLD, WARN, time, failure),) if failure is not None else ()
    verdict = SourceVerdict(ARCHIVE_ID, ARCHIVE, reasons)
    old = book.pop((ARCHIVE_ID, UNTOLD), None)
    book |= noted([old] if old is not None else [], [verdict], time, frozenset())
    if not is_printed:
        return ()
    said = news(book, [verdict], "printed", time, REMIND_SECONDS, OF_CRAWL)
    said = tuple(change for change in said if change.reason.kind == UNTOLD)
    book |= {row.key: row for change in said for row in change.rows}
    return said


def note_sent(path: Path, failure: str | None) -> None:
    """Note in a database whether a message that the user sent as a test arrived. Raises MorgueError."""
    with closing(connect(path)) as db:
        known = [row for row in told_reasons(db) if row.kind == UNTOLD]
    book = {row.key: row for row in known}
    note_failure(book, failure, now(), is_printed=False)
    note(path, book.values(), {row.key for row in known} - book.keys())
