"""`morgue upgrade`: bring the database of an archive up to date with this version."""

from __future__ import annotations

import click

from crawler.cli.common_options import common_options, folder_to_read
from crawler.cli.fleet.work_options import work_options
from crawler.cli.log_options import log_options
from pipelines.core.plural import counted, verb

DECLARED_DIGESTS = "m007_declared_digests"  # a migration that cannot fill its columns without reading WARC files

SEARCH_INDEX = "m011_search_index"  # a migration that changes the meaning of the rowid of articles

SCHEDULED = "m010_scheduled"  # with it come the rules for what is not the article, and for what is no edit


@click.command()
@work_options
@common_options
@log_options
@click.pass_context
def command(ctx: click.Context) -> None:
    """Bring the database of an older version up to date.

    `morgue crawl`, `add` and `import` do this by themselves; use this command for an archive that you only read.
    Nothing is fetched, no row is lost, and the WARC files are not changed. Pages that an earlier version gave up for a
    reason that can pass are due again. Articles that were never compared with each other are compared, which takes
    a minute or two for 50,000 (docs/clusters.md). If it is interrupted, run the same command again. It goes on where
    it stopped.
    """
    from contextlib import closing

    from crawler.cli.copies.comparing import waiting, work_off_waiting
    from crawler.cli.progress_bar import StepProgress
    from pipelines.core.archive_layout import LOCK_NAME
    from pipelines.core.lock import ArchiveLock
    from pipelines.core.terminal import plain
    from pipelines.database.captures import count_imported
    from pipelines.database.connection import applied_migrations, connect, open_database
    from pipelines.database.schema.search_index import reporting, views_by_rowid

    folder = folder_to_read(ctx)
    # Raises before the lock is taken if this is not an archive's database.
    connect(folder.database, unfinished=True).close()
    lock = ArchiveLock(folder.path / LOCK_NAME)
    try:
        with closing(connect(folder.database, unfinished=True)) as old:
            before = applied_migrations(old)
        with StepProgress() as progress:
            reporting.set(progress)
            open_database(folder.database).close()
        with closing(open_database(folder.database)) as new:
            made = [name for name in applied_migrations(new) if name not in before]
            imported = count_imported(new) if DECLARED_DIGESTS in made else 0
            views = views_by_rowid(new) if SEARCH_INDEX in made else []
            compared = work_off_waiting(new, folder) if waiting(new) else 0
    finally:
        lock.release()
    result = f"brought up to date in {counted(len(made), 'step')}" if made else "is up to date"
    click.echo(f"{folder.database}: {result}")
    if compared:
        click.echo(f"{counted(compared, 'article')} compared with others: `morgue clusters` lists copies of one text.")
    if views:
        click.echo(
            f"The rowid of articles and articles_fts was the id of an article, and is its place now: write id or place "
            f"for it in {verb(len(views), 'this view', 'these views')} of yours: {plain(', '.join(views))}"
        )
    if SCHEDULED in made:
        click.echo(
            "Earlier versions filed walls and error pages as states of articles, and changes of counters as edits: "
            "`morgue reextract` takes them out (`--diff` shows which)."
        )
    if imported:
        what = counted(imported, "capture")
        click.echo(
            f"{what} came by imports of an earlier version, which did not note the payload digests that records "
            "declare: replay tools may miss the originals of revisits. `morgue rebuild` reads them from the WARC files."
        )
