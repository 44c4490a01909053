"""Share what the commands that read an archive have in common: filters, query words, opening the database."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import fields
from functools import wraps
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn, cast

import click

from crawler.cli import output
from crawler.cli.common_options import fleet_or_archive
from pipelines.core.errors import QueryError, from_os_error
from pipelines.core.plural import counted, verb
from pipelines.core.terminal import plain
from pipelines.database.connection import connect
from pipelines.database.filters import ArticleFilters, watched_sources
from pipelines.database.shards.databases import Database
from pipelines.fleet.layout import is_fleet

FILTER_NAMES = tuple(field.name for field in fields(ArticleFilters))

if TYPE_CHECKING:
    from crawler.config.archive_folder import ArchiveFolder
    from exports.python_api.archive import Archive


def filter_options(
    function: Callable[..., Any], *, dated: str = "Published", what: str = "articles"
) -> Callable[..., Any]:
    """Add the filters to a command, which gets them as one keyword argument, `filters`.

    `dated` says in the help which time --since and --until compare, `what` says what --source selects.
    """

    @wraps(function)
    def filtered(*args: Any, **given: Any) -> Any:
        try:
            filters = ArticleFilters(**{name: given.pop(name) for name in FILTER_NAMES if name in given})
        except QueryError as error:
            name, _, value = error.subject.partition(" ")
            raise QueryError(f"--{name.replace('_', '-')} {value}", error.cause, error.cure) from error
        return function(*args, filters=filters, **given)

    options = [
        click.option("--source", metavar="NAME", multiple=True,
                     help=f"Only {what} of this source (its name or address). Repeatable, or A,B."),
        click.option("--since", metavar="DATE",
                     help=f"{dated} on or after DATE (UTC): 2024, 2024-03, 2024-03-09, yesterday, '7 days ago', "
                          "'last week'."),
        click.option("--until", metavar="DATE",
                     help=f"{dated} on or before DATE; a year, month or week counts as a whole."),
        click.option("--language", metavar="CODE", multiple=True,
                     help="Only articles in this language: en, de, German, ... Repeatable, or de,fr."),
        click.option("--seen-since", metavar="DATE", help="Only articles that came in on or after DATE (first seen)."),
        click.option("--seen-until", metavar="DATE", help="Only articles that came in on or before DATE."),
        click.option("--undated", is_flag=True, help="Only articles whose day of publication is not known."),
    ]  # fmt: skip
    for option in reversed(options):
        filtered = option(filtered)
    return filtered


def stem_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --stem to a command that takes a query: see `query_language.tokens.with_stems`."""
    text = "Put ~ before each plain word of QUERY: also find words with the same stem."
    return click.option("--stem", is_flag=True, help=text)(function)


def undated_sentence(number: int) -> str:
    """Return the sentence that says how many articles --since or --until left out because no day of theirs is known."""
    articles = counted(number, "undated article")
    return f"{articles} left out by --since or --until; --undated finds {verb(number, 'it', 'them')}."


