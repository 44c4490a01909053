"""Parse durations and sizes as people write them, `"1h30m"` and `"20MB"`, into numbers that keep their text."""

from __future__ import annotations

import math
import re

UNIT_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
UNIT_BYTES = {
    "": 1,
    "k": 10**3,
    "m": 10**6,
    "g": 10**9,
    "t": 10**12,
    "ki": 2**10,
    "mi": 2**20,
    "gi": 2**30,
    "ti": 2**40,
}

MAX_DURATION_SECONDS = 36_500 * UNIT_SECONDS["d"]  # a hundred years; a date plus this is still a valid date
MAX_SIZE_BYTES = 2**60

NUMBER = r"\d+(?:\.\d+)?"
DURATION = re.compile(rf"(?:{NUMBER}\s*(?:ms|s|m|h|d|w)\s*)+", re.ASCII)
PART = re.compile(rf"({NUMBER})\s*(ms|s|m|h|d|w)", re.ASCII)
SIZE = re.compile(rf"({NUMBER})\s*([kmgt]i?|)b?", re.ASCII | re.IGNORECASE)


class Duration(float):
    """Hold a number of seconds; `text` is how it was written."""

    text: str

    @classmethod
    def parse(cls, value: object) -> Duration:
        """Parse `"1h30m"`, `"500ms"` or a number of seconds. Raises ValueError."""
        seconds = _number(value)
        if seconds is None and isinstance(value, str):
            if re.fullmatch(NUMBER, value.strip(), re.ASCII):
                seconds = float(value)
            elif DURATION.fullmatch(value.strip()):
                seconds = math.fsum(float(number) * UNIT_SECONDS[unit] for number, unit in PART.findall(value))
        if seconds is None or not 0 <= seconds <= MAX_DURATION_SECONDS:
            raise ValueError(f"not a duration: {value!r}")
        made = cls(seconds)
        made.text = value.strip() if isinstance(value, str) else f"{value}s"
        return made


class Size(int):
    """Hold a number of bytes; `text` is how it was written."""

    text: str

    @classmethod
    def parse(cls, value: object) -> Size:
        """Parse `"20MB"` (powers of ten), `"20MiB"` (powers of two) or a number of bytes. Raises ValueError."""
        count = _number(value)
        if count is None and isinstance(value, str) and (match := SIZE.fullmatch(value.strip())):
            count = float(match[1]) * UNIT_BYTES[match[2].lower()]
        if count is None or not 0 <= count <= MAX_SIZE_BYTES or count != int(count):
            raise ValueError(f"not a size: {value!r}")
        made = cls(count)
        made.text = value.strip() if isinstance(value, str) else f"{value}B"
        return made


def _number(value: object) -> float | None:
    """Return `value` as a finite number; None if it is not one. A bool does not count as a number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
