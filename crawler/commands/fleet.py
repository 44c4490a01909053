"""`morgue fleet`: turn an archive into a fleet of archives, and move sources between its shards.

The subcommands are in `crawler.cli.fleet`.
"""

from __future__ import annotations

import click

from crawler.cli.fleet.move import move_command
from crawler.cli.fleet.split import split_command


@click.group()
def command() -> None:
    """Split an archive into the shards of a fleet, or move a source to another shard.

    A fleet is an archive of many archives, its shards. Each owns the sites (registrable domains) that a hash gives it.
    `morgue init --shards N` makes an empty one.
    """


command.add_command(split_command)
command.add_command(move_command)
