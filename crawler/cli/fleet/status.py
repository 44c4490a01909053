"""`morgue fleet status`: how the shards of a fleet are."""

from __future__ import annotations

import sys

import click

from crawler.cli import output
from crawler.cli.archive_options import format_option, standard_output
from crawler.cli.common_options import common_options, fleet_of, settings_folder_of
from pipelines.core.errors import ConfigError, MorgueError
from pipelines.core.plural import counted
from pipelines.core.terminal import plain

COLUMNS = ("shard", "state", "articles", "due", "lag", "last run", "outcome", "warc files", "warc MB", "database MB")
UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


@click.command(name="status")
@format_option()
@common_options
@click.pass_context
def status_command(ctx: click.Context, form: str) -> int:
    """Show how each shard is: what it holds, whether a process writes to it, and how late it is.

    "due" is the number of visits that are due now, "lag" how long the first of them has been due.

    Exit code 1: a shard could not be read; it is named.
    """
    from crawler.fleet.status import STATUS_KEYS, fleet_status

    fleet = fleet_of(ctx)
    if fleet is None:
        cause = "is an archive, and no fleet"
        raise ConfigError(str(settings_folder_of(ctx).path), cause, "name the folder of a fleet: -C DIR")
    found = list(fleet_status(fleet))
    with standard_output():
        if form != "table":
            output.write_rows([one.as_row() for one in found], STATUS_KEYS, form)
        else:
            rows = [
                {
                    "shard": f"{one.shard:03}",
                    "state": one.state,
                    "articles": one.articles,
                    "due": one.due,
                    "lag": duration(one.lag_seconds),
                    "last run": (one.last_run or "")[:16].replace("T", " "),
                    "outcome": one.last_outcome or "",
                    "warc files": (one.warc_files or 0) + (one.unfinished or 0) if one.warc_files is not None else None,
                    "warc MB": megabytes(one.warc_bytes),
                    "database MB": megabytes(one.database_bytes),
                }
                for one in found
            ]
            for line in output.table(rows, COLUMNS, output.table_width(sys.stdout)):
                click.echo(line)
            articles = counted(sum(one.articles or 0 for one in found), "article")
            click.echo(f"{counted(fleet.shards, 'shard')}, {articles}")
    for one in found:
        if one.error is not None:
            click.echo(plain(f"morgue: shard {one.shard:03}: {one.error}"), err=True)
    return MorgueError.exit_code if any(one.error is not None for one in found) else 0


def duration(seconds: int | None) -> str:
    """Return a length of time in its largest unit; nothing for none."""
    if not seconds:
        return ""
    return next(f"{seconds // size} {unit}" for size, unit in UNITS if seconds >= size)


def megabytes(number: int | None) -> str:
    """Return bytes as megabytes."""
    return "" if number is None else f"{number / 1e6:,.1f}"
