"""Know the types of columns: which hold numbers, lists, times or days. All others hold text.

The database has times and days as text. Times that are exact become times in UTC, days become dates. `published` and
`modified` stay text, because they are as precise as the page: a day, or a time with its zone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from exports.extras import load_extra
from pipelines.core.archive_layout import DATABASE_NAME
from pipelines.core.errors import ArchiveDamaged
from pipelines.core.timestamps import parse

NUMBERS = ("id", "word_count", "revision", "warc_offset", "warc_length")
LISTS = ("authors", "tags", "rights", "comments", "header_rights")
TIMES = ("first_seen", "last_seen", "gone_since", "wall_since", "captured")
DAYS = ("published_day",)
# Columns of what has no export: revisions, captures, sources, edits, counts, clusters.
OTHER_TIMES = ("seen", "added", "last_success", "last_error_time", "since", "last_alive", "back", "published_time")
OTHER_NUMBERS = ("count", "articles")
OTHER_DAYS = ("newest", "day", "first_day", "last_day")
NUMBER_NAMES = frozenset((*NUMBERS, *OTHER_NUMBERS))
TIME_NAMES, DAY_NAMES = frozenset((*TIMES, *OTHER_TIMES)), frozenset((*DAYS, *OTHER_DAYS))


def arrow_schema(columns: Sequence[str]) -> Any:
    """Return the Arrow schema of columns of articles. Raises ConfigError if pyarrow is missing."""
    arrow = load_extra("pyarrow", "parquet")
    types = {
        **dict.fromkeys(NUMBERS, arrow.int64()), **dict.fromkeys(LISTS, arrow.list_(arrow.string())),
        **dict.fromkeys((*TIMES, *OTHER_TIMES), arrow.timestamp("us", tz="UTC")),
        **dict.fromkeys((*DAYS, *OTHER_DAYS), arrow.date32()),
    }  # fmt: skip
    return arrow.schema([(column, types.get(column, arrow.string())) for column in columns])


def typed(name: str, value: Any) -> Any:
    """Return a value of the database as Python has it: times and days are no text. Raises ArchiveDamaged."""
    if not isinstance(value, str) or (name not in TIME_NAMES and name not in DAY_NAMES):
        return value
    try:
        return parse(value) if name in TIME_NAMES else date.fromisoformat(value)
    except (ValueError, OverflowError) as error:
        cure = "`morgue verify` checks the database; `morgue rebuild` makes a new one from the WARC files"
        cause = f"a value of the column {name} is no time ({error})"
        raise ArchiveDamaged(DATABASE_NAME, cause, cure) from None
