"""Check and show single values of settings, without the models: for commands that must start fast, and the types."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from crawler.config.units import Duration, Size


def literal(value: object) -> str:
    """Return a value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Duration | Size):
        return json.dumps(value.text)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        return "{...}"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def shown(value: object) -> str:
    """Return a value as TOML writes it, cut to 80 characters for a message."""
    text = literal(value)
    return text if len(text) <= 80 else text[:77] + "..."


class ValueMistake(ValueError):
    """Raised for a wrong value, with a cure for cases in which the key's own example would not help."""

    def __init__(self, cause: str, cure: str = "") -> None:
        super().__init__(cause)
        self.cure = cure


def day(value: Any) -> str:
    """Return a TOML date, or an ISO date in text, as an ISO date. Raises ValueError."""
    try:
        if isinstance(value, date) and not isinstance(value, datetime):
            return value.isoformat()
        if isinstance(value, str) and len(value) == 10:
            return date.fromisoformat(value).isoformat()
    except ValueError:
        pass
    raise ValueError(f"{shown(value)} is not a date")


def pause(value: Any) -> bool | str:
    """Return true, false or an ISO day. Raises ValueError."""
    if isinstance(value, bool):
        return value
    try:
        return day(value)
    except ValueError:
        raise ValueMistake(f"{shown(value)} is neither true nor a day", "say true, or e.g. 2027-01-31") from None


def share(value: object) -> float:
    """Return a number from 0 to 1 as float. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError
    return float(value)
