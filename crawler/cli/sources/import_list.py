"""`morgue sources import`: watch the sites of a list, as `morgue add --urls` does."""

from __future__ import annotations

from typing import Any

import click

from crawler.cli.common_options import common_options, folder_of
from crawler.cli.log_options import log_options


@click.command(name="import")
@click.argument("file", metavar="FILE")
@click.option("--column", metavar="NAME", help="FILE is a CSV file, and this column holds the addresses.")
@common_options
@log_options
@click.pass_context
def import_command(ctx: click.Context, file: str, column: str | None) -> Any:
    """Look the sites of a list over and watch them from now on: one address per line, CSV, or OPML (-: standard input).

    This is `morgue add --urls FILE`, whose help says what is fetched and what the exit codes mean.
    """
    folder_of(ctx)  # of a fleet, this command runs for each shard; `add` takes the sites that are the shard's own
    root = ctx.find_root().command
    add = root.get_command(ctx, "add") if isinstance(root, click.Group) else None
    assert add is not None
    return ctx.invoke(add, urls=(), name=None, file=file, column=column, opml=None, force=False)
