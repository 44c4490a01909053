"""`morgue fleet status`: how the shards of a fleet are."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import click

from crawler.cli import output
from crawler.cli.archive_options import format_option, standard_output
from crawler.cli.common_options import common_options, fleet_of, settings_folder_of
from pipelines.core.errors import ConfigError, MorgueError
from pipelines.core.plural import counted, first_of
from pipelines.core.terminal import plain

if TYPE_CHECKING:
    from crawler.fleet.status import ShardStatus

COLUMNS = ("shard", "state", "articles", "due", "lag", "last run", "outcome", "warc files", "warc MB", "database MB")
MAX_SHARDS_NAMED = 5
BUCKET_COLUMNS = ("shard", "writer", "since", "until", "token", "spool files", "spool MB", "snapshot", "age", "lost")


@click.command(name="status")
@format_option()
@common_options
@click.pass_context
def status_command(ctx: click.Context, form: str) -> int:
    """Show how each shard is: what it holds, whether a process writes to it, and how late it is.

    "due" is the number of visits that are due now, "lag" how long the first of them has been due.

    "outdated": another machine has written the shard since, so nothing is written to the copy here (exit code 7).

    Of a fleet with a bucket, a second table shows who holds the lease of each shard (its machine, since when and until
    when, by its clock; empty: no machine), what waits in warc/ for the bucket, when the database was last copied there,
    and how many WARC files a lost machine began and never shipped. A bucket that does not answer within seconds is
    named, and the rest is shown.

    Exit code 1: a shard could not be read, or its bucket did not answer; it is named.
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
                    "lag": output.duration(one.lag_seconds or None),
                    "last run": minute(one.last_run),
                    "outcome": one.last_outcome or "",
                    "warc files": (one.warc_files or 0) + (one.unfinished or 0) if one.warc_files is not None else None,
                    "warc MB": megabytes(one.warc_bytes),
                    "database MB": megabytes(one.database_bytes),
                }
                for one in found
            ]
            for line in output.table(rows, COLUMNS, output.table_width(sys.stdout)):
                click.echo(line)
            if any(one.spool_files is not None for one in found):
                click.echo()
                of_buckets = [bucket_row(one) for one in found]
                for line in output.table(of_buckets, BUCKET_COLUMNS, output.table_width(sys.stdout)):
                    click.echo(line)
            articles = counted(sum(one.articles or 0 for one in found), "article")
            click.echo(f"{counted(fleet.shards, 'shard')}, {articles}")
    errors: dict[str, list[str]] = {}
    for one in found:
        for error in filter(None, (one.error, one.bucket_error and without_shard(one))):
            errors.setdefault(error, []).append(f"{one.shard:03}")
    for error, shards in errors.items():
        noun = "shard" if len(shards) == 1 else "shards"
        click.echo(plain(f"morgue: {noun} {first_of(shards, MAX_SHARDS_NAMED)}: {error}"), err=True)
    return MorgueError.exit_code if errors else 0


def bucket_row(one: ShardStatus) -> dict[str, Any]:
    """Return the row of a shard in the table about buckets."""
    return {
        "shard": f"{one.shard:03}",
        "writer": one.holder or "",
        "since": minute(one.held_since),
        "until": minute(one.held_until),
        "token": one.token,
        "spool files": one.spool_files,
        "spool MB": megabytes(one.spool_bytes),
        "snapshot": minute(one.last_snapshot),
        "age": output.duration(one.snapshot_age_seconds),
        "lost": one.never_arrived,
    }


def without_shard(one: ShardStatus) -> str:
    """Return why a shard's bucket does not say how it is, in words that are the same for all shards."""
    return re.sub(rf"/(leases|shards)/{one.shard:03}\b[^\s:]*", "", one.bucket_error or "")


def minute(time: str | None) -> str:
    """Return a time up to its minute."""
    return (time or "")[:16].replace("T", " ")


def megabytes(number: int | None) -> str:
    """Return bytes as megabytes."""
    return "" if number is None else f"{number / 1e6:,.1f}"
