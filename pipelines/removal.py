"""Taking down a page or a host: out of the WARC files and out of the database, with a tombstone that says so.

What goes: every capture of the address (and of those that the archive knows as the same article) with its request; the
article, its revisions, texts and index entries; what the journal says of them. What stays: that it was removed, when
and why. The address is not crawled or imported again.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pipelines import manifest
from pipelines.clock import stamp
from pipelines.errors import ArchiveDamaged, ConfigError, MorgueError, NotFound
from pipelines.journal import mark_of, standing
from pipelines.tombstone import PART, Grave, Span, put_in_place, rewritten, tombstone, without
from pipelines.urls import url_key
from pipelines.warcread import Member, walk
from pipelines.warcrecord import Record

ANY = "*"  # before a host's name in `removals`


@dataclass(slots=True)
class Doomed:
    """What is to go."""

    targets: dict[str, int] = field(default_factory=dict)  # as `removals` names them: captures of each
    keys: set[str] = field(default_factory=set)  # url_keys
    captures: dict[int, sqlite3.Row] = field(default_factory=dict)  # by id, with its place
    articles: dict[int, str] = field(default_factory=dict)  # id -> title
    revisions: set[int] = field(default_factory=set)
    frontier: set[int] = field(default_factory=set)
    archive: str = ""  # the id of the archive that these numbers are of

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


    def drops_of_another(self, table: str, row: dict[str, Any]) -> bool:
        """Whether a row in the journal of another archive may be about it: its numbers mean nothing here, and what it
        tells of revisions names no address. Nothing reads that journal here, so that nothing is missed."""
        return table in ("revisions", "readings") or self._names(str(row.get("url_key") or ""))

    def _names(self, key: str) -> bool:
        parts = urlsplit(key)
        return key in self.keys or not {ANY + (parts.hostname or ""), ANY + parts.netloc}.isdisjoint(self.targets)


def find(db: sqlite3.Connection, targets: Iterable[str]) -> Doomed:
    """What the archive has of these URLs (with ://) and hosts.

    Raises NotFound for one of which it has nothing; MorgueError if a capture of another address has no body of its own
    but refers to one of these.
    """
    db.row_factory = sqlite3.Row
    doomed = Doomed(archive=standing(db).archive)
    for target in targets:
        kept, before = len(doomed.captures), len(doomed.captures) + len(doomed.frontier)
        if "://" in target:
            key = _key(target)
            if key is None:
                raise ConfigError(target, "is not a web address", "say e.g. https://paper.example/story")
            _find_url(db, key, doomed)
        else:
            _find_host(db, target.lower(), doomed)
        if len(doomed.captures) + len(doomed.frontier) == before:
            raise NotFound(target, "the archive has nothing of it", "`morgue show URL` says what it knows")
        doomed.targets[list(doomed.targets)[-1]] += len(doomed.captures) - kept
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
    doomed.targets |= dict.fromkeys(sorted(keys - {key}), 0) | {key: 0}
    doomed.keys |= keys
    for host in {urlsplit(one).hostname or "" for one in keys}:
        for row in _captures_of(db, host):
            if _key(row["url"]) in keys:
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
    """Captures whose address holds a host's name, however it is spelled: an import may have brought any spelling."""
    yield from db.execute(
        "SELECT id, url, time, file, offset, length, record_id FROM captures WHERE url LIKE ? ESCAPE '!'",
        ("%" + re.sub(r"([!%_])", r"!\1", host) + "%",),
    ).fetchall()


def _key(url: str) -> str | None:
    try:
        return url_key(url)
    except ValueError:
        return None


def _find_host(db: sqlite3.Connection, host: str, doomed: Doomed) -> None:
    doomed.targets[ANY + host] = 0
    name = urlsplit(f"//{host}").hostname or ""
    for row in _captures_of(db, name):
        place = urlsplit(_key(row["url"]) or "")
        if host in (place.hostname, place.netloc):
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
        """Take the records out of the WARC files, one by one, and keep the manifest true.

        What cannot be done shows before anything is. Raises ArchiveDamaged for a file that is not as it is listed,
        MorgueError.
        """
        entries = manifest.load(self.listed_in)
        files = self.files_to_look_at()
        touched = []
        for done, path in enumerate(files, 1):
            finish_rewriting(path, entries.get(path.name))
            if sum(1 for _span in self._spans(path)):  # all of them: any may turn out not to fit
                touched.append(path)
                entry = entries.get(path.name)
                if entry is not None and manifest.sha256_of(path) != entry.sha256:
                    cure = "`morgue verify` says what is wrong; nothing was removed"
                    raise ArchiveDamaged(str(path), "is not as the manifest lists it", cure)
            tell("looking", done, len(files))
        self.records = self.bytes = 0
        for done, path in enumerate(touched, 1):
            part = rewritten(path, list(self._spans(path)))
            entries[path.name] = _entry(part, path.name, entries.get(path.name))
            manifest.write(self.listed_in, entries.values())
            put_in_place(part, path)
            self.files += 1
            tell("taking out", done, len(touched))

    def _spans(self, path: Path) -> Iterator[Span]:
        """What changes in a file. An exchange's records lie side by side, the capture's own first."""
        wanted = {row["record_id"]: row for row in self.doomed.captures.values() if row["file"] == path.name}
        group: list[Member] = []
        for member in walk(path, on_damage=lambda *damage: None):
            if group and not _belongs(member, group[0]):
                yield self._grave(group)
                group = []
            own = wanted.pop(member.headers.get("WARC-Record-ID") or "", None)
            if group or own is not None or not self.doomed.records.isdisjoint(member.headers.all("WARC-Concurrent-To")):
                group.append(member)
                continue
            for line in member.block[:4096].split(b"\r\n") if member.block.startswith(b"removed-uri: ") else ():
                wanted.pop(line.removeprefix(b"removed-record: ").decode("utf-8", "replace"), None)  # gone already
            mark = mark_of(member.headers)
            if mark is not None:
                ours = mark.archive in (self.doomed.archive, None)
                drops = self.doomed.drops if ours else self.doomed.drops_of_another
                shorter = without(Record(member.headers, member.block), drops, member.length)
                if shorter is not None:
                    yield Span(member.offset, member.length, shorter)
        if group:
            yield self._grave(group)
        for row in wanted.values():  # damaged: it cannot be read as a record, and perhaps as a text
            yield self._blind(row)

    def _blind(self, row: sqlite3.Row) -> Span:
        """A record that is no whole one any more goes by its place."""
        self.records += 1
        self.bytes += row["length"]
        grave = Grave(row["url"], (row["record_id"],), row["time"], self.time, self.reason)
        return Span(row["offset"], row["length"], tombstone(grave, row["length"]))

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


def _entry(path: Path, name: str, before: manifest.Entry | None) -> manifest.Entry:
    contents = manifest.Contents()
    for member in walk(path, on_damage=lambda *damage: None):
        contents.count(member.headers)
    with path.open("rb") as file:
        while data := file.read(1 << 20):
            contents.add(data)
    entry = contents.entry(name)
    return entry if before is None else replace(entry, archive=before.archive, journal=before.journal)


def finish_rewriting(path: Path, entry: manifest.Entry | None) -> None:
    """A kill came after the manifest was written and before the file got its place: it gets it now."""
    part = path.with_name(path.name + PART)
    if part.exists():
        if entry is not None and manifest.sha256_of(part) == entry.sha256:
            put_in_place(part, path)
        else:
            part.unlink()


def purge(db: sqlite3.Connection) -> None:
    """Leave nothing of deleted rows in the database file: index entries, free pages, the write-ahead log."""
    db.execute("INSERT INTO articles_fts(articles_fts) VALUES ('optimize')")
    db.execute("VACUUM")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def was_removed(db: sqlite3.Connection, target: str) -> bool:
    """Whether a URL or host was taken down before."""
    name = _key(target) if "://" in target else ANY + target.lower()
    return db.execute("SELECT 1 FROM removals WHERE url_key = ?", (name,)).fetchone() is not None


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
