"""`morgue search`: find articles by their words."""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import fields

import click

from crawler.cli import output
from crawler.cli.archive_options import (
    QueryCommand,
    database_of,
    filter_options,
    format_option,
    standard_output,
    undated_left_out,
)
from crawler.cli.common_options import folder_option, setting_option
from crawler.cli.counting.bars import characters_for
from crawler.cli.counting.facet_bars import facet_lines
from pipelines.core import terminal
from pipelines.core.errors import NotFound, QueryError
from pipelines.core.plural import counted
from pipelines.database import queries
from pipelines.database.filters import ArticleFilters
from pipelines.database.query_language.values import listed
from pipelines.database.search import counts, facets
from pipelines.database.search.hits import HIT_KEYS, SORTS, search
from pipelines.database.selection import is_address

# They mark the words found while lines are measured and broken. No article has these private-use characters.
MATCH_MARKS = ("\ue000", "\ue001")
UNDATED = "undated"  # in the place of a day
MAX_SOURCE_WIDTH = 16  # columns of a terminal


@click.command(cls=QueryCommand)
@click.argument("words", nargs=-1, metavar="[QUERY]...")
@filter_options
@click.option("--sort", type=click.Choice(SORTS), default="relevance", show_default=True,
              help="Order of the matches. Without QUERY, relevance means newest.")  # fmt: skip
@click.option("--limit", type=click.IntRange(min=0), default=20, show_default=True, metavar="N",
              help="Show at most N matches; 0: all.")  # fmt: skip
@click.option("--offset", type=click.IntRange(min=0), default=0, metavar="N", help="Skip the first N matches.")
@click.option("--facet", "facet_keys", multiple=True, metavar="KEY,...",
              help=f"Below the matches, count all of them by {', '.join(facets.KEYS[:-1])} or {facets.KEYS[-1]}. "
                   "Repeatable.")  # fmt: skip
@click.option("--facet-limit", type=click.IntRange(min=0), default=10, show_default=True, metavar="N",
              help="Show the N most frequent values of each; 0: all.")  # fmt: skip
@format_option()
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
    facet_keys: tuple[str, ...],
    facet_limit: int,
    form: str,
) -> None:
    """Find articles by their words; without QUERY, list the newest.

    \b
    climate change      both words, anywhere        "climate change"    the phrase
    climat*             words that begin so         climate -sport      without that word
    flood OR drought    either word                 title:climate       in the headline (author:, text:)
    source:faz,waz      published:2012-01..2012-03  language:de  kind:opinion
    origin:reuters      section:sports              tag:"cup final"

    Everything combines with OR, NOT, - and parentheses: climate (source:faz OR title:summit). An address, also with
    tracking parameters or without https://, leads to its article.

    The shell removes quotes, so type: morgue search '"climate change"'. The number on the left of each match is the
    article's number, for `morgue show NUMBER`.

    --facet source,month shows below the matches which values are the most frequent among all of them; with --format
    json, the answer is then an object with "hits" and "facets". `morgue count` has more numbers, and plots.
    """
    query = " ".join(words)
    keys = listed("--facet", facet_keys)
    if keys:
        facets.check_keys("--facet", keys)
        if form in ("jsonl", "csv"):
            cure = "say --format json, or `morgue count QUERY --by KEY` for the numbers alone"
            raise QueryError("--facet", f"has no place in {form}, which has one row for each match", cure)
    with database_of(ctx, quickly=True) as db, standard_output():
        if form == "table":
            if _table(db, query, filters, sort, limit or None, offset):
                _facets(db, keys, query, filters, facet_limit)
        elif keys:
            hits = list(search(db, query, filters, sort, limit or None, offset))
            counted_by = {key: facets.facet(db, key, query, filters, facet_limit).as_json() for key in keys}
            click.echo(output.json_text({"hits": hits, "facets": counted_by}))
        else:
            hits = search(db, query, filters, sort, limit or None, offset)
            output.write_rows(hits, HIT_KEYS, form)


