"""What lies below warc/, and whether it is what the manifest lists. Names, sizes and locks; no record is read here."""

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

WARC = ".warc.gz"
DAMAGED = ".damaged"

State = Literal["finished", "being written", "left open"]


@dataclass(frozen=True, slots=True)
class WarcFileInfo:
    """One WARC file."""

    name: str  # below warc/, without `.open`
    size: int  # bytes, when it was listed
    state: State
    modified: float  # seconds since 1970


@dataclass(slots=True)
class Inventory:
    """Everything below warc/."""

    files: dict[str, WarcFileInfo] = field(default_factory=dict)  # by name
    entries: dict[str, ManifestEntry] | None = None  # what the manifest lists; None: there is none that can be read
    others: list[str] = field(default_factory=list)  # names of what is no WARC file of the archive's
    findings: list[Finding] = field(default_factory=list)


def take_inventory(archive: Path) -> Inventory:
    """Look below warc/, then into the manifest: a line is written before its file is finished. Raises MorgueError."""
    inventory = Inventory()
    folder = archive / "warc"
    for name in sorted(_names(folder)):
        if name.endswith(WARC) and "/" not in name:
            _hold(inventory, folder, name)
    for name in sorted(_names(folder)):
        if name.endswith(WARC + OPEN) and "/" not in name:
            _hold_open(inventory, folder, name)
        elif not name.endswith(WARC) or "/" in name:
            inventory.others.append(name)
    path = archive / manifest.NAME
    try:
        if path.exists():
            inventory.entries = manifest.load(path)
        elif any(file.state == "finished" for file in inventory.files.values()):
            inventory.findings.append(Finding(manifest.NAME, None, "no manifest", "the archive has no manifest"))
    except ArchiveDamaged as error:
        inventory.findings.append(Finding(manifest.NAME, None, "bad manifest", f"{error.subject} {error.cause}"))
    inventory.findings += _strangers(inventory)
    return inventory


def is_there(folder: Path, name: str) -> bool:
    """Whether a file of this name lies in a folder, finished or `.open`."""
    return "/" not in name and ((folder / name).is_file() or (folder / (name + OPEN)).is_file())


def _names(folder: Path) -> Iterator[str]:
    for path, _, names in os.walk(folder):
        for name in names:
            yield str((Path(path) / name).relative_to(folder))


def _hold(inventory: Inventory, folder: Path, name: str) -> None:
    try:
        about = (folder / name).stat()
    except OSError as error:
        finding = Finding(f"warc/{name}", None, "unreadable", error.strerror or str(error))
        inventory.findings.append(finding)
        return
    inventory.files[name] = WarcFileInfo(name, about.st_size, "finished", about.st_mtime)


def _hold_open(inventory: Inventory, folder: Path, name: str) -> None:
    path, final = folder / name, folder / name.removesuffix(OPEN)
    try:
        about, alive = path.stat(), _is_written(path)
    except FileNotFoundError:  # finished since it was listed
        if final.name not in inventory.files:
            _hold(inventory, folder, final.name)
        return
    if not alive:
        inventory.findings.append(Finding(f"warc/{name}", None, "left open", "its writer ended before it was finished"))
    if final.name not in inventory.files:
        state: State = "being written" if alive else "left open"
        inventory.files[final.name] = WarcFileInfo(final.name, about.st_size, state, about.st_mtime)


def _is_written(path: Path) -> bool:
    """Whether a living process holds the writer's lock on a file.

    There is no other way to ask than to take a lock, shared and for a moment; a writer that begins waits that long.
    """
    with os_errors(str(path)):
        try:
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except PermissionError:
            return True  # somebody else's; reading it will say that it cannot be read
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def _strangers(inventory: Inventory) -> Iterator[Finding]:
    """Files that nobody has listed."""
    for name in inventory.others:
        if name.endswith(DAMAGED):
            yield Finding(f"warc/{name}", None, "set aside", "a file in which nothing could be read")
        else:
            yield Finding(f"warc/{name}", None, "extra", "is no WARC file of the archive")
    if inventory.entries is None:
        return
    for file in inventory.files.values():
        if file.state == "finished" and file.name not in inventory.entries:
            yield Finding(f"warc/{file.name}", None, "extra", "is not in the manifest")
