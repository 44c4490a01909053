"""Define the options that `morgue` and each command take, -C and -s, and return what the user gave for them."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from crawler.config.archive_folder import ArchiveFolder, find
from pipelines.core.archive_layout import DATABASE_NAME, SETTINGS_NAME
from pipelines.core.errors import ConfigError
from pipelines.core.terminal import plain
from pipelines.fleet.layout import MAX_SHARDS, FleetFolder, fleet_above, fleet_at, is_fleet, lost_shard, place_of_shard

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from crawler.config.models import Config
    from crawler.health.settings_files import SettingsFiles, UnchangedFiles


SHARD_VARIABLE = "MORGUE_SHARD"  # set for the commands that a command on a whole fleet runs, one for each shard
WORK_KEY = "work"  # of the options that say where a command on a fleet runs, in the `obj` of the root context
MAX_NUMBER = 10**14  # of rows and the like: more than any archive has, and the sum of two fits into SQLite's 64 bits


class RowNumber(click.IntRange):
    """Read a number of rows or the like. Help names only its lower bound: nobody reaches the upper one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number. Raises BadParameter."""
        number = super().convert(value, param, ctx)
        if number > MAX_NUMBER:
            self.fail(f"{number} is too large: say at most {MAX_NUMBER:,}.", param, ctx)
        return number


ROWS = RowNumber(min=0)  # 0: usually all
POSITIVE = RowNumber(min=1)


def add_setting(ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> None:
    """Collect `-s key=value`, before or after the command's name, into one list on the root context."""
    ctx.find_root().ensure_object(dict).setdefault("overrides", []).extend(values)


