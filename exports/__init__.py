"""How the archive leaves: formats and datasets. Read-only; may import `pipelines`, never `crawler`.

A format is one file here, `to_<name>.py`, with what `Export` asks for; the folder is the registry.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from pipelines.errors import ConfigError

Row = dict[str, Any]


class Export(Protocol):
    """A format: what a module `to_<name>` offers."""

    name: str  # as it is asked for: "csv"
    media_type: str  # RFC 6838, for the manifest and for HTTP
    suffix: str  # of its files, with the dot

    def write(self, rows: Iterable[Row], out: BinaryIO, columns: Sequence[str], *, raw: bool = False) -> int:
        """Write all rows, one at a time (there may be millions), and return how many they were.

        A row has at least the keys `columns`; values are str, int, float, None or a list of str. The same
        rows give the same bytes. `raw`: leave out any change that protects a reader's program from the data.
        """


def formats() -> list[str]:
    """The names of all formats."""
    return sorted(path.stem.removeprefix("to_") for path in Path(__file__).parent.glob("to_*.py"))


def load(name: str) -> Export:
    """The format of that name. Raises ConfigError if there is none."""
    if name not in formats():
        raise ConfigError(f"format {name!r}", "unknown", f"there is {', '.join(formats())}")
    module: Export = import_module(f"exports.to_{name}")
    return module
