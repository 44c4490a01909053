"""`morgue edits`: list what was edited, and what vanished."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click

from crawler.cli import output
from crawler.cli.archive_options import database_of, filter_options, format_option, standard_output
from crawler.cli.common_options import ROWS, common_options
from pipelines.database.connection import Row
from pipelines.database.filters import ArticleFilters

COLUMNS = ("seen", "source", "article", "rev.", "what", "words", "change", "headline", "url")
GONE_COLUMNS = ("since", "source", "article", "kind", "last_alive", "back", "title", "url")


def edit_filter(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the filters of `filter_options`, whose days are here those in which a change was seen."""
    return filter_options(function, dated="Seen")


@click.command()
@click.option("--min-change", type=click.FloatRange(0, 1), default=0.0, metavar="R",
              help="Only edits that change at least this share of the words, from 0 to 1.")  # fmt: skip
@click.option("--title-only", is_flag=True, help="Only edits that change the headline.")
@click.option("--silent", is_flag=True, help="Only edits of the text at which the page's time of change stayed.")
@click.option("--gone", "vanished", is_flag=True, help="List articles that vanished instead.")
@click.option("--limit", type=ROWS, default=50, show_default=True, metavar="N",
              help="Show the newest N; 0: all.")  # fmt: skip
@format_option()
@edit_filter
@common_options
@click.pass_context
def command(
    ctx: click.Context, filters: ArticleFilters, min_change: float, title_only: bool, silent: bool, vanished: bool,
    limit: int, form: str,
) -> None:  # fmt: skip
    """List the edits of articles, the newest first.

    For each: when it was seen first (UTC), the article's number and revision, what changed (title, text, byline,
    dates), words added and removed, the share of words that changed, and the headline: old -> new if it changed.
    "silent" means that the text changed and the time of change that the page gives did not.

    Counters, ages ("3 hours ago") and lines that change on many pages of a site are no edits.
    `morgue diff NUMBER` shows what changed. --gone lists articles whose page vanished: since when, how (404, 410,
    soft 404, front page), when it was last seen alive, and when it was back.

    \b
    morgue edits --since 2026-11 --source gazette --min-change 0.1
    morgue edits --silent --format jsonl
    """
    from pipelines.database.edits import edit_list

    if vanished and (min_change or title_only or silent):
        raise click.UsageError("--gone lists no edits: leave out --min-change, --title-only and --silent")
    with database_of(ctx) as db:
        if vanished:
            rows = edit_list.gone(db, filters, limit or None)
        else:
            wanted = edit_list.EditFilters(min_change, title_only, silent)
            rows = edit_list.edits(db, filters, wanted, limit or None)
        with standard_output():
            if form != "table":
                output.write_rows(rows, edit_list.GONE_KEYS if vanished else edit_list.EDIT_KEYS, form)
                return
            shown = [row if vanished else in_words(row) for row in rows]
            if not shown:
                click.echo("No article has vanished." if vanished else "No edit.")
                return
            columns = GONE_COLUMNS if vanished else COLUMNS
            for line in output.table(shown, columns, output.table_width(sys.stdout)):
                click.echo(line)


def in_words(row: Row) -> Row:
    """Return an edit with the columns of the table."""
    retitled = "title" in row["changes"]
    return row | {
        "rev.": row["revision"],
        "what": ", ".join([*row["changes"], *(["silent"] if row["silent"] else [])]),
        "words": f"+{row['words_added']} -{row['words_removed']}",
        "change": f"{row['change_ratio']:.1%}",
        "headline": f"{row['old_title'] or '(none)'} -> {row['title'] or '(none)'}" if retitled else row["title"],
    }
