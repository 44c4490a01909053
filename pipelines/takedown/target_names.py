"""Name what a takedown is about as the table `removals` does, and match addresses against such names.

A page's name is its url_key. A host's name begins with `*`. The name of all addresses with a common beginning ends in
`*`. Where a url_key itself ends in a star, its name ends in `%2A`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from functools import cached_property
from urllib.parse import urlsplit

from pipelines.core.errors import ConfigError, NotFound
from pipelines.core.urls import key_or_none, site_or_none
from pipelines.database import removals

STAR = "*"  # before the name of a host, and after a prefix
ESCAPED_STAR = "%2A"
MAX_NUMBER_DIGITS = 18  # of an article's number: SQLite's integers have 63 bits


class TargetMatcher:
    """Decide whether an address belongs to the pages, hosts and prefixes that are named."""

    def __init__(self, names: Iterable[str]) -> None:
        self._hosts, self._pages, prefixes = set[str](), set[str](), set[str]()
        for name in names:
            if name.startswith(STAR):
                self._hosts.add(name.removeprefix(STAR))
            elif name.endswith(STAR):
                prefixes.add(name.removesuffix(STAR))
            else:
                self._pages.add(name)
        self._prefixes = tuple(prefixes)

    def __bool__(self) -> bool:
        return bool(self._hosts or self._pages or self._prefixes)

    @cached_property
    def _sites(self) -> set[str | None]:
        addresses = [f"https:{one}" for one in (*self._pages, *self._prefixes)]
        addresses += [f"https://{host}/" for host in self._hosts]
        return {site_or_none(address) for address in addresses} - {None}

    def concerns_site_of(self, url: str) -> bool:
        """Return True if something of the site of this URL is named."""
        return site_or_none(url) in self._sites

    def names_page(self, key: str) -> bool:
        """Return True if the page with this url_key is named by itself, not only with its host or its prefix."""
        return name_of_key(key) in self._pages

    def covers(self, key: str) -> bool:
        """Return True if the address with this url_key is named, or belongs to a host or prefix that is."""
        parts = urlsplit(key)
        at_host = parts.hostname in self._hosts or parts.netloc in self._hosts
        return at_host or name_of_key(key) in self._pages or key.startswith(self._prefixes)


def name_of_target(db: sqlite3.Connection, target: str) -> str:
    """Return the name of a target as the user wrote it: a URL, a URL with `*` at its end, a host, an article's number.

    Raises ConfigError for a text that is none of these, NotFound for a number that no article has.
    """
    if target.isascii() and target.isdecimal() and len(target) <= MAX_NUMBER_DIGITS:
        key = removals.key_of_article(db, int(target))
        if key is None:
            raise NotFound(f"article {target}", "no article has this number", "`morgue search WORDS` shows the numbers")
        return name_of_key(key)
    if "://" not in target:
        if "/" in target:
            raise ConfigError(target, "is neither a host nor an address", f"say https://{target}")
        return STAR + (urlsplit(key_or_none(f"https://{target}/") or "").netloc or target.lower())
    if target.endswith(STAR):
        return _prefix(target) + STAR
    key = key_or_none(target)
    if key is None:
        raise ConfigError(target, "is not a web address", "say e.g. https://paper.example/story")
    return name_of_key(key)


def _prefix(target: str) -> str:
    """Return the beginning of the url_keys of all addresses that begin as `target` does. Raises ConfigError."""
    beginning, path = target.removesuffix(STAR), target.partition("://")[2].partition("/")[2]
    key = key_or_none(beginning + "x")  # with a letter added, a dot at the end is not taken for a folder
    if key is None or not path or "?" in beginning or STAR in beginning or not key.endswith("x"):
        cure = "write the star at the end of a path: https://paper.example/section/*; name a host without https://"
        raise ConfigError(target, "is not the beginning of an address", cure)
    return key.removesuffix("x")


def name_of_key(key: str) -> str:
    """Return the name of a page by its url_key. A star at its end is escaped, so that it does not mean a prefix."""
    return key.removesuffix(STAR) + ESCAPED_STAR if key.endswith(STAR) else key


def keys_of_name(name: str) -> set[str]:
    """Return the url_keys that a page's name can mean: one, or both spellings of a star at its end."""
    return {name, name.removesuffix(ESCAPED_STAR) + STAR} if name.endswith(ESCAPED_STAR) else {name}