def _table(
    db: sqlite3.Connection, query: str, filters: ArticleFilters, sort: str, limit: int | None, offset: int
) -> bool:
    """Print the matches; return False if there are none."""
    started = time.perf_counter()
    hits = list(search(db, query, filters, sort, limit, offset, MATCH_MARKS))
    cut_off = offset or (limit is not None and len(hits) == limit)
    total = counts.count(db, query, filters) if cut_off else len(hits)
    seconds = time.perf_counter() - started
    if not total:
        click.echo("No match." + "".join(f"\n  {hint}" for hint in _hints(db, query, filters)))
        return False
    for line in lines(
        hits,
        output.terminal_width(sys.stdout),
        styled=output.supports_style(sys.stdout),
        whole=output.table_width(sys.stdout) is None,
    ):
        click.echo(line)
    click.echo(f"{len(hits):,} of {counted(total, 'match')} · {seconds:.2f} s")
    if undated := counts.count_undated(db, query, filters):
        click.echo(undated_left_out(undated))
    return True


def _facets(db: sqlite3.Connection, keys: Sequence[str], query: str, filters: ArticleFilters, limit: int) -> None:
    """Print how many of all matches have which values of some keys."""
    found = [facets.facet(db, key, query, filters, limit) for key in keys]
    for line in facet_lines(found, output.terminal_width(sys.stdout), characters_for(sys.stdout)):
        click.echo(line)


def lines(hits: list[queries.Row], room: int, *, styled: bool, whole: bool = False) -> Iterator[str]:
    """Yield number, day, source and headline of each match, and below them the passage with the words.

    `whole`: sources and headlines are not cut, because a program reads them.
    """
    number = max((len(str(hit["id"])) for hit in hits), default=1)
    source = max((terminal.width(hit["source"] or "") for hit in hits), default=0)
    source = source if whole else min(source, MAX_SOURCE_WIDTH)
    bold, reset = (output.BOLD, output.RESET) if styled else ("", "")
    marks = str.maketrans(dict(zip(MATCH_MARKS, (bold, reset) if styled else ("[", "]"), strict=True)))
    indent = " " * (number + 2)
    for hit in hits:
        head = f"{hit['id']:>{number}}  {hit['published_day'] or UNDATED:10}  "
        head += terminal.pad(terminal.plain(hit["source"] or ""), source) + "  "
        title = terminal.plain(hit["title"] or "(no headline)").replace("\n", " ")
        yield head + bold + (title if whole else terminal.cut(title, max(room - terminal.width(head), 20))) + reset
        for line in terminal.wrap(terminal.plain(hit["snippet"]), room - len(indent)):
            yield indent + line.translate(marks)
        yield ""


def _hints(db: sqlite3.Connection, query: str, filters: ArticleFilters) -> Iterator[str]:
    """Yield what to try if nothing was found."""
    used = [f"--{field.name.replace('_', '-')}" for field in fields(filters) if getattr(filters, field.name)]
    if used and (without := counts.count(db, query)):
        options = " and ".join(filter(None, (", ".join(used[:-1]), used[-1])))
        yield f"Without {options} there would be {counted(without, 'match')}."
    if undated := counts.count_undated(db, query, filters):
        yield undated_left_out(undated)
    if is_address(query):
        yield from _address_hints(db, query)
    else:
        yield from _word_hints(query)
    if filters.language:
        yield f"This archive has articles in: {', '.join(queries.languages(db)) or 'no known language'}."


def _address_hints(db: sqlite3.Connection, url: str) -> Iterator[str]:
    """Yield what is known of an address, as `morgue show` says it."""
    try:
        found = queries.article(db, url)
    except NotFound as unknown:
        yield str(unknown)
        if queries.captures_of(db, url):
            yield f"`morgue show {url.strip()}` shows what was captured there."
    else:
        yield f"The address is that of article {found['id']}, which the filters leave out."


def _word_hints(query: str) -> Iterator[str]:
    """Yield what to know of words if nothing was found."""
    if any("\u3040" <= character <= "\u9fff" for character in query) and "*" not in query:
        yield "Text without spaces is indexed in whole runs: 東京* finds every run that begins with 東京."
    elif query and "*" not in query:
        yield "Only whole words match: flood* also finds floods and flooding."
