"""`morgue sources export`: write the list of sources for feed readers, spreadsheets, or another archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crawler.cli import output
from crawler.cli.archive_options import standard_output
from crawler.cli.common_options import config_of, folder_option, setting_option
from pipelines.core import timestamps
from pipelines.core.errors import MorgueError
from pipelines.database.connection import Row

if TYPE_CHECKING:
    from crawler.config.models import SourceConfig

COLUMNS = ("source", "url", "title", "language", "feeds", "paused")


@click.command()
@click.option("--format", "form", type=click.Choice(("opml", "csv")), default="opml", show_default=True,
              help="opml: OPML 2.0, for feed readers; csv: one row per source.")  # fmt: skip
@folder_option
@setting_option
@click.pass_context
def command(ctx: click.Context, form: str) -> int:
    """Write the sources, with their front pages and feeds, to standard output.

    OPML has an outline for each feed, and a link for a source without one. `morgue add --urls FILE` makes the same
    sources of either format: their names, front pages and feeds, besides what it finds on the sites. Other settings
    (sitemaps, sections, rules, pauses) are in sources/*.toml: copy these files to take everything along.

    A source whose file has mistakes is left out, with a warning and exit code 1.
    """
    config = config_of(ctx)
    with standard_output() as out:
        if form == "csv":
            output.write_rows((row_of(own) for own in config.sources.values()), COLUMNS, form)
        else:
            from crawler.onboarding.opml import opml

            listed = [(own.source, own.feeds) for own in config.sources.values()]
            out.write(opml(f"Sources of {config.folder.path.name}", listed, timestamps.now()))
    return MorgueError.exit_code if config.broken else 0


def row_of(own: SourceConfig) -> Row:
    """Return the row of a source in a table."""
    return {
        "source": own.name,
        "url": own.url,
        "title": own.title,
        "language": own.language,
        "feeds": " ".join(own.feeds),
        "paused": own.paused or None,
    }
