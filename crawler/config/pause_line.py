"""Pause or resume a source by changing one line of its file. The file is the user's: no other byte of it changes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from crawler.config.archive_folder import MAX_TOML_BYTES
from crawler.config.pauses import KEY
from crawler.config.toml_files import unreadable, write
from pipelines.core import safe_open
from pipelines.core.errors import ConfigError, os_errors

# The key and its value, which has no spaces.
KEY_LINE = re.compile(rf"(?P<key>[ \t]*[\"']?{KEY}[\"']?[ \t]*=[ \t]*)[^#\s]+")
BYTE_ORDER_MARK = "\ufeff"


def set_pause(file: Path, shown: str, value: str | None) -> bool:
    """Write `paused = value` into the file of a source, or take the key out (None). Return False if it was so before.

    `shown`: the name of the file, for messages. Raises ConfigError, NotWritable, DiskFull.
    """
    before = _text_of(file, shown)
    try:
        after = with_pause(before, value)
    except ValueError as error:
        cause = f"cannot be changed by this command: {error}"
        line = f"write {KEY} = {value} at its top" if value else f"delete its line {KEY} = ..."
        raise ConfigError(shown, cause, f"mend the file, or {line} by hand") from None
    if after == before:
        return False
    with os_errors(str(file)):
        write(file, after)
    return True


def _text_of(file: Path, shown: str) -> str:
    """Return the text of a file with its byte order mark and its line ends. Raises ConfigError."""
    try:
        return safe_open.read_bytes(file, MAX_TOML_BYTES).decode()
    except OSError as error:
        raise unreadable(shown, error) from error
    except UnicodeDecodeError as error:
        raise ConfigError(shown, "is not UTF-8", "save the file as UTF-8") from error


def with_pause(text: str, value: str | None) -> str:
    """Return the text of a source file with `paused = value`, or without the key (None). All else stays as it is.

    A new key becomes the first line. Raises ValueError if the text is not TOML, or its key cannot be found.
    """
    mark = BYTE_ORDER_MARK if text.startswith(BYTE_ORDER_MARK) else ""
    bare = text.removeprefix(mark)
    values = tomllib.loads(bare)
    wanted = {key: kept for key, kept in values.items() if key != KEY}
    wanted |= tomllib.loads(f"{KEY} = {value}") if value is not None else {}
    if wanted == values:
        return text
    if KEY not in values:
        end = "\r\n" if "\r\n" in bare else "\n"
        return f"{mark}{KEY} = {value}{end}{bare}"
    lines = bare.splitlines(keepends=True)
    for number, line in enumerate(lines):
        if (found := KEY_LINE.match(line)) is None:
            continue
        own = "" if value is None else f"{found['key']}{value}{line[found.end() :]}"
        changed = "".join([*lines[:number], own, *lines[number + 1 :]])
        if _values_or_none(changed) == wanted:
            return mark + changed
    raise ValueError(f"the line that sets {KEY} cannot be found")


def _values_or_none(text: str) -> dict[str, object] | None:
    try:
        return tomllib.loads(text)
    except ValueError:
        return None
