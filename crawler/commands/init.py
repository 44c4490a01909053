"""`morgue init`: make a new archive."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from uuid import uuid4

import click

from crawler.config.archive_folder import SETTINGS, ArchiveFolder
from pipelines.core.errors import ConfigError, os_errors
from pipelines.core.plural import counted
from pipelines.core.safe_open import PRIVATE_MODE, create
from pipelines.fleet.layout import (
    DEFAULT_SHARDS,
    FLEET_NAME,
    MAX_SHARDS,
    SHARDS_FOLDER,
    FleetFolder,
    shard_settings,
)

TEMPLATE = Path(__file__).parents[1] / "sources" / "_template.toml"


@click.command()
@click.argument("folder", metavar="[DIR]", default=".")
@click.option("--contact", metavar="MAIL_OR_URL", default="", help="Where owners of sites can reach you.")
@click.option("--name", metavar="ORG", default="", help="Your name or organisation, for the WARC files.")
@click.option("--shards", type=click.IntRange(1, MAX_SHARDS), metavar="N",
              help=f"Make a fleet of N archives that are run and read as one; {DEFAULT_SHARDS} suit most.")  # fmt: skip
def command(folder: str, contact: str, name: str, shards: int | None) -> None:
    """Make a new archive in DIR (default: the current folder).

    It gets settings, a folder for sources, a database and a folder for WARC files. morgue.toml explains every setting
    and shows its default.

    With --shards, DIR becomes a fleet: settings and sources as in any archive, and N archives in shards/, each of which
    owns the sites (registrable domains) that a hash gives it. It is for archives that outgrow a machine: docs/scale.md.
    """
    check_operator(contact, name)
    # Symbolic links are not resolved, because the path is printed for the user to type.
    made = ArchiveFolder(Path(folder).expanduser().absolute())
    check_place(made, {"contact": contact, "name": name})
    make(made, contact, name, shards)
    click.echo(f"new fleet of {counted(shards, 'shard')}: {made.path}" if shards else f"new archive: {made.path}")
    if not contact:
        click.echo(f"  set a contact under [operator] in {made.settings}, so that owners of sites can reach you")
    if folder != ".":
        click.echo(f"  cd {shlex.quote(folder)}")
    click.echo("  morgue add https://a-newspaper.example/    find its feeds and sitemaps, and watch it")
    click.echo("  morgue crawl                               fetch what is due")


def check_operator(contact: str, name: str) -> None:
    """Check contact and name. Raises ConfigError."""
    from crawler.config.value_types import is_contact, is_line

    if not is_contact(contact):
        cure = "say e.g. --contact me@example.org or --contact https://example.org/bot"
        raise ConfigError(f"--contact {contact}", "is not a mail address or URL (in plain ASCII)", cure)
    if not is_line(name):
        raise ConfigError("--name", "is not one line of text", "say e.g. --name 'Example Press Archive'")


def check_place(folder: ArchiveFolder, operator: Mapping[str, str]) -> None:
    """Check that the place holds no archive and no part of one. Raises ConfigError.

    `operator`: keys that the user gave, which an archive has in its settings.
    """
    from crawler.config.plain_values import literal

    with os_errors(str(folder.path)):
        if os.path.lexists(folder.settings):
            cure = f"use it as it is (cd {shlex.quote(str(folder.path))}), or name another folder"
            if given := " and ".join(f"{key} = {literal(value)}" for key, value in operator.items() if value):
                cure += f"\nset {given} under [operator] in {folder.settings}"
            raise ConfigError(str(folder.path), "is an archive already", cure)
        if folder.path.exists() and not folder.path.is_dir():
            raise ConfigError(str(folder.path), "exists and is not a folder", "name another folder")
        for path in (
            folder.database,
            folder.warc,
            folder.sources,
            folder.path / FLEET_NAME,
            folder.path / SHARDS_FOLDER,
        ):
            if os.path.lexists(path):
                touch = f"touch {shlex.quote(str(folder.settings))}"
                cure = f"name another folder; or, if this is an archive, give it default settings: {touch}"
                raise ConfigError(str(folder.path), f"holds {path.name} but no {folder.settings.name}", cure)


def make(folder: ArchiveFolder, contact: str, name: str, shards: int | None = None) -> None:
    """Make all of an archive or fleet; after an error remove what was made. Raises NotWritable, DiskFull."""
    from crawler.config.reference import settings_file

    given = {key: value for key, value in (("contact", contact), ("name", name)) if value}
    fleet = FleetFolder(folder.path, str(uuid4()), shards) if shards else None
    with ExitStack() as undo, os_errors(str(folder.path)):
        make_folders(undo, [*reversed(folder.path.parents), folder.path, folder.sources])
        if fleet is None:
            make_archive(undo, folder)
        else:
            make_shards(undo, fleet)
        for path, text in (
            (folder.sources / "_template.toml", TEMPLATE.read_text(encoding="utf-8")),
            (folder.settings, settings_file({"operator": given})),  # last, because this file makes it an archive
        ):
            # The settings may get the password of a proxy.
            create(path, text.encode(), mode=PRIVATE_MODE if path == folder.settings else 0o666)
            undo.callback(path.unlink, missing_ok=True)
        undo.pop_all()


def make_archive(undo: ExitStack, folder: ArchiveFolder) -> None:
    """Make database and WARC folder of an archive. Raises OSError, MorgueError."""
    from pipelines.database.connection import open_database

    make_folders(undo, [folder.path, folder.warc])
    undo.callback(remove_database, folder.database)
    open_database(folder.database).close()


def make_shards(undo: ExitStack, fleet: FleetFolder) -> None:
    """Make the archives of a fleet, and its file. Raises OSError, MorgueError."""
    make_folders(undo, [fleet.path / SHARDS_FOLDER])
    for number, path in enumerate(fleet.shard_paths()):
        make_archive(undo, ArchiveFolder(path))
        settings = path / SETTINGS
        create(settings, shard_settings(fleet, number).encode())
        undo.callback(settings.unlink, missing_ok=True)
    undo.callback((fleet.path / FLEET_NAME).unlink, missing_ok=True)
    fleet.write()


def make_folders(undo: ExitStack, paths: Iterable[Path]) -> None:
    """Make those of the folders that are missing. Raises OSError."""
    for path in paths:
        if not path.exists():
            path.mkdir()
            undo.callback(rmdir, path)


def rmdir(path: Path) -> None:
    with suppress(OSError):
        path.rmdir()


def remove_database(path: Path) -> None:
    for end in ("", "-wal", "-shm"):
        with suppress(OSError):
            path.with_name(path.name + end).unlink(missing_ok=True)
