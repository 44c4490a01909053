"""Read `/.well-known/tdmrep.json`: what a host reserves by path, as it was when a page was captured.

W3C Community Group, TDM Reservation Protocol (TDMRep), Final Report of 10 May 2024, section "TDM File on the Origin
Server": the rules are in order, and the first whose location matches holds. Patterns are those of robots.txt (RFC 9309,
2.2.2-3).
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from pipelines.archive.replay import replay
from pipelines.core.errors import ArchiveDamaged
from pipelines.core.links import resolve_location
from pipelines.core.urls import parts_of as parts_of
from pipelines.database.connection import Row, ask
from pipelines.database.queries import PROVENANCE_COLUMNS
from pipelines.warc.http_message import REDIRECTS, parse_head, split_response
from pipelines.warc.reader import read_block
from pipelines.warc.storage import WarcStorage

TDMREP_PATH = "/.well-known/tdmrep.json"
MAX_FILE_BYTES = 1 << 20  # decoded
MAX_REDIRECTS = 5
MAX_CACHED_FILES = 1000
ENCODED = re.compile(r"%([0-9A-Fa-f]{2})|[$*]|[^\x21-\x7e]")
UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")  # RFC 3986, 2.3


class TdmRule(NamedTuple):
    """Hold one object of the file."""

    parts: tuple[str, ...]  # of the location, between its stars
    to_the_end: bool  # the location ended in $
    reservation: bool | None  # None: a value that the protocol does not define, which means unset

    def matches(self, path: str) -> bool:
        """Return True if the rule is about a path, with its query, in normal form. Linear in the length of both."""
        first, *rest = self.parts
        if not path.startswith(first):
            return False
        at = len(first)
        if not rest:
            return not self.to_the_end or at == len(path)
        for part in rest[:-1] if self.to_the_end else rest:
            found = path.find(part, at)
            if found < 0:
                return False
            at = found + len(part)
        return not self.to_the_end or (len(path) - len(rest[-1]) >= at and path.endswith(rest[-1]))


def parse_rules(body: bytes) -> list[TdmRule] | None:
    """Return the rules in a file; None if it is another kind of file (a 404 or consent page with status 200).

    Raises ArchiveDamaged for a file that is meant to be JSON and cannot be read: it may reserve everything.
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"[", b"{"):
            raise ArchiveDamaged(TDMREP_PATH, "is not valid JSON") from error
        return None
    objects = found if isinstance(found, list) else [found]  # the brackets are mandatory, and often forgotten
    return [rule for one in objects if (rule := _rule(one)) is not None]


def _rule(one: Any) -> TdmRule | None:
    location = one.get("location") if isinstance(one, dict) else None
    if not isinstance(location, str) or not location:
        return None
    pattern = location.removesuffix("$")
    parts = tuple(_normal_form(part) for part in pattern.split("*"))
    return TdmRule(parts, pattern != location, parse_reservation(str(one.get("tdm-reservation"))))


def parse_reservation(value: str) -> bool | None:
    """Return what a tdm-reservation says: reserved, not reserved, or None for any other value, which means unset."""
    return {"1": True, "0": False}.get(value.strip(" \t\"'"))


def reservation_of(rules: list[TdmRule], url: str) -> bool | None:
    """Return what the rules say of an address; None if they say nothing. Raises ValueError if it is not HTTP."""
    parts = parts_of(url)
    path = _normal_form((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
    return next((rule.reservation for rule in rules if rule.matches(path)), None)


def _normal_form(text: str) -> str:
    """Return a path with the percent-encoding that RFC 9309, 2.2.2, compares.

    `$` and `*` are encoded, as a pattern must write them.
    """
    return ENCODED.sub(_normal_character, text)


def _normal_character(match: re.Match[str]) -> str:
    if match[1] is None:
        return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogatepass"))
    char = chr(int(match[1], 16))
    return char if UNRESERVED.fullmatch(char) else match[0].upper()


class TdmFiles:
    """Hold the files of all hosts over time, read from the WARC files of an archive."""

    def __init__(self, db: sqlite3.Connection, warc: WarcStorage) -> None:
        self.db, self.warc = db, warc
        # Captures by host. The host's name is normalized here, because an import may bring any spelling.
        self._captures_by_host: dict[str, list[Row]] | None = None
        self._rules: dict[int, list[TdmRule] | None] = {}  # by row id of the capture

    def reserved(self, url: str, time: str) -> bool | None:
        """Return what the host's file said of an address at a time (as `captures.time`); None if it said nothing.

        That is the newest file captured until then, or else the first one after: on the first day of a crawl the file
        may come a second after the page. Raises MorgueError if it cannot be read.
        """
        try:
            host = parts_of(url).host
        except ValueError:
            return None
        for row in self._captures_near(host, time):
            rules = self._rules_of(row)
            if rules is not None:
                return reservation_of(rules, url)
        return None

    def _captures_near(self, host: str, time: str) -> Iterator[Row]:
        """Yield the captures of a host's file: those until `time`, the newest first, then those after it."""
        if self._captures_by_host is None:
            self._captures_by_host = {}
            for row in self._captures("c.url LIKE ?", f"%{TDMREP_PATH}"):
                with suppress(ValueError):
                    self._captures_by_host.setdefault(parts_of(row["url"]).host, []).append(row)
        rows = self._captures_by_host.get(host, [])
        yield from (row for row in reversed(rows) if row["captured"] <= time)
        yield from (row for row in rows if row["captured"] > time)

    def _captures(self, condition: str, *values: str) -> Iterator[Row]:
        sql = f"""SELECT c.id, c.url, c.status, c.error, {PROVENANCE_COLUMNS} FROM captures c
                   WHERE {condition} AND c.record_type IN ('response', 'revisit')
                   ORDER BY c.time"""  # noqa: S608 (our own names)
        return map(dict, ask(self.db, sql, values))

    def _rules_of(self, row: Row, redirects: int = MAX_REDIRECTS) -> list[TdmRule] | None:
        """Return the rules in a capture of the file; None if it says nothing, so that the next one is asked."""
        if row["id"] not in self._rules:
            if len(self._rules) >= MAX_CACHED_FILES:
                self._rules.clear()
            self._rules[row["id"]] = self._read(row, redirects)
        return self._rules[row["id"]]

    def _read(self, row: Row, redirects: int) -> list[TdmRule] | None:
        status = row["status"] or 0
        if row["error"]:
            return None  # the response was cut off
        if status in REDIRECTS:
            return self._follow(row, redirects)
        if status in (200, 203, 304):
            return parse_rules(replay(self.db, self.warc, row, MAX_FILE_BYTES).body)
        return [] if status in (404, 410) else None  # there is no file; any other status says nothing about it

    def _follow(self, row: Row, redirects: int) -> list[TdmRule] | None:
        """Return the rules in the first capture of a redirect's target that is not older than the redirect."""
        block = read_block(self.warc, row["warc_file"], row["warc_offset"], row["warc_length"])
        head = parse_head(split_response(block)[0])
        target = resolve_location((head and head.first(b"location")) or b"", row["url"])
        address = "//" + (target or "").partition("://")[2]
        values = f"https:{address}", f"http:{address}", row["captured"]
        found = next(self._captures("c.url IN (?, ?) AND c.time >= ?", *values), None) if redirects else None
        return None if found is None else self._rules_of(found, redirects - 1)
