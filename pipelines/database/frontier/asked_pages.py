"""Say what the archive has of a page that a user asked for by its address. Reads only."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from pipelines.core.urls import url_key
from pipelines.database.connection import ask
from pipelines.database.frontier.rows import error_text


class AskedPage(NamedTuple):
    """Hold what is known of an address; None where nothing is."""

    state: str | None = None  # of its row in the frontier; None: the archive does not know it
    visits: int = 0  # that got an answer
    error: str | None = None  # why the last visit failed, or gave no article
    article: int | None = None  # number of the article that is filed under it
    filed: str | None = None  # when the article was filed first, UTC
    final_url: str | None = None  # where the newest state of that article was fetched
    status: int | None = None  # HTTP status of its newest capture
    captured: str | None = None  # time of that capture, UTC


def asked_page(db: sqlite3.Connection, url: str) -> AskedPage:
    """Return what the archive has of `url`. Raises ArchiveDamaged."""
    key = url_key(url)
    row = next(ask(db, "SELECT state, visits, last_error, url FROM frontier WHERE url_key = ?", (key,)), None)
    article = next(
        ask(
            db,
            """SELECT id, first_seen, url FROM articles WHERE url_key = ?1
                UNION ALL SELECT a.id, a.first_seen, a.url FROM aliases JOIN articles a ON a.id = aliases.article_id
                           WHERE aliases.url_key = ?1 LIMIT 1""",
            (key,),
        ),
        None,
    )
    spellings = dict.fromkeys([url, *([row["url"]] if row is not None else [])])
    captures = [
        capture
        for spelled in spellings
        for capture in ask(db, "SELECT status, time FROM captures WHERE url = ? ORDER BY time DESC LIMIT 1", (spelled,))
    ]
    newest = max(captures, key=lambda capture: capture["time"], default=None)
    return AskedPage(
        *((row["state"], row["visits"], error_text(row["last_error"])) if row is not None else (None, 0, None)),
        *(tuple(article) if article is not None else (None, None, None)),
        *((newest["status"], newest["time"]) if newest is not None else (None, None)),
    )
