"""`morgue sources`: what is watched, and what came of it."""

from __future__ import annotations

import sys

import click

from crawler.cli import output
from crawler.cli.archive_options import database_of, standard_output
from crawler.cli.main import folder_option, setting_option
from pipelines.database import queries

COLUMNS = ("name", "articles", "newest", "last_success", "waiting", "failed", "last_error")


@click.command()
@click.option("--format", "form", type=click.Choice(output.FORMATS), default="table", show_default=True,
              help="json: one array; jsonl: one object a line.")  # fmt: skip
@folder_option
@setting_option
@click.pass_context
def command(ctx: click.Context, form: str) -> None:
    """List the sources: articles, the newest one's day, the last good visit, what waits and what failed.

    Of the sources that the archive has crawled.
    """
    with database_of(ctx) as db:
        rows = list(queries.sources(db))
    with standard_output():
        if form != "table":
            output.write_rows(rows, queries.SOURCE_KEYS, form)
        elif not rows:
            click.echo("No sources crawled yet: `morgue add URL` names one, `morgue crawl` visits it.")
        else:
            for line in output.table(rows, COLUMNS, output.terminal_width(sys.stdout)):
                click.echo(line)
