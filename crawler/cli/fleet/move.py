"""`morgue fleet move`: give a source to another shard of its fleet, with all that there is of its site."""

from __future__ import annotations

import signal
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from crawler.cli.common_options import common_options, fleet_of, overrides_of
from crawler.cli.log_options import log_options
from crawler.config.archive_folder import ArchiveFolder
from pipelines.core.errors import ConfigError
from pipelines.core.plural import counted
from pipelines.fleet.layout import fleet_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawler.config.models import Config
    from pipelines.fleet.layout import FleetFolder
    from pipelines.fleet.plan import MovingPlan


@click.command(name="move")
@click.argument("source", metavar="SOURCE")
@click.option("--to", "target", type=click.IntRange(0), metavar="K", required=True, help="The shard that gets it.")
@common_options
@log_options
@click.pass_context
def move_command(ctx: click.Context, source: str, target: int) -> None:
    """Move a source to shard K, with all sources of its site (registrable domain), their records and their history.

    SOURCE is the name or address of a source, or a site. Records are copied byte for byte into the WARC files of shard
    K, rows keep their numbers, and every copied record is compared with its original before the first shard gives
    anything up. There, a note of the same length takes the place of each record, so no other record moves. Captures
    that other sites of the shard still need (a revisit of the same bytes, a shared picture) stay in both.

    No crawl of the two shards may be running (exit code 4). If it is interrupted, run the same command again.
    """
    from crawler.config.models import load
    from pipelines.core.source_names import source_meant
    from pipelines.core.urls import site_or_none, typed_address

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    fleet = fleet_of(ctx)
    if fleet is None:
        raise ConfigError("morgue fleet move", "is for a fleet", "name its folder: morgue -C DIR fleet move ...")
    fleet.shard_path(target)
    config = load(ArchiveFolder(fleet.path), overrides_of(ctx), skip_broken=True)
    name = source_meant(source, config.homes, config.titles)
    address = config.homes[name] if name is not None else typed_address(source)[0] or source
    site = site_or_none(address) or name
    if site is None:
        raise ConfigError(source, "is no source of this fleet, and no address", "`morgue sources` lists the sources")
    captures = move(fleet, site, target, overrides_of(ctx))
    if captures is None:
        click.echo(f"{site} is in shard {target} already")
    else:
        click.echo(f"{site} is in shard {target} now ({counted(captures, 'capture')} moved)")


def move(fleet: FleetFolder, site: str, target: int, overrides: Sequence[str]) -> int | None:
    """Move a site, or go on moving it; return how many captures left, or None if it is there already.

    Raises MorgueError.
    """
    from pipelines.core.lock import ArchiveLock
    from pipelines.fleet.plan import LOCK_NAME, MovingPlan, must_be_going_on, plan_in

    lock = ArchiveLock(fleet.path / LOCK_NAME)
    try:
        fleet = fleet_at(fleet.path) or fleet  # as the move left it that had the lock before
        plan = plan_in(fleet.path)
        must_be_going_on(plan, site, target, fleet.path)
        origin = plan.shards[0] if plan is not None else fleet.owner_of(site)
        if origin == target:
            return None
        return carry_out(plan or MovingPlan((site,), (origin, target)), fleet, overrides)
    finally:
        lock.release()


def load_shard(fleet: FleetFolder, number: int, overrides: Sequence[str]) -> Config:
    """Return the settings of a shard. Raises ConfigError, MorgueError."""
    from crawler.config.models import load

    return load(ArchiveFolder(fleet.shard_path(number)), overrides, skip_broken=True)


def carry_out(plan: MovingPlan, fleet: FleetFolder, overrides: Sequence[str]) -> int:
    """Do what is left of a move; return how many captures left. Raises MorgueError.

    With a bucket, what arrived is in it before the first shard gives anything up there.
    """
    from crawler.cli.progress_bar import StepProgress
    from crawler.engine.moved_sites import note_move
    from crawler.engine.open_archive import writing
    from crawler.engine.shipping import ship_all
    from pipelines.core.timestamps import now
    from pipelines.core.urls import site_or_none
    from pipelines.fleet.plan import COPYING, TAKING_OUT, end_plan
    from pipelines.moving.arrival import Arrival
    from pipelines.moving.departure import Departure
    from pipelines.warc import manifest

    site = plan.what[0]
    origin, target = (load_shard(fleet, one, overrides) for one in plan.shards)

    def belongs(url: str, name: str) -> bool:
        return (site_or_none(url) or name or url) == site

    with StepProgress() as steps:
        with writing(origin, is_moving=True) as leaving:
            plan.write(fleet.path)
            if plan.step == COPYING:
                with writing(target, is_moving=True) as arriving:
                    Arrival(arriving, origin.folder.database, leaving.storage).bring(belongs, steps)
                ship_all(target)
                plan = replace(plan, step=TAKING_OUT)
                plan.write(fleet.path)
            note_move(origin, fleet, site, plan.shards[-1])
            manifest_file = origin.folder.path / manifest.NAME
            count = Departure(leaving, manifest_file, plan.shards[0], now()).give_up(belongs, steps)
        ship_all(load_shard(fleet, plan.shards[0], overrides))  # with settings that know of the move
    end_plan(fleet.path)
    return count
