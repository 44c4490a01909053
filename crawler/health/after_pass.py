"""Say after a pass what changed in the health of sources, and turn it into the exit code of the pass."""

from __future__ import annotations

from collections.abc import Container
from contextlib import closing

import click

from crawler.engine.crawl import CrawlRun
from crawler.engine.lost_files import lost_files_note
from crawler.health.check import look, tell_changes
from crawler.health.kinds import BAD, HealthReason
from crawler.health.settings_files import SettingsFiles
from crawler.health.told_changes import CHANGED, ENDED, REMINDER
from pipelines.core.errors import ConfigError, MorgueError, NothingReachable
from pipelines.core.terminal import plain
from pipelines.core.timestamps import now
from pipelines.database.connection import connect

# Exit codes that say something of sources; the others (a full disk, Ctrl-C) are of the run itself.
OF_SOURCES = (0, MorgueError.exit_code, NothingReachable.exit_code)


def after_pass(
    run: CrawlRun,
    code: int,
    target: str,
    *,
    by_change: bool,
    said_already: Container[str] = (),
    broken_settings: ConfigError | None = None,
) -> int:
    """Tell what changed to `target`, with `by_change` also on standard error; return the exit code of the pass.

    `by_change`: sources change the code only in the pass that says something new of them. What is wrong with the run
    itself stays as it is. `said_already`: kinds whose changes the caller has said itself. `broken_settings`: what is
    wrong with morgue.toml as it is now; this pass ran with it as it was before. Raises MorgueError.
    """
    if code not in OF_SOURCES:
        return code
    files = SettingsFiles(run.config, broken_settings)
    with closing(connect(files.folder.database)) as db:
        found = look(db, files, seen_by_crawl(run))
    report = tell_changes(files, found, target, of_pass=True, prints=by_change)
    for change in report.changes:
        if change.reason.kind in said_already and change.change != REMINDER:
            continue
        prefix = "" if change.change == ENDED else "needs attention: "
        click.echo(plain(prefix + change.text()), err=True)
    is_news = any(change.change not in (ENDED, CHANGED) for change in report.changes)
    if not by_change:
        return MorgueError.exit_code if is_news else code
    return MorgueError.exit_code if is_news or run.has_internal_error else 0


def seen_by_crawl(run: CrawlRun) -> list[HealthReason]:
    """Return what only a crawl can see of the archive."""
    warning, _summary = lost_files_note(run.context.archive_writer)
    return [HealthReason("lost files", BAD, now(), warning.splitlines()[0])] if warning else []
