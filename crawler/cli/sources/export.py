"""`morgue sources export`: write the list of sources for a feed reader, a spreadsheet or another archive."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

import click

from crawler.cli import output
from crawler.cli.archive_options import standard_output
from crawler.cli.common_options import common_options, settings_of
from pipelines.core.errors import ConfigError, MorgueError

if TYPE_CHECKING:
    from crawler.config.models import Config

CSV_COLUMNS = ("name", "url", "title", "language", "paused", "feeds", "news_sitemaps", "sitemaps", "sections")


@click.command(name="export", context_settings={"allow_extra_args": True})
@click.option("--format", "form", type=click.Choice(("opml", "csv")), default="opml", show_default=True,
              help="opml: for feed readers, with every feed; csv: one row for each source.")  # fmt: skip
@common_options
@click.pass_context
def export_command(ctx: click.Context, form: str) -> int:
    """Print the list of sources as OPML 2.0 or CSV.

    `morgue add --urls FILE` of another archive reads both, with the names and feeds of the sources, and looks each site
    over. Settings and rules are not in the list: to take them along, copy the files of sources/.

    Exit code 1: a source is not in the list, because its file has mistakes; they are named on standard error.
    """
    if ctx.args:
        file = quote(ctx.args[0])
        raise ConfigError(ctx.args[0], "the list is printed, not written", f"say morgue sources export > {file}")
    config = settings_of(ctx)
    with standard_output() as out:
        if form == "opml":
            out.write(opml(config).encode())
        else:
            rows = ({name: getattr(own, name) for name in CSV_COLUMNS} for own in config.sources.values())
            output.write_rows(rows, CSV_COLUMNS, "csv")
    return MorgueError.exit_code if config.broken else 0


def opml(config: Config) -> str:
    """Return the sources as OPML 2.0 (opml.org/spec2.opml): an outline for each feed, or for a site without one."""
    from email.utils import format_datetime
    from xml.etree import ElementTree as etree

    from crawler.onboarding.opml import SOURCE_ATTRIBUTE
    from pipelines.core.timestamps import now

    etree.register_namespace("morgue", SOURCE_ATTRIBUTE[1:].partition("}")[0])
    root = etree.Element("opml", version="2.0")
    head, body = etree.SubElement(root, "head"), etree.SubElement(root, "body")
    etree.SubElement(head, "title").text = f"Sources of {config.folder.path.name}"
    etree.SubElement(head, "dateCreated").text = format_datetime(now())
    for own in config.sources.values():
        text = own.title or own.name
        common = {"text": text, "title": text, "htmlUrl": own.url, SOURCE_ATTRIBUTE: own.name}
        common |= {"language": own.language} if own.language else {}
        for feed in own.feeds:
            etree.SubElement(body, "outline", {"type": "rss", **common, "xmlUrl": feed})
        if not own.feeds:  # type "link" has its address in `url`; htmlUrl is for programs that look only there
            etree.SubElement(body, "outline", {"type": "link", **common, "url": own.url})
    etree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{etree.tostring(root, encoding="unicode")}\n'
