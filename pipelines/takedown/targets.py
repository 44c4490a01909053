"""What a takedown takes: all that the archive has of a page, of a host, or below an address.

A target is an address, an address with `*` behind it (all that begin so), a host, or the number of an article. In the
table `removals` a page is its url_key, a host has `*` before its name, a prefix `*` behind it.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from pipelines.core.errors import ConfigError, MorgueError, NotFound
from pipelines.core.urls import url_key
from pipelines.database.journal_rows import database_state

ANY = "*"  # before a host's name, and behind a prefix
END = "\U0010ffff"  # sorts behind every character of an address


@dataclass(slots=True)
class TakedownTargets:
    """What is to go."""

    targets: dict[str, int] = field(default_factory=dict)  # as `removals` names them: captures of each
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
        if not {name_of_key(key), ANY + (parts.hostname or ""), ANY + parts.netloc}.isdisjoint(self.targets):
            return True
        return any(name.endswith(ANY) and key.startswith(name.removesuffix(ANY)) for name in self.targets)


def find(db: sqlite3.Connection, targets: Iterable[str]) -> TakedownTargets:
    """What the archive has of these targets.

    Raises NotFound for one of which it has nothing; ConfigError for what is none; MorgueError if a capture of another
    address has no body of its own but refers to one of these.
    """
    db.row_factory = sqlite3.Row
    doomed = TakedownTargets(archive=database_state(db).archive)
    for target in targets:
        kept, before = len(doomed.captures), len(doomed.captures) + len(doomed.frontier)
        name = name_of(db, target)
        if name.startswith(ANY):
            _find_host(db, name.removeprefix(ANY), doomed)
        elif name.endswith(ANY):
            _find_below(db, name.removesuffix(ANY), doomed)
        else:
            _find_page(db, name, doomed)
        if len(doomed.captures) + len(doomed.frontier) == before:
            raise NotFound(target, "the archive has nothing of it", "`morgue show URL` says what it knows")
        doomed.targets[name] = doomed.targets.get(name, 0) + len(doomed.captures) - kept
    for article_id in doomed.articles:
        rows = db.execute("SELECT id FROM revisions WHERE article_id = ?", (article_id,))
        doomed.revisions.update(row["id"] for row in rows)
    _refuse_half(db, doomed)
    return doomed


def name_of(db: sqlite3.Connection, target: str) -> str:
    """A target as `removals` names it. Raises ConfigError for what is none, NotFound for the number of no article."""
    if target.isascii() and target.isdecimal() and len(target) < 19:
        row = db.execute("SELECT url_key FROM articles WHERE id = ?", (int(target),)).fetchone()
        if row is None:
            raise NotFound(f"article {target}", "no such number", "`morgue search WORDS` shows the numbers")
        return name_of_key(row[0])
    if "://" not in target:
        if "/" in target:
            raise ConfigError(target, "is neither a host nor an address", f"say https://{target}")
        return ANY + (urlsplit(_key(f"https://{target}/") or "").netloc or target.lower())
    if target.endswith(ANY):
        return _prefix(target) + ANY
    key = _key(target)
    if key is None:
        raise ConfigError(target, "is not a web address", "say e.g. https://paper.example/story")
    return name_of_key(key)


def _prefix(target: str) -> str:
    """What the keys of addresses begin with that begin as `target` does, up to its star. Raises ConfigError."""
    cure = "a star stands at the end of a path: https://paper.example/section/*; a whole host is named without https://"
    beginning, path = target.removesuffix(ANY), target.partition("://")[2].partition("/")[2]
    key = _key(beginning + "x")  # so that no dot at the end is taken for a folder's
    if key is None or not path or "?" in beginning or ANY in beginning or not key.endswith("x"):
        raise ConfigError(target, "is no beginning of addresses", cure)
    return key.removesuffix("x")


def name_of_key(key: str) -> str:
    """An address's key as `removals` names it: a star at its end is no beginning."""
    return key.removesuffix(ANY) + "%2A" if key.endswith(ANY) else key


def _find_page(db: sqlite3.Connection, name: str, doomed: TakedownTargets) -> None:
    """A page under every address that the archive knows it by."""
    key = name.removesuffix("%2A") + ANY if name.endswith("%2A") else name
    keys = {name, key}  # either spelling of a star
    articles = _articles(db, "SELECT id FROM articles WHERE url_key IN (?1, ?2) "
                             "UNION SELECT article_id FROM aliases WHERE url_key IN (?1, ?2)", name, key)  # fmt: skip
    _take(db, articles, keys, doomed)
    doomed.targets |= dict.fromkeys(sorted({name_of_key(one) for one in keys} - doomed.targets.keys() - {name}), 0)


def _find_below(db: sqlite3.Connection, beginning: str, doomed: TakedownTargets) -> None:
    """All whose key begins so; and of the pages among them the other addresses too."""
    below = [row for row in _captures_of(db, beginning) if (_key(row["url"]) or "").startswith(beginning)]
    doomed.captures.update((row["id"], row) for row in below)
    span = beginning, beginning + END
    articles = _articles(
        db,
        """SELECT id FROM articles WHERE url_key >= ?1 AND url_key < ?2
           UNION SELECT article_id FROM aliases WHERE url_key >= ?1 AND url_key < ?2
           UNION SELECT article_id FROM revisions WHERE capture_id IN (SELECT value FROM json_each(?3))""",
        *span,
        json.dumps([row["id"] for row in below]),
    )
    keys: set[str] = set()
    _take(db, articles, keys, doomed)
    rows = db.execute("SELECT id FROM frontier WHERE url_key >= ? AND url_key < ?", span).fetchall()
    doomed.frontier.update(row["id"] for row in rows)
    others = {name_of_key(key) for key in keys if not key.startswith(beginning)} - doomed.targets.keys()
    doomed.targets |= dict.fromkeys(sorted(others), 0)


