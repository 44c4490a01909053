"""Which captures are meant: by source, article, host, address and day of capture; and what they cannot do without.

A revisit has no body of its own: the response that it refers to comes along, whatever the filters say. Everything is
read from one snapshot of the database, and what is chosen is a list of numbers in a temporary table: memory does not
grow with the archive.
"""

# ruff: noqa: S608 - SQL is put together here from constants; every value is bound

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from pipelines.core.errors import QueryError
from pipelines.core.urls import PORTS, fetchable, parts_of, url_key
from pipelines.database.connection import Row, ask, file_of, read_error
from pipelines.database.filters import EVERYTHING, ArticleFilters
from pipelines.database.queries import article_selection, source_id, spellings
from pipelines.selection.captured_signals import FROM_PAGE, PAGE, CapturedSignals, UnknownSignals
from pipelines.selection.exclusions import NOTHING, ExclusionFilter, Exclusions
from pipelines.warc.storage import WarcStorage

END = "\U0010ffff"  # sorts behind every character of an address

CAPTURE = """
    c.id, c.url, c.time, c.status, c.mime, c.file, c.offset, c.length, c.record_id, c.record_type, c.refers_to,
    coalesce(c.payload_digest, (SELECT o.payload_digest FROM captures o WHERE o.record_id = c.refers_to)) AS digest,
    (SELECT p.offset + p.length FROM captures p WHERE p.file = c.file AND p.offset < c.offset
      ORDER BY p.offset DESC LIMIT 1) AS behind,
    (SELECT n.offset FROM captures n WHERE n.file = c.file AND n.offset > c.offset
      ORDER BY n.offset LIMIT 1) AS next"""

SIGNALS = f"""
    SELECT c.id, c.url, c.time, c.signals, c.length AS size, {PAGE}
      FROM wanted w JOIN captures c ON c.id = w.id {FROM_PAGE}
     WHERE w.id > :last AND w.asked = :asked ORDER BY w.id LIMIT :batch"""
BATCH = 1000  # captures looked at together
TOLD = 1000  # damages that are kept word for word
REFERS = "revisit of a response that is left out"


@dataclass(frozen=True, slots=True)
class CaptureFilter:
    """What is asked for. Nothing asked: every capture."""

    filters: ArticleFilters = EVERYTHING  # source; since and until: UTC days of capture; language: of articles
    query: str | None = None  # articles that match, as in `queries.search`
    hosts: tuple[str, ...] = ()  # "paper.example": this host and those below it; with a port, that port only
    urls: tuple[str, ...] = ()  # an address, or the beginning of addresses with "*" behind it
    without: Exclusions = NOTHING  # of these, what is left out for the rights that are reserved in it

    def conditions(self, db: sqlite3.Connection) -> tuple[str, dict[str, Any]]:
        """A condition on `captures c`, and its named values. Raises QueryError, NotFound (of the source)."""
        filters = self.filters
        tests = ["1"]
        values: dict[str, Any] = {"first_day": filters.since, "last_day": filters.until}
        if filters.language or (self.query and self.query.strip()):
            which = article_selection(db, self.query, ArticleFilters(source=filters.source, language=filters.language))
            articles = f"(SELECT a.id FROM articles a WHERE {which.condition()})"
            # By address too: visits that found nothing new, and redirects that led there.
            tests.append(f"""(c.id IN (SELECT capture_id FROM revisions WHERE article_id IN {articles})
                OR key_of(c.url) IN (SELECT url_key FROM articles WHERE id IN {articles}
                                     UNION SELECT url_key FROM aliases WHERE article_id IN {articles}))""")
            values |= which.values
        elif filters.source is not None:
            tests.append("c.source_id = :source_id")
            values["source_id"] = source_id(db, filters.source)
        if filters.since:
            tests.append("c.time >= :first_day")
        if filters.until:
            tests.append("substr(c.time, 1, 10) <= :last_day")
        if self.hosts:
            values |= {f"host{n}": _host(host) for n, host in enumerate(self.hosts)}
            tests.append(f"({' OR '.join(f'is_below(c.url, :host{n})' for n in range(len(self.hosts)))})")
        if self.urls:
            tests.append(f"({' OR '.join(_address(n, url, values) for n, url in enumerate(self.urls))})")
        return " AND ".join(tests), values


