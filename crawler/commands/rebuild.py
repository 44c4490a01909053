"""`morgue rebuild`: make the database again from the WARC files."""

from __future__ import annotations

import signal

import click

from crawler.cli.common_options import common_options, folder_of, overrides_of
from crawler.cli.fleet.work_options import work_options
from crawler.cli.log_options import log_options
from pipelines.core.errors import ConfigError
from pipelines.core.terminal import plain


@click.command()
@work_options
@common_options
@log_options
@click.pass_context
def command(ctx: click.Context) -> int:
    """Make the database again from the WARC files alone.

    The new database has the same rows with the same numbers. Use this command when morgue.db is lost or damaged, or
    when `morgue verify` says so. Nothing is fetched. Articles are read again from the captures, with the current rules
    in sources/*.toml. If this version reads a page differently, the database gets the new text, and the summary says
    how many texts differ; the old text is kept as well, in the table `readings`, if the old database has it.

    The old database is kept as morgue.db.before-TIME; delete it once `morgue verify` finds no problem. Searches use
    it until the rebuild is done. WARC files that belong to another archive are recognised by their id, named, and
    read without their journal. If the rebuild is interrupted, run the same command again: it goes on where it stopped.

    Exit code 1: a file is missing or something could not be read; it is named, and everything else is in the database.
    2: the archive was exported without WARC files. 4: a crawl is writing to this archive.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    import asyncio

    from crawler.cli.rebuilding.steps import (
        held,
        mend_files,
        must_have_files,
        must_have_something,
        settle_old_database,
        workers,
    )
    from crawler.cli.rebuilding.summary import summary
    from crawler.config.models import load
    from crawler.engine.shipping import keep_identity, storage_of
    from crawler.onboarding.owners import SourceOwners
    from pipelines.core.archive_layout import is_export
    from pipelines.fleet.layout import lost_shard
    from pipelines.rebuild.rebuild import Rebuild

    config = load(folder_of(ctx, may_be_lost=True), overrides_of(ctx))
    folder, storage = config.folder, storage_of(config)
    if folder.database.exists() and is_export(folder.path):
        cause = "is an export without WARC files: the database is all there is of it"
        raise ConfigError(str(folder.path), cause, "keep it, and rebuild the archive that it was exported from")
    must_have_something(config, lost_shard)
    settle_old_database(config)
    with held(config, storage) as lost:
        mend_files(config, storage)
        if not config.storage.bucket:
            must_have_files(config, storage)
        sources = {name: own.source for name, own in config.sources.items()}
        with workers(config) as (scanners, readers, progress):
            work = Rebuild(folder.database, storage, sources, SourceOwners(config).source, progress)
            result = asyncio.run(work.run(scanners, readers))
        keep_identity(config)
    for line in [*summary(result), *lost]:
        click.echo(plain(line))
    return 1 if result.unread or result.damaged or result.missing else 0