def _articles(db: sqlite3.Connection, sql: str, *values: str) -> list[int]:
    return [row[0] for row in db.execute(sql, values).fetchall()]


def _take(db: sqlite3.Connection, articles: Iterable[int], keys: set[str], doomed: TakedownTargets) -> None:
    """Articles, and all that was fetched from, or is queued for, these keys and the articles' own, which are added."""
    for article_id in articles:
        keys.update(_keys_of(db, article_id))
        (doomed.articles[article_id],) = db.execute("SELECT title FROM articles WHERE id = ?", (article_id,)).fetchone()
    for host in {f"//{urlsplit(one).netloc}/" for one in keys}:
        for row in _captures_of(db, host):
            if _key(row["url"]) in keys:
                doomed.captures[row["id"]] = row
    sql = "SELECT id FROM frontier WHERE url_key IN (SELECT value FROM json_each(?))"
    doomed.frontier.update(row["id"] for row in db.execute(sql, (json.dumps(sorted(keys)),)).fetchall())


def _keys_of(db: sqlite3.Connection, article_id: int) -> Iterator[str]:
    for row in db.execute("SELECT url_key, url FROM articles WHERE id = ?", (article_id,)).fetchall():
        yield row["url_key"]
        yield url_key(row["url"])
    for row in db.execute("SELECT url_key FROM aliases WHERE article_id = ?", (article_id,)).fetchall():
        yield row["url_key"]
    query = "SELECT c.url FROM revisions r JOIN captures c ON c.id = r.capture_id WHERE r.article_id = ?"
    for row in db.execute(query, (article_id,)).fetchall():
        yield url_key(row["url"])


def _captures_of(db: sqlite3.Connection, key: str) -> Iterator[sqlite3.Row]:
    """Captures whose address may be at a key's host, however it is spelled: an import may have brought any.

    Those with the host's name in it; and those of which only `url_key` says what they mean, with characters that
    are not ASCII or a percent sign in the host's name.
    """
    host = urlsplit(key).hostname or ""
    yield from db.execute(
        """SELECT id, url, time, file, offset, length, record_id FROM captures
            WHERE url LIKE ? ESCAPE '!' OR url GLOB '*[^ -~]*' OR url GLOB '*://*%*'""",
        ("%" + re.sub(r"([!%_])", r"!\1", host) + "%",),
    ).fetchall()


def _key(url: str) -> str | None:
    try:
        return url_key(url)
    except ValueError:
        return None


def _find_host(db: sqlite3.Connection, host: str, doomed: TakedownTargets) -> None:
    for row in _captures_of(db, f"//{host}"):
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


def _refuse_half(db: sqlite3.Connection, doomed: TakedownTargets) -> None:
    """A revisit of another address would be left without its body, and verify would rightly complain."""
    query = "SELECT id, url FROM captures WHERE refers_to IN (SELECT value FROM json_each(?)) ORDER BY id"
    for row in db.execute(query, (json.dumps(sorted(doomed.records)),)).fetchall():
        if row["id"] not in doomed.captures:
            cause = "was answered with the very same bytes, and refers to the record that is to go"
            raise MorgueError(row["url"], cause, "name this address too, or its host")


class TakedownRegister:
    """What was taken down, for whoever is about to crawl or import."""

    def __init__(self, db: sqlite3.Connection, names: Sequence[str] | None = None) -> None:
        """`names`: of `removals`, if not all of them count."""
        self._db = db
        if names is None:
            names = [row[0] for row in db.execute("SELECT url_key FROM removals").fetchall()]
        self._hosts = {name.removeprefix(ANY) for name in names if name.startswith(ANY)}
        self._below = tuple({name.removesuffix(ANY) for name in names if name.endswith(ANY)})
        self._keys = {name for name in names if not name.startswith(ANY) and not name.endswith(ANY)}

    def __contains__(self, url: str) -> bool:
        if not self._hosts and not self._keys and not self._below:
            return False
        try:
            key = url_key(url)
        except ValueError:  # no web address
            return False
        parts = urlsplit(key)
        at_host = parts.hostname in self._hosts or parts.netloc in self._hosts
        return at_host or name_of_key(key) in self._keys or key.startswith(self._below)

    def why(self, url: str) -> tuple[str, str] | None:
        """When something that covers this address was last taken down (a time), and for what reason."""
        if url not in self:
            return None
        for time, name, reason in self._db.execute("SELECT time, url_key, reason FROM removals ORDER BY time DESC"):
            if url in TakedownRegister(self._db, [name]):
                return time, reason
        return None


def was_removed(db: sqlite3.Connection, target: str) -> bool:
    """Whether a target was taken down before; of an article's number nobody knows any more."""
    try:
        name = name_of(db, target)
    except NotFound:
        return False
    return db.execute("SELECT 1 FROM removals WHERE url_key = ?", (name,)).fetchone() is not None
