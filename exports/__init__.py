"""Read an archive from Python, and write datasets and packages of captures out of one; never change one.

May import core, warc, database, extraction, archive and selection of pipelines, never `crawler`. A format is one file,
`formats/to_NAME.py`, that offers what `ArticleFormat` or `CaptureFormat` declares; the folder is the registry. Start
reading at `dataset`; for `Archive` at `python_api.archive`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, TypeAlias, TypeGuard

from pipelines.core.errors import ArchiveDamaged as ArchiveDamaged
from pipelines.core.errors import ArchiveLocked as ArchiveLocked
from pipelines.core.errors import ConfigError as ConfigError
from pipelines.core.errors import MorgueError as MorgueError
from pipelines.core.errors import NoArchive as NoArchive
from pipelines.core.errors import NotFound as NotFound
from pipelines.core.errors import QueryError as QueryError

if TYPE_CHECKING:
    import sqlite3

    from exports.folder_output import FolderOutput
    from exports.python_api.archive import Archive as Archive
    from exports.python_api.articles import Articles as Articles
    from exports.python_api.counts import AttentionTable as AttentionTable
    from exports.python_api.counts import Counts as Counts
    from exports.python_api.rows import ArticleRow as ArticleRow
    from exports.python_api.rows import CaptureRow as CaptureRow
    from exports.python_api.rows import ClusterRow as ClusterRow
    from exports.python_api.rows import ContextRow as ContextRow
    from exports.python_api.rows import CopyRow as CopyRow
    from exports.python_api.rows import EditRow as EditRow
    from exports.python_api.rows import GoneRow as GoneRow
    from exports.python_api.rows import RevisionRow as RevisionRow
    from exports.python_api.rows import SourceRow as SourceRow
    from pipelines.selection.fleet_captures import AnyCaptures

Row = dict[str, Any]
# What the caller knows of an export: software, created, archive, query, filters; for `pack` also `name`, the name of
# the file without its suffix.
ExportInfo = Mapping[str, Any]


# What programs import from here, and where it is. It is loaded when it is first used: to import `exports` costs little.
PUBLIC_NAMES = {
    "Archive": "archive",
    "Articles": "articles",
    **dict.fromkeys(("AttentionTable", "Counts"), "counts"),
    **dict.fromkeys(("ArticleRow", "CaptureRow", "ClusterRow", "ContextRow", "CopyRow"), "rows"),
    **dict.fromkeys(("EditRow", "GoneRow", "RevisionRow", "SourceRow"), "rows"),
}

if not TYPE_CHECKING:  # type checkers read the imports above, and report other names

    def __getattr__(name: str) -> Any:
        """Load a public name (PEP 562)."""
        if name not in PUBLIC_NAMES:
            raise AttributeError(f"module 'exports' has no attribute {name!r}")
        return getattr(import_module(f"exports.python_api.{PUBLIC_NAMES[name]}"), name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *PUBLIC_NAMES})


class ArticleFormat(Protocol):
    """Declare what a module `to_NAME` offers that writes articles, one row each."""

    name: str  # the word on the command line: "csv"
    media_type: str  # RFC 6838, for the manifest and for HTTP
    suffix: str  # of file names, with the dot

    def write(self, rows: Iterable[Row], out: BinaryIO, columns: Sequence[str], *, raw: bool = False) -> int:
        """Write all rows, one at a time because there may be millions, and return their number.

        A row has at least the keys `columns`; values are str, int, float, None, a list of str or a dict. The same rows
        give the same bytes. `raw` leaves out any change that protects the reader's program from the data.
        """


class CaptureFormat(Protocol):
    """Declare what a module `to_NAME` offers that writes captures: exchanges as the WARC files hold them."""

    name: str
    media_type: str
    suffix: str  # required in file names, because other programs recognise the format by it

    def pack(self, selection: AnyCaptures, out: BinaryIO, about: ExportInfo) -> dict[str, Any]:
        """Write all captures, one at a time, and return the fields that they add to the manifest.

        These are at least "captures" (the number written), "added_for_revisits" and "revisits_without_response".
        The same captures and the same `about` give the same bytes.
        """


@dataclass(frozen=True, slots=True)
class Content:
    """Hold what a dataset of articles is made of."""

    parts: Iterable[
        tuple[str, Iterable[Row]]
    ]  # the splits by name and their rows; without splits, one with the name ""
    columns: Sequence[str]  # to write, in this order
    about: ExportInfo  # for a folder also `left_out`, which is filled while the rows are read
    raw: bool = False  # leave out any change that protects the reader's program from the data


class FolderFormat(Protocol):
    """Declare what a module `to_NAME` offers that writes articles into a folder of files."""

    name: str
    media_type: str  # of its files
    suffix: str  # ""

    def fill(self, content: Content, folder: FolderOutput) -> dict[str, Any]:
        """Write all rows of each part, one at a time, and return the fields that they add to the manifest.

        The same parts and the same `about`, its `created` aside, give the same files.
        """


class PartitionableFormat(Protocol):
    """Declare what the module of a format of articles offers besides, if it can divide them into a folder of files."""

    def partitioned(self, groups: tuple[str, ...]) -> FolderFormat:
        """Return the format that divides by the keys `groups`; rows come ordered by them."""


class ExcelFormat(Protocol):
    """Declare what the module of a format of articles offers besides, if it can write its file as Excel opens it."""

    def for_excel(self) -> ArticleFormat:
        """Return the format that does so. Its `manifest_fields()` are what the manifest says of that."""


class RevisionsFormat(Protocol):
    """Declare what the module of a format of articles offers besides, if it writes every revision in another way."""

    def for_revisions(self) -> ArticleFormat:
        """Return the format that writes a row for each revision."""


class SubsetFormat(Protocol):
    """Declare what a module `to_NAME` offers that copies rows of the database itself."""

    name: str
    media_type: str
    suffix: str  # ""

    def subset_of(self, db: sqlite3.Connection) -> FolderFormat:
        """Return the format that copies articles out of a database."""


AnyFormat: TypeAlias = "ArticleFormat | CaptureFormat | FolderFormat | SubsetFormat"


def format_names() -> list[str]:
    """Return the names of all formats."""
    return sorted(path.stem.removeprefix("to_") for path in Path(__file__).parent.joinpath("formats").glob("to_*.py"))


# Formats by other names.
MEANT = {
    "json": "jsonl", "ndjson": "jsonl", "excel": "csv --excel", "xlsx": "csv --excel", "xls": "csv --excel",
    "md": "markdown", "text": "txt", "sql": "sqlite", "rss": "atom",
}  # fmt: skip


def load_format(name: str) -> AnyFormat:
    """Import the module of a format. Raises ConfigError if no format has that name."""
    if name not in format_names():
        meant = f"did you mean {MEANT[name.lower()]}? " if name.lower() in MEANT else ""
        raise ConfigError(f"format {name!r}", "unknown format", f"{meant}formats: {', '.join(format_names())}")
    module: AnyFormat = import_module(f".to_{name}", "exports.formats")
    return module


def is_capture_format(form: AnyFormat) -> TypeGuard[CaptureFormat]:
    """Return True if a format writes captures, False if it writes articles."""
    return hasattr(form, "pack")


def is_folder_format(form: AnyFormat) -> TypeGuard[FolderFormat]:
    """Return True if a format writes a folder of files, False if it writes one file."""
    return hasattr(form, "fill")


def is_partitionable(form: AnyFormat) -> TypeGuard[PartitionableFormat]:
    """Return True if a format can divide articles into a folder of files."""
    return hasattr(form, "partitioned")


def is_excel_format(form: AnyFormat) -> TypeGuard[ExcelFormat]:
    """Return True if a format can write its file as Excel opens it."""
    return hasattr(form, "for_excel")


def is_revisions_format(form: AnyFormat) -> TypeGuard[RevisionsFormat]:
    """Return True if a format writes every revision in another way than the newest ones."""
    return hasattr(form, "for_revisions")


def columns_read(form: AnyFormat, columns: Sequence[str]) -> tuple[str, ...] | None:
    """Return the columns that a format of articles reads to write `columns`; None if it does not say so: all."""
    reads: tuple[str, ...] | None = getattr(form, "reads", None)
    if reads is None:
        return None
    return reads if getattr(form, "fixed_columns", False) else (*columns, *reads)


def is_subset_format(form: AnyFormat) -> TypeGuard[SubsetFormat]:
    """Return True if a format copies rows of the database itself."""
    return hasattr(form, "subset_of")
