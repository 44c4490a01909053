"""`morgue remove`: take a page, all pages below an address, or a whole host out of the archive for good."""

from __future__ import annotations

import signal
import sqlite3
import sys
from typing import TYPE_CHECKING

import click

from crawler.cli import output
from crawler.cli.archive_options import database_of, format_option, standard_output
from crawler.cli.common_options import common_options, folder_of, is_one_of_all, overrides_of
from crawler.cli.log_options import log_options
from pipelines.core.archive_layout import DATABASE_NAME, REBUILDING_SUFFIX, RESTORED_SUFFIX, RESTORING_SUFFIX
from pipelines.core.errors import ConfigError, NotFound
from pipelines.core.plural import counted, verb
from pipelines.core.terminal import plain
from pipelines.database import queries

if TYPE_CHECKING:
    from pathlib import Path

    from crawler.config.models import Config
    from pipelines.takedown.targets import TakedownTargets

MAX_TITLES_SHOWN = 10  # of the articles that are about to be removed
COLUMNS = ("time", "kind", "what", "captures", "reason")


@click.command()
@click.argument("targets", metavar="URL|HOST|NUMBER...", nargs=-1)
@click.option("--reason", metavar="TEXT", help="Why (required). The archive records it.")
@click.option("--dry-run", is_flag=True, help="Show what would be removed, and remove nothing.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option("--damaged-too", is_flag=True, help="Remove also from WARC files that differ from the manifest.")
@click.option("--list", "listing", is_flag=True, help="List what was removed before, and why; remove nothing.")
@format_option("With --list. ")
@common_options
@log_options
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
    """Remove a page from the WARC files and from the database, for good.

    This cannot be undone. A URL or the number of an article means that page, under every address that the archive
    knows for it. If a URL only redirects to an article on another site, the redirect is removed and the article stays;
    the command says how to remove it. A URL that ends in * (in quotes) means every URL that begins so. A host name
    means everything fetched from exactly that host: paper.example is not www.paper.example. If there is nothing of a
    host, the message names those that are like it.

    In the WARC files a tombstone record of the same length replaces each exchange. It says what was there, when it was
    removed and why. No other record moves, so the files do not shrink and `morgue verify` finds no problem. Rebuilds,
    crawls and imports do not bring the page back.

    A WARC file that differs from the manifest (for example by a flipped bit) is changed only with --damaged-too.
    Readable records are then removed as usual, damaged ones by their place in the file. The manifest gets the SHA-256
    of the file as it is now and marks it as damaged; `morgue verify` goes on naming the file and every damaged record.

    If another address was answered with the same bytes, these may be stored only once. That address is not removed: its
    capture gets its own copy of the bytes, and the command names it.

    WARC files in a bucket are replaced there, the copies of the database there are deleted, and a new one is saved.

    Other copies made before (exports, backups, morgue.db.before-...) are not changed, and other pages such as front
    pages, feeds and sitemaps may still quote or link the removed page.
    """
    from contextlib import closing

    from crawler.config.models import load
    from crawler.engine.shipping import renew_snapshots
    from pipelines.core.errors import read_error
    from pipelines.database.connection import connect
    from pipelines.takedown.register import was_removed
    from pipelines.takedown.targets import TakedownTargets, find

    if listing:
        if targets:
            raise ConfigError("--list", "removes nothing", "leave out either --list or what to remove")
        list_removals(ctx, form)
        return 0
    if not targets:
        raise click.UsageError("Missing argument 'URL|HOST|NUMBER...'.", ctx)
    if reason is None:
        raise click.UsageError("Missing option '--reason'.", ctx)
    if not reason.strip():
        raise ConfigError("--reason", "is empty", "say who asked for it, and why")
    config = load(folder_of(ctx), overrides_of(ctx), skip_broken=True)
    if is_one_of_all(ctx):
        from crawler.cli.fleet.takedown_targets import targets_in_shard

        targets = targets_in_shard(config.folder.path, targets)
    with closing(connect(config.folder.database)) as db:
        try:
            found = find(db, targets)
        except NotFound:
            if not all(was_removed(db, target) for target in targets):
                raise
            found = TakedownTargets()
        except sqlite3.DatabaseError as error:
            raise read_error(error, config.folder.database) from error
    announce(found)
    if dry_run:
        click.echo("dry run: nothing was removed")
        return 0
    if not found.captures and not found.articles:
        click.echo("nothing is left of it: it was removed before")
        purge(config.folder.database)  # an earlier run may have been killed before this step
        tell(renew_snapshots(config))
        return 0
    if not yes:
        if not sys.stdin.isatty():
            cause = "cannot ask for confirmation: standard input is not a terminal"
            raise ConfigError("morgue remove", cause, "say --yes")
        click.confirm("Remove this for good?", abort=True)
    take_down(config, targets, reason, damaged_too=damaged_too)
    tell(renew_snapshots(config))
    return 0


def tell(waiting: str) -> None:
    """Print what waits for the bucket, if anything does."""
    if waiting:
        click.echo(plain(f"warning: {waiting}\n  `morgue ship` tries again"), err=True)


def list_removals(ctx: click.Context, form: str) -> None:
    """Print what was removed before."""
    with database_of(ctx) as db:
        rows = list(queries.removals(db))
    with standard_output():
        if form != "table":
            output.write_rows(rows, COLUMNS, form)
        elif not rows:
            click.echo("Nothing was removed from this archive.")
        else:
            for line in output.table(rows, COLUMNS, output.table_width(sys.stdout)):
                click.echo(line)


def announce(found: TakedownTargets) -> None:
    """Print what is about to be removed."""
    articles = list(found.articles.items())
    groups = (("article", articles), ("capture", found.captures), ("address", found.frontier))
    click.echo(", ".join(counted(len(group), noun) for noun, group in groups))
    for number, title in articles[:MAX_TITLES_SHOWN]:
        click.echo(f"  {number}  {plain(title or '(no headline)')}")
    if len(articles) > MAX_TITLES_SHOWN:
        click.echo(f"  and {len(articles) - MAX_TITLES_SHOWN:,} more")
    kept = list(found.elsewhere.items())
    if kept:
        click.echo(f"not removed: {counted(len(kept), 'article')} on other sites, to which this only redirects")
    for number, (title, url) in kept[:MAX_TITLES_SHOWN]:
        click.echo(f"  {number}  {plain(title or '(no headline)')}  {plain(url)}")
    if kept:
        more = f"  and {len(kept) - MAX_TITLES_SHOWN:,} more\n" if len(kept) > MAX_TITLES_SHOWN else ""
        click.echo(f"{more}  to remove such an article, name its number or its own address")
    announce_same_bytes(found)


def announce_same_bytes(found: TakedownTargets) -> None:
    """Print which addresses stay that were answered with the same bytes: they may show the same text."""
    urls = list(dict.fromkeys(capture.url for capture in found.kept.values()))
    if not urls:
        return
    are = verb(len(urls), "is", "are")
    click.echo(f"not removed: {counted(len(urls), 'other address')} that {are} stored with the same bytes")
    for url in urls[:MAX_TITLES_SHOWN]:
        click.echo(f"  {plain(url)}")
    more = f"  and {len(urls) - MAX_TITLES_SHOWN:,} more\n" if len(urls) > MAX_TITLES_SHOWN else ""
    click.echo(f"{more}  to remove them, too, name them or their hosts; otherwise they get their own copy of the bytes")


def take_down(config: Config, targets: tuple[str, ...], reason: str, *, damaged_too: bool) -> None:
    """Remove from the files first, then from the database, so that after any stop the same command finishes it."""
    from crawler.cli.old_databases import description, old_databases
    from crawler.cli.progress_bar import StepProgress
    from crawler.engine.open_archive import writing
    from pipelines.core.timestamps import now
    from pipelines.takedown.kept_revisits import is_superseded, keep_whole
    from pipelines.takedown.remove import Removal
    from pipelines.takedown.targets import find
    from pipelines.warc import manifest

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = config.folder
    with writing(config) as archive_writer:
        db, storage = archive_writer.db, archive_writer.storage
        found = archive_writer.call(find, db, targets)
        work = Removal(
            storage,
            folder.path / manifest.NAME,
            found,
            reason,
            now(),
            is_superseded=lambda *place: archive_writer.call(is_superseded, db, *place),
            damaged_too=damaged_too,
        )
        with StepProgress() as steps:
            if found.kept:
                with archive_writer.at_rest():
                    work.look(steps)  # what cannot be removed is no reason to write anything
                archive_writer.call(keep_whole, db, storage, archive_writer.writer, found)
            with archive_writer.at_rest(everything=bool(found.kept)):
                work.rewrite(steps)
        archive_writer.call(work.delete_rows, archive_writer.db)
    purge(folder.database)
    what = f"{counted(work.records, 'record')}, {counted(work.bytes, 'byte')}"
    click.echo(f"removed {what}, from {counted(work.files, 'WARC file')}")
    for name in work.damaged:
        click.echo(f"{name} was damaged before and still is: `morgue verify` names the damaged records")
    for path in old_databases(folder.path):
        click.echo(f"not changed: {description(path)}, an older database: delete it if the reason requires that")
    # An interrupted rebuild or restore left them, with the removed text.
    for suffix in (REBUILDING_SUFFIX, RESTORING_SUFFIX, RESTORED_SUFFIX):
        for path in folder.path.glob(f"{DATABASE_NAME}{suffix}*"):
            path.unlink()


def purge(database: Path) -> None:
    """Overwrite the deleted rows in the database file."""
    from contextlib import closing

    from pipelines.core.errors import write_error
    from pipelines.database import removals
    from pipelines.database.connection import open_for_maintenance

    try:
        with closing(open_for_maintenance(database)) as db:
            removals.purge(db)
    except sqlite3.Error as error:
        raise write_error(error, database) from error
