"""List the files in warc/ and compare them with the manifest, by names, sizes and locks. No record is read here."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pipelines.core.errors import ArchiveDamaged, os_errors
from pipelines.verification.findings import Finding
from pipelines.warc import manifest
from pipelines.warc.manifest import ManifestEntry
from pipelines.warc.reader import OPEN

WARC_SUFFIX = ".warc.gz"
DAMAGED_SUFFIX = ".damaged"

State = Literal["finished", "being written", "left open"]


@dataclass(frozen=True, slots=True)
class WarcFileInfo:
    """Hold what is known of a WARC file without reading it."""

    name: str  # in warc/, without `.open`
    size: int  # bytes, when it was listed
    state: State
    modified: float  # seconds since 1970


@dataclass(slots=True)
class Inventory:
    """Hold all that is in warc/, and what the manifest lists."""

    files: dict[str, WarcFileInfo] = field(default_factory=dict)  # by name
    entries: dict[str, ManifestEntry] | None = None  # of the manifest; None: no manifest can be read
    others: list[str] = field(default_factory=list)  # names of files that are not WARC files of the archive
    findings: list[Finding] = field(default_factory=list)


def take_inventory(archive: Path) -> Inventory:
    """List warc/, then read the manifest: a line is written before its file is finished. Raises MorgueError."""
    inventory = Inventory()
    folder = archive / "warc"
    for name in sorted(_names(folder)):
        if name.endswith(WARC_SUFFIX) and "/" not in name:
            _add_finished(inventory, folder, name)
    for name in sorted(_names(folder)):
        if name.endswith(WARC_SUFFIX + OPEN) and "/" not in name:
            _add_open(inventory, folder, name)
        elif not name.endswith(WARC_SUFFIX) or "/" in name:
            inventory.others.append(name)
    path = archive / manifest.NAME
    try:
        if path.exists():
            inventory.entries = manifest.load(path)
        elif any(file.state == "finished" for file in inventory.files.values()):
            inventory.findings.append(Finding(manifest.NAME, None, "no manifest", "the archive has no manifest"))
    except ArchiveDamaged as error:
        inventory.findings.append(Finding(manifest.NAME, None, "bad manifest", f"{error.subject} {error.cause}"))
    inventory.findings += _unlisted_files(inventory)
    return inventory


def is_there(folder: Path, name: str) -> bool:
    """Return True if a folder has a file of this name, finished or `.open`."""
    return "/" not in name and ((folder / name).is_file() or (folder / (name + OPEN)).is_file())


def _names(folder: Path) -> Iterator[str]:
    for path, _, names in os.walk(folder):
        for name in names:
            yield str((Path(path) / name).relative_to(folder))


def _add_finished(inventory: Inventory, folder: Path, name: str) -> None:
    try:
        about = (folder / name).stat()
    except OSError as error:
        finding = Finding(f"warc/{name}", None, "unreadable", error.strerror or str(error))
        inventory.findings.append(finding)
        return
    inventory.files[name] = WarcFileInfo(name, about.st_size, "finished", about.st_mtime)


def _add_open(inventory: Inventory, folder: Path, name: str) -> None:
    path, final = folder / name, folder / name.removesuffix(OPEN)
    try:
        about, alive = path.stat(), _is_written(path)
    except FileNotFoundError:  # finished since it was listed
        if final.name not in inventory.files:
            _add_finished(inventory, folder, final.name)
        return
    if not alive:
        inventory.findings.append(Finding(f"warc/{name}", None, "left open", "its writer ended before it was finished"))
    if final.name not in inventory.files:
        state: State = "being written" if alive else "left open"
        inventory.files[final.name] = WarcFileInfo(final.name, about.st_size, state, about.st_mtime)


def _is_written(path: Path) -> bool:
    """Return True if a living process holds the writer's lock on a file.

    To find out, take the lock for a moment, shared. A writer that begins just then waits that long.
    """
    with os_errors(str(path)):
        try:
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except PermissionError:
            return True  # the file of another user; reading it will say that it cannot be read
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def _unlisted_files(inventory: Inventory) -> Iterator[Finding]:
    """Yield findings for files that are not listed."""
    for name in inventory.others:
        if name.endswith(DAMAGED_SUFFIX):
            yield Finding(f"warc/{name}", None, "set aside", "nothing in this file could be read")
        else:
            yield Finding(f"warc/{name}", None, "extra", "is not a WARC file of the archive")
    if inventory.entries is None:
        return
    for file in inventory.files.values():
        if file.state == "finished" and file.name not in inventory.entries:
            yield Finding(f"warc/{file.name}", None, "extra", "is not in the manifest")
