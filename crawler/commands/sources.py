"""`morgue sources`: list the sources and their state."""

from __future__ import annotations

import sys

import click

from crawler.cli import output
from crawler.cli.archive_options import database_of, standard_output
from crawler.cli.common_options import folder_option, setting_option
from pipelines.database import queries

COLUMNS = ("name", "articles", "newest", "last_success", "waiting", "failed", "last_error")


@click.command()
@click.option("--format", "form", type=click.Choice(output.FORMATS), default="table", show_default=True,
              help="json: one array; jsonl: one object per line.")  # fmt: skip
@folder_option
@setting_option
@click.pass_context
def command(ctx: click.Context, form: str) -> None:
    """List the sources that have been crawled, with their state.

    For each source: the number of articles, the day of the newest one, the time of the last successful visit, how many
    addresses are planned (waiting) and how many have failed, and the last error.
    """
    with database_of(ctx) as db:
        rows = list(queries.sources(db))
    with standard_output():
        if form != "table":
            output.write_rows(rows, queries.SOURCE_KEYS, form)
        elif not rows:
            click.echo("No source has been crawled yet. Add one with `morgue add URL`, then run `morgue crawl`.")
        else:
            for line in output.table(rows, COLUMNS, output.terminal_width(sys.stdout)):
                click.echo(line)
