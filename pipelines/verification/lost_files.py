"""Name the WARC files of a shard that were begun and never reached its bucket: their machine is gone, or off."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.bucket.opening import fleet_store, warc_storage
from pipelines.core.errors import MorgueError
from pipelines.core.plural import counted, verb
from pipelines.fleet.layout import place_of_shard
from pipelines.verification.findings import Finding

SECONDS = 10.0  # that the bucket may take to answer
TRIES = 2


@dataclass(frozen=True, slots=True)
class LostFiles:
    """Hold the WARC files whose captures are lost."""

    never_arrived: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # by name: machine and time
    given_up: frozenset[str] = frozenset()  # names of those for which nobody waits any more
    unknown: str = ""  # why they could not be asked for

    def findings(self, rows: Mapping[str, sqlite3.Row]) -> Iterator[Finding]:
        """Yield a finding for each file that never arrived. `rows`: those that point into it, by file."""
        for name, (host, time) in sorted(self.never_arrived.items()):
            known = rows[name]["rows"] if name in rows else 0
            what = f"was begun on {host} at {time}, and never reached the bucket; what it held is lost: "
            what += f"{counted(known, 'capture')} known here" if known else "it is not known how many captures"
            yield Finding(f"warc/{name}", None, "never arrived", what)

    def left_out(self, rows: Mapping[str, sqlite3.Row]) -> Iterator[str]:
        """Yield sentences about what cannot be checked."""
        if self.unknown:
            yield f"whether WARC files never reached the bucket: {self.unknown}"
        for name in sorted(self.given_up & rows.keys()):
            known = rows[name]["rows"]
            records = f"{verb(known, 'the record', 'the records')} of {counted(known, 'capture')}"
            yield f"{records} in warc/{name}, which never reached the bucket and was given up"


def lost_files(archive: Path) -> LostFiles:
    """Return the lost WARC files of a shard that has a bucket; none for any other archive. Asks the bucket once."""
    try:
        place = place_of_shard(archive)
        store = None if place is None else fleet_store(archive, seconds=SECONDS, tries=TRIES)
        if place is None or store is None:
            return LostFiles()
        from pipelines.bucket.shard_head import read_head

        head, storage = read_head(store, place.fleet.id, place.number), warc_storage(archive)
        missing = {name: (file.host, file.time) for name, file in head.missing().items() if not storage.has(name)}
        return LostFiles(missing, frozenset(name for name in head.given_up if not storage.has(name)))
    except MorgueError as error:
        return LostFiles(unknown=f"{error.subject}: {error.cause}")
