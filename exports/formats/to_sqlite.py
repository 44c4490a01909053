"""Write a folder that is an archive of the articles that match: its database, without WARC files.

`morgue -C OUT search` opens it, and so does every program that reads SQLite.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

from exports import Content, Row
from exports.folder_output import FolderOutput
from pipelines.core.archive_layout import DATABASE_NAME, SETTINGS_NAME
from pipelines.core.errors import ConfigError, MorgueError
from pipelines.selection.subset import copy_articles

name = "sqlite"
media_type = "application/vnd.sqlite3"
suffix = ""
fixed_columns = True
reads = ("id",)
refused_suffixes = (".db", ".sqlite", ".sqlite3")

SETTINGS = b"# This archive was exported from another one. It holds articles, and no WARC files.\n"


class Subset:
    """Copy the articles of one database."""

    name = name
    media_type = media_type
    suffix = suffix

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def fill(self, content: Content, folder: FolderOutput) -> dict[str, Any]:
        """Write the database and the file that makes the folder an archive."""
        every, articles = content.about["revisions"] == "all", 0
        for part, rows in content.parts:
            if part:
                raise ConfigError("--split", "has no effect on sqlite, which writes one archive", "leave it out")
            path = folder.path / DATABASE_NAME
            try:
                articles = copy_articles(self._db, _ids(rows), path, every_revision=every)
            except MorgueError as error:
                if error.subject == str(path):  # a temporary name, which the user never sees
                    error = type(error)(f"the new {DATABASE_NAME}", error.cause, error.cure)
                raise error from None
        folder.note(DATABASE_NAME)
        folder.add(SETTINGS_NAME, SETTINGS)
        return {"articles": articles}


subset_of = Subset


def _ids(rows: Iterable[Row]) -> Iterator[int]:
    before = None
    for row in rows:
        if row["id"] != before:
            yield row["id"]
        before = row["id"]
