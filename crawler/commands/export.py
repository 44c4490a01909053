"""`morgue export`: write a dataset with its manifest."""

from __future__ import annotations

import gc
import shlex
import signal
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crawler import __version__
from crawler.cli.archive_options import archive_of, filter_options, standard_output, stem_option
from crawler.cli.common_options import POSITIVE, common_options, settings_folder_of
from crawler.cli.datasets.options import ExportOptions
from crawler.cli.log_options import log_options
from exports import CaptureFormat, dataset, format_names, is_capture_format, load_format
from exports.file_names import check_name
from pipelines.core.errors import ConfigError
from pipelines.core.plural import counted, verb
from pipelines.core.timestamps import now, stamp
from pipelines.database.query_language.tokens import with_stems
from pipelines.database.query_language.values import given_query

if TYPE_CHECKING:
    from exports.python_api.archive import Archive
    from pipelines.selection.captures import CaptureFilter

GARBAGE_OBJECTS = 100_000  # made before Python looks for garbage among them
COUNTED_NOUNS = ("capture", "record", "page", "byte")  # of the closing line; the manifest has their plurals as keys


@click.command(context_settings={"allow_extra_args": True})
@click.argument("form", metavar=f"[{'|'.join(format_names())}]")
@click.argument("out", metavar="OUT")
@click.option("--query", metavar="QUERY", help="Only articles that match, as in `morgue search`.")
@partial(filter_options, dated="Published (captured)", what="articles (captures)")
@stem_option
@click.option("--host", "hosts", metavar="HOST", multiple=True,
              help="Only captures of this host and its subdomains. Repeatable.")  # fmt: skip
@click.option("--url", "urls", metavar="URL", multiple=True,
              help="Only captures of this URL; with * at the end, of all that begin so. Repeatable.")  # fmt: skip
@click.option("--without-reserved", is_flag=True,
              help="Leave out what is reserved from mining or training: TDMRep, noai, Content-Usage.")  # fmt: skip
@click.option("--without-signal", "without_signals", metavar="NAME[:VALUE]", multiple=True,
              help="Leave out what has this signal, e.g. noarchive, googlebot:noarchive. Repeatable.")  # fmt: skip
@click.option("--fields", metavar="A,B,C", help="Only these columns, in this order.")
@click.option("--revisions", type=click.Choice(("latest", "all")), default="latest", show_default=True,
              help="One row for each article, or one for each revision of it.")  # fmt: skip
@click.option("--sample", metavar="N", type=POSITIVE, help="Only N articles, drawn at random by --seed.")
@click.option("--seed", metavar="S", type=int, help="Number that decides --sample and --split.  [default: 0]")
@click.option("--split", metavar="NAME=SHARE,...",
              help="Divide articles at random, e.g. train=.9,test=.1: a file or folder for each.")  # fmt: skip
@click.option("--dedupe", type=click.Choice(("cluster",)),
              help="cluster: of the copies of one text, only the probable origin, or the earliest.")  # fmt: skip
@click.option("--partition", metavar="KEYS", help="parquet: a folder of files by source, month, or source,month.")
@click.option("--force", is_flag=True, help="Replace OUT and its manifest.")
@click.option("--raw", is_flag=True, help="csv, txt: leave cells unchanged that a spreadsheet would run as formulas.")
@click.option("--excel", is_flag=True, help="CSV: begin with a byte order mark, and cut cells that Excel refuses.")
@click.option("--partial", "is_partial", is_flag=True,
              help="Of a fleet: export also if a shard cannot be read, without what it holds.")  # fmt: skip
