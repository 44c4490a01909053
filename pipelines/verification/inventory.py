"""List the files in warc/ and compare them with the manifest, by names, sizes and locks. No record is read here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pipelines.bucket.opening import warc_storage
from pipelines.core.errors import ArchiveDamaged
from pipelines.verification.findings import Finding
from pipelines.warc import manifest
from pipelines.warc.manifest import ManifestEntry
from pipelines.warc.storage import DAMAGED_SUFFIX, OPEN_SUFFIX, WarcStorage

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
    storage = warc_storage(archive).looked_through()
    for name in storage.list().finished:
        _add_finished(inventory, storage, name)
    listing = storage.list()  # again: a file may have been finished meanwhile
    for name in listing.unfinished:
        _add_open(inventory, storage, name)
    inventory.others = listing.others
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


def _add_finished(inventory: Inventory, storage: WarcStorage, name: str) -> None:
    try:
        status = storage.status(name)
    except OSError as error:
        finding = Finding(f"warc/{name}", None, "unreadable", error.strerror or str(error))
        inventory.findings.append(finding)
        return
    inventory.files[name] = WarcFileInfo(name, status.size, "finished", status.modified_ns / 1e9)


def _add_open(inventory: Inventory, storage: WarcStorage, name: str) -> None:
    path = name + OPEN_SUFFIX
    try:
        status, alive = storage.status(path), storage.is_being_written(name)
    except FileNotFoundError:  # finished since it was listed
        if name not in inventory.files:
            _add_finished(inventory, storage, name)
        return
    if not alive:
        inventory.findings.append(Finding(f"warc/{path}", None, "left open", "its writer ended before it was finished"))
    if name not in inventory.files:
        state: State = "being written" if alive else "left open"
        inventory.files[name] = WarcFileInfo(name, status.size, state, status.modified_ns / 1e9)


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
