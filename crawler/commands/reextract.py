"""`morgue reextract`: read what is archived again, with the extractor and the rules of today."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from crawler.cli.archive_options import filter_options
from crawler.cli.main import folder_option, setting_option, the_folder, the_overrides
from exports.terminal import plain, styled
from pipelines.core.plural import counted
from pipelines.database.filters import ArticleFilters

if TYPE_CHECKING:
    from crawler.cli.progress_bar import StepProgress
    from crawler.config.models import Config
    from pipelines.rebuild.reextract import RevisionChange

RED, GREEN, BOLD, RESET = "\x1b[31m", "\x1b[32m", "\x1b[1m", "\x1b[0m"
SHOWN = 20  # pages that give nothing any more


@click.command()
@click.option("--diff", "only_show", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--all", "everything", is_flag=True, help="Also what this version read: after a rule was changed.")
@filter_options
@folder_option
@setting_option
@click.pass_context
def command(ctx: click.Context, only_show: bool, everything: bool, filters: ArticleFilters) -> int:
    """Read the archived pages again, with this version's extractor and the rules that sources/*.toml have now.

    After an upgrade, or when a source's [[rule]] was changed (then with --all). Nothing is fetched. Read again
    are the texts that another version of the extractor read; --all takes all. A text that is read otherwise now
    takes the place of the old one, in its revision: that is no edit of the paper's. The old one is kept (table
    `readings`), with the name of what read it. --diff shows what would change, and changes nothing.

    Interrupted, the same command goes on. Exit code 1 if a page gives no text any more: it keeps the one that it has.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    import asyncio

    from crawler.cli.progress_bar import StepProgress
    from crawler.config.models import load

    config = load(the_folder(ctx), the_overrides(ctx))
    with StepProgress() as steps:
        counts = asyncio.run(run(config, filters, steps, only_show=only_show, everything=everything))
    for line in counts.lines(only_show=only_show):
        click.echo(plain(line))
    return 1 if counts.nothing else 0


class ReextractCounts:
    """What came of it."""

    def __init__(self) -> None:
        self.read = self.changed = 0
        self.fields: dict[str, int] = {}
        self.nothing: list[tuple[str, str]] = []  # URL, why

    def count(self, change: RevisionChange | None) -> None:
        """One more revision."""
        self.read += 1
        if change is not None:
            self.changed += 1
            for name in change.before:
                self.fields[name] = self.fields.get(name, 0) + 1

    def lines(self, *, only_show: bool) -> Iterator[str]:
        """For people."""
        word = "would change" if only_show else "changed"
        yield f"{counted(self.read, 'revision')} read again, {self.changed:,} {word}"
        if self.fields:
            most = sorted(self.fields.items(), key=lambda item: (-item[1], item[0]))
            yield "  " + ", ".join(f"{name} {number:,}" for name, number in most)
        for url, why in self.nothing[:SHOWN]:
            yield f"nothing to read any more, left as it was: {url}: {why}"
        if len(self.nothing) > SHOWN:
            yield f"and {len(self.nothing) - SHOWN:,} more"


async def run(
    config: Config, filters: ArticleFilters, steps: StepProgress, *, only_show: bool, everything: bool
) -> ReextractCounts:
    """Read, compare, show or file."""
    from contextlib import closing

    from crawler.engine.extraction_workers import readers
    from crawler.engine.open_archive import open_archive_writer
    from pipelines.core.items import NothingToRead
    from pipelines.database import queries
    from pipelines.database.connection import connect
    from pipelines.extraction.extract import extractor
    from pipelines.rebuild import reextract
    from pipelines.rebuild.reread import reread
    from pipelines.warc.storage import WarcStorage

    counts = ReextractCounts()
    archive_writer = None if only_show else open_archive_writer(config)
    workers = readers(config)
    sources = {name: own.source for name, own in config.sources.items()}
    try:
        with closing(connect(config.folder.database)) as db:
            which = queries.article_selection(db, None, filters)
            ids = reextract.selection(db, which.condition(), which.values, None if everything else extractor())
            steps("reading", 0, len(ids))
            found = reread(db, WarcStorage(config.folder.warc), reextract.revisions(db, ids), sources, workers)
            async for read in found:
                if isinstance(read.outcome, NothingToRead):
                    counts.nothing.append((read.row["url"], read.outcome.reason))
                change = reextract.change_of(db, read)
                counts.count(change)
                if archive_writer is not None:
                    await archive_writer.do(reextract.take, archive_writer.db, read, change)
                elif change is not None:
                    show(change)
                steps("reading", counts.read, len(ids))
    finally:
        workers.kill()
        if archive_writer is not None:
            archive_writer.close()
    return counts


def show(change: RevisionChange) -> None:
    """One change, for reading."""
    from pipelines.rebuild.reextract import shown

    red, green, bold, reset = (RED, GREEN, BOLD, RESET) if styled(sys.stdout) else ("", "", "", "")
    click.echo(f"{bold}{plain(change.url)}{reset}  article {change.article_id}, revision {change.number}")
    for name in change.before:
        if name != "text":
            click.echo(f"{red}- {name}: {plain(shown(name, change.before[name]))}{reset}")
            click.echo(f"{green}+ {name}: {plain(shown(name, change.after[name]))}{reset}")
    for line in change.diff():
        colour = {"-": red, "+": green}.get(line[:1], "")
        click.echo(f"{colour}{plain(line)}{reset}")
    click.echo()
