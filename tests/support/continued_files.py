"""WARC files that several runs of a writer continue, with their manifest: made, and checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipelines.warc import manifest
from pipelines.warc.manifest import ManifestEntry
from pipelines.warc.record import RecordLocation
from pipelines.warc.storage import WarcStorage
from pipelines.warc.writer import WarcWriter
from tests.support.warc_records import INFO, noise, record, response, with_warcinfo_id

DAY_SECONDS = 86_400.0


def manifest_of(folder: Path) -> Path:
    """Return the path of the manifest of the WARC files in a folder."""
    return folder.parent / manifest.NAME


def writer_of(folder: Path, **options: Any) -> WarcWriter:
    """Return a writer that continues the file of the last run."""
    folder.mkdir(exist_ok=True)
    options = {"max_age": DAY_SECONDS, "info": INFO} | options
    return WarcWriter(WarcStorage(folder), manifest_path=manifest_of(folder), **options)


def append(writer: WarcWriter, seed: int = 1, size: int = 2000) -> RecordLocation:
    """Append one response, durably."""
    place = writer.append(with_warcinfo_id([record(response(noise(size, seed)))], writer))[0]
    writer.sync()
    return place


def one_run(folder: Path, *seeds: int, **options: Any) -> list[RecordLocation]:
    """Write a response for each seed, and close the file."""
    writer = writer_of(folder, **options)
    places = [append(writer, seed) for seed in seeds]
    writer.close()
    return places


def entries_of(folder: Path) -> dict[str, ManifestEntry]:
    """Return the manifest."""
    return manifest.load(manifest_of(folder))


def differing(folder: Path) -> list[str]:
    """Return the names of finished files that are not as the manifest lists them, and of all other files."""
    entries, found = entries_of(folder), []
    for path in sorted(folder.iterdir()):
        entry = entries.get(path.name)
        if entry is None or path.stat().st_size != entry.size:
            found.append(path.name)
            continue
        with path.open("rb") as file:
            found += [path.name] if manifest.differing_parts(file, entry) else []
    return [*found, *(entries.keys() - {path.name for path in folder.iterdir()})]
