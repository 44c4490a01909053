"""`morgue fleet split`: make a fleet of an archive, or another fleet of a fleet."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import click

from crawler.cli.common_options import common_options, overrides_of, settings_folder_of
from crawler.cli.log_options import log_options
from crawler.config.archive_folder import SETTINGS, ArchiveFolder, find
from pipelines.bucket.opening import warc_storage
from pipelines.core.errors import ConfigError, os_errors
from pipelines.core.plural import counted
from pipelines.core.safe_open import PRIVATE_MODE, create, read_bytes
from pipelines.fleet.layout import (
    DEFAULT_SHARDS,
    MAX_SHARDS,
    SHARDS_FOLDER,
    FleetFolder,
    fleet_at,
    fleet_of_shard,
    shard_settings,
)

if TYPE_CHECKING:
    from crawler.cli.progress_bar import StepProgress
    from crawler.config.models import Config
    from pipelines.fleet.plan import MovingPlan


@click.command(name="split")
@click.argument("archive", metavar="[ARCHIVE]", required=False)
@click.option("--shards", type=click.IntRange(1, MAX_SHARDS), metavar="N", default=DEFAULT_SHARDS, show_default=True,
              help="How many archives.")  # fmt: skip
@click.option("--into", metavar="DIR", help="Folder of the fleet, which is made (default: ARCHIVE-fleet).")
@common_options
@log_options
@click.pass_context
def split_command(ctx: click.Context, archive: str | None, shards: int, into: str | None) -> None:
    """Make a fleet of N archives out of ARCHIVE (default: the one you are in).

    All rows and all WARC records are copied into a new folder; ARCHIVE stays as it is. Each site (registrable domain)
    goes to the shard that owns it, with its sources, articles, history, queue and records. Numbers stay, and settings
    and sources/ are copied. If ARCHIVE is a fleet, a fleet with another number of shards is made of it in the same way.

    Every copied record is compared with its original. When `morgue verify` finds no problem in the fleet, and you have
    a copy of it, delete ARCHIVE yourself. The new folder takes as much disk as ARCHIVE.

    If it is interrupted, run the same command again: it goes on with the shard at which it stopped. If ARCHIVE has
    changed since, it begins again. Exit code 4: a crawl is writing to ARCHIVE.
    """
    from crawler.config.models import load

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    origin = settings_folder_of(ctx) if archive is None else find(archive)
    target = Path(into).expanduser().absolute() if into else origin.path.with_name(f"{origin.path.name}-fleet")
    fleet = fleet_at(origin.path)
    if fleet is None and fleet_of_shard(origin.path) is not None:
        raise ConfigError(str(origin.path), "is a shard of a fleet", "split the fleet: name the folder two above")
    config = load(origin, overrides_of(ctx), skip_broken=True)
    check_target(target, origin.path)
    split(config, fleet, target, shards)
    click.echo(f"new fleet of {counted(shards, 'shard')}: {target}")
    if config.storage.bucket:
        cure = f"set [storage] bucket in {target / SETTINGS} to another one before the first crawl"
        click.echo(f"  its WARC files are here; {config.storage.bucket} has those of {origin.path}: {cure}")
    click.echo(f"  {origin.path} is as it was: delete it when `morgue -C {target} verify` finds no problem")


def check_target(target: Path, origin: Path) -> None:
    """Check that a fleet can be made in a folder, or its making go on. Raises ConfigError, MorgueError."""
    from pipelines.fleet.plan import LOCK_NAME, plan_in

    with os_errors(str(target)):
        others = {one.name for one in target.iterdir()} - {LOCK_NAME} if os.path.lexists(target) else set()
        inside = target.resolve().is_relative_to(origin.resolve())
    plan = plan_in(target)
    fleet = fleet_at(target)
    if fleet is not None and (plan is None or plan.id != fleet.id):
        raise ConfigError(str(target), "is a fleet already", "name another folder: --into DIR")
    if others and (plan is None or not plan.id):
        raise ConfigError(str(target), "exists already, and is not empty", "name another folder: --into DIR")
    if inside:
        raise ConfigError(str(target), f"is within {origin}", "name a folder elsewhere: --into DIR")


def split(config: Config, old_fleet: FleetFolder | None, target: Path, shards: int) -> None:
    """Make the fleet, or go on making it. Raises MorgueError."""
    from crawler.cli.progress_bar import StepProgress
    from pipelines.core.lock import ArchiveLock
    from pipelines.fleet.plan import LOCK_NAME, MovingPlan, end_plan, plan_in
    from pipelines.moving.wholeness import archives_in, must_be_whole, state_of

    origins = [config.folder.path] if old_fleet is None else old_fleet.shard_paths()
    with ExitStack() as stack:
        stack.enter_context(locked(config, origins))
        with os_errors(str(target)):
            target.mkdir(parents=True, exist_ok=True)
        stack.callback(ArchiveLock(target / LOCK_NAME).release)
        steps = stack.enter_context(StepProgress())
        check_target(target, config.folder.path)
        states = tuple(state_of(ArchiveFolder(one).database) for one in origins)
        plan = plan_in(target)
        if plan is None or (plan.what, plan.shards) != (states, (shards,)):
            if plan is not None and archives_in(plan.what) != archives_in(states):
                cause = "is being made of another archive, and that was stopped"
                raise ConfigError(str(target), cause, "name another folder (--into DIR), or delete this one")
            with os_errors(str(target)):
                shutil.rmtree(target / SHARDS_FOLDER, ignore_errors=True)
            plan = MovingPlan(states, (shards,), str(uuid4()))
            plan.write(target)
        moved = {} if old_fleet is None else {site: one for site, one in old_fleet.moved.items() if one < shards}
        fleet = FleetFolder(target, plan.id, shards, moved)
        for number in range(shards):
            if number not in plan.done:
                make_shard_of(config, origins, fleet, number, steps)
                plan = plan.with_done(number)
                plan.write(target)
        must_be_whole(
            [ArchiveFolder(one).database for one in origins],
            [ArchiveFolder(one).database for one in fleet.shard_paths()],
            target,
        )
        finish(config, fleet, plan)
        end_plan(target)


@contextmanager
def locked(config: Config, origins: Sequence[Path]) -> Iterator[None]:
    """Lock archives, after what a crash left in them is recovered. Raises ArchiveLocked, MorgueError."""
    from crawler.engine.open_archive import writing
    from pipelines.core.archive_layout import LOCK_NAME, is_export
    from pipelines.core.lock import ArchiveLock

    with ExitStack() as stack:
        for path in origins:
            if is_export(path):
                raise ConfigError(str(path), "was exported without WARC files", "split the archive that it came from")
            if warc_storage(path).list().unfinished:
                with writing(replace(config, folder=ArchiveFolder(path))):
                    pass
            stack.callback(ArchiveLock(path / LOCK_NAME).release)
        yield


def make_shard_of(
    config: Config, origins: Sequence[Path], fleet: FleetFolder, number: int, steps: StepProgress
) -> None:
    """Make one shard from the beginning: what a killed run left of it is deleted. Raises MorgueError."""
    from crawler.config.capture_settings import StorageSettings
    from crawler.engine.open_archive import writing
    from pipelines.database.schema.numbers import make_shard, raise_floors
    from pipelines.moving.arrival import Arrival
    from pipelines.moving.wholeness import highest_of

    path = fleet.shard_path(number)
    with os_errors(str(path)):
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        create(path / SETTINGS, shard_settings(fleet, number).encode())

    @lru_cache(maxsize=1 << 16)
    def belongs(url: str, name: str) -> bool:
        return fleet.owner_of_url(url, name) == number

    def report(step: str, done: int, total: int) -> None:
        steps(f"shard {number} of 0-{fleet.shards - 1}: {step}", done, total)

    here = replace(
        config, folder=ArchiveFolder(path), storage=StorageSettings()
    )  # the bucket has other archives' files
    with writing(here) as archive_writer:
        archive_writer.call(make_shard, archive_writer.db, fleet.id, number, fleet.shards)
        for origin in map(ArchiveFolder, origins):
            archive_writer.call(raise_floors, archive_writer.db, highest_of(origin.database, number))
            arrival = Arrival(archive_writer, origin.database, warc_storage(origin.path))
            arrival.bring(belongs, report, rest=number == 0)


def finish(config: Config, fleet: FleetFolder, plan: MovingPlan) -> None:
    """Copy settings and sources, and make the folder a fleet. Raises MorgueError."""
    assert len(plan.done) == fleet.shards
    with os_errors(str(fleet.path)):
        made = ArchiveFolder(fleet.path)
        made.sources.mkdir(exist_ok=True)
        files = sorted(config.folder.sources.glob("*.toml")) if config.folder.sources.is_dir() else []
        copies = [(path, made.sources / path.name) for path in files]
        for path, copy in (*copies, (config.folder.settings, fleet.path / SETTINGS)):  # the last makes it an archive
            if copy == fleet.path / SETTINGS:
                fleet.write()
            data = read_bytes(path)
            copy.unlink(missing_ok=True)
            create(copy, data, mode=PRIVATE_MODE if copy.name == SETTINGS else 0o666)
