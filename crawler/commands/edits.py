"""`morgue edits`: list what was edited, and what vanished."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from crawler.cli import output
from crawler.cli.archive_options import QueryCommand, database_of, filter_options, format_option, standard_output
from crawler.cli.common_options import ROWS, common_options
from crawler.cli.searching.hints import no_match
from pipelines.core.plural import counted, verb
from pipelines.database.connection import Row
from pipelines.database.filters import ArticleFilters
from pipelines.database.shards.databases import Database

if TYPE_CHECKING:
    from pipelines.database.edits.edit_list import EditFilters

COLUMNS = ("seen", "source", "article", "rev.", "what", "words", "change", "headline", "url")
GONE_COLUMNS = ("since", "source", "article", "kind", "last_alive", "back", "title", "url")


class ShareOfWords(click.FloatRange):
    """Read a share as a number from 0 to 1, or in percent."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the share from 0 to 1."""
        if isinstance(value, str) and value.endswith("%"):
            value = click.FLOAT(value.removesuffix("%").strip(), param, ctx) / 100
        return super().convert(value, param, ctx)


def edit_filter(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the filters of `filter_options`, whose days are here those in which a change was seen."""
    return filter_options(function, dated="Seen")


@click.command(cls=QueryCommand)
@click.argument("words", nargs=-1, metavar="[QUERY]...")
@click.option("--min-change", type=ShareOfWords(0, 1), default=0.0, metavar="R",
              help="Only edits that change at least this share of the words: 0.02 or 2%.")  # fmt: skip
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
    ctx: click.Context, words: tuple[str, ...], filters: ArticleFilters, min_change: float, title_only: bool,
    silent: bool, vanished: bool, limit: int, form: str,
) -> None:  # fmt: skip
    """List the edits of articles, the newest first; with QUERY, of those that `morgue search` finds by it.

    For each: when it was seen first (UTC), the article's number and revision, what changed (title, text, byline,
    dates), words added and removed, the share of words that changed, and the headline: old -> new if it changed.
    "silent" means that the text changed and the time of change that the page gives did not.

    Counters, ages ("3 hours ago") and lines that change on many pages of a site are no edits.
    `morgue diff NUMBER` shows what changed. --gone lists articles whose page vanished: since when, how (404, 410,
    soft 404, front page), when it was last seen alive, and when it was back.

    \b
    morgue edits climate
    morgue edits --since 2026-11 --source gazette --min-change 0.1
    morgue edits --silent --format jsonl
    """
    from pipelines.database.edits import edit_list

    if vanished and (min_change or title_only or silent):
        raise click.UsageError("--gone lists no edits: leave out --min-change, --title-only and --silent")
    query = " ".join(words)
    with database_of(ctx) as db:
        wanted = edit_list.EditFilters(min_change, title_only, silent)
        if vanished:
            rows = edit_list.gone(db, filters, limit or None, query)
        else:
            rows = edit_list.edits(db, filters, wanted, limit or None, query)
        with standard_output():
            if form != "table":
                output.write_rows(rows, edit_list.GONE_KEYS if vanished else edit_list.EDIT_KEYS, form)
                return
            shown = [row if vanished else in_words(row) for row in rows]
            if not shown:
                missed = found_nothing(db, query, filters)
                click.echo(
                    "\n".join(missed)
                    or ("No article has vanished." if vanished else none_of(db, query, filters, wanted))
                )
                return
            columns = GONE_COLUMNS if vanished else COLUMNS
            for line in output.table(shown, columns, output.table_width(sys.stdout)):
                click.echo(line)


def found_nothing(db: Database, query: str, filters: ArticleFilters) -> list[str]:
    """Return what `morgue search` says of a query that no article matches; nothing if one does."""
    if not query.strip():
        return []
    from pipelines.database.search import counts

    among = replace(filters, since=None, until=None)  # the days are those of edits
    return [] if counts.count(db, query, among) else list(no_match(db, query, among))


def none_of(db: Database, query: str, filters: ArticleFilters, wanted: EditFilters) -> str:
    """Return the sentence for no edit found. Of --silent, it says of how many edits that is not known."""
    from pipelines.database.edits import edit_list

    if not wanted.silent:
        return "No edit."
    of_text = [
        row
        for row in edit_list.edits(db, filters, replace(wanted, silent=False), None, query)
        if "text" in row["changes"]
    ]
    unknown = sum(row["silent"] is None for row in of_text)
    if not unknown:
        return "No silent edit."
    pages = verb(unknown, "its page gives", "their pages give")
    edits = f"Of {counted(len(of_text), 'edit')} of the text, {unknown:,} cannot be judged"
    return f"No silent edit. {edits}: {pages} no time of change."


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
