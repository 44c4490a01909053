"""Finish WARC files that a crash left `.open`: keep whole records, cut off a torn one, list the file.

Of a file that the crashed run was continuing, only what comes after the listed bytes is read, and only that may be cut.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pipelines.core.errors import ArchiveDamaged, os_errors
from pipelines.core.items import DatabaseState
from pipelines.core.plural import counted
from pipelines.core.safe_open import evict
from pipelines.core.timestamps import fine_stamp, now
from pipelines.warc import manifest
from pipelines.warc.manifest import ManifestEntry
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
    acknowledged, because rows are committed after `sync`. A file without any record but its warcinfo is removed; a file
    that was being continued, and got no more than that, is cut back to what is listed. Files that a living process
    still writes are left alone.

    `before_listing` is called for each file that is kept, after it was mended and before it is listed and renamed.
    Rows that it writes about the file must be durable when it returns: another crash may come, and the file is not read
    through again. `state`: of the database, for the manifest. Raises MorgueError (disk, permissions).
    """
    recovered: list[RecoveredFile] = []
    unfinished = storage.list().unfinished
    listed = _listed(manifest_path) if unfinished else {}
    for name in unfinished:
        with os_errors(storage.location(name + OPEN_SUFFIX)):
            file = storage.lock_unfinished(name)
            if file is None:
                continue
            try:
                if storage.settle_copies(name) == "open":
                    message = f"{name}: what was left open is all in the finished file of this name; it was removed"
                    recovered.append(RecoveredFile(name, (message,), finished=True))
                    continue
                recovered.append(
                    _Mending(storage, name, file, listed.get(name)).run(manifest_path, before_listing, state)
                )
            finally:
                os.close(file)
    return recovered


def _listed(manifest_path: Path | None) -> dict[str, ManifestEntry]:
    """Return what is listed; nothing if the manifest is damaged: then a rebuild lists every file anew."""
    try:
        return {} if manifest_path is None else manifest.load(manifest_path)
    except ArchiveDamaged as error:
        logger.warning("%(error)s", {"error": error})
        return {}


class _Mending:
    """Mend one `.open` file."""

    def __init__(self, storage: WarcStorage, name: str, file: int, listed: ManifestEntry | None) -> None:
        self.storage, self.name, self.file, self.listed = storage, name, file, listed
        self.stored_name = name + OPEN_SUFFIX
        self.contents = manifest.FileContents(listed)
        self.start = self.end = self.contents.size  # where unlisted bytes begin; where the last whole record ends
        self.damages: list[tuple[int, int, str]] = []

    def run(
        self, manifest_path: Path | None, before_listing: BeforeListing | None, state: DatabaseState | None
    ) -> RecoveredFile:
        logger.info("%(file)s was left open by a crash; it is kept up to its last whole record", {"file": self.name})
        os.fsync(self.file)
        evict(self.file)
        size = os.fstat(self.file).st_size
        if size < self.start:
            self.storage.finish(self.name)
            message = f"{self.name}: ends at byte {size}, but {self.start} bytes of it are listed; see `morgue verify`"
            return RecoveredFile(self.name, (message,), finished=True)
        warcinfo_id = self._read()
        if self.start == 0 and self.contents.records <= (warcinfo_id is not None):
            only_torn = all(why == TORN for _, _, why in self.damages)
            message = _put_away(self.storage, self.name, only_torn=only_torn)
            return RecoveredFile(self.name, (message,), finished=False)
        if size > self.start and self.contents.added_records <= (warcinfo_id is not None):
            messages = [self._cut_back()]
        else:
            messages = self._cut_torn_record(size, warcinfo_id)
        os.fsync(self.file)
        if before_listing is not None:
            before_listing(self.stored_name)
        if manifest_path is not None and (self.contents.added_records or self.listed is None):
            with self.storage.open(self.stored_name) as data:
                self.contents.add_file(data)
            manifest.add(manifest_path, self.contents.entry(self.name, state))
        self.storage.finish(self.name)
        about = {"file": self.name, "records": self.contents.records, "cut": max(0, size - self.end)}
        logger.info("%(file)s is recovered (records: %(records)d, bytes cut off: %(cut)d)", about)
        return RecoveredFile(self.name, tuple(messages), finished=True)

    def _read(self) -> str | None:
        """Count the unlisted records. Return the id of their warcinfo record: it is the first; others were imported."""
        warcinfo_id = None
        on_damage = lambda *damage: self.damages.append(damage)  # noqa: E731
        for record in walk(self.storage, self.stored_name, on_damage, self.start):
            self.end = record.offset + record.length
            self.contents.count(record.headers)
            if record.headers.get("WARC-Type") == "warcinfo" and warcinfo_id is None:
                warcinfo_id = record.headers.get("WARC-Record-ID")
        return warcinfo_id

    def _cut_back(self) -> str:
        """Cut off what a run added to a listed file before it had a whole record; return a sentence."""
        os.ftruncate(self.file, self.start)
        self.contents, self.end = manifest.FileContents(self.listed), self.start
        return f"{self.name}: was continued without a whole record; it is cut back to its {self.start} listed bytes"

    def _cut_torn_record(self, size: int, warcinfo_id: str | None) -> list[str]:
        """Cut off a torn record at the end, and append a record that says so. Return sentences."""
        messages = [
            f"{self.name}: damaged from byte {offset} on for {counted(length, 'byte')} ({why}); "
            "nothing there was touched"
            for offset, length, why in self.damages
            if offset < self.end
        ]
        torn = size - self.end
        if not torn:
            return [*messages, f"{self.name}: was left open by a crash; it is whole"]
        note = f"{counted(torn, 'byte')} of a record that was torn by a crash were cut off at byte {self.end}"
        repair = _repair_record(note, warcinfo_id)
        append_members(self.file, self.end, [gzip_member(repair)])
        self.contents.count(repair.fields)
        return [*messages, f"{self.name}: {note}"]


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
        ("WARC-Date", fine_stamp(now())),
        ("Content-Type", "application/warc-fields"),
        ("WARC-Block-Digest", digest(block)),
    ]
    if warcinfo_id is not None:
        fields += [("WARC-Warcinfo-ID", warcinfo_id), ("WARC-Refers-To", warcinfo_id)]
    return WarcRecord(WarcFields(fields), block)
