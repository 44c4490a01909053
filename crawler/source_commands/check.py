"""`morgue sources check`: read the files of sources, and name what is wrong or odd in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from crawler.cli.common_options import folder_of, folder_option, overrides_of, setting_option
from pipelines.core.errors import ConfigError, MorgueError
from pipelines.core.linear_patterns import matching
from pipelines.core.plural import counted
from pipelines.core.terminal import plain
from pipelines.core.urls import url_key

if TYPE_CHECKING:
    from crawler.config.models import Config, SourceConfig


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@folder_option
@setting_option
@click.pass_context
def command(ctx: click.Context, names: tuple[str, ...]) -> int:
    """Read the files of all sources, or of these, and name every mistake in them.

    Asks nothing of the network: whatever is fetched for an archive is recorded in it, and that is what `morgue crawl
    NAME` does, which says what each listing is. `morgue sources show NAME` has what the last readings showed.

    A mistake costs a source its crawls: exit code 2. What is odd (two sources with one front page or listing, an
    `exclude` that matches an address of the file itself) is said, with exit code 1.
    """
    from crawler.config.models import load

    config = load(folder_of(ctx), overrides_of(ctx), skip_broken=True)
    wanted = {config.file_named(name) for name in names} or {*config.sources, *config.broken}
    for name in sorted(wanted & config.broken.keys()):
        click.echo(plain(str(config.broken[name])))
    odd = [
        f"{name}: {why}"
        for name in sorted(wanted & config.sources.keys())
        for why in oddities(config, config.sources[name])
    ]
    for line in odd:
        click.echo(plain(line))
    good = len(wanted) - len(wanted & config.broken.keys())
    click.echo(f"{good:,} of {counted(len(wanted), 'file')} without a mistake")
    if wanted & config.broken.keys():
        return ConfigError.exit_code
    return MorgueError.exit_code if odd else 0


def oddities(config: Config, own: SourceConfig) -> Iterator[str]:
    """Yield what a source can hardly be meant to have."""
    others: defaultdict[str, list[str]] = defaultdict(list)
    for other in config.sources.values():
        if other.name != own.name:
            for url in listings_of(other):
                others[url_key(url)].append(other.name)
    for url in listings_of(own):
        if names := others[url_key(url)]:
            yield f"{url} is also a listing of {', '.join(names)}: the one that is crawled first has it"
    for url in (own.url, *own.sections):
        if matching(own.exclude, url):
            yield f"exclude matches {url}, which the file itself names"


def listings_of(own: SourceConfig) -> list[str]:
    """Return the addresses of the listings that a source file names, its front page first."""
    return [own.url, *own.feeds, *own.news_sitemaps, *own.sitemaps, *own.sections]
