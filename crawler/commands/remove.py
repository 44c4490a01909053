"""`morgue remove`: take a page, all below an address, or all of a host out of the archive for good."""

from __future__ import annotations

import signal
import sqlite3
import sys
from typing import TYPE_CHECKING

import click

from crawler.cli.archive_options import standard_output, the_database
from crawler.cli.main import folder_option, setting_option, the_folder, the_overrides
from exports import terminal
from exports.terminal import plain
from pipelines.core.errors import ConfigError, NotFound
from pipelines.core.plural import counted
from pipelines.database import queries

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.config.models import Config
    from pipelines.takedown.targets import TakedownTargets

SHOWN = 10  # titles
COLUMNS = ("time", "kind", "what", "captures", "reason")


@click.command()
@click.argument("targets", metavar="URL|HOST|NUMBER...", nargs=-1)
@click.option("--reason", metavar="TEXT", help="Why; it is written into the archive. It has to be said.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and take nothing away.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--damaged-too", is_flag=True, help="Also out of WARC files that are not as the manifest lists them.")
@click.option("--list", "listing", is_flag=True, help="What was taken down before, and why; take nothing away.")
@click.option("--format", "form", type=click.Choice(terminal.FORMATS), default="table", show_default=True,
              help="Of --list. json: one array; jsonl: one object a line.")  # fmt: skip
@folder_option
@setting_option
@click.pass_context
def command(
    ctx: click.Context,
    targets: tuple[str, ...],
    reason: str | None,
    dry_run: bool,
    yes: bool,
    damaged_too: bool,
    listing: bool,
    form: str,
) -> int:
    """Take a page down: its captures out of the WARC files, its texts out of the database. It cannot be undone.

    A URL means the page under every address that the archive knows it by, and so does the number of an article; a URL
    with * at its end (in quotes) means all that begin so; a host name means all that was fetched from exactly that host
    (paper.example is not www.paper.example). In the WARC files a tombstone record of the same length takes the place of
    each exchange and says what stood there, when, and why it was removed: no other record moves, `morgue verify` finds
    all well, and neither a rebuild nor a crawl nor an import brings it back.

    A WARC file that is not as the manifest lists it (a flipped bit) is touched only with --damaged-too: what can be
    read goes as ever, a damaged record by its place. The manifest then has the SHA-256 of the file as it is, and says
    that; `morgue verify` goes on naming the file and every damaged record in it.

    What was copied out of the archive before (exports, backups, morgue.db.before-...) is not touched, and other pages
    may still quote or link it: front pages, feeds, sitemaps.
    """
    from contextlib import closing

    from crawler.config.models import load
    from pipelines.database.connection import connect, read_error
    from pipelines.takedown import targets as finding

    if listing:
        if targets:
            raise ConfigError("--list", "takes nothing away", "leave out what is to go, or --list")
        show(ctx, form)
        return 0
    if not targets:
        raise click.UsageError("Missing argument 'URL|HOST|NUMBER...'.", ctx)
    if reason is None:
        raise click.UsageError("Missing option '--reason'.", ctx)
    if not reason.strip():
        raise ConfigError("--reason", "is empty", "say who asked for it, and why")
    config = load(the_folder(ctx), the_overrides(ctx))
    with closing(connect(config.folder.database)) as db:
        try:
            doomed = finding.find(db, targets)
        except NotFound:
            if not all(finding.was_removed(db, target) for target in targets):
                raise
            doomed = finding.TakedownTargets()
        except sqlite3.DatabaseError as error:
            raise read_error(error, config.folder.database) from error
    say(doomed)
    if dry_run:
        click.echo("a dry run: nothing was removed")
        return 0
    if not doomed.captures and not doomed.articles:
        click.echo("nothing of it is left: it was removed before")
        purge(config.folder.database)  # a kill may have come before that
        return 0
    if not yes:
        if not sys.stdin.isatty():
            raise ConfigError("morgue remove", "asks before it takes anything away, and nobody is there", "say --yes")
        click.confirm("Remove this for good?", abort=True)
    take_down(config, targets, reason, damaged_too=damaged_too)
    return 0


def show(ctx: click.Context, form: str) -> None:
    """What was taken down before."""
    with the_database(ctx) as db:
        rows = list(queries.removals(db))
    with standard_output():
        if form != "table":
            terminal.data(rows, COLUMNS, form)
        elif not rows:
            click.echo("Nothing was removed from this archive.")
        else:
            for line in terminal.table(rows, COLUMNS, terminal.columns_of(sys.stdout)):
                click.echo(line)


def say(doomed: TakedownTargets) -> None:
    """What is about to go."""
    articles = list(doomed.articles.items())
    found = (("article", articles), ("capture", doomed.captures), ("address", doomed.frontier))
    click.echo(", ".join(counted(len(those), noun) for noun, those in found))
    for number, title in articles[:SHOWN]:
        click.echo(f"  {number}  {plain(title or '(no headline)')}")
    if len(articles) > SHOWN:
        click.echo(f"  and {len(articles) - SHOWN:,} more")


def take_down(config: Config, targets: tuple[str, ...], reason: str, *, damaged_too: bool) -> None:
    """Files first, rows after them: whatever stops it, the same command finishes it."""
    from crawler.cli.old_databases import described, put_aside
    from crawler.cli.progress_bar import StepProgress
    from crawler.engine.open_archive import open_archive_writer
    from pipelines.core.timestamps import now
    from pipelines.takedown import remove
    from pipelines.takedown import targets as finding
    from pipelines.warc import manifest

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = config.folder
    archive_writer = open_archive_writer(config)
    try:
        doomed = archive_writer.call(finding.find, archive_writer.db, targets)
        work = remove.Removal(
            archive_writer.storage, folder.path / manifest.NAME, doomed, reason, now(), damaged_too=damaged_too
        )
        with StepProgress() as steps:
            work.rewrite(steps)
        archive_writer.call(work.forget, archive_writer.db)
    finally:
        archive_writer.close()
    if archive_writer.failed is not None:
        raise archive_writer.failed
    purge(folder.database)
    what = f"{counted(work.records, 'record')}, {counted(work.bytes, 'byte')}"
    click.echo(f"removed {what}, from {counted(work.files, 'WARC file')}")
    for name in work.damaged:
        click.echo(f"{name} is damaged, and was before: `morgue verify` goes on naming what is")
    for path in put_aside(folder.path):
        click.echo(f"not touched: {described(path)}, an older database: delete it, if the reason asks for it")
    for path in folder.path.glob("morgue.db.rebuilding*"):  # of a rebuild that was interrupted: it holds the text
        path.unlink()


def purge(database: Path) -> None:
    """Nothing of the rows stays in the file."""
    from contextlib import closing

    from pipelines.database.connection import write_error
    from pipelines.takedown import remove

    try:
        with closing(sqlite3.connect(database, isolation_level=None, timeout=30)) as db:
            remove.purge(db)
    except sqlite3.Error as error:
        raise write_error(error, database) from error
