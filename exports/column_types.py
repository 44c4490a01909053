"""Know the types of columns (which hold numbers, lists, times or days; all others hold text), and choose columns.

The database has times and days as text. Times that are exact become times in UTC, days become dates. `published` and
`modified` stay text, because they are as precise as the page: a day, or a time with its zone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from exports.extras import load_extra
from pipelines.core.archive_layout import DATABASE_NAME
from pipelines.core.errors import ArchiveDamaged, QueryError
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


def chosen_columns(wanted: str | Sequence[str] | None, known: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that are wanted, in that order: one text with commas, or several; None: all.

    Raises QueryError for an unknown column, for one that is named twice, and for none at all.
    """
    if wanted is None:
        return tuple(known)
    parts = (part.strip() for part in wanted.split(",")) if isinstance(wanted, str) else wanted
    names = tuple(name for name in parts if name != "")
    for number, name in enumerate(names):
        if name not in known:
            from pipelines.core.source_names import near_names  # takes milliseconds, which a search need not pay

            raise QueryError(f"column {name!r}", "there is no such column", near_names(str(name), known, "column"))
        if name in names[:number]:
            raise QueryError(f"column {name!r}", "is named twice", "name each column once")
    if not names:
        raise QueryError("columns", "none is named", f"columns: {', '.join(known)}")
    return names


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
