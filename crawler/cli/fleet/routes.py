"""Decide which shards a command is about that was given a whole fleet, by its arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from crawler.cli.common_options import is_one_of_all
from crawler.config.archive_folder import ArchiveFolder
from pipelines.core.errors import ConfigError, NotFound
from pipelines.core.urls import typed_address
from pipelines.fleet.layout import FleetFolder, fleet_of_shard

if TYPE_CHECKING:
    from crawler.config.models import Config

Params = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FleetRoute:
    """Say how a command for one archive runs on a fleet."""

    shards: Callable[[FleetFolder, Params], Iterable[int]]  # which it is about; all of them if it names none
    at_once: int = 1  # of which so many run at a time; a command that uses all cores by itself runs alone
    is_asking: bool = False  # it talks to the user: one shard after the other, on the terminal
    is_lasting: bool = False  # it runs until stopped, for all shards at the same time
    refused: tuple[str, ...] = ()  # parameters that make no sense on a fleet


def all_shards(fleet: FleetFolder, _params: Params) -> Iterable[int]:
    """Return every shard."""
    return range(fleet.shards)


def shards_of(*names: str) -> Callable[[FleetFolder, Params], set[int]]:
    """Return the rule for a command whose parameters `names` have sources or URLs. None given: all shards."""

    def shards(fleet: FleetFolder, params: Params) -> set[int]:
        given = [one for name in names for one in _texts(params.get(name))]
        owners = ShardOwners(fleet) if given else None
        return {owners.shard(text) for text in given} if owners is not None else set(range(fleet.shards))

    return shards


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

    def shard(self, text: str) -> int:
        """Return the shard of a source (name, title or address), or of the site of a URL."""
        try:
            name = self._config.file_named(text)
        except NotFound:
            return self._of_url(text)
        return self._fleet.owner_of_url(self._config.sources[name].url if name in self._config.sources else "", name)

    def _of_url(self, text: str) -> int:
        url, _assumed = typed_address(text)
        own = self._sources.own(url or "")
        return self._fleet.owner_of_url(own.url if own is not None else url or "", text)


CRAWLS_AT_ONCE = 4  # a pass waits for servers most of the time
ROUTES = {
    "add": FleetRoute(shards_of("urls"), refused=("opml",)),
    "backfill": FleetRoute(shards_of("source")),
    "crawl": FleetRoute(shards_of("targets"), CRAWLS_AT_ONCE, refused=("report_file",)),
    "rebuild": FleetRoute(all_shards),
    "reextract": FleetRoute(all_shards),
    "remove": FleetRoute(all_shards, is_asking=True),
    "restore": FleetRoute(all_shards),
    "ship": FleetRoute(all_shards, CRAWLS_AT_ONCE),
    "sources import": FleetRoute(all_shards),
    "sources pause": FleetRoute(shards_of("names")),
    "sources remove": FleetRoute(shards_of("name"), is_asking=True),
    "sources rename": FleetRoute(shards_of("old")),
    "sources resume": FleetRoute(shards_of("names")),
    "sources show": FleetRoute(shards_of("name")),
    "upgrade": FleetRoute(all_shards),
    "verify": FleetRoute(all_shards),
    "watch": FleetRoute(all_shards, is_lasting=True),
}  # by the words of the command


def route_of(command: str, params: Params, fleet: FleetFolder) -> tuple[FleetRoute, list[int]] | None:
    """Return how a command runs on a fleet, and for which shards; None if it does not. Raises ConfigError."""
    route = ROUTES.get(command)
    if route is None:
        return None
    if lists := [name for name in ("urls", "file") if params.get(name) == "-"]:
        raise ConfigError(f"--{lists[0]} -", "each shard would read standard input", "write the list into a file")
    for name in route.refused:
        if params.get(name):
            option = "--report" if name == "report_file" else f"--{name}"
            raise ConfigError(option, f"does not work on the whole fleet {fleet.path}", "name one shard: --shard K")
    return route, sorted(set(route.shards(fleet, params)))


def own_only(ctx: click.Context, folder: ArchiveFolder, named: Sequence[str]) -> list[str]:
    """Return those of the sources and URLs that a shard owns; of an ordinary archive, all of them.

    Raises ConfigError if the user named the shard, and something that it does not own.
    """
    fleet = fleet_of_shard(folder.path) if named else None
    if fleet is None:
        return list(named)
    owners, number = ShardOwners(fleet), int(folder.path.name)
    by_owner = [(text, owners.shard(text)) for text in named]
    foreign = next(((text, owner) for text, owner in by_owner if owner != number), None)
    if foreign is not None and not is_one_of_all(ctx):
        cause = f"belongs to shard {foreign[1]} of this fleet, and this is shard {number}"
        raise ConfigError(foreign[0], cause, f"say --shard {foreign[1]}; or name no shard, and the fleet {fleet.path}")
    return [text for text, owner in by_owner if owner == number]
