"""`morgue count`: count articles over time, by source and more, for several queries side by side."""

from __future__ import annotations

import re
import sys
from itertools import chain
from pathlib import Path
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
from crawler.cli.common_options import POSITIVE, ROWS, common_options, settings_folder_of
from crawler.cli.counting import count_table
from crawler.cli.counting.bars import characters_for
from crawler.cli.searching.hints import no_match
from pipelines.core import terminal
from pipelines.core.errors import QueryError
from pipelines.core.plural import counted
from pipelines.database.filters import ArticleFilters
from pipelines.database.query_language.tokens import with_stems
from pipelines.database.query_language.values import listed
from pipelines.database.search.attention import Attention

if TYPE_CHECKING:
    from exports.python_api.archive import Archive


@click.command(cls=QueryCommand)
@click.argument("queries", nargs=-1, metavar="[QUERY]...")
@filter_options
@stem_option
@click.option("--by", multiple=True, metavar="KEY[,KEY]",
              help="day, week, month, year, source, language, author, section, kind, origin, access, tag; or two of "
                   "them: month,source.  [default: a unit of time that suits the span]")  # fmt: skip
@click.option("--share", is_flag=True, help="Show which part of all articles a query finds, in table and plot.")
@click.option("--smooth", type=POSITIVE, default=1, metavar="N",
              help="Draw the moving average of N periods, in sparkline and plot.")  # fmt: skip
@click.option("--limit", type=ROWS, default=0, metavar="N",
              help="Only the N most frequent sources (authors, ...).  [default: all]")  # fmt: skip
@click.option("--plot", metavar="FILE", help="Draw the numbers into FILE, whose name ends in .svg, .png or .html.")
@click.option("--force", is_flag=True, help="Replace the FILE of --plot.")
@format_option()
@common_options
@click.pass_context
def command(
    ctx: click.Context, queries: tuple[str, ...], filters: ArticleFilters, stem: bool, by: tuple[str, ...],
    share: bool, smooth: int, limit: int, plot: str | None, force: bool, form: str,
) -> None:  # fmt: skip
    """Count articles over time or by source, for one or more queries side by side.

    Each argument is one query, as `morgue search` reads it: put a query of several words in quotes. Without a query,
    all articles are counted.

    \b
    morgue count climate '"cup final"' --by month
    morgue count climate --by source --since 2024
    morgue count climate --by month,source --share --plot climate.svg

    The share is that of all articles that pass the same filters. It is empty where there are none: then the archive
    does not know, which is not the same as zero. Undated articles have a line of their own. A star marks the first
    and the last period if the archive covers only a part of them. By author or tag, an article counts once for each
    of its authors or tags.

    csv, json and jsonl have one row for each period, source and query, with numbers and shares. --plot needs
    newsmorgue[plot]. docs/counting.md says more.
    """
    queries = tuple(map(with_stems, queries)) if stem else queries
    if share and not queries:
        raise QueryError("--share", "there is no query whose share could be shown", "name at least one query")
    if smooth > 1 and form != "table" and plot is None:
        raise QueryError("--smooth", f"has no effect on {form}, which has the numbers themselves", "leave it out")
    if force and plot is None:
        raise QueryError("--force", "has no effect without --plot", "leave it out")
    path = None if plot is None else Path(plot)
    if path is not None:
        from exports.plots.plot_file import check_plot

        check_plot(path, len(queries), force=force)
    with archive_of(ctx, quickly=True) as archive:
        found = archive.matching(None, filters).attention(queries, listed("--by", by), limit).attention
        misses = _misses(archive, found, filters) if form == "table" else []
    with standard_output():
        if form == "table":
            _table(found, share=share, smooth=smooth)
            for line in misses:
                click.echo(line)
        else:
            output.write_rows(found.long_rows(), found.columns(), form)
    if form != "table" and found.left_out:
        click.echo(undated_sentence(max(found.undated)), err=True)
    if path is not None:
        _plot(ctx, found, path, filters, share=share, smooth=smooth, force=force)


def _misses(archive: Archive, found: Attention, filters: ArticleFilters) -> list[str]:
    """Return what `morgue search` says of each query without a match: which words are missing, what is like them."""
    missed = [query for query, number in zip(found.queries, found.matches, strict=True) if not number and found.rows]
    said = set(count_table.notes(found))
    lines = (no_match(archive.database, query, filters, named=len(found.queries) > 1) for query in missed)
    joined = [query.split(",") for query in missed if re.fullmatch(r"\w+(,\w+)+", query)]
    separate = (f"  Several queries are separate arguments: morgue count {' '.join(words)}" for words in joined)
    return [line for line in chain(chain.from_iterable(lines), separate) if line.strip() not in said]


def _table(found: Attention, *, share: bool, smooth: int) -> None:
    if not found.rows:
        click.echo("No article." + "".join(f"\n{note}" for note in count_table.notes(found)))
        return
    layout = count_table.CountLayout(
        room=output.terminal_width(sys.stdout),
        is_cut=output.table_width(sys.stdout) is not None,
        share=share,
        smooth=smooth,
        drawn=characters_for(sys.stdout),
    )
    for line in count_table.lines(found, layout):
        click.echo(line)


def _plot(
    ctx: click.Context, found: Attention, path: Path, filters: ArticleFilters, *, share: bool, smooth: int, force: bool
) -> None:
    from crawler import __version__
    from exports.plots.chart import ChartSource, chart_of
    from exports.plots.plot_file import write_plot

    source = ChartSource(settings_folder_of(ctx).path.name, f"newsmorgue {__version__}", filters)
    chart = chart_of(found, source, share=share, smooth=smooth)
    if warning := write_plot(chart, path, force=force):
        click.echo(f"warning: {terminal.plain(warning)}", err=True)
    number = sum(len(panel.series) for panel in chart.panels)
    if found.unit:
        drawn = f"{counted(number, 'line')}, {counted(len(chart.periods), found.unit)}"
    else:
        drawn = counted(number * len(chart.names), "bar")
    click.echo(f"{path}: {drawn}", err=True)
