"""`/.well-known/tdmrep.json`: what a host reserves by path, as it stood when a page was captured.

W3C Community Group, TDM Reservation Protocol (TDMRep), Final Report of 10 May 2024, section "TDM File on the Origin
Server": rules in order, the first whose location matches holds; patterns are those of robots.txt (RFC 9309, 2.2.2-3).
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import urljoin

from pipelines.archive.replay import replay
from pipelines.core.errors import ArchiveDamaged
from pipelines.core.urls import parts_of as parts_of
from pipelines.database.connection import Row, ask
from pipelines.database.queries import PROVENANCE_COLUMNS
from pipelines.warc.http_message import REDIRECTS, parse_head, split_response
from pipelines.warc.reader import read_block
from pipelines.warc.storage import WarcStorage

PATH = "/.well-known/tdmrep.json"
LARGEST = 1 << 20  # bytes of such a file once decoded
HOPS = 5  # redirects that are followed
REMEMBERED = 1000  # hosts, and files, kept in memory
CODED = re.compile(r"%([0-9A-Fa-f]{2})|[$*]|[^\x21-\x7e]")
UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")  # RFC 3986, 2.3


class TdmRule(NamedTuple):
    """One object of the file."""

    parts: tuple[str, ...]  # of the location, between its stars
    to_the_end: bool  # the location ended in $
    reservation: bool | None  # None: a value that the protocol does not know, which is unset

    def matches(self, path: str) -> bool:
        """Whether it is about a path (with its query) in normal form. Linear in the length of both."""
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


def rules(body: bytes) -> list[TdmRule] | None:
    """The rules in a file; None for what is no such file (a page that says 404, or asks for consent, with status 200).

    Raises ArchiveDamaged for one that is meant to be such a file and cannot be read: it may reserve everything.
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"[", b"{"):
            raise ArchiveDamaged(PATH, "is no JSON") from error
        return None
    objects = found if isinstance(found, list) else [found]  # the brackets are mandatory, and are forgotten
    return [rule for one in objects if (rule := _rule(one)) is not None]


def _rule(one: Any) -> TdmRule | None:
    location = one.get("location") if isinstance(one, dict) else None
    if not isinstance(location, str) or not location:
        return None
    pattern = location.removesuffix("$")
    parts = tuple(_normal(part) for part in pattern.split("*"))
    return TdmRule(parts, pattern != location, meaning(str(one.get("tdm-reservation"))))


def meaning(value: str) -> bool | None:
    """Of a tdm-reservation: reserved, not reserved, or None: unset, which any other value is (its section says so)."""
    return {"1": True, "0": False}.get(value.strip(" \t\"'"))


def reserved(ruling: list[TdmRule], url: str) -> bool | None:
    """What the rules say of an address; None: nothing. Raises ValueError for no web address."""
    parts = parts_of(url)
    path = _normal((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
    return next((rule.reservation for rule in ruling if rule.matches(path)), None)


def _normal(text: str) -> str:
    """Percent-encoding as RFC 9309, 2.2.2, compares it; `$` and `*` encoded, as a pattern has to write them."""
    return CODED.sub(_one, text)


def _one(match: re.Match[str]) -> str:
    if match[1] is None:
        return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogatepass"))
    char = chr(int(match[1], 16))
    return char if UNRESERVED.fullmatch(char) else match[0].upper()


class TdmFiles:
    """The files of all hosts over time, out of an archive's WARC files."""

    def __init__(self, db: sqlite3.Connection, warc: WarcStorage) -> None:
        self.db, self.warc = db, warc
        self._hosts: dict[str, list[Row]] | None = None  # however its name is spelled: an import may have brought any
        self._rules: dict[int, list[TdmRule] | None] = {}

    def reserved(self, url: str, time: str) -> bool | None:
        """What the host's file said of an address at a time (as `captures.time`); None: nothing, or there is none.

        That is the newest one captured until then, and before there was any the first one after: on a crawl's first day
        the file may come in a second behind the page. Raises MorgueError if it cannot be read.
        """
        try:
            host = parts_of(url).host
        except ValueError:
            return None
        for row in self._nearest(host, time):
            ruling = self._ruling(row)
            if ruling is not None:
                return reserved(ruling, url)
        return None

    def _nearest(self, host: str, time: str) -> Iterator[Row]:
        if self._hosts is None:
            self._hosts = {}
            for row in self._captures("c.url LIKE ?", f"%{PATH}"):
                with suppress(ValueError):
                    self._hosts.setdefault(parts_of(row["url"]).host, []).append(row)
        rows = self._hosts.get(host, [])
        yield from (row for row in reversed(rows) if row["captured"] <= time)
        yield from (row for row in rows if row["captured"] > time)

    def _captures(self, which: str, *values: str) -> Iterator[Row]:
        sql = f"""SELECT c.id, c.url, c.status, c.error, {PROVENANCE_COLUMNS} FROM captures c
                   WHERE {which} AND c.record_type IN ('response', 'revisit')
                   ORDER BY c.time"""  # noqa: S608 (our own names)
        return map(dict, ask(self.db, sql, values))

    def _ruling(self, row: Row, redirects: int = HOPS) -> list[TdmRule] | None:
        """What a capture of the file says; None: nothing at all, so that the next nearest is asked."""
        if row["id"] not in self._rules:
            if len(self._rules) >= REMEMBERED:
                self._rules.clear()
            self._rules[row["id"]] = self._read(row, redirects)
        return self._rules[row["id"]]

    def _read(self, row: Row, redirects: int) -> list[TdmRule] | None:
        status = row["status"] or 0
        if row["error"]:
            return None  # it broke off
        if status in REDIRECTS:
            return self._follow(row, redirects)
        if status in (200, 203, 304):
            return rules(replay(self.db, self.warc, row, LARGEST).body)
        return [] if status in (404, 410) else None  # not there; else: could not be said just then

    def _follow(self, row: Row, redirects: int) -> list[TdmRule] | None:
        block = read_block(self.warc, row["warc_file"], row["warc_offset"], row["warc_length"])
        head = parse_head(split_response(block)[0])
        target = urljoin(row["url"], ((head and head.first(b"location")) or b"").decode("latin-1"))
        address = "//" + target.partition("#")[0].partition("://")[2]
        values = f"https:{address}", f"http:{address}", row["captured"]
        there = next(self._captures("c.url IN (?, ?) AND c.time >= ?", *values), None) if redirects else None
        return None if there is None else self._ruling(there, redirects - 1)
