"""Say which sources their files pause, and pause or resume one by changing one line of its file.

The file of a source is the user's: every other byte of it stays as it is.
"""

from __future__ import annotations

import re
import tomllib
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from crawler.config.archive_folder import MAX_TOML_BYTES
from crawler.config.plain_values import pause
from pipelines.core import safe_open

KEY = "paused"
KEY_LINE = re.compile(rf"[ \t]*[\"']?{KEY}[\"']?[ \t]*=")
BYTE_ORDER_MARK = "\ufeff"


def pause_lasts(value: bool | str, now: datetime) -> bool:
    """Return True if the value of the key `paused` lets a source rest now: true, or the day of its end is to come."""
    return value if isinstance(value, bool) else value > str(now.date())


def paused_sources(folder: Path, now: datetime) -> dict[str, bool | str]:
    """Return the sources of the folder sources/ that are paused now: their names, and true or the day of the end.

    A file that cannot be read or has mistakes pauses nothing: other commands name it.
    """
    found: dict[str, bool | str] = {}
    try:
        files = list(folder.glob("*.toml"))
    except OSError:
        return found
    for file in files:
        try:
            text = text_of(file).removeprefix(BYTE_ORDER_MARK)
            # To parse all the files of a large archive takes longer than `morgue health` may.
            value = tomllib.loads(text).get(KEY, False) if KEY in text else False
        except (OSError, ValueError, RecursionError):
            continue
        with suppress(ValueError):  # no day: the file has a mistake
            if pause_lasts(pause(value), now):
                found[file.stem] = pause(value)
    return found


def text_of(file: Path) -> str:
    """Return the text of a source file, with its line ends as they are. Raises OSError, UnicodeDecodeError."""
    return safe_open.read_bytes(file, MAX_TOML_BYTES).decode("utf-8")


def with_pause(text: str, value: str | None) -> str:
    """Return the text of a source file with `paused = value` as its first line, or without the key (None).

    Raises ValueError if the key cannot be told from other text.
    """
    values = tomllib.loads(text.removeprefix(BYTE_ORDER_MARK))
    mark = BYTE_ORDER_MARK if text.startswith(BYTE_ORDER_MARK) else ""
    lines = text.removeprefix(mark).splitlines(keepends=True)
    if KEY in values:
        del values[KEY]
        lines = _without_key(lines, values)
    if value is None:
        return mark + "".join(lines)
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    return f"{mark}{KEY} = {value}{end}{''.join(lines)}"


def _without_key(lines: list[str], values: dict[str, object]) -> list[str]:
    """Return the lines without the one that sets the key; `values`: what the others set. Raises ValueError."""
    for number, line in enumerate(lines):
        if KEY_LINE.match(line):
            others = lines[:number] + lines[number + 1 :]
            try:
                if tomllib.loads("".join(others)) == values:
                    return others
            except ValueError:
                continue
    raise ValueError(f"the line that sets {KEY} cannot be found")
