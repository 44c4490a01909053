"""Rows in: sources, crawls, captures, articles, revisions. Plain SQL on the keeper's connection; asks no questions that
`queries.py` answers for people, and commits nothing itself.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from pipelines.core.items import Article, Capture, Page, Reading, Source
from pipelines.core.timestamps import now, stamp
from pipelines.core.urls import same_site, url_key
from pipelines.database import revisions
from pipelines.database.change_detection import Change, alike, compare
from pipelines.database.columns import CAPTURE_COLUMNS, article_row, capture_row, capture_time, hint_of, update_row

INSERT_CAPTURE = (
    f"INSERT INTO captures (crawl_id, source_id, {', '.join(CAPTURE_COLUMNS)}) "  # noqa: S608 (our own names)
    f"VALUES (:crawl_id, :source_id, {', '.join(':' + name for name in CAPTURE_COLUMNS)})"
)


class KnownArticle(NamedTuple):
    """An article that is filed already."""

    id: int
    key: str  # url_key of its row
    read_from: str  # key of the URL that its newest text was read from
    digest: str  # text_digest of that text


class ArticleStore:
    """The tables, from the side that writes."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db

    def source(self, source: Source, *, watched: bool = False) -> int:
        """The row id of a source, added or brought up to date; `watched`: it has a file in sources/."""
        row = self.db.execute(
            """INSERT INTO sources (name, url, title, language, watched, added) VALUES (?, ?, ?, ?, ?, ?)
               ON CONFLICT (name) DO UPDATE SET url = excluded.url, title = coalesce(excluded.title, title),
                                                language = coalesce(excluded.language, language),
                                                watched = max(watched, excluded.watched)
               RETURNING id""",
            (source.name, source.url, source.title, source.language, int(watched), stamp(now())),
        ).fetchone()
        return int(row[0])

    def sources(self) -> list[tuple[int, Source, bool]]:
        """Return (row id, source, whether it is or was watched) of every source."""
        rows = self.db.execute("SELECT id, watched, name, url, title, language FROM sources")
        return [(row_id, Source(*values), bool(watched)) for row_id, watched, *values in rows]

    def source_id(self, name: str) -> int | None:
        """Return the row id of the source of this name; None if there is none."""
        row = self.db.execute("SELECT id FROM sources WHERE name = ?", (name,)).fetchone()
        return None if row is None else int(row[0])

    def rename_ad_hoc_source(self, source: Source, watched: Collection[str]) -> None:
        """A site crawled ad hoc that now has a file keeps its row, articles and frontier, under the file's name."""
        for row_id, name, url in self.db.execute("SELECT id, name, url FROM sources").fetchall():
            if name == source.name:
                return
            if name not in watched and url_key(url) == url_key(source.url):
                self.db.execute("UPDATE sources SET name = ? WHERE id = ?", (source.name, row_id))
                return

    def begin_crawl(self, command: str, software: str) -> int:
        """Open the row of a run; returns its id."""
        cursor = self.db.execute(
            "INSERT INTO crawls (started, command, software) VALUES (?, ?, ?)", (stamp(now()), command, software)
        )
        return int(cursor.lastrowid or 0)

    def end_crawl(self, crawl_id: int, outcome: str, counts: Mapping[str, Any]) -> None:
        """Close the row of a run with its outcome in a word and its counts by source."""
        self.db.execute(
            "UPDATE crawls SET finished = ?, outcome = ?, counts = ? WHERE id = ?",
            (stamp(now()), outcome, json.dumps(counts, ensure_ascii=False), crawl_id),
        )

    def capture(self, capture: Capture, crawl_id: int | None, source_id: int | None) -> Capture:
        """File one kept exchange; returns it with its row id."""
        row = capture_row(capture)
        row["crawl_id"], row["source_id"] = crawl_id, source_id
        if capture.record_type == "revisit" and capture.body_length is None:
            query = "SELECT body_length FROM captures WHERE record_id = ?"
            (row["body_length"],) = self.db.execute(query, (capture.refers_to,)).fetchone() or (None,)
        cursor = self.db.execute(INSERT_CAPTURE, row)
        return replace(capture, id=cursor.lastrowid, body_length=row["body_length"])

    def file(self, reading: Reading, source_id: int | None, asked: str) -> Reading:
        """File what was read: a new article, the next revision, or one more sighting of the same text.

        `asked` is the URL that the frontier asked for, before redirects. Returns the reading with `change` and
        `article_id`: "new", "edited", "unchanged", or "duplicate" where the page is another address (AMP twin,
        redirect, print view) of an article that is already here under its own.
        """
        article, page = reading.outcome, reading.page
        assert isinstance(article, Article)
        assert page.capture is not None
        own, address = url_key(page.url), article_key(article, page)
        values = article_row(article, page.capture)
        known = self._find(own) or (self._find(address) if address != own else None)
        if known is not None and not (known.read_from == own or self._alike(known, article)):
            self._tell_apart(known, own)  # a canonical link, or an old redirect, that is not to be believed
            known, address = None, own
        if known is None:
            article_id, change = self._insert(values, page, address, source_id), "new"
        elif known.read_from == own:
            article_id, change = known.id, self._sighting(known, values, page)
        else:
            # Another address of the same story: the text of the article's own address counts, and is no edit.
            article_id, change = known.id, "duplicate"
            if known.key == own:
                self._replace(article_id, values, page)
                revisions.add_sighting(self.db, article_id, page.capture.id)
            self._record_seen(article_id, page.capture.time)
        self._alias(article_id, {own, url_key(asked or page.url)} - {address})
        return replace(reading, change=change, article_id=article_id)

    def _record_seen(self, article_id: int, time: datetime) -> None:
        """The article stood at `time`, which may be earlier than any other (an import brings old captures)."""
        self.db.execute(
            "UPDATE articles SET last_seen = max(last_seen, ?1), first_seen = min(first_seen, ?1) WHERE id = ?2",
            (stamp(time), article_id),
        )
        self.db.execute(
            "UPDATE revisions SET seen = ?1 WHERE article_id = ?2 AND number = 1 AND seen > ?1",
            (stamp(time), article_id),
        )

    def confirm_unchanged(self, url: str, time: datetime) -> bool:
        """A conditional request was answered 304: the article at `url` is as it was. False if there is none."""
        row = self._find(url_key(url))
        if row is None:
            return False
        self._record_seen(row.id, time)
        return True

    def add_alias_of(self, url: str, other: str) -> None:
        """The article at `url`, if there is one, is also met under `other`."""
        row = self._find(url_key(url))
        if row is not None:
            self._alias(row.id, {url_key(other)})

    def _find(self, key: str) -> KnownArticle | None:
        """The article known under a key, its own or another."""
        row = self.db.execute(
            """SELECT id, url_key, url, text_digest FROM articles WHERE url_key = ?1
               UNION ALL
               SELECT a.id, a.url_key, a.url, a.text_digest
                 FROM aliases JOIN articles a ON a.id = aliases.article_id WHERE aliases.url_key = ?1
               LIMIT 1""",
            (key,),
        ).fetchone()
        return None if row is None else KnownArticle(row[0], row[1], url_key(row[2]), row[3])

    def _alike(self, known: KnownArticle, article: Article) -> bool:
        title, text = self.db.execute("SELECT title, text FROM articles WHERE id = ?", (known.id,)).fetchone()
        return alike(article.title, article.text, title, text)

    def _tell_apart(self, known: KnownArticle, own: str) -> None:
        """`own` is the address of another story than the article that was filed, or is also known, under it."""
        self.db.execute("DELETE FROM aliases WHERE url_key IN (?, ?)", (own, known.read_from))
        if known.key == own:
            self.db.execute("UPDATE articles SET url_key = ? WHERE id = ?", (known.read_from, known.id))

    def _replace(self, article_id: int, values: Mapping[str, Any], page: Page) -> None:
        """Take the text of the article's own address for that of a twin which was met before it."""
        update_row(self.db, "articles", values, article_id)
        revisions.delete_newest_sightings(self.db, article_id)
        newest = "article_id = :where AND number = (SELECT revision FROM articles WHERE id = :where)"
        state = {name: values[name] for name in revisions.READING_COLUMNS} | {"hint": hint_of(page)}
        update_row(self.db, "revisions", state, article_id, newest)

    def _alias(self, article_id: int, keys: set[str]) -> None:
        self.db.executemany(
            """INSERT INTO aliases (url_key, article_id) SELECT ?1, ?2
               WHERE NOT EXISTS (SELECT 1 FROM articles WHERE url_key = ?1) ON CONFLICT DO NOTHING""",
            [(key, article_id) for key in keys],
        )

    def _insert(self, values: dict[str, Any], page: Page, key: str, source_id: int | None) -> int:
        seen = stamp(capture_time(page))
        values |= {"url_key": key, "source_id": source_id, "revision": 1, "first_seen": seen, "last_seen": seen}
        cursor = self.db.execute(
            f"INSERT INTO articles ({', '.join(values)}) VALUES ({', '.join(':' + name for name in values)})",  # noqa: S608
            values,
        )
        article_id = int(cursor.lastrowid or 0)
        self._revision(article_id, 1, values, page)
        revisions.add_sighting(self.db, article_id, values["capture_id"])
        return article_id

    def _sighting(self, known: KnownArticle, values: dict[str, Any], page: Page) -> Change:
        """One more capture of an article at its own address."""
        assert page.capture is not None
        if not revisions.is_newest(self.db, known.id, page.capture):
            self._record_seen(known.id, page.capture.time)
            return revisions.file_in_order(self.db, known.id, values, page.capture)
        change = compare(known.digest, values["text_digest"])
        self._update(known.id, values, page, change)
        revisions.add_sighting(self.db, known.id, page.capture.id)
        return change

    def _update(self, article_id: int, values: dict[str, Any], page: Page, change: str) -> None:
        if change == "unchanged":
            # The row goes on leading to the record that its text was first read from. Comments come after the text.
            self._record_seen(article_id, capture_time(page))
            if values["comments"] is not None:
                update_row(self.db, "articles", {"comments": values["comments"]}, article_id)
            return
        number = self.db.execute("SELECT revision + 1 FROM articles WHERE id = ?", (article_id,)).fetchone()[0]
        values |= {"revision": number, "last_seen": stamp(capture_time(page))}
        update_row(self.db, "articles", values, article_id)
        self._revision(article_id, number, values, page)

    def _revision(self, article_id: int, number: int, values: Mapping[str, Any], page: Page) -> None:
        seen, hint = stamp(capture_time(page)), hint_of(page)
        self.db.execute(
            """INSERT INTO revisions (article_id, number, capture_id, seen, title, description, authors, modified, text,
                                      text_digest, extractor, hint)
               VALUES (:article_id, :number, :capture_id, :seen, :title, :description, :authors, :modified, :text,
                       :text_digest, :extractor, :hint)""",
            {**values, "article_id": article_id, "number": number, "seen": seen, "hint": hint},
        )


def article_key(article: Article, page: Page) -> str:
    """The key an article is filed under: its canonical URL where that is believable, else where it was fetched.

    A canonical URL on another site names the original of a syndicated text, not this page; one that is a site's root
    (a common template error) would make all its articles one.
    """
    canonical = article.canonical_url
    if canonical and same_site(canonical, page.url):
        key = url_key(canonical)
        if "/" in key.rstrip("/").split("://")[-1].removeprefix("//"):
            return key
    return url_key(page.url)