def set_folder(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    """Keep `-C DIR`, before or after the command's name, on the root context."""
    if value is not None:
        ctx.find_root().ensure_object(dict)["folder"] = value


def set_shard(ctx: click.Context, _param: click.Parameter, value: int | None) -> None:
    """Keep `--shard K`, before or after the command's name, on the root context."""
    if value is not None:
        ctx.find_root().ensure_object(dict)["shard"] = value


def common_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add -C, --shard and -s to a command."""
    folder = click.option("-C", "folder", metavar="DIR", expose_value=False, callback=set_folder, is_eager=True,
                          help="Archive folder (default: $MORGUE_ARCHIVE, or the one you are in).")  # fmt: skip
    settings = click.option("-s", "settings", metavar="KEY=VALUE", multiple=True, expose_value=False,
                            callback=add_setting, is_eager=True,
                            help="Override a setting for this run, e.g. -s crawl.delay=0. Repeatable.")  # fmt: skip
    shard = click.option("--shard", type=click.IntRange(0, MAX_SHARDS - 1), metavar="K", expose_value=False,
                         callback=set_shard, is_eager=True, help="Of a fleet: only this shard, from 0.")  # fmt: skip
    return folder(shard(settings(function)))


class WholeFleet(ConfigError):
    """Report that a command for one archive was given a fleet; see `crawler.cli.fleet.each_shard`."""

    def __init__(self, fleet: FleetFolder, ctx: click.Context) -> None:
        from pipelines.core.plural import counted

        cure = f"name one of them: --shard K, from 0 to {fleet.shards - 1}"
        super().__init__(str(fleet.path), f"is a fleet of {counted(fleet.shards, 'archive')}", cure)
        self.fleet, self.ctx = fleet, ctx


def settings_folder_of(ctx: click.Context) -> ArchiveFolder:
    """Return the folder of this invocation, for its settings and sources: an archive, a shard or a fleet.

    Raises NoArchive; ConfigError for a shard that there is not.
    """
    given = ctx.find_root().ensure_object(dict)
    folder = find(given.get("folder"))
    number = shard_number(ctx)
    if number is None:
        return folder
    fleet = fleet_at(folder.settings_folder)
    if fleet is None:
        raise ConfigError(f"--shard {number}", f"{folder.path} is an archive, and no fleet", "leave --shard out")
    return ArchiveFolder(fleet.shard_path(number))


def shard_number(ctx: click.Context) -> int | None:
    """Return the number of the shard that --shard names, or that a command on the whole fleet runs this one for."""
    given = ctx.find_root().ensure_object(dict).get("shard")
    if given is not None:
        return int(given)
    number = os.environ.get(SHARD_VARIABLE, "")
    return int(number) if number.isdecimal() else None


def is_one_of_all(ctx: click.Context) -> bool:
    """Return True if a command on a whole fleet runs this one, for one of its shards."""
    return SHARD_VARIABLE in os.environ and ctx.find_root().ensure_object(dict).get("shard") is None


def fleet_of(ctx: click.Context) -> FleetFolder | None:
    """Return the fleet that this invocation is about as a whole; None if it is about an archive or one shard.

    Raises NoArchive, ArchiveDamaged.
    """
    return fleet_at(settings_folder_of(ctx).path)


def folder_of(ctx: click.Context, *, may_be_lost: bool = False) -> ArchiveFolder:
    """Return the archive folder of this invocation. Raises NoArchive, ConfigError; WholeFleet for that of a fleet.

    Raises ArchiveDamaged for a shard whose folder is not there, unless it `may_be_lost`.
    """
    folder = settings_folder_of(ctx)
    if fleet_above(folder.path) and not os.path.lexists(folder.path / SETTINGS_NAME):
        must_be_of_fleet(folder.path)
        if not may_be_lost:
            raise lost_shard(folder.path)
    if (fleet := fleet_at(folder.path)) is not None:
        raise WholeFleet(fleet, ctx)
    if ctx.find_root().ensure_object(dict).get(WORK_KEY) and not is_one_of_all(ctx):
        raise ConfigError("--on, --part and --at-once", f"are for a fleet, and {folder.path} is none", "leave them out")
    return folder


def must_be_of_fleet(shard: Path) -> None:
    """Raise ConfigError if `fleet.toml` was changed by hand, so that a shard is not lost: there never was one."""
    from pipelines.database.connection import connect
    from pipelines.database.schema.numbers import must_agree_with_others

    if (place := place_of_shard(shard)) is not None:
        must_agree_with_others(place, shard / DATABASE_NAME, connect)


def folder_to_read(ctx: click.Context) -> ArchiveFolder:
    """Return the archive folder of a command that needs no settings, as `fleet_or_archive` does. Raises WholeFleet."""
    folder_of(ctx)
    return fleet_or_archive(ctx)


def fleet_or_archive(ctx: click.Context, *, quickly: bool = False) -> ArchiveFolder:
    """Return the archive or fleet of a command that needs no settings, and name mistakes in them all the same.

    A mistake in an option -s ends the command. One in a file is a warning: it must not keep anybody from reading the
    archive. `quickly` looks only at the names in morgue.toml unless there is an -s: a whole check takes 0.1 s, which is
    a third of a search. Raises NoArchive, ConfigError.
    """
    from crawler.config.setting_names import looks_right

    folder, overrides = settings_folder_of(ctx), overrides_of(ctx)
    if quickly and not overrides and looks_right(folder):
        return folder
    try:
        _config(ctx, folder)
    except ConfigError as error:
        if overrides:
            raise
        click.echo(f"warning: {plain(str(error))}", err=True)
    return folder


def config_of(ctx: click.Context) -> Config:
    """Return the archive's settings; warn of source files with mistakes, which cost only those sources.

    Raises NoArchive, ConfigError.
    """
    return _config(ctx, folder_of(ctx))


def settings_of(ctx: click.Context) -> Config:
    """Return the settings and sources as `config_of` does, also those of a whole fleet, for commands without rows.

    Raises NoArchive, ConfigError.
    """
    return _config(ctx, settings_folder_of(ctx))


def _config(ctx: click.Context, folder: ArchiveFolder) -> Config:
    from crawler.config.models import load

    config = load(folder, overrides_of(ctx), skip_broken=True)
    for mistake in config.broken.values():
        click.echo(f"warning: {plain(str(mistake))}", err=True)
    return config


def files_of(ctx: click.Context, folder: ArchiveFolder | None = None) -> SettingsFiles:
    """Return what the archive's files say, for a command that works also if no crawl can start with them.

    `folder`: of a shard, if the command is on a fleet.

    Raises NoArchive; ConfigError if there is a mistake in an option -s.
    """
    from crawler.health.settings_files import read_files

    files = read_files(folder or folder_of(ctx), overrides_of(ctx))
    said = ctx.find_root().ensure_object(dict).setdefault("warnings", set())  # shards have one file of settings
    if files.error is not None and str(files.error) not in said:
        said.add(str(files.error))
        click.echo(f"warning: {plain(str(files.error))}", err=True)
    return files


def files_judged(ctx: click.Context, db: sqlite3.Connection) -> SettingsFiles | UnchangedFiles:
    """Return what the archive's files say; do not read them if they are as they were when they were last judged.

    Raises as `files_of` does, and MorgueError.
    """
    from crawler.health.settings_files import unchanged_files

    folder = settings_folder_of(ctx)
    if is_fleet(folder.path):
        from pipelines.database.connection import file_of

        folder = ArchiveFolder(file_of(db).parent)
    unchanged = None if overrides_of(ctx) else unchanged_files(db, folder)
    return unchanged or files_of(ctx, folder)


def overrides_of(ctx: click.Context) -> list[str]:
    """Return the `-s key=value` strings of this invocation, in order."""
    return list(ctx.find_root().ensure_object(dict).get("overrides", []))
