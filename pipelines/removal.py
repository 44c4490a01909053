"""Taking down a page or a host: out of the WARC files and out of the database, with a tombstone that says so.

What goes: every capture of the address (and of those that the archive knows as the same article) with its request; the
article, its revisions, texts and index entries; what the journal says of them. What stays: that it was removed, when
and why. The address is not crawled or imported again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pipelines import manifest
from pipelines.clock import stamp
from pipelines.errors import MorgueError, NotFound
from pipelines.journal import number_of
from pipelines.tombstone import Grave, Span, rewrite, tombstone, without
from pipelines.urls import url_key
from pipelines.warcread import Member, walk
from pipelines.warcrecord import Record, is_capture

ANY = "*"  # before a host's name in `removals`


@dataclass(slots=True)
class Doomed:
    """What is to go."""

    targets: dict[str, int] = field(default_factory=dict)  # as `removals` names them: captures of each
    keys: set[str] = field(default_factory=set)  # url_keys
    captures: dict[int, sqlite3.Row] = field(default_factory=dict)  # by id: id, url, time, file, record_id
    articles: dict[int, str] = field(default_factory=dict)  # id -> title
    revisions: set[int] = field(default_factory=set)
    frontier: set[int] = field(default_factory=set)

    @property
    def records(self) -> set[str]:
        """WARC-Record-IDs."""
        return {row["record_id"] for row in self.captures.values()}

    def drops(self, table: str, row: dict[str, Any]) -> bool:
        """Whether a row of the journal is about it."""
        if table in ("articles", "captures", "frontier"):
            return row.get("id") in getattr(self, table)
        if table == "sightings":
            return row.get("capture_id") in self.captures
        return (
            row.get("article_id") in self.articles
            or (table == "revisions" and row.get("id") in self.revisions)
            or row.get("revision_id") in self.revisions
        )


def find(db: sqlite3.Connection, targets: Iterable[str]) -> Doomed:
    """What the archive has of these URLs (with ://) and hosts.

    Raises NotFound for one of which it has nothing; MorgueError if a capture of another address has no body of its own
    but refers to one of these.
    """
    db.row_factory = sqlite3.Row
    doomed = Doomed()
    for target in targets:
        kept, before = len(doomed.captures), len(doomed.captures) + len(doomed.frontier)
        if "://" in target:
            _find_url(db, url_key(target), doomed)
        else:
            _find_host(db, target.lower(), doomed)
        if len(doomed.captures) + len(doomed.frontier) == before:
            raise NotFound(target, "the archive has nothing of it", "`morgue show URL` says what it knows")
        doomed.targets[list(doomed.targets)[-1]] = len(doomed.captures) - kept
    for article_id in doomed.articles:
        rows = db.execute("SELECT id FROM revisions WHERE article_id = ?", (article_id,))
        doomed.revisions.update(row["id"] for row in rows)
    _refuse_half(db, doomed)
    return doomed


def _find_url(db: sqlite3.Connection, key: str, doomed: Doomed) -> None:
    """A page under every address that the archive knows it by."""
    keys = {key}
    rows = db.execute(
        "SELECT id FROM articles WHERE url_key = ?1 UNION SELECT article_id FROM aliases WHERE url_key = ?1", (key,)
    ).fetchall()
    for row in rows:
        keys.update(_keys_of(db, row["id"]))
        (doomed.articles[row["id"]],) = db.execute("SELECT title FROM articles WHERE id = ?", (row["id"],)).fetchone()
    doomed.targets[key] = 0
    doomed.keys |= keys
    for host in {urlsplit(one).netloc for one in keys}:
        for row in _captures_of(db, host):
            if url_key(row["url"]) in keys:
                doomed.captures[row["id"]] = row
    marks = ", ".join("?" * len(keys))
    rows = db.execute(f"SELECT id FROM frontier WHERE url_key IN ({marks})", (*keys,)).fetchall()  # noqa: S608
    doomed.frontier.update(row["id"] for row in rows)


def _keys_of(db: sqlite3.Connection, article_id: int) -> Iterator[str]:
    for row in db.execute("SELECT url_key, url FROM articles WHERE id = ?", (article_id,)).fetchall():
        yield row["url_key"]
        yield url_key(row["url"])
    for row in db.execute("SELECT url_key FROM aliases WHERE article_id = ?", (article_id,)).fetchall():
        yield row["url_key"]
    query = "SELECT c.url FROM revisions r JOIN captures c ON c.id = r.capture_id WHERE r.article_id = ?"
    for row in db.execute(query, (article_id,)).fetchall():
        yield url_key(row["url"])


def _captures_of(db: sqlite3.Connection, host: str) -> Iterator[sqlite3.Row]:
    """Captures of a host (with its port, if the address names one), by ranges of the index on URLs."""
    for scheme in ("http", "https"):
        first = f"{scheme}://{host}"
        yield from db.execute(
            "SELECT id, url, time, file, record_id FROM captures WHERE url >= ? AND url < ?", (first, first + ";")
        ).fetchall()  # ";" follows "/" and ":" in ASCII


def _find_host(db: sqlite3.Connection, host: str, doomed: Doomed) -> None:
    doomed.targets[ANY + host] = 0
    for row in _captures_of(db, host):
        if urlsplit(row["url"]).netloc.rpartition("@")[2] in (host, f"{host}:{urlsplit(row['url']).port}"):
            doomed.captures[row["id"]] = row
    for row in db.execute("SELECT id, url FROM frontier WHERE host = ? OR host LIKE ?", (host, host + ":%")).fetchall():
        doomed.frontier.add(row["id"])
    for row in db.execute(
        """SELECT DISTINCT a.id, a.title FROM articles a JOIN revisions r ON r.article_id = a.id
            WHERE r.capture_id IN (SELECT value FROM json_each(?))""",
        (str(list(doomed.captures)),),
    ).fetchall():
        doomed.articles[row["id"]] = row["title"]


def _refuse_half(db: sqlite3.Connection, doomed: Doomed) -> None:
    """A revisit of another address would be left without its body, and verify would rightly complain."""
    for record_id in doomed.records:
        query = "SELECT id, url FROM captures WHERE refers_to = ?"
        for row in db.execute(query, (record_id,)).fetchall():
            if row["id"] not in doomed.captures:
                cause = "was answered with the very same bytes, and refers to the record that is to go"
                raise MorgueError(row["url"], cause, "name this address too, or its host")


class Removal:
    """One takedown. The caller holds the archive's lock."""

    def __init__(self, warc: Path, listed_in: Path, doomed: Doomed, reason: str, time: datetime) -> None:
        self.warc, self.listed_in, self.doomed, self.reason, self.time = warc, listed_in, doomed, reason, time
        self.files = self.bytes = self.records = 0  # rewritten; taken out of them

    def files_to_look_at(self) -> list[Path]:
        """Every finished file: the journal's rows about it may be in any that is younger than the captures."""
        return sorted(self.warc.glob("*.warc.gz"))

    def rewrite(self, tell: Callable[[str, int, int], object]) -> None:
        """Take the records out of the WARC files, one by one, and keep the manifest true. Raises MorgueError."""
        entries = manifest.load(self.listed_in)
        files = self.files_to_look_at()
        for done, path in enumerate(files, 1):  # what cannot be done shows before anything is
            for _span in self._spans(path):
                pass
            tell("looking", done, len(files))
        self.records = self.bytes = 0
        for done, path in enumerate(files, 1):
            spans = list(self._spans(path))
            if spans:
                rewrite(path, spans)
                self.files += 1
            if spans or (path.name in entries and manifest.sha256_of(path) != entries[path.name].sha256):
                entries[path.name] = _entry(path)
                manifest.write(self.listed_in, entries.values())
            tell("taking out", done, len(files))

    def _spans(self, path: Path) -> Iterator[Span]:
        """What changes in a file. An exchange's records lie side by side, the capture's own first."""
        wanted = self.doomed.records
        group: list[Member] = []
        for member in walk(path, on_damage=lambda *damage: None):
            if group and not _belongs(member, group[0]):
                yield self._grave(group)
                group = []
            if group or (is_capture(member.headers) and member.headers.get("WARC-Record-ID") in wanted):
                group.append(member)
            elif number_of(member.headers) is not None:
                shorter = without(Record(member.headers, member.block), self.doomed.drops, member.length)
                if shorter is not None:
                    yield Span(member.offset, member.length, shorter)
        if group:
            yield self._grave(group)

    def _grave(self, group: list[Member]) -> Span:
        first, last = group[0], group[-1]
        ids = tuple(member.headers.get("WARC-Record-ID") or "" for member in group)
        get = first.headers.get
        grave = Grave(get("WARC-Target-URI") or "", ids, get("WARC-Date") or "", self.time, self.reason)
        length = last.offset + last.length - first.offset
        self.records += len(group)
        self.bytes += length
        return Span(first.offset, length, tombstone(grave, length))

    def forget(self, db: sqlite3.Connection) -> None:
        """Take the rows out of the database. On the keeper's thread; commits nothing."""
        doomed = self.doomed
        db.execute("PRAGMA secure_delete = ON")
        for table, column, ids in (
            ("readings", "revision_id", doomed.revisions), ("sightings", "revision_id", doomed.revisions),
            ("sightings", "capture_id", doomed.captures), ("revisions", "id", doomed.revisions),
            ("aliases", "article_id", doomed.articles), ("articles", "id", doomed.articles),
            ("captures", "id", doomed.captures),
        ):  # fmt: skip
            db.executemany(f"DELETE FROM {table} WHERE {column} = ?", [(one,) for one in ids])  # noqa: S608
        db.executemany(
            """UPDATE frontier SET state = 'removed', next_visit = NULL, hint = NULL, last_error = 'removed',
                      etag = NULL, last_modified = NULL WHERE id = ?""",
            [(one,) for one in doomed.frontier],
        )
        db.executemany(
            "INSERT INTO removals (time, url_key, reason, captures) VALUES (?, ?, ?, ?)",
            [(stamp(self.time), target, self.reason, captures) for target, captures in doomed.targets.items()],
        )


def _belongs(member: Member, capture: Member) -> bool:
    """Whether a record is of the same exchange as a capture's (section 5.7)."""
    return capture.headers.get("WARC-Record-ID") in member.headers.all("WARC-Concurrent-To")


def _entry(path: Path) -> manifest.Entry:
    contents = manifest.Contents()
    for member in walk(path, on_damage=lambda *damage: None):
        contents.count(member.headers)
    with path.open("rb") as file:
        while data := file.read(1 << 20):
            contents.add(data)
    return contents.entry(path.name)


def purge(db: sqlite3.Connection) -> None:
    """Leave nothing of deleted rows in the database file: index entries, free pages, the write-ahead log."""
    db.execute("INSERT INTO articles_fts(articles_fts) VALUES ('optimize')")
    db.execute("VACUUM")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


class Removed:
    """What was taken down, for whoever is about to crawl or import."""

    def __init__(self, db: sqlite3.Connection) -> None:
        names = [row[0] for row in db.execute("SELECT url_key FROM removals").fetchall()]
        self._hosts = {name.removeprefix(ANY) for name in names if name.startswith(ANY)}
        self._keys = {name for name in names if not name.startswith(ANY)}

    def __contains__(self, url: str) -> bool:
        if not self._hosts and not self._keys:
            return False
        try:
            key = url_key(url)
        except ValueError:  # no web address
            return False
        parts = urlsplit(key)
        return parts.hostname in self._hosts or parts.netloc in self._hosts or key in self._keys
