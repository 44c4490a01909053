"""Put articles that are copies of each other into a real database, as rows, without fetching or reading anything."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.core.urls import url_key
from pipelines.database.clusters.upkeep import work_off
from pipelines.database.columns import insert_article, update_article
from pipelines.database.connection import open_database

MAX_GROUPS = 1_000
TABLES = ("text_signatures", "text_shingles", "article_pairs", "clusters", "cluster_members")


@cache
def story(name: object, sentences: int = 12) -> Sequence[str]:
    """Return sentences of invented words that no story of another name has."""
    chance = random.Random(str(name))
    words = ["".join(chance.choices("abcdefghijklmnoprstuvw", k=6)) for _ in range(200)]
    return [" ".join(chance.choices(words, k=14)) + "." for _ in range(sentences)]


NOTICE = "\n".join(story("notice", 4))
WEATHER = (
    "Today the temperature in town rises to {} degrees by noon. The wind blows at {} kilometres an hour all day. "
    "The chance of rain in the afternoon is {} percent. Tomorrow it reaches {} degrees, at night it falls to {}."
)


def variant(chance: random.Random) -> str:
    """Return one of a few texts of few stories: whole, cut, edited, in a digest; or a form, or a stub."""
    own, other, third = (story(name, 10) for name in chance.sample("abcd", 3))
    return chance.choice([
        "\n".join(own), "\n".join(own), "\n".join(own[:4]), "\n".join([*other[:2], *own[:7]]),
        "\n".join([*own, *other]), "\n".join([*own, *third[:6], *other]),
        "\n".join(one for at, one in enumerate(own) if at % 4),
        WEATHER.format(*(chance.randrange(99) for _ in range(5))), NOTICE, "\n".join([own[0], NOTICE]), "Too short.",
    ])  # fmt: skip


class CopyArchive:
    """Hold a database with rows of articles. Its sources are called paper-1, paper-2, ..."""

    def __init__(self, folder: Path, sources: int = 4) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.db: sqlite3.Connection = open_database(folder / "morgue.db")
        self.db.execute("PRAGMA synchronous = OFF")
        for number in range(1, sources + 1):
            self._insert("sources", name=f"paper-{number}", url=f"https://paper-{number}.example/",
                         title=f"Paper {number}", added="2026-01-01T00:00:00Z")  # fmt: skip
        self._insert("captures", url="https://paper-1.example/", time="2026-01-01T00:00:00.000000Z", kind="article",
                     file="a.warc.gz", offset=0, length=1, record_id="<urn:uuid:1>",
                     record_type="response")  # fmt: skip

    def add(self, text: str | Sequence[str], source: int = 1, day: str = "2026-01-01", **values: Any) -> int:
        """Add an article and return its number. `text`: or its lines."""
        number = self.db.execute("SELECT coalesce(max(id), 0) + 1 FROM articles").fetchone()[0]
        url = values.pop("url", f"https://paper-{source}.example/{number}")
        body = text if isinstance(text, str) else "\n".join(text)
        known = {
            "id": number, "url_key": url_key(url), "url": url, "source_id": source, "title": f"Headline {number}",
            "authors": "[]", "tags": "[]", "text": body, "word_count": len(body.split()), "kind": "article",
            "extractor": "test 1", "text_digest": f"{number}", "capture_id": 1, "revision": 1, "published": day,
            "published_day": day, "language": "en", "first_seen": f"{day}T10:00:00Z", "last_seen": f"{day}T10:00:00Z",
        }  # fmt: skip
        insert_article(self.db, known | values)
        self._insert("revisions", article_id=number, number=1, capture_id=1, seen=f"{day}T10:00:00Z", authors="[]",
                     text=body, text_digest=f"{number}", extractor="test 1")  # fmt: skip
        return int(number)

    def change(self, number: int, **values: Any) -> None:
        """Set columns of an article."""
        update_article(self.db, values, number)

    def remove(self, number: int) -> None:
        """Delete an article as another article's filing does."""
        self.db.execute("DELETE FROM revisions WHERE article_id = ?", (number,))
        self.db.execute("DELETE FROM aliases WHERE article_id = ?", (number,))
        self.db.execute("DELETE FROM articles WHERE id = ?", (number,))

    def work_off(self, most: int = 100) -> None:
        """Look at all articles that wait, in groups."""
        for _ in range(MAX_GROUPS):
            if not work_off(self.db, most):
                return
        raise AssertionError("the work has no end")

    def recompute(self) -> None:
        """Compute everything from nothing."""
        for table in TABLES:
            self.db.execute(f"DELETE FROM {table}")
        self.db.execute("INSERT INTO unclustered SELECT id, 1 FROM articles WHERE true ON CONFLICT DO NOTHING")
        self.work_off()

    def state(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return all rows that are computed."""
        return {table: self.db.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in TABLES}

    def clusters(self) -> list[set[int]]:
        """Return the members of each cluster."""
        found: dict[int, set[int]] = {}
        for article, cluster in self.db.execute("SELECT article_id, cluster_id FROM cluster_members"):
            found.setdefault(cluster, set()).add(article)
        return [found[number] for number in sorted(found)]

    def _insert(self, table: str, **values: Any) -> None:
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        self.db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(values.values()))
