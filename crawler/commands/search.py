"""`morgue search`: find articles by their words."""

from __future__ import annotations

import re
import sqlite3
import sys
import time
from collections.abc import Iterator
from dataclasses import fields

import click

from crawler.cli import output
from crawler.cli.archive_options import QueryCommand, database_of, filter_options, standard_output
from crawler.cli.main import folder_option, setting_option
from pipelines.core import terminal
from pipelines.core.plural import counted
from pipelines.database import queries
from pipelines.database.filters import ArticleFilters
from pipelines.database.query_parser import COLUMNS

# Around the words found while lines are measured and broken: private use, so that no article has them.
MATCH_MARKS = ("\ue000", "\ue001")
FILTER_NAMES = ("source", "since", "until", "language")
FIELD_PREFIX = re.compile(r"(?<![\w/:.-])([A-Za-z_]+):(?=[^\s/:)])")  # kind:opinion, but no address and no time of day


@click.command(cls=QueryCommand)
@click.argument("words", nargs=-1, metavar="[QUERY]...")
@filter_options
@click.option("--sort", type=click.Choice(queries.SORTS), default="relevance", show_default=True,
              help="Without a QUERY, relevance is newest.")  # fmt: skip
@click.option("--limit", type=click.IntRange(min=0), default=20, show_default=True, metavar="N", help="0: all.")
@click.option("--offset", type=click.IntRange(min=0), default=0, metavar="N", help="Leave out the first N.")
@click.option("--format", "form", type=click.Choice(output.FORMATS), default="table", show_default=True,
              help="json: one array; jsonl: one object a line.")  # fmt: skip
@folder_option
@setting_option
@click.pass_context
def command(
    ctx: click.Context,
    words: tuple[str, ...],
    filters: ArticleFilters,
    sort: str,
    limit: int,
    offset: int,
    form: str,
) -> None:
    """Find articles by their words; without QUERY, list the newest.

    \b
    climate change      both words, anywhere        "climate change"    the phrase
    climat*             words that begin so         climate -sport      without that word
    flood OR drought    either                      title:climate       in the headline (byline:, text:)

    The shell takes quotes away: say morgue search '"climate change"'. An article's number, at the left, is
    what `morgue show` takes.
    """
    query = " ".join(words)
    with database_of(ctx) as db, standard_output():
        if form == "table":
            _table(db, query, filters, sort, limit or None, offset)
        else:
            hits = queries.search(db, query, filters, sort, limit or None, offset)
            output.write_rows(hits, queries.HIT_KEYS, form)


def _table(
    db: sqlite3.Connection, query: str, filters: ArticleFilters, sort: str, limit: int | None, offset: int
) -> None:
    started = time.perf_counter()
    hits = list(queries.search(db, query, filters, sort, limit, offset, MATCH_MARKS))
    cut_off = offset or (limit is not None and len(hits) == limit)
    total = queries.count(db, query, filters) if cut_off else len(hits)
    seconds = time.perf_counter() - started
    if not total:
        click.echo("No match." + "".join(f"\n  {hint}" for hint in _hints(db, query, filters)))
        return
    for line in lines(hits, output.terminal_width(sys.stdout), styled=output.supports_style(sys.stdout)):
        click.echo(line)
    click.echo(f"{len(hits):,} of {counted(total, 'match')} · {seconds:.2f} s")


def lines(hits: list[queries.Row], room: int, *, styled: bool) -> Iterator[str]:
    """Number, day, source and headline of each hit, and below it where the words stand."""
    number = max((len(str(hit["id"])) for hit in hits), default=1)
    source = min(max((terminal.width(hit["source"] or "") for hit in hits), default=0), 16)
    bold, reset = (output.BOLD, output.RESET) if styled else ("", "")
    marks = str.maketrans(dict(zip(MATCH_MARKS, (bold, reset) if styled else ("[", "]"), strict=True)))
    indent = " " * (number + 2)
    for hit in hits:
        head = f"{hit['id']:>{number}}  {hit['published_day'] or '':10}  "
        head += terminal.pad(terminal.plain(hit["source"] or ""), source) + "  "
        title = terminal.plain(hit["title"] or "(no headline)").replace("\n", " ")
        yield head + bold + terminal.cut(title, max(room - terminal.width(head), 20)) + reset
        for line in terminal.wrap(terminal.plain(hit["snippet"]), room - len(indent)):
            yield indent + line.translate(marks)
        yield ""


def _hints(db: sqlite3.Connection, query: str, filters: ArticleFilters) -> Iterator[str]:
    """What to try where nothing was found."""
    used = [f"--{field.name}" for field in fields(filters) if getattr(filters, field.name) is not None]
    if used and (without := queries.count(db, query)):
        yield f"Without {' and '.join(filter(None, (', '.join(used[:-1]), used[-1])))} there would be {without:,}."
    for name in FILTER_NAMES:
        if f"{name}:" in query:
            yield f"{name}: is searched for as a word; the filter is --{name}."
    for name in dict.fromkeys(FIELD_PREFIX.findall(re.sub('"[^"]*"', " ", query))):
        if name.lower() not in (*COLUMNS, *FILTER_NAMES):
            there = ", ".join(f"{column}:" for column in COLUMNS)
            yield f"{name}: is no column of the index, so it is searched for as a word; there are {there}."
    if any("\u3040" <= character <= "\u9fff" for character in query) and "*" not in query:
        yield "Text without spaces is indexed by whole runs: say 東京* for what begins with 東京."
    elif query and "*" not in query:
        yield "Words match whole: flood* also finds floods and flooding."
    if filters.language:
        yield f"There are articles in: {', '.join(queries.languages(db)) or 'no language known'}."
