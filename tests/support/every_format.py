"""Export an archive in every format that is installed: `python -m tests.support.every_format ARCHIVE OUT`."""

from __future__ import annotations

import sys
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import exports
from exports import dataset
from pipelines.database.connection import connect
from pipelines.selection.captures import CaptureSelection
from pipelines.warc.storage import WarcStorage
from tests.support.exporting import ABOUT, export

NEEDS = {"parquet": "pyarrow", "huggingface": "pyarrow"}
# Beside one export of each format: name, format, options.
VARIANTS = [
    ("compressed.jsonl.gz", "jsonl", {}),
    ("sample", "huggingface", {"sample": 20, "seed": 7, "split": "train=.7,test=.3"}),
    ("partitioned", "parquet", {"partition": ("source", "month"), "every_revision": True}),
    ("revisions.xml", "tei", {"every_revision": True}),
    ("some.csv", "csv", {"fields": ["title", "authors", "published_day"], "sample": 5}),
]


def installed(form: str) -> bool:
    """Return whether the library that a format needs is there."""
    return form not in NEEDS or find_spec(NEEDS[form]) is not None


def main(archive: Path, out: Path) -> None:
    """Write them all into the folder `out`."""
    for form in filter(installed, exports.format_names()):
        module = exports.load_format(form)
        if not exports.is_capture_format(module):
            export(archive, form, out / f"a{module.suffix}-{form}")
            continue
        with (
            closing(connect(archive / "morgue.db")) as db,
            CaptureSelection(db, WarcStorage(archive / "warc")) as selection,
        ):
            dataset.export_captures(module, selection, out / f"a{module.suffix}", ABOUT)
    for name, form, options in VARIANTS:
        if installed(form):
            export(archive, form, out / name, **options)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