class CaptureSelection:
    """The captures that are wanted, as they stand at one moment; closes its snapshot when it is left."""

    def __init__(
        self,
        db: sqlite3.Connection,
        warc: WarcStorage,
        wanted: CaptureFilter | None = None,
        on_capture: Callable[[Row], object] = lambda capture: None,
        on_judged: Callable[[int, int], object] = lambda done, total: None,
    ) -> None:
        """`warc`: the archive's WARC files. `on_capture` is told each capture that is handed out.

        `on_judged`: while the rights in captures are looked at, bytes of their records, done and in all.

        Raises QueryError, NotFound (of the source).
        """
        self.db, self.warc = db, warc
        self._on_capture = on_capture
        wanted = wanted or CaptureFilter()
        where, values = wanted.conditions(db)
        self.sieve = ExclusionFilter(wanted.without, db, warc)
        self.left_out = self.sieve.left_out  # of those asked for: reason -> captures
        self.damages: dict[str, None] = {}  # in order, each once: why the rights in a capture could not be read
        self._metas = CapturedSignals(db, warc)
        db.create_function("key_of", 1, _key, deterministic=True)
        db.create_function("is_below", 2, _is_below, deterministic=True)
        self._do("PRAGMA query_only = OFF")  # for a temporary table; the archive's file is open for reading only
        self._do("BEGIN")
        self._do("CREATE TEMP TABLE wanted (id INTEGER PRIMARY KEY, asked INTEGER NOT NULL)")
        self._do(f"INSERT INTO wanted SELECT c.id, 1 FROM captures c WHERE {where}", values)
        if wanted.without:
            self._leave_out(asked=1, on_judged=on_judged)
        self._do("""INSERT OR IGNORE INTO wanted SELECT o.id, 0 FROM wanted w JOIN captures c ON c.id = w.id
                      JOIN captures o ON o.record_id = c.refers_to WHERE c.record_type = 'revisit'""")
        if wanted.without:
            self._leave_out(asked=0)
            self._drop_empty_revisits()
        counted = next(ask(db, """
            SELECT count(*) AS captures, coalesce(sum(NOT w.asked), 0) AS added,
                   coalesce(sum(c.length), 0) AS bytes, min(c.time) AS first, max(c.time) AS last,
                   coalesce(sum(c.record_type = 'revisit' AND NOT EXISTS (
                       SELECT 1 FROM captures o WHERE o.record_id = c.refers_to)), 0) AS bodiless
              FROM wanted w JOIN captures c ON c.id = w.id"""))  # fmt: skip
        self.count: int = counted["captures"]
        self.added: int = counted["added"]  # of these, not asked for: revisits refer to them
        self.bodiless: int = counted["bodiless"]  # revisits of a response that this archive does not hold
        self.bytes: int = counted["bytes"]  # of the captures' own records, compressed
        self.first: str | None = counted["first"]  # WARC-Date of the earliest
        self.last: str | None = counted["last"]

    def captures(self) -> Iterator[Row]:
        """Each capture once, in the order in which the records lie in the files.

        Beside the columns of `captures`: `digest` (of the payload; of a revisit without one, that of the response),
        `behind` (where the capture before it in the file ends) and `next` (where the next begins); None: there is none.
        """
        sql = f"SELECT {CAPTURE} FROM wanted w JOIN captures c ON c.id = w.id ORDER BY c.file, c.offset"
        for row in ask(self.db, sql):
            capture = dict(row)
            self._on_capture(capture)
            yield capture

    def pages(self) -> Iterator[Row]:
        """Each state of an article whose capture is among these: article, number, url, time, title, text.

        Of a revisit only if its response is among them. After `captures`: without those that were lost.
        """
        sql = """SELECT r.article_id AS article, r.number, c.url, c.time, r.title, r.text
                   FROM wanted w JOIN captures c ON c.id = w.id JOIN revisions r ON r.capture_id = c.id
                  WHERE w.asked AND (c.record_type != 'revisit' OR EXISTS (
                            SELECT 1 FROM captures o JOIN wanted v ON v.id = o.id WHERE o.record_id = c.refers_to))
                  ORDER BY r.article_id, r.number"""
        return map(dict, ask(self.db, sql))

    def lose(self, capture: Row) -> None:
        """Say that a capture could not be handed on, so that it is no page either."""
        self._do("DELETE FROM wanted WHERE id = ?", (capture["id"],))

    def _leave_out(self, asked: int, on_judged: Callable[[int, int], object] = lambda done, total: None) -> None:
        """Take out of `wanted` what the sieve does not let through; counted are those that were asked for."""
        sql = "SELECT sum(c.length) FROM wanted w JOIN captures c ON c.id = w.id WHERE w.asked = ?"
        total = next(ask(self.db, sql, (asked,)))[0] or 0
        last = done = 0
        while rows := list(ask(self.db, SIGNALS, {"last": last, "asked": asked, "batch": BATCH})):
            last = rows[-1]["id"]
            for row in rows:
                why = self._why(row)
                if why is not None:
                    self._do("DELETE FROM wanted WHERE id = ?", (row["id"],))
                    if asked:
                        self.left_out[why] += 1
                done += row["size"]
                on_judged(done, total)

    def _why(self, row: sqlite3.Row) -> str | None:
        """Why a capture is left out: by what its own head and its own page say, or since that cannot be read."""
        where = row["url"], row["time"], json.loads(row["signals"])
        try:
            return self.sieve.why(*where, self._metas.of(dict(row)))
        except UnknownSignals as unread:
            if (damage := unread.damage) is not None and len(self.damages) < TOLD:
                self.damages[f"{damage.subject}: {damage.cause}"] = None
            return self.sieve.why(*where, ()) or unread.reason

    def _drop_empty_revisits(self) -> None:
        """Take out revisits whose response was left out: it is what they show."""
        before = self.db.total_changes
        self._do("""DELETE FROM wanted WHERE id IN (
                        SELECT c.id FROM captures c JOIN captures o ON o.record_id = c.refers_to
                         WHERE c.record_type = 'revisit' AND o.id NOT IN (SELECT id FROM wanted))""")
        if dropped := self.db.total_changes - before:
            self.left_out[REFERS] += dropped

    def __enter__(self) -> CaptureSelection:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.db.in_transaction:
            self.db.execute("ROLLBACK")  # the temporary table with it
        self.db.execute("PRAGMA query_only = ON")

    def _do(self, sql: str, values: Mapping[str, Any] | Sequence[Any] = ()) -> None:
        try:
            self.db.execute(sql, values)
        except sqlite3.DatabaseError as error:
            raise read_error(error, file_of(self.db)) from error


