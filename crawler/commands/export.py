"""`morgue export`: a dataset with its manifest."""

from __future__ import annotations

import signal
import sqlite3
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from crawler import __version__
from crawler.cli.archive_options import filter_options, standard_output, the_database
from crawler.cli.main import folder_option, setting_option, the_folder
from exports import CaptureExport, Export, dataset, format_names, load, takes_captures
from pipelines.core.errors import ConfigError
from pipelines.core.plural import counted, verb
from pipelines.database import queries
from pipelines.database.filters import ArticleFilters
from pipelines.warc.storage import WarcStorage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exports import Row
    from pipelines.selection.captures import CaptureFilter
    from pipelines.selection.exclusions import ExclusionFilter

COUNTED = ("capture", "record", "page", "byte")


@click.command()
@click.argument("form", metavar=f"[{'|'.join(format_names())}]")
@click.argument("out", metavar="OUT")
@click.option("--query", metavar="QUERY", help="Only articles that match, as in `morgue search`.")
@partial(filter_options, dated="Published (captured)", what="articles (captures)")
@click.option("--host", "hosts", metavar="HOST", multiple=True,
              help="Captures: only of this host and those below it. Repeatable.")  # fmt: skip
@click.option("--url", "urls", metavar="URL", multiple=True,
              help="Captures: only of this address; with * at the end, of all that begin so. Repeatable.")  # fmt: skip
@click.option("--without-reserved", is_flag=True,
              help="Leave out what is reserved from mining or training: TDMRep, noai, Content-Usage.")  # fmt: skip
@click.option("--without-signal", "without_signals", metavar="NAME[:VALUE]", multiple=True,
              help="Leave out what has it: noarchive, tdm-policy, googlebot:noarchive, ... Repeatable.")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace OUT and its manifest.")
@click.option("--raw", is_flag=True, help="CSV: leave cells that a spreadsheet would run as formulas as they are.")
@folder_option
@setting_option
@click.pass_context
def command(
    ctx: click.Context,
    form: str,
    out: str,
    query: str | None,
    filters: ArticleFilters,
    hosts: tuple[str, ...],
    urls: tuple[str, ...],
    without_reserved: bool,
    without_signals: tuple[str, ...],
    force: bool,
    raw: bool,
) -> None:
    """Write articles or captures to the file OUT, and beside it OUT.manifest.json: what it is, counts, SHA-256.

    \b
    morgue export csv articles.csv --source paper           a table of articles
    morgue export jsonl - --query climate | head            to another program
    morgue export wacz paper.wacz --host paper.example      to replay in a browser

    csv, jsonl: one row an article, ordered by number: all that was read from the page, and the WARC record that
    it was read from. OUT that ends in .gz is compressed. CSV: lists are joined by "; ", and a cell that begins
    like a formula (=, +, -, @) gets an apostrophe in front, so that no spreadsheet runs it; --raw leaves it out.

    warc, wacz, cdxj: captures, which are whole exchanges. Without a filter everything that was kept: pages, feeds,
    robots.txt, redirects, failures. warc is one .warc.gz with the records as they are; wacz one file to replay in
    a browser, with an index and the articles as pages; cdxj an index of the archive's own WARC files. --since and
    --until mean the day of capture here, --source what was fetched for that source. --query and --language choose
    articles, and take every capture of their addresses, redirects too. All filters given must hold. A revisit
    brings along the response that it refers to, whatever the filters say. Records that are damaged are left out
    and named; the exit code is 1 then.

    --without-reserved leaves out what its source reserves at the time of capture: tdm-reservation (meta, header, or
    the host's tdmrep.json by path), noai, Content-Usage: train-ai=n. --without-signal takes a directive for robots or
    the name of any other signal; what is said to one robot counts only where it is named. A capture is judged by its
    own headers and its own page, which is read for it; one whose page cannot be read stays out. How many are left out,
    and why, is said, and is in the manifest. docs/archive.md has the rules.

    `-` is the standard output, without manifest. The same archive gives the same bytes, but for the time of the
    export in warc and wacz. OUT is there whole or not at all.
    """
    # A terminated export must take its temporary file away, as an interrupted one does.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    from pipelines.selection.exclusions import ExclusionFilter, Exclusions

    chosen = load(form)
    without = Exclusions(without_reserved, without_signals)
    about = _about(ctx, query, filters)
    about["filters"] |= {"without_reserved": without_reserved, "without_signals": list(without_signals)}
    if takes_captures(chosen):
        from pipelines.selection.captures import CaptureFilter

        if raw:
            raise ConfigError("--raw", f"is of no use with {form}", "leave it out")
        about["filters"] |= {"host": list(hosts), "url": list(urls)}
        with the_database(ctx) as db:
            _captures(ctx, chosen, db, CaptureFilter(filters, query, hosts, urls, without), out, about, force=force)
        return
    if hosts or urls:
        raise ConfigError("--host and --url", "choose captures, not articles", "export warc, wacz or cdxj")
    with the_database(ctx) as db:
        sieve = ExclusionFilter(without, db, WarcStorage(the_folder(ctx).warc))
        _articles(cast(Export, chosen), sieve, queries.articles(db, filters, query), out, about, force=force, raw=raw)


