"""Turn captures and articles into column values of their tables: for `store`, and for a rebuild."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from hashlib import sha256
from operator import attrgetter
from typing import Any

from pipelines.core.items import Article, Capture, Page
from pipelines.core.languages.spaced_runs import indexed_words
from pipelines.core.timestamps import fine_stamp, stamp
from pipelines.database.edits.change_detection import text_digest
from pipelines.database.schema.numbers import new_id
from pipelines.database.schema.places import place_for

# fmt: off
# Columns of an article that a revision has, too.
REVISION_COLUMNS = (
    "title", "description", "authors", "modified", "text", "line_kinds", "text_digest", "extractor", "state_digest",
)
STATE_COLUMNS = ("title", "description", "authors", "modified", "text")  # of which state_digest is made
FIELD_COLUMNS = (  # of which fields_digest is made: what else is read from a page. NULLs do not count, so it can grow.
    "url", "canonical_url", "byline", "published", "published_raw", "published_from", "published_day", "modified_raw",
    "modified_from", "language", "language_declared", "section", "tags", "site_name", "publisher", "issn", "image",
    "word_count", "kind", "origin", "origin_url", "dateline", "access", "access_evidence", "rights", "found_in",
    "line_kinds",
)
CAPTURE_COLUMNS = (
    "url", "time", "kind", "status", "mime", "file", "offset", "length", "record_id", "record_type", "block_digest",
    "payload_digest", "ip", "error", "refers_to", "body_length", "body_digest", "signals", "imported",
    "declared_digest", "flaws",
)
# fmt: on
ARTICLE_FIELDS = tuple(field.name for field in fields(Article))
JSON_FIELDS = ("authors", "tags", "rights", "found_in")  # columns of JSON, and so are comments, if they are collected
NEXT_ARTICLE = f"SELECT coalesce({new_id('articles')}, (SELECT coalesce(max(id), 0) + 1 FROM articles))"  # noqa: S608

as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
capture_values = attrgetter(*CAPTURE_COLUMNS)


def capture_row(capture: Capture) -> dict[str, Any]:
    """Return the columns of `captures` for a capture, but crawl and source."""
    row = dict(zip(CAPTURE_COLUMNS, capture_values(capture), strict=True))
    row["time"] = fine_stamp(capture.time)
    row["signals"] = json.dumps(capture.signals, ensure_ascii=False) if capture.signals else "[]"
    row["flaws"] = json.dumps(capture.flaws) if capture.flaws else "[]"
    return row


def update_row(
    db: sqlite3.Connection, table: str, values: Mapping[str, Any], where: int, condition: str = "id = :where"
) -> None:
    """Set columns of the row with the id `where`, or of the rows that meet another condition on `:where`."""
    assignments = ", ".join(f"{name} = :{name}" for name in values)
    db.execute(f"UPDATE {table} SET {assignments} WHERE {condition}", {**values, "where": where})  # noqa: S608


def insert_article(db: sqlite3.Connection, values: Mapping[str, Any]) -> int:
    """Add a row to `articles` at the place of its day; return its id, which is the next one unless `values` has it."""
    (number,) = db.execute(NEXT_ARTICLE).fetchone()
    row = {"id": number, "published_day": None} | dict(values)
    row["place"] = place_for(db, row["published_day"])
    names = ", ".join(row), ", ".join(f":{name}" for name in row)
    db.execute(f"INSERT INTO articles ({names[0]}) VALUES ({names[1]})", row)  # noqa: S608 (our own names)
    return int(row["id"])


def update_article(db: sqlite3.Connection, values: Mapping[str, Any], article_id: int) -> None:
    """Set columns of an article. If its day changes, it moves to a place of the new day."""
    if "published_day" in values:
        (place,) = db.execute("SELECT place FROM articles WHERE id = ?", (article_id,)).fetchone()
        values = {**values, "place": place_for(db, values["published_day"], place)}
    update_row(db, "articles", values, article_id)


def capture_time(page: Page) -> datetime:
    """Return the time at which a page was captured."""
    assert page.capture is not None
    return page.capture.time


def hint_of(page: Page) -> str | None:
    """Return what the feed or sitemap said of a page, as `revisions.hint`."""
    return json.dumps(page.hint, ensure_ascii=False, sort_keys=True) if page.hint else None


def article_row(article: Article, capture: Capture) -> dict[str, Any]:
    """Return the columns of `articles` that are read from a page."""
    row = {name: getattr(article, name) for name in ARTICLE_FIELDS}
    row |= {name: json.dumps(row[name], ensure_ascii=False) for name in JSON_FIELDS}
    row |= {
        "comments": None if article.comments is None else json.dumps(article.comments, ensure_ascii=False),
        "byline": article.byline or ", ".join(article.authors) or None,
        "published_day": article.published_day or (utc_day(article.published) if article.published else None),
        "text_digest": text_digest(article.title, article.text),
        "capture_id": capture.id,
    }
    row["spaced"] = indexed_words(row["title"], row["byline"], row["text"])
    return row | {
        "state_digest": columns_digest(row, STATE_COLUMNS),
        "fields_digest": columns_digest(row, FIELD_COLUMNS),
    }


def columns_digest(row: Mapping[str, Any], names: Sequence[str]) -> str:
    """Return the SHA-256 (64 hex digits) of columns of a row as JSON, without those that are NULL or missing."""
    known = {name: row[name] for name in names if row.get(name) is not None}
    return sha256(as_json(known).encode("utf-8", "surrogatepass")).hexdigest()


def utc_day(iso: str) -> str:
    """Return the UTC day of an ISO 8601 time. A day without a time stays as it is."""
    if len(iso) <= 10:
        return iso
    time = datetime.fromisoformat(iso)
    return stamp(time)[:10] if time.tzinfo else iso[:10]
