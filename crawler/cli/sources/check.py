"""`morgue sources check`: name the mistakes in the files of sources, and ask their listings whether they are any."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from crawler.cli.common_options import common_options, folder_of, overrides_of, settings_folder_of
from pipelines.core.errors import MorgueError
from pipelines.core.plural import counted
from pipelines.core.source_names import must_be_meant
from pipelines.core.terminal import plain

if TYPE_CHECKING:
    from crawler.config.models import Config, SourceConfig


@click.command(name="check")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--ask", is_flag=True, help="Ask robots.txt and each listing of the files once, and say what they are.")
@common_options
@click.pass_context
def check_command(ctx: click.Context, names: tuple[str, ...], ask: bool) -> int:
    """Check the files of sources, of all or of those named: syntax, keys, values.

    With --ask, robots.txt and each feed, sitemap, front and section page that a file names are requested once, at most
    25 requests a source. What they answer is kept in the archive as captures, but no article is filed and no visit is
    planned. A paused source is asked for nothing. Without --ask, nothing is requested; `morgue sources show` says what
    the last readings showed.

    Exit code 1: a listing is not what the file says, or is in two files. 2: a file has mistakes.
    """
    from crawler.config.listed_twice import listed_twice
    from crawler.config.models import load
    from pipelines.core.timestamps import now

    folder = folder_of(ctx) if ask else settings_folder_of(ctx)  # of a fleet, each shard asks for its own sources
    config = load(folder, overrides_of(ctx), skip_broken=True)
    every_source = config.sources
    if config.others.sources:
        from crawler.cli.fleet.routes import own_only
        from crawler.config.archive_folder import ArchiveFolder

        every_source = load(ArchiveFolder(folder.settings_folder), overrides_of(ctx), skip_broken=True).sources
        names = tuple(own_only(ctx, folder, names, is_known=True))
    wanted = named(config, names)
    shared = {name: told for name, told in listed_twice(every_source.values(), now()).items() if name in wanted}
    for name in wanted:
        if name in config.broken:
            click.echo(plain(f"{name}: {config.broken[name]}"))
        elif name in shared:
            click.echo(plain(f"{name}: {shared[name]}"))
        elif not ask:
            click.echo(f"{name}: no mistakes")
    mistakes = [name for name in wanted if name in config.broken]
    wrong = len(shared)
    import asyncio  # 20 ms that `morgue --help` need not pay

    if ask and (chosen := [config.sources[name] for name in wanted if name not in config.broken]):
        wrong += asyncio.run(ask_all(chosen, config))
    if mistakes:
        from pipelines.core.errors import ConfigError

        raise ConfigError(counted(len(mistakes), "file"), "has mistakes" if len(mistakes) == 1 else "have mistakes")
    return MorgueError.exit_code if wrong else 0


def named(config: Config, names: Sequence[str]) -> list[str]:
    """Return the sources that are meant: all, if none is named. Raises NotFound."""
    if not names:
        return sorted(config.homes)
    return [must_be_meant(name, config.homes, "has no file in sources/") for name in names]


async def ask_all(sources: Sequence[SourceConfig], config: Config) -> int:
    """Ask the listings of these sources, print what they are, and return how many are not what they should be."""
    import asyncio

    from crawler.config.pauses import pause_lasts
    from crawler.engine.crawl import open_context
    from crawler.frontier.watched_sites import seeds_of
    from crawler.onboarding.site_fetcher import SiteFetcher
    from crawler.onboarding.source_check import check_listings
    from pipelines.core.timestamps import now

    context = open_context(config, " ".join(sys.argv[1:]))
    fetcher = SiteFetcher(config, context)
    wrong, outcome = 0, "failed"
    try:
        for own in sources:
            if pause_lasts(own.paused, now()):
                click.echo(f"{own.name}: is paused, and not asked")
                continue
            click.echo(f"{own.name}:")
            listings = [(entry.url, entry.kind) for entry in seeds_of(own.source, own)]
            obey = config.for_source(own.name).robots
            async for found in check_listings(listings, fetcher.fetch, fetcher.read, obey=obey):
                wrong += not found.good
                click.echo(plain(f"  {'ok ' if found.good else 'NOT'} {found.kind} {found.url}: {found.text}"))
        outcome = "partly failed" if wrong else "done"
    except asyncio.CancelledError:
        outcome = "interrupted"
        raise
    finally:
        await fetcher.close()
        context.workers.kill()
        context.close(outcome)
    return wrong