def _key(url: str) -> str | None:
    try:
        return url_key(url)
    except ValueError:
        return None


def _is_below(url: str, host: str) -> bool:
    try:
        parts = parts_of(url)
    except ValueError:
        return False
    name, port = _name_and_port(parts.host)
    wanted, wanted_port = _name_and_port(host)
    if wanted_port and wanted_port != (port or PORTS[parts.scheme]):
        return False
    return name == wanted or name.endswith("." + wanted)


def _name_and_port(host: str) -> tuple[str, str]:
    name, port = re.fullmatch(r"(.*?)(?::(\d+))?", host).groups("")  # type: ignore[union-attr]
    return name, port


def _host(text: str) -> str:
    """A host as the archive writes it, with its port if one is named. Raises QueryError."""
    try:
        if "/" in text:
            raise ValueError("an address, not a host")
        port = _name_and_port(text)[1]
        return _name_and_port(parts_of(f"http://{text}").host)[0] + (f":{port}" if port else "")
    except ValueError as error:
        cure = "say paper.example; an address is asked for with --url"
        raise QueryError(f"--host {text}", f"is no host: {error}", cure) from None


def _address(n: int, text: str, values: dict[str, Any]) -> str:
    """A condition on c.url, its values added to `values`: one address however it is spelled, or a beginning."""
    if not text.endswith("*"):
        forms = dict.fromkeys([*spellings(text), *filter(None, map(fetchable, spellings(text)))])
        values |= {f"url{n}_{m}": form for m, form in enumerate(forms)}
        return f"c.url IN ({', '.join(f':url{n}_{m}' for m in range(len(forms)))})"
    rest = text[:-1].partition("://")[2] or text[:-1].removeprefix("//")
    if not rest or "*" in rest:
        raise QueryError(f"--url {text}", "a star stands at the end of an address", "say https://paper.example/2024/*")
    if "/" in rest and "?" not in rest:  # escaped as the archive writes addresses; a host may go on, and a query too
        rest = (fetchable(f"http://{rest}") or f"http://{rest}").removeprefix("http://")
    values |= {f"url{n}": f"http://{rest}", f"urls{n}": f"https://{rest}"}
    return " OR ".join(f"(c.url >= :{name} AND c.url < :{name} || '{END}')" for name in (f"url{n}", f"urls{n}"))
