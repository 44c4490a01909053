"""`morgue export`: a dataset with its manifest."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from crawler import __version__
from crawler.asking import filter_options, standard_output, the_database
from crawler.cli import folder_option, setting_option, the_folder
from exports import dataset, formats, load
from pipelines import queries
from pipelines.filters import Filters


@click.command()
@click.argument("form", metavar=f"[{'|'.join(formats())}]")
@click.argument("out", metavar="OUT")
@click.option("--query", metavar="QUERY", help="Only articles that match, as in `morgue search`.")
@filter_options
@click.option("--force", is_flag=True, help="Replace OUT and its manifest.")
@click.option("--raw", is_flag=True, help="CSV: leave cells that a spreadsheet would run as formulas as they are.")
@folder_option
@setting_option
@click.pass_context
def command(
    ctx: click.Context, form: str, out: str, query: str | None, filters: Filters, force: bool, raw: bool
) -> None:
    """Write articles to the file OUT, and beside it OUT.manifest.json: query, columns, rows, SHA-256.

    OUT that ends in .gz is compressed; `-` is the standard output, without manifest. One row an article,
    ordered by number: all that was read from the page, and the WARC record that it was read from. The same
    archive gives the same bytes. OUT is there whole or not at all.

    CSV: lists are joined by "; ", and a cell that begins like a formula (=, +, -, @) gets an apostrophe in
    front, so that no spreadsheet runs it; --raw leaves it out.
    """
    # A terminated export must take its temporary file away, as an interrupted one does.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    chosen = load(form)
    with the_database(ctx) as db:
        if out == "-":
            with standard_output() as stdout:
                chosen.write(queries.articles(db, filters, query), stdout, list(dataset.columns()), raw=raw)
            return
        path = Path(out)
        dataset.check(path, force=force)
        manifest = dataset.export(
            chosen,
            queries.articles(db, filters, query),
            path,
            _about(ctx, query, filters),
            raw=raw,
            force=force,
        )
    if not manifest["rows"]:
        click.echo("No article matches: the dataset is empty.", err=True)
    click.echo(f"{path}: {manifest['rows']:,} articles, {manifest['bytes']:,} bytes; {path}.manifest.json", err=True)


def _about(ctx: click.Context, query: str | None, filters: Filters) -> dict[str, Any]:
    return {
        "software": f"newsmorgue {__version__}",
        "created": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "archive": the_folder(ctx).path.name,
        "query": query,
        "filters": {name: getattr(filters, name) for name in ("source", "since", "until", "language")},
    }
