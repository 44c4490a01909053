"""`morgue rebuild`: the database anew from the WARC files."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from crawler.cli import folder_option, setting_option, the_folder, the_overrides
from exports.table import plain

if TYPE_CHECKING:
    from crawler.config import Config
    from pipelines.draft import Rebuilt

SHOWN = 20  # things of one kind that went wrong


@click.command()
@folder_option
@setting_option
@click.pass_context
def command(ctx: click.Context) -> int:
    """Make the database anew from the WARC files alone: the same rows, with the same numbers.

    Nothing is fetched. Texts are read again from the captures, with the rules that sources/*.toml have now; where this
    version reads a page otherwise than the one that read it first, the new text stands, and the summary says how many
    these are; what stood before is kept as well, if the database that is there has it. That is kept beside the new one,
    under another name. WARC files of another archive are told by their id, named, and read as files without a journal.
    Interrupted, the same command goes on.

    Exit code 1 if something could not be read: it is named, and the rest is there.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    import asyncio

    from crawler.bar import Steps
    from crawler.config import load
    from crawler.owners import Owners
    from crawler.readers import readers
    from pipelines import manifest
    from pipelines.keeper import Lock
    from pipelines.rebuild import Rebuild
    from pipelines.warc import recover
    from pipelines.workers import Workers

    config = load(the_folder(ctx), the_overrides(ctx))
    folder = config.folder
    tell_the_files(config)
    lock = Lock(folder.path / "morgue.lock")
    try:
        for file in recover(folder.warc, folder.path / manifest.NAME):
            for sentence in file.said:
                click.echo(sentence)
        sources = {name: own.source for name, own in config.sources.items()}
        scanners = Workers(config.extract.workers or None, seconds=3600, cpu_seconds=3600, memory=4 << 30, warm_up="")
        reading = readers(config)
        with Steps() as steps:
            work = Rebuild(folder.database, folder.warc, sources, Owners(config).source, steps)
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
    from crawler.keeping import open_keeper
    from pipelines.errors import ArchiveDamaged

    if not config.folder.database.exists():
        return
    try:
        keeper = open_keeper(config)
    except ArchiveDamaged as error:
        click.echo(f"the database that is there cannot be asked ({error.cause}): the WARC files alone are read")
        return
    for sentence in keeper.mended:
        click.echo(sentence)
    keeper.close(everything=True)
    if keeper.failed is not None and not isinstance(keeper.failed, ArchiveDamaged):
        raise keeper.failed


def cure_of(name: str) -> str:
    """Why an extractor's texts are others now, and how to have them back."""
    from pipelines.extract import extractor

    if name == extractor():
        return "this version; the rules in sources/*.toml have changed"
    return "to have them as they were, install that version and rebuild; or leave them as they are"


def summary(result: Rebuilt) -> Iterator[str]:
    """What was made, and what could not be."""
    yield (
        f"{result.files:,} WARC files: {result.captures:,} captures, {result.articles:,} articles, "
        f"{result.revisions:,} revisions"
    )
    if result.kept is not None:
        yield f"the database that was there is kept as {result.kept.name}"
    if result.untold:
        yield f"{result.untold:,} captures are in no journal; {result.filed:,} articles were read from them"
        if not result.foreign:
            yield "  the database was lost before it was written, or an older version wrote the files"
    if result.foreign:
        yield "of another archive; their pages were read and filed, what its database knew of them was left out:"
        yield from (f"  {name}" for name in result.foreign[:SHOWN])
        yield "  to keep where records came from, move such files out of warc/ and use `morgue import`"
    yield from result.notes
    if result.listed:
        yield f"{result.listed:,} files were not in the manifest, and are now"
    for name in result.missing[:SHOWN]:
        yield f"missing: {name}, which the manifest lists: restore it, and run this again"
    if result.differently:
        yield f"{result.differently:,} texts are read otherwise than when they were captured"
        if result.kept_readings:
            yield f"  {result.kept_readings:,} of these as they were are kept in `readings`: the old database had them"
        for name, number in result.extractors.items():
            yield f"  {number:,} were read by {name}: {cure_of(name)}"
    for file, offset, length, why in result.damaged[:SHOWN]:
        yield f"damaged: {file}, byte {offset}, {length} bytes: {why}"
    for url, why in result.unread[:SHOWN]:
        yield f"no text: {url}: {why}"
    more = max(0, len(result.damaged) - SHOWN) + max(0, len(result.unread) - SHOWN)
    if more:
        yield f"and {more:,} more"
