"""`morgue search`: find articles by their words."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING

import click

from crawler.cli import output
from crawler.cli.archive_options import (
    QueryCommand,
    archive_of,
    filter_options,
    format_option,
    standard_output,
    undated_left_out,
)
from crawler.cli.common_options import folder_of, folder_option, setting_option
from crawler.cli.counting.bars import characters_for
from crawler.cli.counting.facet_bars import facet_lines
from crawler.cli.counting.facet_options import FacetOptions, facet_options
from pipelines.core import terminal
from pipelines.core.errors import NotFound
from pipelines.core.plural import counted
from pipelines.database import queries
from pipelines.database.clusters.copies import with_copies
from pipelines.database.filters import ArticleFilters
from pipelines.database.search.hits import HIT_KEYS, RankedPool
from pipelines.database.search.ranking import SORTS
from pipelines.database.selection import is_address

if TYPE_CHECKING:
    from exports.python_api.archive import Archive
    from exports.python_api.articles import Articles, Sort

# They mark the words found while lines are measured and broken. No article has these private-use characters.
MATCH_MARKS = ("\ue000", "\ue001")
UNDATED = "undated"  # in the place of a day
MAX_SOURCE_WIDTH = 16  # columns of a terminal


@click.command(cls=QueryCommand)
@click.argument("words", nargs=-1, metavar="[QUERY]...")
@filter_options
@click.option("--unique", is_flag=True, help="Of the copies of one text, only the probable origin, or the earliest.")
@click.option("--sort", type=click.Choice(SORTS), default="relevance", show_default=True,
              help="Order of the matches. relevance: those with the words in the headline, then the others; of more "
                   "than 20,000 the newest are ranked. Without words it means newest. The undated are last in both "
                   "orders by day.")  # fmt: skip
@click.option("--limit", type=click.IntRange(min=0), default=20, show_default=True, metavar="N",
              help="Show at most N matches; 0: all.")  # fmt: skip
@click.option("--offset", type=click.IntRange(min=0), default=0, metavar="N", help="Skip the first N matches.")
@facet_options
@format_option()
@folder_option
@setting_option
@click.pass_context
def command(
    ctx: click.Context,
    words: tuple[str, ...],
    filters: ArticleFilters,
    sort: Sort,
    limit: int,
    offset: int,
    facet: FacetOptions,
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

    With --unique, a match says how many other copies of its text the archive has: "+4 copies".

    The shell removes quotes, so type: morgue search '"climate change"'. The number on the left of each match is the
    article's number, for `morgue show NUMBER`.

    --facet source,month shows below the matches which values are the most frequent among all of them; with --format
    json, the answer is then an object with "hits" and "facets". `morgue count` has more numbers, and plots.
    """
    query = " ".join(words)
    facet.check(form)
    with archive_of(ctx, quickly=True) as archive:
        db = archive.connection
        if filters.unique:
            from crawler.cli.copies.comparing import QUICKLY, compare_waiting

            compare_waiting(folder_of(ctx), db, most=QUICKLY)
        found = archive.matching(query, filters, sort, limit or None, offset)
        counted_by = facet.of(db, query, filters) if facet.keys else []
        with standard_output():
            if form == "table":
                _table(archive, found)
                for line in facet_lines(counted_by, output.terminal_width(sys.stdout), characters_for(sys.stdout)):
                    click.echo(line)
                return
            hits = found.hits()
            rows = with_copies(db, hits) if filters.unique else hits
            if facet.keys:
                by_key = {one.key: one.as_json() for one in counted_by}
                click.echo(output.json_text({"hits": list(rows), "facets": by_key}))
            else:
                output.write_rows(rows, (*HIT_KEYS, "copies") if filters.unique else HIT_KEYS, form)
            if hits.pool:
                click.echo(ranked_among(hits.pool), err=True)


def _table(archive: Archive, found: Articles) -> None:
    started = time.perf_counter()
    page = found.hits(MATCH_MARKS)
    hits = list(with_copies(archive.connection, page) if found.filters.unique else page)
    cut_off = found.offset or (found.limit is not None and len(hits) == found.limit)
    total, pool = page.total if cut_off else len(hits), page.pool
    seconds = time.perf_counter() - started
    if not total:
        click.echo("No match." + "".join(f"\n  {hint}" for hint in _hints(archive, found)))
        return
    for line in lines(
        hits,
        output.terminal_width(sys.stdout),
        styled=output.supports_style(sys.stdout),
        whole=output.table_width(sys.stdout) is None,
    ):
        click.echo(line)
    click.echo(f"{len(hits):,} of {counted(total, 'match')} · {seconds:.2f} s")
    if pool:
        click.echo(ranked_among(pool))
    if undated := found.undated_left_out:
        click.echo(undated_left_out(undated))


def ranked_among(pool: RankedPool) -> str:
    """Return the sentence that says which matches are ranked if there are too many to rank all."""
    ranked = f"Ranked among the newest {pool.ranked:,} of {pool.total:,} matches"
    return f"{ranked}; the newest with the words in the headline come first."


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
        if copies := hit.get("copies"):
            yield f"{indent}+{counted(copies, 'copy')}: morgue clusters {hit['id']}"
        yield ""


def _hints(archive: Archive, found: Articles) -> Iterator[str]:
    """Yield what to try if nothing was found."""
    query, filters = found.query or "", found.filters
    names = [field.name for field in fields(filters) if getattr(filters, field.name) and field.name != "unique"]
    used = [f"--{name.replace('_', '-')}" for name in names]
    if used and (without := archive.search(query).total):
        options = " and ".join(filter(None, (", ".join(used[:-1]), used[-1])))
        yield f"Without {options} there would be {counted(without, 'match')}."
    if undated := found.undated_left_out:
        yield undated_left_out(undated)
    if is_address(query):
        yield from _address_hints(archive, query)
    else:
        yield from _word_hints(query)
    if filters.language:
        there = ", ".join(queries.languages(archive.connection))
        yield f"This archive has articles in: {there or 'no known language'}."


def _address_hints(archive: Archive, url: str) -> Iterator[str]:
    """Yield what is known of an address, as `morgue show` says it."""
    try:
        found = archive.article(url)
    except NotFound as unknown:
        yield str(unknown)
        if queries.captures_of(archive.connection, url):
            yield f"`morgue show {url.strip()}` shows what was captured there."
    else:
        yield f"The address is that of article {found.id}, which the filters leave out."


def _word_hints(query: str) -> Iterator[str]:
    """Yield what to know of words if nothing was found."""
    if any("\u3040" <= character <= "\u9fff" for character in query) and "*" not in query:
        yield "Text without spaces is indexed in whole runs: 東京* finds every run that begins with 東京."
    elif query and "*" not in query:
        yield "Only whole words match: flood* also finds floods and flooding."
