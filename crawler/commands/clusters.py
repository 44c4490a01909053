"""`morgue clusters`: list the copies of one text."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import chain

import click

from crawler.cli import output
from crawler.cli.archive_options import (
    QueryCommand,
    archive_of,
    filter_options,
    format_option,
    standard_output,
    stem_option,
)
from crawler.cli.common_options import ROWS, common_options
from crawler.cli.searching.hints import no_match, without
from pipelines.core.plural import counted, verb
from pipelines.core.terminal import plain
from pipelines.database import queries
from pipelines.database.clusters import cluster_list
from pipelines.database.clusters.copies import is_waiting
from pipelines.database.filters import EVERYTHING, ArticleFilters
from pipelines.database.query_language.addresses import is_address
from pipelines.database.query_language.tokens import with_stems
from pipelines.database.search import counts
from pipelines.database.shards.databases import Database


@click.command(cls=QueryCommand)
@click.argument("words", nargs=-1, metavar="[QUERY | NUMBER | URL]...")
@filter_options
@stem_option
@click.option("--sort", type=click.Choice(tuple(cluster_list.SORTS)), default="size", show_default=True,
              help="The most copies first, or the newest copy first.")  # fmt: skip
@click.option("--limit", type=ROWS, default=20, show_default=True, metavar="N",
              help="Show at most N clusters; 0: all.")  # fmt: skip
@click.option("--offset", type=ROWS, default=0, metavar="N", help="Skip the first N clusters.")
@format_option(end="; csv: one row for each copy")
@common_options
@click.pass_context
def command(
    ctx: click.Context,
    words: tuple[str, ...],
    filters: ArticleFilters,
    stem: bool,
    sort: str,
    limit: int,
    offset: int,
    form: str,
) -> None:
    """List articles that are copies of one text: reprints, agency copies, shortened and edited copies.

    \b
    morgue clusters                              the texts with the most copies
    morgue clusters flood --since 2026-11        those of which a copy matches
    morgue clusters 17                           all copies of article 17

    QUERY and the filters are those of `morgue search`; a cluster is listed whole if one of its copies matches. For each
    it says how many copies there are, in how many papers, their first and last day, where the text probably comes
    from and what speaks for it (a link, a credit, or only an early date), and the share of that text that each copy
    keeps. A number alone means an article; to search for it, put it in quotes: '"2026"'.

    Articles are compared at the end of a crawl or import. This command first compares those that still wait for it,
    unless a crawl is running. docs/clusters.md says how copies are told from texts that look alike.
    """
    from crawler.cli.copies.comparing import compare_waiting

    query = " ".join(words)
    with archive_of(ctx) as archive:
        db = archive.database
        compare_waiting(archive)
        if len(archive.shards) > 1:
            click.echo("Copies are compared within each shard, not across shards.", err=True)
        with standard_output():
            if len(words) == 1 and (query.strip().isdigit() or is_address(query)):
                _show(db, query, filters, form)
                return
            query = with_stems(query) if stem else query
            if form == "table":
                _table(db, query, filters, sort, limit or None, offset)
            else:
                _write(cluster_list.clusters(db, query, filters, sort, limit or None, offset), form)


def _show(db: Database, wanted: str, filters: ArticleFilters, form: str) -> None:
    """Print the cluster of one article. Raises NotFound."""
    if filters != EVERYTHING:
        raise click.UsageError("filters choose clusters, and a NUMBER or URL names one: leave out one of them")
    article = queries.article(db, wanted)
    found = cluster_list.cluster_of(db, article["id"])
    if form != "table":
        _write(iter([found] if found is not None else []), form)
    elif found is not None:
        _print([found], every=True)
    else:
        why = "it is not compared with others yet" if is_waiting(db, article["id"]) else "no copy of it is known"
        click.echo(f"Article {article['id']} is in no cluster: {why}.\n  {plain(article['title'] or article['url'])}")


def _table(db: Database, query: str, filters: ArticleFilters, sort: str, limit: int | None, offset: int) -> None:
    found = list(cluster_list.clusters(db, query, filters, sort, limit, offset))
    is_cut_off = bool(offset) or len(found) == limit
    total = cluster_list.count_clusters(db, query, filters) if is_cut_off else len(found)
    if total:
        _print(found)
        click.echo(f"{len(found):,} of {counted(total, 'cluster')}{without(query)}")
    elif not query.strip() and filters == EVERYTHING:
        click.echo("No article has a copy.")
    elif matches := counts.count(db, query, filters):
        match = verb(matches, "article matches", "articles match")
        click.echo(f"{matches:,} {match}{without(query)}; none has a copy.")
    else:
        for line in no_match(db, query, filters):
            click.echo(line)


def _print(found: list[queries.Row], *, every: bool = False) -> None:
    from crawler.cli.copies.report import lines

    room, styled = output.terminal_width(sys.stdout), output.supports_style(sys.stdout)
    for line in lines(found, room, styled=styled, every=every):
        click.echo(line)


def _write(found: Iterator[queries.Row], form: str) -> None:
    if form == "csv":
        output.write_rows(chain.from_iterable(map(cluster_list.flat, found)), cluster_list.FLAT_KEYS, form)
    else:
        output.write_rows(found, cluster_list.CLUSTER_KEYS, form)
