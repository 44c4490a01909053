"""`morgue log`: the last runs of the archive, and how they ended."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import click

from crawler.cli import output
from crawler.cli.archive_options import database_of, standard_output
from crawler.cli.main import folder_of, folder_option, setting_option
from pipelines.core import lock
from pipelines.database.runs import RUN_KEYS, runs

COLUMNS = ("run", "begun", "took", "outcome", "pages", "new", "edited", "failed", "command")


@click.command()
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, metavar="N",
              help="Show the last N runs.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(output.FORMATS), default="table", show_default=True,
              help="json: one array; jsonl: one object a line; both with the counts of each source.")  # fmt: skip
@folder_option
@setting_option
@click.pass_context
def command(ctx: click.Context, limit: int, form: str) -> None:
    """Show the last runs, the newest first: when each began (UTC), how long it took, how it ended, and its counts.

    A run is one `morgue crawl`, `add`, `import`, or `sample` that fetched a page. Pages are feeds, sitemaps, section
    pages and articles that were answered; new and edited are articles; failed are pages. A run that "never ended"
    was killed, or the machine went down: the next run has mended what it left.

    What a single run did, step by step, is in its log: `morgue crawl -v`, or `morgue crawl --log FILE`.
    """
    with database_of(ctx) as db:
        rows = list(runs(db, limit, locked_since(folder_of(ctx).path / lock.NAME)))
    with standard_output():
        if form != "table":
            output.write_rows(rows, RUN_KEYS if form == "csv" else (*RUN_KEYS, "by_source"), form)
        elif not rows:
            click.echo("No run yet: `morgue crawl` is one.")
        else:
            shown = [row | {"took": duration(row["seconds"])} for row in rows]
            for line in output.table(shown, COLUMNS, output.terminal_width(sys.stdout)):
                click.echo(line)


def locked_since(path: Path) -> datetime | None:
    """Return when the process that writes to the archive took its lock; None if no process writes."""
    if not lock.is_held(path):
        return None
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)  # its holder wrote its number into it


def duration(seconds: int | None) -> str:
    """Return a length of time in its two largest units: `4 s`, `3 min 12 s`, `2 h 5 min`, `3 d 2 h`."""
    if seconds is None:
        return ""
    units = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
    for (unit, size), (smaller, part) in pairwise(units):
        if seconds >= size:
            return f"{seconds // size} {unit} {seconds % size // part} {smaller}"
    return f"{seconds} s"
