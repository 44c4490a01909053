"""File readings of one source's articles in a real database, without fetching anything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from pipelines.core.items import Article, Capture, Page, Reading, Source
from pipelines.database.connection import open_database
from pipelines.database.store import ArticleStore

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
HOME = "https://paper.example/"


class FiledSource:
    """File what is read at addresses of one source."""

    def __init__(self, store: ArticleStore) -> None:
        self.store = store
        self.source_id = store.source(Source("paper", HOME))

    def see(self, path: str, text: str, hours: float = 0, *, digest: str | None = None, **values: Any) -> Reading:
        """File what is read of a page some hours after NOW. `digest`: of its bytes; `values`: fields of its Article."""
        url = f"{HOME}{path}"
        capture = Capture(
            None, url, NOW + timedelta(hours=hours), 200, "text/html", "a", 0, 1, f"<urn:uuid:{uuid4()}>", "response",
            None, digest, "article",
        )  # fmt: skip
        blank = dict.fromkeys(Article.__dataclass_fields__)
        known = {"url": url, "text": text, "authors": (), "tags": (), "word_count": 8, "kind": "article",
                 "extractor": "test 1", "rights": (), "found_in": {}}  # fmt: skip
        page = Page(url, b"", capture=self.store.capture(capture, None, self.source_id))
        return self.store.file(Reading(page, Article(**blank | known | values), 1.0), self.source_id, url)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.store.db.execute(sql).fetchall()


@contextmanager
def filed_source(folder: Path) -> Iterator[FiledSource]:
    """Open a new database in a folder."""
    db = open_database(folder / "morgue.db")
    try:
        yield FiledSource(ArticleStore(db))
    finally:
        db.close()
