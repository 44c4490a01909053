"""Select captures by source, article, host, address and day of capture, with the responses that revisits refer to.

A revisit has no body of its own, so the response that it refers to is selected too, whatever the filters say. So are
the parts of selected pages (pictures, style sheets, fonts), unless the filters name hosts. All is read from one
snapshot of the database. The selected row ids are in a temporary table, so memory does not grow with the archive.
"""

# ruff: noqa: S608 - SQL is put together here from constants; every value is bound

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any

from pipelines.core.errors import QueryError, read_error
from pipelines.core.urls import PORTS, fetchable, key_or_none, parts_of
from pipelines.database.connection import Row, ask, decode_json, file_of
from pipelines.database.filters import EVERYTHING, ArticleFilters, source_ids
from pipelines.database.frontier.parts import ADD_CAPTURES_OF_PARTS, has_parts
from pipelines.database.query_language.values import one_of
from pipelines.database.removals import PREFIX_END
from pipelines.database.selection import article_selection, spellings
from pipelines.database.shards.databases import Database, FleetDatabase
from pipelines.selection.captured_signals import JOIN_PAGE, PAGE_COLUMNS, CapturedSignals, UnknownSignals
from pipelines.selection.exclusions import NO_EXCLUSIONS, ExclusionFilter, Exclusions, log_left_out
from pipelines.warc.digests import algorithm_of, same_digest
from pipelines.warc.storage import WarcStorage

SELECTED_COLUMNS = """
    c.id, c.url, c.time, c.status, c.mime, c.file, c.offset, c.length, c.record_id, c.record_type, c.refers_to,
    coalesce(c.declared_digest, c.payload_digest) AS digest,
    coalesce(o.declared_digest, o.payload_digest) AS of_original, o.payload_digest AS of_payload,
    o.body_digest AS of_body,
    (SELECT p.offset + p.length FROM captures p WHERE p.file = c.file AND p.offset < c.offset
      ORDER BY p.offset DESC LIMIT 1) AS previous_end,
    (SELECT n.offset FROM captures n WHERE n.file = c.file AND n.offset > c.offset
      ORDER BY n.offset LIMIT 1) AS next_offset"""
# Why a capture is selected: the column `asked`.
FOR_REVISITS, ASKED_FOR, PART_OF_PAGE = 0, 1, 2
BATCH_ROWS = 1000  # whose signals are read together
SIGNALS = f"""
    SELECT c.id, c.url, c.time, c.signals, c.length AS size, {PAGE_COLUMNS}
      FROM selected s JOIN captures c ON c.id = s.id {JOIN_PAGE}
     WHERE s.id > :last AND s.asked = :asked ORDER BY s.id LIMIT :batch"""
TOTALS = """
    SELECT count(*) AS captures, coalesce(sum(NOT s.asked), 0) AS added,
           coalesce(sum(c.length), 0) AS bytes, min(c.time) AS first, max(c.time) AS last,
           coalesce(sum(c.record_type = 'revisit' AND NOT EXISTS (
               SELECT 1 FROM captures o WHERE o.record_id = c.refers_to)), 0) AS bodiless
      FROM selected s JOIN captures c ON c.id = s.id"""
ADD_RESPONSES_OF_REVISITS = """
    INSERT OR IGNORE INTO selected SELECT o.id, 0 FROM selected s JOIN captures c ON c.id = s.id
      JOIN captures o ON o.record_id = c.refers_to WHERE c.record_type = 'revisit'"""
DROP_REVISITS_WITHOUT_RESPONSE = """
    DELETE FROM selected WHERE id IN (
        SELECT c.id FROM captures c JOIN captures o ON o.record_id = c.refers_to
         WHERE c.record_type = 'revisit' AND o.id NOT IN (SELECT id FROM selected))"""
PAGES = """
    SELECT r.article_id AS article, r.number, c.url, c.time, r.title, r.text
      FROM selected s JOIN captures c ON c.id = s.id JOIN revisions r ON r.capture_id = c.id
     WHERE s.asked AND (c.record_type != 'revisit' OR EXISTS (
               SELECT 1 FROM captures o JOIN selected v ON v.id = o.id WHERE o.record_id = c.refers_to))
     ORDER BY r.article_id, r.number"""
