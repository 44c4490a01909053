"""Select captures of an archive, or of all shards of a fleet, for a package."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from exports.python_api.archive import Archive
from pipelines.database.connection import Row
from pipelines.selection.captures import CaptureFilter, CaptureSelection
from pipelines.selection.fleet_captures import AnyCaptures, FleetCaptures


def selected_captures(
    archive: Archive,
    wanted: CaptureFilter,
    on_capture: Callable[[Row], object] = lambda capture: None,
    on_rights_progress: Callable[[int, int], object] = lambda done, total: None,
) -> AnyCaptures:
    """Return a snapshot of the captures that a filter selects. Raises as `CaptureSelection` does."""
    db = archive.database
    if isinstance(db, sqlite3.Connection):
        return CaptureSelection(db, archive.warc_storage, wanted, on_capture, on_rights_progress)
    storages = [shard.warc_storage for shard in archive.shards]
    return FleetCaptures(db, storages, wanted, on_capture, on_rights_progress)
