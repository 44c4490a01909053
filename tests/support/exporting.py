"""Export from an archive as `morgue export` does, without starting a process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import exports
from exports import Archive, dataset, folder
from exports.row_choice import parse_splits
from exports.selected_rows import ArticleRows, RowSelection
from pipelines.database.filters import EVERYTHING

ABOUT = {
    "software": "newsmorgue test",
    "created": "2024-01-01T00:00:00Z",
    "archive": "paper",
    "query": None,
    "filters": {"source": None, "without_reserved": False},
    "sample": None,
}


def export(
    archive: Path, form: str, out: Path, *, fields=None, partition=(), force=False, about=ABOUT, **selection
) -> dict[str, Any]:
    """Export from `archive` and return the manifest. `selection`: as `RowSelection`; `split` as on the command line."""
    module: Any = exports.load_format(form)
    split = selection.pop("split", None)
    revisions = "all" if selection.get("every_revision") else "latest"
    about = ABOUT | about | {"revisions": revisions, "split": split, "seed": selection.get("seed", 0)}
    splits = parse_splits(split, selection.get("seed", 0)) if split else None
    module = module.partitioned(partition) if partition else module
    reads = exports.columns_read(module, fields or list(dataset.columns()))
    filters = selection.pop("filters", EVERYTHING)
    wanted = RowSelection(filters, splits=splits, groups=partition, columns=reads, **selection)
    with Archive(archive) as opened:
        rows = ArticleRows(opened, wanted)
        module = module.subset_of(opened.connection) if exports.is_subset_format(module) else module
        every = selection.get("every_revision")
        module = module.for_revisions() if every and exports.is_revisions_format(module) else module
        content = exports.Content(rows.parts(), fields or list(dataset.columns()), about)
        if exports.is_folder_format(module):
            return folder.export_folder(module, content, out, force=force, left_out=rows.left_out)
        names = splits.names if splits else [""]
        return dataset.export_parts(module, content, names, out, force=force, left_out=rows.left_out)[-1][1]
