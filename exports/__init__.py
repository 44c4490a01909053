"""Write datasets and packages of captures out of an archive; never change one.

May import core, warc, database, extraction, archive and selection of pipelines, never `crawler`. A format is one file,
`formats/to_NAME.py`, that offers what `ArticleFormat` or `CaptureFormat` declares; the folder is the registry. Start
reading at `dataset`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, TypeGuard

from pipelines.core.errors import ConfigError

if TYPE_CHECKING:
    from pipelines.selection.captures import CaptureSelection

Row = dict[str, Any]
ExportInfo = Mapping[
    str, Any
]  # of an export: software, created, archive, query, filters; name, of OUT without its suffix


class ArticleFormat(Protocol):
    """A format of articles, a row each: what a module `to_<name>` offers."""

    name: str  # as it is asked for: "csv"
    media_type: str  # RFC 6838, for the manifest and for HTTP
    suffix: str  # of its files, with the dot

    def write(self, rows: Iterable[Row], out: BinaryIO, columns: Sequence[str], *, raw: bool = False) -> int:
        """Write all rows, one at a time (there may be millions), and return how many they were.

        A row has at least the keys `columns`; values are str, int, float, None or a list of str. The same
        rows give the same bytes. `raw`: leave out any change that protects a reader's program from the data.
        """


class CaptureFormat(Protocol):
    """A format of captures, exchanges as they lie in the WARC files: what a module `to_<name>` offers instead."""

    name: str
    media_type: str
    suffix: str  # which its files have to carry: other programs know them by it

    def pack(self, selection: CaptureSelection, out: BinaryIO, about: ExportInfo) -> dict[str, Any]:
        """Write all captures, one at a time, and return what the manifest is to say of them.

        At least "captures" (how many were written) and "added_for_revisits", "revisits_without_response". The
        same captures and the same `about` give the same bytes.
        """


def format_names() -> list[str]:
    """The names of all formats."""
    return sorted(path.stem.removeprefix("to_") for path in Path(__file__).parent.joinpath("formats").glob("to_*.py"))


def load_format(name: str) -> ArticleFormat | CaptureFormat:
    """The format of that name. Raises ConfigError if there is none."""
    if name not in format_names():
        raise ConfigError(f"format {name!r}", "unknown", f"there is {', '.join(format_names())}")
    module: ArticleFormat | CaptureFormat = import_module(f".to_{name}", "exports.formats")
    return module


def is_capture_format(form: ArticleFormat | CaptureFormat) -> TypeGuard[CaptureFormat]:
    """Whether a format is one of captures."""
    return hasattr(form, "pack")
