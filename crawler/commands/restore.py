"""`morgue restore`: bring an older copy of the database up to date from the WARC files."""

from __future__ import annotations

import signal
from pathlib import Path

import click

from crawler.cli.common_options import common_options, folder_of, overrides_of
from crawler.cli.fleet.work_options import work_options
from crawler.cli.log_options import log_options
from pipelines.core.errors import ConfigError
from pipelines.core.terminal import plain

FROM_COPY = (
    "`morgue restore --from COPY.db` brings a copy up to date; without one, `morgue rebuild` makes a new database"
)


@click.command()
@click.option("--from", "copy", type=click.Path(path_type=Path), metavar="COPY.db",
              help="The copy (default: morgue.db in the archive, or else the newest in the bucket).")  # fmt: skip
@work_options
@common_options
@log_options
@click.pass_context
def command(ctx: click.Context, copy: Path | None) -> int:
    """Bring an older copy of the database up to date, from what was written into the WARC files since.

    Use this command when morgue.db is lost or damaged and you have a copy of it, or after you have put an older one
    back. The result has the same rows with the same numbers as the database that was lost. It is like `morgue rebuild`,
    but only what is new is read: a copy that is a day old takes minutes where a rebuild takes hours. What was taken
    down since the copy was made does not come back. Nothing is fetched. A copy by an older version is upgraded first.

    The copy stays as it is. A morgue.db that is there already is kept as morgue.db.before-TIME; delete it once `morgue
    verify` finds no problem. If this is interrupted, run the same command again: it goes on where it stopped.

    Exit code 1: something could not be read; it is named, and everything else is in the database. 2: the archive was
    exported without WARC files. 4: a crawl is writing to this archive. 7: the copy is of another archive or newer than
    the WARC files, or a WARC file that is needed is missing; nothing was changed.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    import asyncio
    from contextlib import ExitStack

    from crawler.cli.rebuilding.steps import (
        held,
        mend_files,
        must_have_something,
        nothing_to_restore,
        settle_old_database,
        workers,
    )
    from crawler.cli.rebuilding.summary import summary
    from crawler.config.models import load
    from crawler.engine.shipping import fetch_manifest, fetch_snapshot, storage_of
    from crawler.onboarding.owners import SourceOwners
    from pipelines.core.archive_layout import is_export
    from pipelines.fleet.layout import shard_without_copy
    from pipelines.rebuild.catch_up import catch_up, finish_interrupted, is_up_to_date
    from pipelines.warc import manifest

    config = load(folder_of(ctx, may_be_lost=True), overrides_of(ctx))
    folder, storage = config.folder, storage_of(config)
    database = folder.database
    if is_export(folder.path):
        cause = "is an export without WARC files: there is nothing to bring it up to date from"
        raise ConfigError(str(folder.path), cause, "export it again from the archive that it was exported from")
    if copy is not None and not copy.is_file():
        raise ConfigError(f"--from {copy}", "is no file", "name a copy of morgue.db")
    if copy is not None and database.exists() and not copy.samefile(database):
        settle_old_database(config, f"{copy.name} is used")
    if copy is None:
        must_have_something(config, shard_without_copy)
    fetched = None
    with held(config, storage) as lost, ExitStack() as stack:
        if warning := fetch_manifest(config, storage):
            click.echo(plain(warning), err=True)
        mend_files(config, storage)
        if finish_interrupted(database, storage):
            for line in (f"{database}: was brought up to date before, and is in its place now", *lost):
                click.echo(plain(line))
            return 0
        if copy is None and not database.exists():
            fetched = fetch_snapshot(config, storage)
            if fetched is None:
                raise nothing_to_restore(config, storage)
            stack.callback(fetched.unlink, missing_ok=True)
            copy = fetched
        if copy is None and is_up_to_date(database, folder.path / manifest.NAME, storage):
            for line in (f"{database}: is up to date with the WARC files; there is nothing to restore", *lost):
                click.echo(plain(line))
            return 0
        with workers(config) as (scanners, readers, progress):
            result = asyncio.run(
                catch_up(
                    database,
                    storage,
                    copy or database,
                    sources={name: own.source for name, own in config.sources.items()},
                    source_of=SourceOwners(config).source,
                    scanners=scanners,
                    readers=readers,
                    on_progress=progress,
                )
            )
    for line in [*summary(result), *lost]:
        click.echo(plain(line))
    if result.removals > 0 and fetched is None:
        click.echo(
            plain(f"not changed: {copy or result.old_database}, which has what was taken down since it was made")
        )
    return 1 if result.unread or result.damaged or result.missing else 0
