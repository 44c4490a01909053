"""Keep in the bucket of a fleet which sites were moved, because each machine has a fleet.toml of its own.

The object `moved.json` counts the moves. A machine whose fleet.toml knows of fewer ones gets them before it writes
anything, and a move is refused if another machine has moved a site meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from crawler.engine.shipping import store_of_fleet
from pipelines.core.errors import ArchiveDamaged, ArchiveLocked, ConfigError, NotFound, ObjectChanged
from pipelines.core.plural import counted
from pipelines.fleet.layout import FLEET_NAME, FleetFolder, place_of_shard

if TYPE_CHECKING:
    from crawler.config.models import Config
    from pipelines.bucket.object_store import ObjectStore

KEY = "moved.json"  # below the address of the fleet


class MovedSites(NamedTuple):
    """Hold what the object says."""

    moves: int = 0
    moved: Mapping[str, int] = {}  # site -> shard that owns it
    etag: str | None = None  # None: there is no object


def learn_moves(config: Config) -> int:
    """Bring fleet.toml up to date with moves by other machines; return how many moves the bucket knows of.

    Do nothing for an archive that is no shard, or has no bucket. Raises MorgueError.
    """
    place = place_of_shard(config.folder.path)
    if place is None or not config.storage.bucket:
        return 0
    fleet, store = place.fleet, store_of_fleet(config)
    found = _read(store, fleet)
    if found.moves > fleet.moves:
        fleet._replace(moves=found.moves, moved=found.moved).write()
    elif found.moves < fleet.moves:  # the fleet had no bucket when they were made
        _put(store, fleet, found)
    return found.moves


def must_know_moves(config: Config) -> None:
    """Do what `learn_moves` does, and raise ArchiveLocked if these settings were read before. Raises MorgueError."""
    new = learn_moves(config) - config.others.moves
    if new > 0:
        cause, cure = f"did not know of {counted(new, 'move')} of a site", "it does now: give the same command again"
        raise ArchiveLocked(str(config.folder.path.parents[1] / FLEET_NAME), cause, cure, is_suspicious=True)


def note_move(config: Config, fleet: FleetFolder, site: str, target: int) -> None:
    """Give a site to a shard: in the bucket, if there is one, and in fleet.toml. Raises ArchiveLocked, MorgueError."""
    now = fleet.with_owner(site, target)
    if now is fleet:
        return
    if config.storage.bucket:
        store = store_of_fleet(config)
        found = _read(store, fleet)
        if found.moves != fleet.moves:
            cause = "another machine has moved a site meanwhile"
            raise ArchiveLocked(store.location(KEY), cause, "give the same command again", is_suspicious=True)
        _put(store, now, found)
    now.write()


def _read(store: ObjectStore, fleet: FleetFolder) -> MovedSites:
    """Return what the bucket says. Raises ArchiveDamaged, ConfigError, MorgueError."""
    from pipelines.bucket.object_store import read_whole

    found = read_whole(store, KEY)
    if found is None:
        return MovedSites()
    try:
        values = json.loads(found.data)
        identifier, moves = str(values["fleet"]), int(values["moves"])
        moved = {str(site): int(number) for site, number in values["moved"].items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        cure = f"delete it, if {fleet.path / FLEET_NAME} knows of all moves: the next run writes it again"
        raise ArchiveDamaged(store.location(KEY), "does not say which sites were moved", cure) from error
    if identifier != fleet.id:
        cause = f"is of fleet {identifier}; this is fleet {fleet.id}"
        raise ConfigError(store.location(KEY), cause, "give each fleet an address of its own, such as s3://BUCKET/NAME")
    if any(not 0 <= number < fleet.shards for number in moved.values()):
        cause = f"names a shard that {fleet.path / FLEET_NAME} does not have"
        raise ConfigError(store.location(KEY), cause, "put back the number of shards that the fleet was made with")
    return MovedSites(moves, moved, found.etag)


def _put(store: ObjectStore, fleet: FleetFolder, found: MovedSites) -> None:
    """Put what a fleet knows in the place of what was found. Raises ArchiveLocked, MorgueError."""
    from pipelines.bucket.object_store import put_over

    data = json.dumps({"fleet": fleet.id, "moves": fleet.moves, "moved": dict(fleet.moved)}, indent=0).encode()
    try:
        put_over(store, KEY, data, found.etag)
    except (ObjectChanged, NotFound) as error:
        now = _read(store, fleet)
        if (now.moves, now.moved) == (fleet.moves, fleet.moved):
            return  # another shard of this machine put it
        cause = "another machine has moved a site meanwhile"
        cure = "give the same command again"
        raise ArchiveLocked(store.location(KEY), cause, cure, is_suspicious=True) from error
