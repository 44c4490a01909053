"""Name what the folder of a fleet holds, and read and write `fleet.toml`, which says how many shards there are.

morgue.toml     the settings of all shards
sources/        the sources of all shards
fleet.toml      the fleet's id, the number of shards, and which sites were moved to another shard
shards/000      an archive: morgue.db, warc/, manifest.jsonl, morgue.lock, and a morgue.toml that names its fleet
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from pipelines.core import safe_open
from pipelines.core.archive_layout import SETTINGS_NAME
from pipelines.core.errors import ArchiveDamaged, ConfigError, MorgueError, os_errors

FLEET_NAME = "fleet.toml"  # this file makes a folder a fleet
SHARDS_FOLDER = "shards"
SHARD_TABLE = "shard"  # in the morgue.toml of a shard: its fleet and number
MAX_SHARDS = 999
DEFAULT_SHARDS = 16
MAX_MOVES = 1 << 53
MAX_FLEET_BYTES = 20_000_000  # of fleet.toml: a line for each site that was moved
MAX_SHARD_SETTINGS_BYTES = 100_000
HEADER = "# Written by morgue. To change it: morgue fleet split, morgue fleet move.\n"


class FleetFolder(NamedTuple):  # a dataclass takes a millisecond to make, which each command would pay
    """Name the shards of one fleet, and the owner of each site."""

    path: Path
    id: str  # UUID
    shards: int
    moved: Mapping[str, int] = MappingProxyType({})  # site -> shard that owns it instead
    moves: int = 0  # how often a site was moved

    def shard_path(self, number: int) -> Path:
        """Return the archive folder of a shard. Raises ConfigError if there is no such shard."""
        if not 0 <= number < self.shards:
            cause = f"this fleet has the shards 0 to {self.shards - 1}"
            raise ConfigError(f"shard {number}", cause, f"name one of them, or none for the whole fleet {self.path}")
        return self.path / SHARDS_FOLDER / f"{number:03}"

    def shard_paths(self) -> list[Path]:
        """Return the archive folders of all shards, in order."""
        return [self.shard_path(number) for number in range(self.shards)]

    def owner_of(self, site: str) -> int:
        """Return the number of the shard that owns a site, as `pipelines.core.urls.site_of` names it."""
        from pipelines.fleet.owners import owner_by_hash  # hashlib is a tenth of a search

        moved = self.moved.get(site)
        return owner_by_hash(site, self.shards) if moved is None else moved

    def owner_of_url(self, url: str, name: str = "") -> int:
        """Return the shard that owns the site of a URL; if it is no web address, the shard that owns `name`."""
        from pipelines.core.urls import site_or_none  # its expressions take milliseconds, which a search need not pay

        return self.owner_of(site_or_none(url) or name or url)

    def with_owner(self, site: str, number: int) -> FleetFolder:
        """Return the fleet after a site was given to a shard; itself if that has it already."""
        from pipelines.fleet.owners import owner_by_hash

        if self.owner_of(site) == number:
            return self
        moved = {one: owner for one, owner in self.moved.items() if one != site}
        if owner_by_hash(site, self.shards) != number:
            moved[site] = number
        return self._replace(moved=moved, moves=self.moves + 1)

    def write(self) -> None:
        """Write `fleet.toml` in one step. Raises NotWritable, DiskFull and other MorgueErrors."""
        path = self.path / FLEET_NAME
        moved = "".join(f'"{site}" = {number}\n' for site, number in sorted(self.moved.items()))
        moves = f"moves = {self.moves}\n" if self.moves else ""
        moved = f"\n[moved]\n{moved}" if moved else ""
        text = f'{HEADER}id = "{self.id}"\nshards = {self.shards}\n{moves}{moved}'
        with os_errors(str(path)), safe_open.draft(path) as draft:
            draft.write(text.encode())


class ShardPlace(NamedTuple):
    """Say of which fleet an archive is which shard."""

    fleet: FleetFolder
    number: int


def fleet_at(path: Path) -> FleetFolder | None:
    """Return the fleet in a folder, or None if there is none. Raises ArchiveDamaged, MorgueError."""
    return _read(path) if is_fleet(path) else None


def is_fleet(path: Path) -> bool:
    """Return True if a folder is a fleet."""
    return os.path.lexists(path / FLEET_NAME)


def must_have_its_fleet_file(path: Path) -> None:
    """Raise ArchiveDamaged for a folder with shards and no `fleet.toml`: no archive is to be made in it."""
    if is_fleet(path) or not os.path.lexists(path / SHARDS_FOLDER / "000" / SETTINGS_NAME):
        return
    cure = f"put back a copy; or write id and shards into it by hand: {SHARDS_FOLDER}/000/{SETTINGS_NAME} has the id"
    raise ArchiveDamaged(str(path / FLEET_NAME), f"is not there, and {SHARDS_FOLDER}/ is", cure)


def lost_shard(shard: Path) -> ArchiveDamaged:
    """Return the error for a shard whose database or folder is not there."""
    number = int(shard.name)
    cure = (
        f"`morgue --shard {number} restore` brings it back from the bucket; without one, put back a copy of "
        f"the folder, and if only morgue.db is missing, `morgue --shard {number} rebuild`"
    )
    return ArchiveDamaged(str(shard), "what this shard held is not there", cure)


def shard_without_copy(shard: Path) -> ArchiveDamaged:
    """Return the error for a lost shard of which there is nothing that could be brought back."""
    number = int(shard.name)
    cure = (
        f"put back a copy of the folder; or, with its warc/ in place, `morgue --shard {number} restore --from COPY.db` "
        f"or `morgue --shard {number} rebuild`; or name the bucket that has its files under [storage]"
    )
    return ArchiveDamaged(str(shard), "no copy of its database is there, and no WARC file of it", cure)


def rebuild_of(archive: Path) -> str:
    """Return the command that makes the database of an archive from its WARC files: of a shard, of it alone."""
    return "morgue rebuild" if fleet_above(archive) is None else f"morgue --shard {int(archive.name)} rebuild"


def fleet_above(shard: Path) -> Path | None:
    """Return the folder of the fleet to which an archive folder belongs as a shard, or None."""
    if shard.parent.name != SHARDS_FOLDER or not shard.name.isdecimal():
        return None
    above = shard.parent.parent
    return above if is_fleet(above) else None


def fleet_of_shard(shard: Path) -> FleetFolder | None:
    """Return the fleet to which an archive folder belongs as a shard, or None. Raises ArchiveDamaged, MorgueError."""
    place = place_of_shard(shard)
    return None if place is None else place.fleet


def place_of_shard(shard: Path) -> ShardPlace | None:
    """Return of which fleet an archive folder is which shard, or None. Raises ArchiveDamaged, MorgueError."""
    above = fleet_above(shard)
    return None if above is None else ShardPlace(_read(above), int(shard.name))


def shard_settings(fleet: FleetFolder, number: int) -> str:
    """Return the morgue.toml of a shard, which makes its folder an archive and has no settings."""
    return (
        f"# A shard of the fleet two folders above, whose {SETTINGS_NAME} and sources/ count for all.\n"
        f'{HEADER}[{SHARD_TABLE}]\nfleet = "{fleet.id}"\nnumber = {number}\n'
    )


def wrong_in_shard_settings(shard: Path) -> str:
    """Return what is wrong with the morgue.toml of a shard; "" if it says what it is to say, or this is no shard.

    No command needs what it says, but if `fleet.toml` is lost, the fleet's id is found there. Raises ArchiveDamaged
    for `fleet.toml` itself.
    """
    import tomllib

    place = place_of_shard(shard)
    if place is None:
        return ""
    try:
        with os_errors(str(shard / SETTINGS_NAME)):
            values = tomllib.loads(safe_open.read_bytes(shard / SETTINGS_NAME, MAX_SHARD_SETTINGS_BYTES).decode())
    except (ValueError, RecursionError) as error:
        return f"cannot be read: {error}"
    except MorgueError as error:
        return error.cause
    wanted = {"fleet": place.fleet.id, "number": place.number}
    found = values.get(SHARD_TABLE)
    return "" if found == wanted else f"[{SHARD_TABLE}] is {found}, and was written as {wanted}"


@contextmanager
def shard_folder(shard: Path) -> Iterator[None]:
    """Make the folder of a shard that was lost; do nothing for any other archive.

    It gets its morgue.toml, which makes it a shard again, at the end of the block: after an error it is still lost, so
    that no crawl makes an empty one, which would give these numbers again. Raises NotWritable, MorgueError.
    """
    place = place_of_shard(shard)
    if place is None or os.path.lexists(shard / SETTINGS_NAME):
        yield
        return
    with os_errors(str(shard)):
        shard.mkdir(parents=True, exist_ok=True)
    yield
    with os_errors(str(shard)):
        safe_open.create(shard / SETTINGS_NAME, shard_settings(place.fleet, place.number).encode())


def _read(path: Path) -> FleetFolder:
    with os_errors(str(path / FLEET_NAME)):
        status = os.stat(path / FLEET_NAME, follow_symlinks=False)
    return _read_once(path, (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns))


@lru_cache(maxsize=4)  # each database that is opened asks
def _read_once(path: Path, _stamp: tuple[int, ...]) -> FleetFolder:
    import tomllib  # which an archive that is no fleet need not load

    file = path / FLEET_NAME
    with os_errors(str(file)):
        data = safe_open.read_bytes(file, MAX_FLEET_BYTES)
    try:
        return _checked(path, tomllib.loads(data.decode()))
    except (ValueError, RecursionError) as error:
        cure = f"put back a copy of {FLEET_NAME}; each shard's {SETTINGS_NAME} has the fleet's id"
        raise ArchiveDamaged(str(file), f"says no fleet: {error}", cure) from error


def _checked(path: Path, values: Mapping[str, Any]) -> FleetFolder:
    """Return a fleet by the values of its file. Raises ValueError."""
    identifier, moved = values.get("id"), values.get("moved", {})
    if not isinstance(identifier, str) or not identifier:
        raise ValueError("id is missing")
    shards = _number("shards", values.get("shards"), 1, MAX_SHARDS)
    if not isinstance(moved, dict):
        raise ValueError("[moved] is no table")
    moves = _number("moves", values.get("moves", 0), 0, MAX_MOVES)
    numbers = {site: _number(f"[moved] {site}", number, 0, shards - 1) for site, number in moved.items()}
    return FleetFolder(path, identifier, shards, numbers, moves)


def _number(name: str, value: object, least: int, most: int) -> int:
    """Return a value that is a whole number in a range. Raises ValueError."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ValueError(f"{name} = {value!r} is no number from {least} to {most}")
    return value
