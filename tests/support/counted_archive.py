"""Build the archive of `article_archive`, with what is hard to count: undated articles, lists, odd values."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.support.article_archive import build, database, insert, rows

# number, source, day of publication, authors, tags; each is a copy of article 1 otherwise
ADDED: list[tuple[int, int, str | None, list[str], list[str]]] = [
    (101, 1, None, ["Ann"], ["one"]),
    (102, 2, None, [], []),
    (103, 2, "2024-02-01", ["Ann", "Ben", "Ann"], ["two", "one"]),
    (104, 3, "2024-02-01", ["Ben", ""], ["two"]),
]
SOURCE_NAMES = {1: "courier", 2: "gazette", 3: "shimbun"}


def added_rows() -> list[dict[str, Any]]:
    """Return the rows of `articles` that this archive has besides."""
    like = rows()[0]
    return [
        like
        | {
            "id": number, "url_key": f"added/{number}", "url": f"https://added.example/{number}", "canonical_url": None,
            "source_id": source, "published": day and f"{day}T09:00:00Z", "published_day": day,
            "authors": json.dumps(authors), "tags": json.dumps(tags), "section": "" if number % 2 else "World",
            "origin": "reuters" if number % 2 else None, "language": None if number == 104 else "en",
            "kind": "opinion" if number == 103 else "article",
        }
        for number, source, day, authors, tags in ADDED
    ]  # fmt: skip


def all_rows() -> list[dict[str, Any]]:
    """Return every row of `articles`, as far as it is counted by."""
    return [*rows(), *added_rows()]


def build_counted(folder: Path) -> Path:
    """Make the archive in `folder`, and return the folder."""
    build(folder)
    with closing(database(folder / "morgue.db")) as db, db:
        for row in added_rows():
            insert(db, "articles", **row)
    return folder
