"""What the commands that read an archive share: the filters, words that begin with a minus, opening it."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import wraps
from itertools import islice
from typing import Any, BinaryIO

import click

from crawler.cli.main import folder_of
from pipelines.core.errors import from_os_error
from pipelines.database.connection import connect
from pipelines.database.filters import ArticleFilters


def filter_options(
    function: Callable[..., Any], *, dated: str = "Published", what: str = "articles"
) -> Callable[..., Any]:
    """Add the four filters to a command; the function gets them as one keyword, `filters`.

    `dated` and `what`: whose time --since and --until go by, and what --source is asked of.
    """

    @wraps(function)
    def filtered(
        *args: Any,
        source: str | None,
        since: str | None,
        until: str | None,
        language: str | None,
        **rest: Any,
    ) -> Any:
        return function(*args, filters=ArticleFilters(source, since, until, language), **rest)

    options = (
        click.option("--source", metavar="NAME", help=f"Only {what} of this source."),
        click.option("--since", metavar="DATE", help=f"{dated} then or later: 2024, 2024-03, 2024-03-09 (UTC)."),
        click.option("--until", metavar="DATE", help=f"{dated} then or earlier; the named year, month or day counts."),
        click.option("--language", metavar="CODE", help="Only articles in this language: en, de, ja, ..."),
    )
    for option in reversed(options):
        filtered = option(filtered)
    return filtered


@contextmanager
def database_of(ctx: click.Context) -> Iterator[sqlite3.Connection]:
    """The database of the archive that this invocation means. Raises NoArchive, ArchiveDamaged."""
    with closing(connect(folder_of(ctx).database)) as db:
        yield db


@contextmanager
def standard_output() -> Iterator[BinaryIO]:
    """Standard output for bytes, flushed at the end; whoever closes a pipe early ends the command in peace.

    Raises DiskFull and its kin.
    """
    try:
        yield sys.stdout.buffer
        sys.stdout.flush()
    except OSError as error:
        # What could not be written is still buffered, and the interpreter would try again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):  # `morgue search x | head`: the reader has had enough
            raise click.exceptions.Exit(0) from None
        raise from_os_error(error, "standard output") from error


class QueryCommand(click.Command):
    """A command whose words may begin with a minus: `morgue search climate -sport`.

    Click would read -sport as `-s port`. So here a short option stands alone (`-s key=value`, `-C DIR`); any
    other argument with a single minus is a word.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        takes_value = {
            name: not getattr(option, "is_flag", False)
            for option in self.get_params(ctx) if isinstance(option, click.Option)
            for name in (*option.opts, *option.secondary_opts)
        }  # fmt: skip
        options: list[str] = []
        words: list[str] = []
        rest = iter(args)
        for arg in rest:
            if arg == "--":
                words += rest
            elif arg in takes_value:
                options.append(arg)
                if takes_value[arg]:
                    options += islice(rest, 1)
            elif arg.startswith("--") and len(arg) > 2:
                options.append(arg)  # --option=value, or one that click will say it does not know
            else:
                words.append(arg)
        return super().parse_args(ctx, [*options, "--", *words])
