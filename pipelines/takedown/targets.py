"""Find all that the archive has of the pages, prefixes and hosts that are to be taken down."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from pipelines.core.errors import NotFound
from pipelines.core.source_names import near_names, source_meant
from pipelines.core.urls import host_or_empty, key_or_none, same_site
from pipelines.database import removals
from pipelines.database.captures import CaptureLocation
from pipelines.database.filters import homes_of_sources
from pipelines.database.frontier import parts
from pipelines.database.frontier.table import FrontierTable
from pipelines.database.journal_rows import database_state
from pipelines.takedown.target_names import (
    STAR,
    TargetMatcher,
    keys_of_name,
    name_of_key,
    name_of_target,
)


@dataclass(slots=True)
class TakedownTargets:
    """Hold the rows that are to go, by their ids."""

    names: dict[str, int] = field(default_factory=dict)  # name as in `removals` -> number of its captures
    captures: dict[int, CaptureLocation] = field(default_factory=dict)
    articles: dict[int, str] = field(default_factory=dict)  # id -> headline, "" if it has none
    revisions: set[int] = field(default_factory=set)
    frontier: set[int] = field(default_factory=set)  # with `parts`
    parts: set[int] = field(default_factory=set)  # of these pages alone: their rows in the queue go as well
    captures_of_parts: set[int] = field(default_factory=set)  # their addresses themselves are not taken down
    aliases: set[str] = field(default_factory=set)  # url_keys that are no longer another address of an article
    # Articles that stay, as a target only redirects to them from another site: id -> (headline, URL).
    elsewhere: dict[int, tuple[str, str]] = field(default_factory=dict)
    # Captures of other addresses, answered with the same bytes, that have their bodies in records that are to go.
    kept: dict[int, CaptureLocation] = field(default_factory=dict)
    archive: str = ""  # id of the archive whose row ids these are

    @property
    def record_ids(self) -> set[str]:
        """WARC-Record-IDs of the captures."""
        return {capture.record_id for capture in self.captures.values()}

    def concerns(self, table: str, row: dict[str, Any]) -> bool:
        """Return True if a journal row of this archive is about these targets."""
        if table == "page_parts":
            return row.get("page_id") in self.frontier or row.get("part_id") in self.parts
        if table in ("articles", "captures", "frontier"):
            return row.get("id") in getattr(self, table)
        if table == "sightings":
            return row.get("capture_id") in self.captures
        return (
            row.get("article_id") in self.articles
            or (table == "aliases" and row.get("url_key") in self.aliases)
            or (table == "revisions" and row.get("id") in self.revisions)
            or row.get("revision_id") in self.revisions
        )

    def may_concern(self, table: str, row: dict[str, Any]) -> bool:
        """Return True if a journal row of another archive may be about these targets.

        Row ids of another archive mean nothing here, so only `url_key` can decide. Rows about revisions have none, and
        all of them count: nothing reads that journal here, so nothing is missed.
        """
        return table in ("revisions", "readings") or TargetMatcher(self.names).covers(str(row.get("url_key") or ""))


def find(db: sqlite3.Connection, wanted: Iterable[str]) -> TakedownTargets:
    """Return all rows about the targets that the user names.

    Raises NotFound for a target of which the archive has nothing, ConfigError for a text that names no target.
    """
    targets = TakedownTargets(archive=database_state(db).archive)
    for target in wanted:
        captures, rows = len(targets.captures), len(targets.captures) + len(targets.frontier)
        name = name_of_target(db, target)
        if name.startswith(STAR):
            _add_host(db, name.removeprefix(STAR), targets)
        elif name.endswith(STAR):
            _add_prefix(db, name.removesuffix(STAR), targets)
        else:
            _add_page(db, name, targets)
        if len(targets.captures) + len(targets.frontier) == rows:
            raise NotFound(target, "the archive has nothing of it", _advice(db, name))
        targets.names[name] = targets.names.get(name, 0) + len(targets.captures) - captures
    _add_parts(db, targets)
    targets.revisions.update(removals.revisions_of(db, targets.articles))
    targets.kept = _revisits_that_stay(db, targets)
    return targets


def _add_parts(db: sqlite3.Connection, targets: TakedownTargets) -> None:
    """Add the parts (pictures, style sheets, fonts) that no page has but these."""
    found = parts.parts_of_these_alone(db, targets.frontier)
    keys = set(found.values())
    for host in {urlsplit(key).hostname or "" for key in keys}:
        for capture in removals.captures_possibly_at(db, host):
            if key_or_none(capture.url) in keys:
                targets.captures[capture.id] = capture
                targets.captures_of_parts.add(capture.id)
    targets.parts = set(found)
    targets.frontier |= targets.parts


def _advice(db: sqlite3.Connection, name: str) -> str:
    """Return advice on a target of which there is nothing. A host means exactly that host, so another is only named."""
    host = name.removeprefix(STAR)
    if host != name:
        homes, twin = homes_of_sources(db), host.removeprefix("www.") if host.startswith("www.") else f"www.{host}"
        there = TakedownTargets()
        _add_host(db, twin, there)
        if there.captures or there.frontier:
            return f"did you mean {twin}?"
        if (meant := source_meant(host, homes)) is not None and host_or_empty(homes[meant]) not in ("", host):
            return f"did you mean {host_or_empty(homes[meant])}?"
        if hosts := {host_or_empty(home) for home in homes.values()} - {"", host}:
            return near_names(host, hosts, "host")
    return "`morgue show URL` says what it knows"


def _add_page(db: sqlite3.Connection, name: str, targets: TakedownTargets) -> None:
    """Add a page under every address by which the archive knows it.

    A redirect to an article on another site is not that article: a site that redirects there must not be able to make
    a takedown of its own page one of somebody else's.
    """
    keys = keys_of_name(name)
    articles = _without_elsewhere(db, removals.articles_known_as(db, keys), name, targets)
    targets.aliases |= keys if targets.elsewhere else set()
    _add_articles(db, articles, keys, targets)
    others = {name_of_key(key) for key in keys} - targets.names.keys() - {name}
    targets.names |= dict.fromkeys(sorted(others), 0)


def _add_prefix(db: sqlite3.Connection, prefix: str, targets: TakedownTargets) -> None:
    """Add all addresses whose url_key begins with `prefix`, and every other address of the articles among them."""
    below = {
        capture.id: capture
        for capture in removals.captures_possibly_at(db, urlsplit(prefix).hostname or "")
        if (key_or_none(capture.url) or "").startswith(prefix)
    }
    targets.captures.update(below)
    keys: set[str] = set()
    named = _without_elsewhere(db, removals.articles_below(db, prefix), prefix, targets)
    targets.aliases |= removals.aliases_below(db, prefix, targets.elsewhere)
    _add_articles(db, named | removals.articles_read_from(db, below), keys, targets)
    targets.frontier.update(FrontierTable(db).ids_below(prefix))
    others = {name_of_key(key) for key in keys if not key.startswith(prefix)} - targets.names.keys()
    targets.names |= dict.fromkeys(sorted(others), 0)


def _without_elsewhere(db: sqlite3.Connection, articles: set[int], key: str, targets: TakedownTargets) -> set[int]:
    """Return the articles that are on the site of an address; note the others, to which it only redirects."""
    here = set()
    for article_id in articles:
        own_key, url = removals.key_and_url_of(db, article_id)
        if same_site(f"https:{key}", f"https:{own_key}") or same_site(f"https:{key}", url):
            here.add(article_id)
        else:
            targets.elsewhere[article_id] = removals.title_of_article(db, article_id), url
    return here


def _add_host(db: sqlite3.Connection, host: str, targets: TakedownTargets) -> None:
    """Add all that was fetched from a host (with its port, if it is named), and the articles read from it."""
    for capture in removals.captures_possibly_at(db, urlsplit(f"//{host}").hostname or ""):
        parts = urlsplit(key_or_none(capture.url) or "")
        if host in (parts.hostname, parts.netloc):
            targets.captures[capture.id] = capture
    targets.frontier.update(FrontierTable(db).ids_of_host(host))
    for article_id in sorted(removals.articles_read_from(db, targets.captures)):
        targets.articles[article_id] = removals.title_of_article(db, article_id)


def _add_articles(db: sqlite3.Connection, article_ids: set[int], keys: set[str], targets: TakedownTargets) -> None:
    """Add articles, and all that was fetched from, or is queued for, `keys`. The articles' own keys join `keys`."""
    for article_id in sorted(article_ids):
        known_keys, urls = removals.keys_and_urls_of(db, article_id)
        # An article whose page a rebuild could not read again has no address but its key.
        keys |= known_keys | {key for url in urls if (key := key_or_none(url))}
        targets.articles[article_id] = removals.title_of_article(db, article_id)
    for host in {urlsplit(key).hostname or "" for key in keys}:
        for capture in removals.captures_possibly_at(db, host):
            if key_or_none(capture.url) in keys:
                targets.captures[capture.id] = capture
    targets.frontier.update(FrontierTable(db).ids_of_keys(keys))


def _revisits_that_stay(db: sqlite3.Connection, targets: TakedownTargets) -> dict[int, CaptureLocation]:
    """Return the captures of other addresses that refer to a record that is to go: the body of theirs is in it."""
    referring = removals.captures_referring_to(db, targets.record_ids)
    return {capture.id: capture for capture in referring if capture.id not in targets.captures}
