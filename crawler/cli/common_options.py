"""Define the options that `morgue` and each command take, -C and -s, and return what the user gave for them."""

from __future__ import annotations

import click

from crawler.config.archive_folder import ArchiveFolder, find


def add_setting(ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> None:
    """Collect `-s key=value`, before or after the command's name, into one list on the root context."""
    ctx.find_root().ensure_object(dict).setdefault("overrides", []).extend(values)


def set_folder(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    """Keep `-C DIR`, before or after the command's name, on the root context."""
    if value is not None:
        ctx.find_root().ensure_object(dict)["folder"] = value


folder_option = click.option("-C", "folder", metavar="DIR", expose_value=False, callback=set_folder, is_eager=True,
                             help="Archive folder (default: $MORGUE_ARCHIVE, or the one you are in).")  # fmt: skip
setting_option = click.option("-s", "settings", metavar="KEY=VALUE", multiple=True, expose_value=False,
                              callback=add_setting, is_eager=True,
                              help="Override a setting for this run, e.g. -s crawl.delay=0. Repeatable.")  # fmt: skip


def folder_of(ctx: click.Context) -> ArchiveFolder:
    """Return the archive folder of this invocation. Raises NoArchive."""
    return find(ctx.find_root().ensure_object(dict).get("folder"))


def overrides_of(ctx: click.Context) -> list[str]:
    """Return the `-s key=value` strings of this invocation, in order."""
    return list(ctx.find_root().ensure_object(dict).get("overrides", []))
