"""`morgue rebuild`: make the database again from the WARC files."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from crawler.cli.common_options import common_options, folder_of, overrides_of
from crawler.cli.fleet.work_options import work_options
from crawler.cli.log_options import log_options
from pipelines.core.errors import ConfigError
from pipelines.core.plural import counted, verb
from pipelines.core.terminal import plain

if TYPE_CHECKING:
    from crawler.config.models import Config
    from pipelines.rebuild.staging import RebuildReport

MAX_LINES_OF_A_KIND = 20  # failures of one kind that the summary names


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

    from crawler.cli.progress_bar import StepProgress
    from crawler.config.models import load
    from crawler.engine.extraction_workers import extraction_workers
    from crawler.engine.shipping import connect_bucket, storage_of, taken
    from crawler.onboarding.owners import SourceOwners
    from pipelines.core.archive_layout import LOCK_NAME, is_export
    from pipelines.core.lock import ArchiveLock
    from pipelines.core.worker_pool import WorkerPool
    from pipelines.rebuild.rebuild import Rebuild
    from pipelines.warc import manifest
    from pipelines.warc.recovery import recover

    config = load(folder_of(ctx), overrides_of(ctx))
    folder, storage = config.folder, storage_of(config)
    if folder.database.exists() and is_export(folder.path):
        cause = "is an export without WARC files: the database is all there is of it"
        raise ConfigError(str(folder.path), cause, "keep it, and rebuild the archive that it was exported from")
    settle_old_database(config)
    lock = ArchiveLock(folder.path / LOCK_NAME)
    try:
        with taken(config, storage, anew=True):
            connect_bucket(config, None)
            for file in recover(storage, folder.path / manifest.NAME):
                for sentence in file.messages:
                    click.echo(sentence)
            sources = {name: own.source for name, own in config.sources.items()}
            scanners = WorkerPool(config.extract.workers or None, seconds=3600, cpu_seconds=3600, memory=4 << 30)
            reading = extraction_workers(config)
            with StepProgress() as steps:
                work = Rebuild(folder.database, storage, sources, SourceOwners(config).source, steps)
                try:
                    result = asyncio.run(work.run(scanners, reading))
                finally:
                    scanners.kill()
                    reading.kill()
    finally:
        lock.release()
    for line in summary(result):
        click.echo(plain(line))
    return 1 if result.unread or result.damaged or result.missing else 0


def settle_old_database(config: Config) -> None:
    """Write to the journal what only the old database knows after a crash, if that database can be read."""
    from crawler.engine.open_archive import open_archive_writer
    from pipelines.core.errors import ArchiveDamaged, OutdatedCopy

    if not config.folder.database.exists():
        return
    try:
        archive_writer = open_archive_writer(config)
    except OutdatedCopy:
        return  # what it knows does not count any more
    except ArchiveDamaged as error:
        click.echo(f"the old database cannot be read ({error.cause}): only the WARC files are used")
        return
    for sentence in archive_writer.recovery_messages:
        click.echo(sentence)
    archive_writer.close(everything=True)
    if archive_writer.failed is not None and not isinstance(archive_writer.failed, ArchiveDamaged):
        raise archive_writer.failed


def cure_of(name: str) -> str:
    """Return why texts of an extractor differ now, or how to get the old ones back."""
    from pipelines.extraction.extract import extractor

    if name == extractor():
        return "this version; the rules in sources/*.toml have changed"
    return "to get the old texts back, install that version and rebuild"


def summary(result: RebuildReport) -> Iterator[str]:
    """Yield the lines of the summary: what was made, and what could not be read."""
    from crawler.cli.old_databases import description, old_databases

    yield (
        f"{counted(result.files, 'WARC file')}: {counted(result.captures, 'capture')}, "
        f"{counted(result.articles, 'article')}, {counted(result.revisions, 'revision')}"
    )
    if result.old_database is not None:
        yield f"the old database is kept: {description(result.old_database)}"
        yield "  no command reads it any more: delete it once `morgue verify` finds no problem"
        older = [description(path) for path in old_databases(result.old_database.parent) if path != result.old_database]
        yield from (f"  kept from an earlier rebuild: {path}" for path in older)
    if result.unmentioned:
        yield (
            f"{counted(result.unmentioned, 'capture')} {verb(result.unmentioned, 'is', 'are')} in no journal; "
            f"{counted(result.filed, 'article')} read from {verb(result.unmentioned, 'it', 'them')}"
        )
        if copies := result.removed_copies:
            are, left_out = verb(copies, "is a copy", "are copies"), verb(copies, "is", "are")
            yield f"  {counted(copies, 'page')} {are} of a page that was taken down, and {left_out} not filed"
        if not result.foreign:
            yield "  the database was lost before the journal was written, or an older version wrote the files"
    if result.foreign:
        yield "files of another archive; their pages were read, but what its database knew of them is not here:"
        yield from (f"  {name}" for name in result.foreign[:MAX_LINES_OF_A_KIND])
        yield "  to record where they came from, move such files out of warc/ and use `morgue import`"
    yield from result.notes
    if result.listed:
        them = verb(result.listed, "it", "them")
        yield f"{counted(result.listed, 'file')} added to the manifest, which did not list {them}"
    for name in result.missing[:MAX_LINES_OF_A_KIND]:
        yield f"missing: {name}, which the manifest lists: restore it from a copy, and rebuild again"
    if result.changed_texts:
        differ = verb(result.changed_texts, "differs", "differ")
        yield f"{counted(result.changed_texts, 'text')} {differ} from the first reading"
        if result.kept_readings:
            yield f"  {result.kept_readings:,} of the old texts are kept in `readings`, from the old database"
        for name, number in result.extractors.items():
            yield f"  {number:,} first read by {name}: {cure_of(name)}"
    for file, offset, length, why in result.damaged[:MAX_LINES_OF_A_KIND]:
        yield f"damaged: {file}, byte {offset}, {counted(length, 'byte')}: {why}"
    for url, why in result.unread[:MAX_LINES_OF_A_KIND]:
        yield f"no text: {url}: {why}"
    more = max(0, len(result.damaged) - MAX_LINES_OF_A_KIND) + max(0, len(result.unread) - MAX_LINES_OF_A_KIND)
    if more:
        yield f"and {more:,} more"
