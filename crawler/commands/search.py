"""`morgue search`: find articles by their words."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

import click

from crawler.cli import output
from crawler.cli.archive_options import (
    QueryCommand,
    archive_of,
    filter_options,
    format_option,
    standard_output,
    stem_option,
    undated_sentence,
)
from crawler.cli.common_options import ROWS, common_options
from crawler.cli.counting.facet_options import FacetOptions, facet_options
from crawler.cli.searching.hints import no_match, notes, without
from pipelines.core import terminal
from pipelines.core.errors import QueryError
from pipelines.core.plural import counted, verb
from pipelines.database import queries
from pipelines.database.clusters.copies import with_copies
from pipelines.database.filters import ArticleFilters
from pipelines.database.query_language.tokens import with_stems
from pipelines.database.search import counts
from pipelines.database.search.hits import HIT_KEYS, RankedPool
from pipelines.database.search.ranking import CONTEXT_SORTS, SORTS
from pipelines.database.shards.databases import Database

if TYPE_CHECKING:
    from exports.python_api.archive import Archive
    from exports.python_api.articles import Articles, Sort
    from pipelines.database.search.kwic import ContextLines

# They mark the words found while lines are measured and broken. No article has these private-use characters.
MATCH_MARKS = ("\ue000", "\ue001")
MAX_SOURCE_WIDTH = 16  # columns of a terminal
MAX_CONTEXT_CHARS = 1_000  # on each side of a word
KWIC_PAGE_LINES = 500  # printed at a time


@click.command(cls=QueryCommand)
@click.argument("words", nargs=-1, metavar="[QUERY]...")
@filter_options
@click.option("--unique", is_flag=True, help="Of the copies of one text, only the probable origin, or the earliest.")
@stem_option
@click.option("--kwic", type=click.IntRange(1, MAX_CONTEXT_CHARS), metavar="N",
              help="Print each word found in its context, a line for each: N characters on each side.")  # fmt: skip
@click.option("--sort", type=click.Choice((*SORTS, *CONTEXT_SORTS)), default="relevance", show_default=True,
              help="Order of the matches. relevance: those with the words in the headline, then the others; of more "
                   "than 20,000 the newest are ranked. Without words it means newest. The undated are last in both "
                   "orders by day. left, right: lines of --kwic by their context.")  # fmt: skip
@click.option("--limit", type=ROWS, default=20, show_default=True, metavar="N",
              help="Show at most N matches (--kwic: lines); 0: all.")  # fmt: skip
@click.option("--offset", type=ROWS, default=0, metavar="N", help="Skip the first N matches.")
@facet_options
@format_option()
@common_options
@click.pass_context
def command(
    ctx: click.Context,
    words: tuple[str, ...],
    filters: ArticleFilters,
    stem: bool,
    kwic: int | None,
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
    ~flooding           also flood, floods, flooded: words with the same stem (~en:flooding: in English)

    Everything combines with OR, NOT, - and parentheses: climate (source:faz OR title:summit). An address, also with
    tracking parameters or without https://, leads to its article. NEAR(flood dam, 5): at most five words between them.

    Words with a minus are left out, and the last line says so: climate -sport, or climate NOT sport. A minus with one
    letter, or with the name of an option, is refused: it may be a mistyped option.

    With --unique, a match says how many other copies of its text the archive has: "+4 copies".

    The shell removes quotes, so type: morgue search '"climate change"'. The number on the left of each match is the
    article's number, for `morgue show NUMBER`.

    --facet source,month shows below the matches which values are the most frequent among all of them; with --format
    json, the answer is then an object with "hits" and "facets". `morgue count` has more numbers, and plots.
    """
    query = with_stems(" ".join(words)) if stem else " ".join(words)
    if kwic is None and sort in CONTEXT_SORTS:
        raise QueryError(f"--sort {sort}", "sorts lines of --kwic only", "add --kwic 40, or choose another order")
    if kwic is not None and facet.keys:
        raise QueryError("--facet", "counts articles, and --kwic prints lines", "leave one of them out")
    facet.check(form)
    with archive_of(ctx, quickly=True) as archive:
        db = archive.database
        if filters.unique:
            from crawler.cli.copies.comparing import QUICKLY, compare_waiting

            compare_waiting(archive, most=QUICKLY)
        with standard_output():
            if kwic is not None:
                _kwic(db, query, filters, sort, limit or None, offset, kwic, form)
                return
            found = archive.matching(query or None, filters, sort, limit or None, offset)
            counted_by = facet.of(db, query, filters) if facet.keys else []
            if form == "table":
                _table(archive, found)
                if not counted_by:
                    return
                from crawler.cli.counting.bars import characters_for
                from crawler.cli.counting.facet_bars import facet_lines

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
            _say_notes(db, query, filters, err=True)


