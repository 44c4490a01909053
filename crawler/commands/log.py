"""`morgue log`: list the last runs of the archive, and how they ended."""

from __future__ import annotations

import sys
from operator import itemgetter

import click

from crawler.cli import output
from crawler.cli.archive_options import database_of, format_option, standard_output
from crawler.cli.common_options import POSITIVE, common_options
from pipelines.core.archive_layout import LOCK_NAME
from pipelines.core.lock import locked_since
from pipelines.database.connection import file_of
from pipelines.database.runs import RUN_KEYS, runs
from pipelines.database.shards.databases import shards_of

COLUMNS = ("run", "begun", "took", "outcome", "pages", "new", "edited", "failed", "command")


@click.command()
@click.option("--limit", type=POSITIVE, default=20, show_default=True, metavar="N",
              help="Show the last N runs.")  # fmt: skip
@format_option(end="; both with the counts of each source")
@common_options
@click.pass_context
def command(ctx: click.Context, limit: int, form: str) -> None:
    """Show the last runs and how they ended, the newest first.

    For each run: when it began (UTC), how long it took, how it ended, and its counts. A run is one `morgue crawl`,
    `add` or `import`, or a `sample` that fetched a page. "pages" counts the feeds, sitemaps, section pages and article
    pages that were fetched, "new" and "edited" count articles, and "failed" counts pages. A run that "never ended" was
    killed, or the machine went down; the next run has repaired what it left.

    To see what a single run does, step by step, use `morgue crawl -v` or `morgue crawl --log FILE`.
    """
    with database_of(ctx) as db:
        shards = shards_of(db)
        rows = [row for one in shards for row in runs(one, limit, locked_since(file_of(one).with_name(LOCK_NAME)))]
    if len(shards) > 1:
        rows = sorted(rows, key=itemgetter("begun", "run"), reverse=True)[:limit]
    with standard_output():
        if form != "table":
            output.write_rows(rows, RUN_KEYS if form == "csv" else (*RUN_KEYS, "by_source"), form)
        elif not rows:
            click.echo("No run yet. Start one with `morgue crawl`.")
        else:
            shown = [row | {"took": output.duration(row["seconds"])} for row in rows]
            for line in output.table(shown, COLUMNS, output.table_width(sys.stdout)):
                click.echo(line)
