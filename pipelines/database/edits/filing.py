"""Judge a new reading of an article against its newest revision. Reads what is filed; `store` writes the revision."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from functools import cache
from typing import Any

from pipelines.core.items import Capture
from pipelines.core.timestamps import fine_stamp
from pipelines.database.connection import decode_json
from pipelines.database.edits.difference import ALTERNATE, Difference, TextVersion, difference, is_alternate
from pipelines.database.edits.template_lines import remember_lines, template_test
from pipelines.database.runs import TRUE_TIME


def judge(db: sqlite3.Connection, article_id: int, values: Mapping[str, Any], capture: Capture) -> Difference:
    """Return how a reading (`columns.article_row`) differs from the newest revision. It is an edit if it has changes.

    Lines that changed are remembered, so that a template is recognised. An alternate text is counted.
    """
    row = db.execute(
        """SELECT a.title, a.text, a.authors, a.modified, a.text_digest, a.source_id, r.id FROM articles a
             JOIN revisions r ON r.article_id = a.id AND r.number = a.revision WHERE a.id = ?""",
        (article_id,),
    ).fetchone()
    title, text, authors, modified, digest, source_id, revision_id = row
    if digest == values["text_digest"] and authors == values["authors"]:
        return Difference()
    seen = db.execute(
        f"""SELECT {TRUE_TIME} AS time, c.payload_digest FROM sightings s JOIN captures c ON c.id = s.capture_id
              LEFT JOIN crawls k ON k.id = c.crawl_id
             WHERE s.revision_id = ? ORDER BY 1 DESC LIMIT 1""",  # noqa: S608 (our own names)
        (revision_id,),
    ).fetchone()
    if seen is not None and seen[1] is not None and seen[1] == capture.payload_digest:
        return Difference(noise="same bytes")
    query = "SELECT text_digest FROM revisions WHERE article_id = ? ORDER BY number"
    digests = [one for (one,) in db.execute(query, (article_id,))]
    other = digest != values["text_digest"]
    away = _away(db, article_id, capture, seen[0]) if other and seen is not None else (None, 0)
    if other and seen is not None and is_alternate(digests, values["text_digest"], seen[0], capture.time, *away):
        db.execute("UPDATE revisions SET alternates = alternates + 1 WHERE id = ?", (revision_id,))
        return Difference(noise=ALTERNATE)
    old = TextVersion(title, text, decode_json(authors, list, "articles", article_id, "authors"), modified)
    new = TextVersion(values["title"], values["text"], json.loads(values["authors"]), values["modified"])
    is_template = cache(template_test(db, source_id, article_id, capture.time))
    found = difference(old, new, is_template)
    remember_lines(db, source_id, article_id, found.changed_lines, capture.time, is_template)
    return found


def _away(db: sqlite3.Connection, article_id: int, capture: Capture, last_seen: str) -> tuple[str | None, int]:
    """Return the first look since `last_seen` that showed another text, and the number of such looks before that."""
    since, looks = db.execute(
        "SELECT min(time), count(*) FROM captures WHERE url = ? AND time > ? AND time < ? AND status = 200",
        (capture.url, last_seen, fine_stamp(capture.time)),
    ).fetchone()
    query = "SELECT sum(alternates) FROM revisions WHERE article_id = ?"
    (counted,) = db.execute(query, (article_id,)).fetchone()
    return since, max(0, counted - looks)