def _articles(
    form: Export,
    sieve: ExclusionFilter,
    rows: Iterator[Row],
    out: str,
    about: dict[str, Any],
    *,
    force: bool,
    raw: bool,
) -> None:
    rows = sieve.articles(rows)
    if out == "-":
        with standard_output() as stdout:
            form.write(rows, stdout, list(dataset.columns()), raw=raw)
        _say_left_out("article", sieve)
        return
    path = Path(out)
    dataset.check(path, force=force)
    manifest = dataset.export(form, rows, path, about, raw=raw, force=force, left_out=sieve.left_out)
    _say_left_out("article", sieve)
    if not manifest["rows"]:
        click.echo("No article matches: the dataset is empty.", err=True)
    counts = f"{counted(manifest['rows'], 'article')}, {counted(manifest['bytes'], 'byte')}"
    click.echo(f"{path}: {counts}; {path}.manifest.json", err=True)


def _captures(
    ctx: click.Context,
    form: CaptureExport,
    db: sqlite3.Connection,
    wanted: CaptureFilter,
    out: str,
    about: dict[str, Any],
    *,
    force: bool,
) -> None:
    from crawler.cli.progress_bar import bar
    from pipelines.selection.captures import CaptureSelection

    path = Path(out)
    if out != "-":
        dataset.check_name(form, path)
        dataset.check(path, force=force)
    done = 0

    def watch(capture: dict[str, Any]) -> None:
        nonlocal done
        done += capture["length"]
        tell(done, selection.bytes)

    with bar("rights") as judged:  # gone at once if nobody asked for them
        selection = CaptureSelection(db, WarcStorage(the_folder(ctx).warc), wanted, watch, judged)
    with selection, bar(form.name) as tell:
        if out == "-":
            with standard_output() as stdout:
                said = form.pack(selection, stdout, about | {"name": about["archive"]})
        else:
            said = dataset.export_captures(form, selection, path, about, force=force)
    _say_left_out("capture", selection.sieve)
    _report(form, said, None if out == "-" else path)
    if said.get("damages"):
        ctx.exit(1)


def _say_left_out(noun: str, sieve: ExclusionFilter) -> None:
    """Also to a pipe: who asked for it wants to know what it came to."""
    from pipelines.selection.exclusions import in_words

    if sieve.left_out:
        click.echo(f"{counted(sieve.left_out.total(), noun)} left out: {in_words(sieve.left_out)}", err=True)
    for sentence in sieve.unmet():
        click.echo(sentence, err=True)


def _report(form: CaptureExport, said: dict[str, Any], path: Path | None) -> None:
    """What a user has to know; to a pipe only what is wrong."""
    for damage in said.get("damages", ()):
        click.echo(f"damaged: {damage}", err=True)
    if lost := said.get("left_out_damaged"):
        click.echo(f"{counted(lost, 'capture')} left out: damaged, or their file is missing.", err=True)
    if bare := said["revisits_without_response"]:
        what = f"{verb(bare, 'has', 'have')} no body: this archive does not hold what a revisit refers to"
        click.echo(f"{counted(bare, 'revisit')} {what}.", err=True)
    if path is None:
        return
    if not said["captures"]:
        click.echo("No capture matches: the file holds none.", err=True)
    if more := said["added_for_revisits"]:
        click.echo(f"{counted(more, 'capture')} came along: revisits refer to {verb(more, 'it', 'them')}.", err=True)
    counts = ", ".join(counted(said[f"{noun}s"], noun) for noun in COUNTED if f"{noun}s" in said)
    click.echo(f"{path}: {counts}; {path}.manifest.json", err=True)


def _about(ctx: click.Context, query: str | None, filters: ArticleFilters) -> dict[str, Any]:
    return {
        "software": f"newsmorgue {__version__}",
        "created": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "archive": the_folder(ctx).path.name,
        "query": query,
        "filters": {name: getattr(filters, name) for name in ("source", "since", "until", "language")},
    }
