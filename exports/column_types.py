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
# What views of the database, commands and other programs call columns of exports.
OTHER_NAMES = {
    "day": "published_day", "date": "published_day", "words": "word_count", "wordcount": "word_count",
    "length": "word_count", "author": "authors", "headline": "title", "body": "text", "content": "text",
    "paper": "source", "newspaper": "source", "site": "source", "lang": "language", "summary": "description",
    "link": "url", "address": "url", "tag": "tags", "keywords": "tags", "category": "section", "time": "published",
    "article": "id", "number": "id", "updated": "modified", "seen": "first_seen",
}  # fmt: skip
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
            raise QueryError(f"column {name!r}", "there is no such column", column_advice(str(name), known))
        if name in names[:number]:
            raise QueryError(f"column {name!r}", "is named twice", "name each column once")
    if not names:
        raise QueryError("columns", "none is named", f"columns: {', '.join(known)}")
    return names


def column_advice(name: str, known: Sequence[str]) -> str:
    """Return advice for a name that no column has: the one that is meant or is like it, else all of them."""
    if (meant := OTHER_NAMES.get(name.strip().lower())) in known:
        return f"did you mean {meant}?"
    from pipelines.core.source_names import near_names  # takes milliseconds, which a search need not pay

    return near_names(name, known, "column")


class UnknownColumn(KeyError):
    """Name a column that a row does not have. The advice is worked out when it is shown: `row.get` shows none."""

    def __init__(self, name: object, known: Sequence[str]) -> None:
        super().__init__(name, tuple(known))

    def __str__(self) -> str:
        name, known = self.args
        return f"there is no {name!r}; {column_advice(str(name), known)}"


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
