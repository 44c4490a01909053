"""`morgue diff`: show what changed between two revisions of an article, by words."""

from __future__ import annotations

import sys

import click

from crawler.cli import output
from crawler.cli.archive_options import database_of, standard_output
from crawler.cli.common_options import common_options, folder_of
from pipelines.bucket.opening import warc_storage
from pipelines.database import queries


@click.command()
@click.argument("wanted", metavar="URL-or-NUMBER")
@click.argument("first", metavar="[A]", required=False)
@click.argument("second", metavar="[B]", required=False)
@click.option("--format", "form", type=click.Choice(("text", "html", "json")), default="text", show_default=True,
              help="html: a page to read in a browser; redirect it into a file.")  # fmt: skip
@common_options
@click.pass_context
def command(ctx: click.Context, wanted: str, first: str | None, second: str | None, form: str) -> None:
    """Show what changed between two revisions of an article, by words.

    A and B are numbers of revisions, or times (2026-11-23 or 2026-11-23T08:00Z) at which a revision was the newest. A
    day means its end; as A it means its beginning, if both sides would else be the same revision. Without A and B, the
    last two are compared; with A alone, A and the newest. The head names the captures that are compared, with their
    WARC records. On a terminal, removed words are red and added words are green; elsewhere, they are [-removed-] and
    {+added+}.

    \b
    morgue diff 12                                  the last edit of article 12
    morgue diff 12 1 3                              from revision 1 to revision 3
    morgue diff 12 2026-11-01 --format html > 12.html
    """
    from crawler.cli.diff_report import html, lines
    from exports.article_report import states_of
    from pipelines.database.edits.comparison import Comparison
    from pipelines.database.edits.edit_list import compared, has_moved

    warc = warc_storage(folder_of(ctx).path)
    with database_of(ctx) as db:
        row = queries.article(db, wanted)
        states = states_of(db, row)
        old, new = compared(states, row["id"], first, second)
    comparison = Comparison(row["id"], row["url"], old, new, has_moved(states, old, new))
    with standard_output():
        if form == "json":
            click.echo(output.json_text(comparison.as_dict()))
        elif form == "html":
            click.echo(html(comparison))
        else:
            styled, room = output.supports_style(sys.stdout), min(output.terminal_width(sys.stdout), 100)
            for line in lines(comparison, warc, room, styled=styled):
                click.echo(line)