def format_option(beginning: str = "", end: str = "") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option --format of a command that lists rows. `beginning`, `end`: what its help says besides."""
    text = f"{beginning}json: one array; jsonl: one object per line{end}."
    kinds = click.Choice(output.FORMATS)
    return click.option("--format", "form", type=kinds, default="table", show_default=True, help=text)


@contextmanager
def database_of(ctx: click.Context, *, quickly: bool = False) -> Iterator[Database]:
    """Open the database of this invocation's archive for reading, or those of a fleet.

    `quickly`: see `fleet_or_archive`. Raises NoArchive, ConfigError, ArchiveDamaged.
    """
    with database_in(ctx, fleet_or_archive(ctx, quickly=quickly)) as db:
        yield db


@contextmanager
def database_in(ctx: click.Context, folder: ArchiveFolder) -> Iterator[Database]:
    """Open the database in a folder, or those of a fleet, for a command that looks at the settings itself."""
    if is_fleet(folder.path):
        with _opened(ctx, folder) as archive:
            yield archive.database
        return
    with closing(connect(folder.database)) as db:
        yield db


@contextmanager
def archive_of(ctx: click.Context, *, quickly: bool = False) -> Iterator[Archive]:
    """Open the archive or fleet of this invocation, as Python users do. Raises as `database_of` does."""
    with _opened(ctx, fleet_or_archive(ctx, quickly=quickly)) as archive:
        yield archive


@contextmanager
def _opened(ctx: click.Context, folder: ArchiveFolder) -> Iterator[Archive]:
    """Open an archive; name the shards of a fleet that cannot be read, so that the exit code is 1."""
    from exports.python_api.archive import Archive

    with Archive(folder.path) as archive:
        if is_fleet(folder.path):
            warn_of_shards(ctx, archive)
        yield archive


def warn_of_shards(ctx: click.Context, archive: Archive) -> None:
    """Name the shards of a fleet that cannot be read, and a site that moves."""
    import warnings

    from exports.fleet.connections import left_out

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        unreadable, moving = archive.unreadable, archive.moving()
    for path, error in unreadable.items():
        click.echo(f"warning: shard {path.name}: {plain(str(error))}", err=True)
    if unreadable:
        click.echo(f"warning: {left_out(unreadable)}", err=True)
    if moving:
        click.echo(f"warning: {plain(moving)}", err=True)
    if unreadable or moving:
        ctx.find_root().ensure_object(dict)["is_partial"] = True


def removed_sources(db: Database, folder: ArchiveFolder) -> set[str]:
    """Return the names of the sources that had a file in sources/ and have none now: no crawl visits them."""
    return {name for name in watched_sources(db) if not os.path.lexists(folder.sources / f"{name}.toml")}


@contextmanager
def standard_output() -> Iterator[BinaryIO]:
    """Yield standard output for bytes and flush it at the end. A reader that closes the pipe ends the command quietly.

    A terminal gets characters that it would act on as escapes. Raises DiskFull and other MorgueErrors.
    """
    if (file := output.output_file(sys.stdout)) is not None:
        file.strict = True
    try:
        yield cast(BinaryIO, output.TerminalBytes(sys.stdout)) if sys.stdout.isatty() else sys.stdout.buffer
        sys.stdout.flush()
    except OSError as error:
        # The interpreter would try at exit to write again what is still in the buffer.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):  # `morgue search x | head`: head has closed the pipe
            raise click.exceptions.Exit(0) from None
        raise from_os_error(error, "standard output") from error
    finally:
        if file is not None:
            file.strict = False


LIKE_A_SHORT_OPTION = re.compile(r"-([A-Za-z])(?:\1*|=?[0-9]+|=.*)")


def _refuse_option(ctx: click.Context, arg: str, known: Collection[str]) -> NoReturn:
    """Report an argument that may be meant as an option or as a word to leave out. Raises UsageError."""
    meant = f"-{arg.partition('=')[0]}"
    near = f" Did you mean {meant}?" if meant in known else ""
    word = arg.lstrip("-")
    how = f"To leave out articles with {word!r}, write NOT {word}; after --, everything is a word."
    raise click.UsageError(f"No such option: {arg}.{near} {how}", ctx)


class QueryCommand(click.Command):
    """Accept words that begin with a minus: `morgue search climate -sport`.

    Click would read -sport as `-s port`. Here a short option is always separate from its value (`-s key=value`,
    `-C DIR`), and any other argument with a single minus is a word, unless it looks like an option: a single letter
    (`-n`, `-vv`, `-n3`), or the name of an option with one minus too few (`-limit`).
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the words after the options."""
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
                    value = next(rest, None)
                    if value is None:
                        raise click.BadOptionUsage(arg, f"Option '{arg}' requires an argument.", ctx)
                    options.append(value)
            elif arg.startswith("--") and len(arg) > 2:
                options.append(arg)  # --option=value, or an unknown option that click reports
            elif LIKE_A_SHORT_OPTION.fullmatch(arg) or f"-{arg.partition('=')[0]}" in takes_value:
                _refuse_option(ctx, arg, takes_value)
            else:
                words.append(arg)
        if not all(map(str.strip, words)):
            raise click.UsageError("A query is empty. Give a word, or leave the query out to select all articles.", ctx)
        return super().parse_args(ctx, [*options, "--", *words])
