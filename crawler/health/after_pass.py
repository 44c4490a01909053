"""Say after a pass what changed in the health of sources, and turn it into the exit code of the pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container
from contextlib import closing

import click

from crawler.config.listed_twice import listed_twice
from crawler.engine.crawl import CrawlRun
from crawler.engine.lost_files import lost_files_note
from crawler.health.check import look, tell_changes
from crawler.health.kinds import ARCHIVE, BAD, WARN, HealthReason
from crawler.health.told_changes import CHANGED, ENDED, REMINDER
from pipelines.core.errors import MorgueError, NothingReachable
from pipelines.core.plural import first_of
from pipelines.core.terminal import plain
from pipelines.core.timestamps import now
from pipelines.database.connection import connect
from pipelines.database.health.observation import source_names

# Exit codes that say something of sources; the others (a full disk, Ctrl-C) are of the run itself.
MAX_FILES_NAMED = 5  # of sources that have mistakes
OF_SOURCES = (0, MorgueError.exit_code, NothingReachable.exit_code)


def after_pass(run: CrawlRun, code: int, target: str, *, by_change: bool, said_already: Container[str] = ()) -> int:
    """Tell what changed to `target`, with `by_change` also on standard error; return the exit code of the pass.

    `by_change`: sources change the code only in the pass that says something new of them. What is wrong with the run
    itself stays as it is. `said_already`: kinds whose changes the caller has said itself. Raises MorgueError.
    """
    if code not in OF_SOURCES:
        return code
    config = run.config
    with closing(connect(config.folder.database)) as db:
        found = look(db, config.folder, config.health.coverage_drop, seen_by_crawl(run, source_names(db)))
    report = tell_changes(config, found, target, of_pass=True, prints=by_change)
    for change in report.changes:
        if change.reason.kind in said_already and change.change != REMINDER:
            continue
        prefix = "" if change.change == ENDED else "needs attention: "
        click.echo(plain(prefix + change.text()), err=True)
    is_news = any(change.change not in (ENDED, CHANGED) for change in report.changes)
    if not by_change:
        return MorgueError.exit_code if is_news else code
    return MorgueError.exit_code if is_news or run.has_internal_error else 0


def seen_by_crawl(run: CrawlRun, known: Container[str]) -> dict[str, list[HealthReason]]:
    """Return the reasons that only a crawl can see, by the name of their source; of one not yet `known`, the archive's.

    The sources that this archive has never crawled have no row, and no verdict of their own.
    """
    time = now()
    found: defaultdict[str, list[HealthReason]] = defaultdict(list)
    new = {}
    for name, error in run.config.broken.items():
        if name in known:
            found[name].append(HealthReason("broken file", BAD, time, str(error).splitlines()[0]))
        else:
            new[name] = str(error).splitlines()[0]
    if new:
        told = first_of(list(new.values()), MAX_FILES_NAMED)
        found[ARCHIVE].append(HealthReason("broken file", BAD, time, told))
    for name, told in listed_twice(run.config.sources.values(), time).items():
        found[name].append(HealthReason("shared listing", WARN, time, told))
    warning, _summary = lost_files_note(run.context.archive_writer)
    if warning:
        found[ARCHIVE].append(HealthReason("lost files", BAD, time, warning.splitlines()[0]))
    return found