MAX_LISTED_DAMAGES = 1000  # further ones are not kept
RESPONSE_LEFT_OUT = "revisit of a response that is left out"


@dataclass(frozen=True, slots=True)
class CaptureFilter:
    """Say which captures the user asks for; empty: all."""

    filters: ArticleFilters = EVERYTHING  # source; since and until: UTC days of capture; the others: of articles
    query: str | None = None  # articles that match, as in `hits.search`
    hosts: tuple[str, ...] = ()  # "paper.example": this host and those below it; with a port, that port only
    urls: tuple[str, ...] = ()  # an address, or the beginning of addresses with "*" after it
    without: Exclusions = NO_EXCLUSIONS  # what to leave out of these, for the rights that are reserved in it
    by_publication: bool = False  # since and until are days of publication of articles, as in a search for these

    def conditions(self, db: Database) -> tuple[str, dict[str, Any]]:
        """Return a condition on `captures c`, and its named values; of a fleet, for all shards.

        Raises QueryError, NotFound (of the source).
        """
        filters = self.filters
        tests = ["1"]
        days = EVERYTHING if self.by_publication else filters  # of captures
        values: dict[str, Any] = {"first_day": days.since, "last_day": days.until}
        of_articles = filters if self.by_publication else replace(filters, since=None, until=None)
        if (self.query and self.query.strip()) or replace(of_articles, source=()) != EVERYTHING:
            which = article_selection(db, self.query, of_articles)
            articles = f"(SELECT a.id FROM articles a WHERE {which.condition()})"
            # Also by address, which adds visits that found nothing new, and redirects that led to the article.
            tests.append(f"""(c.id IN (SELECT capture_id FROM revisions WHERE article_id IN {articles})
                OR key_of(c.url) IN (SELECT url_key FROM articles WHERE id IN {articles}
                                     UNION SELECT url_key FROM aliases WHERE article_id IN {articles}))""")
            values |= which.values
        elif filters.source:
            test, of_sources = one_of("c.source_id", "source_id", source_ids(db, filters.source))
            tests.append(test)
            values |= of_sources
        if days.since:
            tests.append("c.time >= :first_day")
        if days.until:
            tests.append("substr(c.time, 1, 10) <= :last_day")
        if self.hosts:
            values |= {f"host{n}": _host(host) for n, host in enumerate(self.hosts)}
            tests.append(f"({' OR '.join(f'is_below(c.url, :host{n})' for n in range(len(self.hosts)))})")
        if self.urls:
            tests.append(f"({' OR '.join(_url_condition(n, url, values) for n, url in enumerate(self.urls))})")
        return " AND ".join(tests), values


