"""Build a database of articles with given words, to search in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipelines.core.urls import url_key
from tests.support.article_archive import SOURCES, database, insert, rows

TEMPLATE = {key: value for key, value in rows()[0].items() if key not in ("place", "spaced")}


def worded(path: Path, articles: Sequence[tuple[str, str]], language: str = "en") -> Path:
    """Make the database `path` with an article for each title and text, a day apart; return the path."""
    db = database(path)
    name, (url, title, _) = next(iter(SOURCES.items()))
    insert(db, "sources", name=name, url=url, title=title, language=language, added="2022-01-01T00:00:00Z")
    for number, (title, text) in enumerate(articles, 1):
        address = f"{url}a/{number}"
        day = f"2024-01-{number:02}"
        varied = {
            "id": number, "url": address, "canonical_url": address, "url_key": url_key(address), "title": title,
            "text": text, "byline": None, "language": language, "published": day, "published_day": day,
            "description": None, "capture_id": number,
        }  # fmt: skip
        insert(db, "articles", **TEMPLATE | varied)
    db.commit()
    db.close()
    return path