@common_options
@log_options
@click.pass_context
def command(ctx: click.Context, query: str | None, stem: bool, is_partial: bool, **options: Any) -> None:
    """Write articles or captures to the file OUT, with a manifest.

    The manifest, OUT.manifest.json, says what the file holds: filters, counts, columns, SHA-256.

    \b
    morgue export csv articles.csv --source paper           a table of articles
    morgue export jsonl - --query climate | head            to another program
    morgue export wacz paper.wacz --host paper.example      to replay in a browser

    csv, jsonl, bulk and parquet write articles: one row per article, ordered by number, with everything that was read
    from the page and the WARC record that it was read from. If OUT ends in .gz or .zst, the file is compressed. A name
    that promises another file is refused: .parquet for CSV, .gz for Parquet, which is compressed inside. In CSV, lists
    are joined with "; ", and a cell that begins like a formula (=, +, -, @) gets an apostrophe in front, so that no
    spreadsheet runs it; --raw leaves the apostrophe out. With --excel, Excel reads the file as UTF-8, and texts of more
    than its 32,767 characters a cell are cut, end in a note, and are counted. bulk is for OpenSearch and Elasticsearch.

    atom (a feed), tei (a TEI P5 corpus) and urls (addresses, one a line) are files of articles with fixed fields.
    txt and markdown make a folder with a file for each article, huggingface one that datasets.load_dataset() loads,
    with a dataset card and Croissant metadata, and sqlite one that is an archive without WARC files, which `morgue
    -C OUT search` opens. A folder has its manifest inside, and SHA256SUMS. docs/exporting.md describes them all.

    --sample and --split draw by the address of an article: the same archive and seed give the same articles. All
    revisions of one, and all copies of its text, are in the same split. The files of a split appear together. --dedupe
    cluster writes one article of each text that has copies; the manifest says how many were left out. `morgue clusters`
    lists them.

    warc, wacz and cdxj write captures, which are whole exchanges: pages, feeds, robots.txt, redirects, failures.
    warc is one .warc.gz file with the records unchanged. wacz is one file to replay in a browser, with an index and
    the articles as pages. cdxj is an index of the archive's own WARC files.

    Without filters, everything is exported; several filters must all hold. For captures, --since and --until compare
    the day of capture, --source means what was fetched for that source, and --query and --language select articles
    and take every capture of their URLs, redirects included. If a page had not changed and only a short "revisit"
    record was stored, the earlier full response is always exported with it. Damaged records are left out and named;
    the exit code is then 1.

    --without-reserved leaves out what its publisher reserved at the time of capture: by tdm-reservation (meta tag,
    header, or the host's tdmrep.json), noai, or Content-Usage: train-ai=n. --without-signal leaves out what has a
    robots directive or any other signal. Rules addressed to one robot count only if you name it, as in
    --without-signal googlebot:noarchive. A capture is judged by its own headers and its own page; if the page cannot
    be read, the capture is left out. The output and the manifest say how many were left out and why. The rules are
    in docs/archive.md.

    With `-` as OUT, the export goes to standard output, without a manifest. The same archive gives the same bytes with
    the same versions of all programs, except for the time of export in warc and wacz. OUT is never left half-written.
    """
    # A terminated export must delete its temporary file, as an interrupted one does.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    from pipelines.selection.exclusions import Exclusions

    if ctx.args:
        words = [*([query] if query else []), *ctx.args]
        cure = f"say --query {shlex.quote(' '.join(words))} to select articles"
        raise ConfigError(" ".join(ctx.args), "only options may follow the name of the file", cure)
    if stem and query is None:
        raise ConfigError("--stem", "has no effect without --query", "leave it out")
    query = given_query(query)
    wanted = ExportOptions(query=with_stems(query) if stem and query else query, **options)
    form = load_format(wanted.form)
    without = Exclusions(wanted.without_reserved, wanted.without_signals)
    about = _export_info(ctx, wanted)
    if is_capture_format(form):
        from pipelines.selection.captures import CaptureFilter

        for name, given in (("--raw", wanted.raw), ("--excel", wanted.excel)):
            if given:
                raise ConfigError(name, f"has no effect on {wanted.form}", "leave it out")
        if rows := wanted.chosen_rows():
            raise ConfigError(
                next(iter(rows)), f"has no effect on {wanted.form}, which writes captures", "leave it out"
            )
        captures = CaptureFilter(wanted.filters, wanted.query, wanted.hosts, wanted.urls, without)
        about["filters"] |= {"host": list(wanted.hosts), "url": list(wanted.urls)}
        with archive_of(ctx) as archive:
            _check_shards(archive, about, is_partial=is_partial)
            _export_captures(ctx, form, archive, captures, wanted, about)
        return
    if wanted.hosts or wanted.urls:
        raise ConfigError("--host and --url", "select captures, not articles", "export warc, wacz or cdxj")
    from crawler.cli.datasets.articles import export_articles

    gc.freeze()  # what is loaded by now stays, and rows make no cycles: to look for garbage often takes time
    gc.set_threshold(GARBAGE_OBJECTS)
    with archive_of(ctx) as archive:
        _check_shards(archive, about, is_partial=is_partial)
        export_articles(form, archive, wanted, without, about)


