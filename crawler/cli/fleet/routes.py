"""Decide which shards a command is about that was given a whole fleet, by its arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import click

from crawler.cli.common_options import is_one_of_all
from crawler.config.archive_folder import ArchiveFolder
from pipelines.core.archive_layout import DATABASE_NAME
from pipelines.core.errors import ConfigError, MorgueError, NotFound
from pipelines.core.urls import host_or_empty, typed_address
from pipelines.fleet.layout import FleetFolder, place_of_shard

if TYPE_CHECKING:
    import sqlite3

    from crawler.config.models import Config

Params = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FleetRoute:
    """Say how a command for one archive runs on a fleet."""

    shards: Callable[[FleetFolder, Params], Iterable[int]]  # which it is about; all of them if it names none
    at_once: int = 1  # of which so many run at a time; a command that uses all cores by itself runs alone
    is_asking: bool = False  # it talks to the user: one shard after the other, on the terminal
    is_lasting: bool = False  # it runs until stopped, for all shards at the same time
    names_one: bool = False  # it is about one source or page, and answers as an archive does


def all_shards(fleet: FleetFolder, _params: Params) -> Iterable[int]:
    """Return every shard."""
    return range(fleet.shards)


def shards_of(*names: str) -> Callable[[FleetFolder, Params], set[int]]:
    """Return the rule for a command whose parameters `names` have sources or URLs. None given: all shards."""

    def shards(fleet: FleetFolder, params: Params) -> set[int]:
        given = [one for name in names for one in _texts(params.get(name))]
        owners = ShardOwners(fleet) if given else None
        return {owners.shard(text, is_known=True) for text in given} if owners else set(range(fleet.shards))

    return shards


def shards_of_sites(fleet: FleetFolder, params: Params) -> set[int]:
    """Return the shards of sites that are to become sources: those that are named, and those of a list."""
    from crawler.cli.url_list import bytes_of, sites_of_list

    texts, file = list(_texts(params.get("urls"))), params.get("file")
    if file is not None:
        texts += [site.address for site in sites_of_list(bytes_of(file), file, params.get("column"))]
    owners = ShardOwners(fleet)
    return {owners.shard(text) for text in texts} or {0}  # which says that there is nothing


def shards_of_crawl(fleet: FleetFolder, params: Params) -> set[int]:
    """Return the shards of the sources and pages that a crawl is about, also of a list of pages."""
    if not (file := params.get("urls")):
        return shards_of("targets")(fleet, params)
    from crawler.cli.url_list import read_url_list

    owners = ShardOwners(fleet)
    return {owners.shard(url) for url in read_url_list(file, params.get("column")).urls} or {0}


def shards_of_page(fleet: FleetFolder, params: Params) -> set[int]:
    """Return the shard of a page that is named by its address, or by the number of its article."""
    (text,) = params["targets"]
    if not text.isdecimal():
        return shards_of("targets")(fleet, params)
    return {shard_with(fleet, text, _has_article) or 0}  # which says that there is none


def shards_of_takedown(fleet: FleetFolder, params: Params) -> Iterable[int]:
    """Return the shards that have or had what is to be removed."""
    from crawler.cli.fleet.takedown_targets import shards_with_targets

    return shards_with_targets(fleet, params["targets"])


def shard_with(fleet: FleetFolder, text: str, has: Callable[[sqlite3.Connection, str], bool]) -> int | None:
    """Return the first shard whose database `has` something; None if none has. One that cannot be read has nothing."""
    from contextlib import closing

    from pipelines.database.connection import connect

    for number in range(fleet.shards):
        try:
            with closing(connect(fleet.shard_path(number) / DATABASE_NAME)) as db:
                if has(db, text):
                    return number
        except MorgueError:
            continue
    return None


def _has_article(db: sqlite3.Connection, text: str) -> bool:
    from pipelines.database.queries import article

    return bool(article(db, text))  # raises NotFound if there is none


def _has_source(db: sqlite3.Connection, text: str) -> bool:
    """Return True for a source that has no file, or had another name."""
    from pipelines.database.filters import name_after_renaming
    from pipelines.database.store import ArticleStore

    return ArticleStore(db).source_id(text) is not None or name_after_renaming(db, text) is not None


def _texts(value: object) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value if isinstance(value, tuple) else ()


class ShardOwners:
    """Find the shards of sources and URLs as users name them. Loads the settings of all sources of a fleet."""

    def __init__(self, fleet: FleetFolder) -> None:
        """Raises ConfigError."""
        from crawler.config.models import load
        from crawler.onboarding.owners import SourceOwners

        self._fleet = fleet
        self._config: Config = load(ArchiveFolder(fleet.path), skip_broken=True)
        self._sources = SourceOwners(self._config)
        self._of_host = lru_cache(maxsize=65536)(self._shard_of_host)

    def shard(self, text: str, *, is_known: bool = False) -> int:
        """Return the shard of a source (name, title or address), or of the site of a URL.

        `is_known`: raise NotFound for what is neither; a name that only the rows of a shard have is a source, too.
        """
        try:
            name = self._config.file_named(text)
        except NotFound:
            url, _assumed = typed_address(text)
            if url is not None or not is_known:
                return self.shard_of_page(url or "", text)
            if (number := shard_with(self._fleet, text, _has_source)) is not None:
                return number
            raise
        return self._fleet.owner_of_url(self._config.sources[name].url if name in self._config.sources else "", name)

    def shard_of_page(self, url: str, name: str = "") -> int:
        """Return the shard that has a page: that of its source, else that of its site, else that of a name."""
        host = host_or_empty(url)
        return self._of_host(host) if host else self._fleet.owner_of_url("", name or url)

    def _shard_of_host(self, host: str) -> int:
        own = self._sources.own(f"http://{host}/")
        return self._fleet.owner_of_url(own.url if own is not None else f"http://{host}/")


CRAWLS_AT_ONCE = 4  # a pass waits for servers most of the time
ROUTES = {
    "add": FleetRoute(shards_of_sites),
    "backfill": FleetRoute(shards_of("source"), names_one=True),
    "crawl": FleetRoute(shards_of_crawl, CRAWLS_AT_ONCE),
    "import": FleetRoute(all_shards),
    "rebuild": FleetRoute(all_shards),
    "reextract": FleetRoute(all_shards),
    "remove": FleetRoute(shards_of_takedown, is_asking=True),
    "restore": FleetRoute(all_shards),
    "ship": FleetRoute(all_shards, CRAWLS_AT_ONCE),
    "sample": FleetRoute(shards_of_page, names_one=True),
    "sources": FleetRoute(shards_of("forget"), names_one=True),
    "sources check": FleetRoute(shards_of("names")),
    "sources import": FleetRoute(shards_of_sites),
    "sources remove": FleetRoute(shards_of("name"), names_one=True),
    "sources rename": FleetRoute(shards_of("old"), names_one=True),
    "sources show": FleetRoute(shards_of("name"), names_one=True),
    "upgrade": FleetRoute(all_shards),
    "verify": FleetRoute(all_shards),
    "watch": FleetRoute(all_shards, is_lasting=True),
}  # by the words of the command


def route_of(command: str, params: Params, fleet: FleetFolder) -> tuple[FleetRoute, list[int]] | None:
    """Return how a command runs on a fleet, and for which shards; None if it does not.

    Raises NotFound for a source that no shard knows, ConfigError for a list that cannot be read.
    """
    route = ROUTES.get(command)
    if route is None:
        return None
    return route, sorted(set(route.shards(fleet, params)))


def pages_of_shard(folder: ArchiveFolder) -> Callable[[str], bool] | None:
    """Return how to tell by its address that a page belongs to a shard; None for an ordinary archive."""
    if (place := place_of_shard(folder.path)) is None:
        return None
    owners, number = ShardOwners(place.fleet), place.number
    return lambda url: owners.shard_of_page(url) == number


def own_only(ctx: click.Context, folder: ArchiveFolder, named: Sequence[str], *, is_known: bool = False) -> list[str]:
    """Return those of the sources and URLs that a shard owns; of an ordinary archive, all of them.

    Raises ConfigError if the user named the shard, and something that it does not own; NotFound if they must be known.
    """
    place = place_of_shard(folder.path) if named else None
    if place is None:
        return list(named)
    owners, number = ShardOwners(place.fleet), place.number
    by_owner = [(text, owners.shard(text, is_known=is_known)) for text in named]
    foreign = next(((text, owner) for text, owner in by_owner if owner != number), None)
    if foreign is not None and not is_one_of_all(ctx):
        cause = f"belongs to shard {foreign[1]} of this fleet, and this is shard {number}"
        raise ConfigError(
            foreign[0], cause, f"say --shard {foreign[1]}; or name no shard, and the fleet {place.fleet.path}"
        )
    return [text for text, owner in by_owner if owner == number]


def own_report(ctx: click.Context, folder: ArchiveFolder, path: str | None) -> str | None:
    """Return where a shard writes its rows of a report: its own file if a command on the whole fleet joins them.

    See `crawler.cli.fleet.list_report`.
    """
    place = place_of_shard(folder.path)
    return path if path is None or place is None or not is_one_of_all(ctx) else report_of_shard(path, place.number)


def report_of_shard(path: str, number: int) -> str:
    """Return the file in which a shard writes its rows of a report."""
    return f"{path}.shard-{number:03}"
