"""`morgue rebuild`: the database anew from the WARC files."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from crawler.cli.main import folder_option, setting_option, the_folder, the_overrides
from exports.terminal import plain
from pipelines.core.plural import counted, verb

if TYPE_CHECKING:
    from crawler.config.models import Config
    from pipelines.rebuild.staging import RebuildReport

SHOWN = 20  # things of one kind that went wrong


@click.command()
@folder_option
@setting_option
@click.pass_context
def command(ctx: click.Context) -> int:
    """Make the database anew from the WARC files alone: the same rows, with the same numbers.

    When morgue.db is lost or damaged, or `morgue verify` says so. Nothing is fetched. Texts are read again from
    the captures, with the rules that sources/*.toml have now; where this version reads a page otherwise than the
    one that read it first, the new text stands, and the summary says how many these are; what stood before is kept
    as well, if the database that is there has it. That is kept as morgue.db.before-TIME: delete it once `morgue
    verify` finds all well. WARC files of another archive are told by their id, named, and read as files without a
    journal. Searches go on meanwhile with the old database. Interrupted, the same command goes on.

    Exit code 1 if a file is missing or something could not be read: it is named, and the rest is there. 4: a crawl is
    writing to this archive.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    import asyncio

    from crawler.cli.progress_bar import StepProgress
    from crawler.config.models import load
    from crawler.engine.extraction_workers import readers
    from crawler.onboarding.owners import SourceOwners
    from pipelines.core.lock import NAME, ArchiveLock
    from pipelines.core.worker_pool import WorkerPool
    from pipelines.rebuild.rebuild import Rebuild
    from pipelines.warc import manifest
    from pipelines.warc.recovery import recover
    from pipelines.warc.storage import WarcStorage

    config = load(the_folder(ctx), the_overrides(ctx))
    folder, storage = config.folder, WarcStorage(config.folder.warc)
    tell_the_files(config)
    lock = ArchiveLock(folder.path / NAME)
    try:
        for file in recover(storage, folder.path / manifest.NAME):
            for sentence in file.messages:
                click.echo(sentence)
        sources = {name: own.source for name, own in config.sources.items()}
        scanners = WorkerPool(config.extract.workers or None, seconds=3600, cpu_seconds=3600, memory=4 << 30)
        reading = readers(config)
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


def tell_the_files(config: Config) -> None:
    """What the old database knows and the journal does not say yet, if it is a sound one: a crash came first."""
    from crawler.engine.open_archive import open_archive_writer
    from pipelines.core.errors import ArchiveDamaged

    if not config.folder.database.exists():
        return
    try:
        archive_writer = open_archive_writer(config)
    except ArchiveDamaged as error:
        click.echo(f"the database that is there cannot be asked ({error.cause}): the WARC files alone are read")
        return
    for sentence in archive_writer.recovery_messages:
        click.echo(sentence)
    archive_writer.close(everything=True)
    if archive_writer.failed is not None and not isinstance(archive_writer.failed, ArchiveDamaged):
        raise archive_writer.failed


def cure_of(name: str) -> str:
    """Why an extractor's texts are others now, and how to have them back."""
    from pipelines.extraction.extract import extractor

    if name == extractor():
        return "this version; the rules in sources/*.toml have changed"
    return "to have them as they were, install that version and rebuild; or leave them as they are"


def summary(result: RebuildReport) -> Iterator[str]:
    """What was made, and what could not be."""
    from crawler.cli.old_databases import described, put_aside

    yield (
        f"{counted(result.files, 'WARC file')}: {counted(result.captures, 'capture')}, "
        f"{counted(result.articles, 'article')}, {counted(result.revisions, 'revision')}"
    )
    if result.kept is not None:
        yield f"the database that was there is kept: {described(result.kept)}"
        yield "  nothing reads it any more: delete it once `morgue verify` finds all well"
        older = [described(path) for path in put_aside(result.kept.parent) if path != result.kept]
        yield from (f"  an earlier rebuild left one, too: {path}" for path in older)
    if result.untold:
        yield (
            f"{counted(result.untold, 'capture')} in no journal; "
            f"{counted(result.filed, 'article')} read from {verb(result.untold, 'it', 'them')}"
        )
        if not result.foreign:
            yield "  the database was lost before it was written, or an older version wrote the files"
    if result.foreign:
        yield "of another archive; their pages were read and filed, what its database knew of them was left out:"
        yield from (f"  {name}" for name in result.foreign[:SHOWN])
        yield "  to keep where records came from, move such files out of warc/ and use `morgue import`"
    yield from result.notes
    if result.listed:
        yield f"{counted(result.listed, 'file')} entered in the manifest: not listed before"
    for name in result.missing[:SHOWN]:
        yield f"missing: {name}, which the manifest lists: restore it, and run this again"
    if result.differently:
        yield f"{counted(result.differently, 'text')} read otherwise than when captured"
        if result.kept_readings:
            yield f"  {result.kept_readings:,} of these as they were are kept in `readings`: the old database had them"
        for name, number in result.extractors.items():
            yield f"  {number:,} read by {name}: {cure_of(name)}"
    for file, offset, length, why in result.damaged[:SHOWN]:
        yield f"damaged: {file}, byte {offset}, {counted(length, 'byte')}: {why}"
    for url, why in result.unread[:SHOWN]:
        yield f"no text: {url}: {why}"
    more = max(0, len(result.damaged) - SHOWN) + max(0, len(result.unread) - SHOWN)
    if more:
        yield f"and {more:,} more"
