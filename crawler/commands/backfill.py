"""`morgue backfill`: fetch the articles of a source's past, so many a day."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from math import ceil
from typing import TYPE_CHECKING

import click

from crawler.cli.common_options import POSITIVE, common_options, folder_of, overrides_of
from pipelines.core import timestamps
from pipelines.core.errors import ConfigError, NotFound
from pipelines.core.plural import counted, verb
from pipelines.core.terminal import plain

if TYPE_CHECKING:
    from crawler.config.models import SourceConfig
    from pipelines.database.frontier.backfills import Backfill

DEFAULT_A_DAY = 1000  # articles


@click.command()
@click.argument("source", metavar="SOURCE")
@click.option(
    "--since",
    metavar="DATE",
    help="Only articles of DATE or later: 2024, 2024-03, 2024-03-09, yesterday, '7 days ago'.",
)
@click.option("--until", metavar="DATE", help="Only articles of DATE or earlier; a year or month counts as a whole.")
@click.option("--a-day", type=POSITIVE, metavar="N",
              help=f"Queue at most N articles in a day (UTC); {DEFAULT_A_DAY} if it is not said.")  # fmt: skip
@click.option("--stop", is_flag=True, help="End the backfill; what is not fetched yet stays in the past.")
@common_options
@click.pass_context
def command(
    ctx: click.Context, source: str, since: str | None, until: str | None, a_day: int | None, stop: bool
) -> None:
    """Fetch the past of a source: the articles that its sitemaps name and that were old when they were first read.

    Nothing is fetched at once. Each crawl of the source (`morgue crawl`) queues some of these articles, the newest
    first, until there are N for the day, and fetches them after everything fresh. It goes on until none is left, also
    after crawls that were interrupted. `morgue due` and `morgue sources` show how many are to come.

    Said again, it goes on with the options that are given, and with the others as they were. Articles of which no day
    is known are fetched only without --since and --until.
    """
    from crawler.config.models import load
    from crawler.config.pauses import pause_lasts
    from crawler.engine.open_archive import writing
    from pipelines.database.frontier import backfills
    from pipelines.database.query_language.days import parse_day
    from pipelines.database.store import ArticleStore

    first, last = parse_day("--since", since, last=False), parse_day("--until", until, last=True)
    if first and last and first > last:
        raise ConfigError(f"--since {since}", f"is after --until {until}", "give --since the earlier day")
    if stop and (since or until or a_day):
        raise ConfigError("--stop", "cannot be combined with other options", "leave them out")
    config = load(folder_of(ctx), overrides_of(ctx), skip_broken=True)
    own = config.source_named(source)
    name = own.name
    with writing(config) as archive_writer:
        db, now = archive_writer.db, timestamps.now()
        source_id = archive_writer.call(ArticleStore(db).source_id, name)
        if source_id is None:
            raise NotFound(
                name, "was never crawled, so that nothing of its past is known", f"run `morgue crawl {name}`"
            )
        if stop:
            said = archive_writer.call(stop_backfill, db, source_id, now)
        else:
            backfill = archive_writer.call(meant_backfill, db, source_id, now, first, last, a_day)
            left = archive_writer.call(backfills.left, db, backfill)
            if not left and not archive_writer.call(backfills.has_read_sitemap, db, source_id):
                raise nothing_known(own, has_sitemap=archive_writer.call(backfills.has_sitemap, db, source_id))
            if not left and (backfill.since or backfill.until):
                raise nothing_between(name, backfill)
            said = archive_writer.call(begin_backfill, db, backfill, left, now)
    if pause_lasts(own.paused, now) and not stop:
        said += f"; it is paused, so nothing is fetched before `morgue sources resume {name}`"
    click.echo(plain(f"{name}: {said}"))


def meant_backfill(
    db: sqlite3.Connection, source_id: int, now: datetime, since: str | None, until: str | None, a_day: int | None
) -> Backfill:
    """Return the running backfill of a source with these options, or a new one. Nothing is written."""
    from pipelines.database.frontier import backfills

    old = backfills.running(db).get(source_id) or backfills.Backfill(
        source_id, None, None, DEFAULT_A_DAY, timestamps.stamp(now), None, 0, None
    )
    return old._replace(since=since or old.since, until=until or old.until, a_day=a_day or old.a_day)


def nothing_known(own: SourceConfig, *, has_sitemap: bool) -> NotFound:
    """Return the error for a source of which no sitemap was read, so that its past is not known."""
    from crawler.config.pauses import pause_lasts

    if own.sitemaps or has_sitemap:
        steps = f"`morgue crawl {own.name}`"
        if pause_lasts(own.paused, timestamps.now()):
            steps = f"it is paused: run `morgue sources resume {own.name}`, then {steps}"
        else:
            steps = f"run {steps} first"
        return NotFound(own.name, "its sitemaps were not read yet, so nothing of its past is known", steps)
    cure = f"if it has a sitemap, name it in sources/{own.name}.toml: sitemaps = [...]"
    return NotFound(own.name, "has no sitemap, so nothing of its past is known", cure)


def nothing_between(name: str, backfill: Backfill) -> NotFound:
    """Return the error for days of which no article is left: they may be a mistake, so that nothing is changed."""
    days = [f"since {backfill.since}"] if backfill.since else []
    days += [f"until {backfill.until}"] if backfill.until else []
    cause = f"its sitemaps name no article of the past {' and '.join(days)} that is not fetched or queued yet"
    return NotFound(name, cause, "name other days; a backfill that goes on is as it was")


def begin_backfill(db: sqlite3.Connection, backfill: Backfill, left: int, now: datetime) -> str:
    """Let a backfill begin or go on, and return what to say of it. Runs on the archive writer's thread.

    `left`: number of articles that it has not queued yet.
    """
    from crawler.schedule.revisit_policy import BACKFILL_PRIORITY
    from pipelines.database.frontier import backfills

    queued = backfills.queued(db, backfill, BACKFILL_PRIORITY)
    if not left and not queued:
        backfills.end(db, backfill.source_id, now)
        return "its sitemaps name no article of the past that is not fetched"
    backfills.begin(db, backfill)
    days = ceil(left / backfill.a_day)
    line = f"; {counted(queued, 'more')} {verb(queued, 'is', 'are')} queued" if queued else ""
    pace = f"at {backfill.a_day:,} a day that takes {counted(days, 'day')}"
    return f"{counted(left, 'article')} of the past will be fetched{line}; {pace}"


def stop_backfill(db: sqlite3.Connection, source_id: int, now: datetime) -> str:
    """End a backfill, and return what to say of it. Runs on the archive writer's thread."""
    from crawler.schedule.revisit_policy import BACKFILL_PRIORITY
    from pipelines.database.frontier import backfills

    backfill = backfills.running(db).get(source_id)
    if backfill is None:
        return "no backfill was going on"
    backfills.release(db, backfill, BACKFILL_PRIORITY)
    backfills.end(db, source_id, now)
    stay = backfills.left(db, backfill._replace(since=None, until=None))
    return f"the backfill is stopped; {counted(stay, 'article')} of the past {verb(stay, 'stays', 'stay')}"
