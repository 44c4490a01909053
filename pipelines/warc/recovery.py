"""Finish WARC files that a crash left `.open`: keep whole records, cut off a torn one, list the file."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from pipelines.core.durability import evict
from pipelines.core.errors import os_errors
from pipelines.core.items import DatabaseState
from pipelines.core.plural import counted
from pipelines.core.timestamps import fine_stamp
from pipelines.warc import manifest
from pipelines.warc.reader import TORN, walk
from pipelines.warc.record import WarcFields, WarcRecord, digest, gzip_member, new_id, warc_fields
from pipelines.warc.storage import OPEN_SUFFIX, WarcStorage
from pipelines.warc.writer import append_members

logger = logging.getLogger("morgue.warc")

BeforeListing = Callable[[str], object]  # takes the name under which the mended file is stored, with `.open`


class RecoveredFile(NamedTuple):
    """Say what became of a file that a crash had left `.open`."""

    file: str  # final name
    messages: tuple[str, ...]  # sentences for the user
    finished: bool  # True: finished and listed. False: it held no record, or none that could be read


def recover(
    storage: WarcStorage,
    manifest_path: Path | None = None,
    before_listing: BeforeListing | None = None,
    state: DatabaseState | None = None,
) -> list[RecoveredFile]:
    """Finish the files that a crash left `.open`, enter them in a manifest, and return what was done with each.

    Whole records are kept. A torn record at the end is cut off, and a metadata record says so; nothing torn was ever
    acknowledged, because rows are committed after `sync`. A file without any record but its warcinfo is removed.
    Files that a living process still writes are left alone.

    `before_listing` is called for each file that is kept, after it was mended and before it is listed and renamed.
    What it has to remember of the file must be durable when it returns: another crash may come, and the file is not
    looked through again. `state`: of the database, for the manifest. Raises MorgueError (disk, permissions).
    """
    recovered = []
    for name in storage.list().unfinished:
        with os_errors(storage.location(name + OPEN_SUFFIX)):
            file = storage.lock_unfinished(name)
            if file is None:
                continue
            try:
                recovered.append(_mend(storage, name, file, manifest_path, before_listing, state))
            finally:
                os.close(file)
    return recovered


def _mend(
    storage: WarcStorage,
    name: str,
    file: int,
    manifest_path: Path | None,
    before_listing: BeforeListing | None,
    state: DatabaseState | None,
) -> RecoveredFile:
    logger.info("%(file)s was left open by a crash; it is kept up to its last whole record", {"file": name})
    stored_name = name + OPEN_SUFFIX
    os.fsync(file)
    evict(file)
    damages: list[tuple[int, int, str]] = []
    contents, end, warcinfo_id = manifest.FileContents(), 0, None
    for record in walk(storage, stored_name, on_damage=lambda *damage: damages.append(damage)):
        end = record.offset + record.length
        contents.count(record.headers)
        if record.headers.get("WARC-Type") == "warcinfo" and warcinfo_id is None:  # later ones were imported
            warcinfo_id = record.headers.get("WARC-Record-ID")
    if contents.records <= (warcinfo_id is not None):
        message = _put_away(storage, name, only_torn=all(why == TORN for _, _, why in damages))
        return RecoveredFile(name, (message,), finished=False)
    messages = [
        f"{name}: damaged from byte {offset} on for {counted(length, 'byte')} ({why}); nothing there was touched"
        for offset, length, why in damages
        if offset < end
    ]
    torn = os.fstat(file).st_size - end
    if torn:
        note = f"{counted(torn, 'byte')} of a record that was torn by a crash were cut off at byte {end}"
        repair = _repair_record(note, warcinfo_id)
        append_members(file, end, [gzip_member(repair)])
        contents.count(repair.fields)
        messages.append(f"{name}: {note}")
    else:
        messages.append(f"{name}: was left open by a crash; it is whole")
    os.fsync(file)
    if before_listing is not None:
        before_listing(stored_name)
    if manifest_path is not None:
        with storage.open(stored_name) as data:
            contents.add_file(data)
        manifest.add(manifest_path, contents.entry(name, state))
    storage.finish(name)
    about = {"file": name, "records": contents.records, "cut": torn}
    logger.info("%(file)s is recovered (records: %(records)d, bytes cut off: %(cut)d)", about)
    return RecoveredFile(name, tuple(messages), finished=True)


def _put_away(storage: WarcStorage, name: str, *, only_torn: bool) -> str:
    """Remove a file in which no record was ever whole, or rename it if one may have been; return a sentence."""
    if only_torn:
        storage.discard(name)
        message = f"{name}: held no record yet and was removed"
    else:
        message = f"{name}: nothing in it can be read; it was put aside as {storage.set_aside(name)}"
    storage.sync_names()
    return message


def _repair_record(text: str, warcinfo_id: str | None) -> WarcRecord:
    """Return a metadata record about the file itself (WARC 1.1 section 6.6)."""
    block = warc_fields([("repair", text)])
    fields = [
        ("WARC-Type", "metadata"),
        ("WARC-Record-ID", new_id()),
        ("WARC-Date", fine_stamp(datetime.now(UTC))),
        ("Content-Type", "application/warc-fields"),
        ("WARC-Block-Digest", digest(block)),
    ]
    if warcinfo_id is not None:
        fields += [("WARC-Warcinfo-ID", warcinfo_id), ("WARC-Refers-To", warcinfo_id)]
    return WarcRecord(WarcFields(fields), block)
