"""Print answers: rows as a table that fits the terminal, or as JSON, JSON Lines or CSV for programs.

No rich here: importing it takes longer than a search.
"""

from __future__ import annotations

import codecs
import io
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO, cast

from pipelines.core.terminal import escaped, pad, plain, width, wrap

if TYPE_CHECKING:
    from pipelines.database.connection import Row

BOLD, DIM, RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"
RED, GREEN = "\x1b[31m", "\x1b[32m"
COLUMN_GAP = "  "
MIN_WRAPPED_WIDTH = 20  # terminal columns in which the longest column of a table is wrapped; with less room: records
UNDATED = "undated"  # in the place of a day
FORMATS = ("table", "json", "jsonl", "csv")


def terminal_width(out: TextIO) -> int:
    """Return $COLUMNS, else the columns of the terminal that `out` writes to, else 100; at least 20."""
    try:
        return max(20, int(os.environ.get("COLUMNS") or os.get_terminal_size(out.fileno()).columns))
    except (OSError, ValueError):
        return 100


def table_width(out: TextIO) -> int | None:
    """Return the width of a table on `out`; None, which means any, if a program reads it and $COLUMNS is not set."""
    return terminal_width(out) if out.isatty() or os.environ.get("COLUMNS") else None


def supports_style(out: TextIO) -> bool:
    """Return True if `out` is a terminal that accepts colours and bold text (https://no-color.org)."""
    return out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def table(rows: Sequence[Row], columns: Sequence[str], total: int | None) -> Iterator[str]:
    """Yield a header and the rows, each line at most `total` columns wide; None: as wide as they are.

    Numbers are aligned on the right. No value is cut. If the table is too wide, its longest column is wrapped; where
    that leaves too little room, each row becomes several lines with one value each.
    """
    cells = [[_cell(row[column]) for column in columns] for row in rows]
    titles = [column.replace("_", " ") for column in columns]
    widths = [max(width(text) for text in column) for column in zip(columns, *cells, strict=True)]
    is_number = [bool(rows) and all(isinstance(row[column], int) for row in rows) for column in columns]
    longest = widths.index(max(widths))
    if total is not None:
        too_wide = max(0, sum(widths) + len(COLUMN_GAP) * (len(columns) - 1) - total)
        if too_wide and (is_number[longest] or widths[longest] - too_wide < MIN_WRAPPED_WIDTH):
            yield from _stacked(cells, titles, total)
            return
        widths[longest] -= too_wide
    for texts in (titles, *cells):
        first, *more = (
            wrap(texts[longest], widths[longest]) if width(texts[longest]) > widths[longest] else [texts[longest]]
        )
        parts = [
            " " * (size - width(text)) + text if right else pad(text, size)
            for text, size, right in zip(
                (*texts[:longest], first, *texts[longest + 1 :]), widths, is_number, strict=True
            )
        ]
        yield COLUMN_GAP.join(parts).rstrip()
        indent = " " * (sum(widths[:longest]) + len(COLUMN_GAP) * longest)
        yield from (indent + text for text in more)


def _stacked(rows: Sequence[Sequence[str]], titles: Sequence[str], total: int) -> Iterator[str]:
    """Yield each row as its first value, followed by indented lines with a title and a value that is not empty."""
    title_width = max(map(width, titles))
    indent = " " * (title_width + 2 * len(COLUMN_GAP))
    for number, (first, *values) in enumerate(rows):
        if number:
            yield ""
        yield from wrap(first, total)
        for title, value in zip(titles[1:], values, strict=True):
            for at, text in enumerate(wrap(value, total - len(indent))):
                yield (indent if at else f"{COLUMN_GAP}{pad(title, title_width)}{COLUMN_GAP}") + text


def _cell(value: Any) -> str:
    if isinstance(value, list):
        value = ", ".join(value)
    return "" if value is None else plain(value).replace("\n", " ")


def json_text(value: Any, *, indent: int | None = 2) -> str:
    """Return a value as JSON for standard output; for a terminal, with escapes for what it would act on."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return escaped(text) if sys.stdout.isatty() else text


class TerminalBytes(io.RawIOBase):
    """Take UTF-8 for a terminal, and write it with escapes for what the terminal would act on."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        # Lines may end in CR LF, as those of CSV do. Any other CR would let a text overwrite what comes before it.
        text = self._decoder.decode(bytes(data)).replace("\r\n", "\n")
        self._out.write(escaped(text))
        return len(data)


class OutputFile(io.FileIO):
    """Write to a standard stream, and drop what it does not take, so that the work of a command is never cut off."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self.failure: OSError | None = None  # why the first text was dropped
        self.strict = False  # raise the error, for a command whose only work is its output

    def write(self, data: Any) -> int:
        try:
            if self.failure is None:
                return super().write(data)
        except OSError as error:
            self.failure = error
            if self.strict:
                raise
        return len(data)


@contextmanager
def lasting_streams() -> Iterator[OutputFile | None]:
    """Let standard output and standard error drop what they do not take (`| head`, a full disk).

    Yield the file of standard output, which says whether it did; None if this process has replaced the stream.
    """
    old = sys.stdout, sys.stderr
    try:
        sys.stdout, sys.stderr = map(lasting, old)
        yield output_file(sys.stdout)
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        sys.stdout, sys.stderr = old


def lasting(stream: TextIO | None) -> TextIO:
    """Return the same stream over an OutputFile; a stand-in as it is."""
    if stream is None:  # closed by the caller (`>&-`)
        return open(os.devnull, "w", encoding="utf-8")
    buffer = getattr(stream, "buffer", None)
    raw = getattr(buffer, "raw", buffer)  # without a buffer under PYTHONUNBUFFERED
    if not isinstance(raw, io.FileIO) or isinstance(raw, OutputFile):
        return stream
    stream.flush()
    file = io.BufferedWriter(OutputFile(raw.fileno()))
    return io.TextIOWrapper(
        file, stream.encoding, stream.errors, line_buffering=bool(stream.line_buffering) or raw is buffer
    )


def output_file(stream: TextIO) -> OutputFile | None:
    """Return the OutputFile that a stream writes to, if there is one."""
    raw = getattr(getattr(stream, "buffer", None), "raw", None)
    return raw if isinstance(raw, OutputFile) else None


def write_rows(rows: Iterable[Row], columns: Sequence[str], form: str) -> None:
    """Write rows to standard output one at a time: as `json` (one array), `jsonl` or `csv`."""
    target = cast(BinaryIO, TerminalBytes(sys.stdout)) if sys.stdout.isatty() else sys.stdout.buffer
    if form == "json":
        from exports.formats.to_jsonl import line

        start = b"[\n"
        for row in rows:
            target.write(start + line({column: row[column] for column in columns}).encode())
            start = b",\n"
        target.write(b"[]\n" if start == b"[\n" else b"\n]\n")  # no rows give an empty array
    else:
        from exports import ArticleFormat, load_format

        cast(ArticleFormat, load_format(form)).write(rows, target, columns)


def duration(seconds: int | None) -> str:
    """Return a length of time in its two largest units: `4 s`, `3 min 12 s`, `2 h 5 min`, `3 d 2 h`; "" for None."""
    if seconds is None:
        return ""
    units = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
    for (unit, size), (smaller, part) in pairwise(units):
        if seconds >= size:
            return f"{seconds // size} {unit} {seconds % size // part} {smaller}"
    return f"{seconds} s"
