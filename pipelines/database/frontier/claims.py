"""Turn rows of the table `frontier` into claims, and name the rows that no crawl can use.

A database may come from elsewhere or be edited by hand: one wrong row must cost its own visit, never the crawl.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

from pipelines.core.timestamps import parse
from pipelines.core.urls import host_of
from pipelines.database.connection import ask
from pipelines.database.frontier.rows import Claim

CLAIM_COLUMNS = (
    "id, url, host, source_id, kind, depth, hint, visits, failures, first_visit, etag, last_modified, last_error,"
    " last_visit, last_status, next_visit"
)
# Rows whose hint is no JSON object of texts. CASE: SQLite may evaluate the terms of AND and OR in any order.
DAMAGED_HINTS = """
SELECT id FROM frontier WHERE hint IS NOT NULL AND CASE WHEN NOT json_valid(hint) THEN 1
    WHEN json_type(hint) != 'object' THEN 1 ELSE EXISTS (SELECT 1 FROM json_each(hint) WHERE type != 'text') END
"""


def claim_of(row: tuple) -> Claim:
    """Return the claim of a row of CLAIM_COLUMNS. `damage` says what of it cannot be used, if anything."""
    values = dict(zip(CLAIM_COLUMNS.split(", "), row, strict=True))
    damage = damaged_column(values)
    hint = json.loads(values["hint"]) if values["hint"] and damage is None else {}
    return Claim(**values | {"hint": hint}, damage=damage)


def damaged_column(values: dict[str, Any]) -> str | None:
    """Return the first column whose value no crawl can have written; None if there is none."""
    checks = {
        "url": host_of,
        "hint": _must_be_hint,
        "first_visit": parse,
        "last_visit": parse,
        "etag": _latin_1,
        "last_modified": _latin_1,
    }
    for name, check in checks.items():
        try:
            if values[name] is not None:
                check(values[name])
        except (ValueError, OverflowError, RecursionError):  # OverflowError: of a time in the year 1 with a zone
            return name
    return None


def damaged_hints(db: sqlite3.Connection) -> Iterator[int]:
    """Yield the ids of the rows whose hint cannot be read. Raises MorgueError."""
    return (row[0] for row in ask(db, DAMAGED_HINTS))


def _must_be_hint(text: str) -> None:
    found = json.loads(text) if text else {}
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ValueError("no JSON object of texts")


def _latin_1(text: str) -> None:
    text.encode("latin-1")