def _kwic(
    db: Database,
    query: str,
    filters: ArticleFilters,
    sort: str,
    limit: int | None,
    offset: int,
    context: int,
    form: str,
) -> None:
    from crawler.cli.searching.kwic_lines import kwic_lines
    from pipelines.database.search.kwic import LINE_KEYS, lines_in_context

    found = lines_in_context(db, query, filters, sort, limit, offset, context)
    if form != "table":
        output.write_rows(found, LINE_KEYS, form)
        _say_order(found, err=True)
        _say_notes(db, query, filters, err=True)
        return
    number, articles = 0, set[int]()
    while page := list(islice(found, KWIC_PAGE_LINES)):
        number, articles = number + len(page), articles | {line["id"] for line in page}
        room, styled = output.table_width(sys.stdout), output.supports_style(sys.stdout)
        for text in kwic_lines(page, context, room, styled=styled):
            click.echo(text)
    total = counts.count(db, query, filters)
    if not total:
        _say_no_match(db, query, filters)
        return
    of = f"{len(articles):,} of {counted(total, 'article')} that match{without(query)}"
    click.echo(f"{counted(number, 'line')} from {of}")
    _say_order(found)
    _say_notes(db, query, filters)


def _table(archive: Archive, found: Articles) -> None:
    query, filters, started = found.query or "", found.filters, time.perf_counter()
    page = found.hits(MATCH_MARKS)
    hits = list(with_copies(archive.database, page) if found.filters.unique else page)
    cut_off = found.offset or (found.limit is not None and len(hits) == found.limit)
    total, pool = page.total if cut_off else len(hits), page.pool
    seconds = time.perf_counter() - started
    if not total:
        _say_no_match(archive.database, query, filters)
        return
    if not hits and found.offset >= total:
        click.echo(beyond(found.offset, total, "match") + without(query))
        return
    for line in lines(
        hits,
        output.terminal_width(sys.stdout),
        styled=output.supports_style(sys.stdout),
        whole=output.table_width(sys.stdout) is None,
    ):
        click.echo(line)
    click.echo(f"{len(hits):,} of {counted(total, 'match')}{without(query)} · {seconds:.2f} s")
    if pool:
        click.echo(ranked_among(pool))
    if undated := found.undated_left_out:
        click.echo(undated_sentence(undated))
    _say_notes(archive.database, query, filters)


def _say_order(found: ContextLines, *, err: bool = False) -> None:
    """Say among how many articles lines were ranked or sorted, if it is not all that match."""
    if found.pool:
        click.echo(ranked_among(found.pool), err=err)
    if found.sorted_among is not None:
        click.echo(
            f"Sorted among the lines of the first {counted(found.sorted_among, 'article')} by relevance.", err=err
        )


def beyond(offset: int, total: int, noun: str) -> str:
    """Return the sentence that says that --offset skips all there is."""
    return f"Nothing to show: there {verb(total, 'is', 'are')} {counted(total, noun)}, and --offset skips {offset:,}"


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
        head = f"{hit['id']:>{number}}  {hit['published_day'] or output.UNDATED:10}  "
        head += terminal.pad(terminal.plain(hit["source"] or ""), source) + "  "
        title = terminal.plain(hit["title"] or "(no headline)").replace("\n", " ")
        yield head + bold + (title if whole else terminal.cut(title, max(room - terminal.width(head), 20))) + reset
        for line in terminal.wrap(terminal.plain(hit["snippet"]), room - len(indent)):
            yield indent + line.translate(marks)
        if copies := hit.get("copies"):
            yield f"{indent}+{counted(copies, 'copy')}: morgue clusters {hit['id']}"
        yield ""


def _say_no_match(db: Database, query: str, filters: ArticleFilters) -> None:
    for line in no_match(db, query, filters):
        click.echo(line)


def _say_notes(db: Database, query: str, filters: ArticleFilters, *, err: bool = False) -> None:
    for line in notes(db, query, filters):
        click.echo(line, err=err)
