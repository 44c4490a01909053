"""Export articles for `morgue export`: to standard output, a file, a file for each split, or a folder."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import click

from crawler.cli.archive_options import standard_output, undated_sentence
from crawler.cli.copies.comparing import compare_waiting
from crawler.cli.datasets.options import ExportOptions
from crawler.cli.searching.hints import no_match
from exports import (
    AnyFormat,
    ArticleFormat,
    Content,
    columns_read,
    dataset,
    folder,
    is_excel_format,
    is_folder_format,
    is_partitionable,
    is_revisions_format,
    is_subset_format,
)
from exports.column_types import chosen_columns
from exports.file_names import check_name, manifest_path
from exports.formats.to_csv import MAX_EXCEL_ROWS, MAX_EXCEL_UNITS
from exports.python_api.archive import Archive
from exports.row_choice import UNDATED, parse_splits
from exports.selected_rows import ArticleRows, RowFilter, RowSelection
from pipelines.core.archive_layout import EXPORT_MANIFEST_NAME
from pipelines.core.errors import ConfigError
from pipelines.core.plural import counted, verb
from pipelines.database.shards.databases import Database
from pipelines.selection.article_rows import GROUPS
from pipelines.selection.exclusions import Exclusions, reasons_in_words
from pipelines.selection.fleet_captures import LeftOutCaptures


def export_articles(
    form: AnyFormat,
    archive: Archive,
    wanted: ExportOptions,
    without: Exclusions,
    about: dict[str, Any],
) -> None:
    """Write the articles that are wanted, and report on stderr. Raises ConfigError and other MorgueErrors."""
    db, groups = archive.database, _groups(form, wanted)
    if wanted.out != "-":
        check_name(form, Path(wanted.out))
    if wanted.fields is not None and getattr(form, "fixed_columns", False):
        raise ConfigError("--fields", f"has no effect on {wanted.form}, which has fields of its own", "leave it out")
    if wanted.seed is not None and wanted.sample is None and wanted.split is None:
        raise ConfigError("--seed", "decides --sample and --split, and neither is given", "give one, or leave it out")
    if wanted.raw and not getattr(form, "takes_raw", False):
        raise ConfigError("--raw", f"has no effect on {wanted.form}", "leave it out")
    columns = chosen_columns(wanted.fields, list(dataset.columns()))
    splits = None if wanted.split is None else parse_splits(wanted.split, wanted.seed or 0)
    every = wanted.revisions == "all"
    for name, meaning in getattr(form, "refused_splits", {}).items():
        if splits is not None and name in splits.names:
            raise ConfigError(f"--split {wanted.split!r}", f"{name!r} is a name {meaning}", "choose another name")
    if every and is_revisions_format(form):
        form = form.for_revisions()
    if wanted.excel:
        if not is_excel_format(form):
            raise ConfigError("--excel", f"has no effect on {wanted.form}", "export csv, or leave it out")
        form = form.for_excel()
    if groups and is_partitionable(form):
        form = form.partitioned(groups)
    if is_subset_format(form):
        if every and without:
            cause = f"copies whole articles into {wanted.form}, also those revisions that are to be left out"
            raise ConfigError("--revisions all", cause, "leave it out, or export jsonl or parquet")
        if not isinstance(db, sqlite3.Connection):
            cause = "copies the database of one archive, and a fleet has several"
            raise ConfigError(wanted.form, cause, "name a shard: --shard K; or export jsonl or parquet")
        form = form.subset_of(db)
    selection = RowSelection(
        wanted.filters, wanted.query, without, every, wanted.sample, wanted.seed or 0, splits, groups,
        columns_read(form, columns), dedupe=wanted.dedupe is not None,
    )  # fmt: skip
    if selection.dedupe or splits is not None:
        compare_waiting(archive)
    rows = ArticleRows(archive, selection)
    options: dict[str, Any] = {"force": wanted.force, "left_out": rows.left_out}
    if is_folder_format(form):
        if wanted.out == "-":
            raise ConfigError("-", f"{wanted.form} writes a folder, not a file", "name a folder")
        path = Path(wanted.out)
        manifest = folder.export_folder(form, Content(rows.parts(), columns, about, wanted.raw), path, **options)
        _report_selection(db, rows, wanted, manifest["rows"])
        _report(path, manifest, f"{path / EXPORT_MANIFEST_NAME}")
        return
    one_file = cast(ArticleFormat, form)
    if wanted.out == "-":
        if splits is not None:
            raise ConfigError("--split", "makes several files, and standard output is one", "name a file")
        with standard_output() as stdout:
            for _, part in rows.parts():
                count = one_file.write(part, stdout, columns, raw=wanted.raw)
        _report_selection(db, rows, wanted, count)
        _report_excel({"rows": count} | (one_file.manifest_fields() if hasattr(one_file, "manifest_fields") else {}))
        return
    content = Content(rows.parts(), columns, about, wanted.raw)
    written = dataset.export_parts(one_file, content, splits.names if splits else [""], Path(wanted.out), **options)
    _report_selection(db, rows, wanted, sum(manifest["rows"] for _, manifest in written))
    for path, manifest in written:
        _report(path, manifest, f"{manifest_path(path)}")


def _groups(form: AnyFormat, wanted: ExportOptions) -> tuple[str, ...]:
    """Return the keys of --partition. Raises ConfigError."""
    if wanted.partition is None:
        return ()
    if not is_partitionable(form):
        raise ConfigError("--partition", f"has no effect on {wanted.form}", "export parquet, or leave it out")
    keys = tuple(key.strip() for key in wanted.partition.split(","))
    if not set(keys) <= GROUPS.keys() or len(set(keys)) < len(keys):
        cure = f"say {','.join(GROUPS)}, or one of them"
        raise ConfigError(f"--partition {wanted.partition}", "is no list of keys to divide by", cure)
    return keys


def _report_selection(db: Database, rows: ArticleRows, wanted: ExportOptions, count: int) -> None:
    """Say on stderr what is not in the dataset of `count` rows, and what is less than was asked for."""
    if not count and not rows.left_out.total() - rows.left_out[UNDATED]:
        for line in no_match(db, wanted.query or "", wanted.filters):
            click.echo(line, err=True)
    elif undated := rows.left_out[UNDATED]:
        click.echo(undated_sentence(undated), err=True)
    report_left_out("article", rows.exclusion)
    if wanted.sample is not None and rows.sampled is not None and rows.sampled < wanted.sample:
        there = f"there {verb(rows.sampled, 'is', 'are')} only {counted(rows.sampled, 'article')} to draw from"
        click.echo(f"--sample {wanted.sample:,}: {there}, and the sample has all of them", err=True)


def _report(path: Path, manifest: dict[str, Any], beside: str) -> None:
    noun = "revision" if manifest["revisions"] == "all" else "article"
    undated = manifest["left_out"].get(UNDATED, 0) if "part" not in manifest else 0
    counts = counted(manifest["rows"], noun) + (f" ({undated:,} undated left out)" if undated else "")
    click.echo(f"{path}: {counts}, {counted(manifest['bytes'], 'byte')}; {beside}", err=True)
    if manifest["rows"]:
        for split in (name for name, rows in manifest.get("splits", {}).items() if not rows):
            click.echo(f"No article is in the split {split}: {path} has no file for it.", err=True)
    _report_excel(manifest)


def _report_excel(manifest: Mapping[str, Any]) -> None:
    """Say what Excel will not show, if the file was made for it."""
    if cut := manifest.get("cut_cells"):
        cells = f"{counted(cut, 'cell')} {verb(cut, 'is', 'are')} cut"
        click.echo(f"{cells}: Excel takes {MAX_EXCEL_UNITS:,} characters; jsonl has the whole text", err=True)
    if manifest.get("excel") and (hidden := manifest["rows"] + 1 - MAX_EXCEL_ROWS) > 0:
        click.echo(f"Excel will not show the last {counted(hidden, 'row')}: a sheet has {MAX_EXCEL_ROWS:,}", err=True)


def report_left_out(noun: str, exclusion: RowFilter | LeftOutCaptures) -> None:
    """Say on stderr what rights filters and --dedupe left out, also when the export goes to a pipe."""
    if reasons := Counter({why: count for why, count in exclusion.left_out.items() if why != UNDATED}):
        click.echo(f"{counted(reasons.total(), noun)} left out: {reasons_in_words(reasons)}", err=True)
    for sentence in exclusion.hints():
        click.echo(sentence, err=True)