class CaptureSelection:
    """Hold a snapshot of the captures that a filter selects. Leaving the context closes the snapshot.

    The connection gets the SQL functions `key_of` and `is_below`; everything else about it is restored.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        warc: WarcStorage,
        wanted: CaptureFilter | None = None,
        on_capture: Callable[[Row], object] = lambda capture: None,
        on_rights_progress: Callable[[int, int], object] = lambda done, total: None,
        fleet: FleetDatabase | None = None,
    ) -> None:
        """`warc`: the archive's WARC files. `on_capture` is called with each capture that `captures` yields.

        `on_rights_progress`: called while the rights in captures are read, with bytes of records done and in all.
        `fleet`: of which `db` is a shard; names and words of the filter are looked up in all of it.

        Raises QueryError, NotFound (of the source).
        """
        self.db, self.warc = db, warc
        self._on_capture, self._on_rights_progress = on_capture, on_rights_progress
        wanted = wanted or CaptureFilter()
        condition, values = wanted.conditions(fleet or db)
        self.exclusion_filter = ExclusionFilter(wanted.without, db, warc)
        self.left_out = self.exclusion_filter.left_out  # reason -> captures; only of those that were asked for
        self.damages: dict[str, None] = {}  # in order, each once: why the rights in a capture could not be read
        self._page_signals = CapturedSignals(db, warc)
        db.create_function("key_of", 1, key_or_none, deterministic=True)
        db.create_function("is_below", 2, _is_below, deterministic=True)
        self._query_only = bool(next(ask(db, "PRAGMA query_only"))[0])
        try:
            self._select(condition, values, with_parts=not wanted.hosts, excluding=bool(wanted.without))
        except BaseException:
            self.close()
            raise

    @property
    def parts(self) -> list[CaptureSelection]:
        """Return the selections of which this one consists, as one of a fleet has it: itself."""
        return [self]

    def _select(self, condition: str, values: Mapping[str, Any], *, with_parts: bool, excluding: bool) -> None:
        """Fill the temporary table `selected`, and count what is in it."""
        self._do("PRAGMA query_only = OFF")  # for a temporary table; the archive's file is open for reading only
        self._do("BEGIN")
        self._do("CREATE TEMP TABLE selected (id INTEGER PRIMARY KEY, asked INTEGER NOT NULL)")
        self._do(f"INSERT INTO selected SELECT c.id, 1 FROM captures c WHERE {condition}", values)
        if excluding:
            self._leave_out(asked=ASKED_FOR)
        if with_parts and has_parts(self.db):
            self._do(ADD_CAPTURES_OF_PARTS, {"asked": PART_OF_PAGE})
            if excluding:
                self._leave_out(asked=PART_OF_PAGE)
        self._do(ADD_RESPONSES_OF_REVISITS)
        if excluding:
            self._leave_out(asked=FOR_REVISITS)
            self._drop_revisits_without_response()
        totals = next(ask(self.db, TOTALS))
        self.count: int = totals["captures"]
        self.added: int = totals["added"]  # of these: not asked for, but revisits refer to them
        self.bodiless: int = totals["bodiless"]  # of these: revisits of a response that this archive does not hold
        self.bytes: int = totals["bytes"]  # of the captures' own records, compressed
        self.first: str | None = totals["first"]  # WARC-Date of the earliest
        self.last: str | None = totals["last"]

    def captures(self) -> Iterator[Row]:
        """Yield each capture once, in the order of the records in the files.

        A row has SELECTED_COLUMNS: some columns of `captures`, and `digest` (of the payload, for an index: see
        `index_digest`), `previous_end` (where the capture before it in the file ends) and `next_offset` (where the next
        one begins). The last two are None if there is no such capture.
        """
        sql = f"""SELECT {SELECTED_COLUMNS} FROM selected s JOIN captures c ON c.id = s.id
                    LEFT JOIN captures o ON o.record_id = c.refers_to ORDER BY c.file, c.offset"""
        for row in ask(self.db, sql):
            capture = dict(row)
            originals = [capture.pop(name) for name in ("of_original", "of_payload", "of_body")]
            if capture["record_type"] == "revisit":
                capture["digest"] = index_digest(capture["digest"], *originals)
            self._on_capture(capture)
            yield capture

    def pages(self) -> Iterator[Row]:
        """Yield each state of an article whose capture is selected: article, number, url, time, title, text.

        A state that was first seen in a revisit counts only if its response is selected. Call this after `captures`:
        then captures that were dropped are left out.
        """
        return map(dict, ask(self.db, PAGES))

    def drop(self, capture: Row) -> None:
        """Take a capture out of the selection because its record cannot be read."""
        self._do("DELETE FROM selected WHERE id = ?", (capture["id"],))

    def _leave_out(self, asked: int) -> None:
        """Take captures with reserved rights out of `selected`. Count those that were asked for."""
        sql = "SELECT sum(c.length) FROM selected s JOIN captures c ON c.id = s.id WHERE s.asked = ?"
        total = next(ask(self.db, sql, (asked,)))[0] or 0
        last = done = 0
        while rows := list(ask(self.db, SIGNALS, {"last": last, "asked": asked, "batch": BATCH_ROWS})):
            last = rows[-1]["id"]
            for row in rows:
                reason = self._reason(row)
                if reason is not None:
                    self._do("DELETE FROM selected WHERE id = ?", (row["id"],))
                    if asked:
                        self.left_out[reason] += 1
                        log_left_out(row["url"], reason)
                done += row["size"]
                if asked:
                    self._on_rights_progress(done, total)

    def _reason(self, row: sqlite3.Row) -> str | None:
        """Return why a capture is left out, by its head and its page, or because these cannot be read; else None."""
        url, time = row["url"], row["time"]
        in_headers = decode_json(row["signals"], list, "captures", row["id"], "signals")
        try:
            return self.exclusion_filter.reason(url, time, in_headers, self._page_signals.of(dict(row)))
        except UnknownSignals as unknown:
            if (damage := unknown.damage) is not None and len(self.damages) < MAX_LISTED_DAMAGES:
                self.damages[f"{damage.subject}: {damage.cause}"] = None
            return self.exclusion_filter.reason(url, time, in_headers, ()) or unknown.reason

    def _drop_revisits_without_response(self) -> None:
        """Take out revisits whose response was left out: the response is what they show."""
        before = self.db.total_changes
        self._do(DROP_REVISITS_WITHOUT_RESPONSE)
        if dropped := self.db.total_changes - before:
            self.left_out[RESPONSE_LEFT_OUT] += dropped

    def __enter__(self) -> CaptureSelection:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the snapshot and restore the connection."""
        if self.db.in_transaction:
            self.db.execute("ROLLBACK")  # this drops the temporary table too
        self.db.execute(f"PRAGMA query_only = {'ON' if self._query_only else 'OFF'}")

    def _do(self, sql: str, values: Mapping[str, Any] | Sequence[Any] = ()) -> None:
        try:
            self.db.execute(sql, values)
        except sqlite3.DatabaseError as error:
            raise read_error(error, file_of(self.db)) from error


