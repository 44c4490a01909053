"""`morgue fleet`: look at a fleet, split an archive into one, and move sources between its shards."""

from __future__ import annotations

import click

from crawler.cli.fleet.status import status_command


@click.group()
def command() -> None:
    """Look at a fleet as a whole, and change how it is divided.

    A fleet is an archive of many archives, its shards: `morgue init --shards N` makes one. Every site (registrable
    domain) belongs to one shard. All other commands work on a fleet as on an archive; --shard K names one shard.
    """


command.add_command(status_command)
