"""Export articles for `morgue export`: to standard output, a file, a file for each split, or a folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import click

from crawler.cli.archive_options import standard_output
from crawler.cli.copies.comparing import compare_waiting
from crawler.cli.datasets.options import ExportOptions
from crawler.config.archive_folder import ArchiveFolder
from exports import (
    AnyFormat,
    ArticleFormat,
    columns_read,
    dataset,
    folder,
    is_excel_format,
    is_folder_format,
    is_partitionable,
    is_subset_format,
)
from exports.column_types import chosen_columns
from exports.formats.to_csv import MAX_EXCEL_ROWS, MAX_EXCEL_UNITS
from exports.python_api.archive import Archive
from exports.row_choice import parse_splits
from exports.selected_rows import ArticleRows, RowSelection
from pipelines.core.errors import ConfigError
from pipelines.core.plural import counted, verb
from pipelines.selection.article_rows import GROUPS
from pipelines.selection.exclusions import ExclusionFilter, Exclusions, reasons_in_words


def export_articles(
    form: AnyFormat,
    home: ArchiveFolder,
    archive: Archive,
    wanted: ExportOptions,
    without: Exclusions,
    about: dict[str, Any],
) -> None:
    """Write the articles that are wanted, and report on stderr. Raises ConfigError and other MorgueErrors."""
    db, groups = archive.connection, _groups(form, wanted)
    if wanted.fields is not None and getattr(form, "fixed_columns", False):
        raise ConfigError("--fields", f"has no effect on {wanted.form}, which has fields of its own", "leave it out")
    if wanted.seed is not None and wanted.sample is None and wanted.split is None:
        raise ConfigError("--seed", "decides --sample and --split, and neither is given", "give one, or leave it out")
    columns = chosen_columns(wanted.fields, list(dataset.columns()))
    splits = None if wanted.split is None else parse_splits(wanted.split, wanted.seed or 0)
    every = wanted.revisions == "all"
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
        form = form.subset_of(db)
    selection = RowSelection(
        wanted.filters, wanted.query, without, every, wanted.sample, wanted.seed or 0, splits, groups,
        columns_read(form, columns), dedupe=wanted.dedupe is not None,
    )  # fmt: skip
    if selection.dedupe or splits is not None:
        compare_waiting(home, db)
    rows = ArticleRows(db, archive.warc_storage, selection)
    options: dict[str, Any] = {"chosen": columns, "raw": wanted.raw, "force": wanted.force, "left_out": rows.left_out}
    if is_folder_format(form):
        if wanted.out == "-":
            raise ConfigError("-", f"{wanted.form} writes a folder, not a file", "name a folder")
        path = Path(wanted.out)
        manifest = folder.export_folder(form, rows.parts(), path, about, **options)
        _report(path, manifest, f"{path / folder.MANIFEST_NAME}", rows.exclusion)
        return
    one_file = cast(ArticleFormat, form)
    if wanted.out == "-":
        if splits is not None:
            raise ConfigError("--split", "makes several files, and standard output is one", "name a file")
        with standard_output() as stdout:
            for _, part in rows.parts():
                count = one_file.write(part, stdout, columns, raw=wanted.raw)
        report_left_out("article", rows.exclusion)
        _report_excel({"rows": count} | (one_file.manifest_fields() if hasattr(one_file, "manifest_fields") else {}))
        return
    name_of: Callable[[str], Path] = lambda part: dataset.path_of_split(one_file, Path(wanted.out), part)  # noqa: E731
    for name in splits.names if splits else [""]:
        dataset.check_writable(name_of(name), force=wanted.force)
    for name, part in rows.parts():
        path = name_of(name)
        manifest = dataset.export(one_file, part, path, about | ({"part": name} if name else {}), **options)
        _report(path, manifest, f"{path}.manifest.json", None if name else rows.exclusion)
    if splits is not None:
        report_left_out("article", rows.exclusion)


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


def _report(path: Path, manifest: dict[str, Any], beside: str, exclusion: ExclusionFilter | None) -> None:
    if exclusion is not None:
        report_left_out("article", exclusion)
    if not manifest["rows"]:
        click.echo("No article matches: the dataset is empty.", err=True)
    noun = "revision" if manifest["revisions"] == "all" else "article"
    counts = f"{counted(manifest['rows'], noun)}, {counted(manifest['bytes'], 'byte')}"
    click.echo(f"{path}: {counts}; {beside}", err=True)
    _report_excel(manifest)


def _report_excel(manifest: Mapping[str, Any]) -> None:
    """Say what Excel will not show, if the file was made for it."""
    if cut := manifest.get("cut_cells"):
        cells = f"{counted(cut, 'cell')} {verb(cut, 'is', 'are')} cut"
        click.echo(f"{cells}: Excel takes {MAX_EXCEL_UNITS:,} characters; jsonl has the whole text", err=True)
    if manifest.get("excel") and (hidden := manifest["rows"] + 1 - MAX_EXCEL_ROWS) > 0:
        click.echo(f"Excel will not show the last {counted(hidden, 'row')}: a sheet has {MAX_EXCEL_ROWS:,}", err=True)


def report_left_out(noun: str, exclusion: ExclusionFilter) -> None:
    """Say on stderr what rights filters and --dedupe left out, also when the export goes to a pipe."""
    if exclusion.left_out:
        total = counted(exclusion.left_out.total(), noun)
        click.echo(f"{total} left out: {reasons_in_words(exclusion.left_out)}", err=True)
    for sentence in exclusion.hints():
        click.echo(sentence, err=True)