def _export_captures(
    ctx: click.Context,
    form: CaptureFormat,
    archive: Archive,
    captures: CaptureFilter,
    wanted: ExportOptions,
    about: dict[str, Any],
) -> None:
    from crawler.cli.datasets.articles import report_left_out
    from crawler.cli.progress_bar import bar
    from exports.fleet.captures import selected_captures

    path = None if wanted.out == "-" else Path(wanted.out)
    if path is not None:
        check_name(form, path)
        dataset.check_writable(path, force=wanted.force)
    done = 0

    def count_bytes(capture: dict[str, Any]) -> None:
        nonlocal done
        done += capture["length"]
        show_progress(done, selection.bytes)

    with bar("rights") as show_rights_progress:  # ends at once without a rights filter
        selection = selected_captures(archive, captures, count_bytes, show_rights_progress)
    with selection, bar(form.name) as show_progress:
        if path is None:
            with standard_output() as stdout:
                manifest = form.pack(selection, stdout, about | {"name": about["archive"]})
        else:
            manifest = dataset.export_captures(form, selection, path, about, force=wanted.force)
    report_left_out("capture", selection.exclusion_filter)
    _report(manifest, path)
    if manifest.get("damages"):
        ctx.exit(1)


def _check_shards(archive: Archive, about: dict[str, Any], *, is_partial: bool) -> None:
    """Refuse an export of a fleet with shards that cannot be read, or note them; and while a site moves.

    Raises ArchiveDamaged, ArchiveLocked.
    """
    archive.must_be_still()
    if not is_partial:
        archive.must_be_whole("--partial exports what the others hold")
    elif names := [path.name for path in archive.unreadable]:
        about["shards_left_out"] = names


def _report(manifest: dict[str, Any], path: Path | None) -> None:
    """Report a package of captures on stderr; for a pipe (`path` None) only what is wrong with it."""
    for damage in manifest.get("damages", ()):
        click.echo(f"damaged: {damage}", err=True)
    if unreadable := manifest.get("left_out_damaged"):
        click.echo(f"{counted(unreadable, 'capture')} left out: damaged, or the WARC file is missing.", err=True)
    if bare := manifest["revisits_without_response"]:
        have = verb(bare, "has", "have")
        click.echo(f"{counted(bare, 'revisit')} {have} no body: the earlier response is not in this archive.", err=True)
    if path is None:
        return
    if not manifest["captures"]:
        click.echo("No capture matches: the file holds none.", err=True)
    if more := manifest["added_for_revisits"]:
        click.echo(f"{counted(more, 'capture')} added: revisits refer to {verb(more, 'it', 'them')}.", err=True)
    counts = ", ".join(counted(manifest[f"{noun}s"], noun) for noun in COUNTED_NOUNS if f"{noun}s" in manifest)
    click.echo(f"{path}: {counts}; {path}.manifest.json", err=True)


def _export_info(ctx: click.Context, wanted: ExportOptions) -> dict[str, Any]:
    """Return what the manifest says of the export: software, time, archive, query and filters."""
    filters = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(wanted.filters).items() if name != "unique"
    }  # fmt: skip
    signals = {"without_reserved": wanted.without_reserved, "without_signals": list(wanted.without_signals)}
    return {
        "software": f"newsmorgue {__version__}",
        "created": stamp(now()),
        "archive": settings_folder_of(ctx).path.name,
        "query": wanted.query,
        "filters": filters | signals,
        **({} if is_capture_format(load_format(wanted.form)) else wanted.chosen_about()),
    }
