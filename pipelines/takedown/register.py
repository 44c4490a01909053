"""Answer whether an address was taken down, so that no crawl and no import brings it back."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from pipelines.core.errors import NotFound
from pipelines.core.urls import key_or_none, same_site, url_key
from pipelines.database import removals
from pipelines.takedown.target_names import TargetMatcher, name_of_target

if TYPE_CHECKING:
    from pipelines.extraction.own_addresses import DeclaredAddresses


COPY = "copy of a page that was taken down"  # the reason for which a page is not filed


class TakedownRegister:
    """Hold the names of all that was taken down. `url in register` asks for one address."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._removed = TargetMatcher(removals.names(db))

    def __contains__(self, url: str) -> bool:
        if not self._removed:
            return False
        key = key_or_none(url)
        return key is not None and self._removed.covers(key)

    def concerns_site_of(self, url: str) -> bool:
        """Return True if something was taken down of the site of this URL: what its pages declare is asked for then."""
        return self._removed.concerns_site_of(url)

    def original_of(self, url: str, declared: DeclaredAddresses) -> str | None:
        """Return the address, taken down, of which the page at `url` says that it is a copy; None if it says no such.

        Only addresses of the page's own site count: a page must not be able to hide behind a takedown at another site,
        and a syndicated text is not that site's page. A page that is filed under its own address is an article apart,
        whatever it says, as `ArticleStore.file` decided when it could compare the texts.
        """
        for address, is_removed in (
            *((address, self._removed.covers) for address in declared.own),
            # A whole host or section of AMP pages that was taken down says nothing about the articles themselves.
            *((address, self._removed.names_page) for address in declared.versions),
        ):
            key = key_or_none(address)
            if key is not None and is_removed(key) and same_site(address, url):
                return None if removals.articles_known_as(self._db, [url_key(url)]) else address
        return None

    def last_removal(self, url: str) -> tuple[str, str] | None:
        """Return time (UTC) and reason of the last takedown that covers an address; None if none does."""
        key = key_or_none(url)
        if key is None:
            return None
        removed = removals.newest_first(self._db)
        return next(((time, reason) for time, name, reason in removed if TargetMatcher([name]).covers(key)), None)


def refusal_to_request(db: sqlite3.Connection, url: str) -> str | None:
    """Return why an address is not requested, for people: it was taken down, when and why; None if it was not."""
    register = TakedownRegister(db)
    removal = register.last_removal(url) if url in register else None
    if removal is None:
        return None
    time, reason = removal
    return f"{url} was taken down on {time[:10]} ({reason}), and is not requested"


def taken_down_on(db: sqlite3.Connection, url: str) -> str | None:
    """Return the day on which an address was last taken down, as 2026-11-23; None if it was not."""
    register = TakedownRegister(db)
    removal = register.last_removal(url) if url in register else None
    return removal[0][:10] if removal else None


def was_removed(db: sqlite3.Connection, target: str) -> bool:
    """Return True if a target, as the user wrote it, was taken down before. An article's number is forgotten then."""
    try:
        return removals.is_removed(db, name_of_target(db, target))
    except NotFound:
        return False