def index_digest(declared: str | None, of_original: str | None, payload: str | None, body: str | None) -> str | None:
    """Return the digest under which an index lists a revisit; the other arguments are digests of its original.

    A program that replays the revisit looks its original up by this digest, so it is the one under which the index
    lists the original, however the revisit spells it. If the revisit declares a digest by the same algorithm that is
    none of the original's, it keeps its own: the original has another body.
    """
    if declared is None or of_original is None:
        return declared or of_original
    known = [digest for digest in (of_original, payload, body) if digest is not None]
    if any(same_digest(declared, digest) for digest in known):
        return of_original
    algorithms = {algorithm_of(digest) for digest in known}
    return declared if algorithm_of(declared) in algorithms else of_original


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
    """Return a host as the archive writes it, with its port if it has one. Raises QueryError."""
    try:
        if "/" in text:
            raise ValueError("an address, not a host")
        port = _name_and_port(text)[1]
        return _name_and_port(parts_of(f"http://{text}").host)[0] + (f":{port}" if port else "")
    except ValueError as error:
        cure = "say paper.example; for an address use --url"
        raise QueryError(f"--host {text}", f"is not a host: {error}", cure) from None


def _url_condition(n: int, text: str, values: dict[str, Any]) -> str:
    """Return a condition on c.url for an address, however it is spelled, or for a beginning of addresses.

    Its values are added to `values`, with names that contain `n`.
    """
    if not text.endswith("*"):
        forms = dict.fromkeys([*spellings(text), *filter(None, map(fetchable, spellings(text)))])
        values |= {f"url{n}_{m}": form for m, form in enumerate(forms)}
        return f"c.url IN ({', '.join(f':url{n}_{m}' for m in range(len(forms)))})"
    rest = text[:-1].partition("://")[2] or text[:-1].removeprefix("//")
    if not rest or "*" in rest:
        raise QueryError(
            f"--url {text}", "may have a star only at the end of an address", "say https://paper.example/2024/*"
        )
    if "/" in rest and "?" not in rest:  # escape the path as the archive does; half a host or query stays as it is
        rest = (fetchable(f"http://{rest}") or f"http://{rest}").removeprefix("http://")
    values |= {f"url{n}": f"http://{rest}", f"urls{n}": f"https://{rest}"}
    return " OR ".join(f"(c.url >= :{name} AND c.url < :{name} || '{PREFIX_END}')" for name in (f"url{n}", f"urls{n}"))
