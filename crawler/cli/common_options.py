"""Define the options that `morgue` and each command take, -C and -s, and return what the user gave for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from crawler.config.archive_folder import ArchiveFolder, find
from pipelines.core.errors import ConfigError
from pipelines.core.terminal import plain

if TYPE_CHECKING:
    import sqlite3

    from crawler.config.models import Config
    from crawler.health.settings_files import SettingsFiles, UnchangedFiles


MAX_NUMBER = 10**12  # of rows and the like: more than any archive has, and twice as much still fits into 64 bits
ROWS = click.IntRange(0, MAX_NUMBER)  # 0: usually all
POSITIVE = click.IntRange(1, MAX_NUMBER)


def add_setting(ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> None:
    """Collect `-s key=value`, before or after the command's name, into one list on the root context."""
    ctx.find_root().ensure_object(dict).setdefault("overrides", []).extend(values)


def set_folder(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    """Keep `-C DIR`, before or after the command's name, on the root context."""
    if value is not None:
        ctx.find_root().ensure_object(dict)["folder"] = value


def common_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add -C and -s to a command."""
    folder = click.option("-C", "folder", metavar="DIR", expose_value=False, callback=set_folder, is_eager=True,
                          help="Archive folder (default: $MORGUE_ARCHIVE, or the one you are in).")  # fmt: skip
    settings = click.option("-s", "settings", metavar="KEY=VALUE", multiple=True, expose_value=False,
                            callback=add_setting, is_eager=True,
                            help="Override a setting for this run, e.g. -s crawl.delay=0. Repeatable.")  # fmt: skip
    return folder(settings(function))


def folder_of(ctx: click.Context) -> ArchiveFolder:
    """Return the archive folder of this invocation. Raises NoArchive."""
    return find(ctx.find_root().ensure_object(dict).get("folder"))


def folder_to_read(ctx: click.Context, *, quickly: bool = False) -> ArchiveFolder:
    """Return the archive folder of a command that needs no settings, and name mistakes in them all the same.

    A mistake in an option -s ends the command. One in a file is a warning: it must not keep anybody from reading the
    archive. `quickly` looks only at the names in morgue.toml unless there is an -s: a whole check takes 0.1 s, which is
    a third of a search. Raises NoArchive, ConfigError.
    """
    from crawler.config.setting_names import looks_right

    folder, overrides = folder_of(ctx), overrides_of(ctx)
    if quickly and not overrides and looks_right(folder):
        return folder
    try:
        config_of(ctx)
    except ConfigError as error:
        if overrides:
            raise
        click.echo(f"warning: {plain(str(error))}", err=True)
    return folder


def config_of(ctx: click.Context) -> Config:
    """Return the archive's settings; warn of source files with mistakes, which cost only those sources.

    Raises NoArchive, ConfigError.
    """
    from crawler.config.models import load

    config = load(folder_of(ctx), overrides_of(ctx), skip_broken=True)
    for mistake in config.broken.values():
        click.echo(f"warning: {plain(str(mistake))}", err=True)
    return config


def files_of(ctx: click.Context) -> SettingsFiles:
    """Return what the archive's files say, for a command that works also if no crawl can start with them.

    Raises NoArchive; ConfigError if there is a mistake in an option -s.
    """
    from crawler.health.settings_files import read_files

    files = read_files(folder_of(ctx), overrides_of(ctx))
    if files.error is not None:
        click.echo(f"warning: {plain(str(files.error))}", err=True)
    return files


def files_judged(ctx: click.Context, db: sqlite3.Connection) -> SettingsFiles | UnchangedFiles:
    """Return what the archive's files say; do not read them if they are as they were when they were last judged.

    Raises as `files_of` does, and MorgueError.
    """
    from crawler.health.settings_files import unchanged_files

    unchanged = None if overrides_of(ctx) else unchanged_files(db, folder_of(ctx))
    return unchanged or files_of(ctx)


def overrides_of(ctx: click.Context) -> list[str]:
    """Return the `-s key=value` strings of this invocation, in order."""
    return list(ctx.find_root().ensure_object(dict).get("overrides", []))
