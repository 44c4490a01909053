"""Take down pages, prefixes or hosts: remove them from WARC files and database, and leave tombstones.

Removed are all captures of an address (and of every address that the archive knows as the same article) with their
requests, the articles with their revisions, texts and index entries, and what the journal says about them. What stays
is the fact that something was removed, when and why. Neither a crawl nor an import brings it back.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from pipelines.archive.journal import journal_header
from pipelines.core.errors import ArchiveDamaged, os_errors
from pipelines.core.timestamps import stamp
from pipelines.database import removals
from pipelines.database.captures import CaptureLocation
from pipelines.database.frontier import parts
from pipelines.database.frontier.table import FrontierTable
from pipelines.takedown.targets import TakedownTargets
from pipelines.takedown.tombstone import (
    MemberSpan,
    Tombstone,
    journal_member_without,
    moved_member,
    removed_record_ids,
    tombstone_member,
    write_copy,
)
from pipelines.warc import manifest
from pipelines.warc.import_marks import repeated_record
from pipelines.warc.reader import StoredRecord, walk
from pipelines.warc.record import WarcRecord
from pipelines.warc.storage import PART_SUFFIX, WarcStorage

logger = logging.getLogger("morgue.takedown")

DAMAGED_CURE = (
    "nothing was removed; restore the file from a copy (`morgue verify` says what is wrong with it), or say\n"
    "  --damaged-too: then the page is removed from this file as well, and `morgue verify` goes on naming the damage"
)


class Removal:
    """Hold one takedown. The caller holds the archive's lock."""

    def __init__(
        self,
        warc: WarcStorage,
        manifest_file: Path,
        targets: TakedownTargets,
        reason: str,
        time: datetime,
        *,
        is_superseded: Callable[[str, str, int], bool] = lambda *_place: False,
        damaged_too: bool = False,
    ) -> None:
        """Prepare a takedown.

        `is_superseded(record id, file, offset)`: True for the old place of an exchange that was written again
        (`kept_revisits`). `damaged_too`: also rewrite files that differ from their line in the manifest.
        """
        self._is_superseded, self._record_ids = is_superseded, targets.record_ids
        self._parts = {targets.captures[number].record_id for number in targets.captures_of_parts}
        self.damaged_too, self.damaged = damaged_too, dict[str, str]()  # such files: the SHA-256 that they should have
        self.warc, self.manifest_file, self.targets, self.reason, self.time = warc, manifest_file, targets, reason, time
        self.files = 0  # rewritten
        self.bytes = self.records = 0  # removed from them

    def rewrite(self, on_progress: Callable[[str, int, int], object]) -> None:
        """Replace the records in the WARC files, one file after another, and keep the manifest true.

        No file may be open for writing (`ArchiveWriter.at_rest`). All replacements are tried before the first file is
        changed, so that a failure changes nothing. A file that differs from its line in the manifest gets the new
        SHA-256 there with `damaged_too`, and keeps the SHA-256 of the undamaged file beside it, so that `morgue verify`
        goes on naming the file. Raises MorgueError.
        """
        entries, touched = self.look(on_progress)
        self.records = self.bytes = 0
        for done, file in enumerate(touched, 1):
            part = write_copy(self.warc, file, list(self._spans(file)))
            entry = listed_again(self.warc, part, file, entries.get(file))
            entries[file] = replace(entry, was=entry.was or self.damaged.get(file))
            manifest.write(self.manifest_file, entries.values())
            self.warc.replace_by_part(file)
            self.files += 1
            taken = {"file": file, "records": self.records, "bytes": self.bytes}
            logger.info("%(file)s is rewritten (records taken out so far: %(records)d, bytes: %(bytes)d)", taken)
            on_progress("taking out", done, len(touched))

    def look(
        self, on_progress: Callable[[str, int, int], object]
    ) -> tuple[dict[str, manifest.ManifestEntry], list[str]]:
        """Return the lines of the manifest, and the files that are to change, after trying all that changes in them.

        Every finished file is read: journal rows about the targets may be in any file younger than the captures.
        Raises ArchiveDamaged for a file that differs from its line in the manifest, unless `damaged_too`.
        """
        entries = manifest.load(self.manifest_file)
        files = self.warc.list().finished
        of_kept = {capture.file for capture in self.targets.kept.values()}
        touched = []
        for done, file in enumerate(files, 1):
            entry = entries.get(file)
            finish_rewriting(self.warc, file, entry)
            spans = sum(1 for _span in self._spans(file))  # all of them: each may turn out not to fit
            if spans or file in of_kept:
                touched.append(file)
                if entry is not None and (differing := _differing_parts(self.warc, file, entry)):
                    if not self.damaged_too:
                        raise ArchiveDamaged(self.warc.location(file), "is not as the manifest lists it", DAMAGED_CURE)
                    self.damaged[file] = ", ".join(part.sha256 for part in differing)
            on_progress("looking", done, len(files))
        return entries, touched

    def _spans(self, file: str) -> Iterator[MemberSpan]:
        """Yield what changes in a file. The records of an exchange are neighbours, the capture's own record first."""
        record_ids = self._record_ids
        missing = {one.record_id: one for one in self.targets.captures.values() if one.file == file}
        exchange: list[StoredRecord] = []
        for member in walk(self.warc, file, on_damage=lambda *damage: None):
            if exchange and not _is_concurrent_to(member, exchange[0]):
                yield self._replaced(exchange, file)
                exchange = []
            own = missing.pop(member.headers.get("WARC-Record-ID") or "", None)
            is_concurrent = bool(exchange) or not record_ids.isdisjoint(member.headers.all("WARC-Concurrent-To"))
            if is_concurrent or own is not None or self._was_moved(member, file):
                exchange.append(member)
                continue
            for record_id in removed_record_ids(member.block):  # by an earlier run that did not get to the rows
                missing.pop(record_id, None)
            header = journal_header(member.headers)
            if header is not None:
                is_ours = header.archive in (self.targets.archive, None)
                drop = self.targets.concerns if is_ours else self.targets.may_concern
                shorter = journal_member_without(WarcRecord(member.headers, member.block), drop, member.length)
                if shorter is not None:
                    yield MemberSpan(member.offset, member.length, shorter)
        if exchange:
            yield self._replaced(exchange, file)
        for capture in missing.values():  # their records are damaged: only the database knows where they are
            yield self._entomb_damaged(capture)

    def _was_moved(self, member: StoredRecord, file: str) -> bool:
        """Return True for a revisit of another address that repeated what is to go, and that is kept elsewhere now."""
        get = member.headers.get
        if get("WARC-Type") != "revisit" or repeated_record(member.headers) not in self._record_ids:
            return False
        return self._is_superseded(get("WARC-Record-ID") or "", file, member.offset)

    def _replaced(self, exchange: list[StoredRecord], file: str) -> MemberSpan:
        """Return what replaces an exchange: a tombstone, or a note that it is kept elsewhere."""
        first, last = exchange[0], exchange[-1]
        record_ids = tuple(member.headers.get("WARC-Record-ID") or "" for member in exchange)
        url, date = first.headers.get("WARC-Target-URI") or "", first.headers.get("WARC-Date") or ""
        length = last.offset + last.length - first.offset
        if self._was_moved(first, file):
            return MemberSpan(first.offset, length, moved_member(url, record_ids, self.time, length))
        self.records += len(exchange)
        self.bytes += length
        tombstone = Tombstone(url, record_ids, date, self.time, self.reason, not self._parts.isdisjoint(record_ids))
        return MemberSpan(first.offset, length, tombstone_member(tombstone, length))

    def _entomb_damaged(self, capture: CaptureLocation) -> MemberSpan:
        self.records += 1
        self.bytes += capture.length
        is_part = capture.record_id in self._parts
        tombstone = Tombstone(capture.url, (capture.record_id,), capture.time, self.time, self.reason, is_part)
        return MemberSpan(capture.offset, capture.length, tombstone_member(tombstone, capture.length))

    def delete_rows(self, db: sqlite3.Connection) -> None:
        """Delete the rows, and note in `removals` what was removed. Runs on the writer's thread; commits nothing."""
        targets = self.targets
        removals.delete_rows(db, captures=targets.captures, articles=targets.articles, revisions=targets.revisions)
        removals.delete_aliases(db, targets.aliases)
        parts.forget(db, targets.parts)  # what other pages have later is fetched again
        parts.forget_pages(db, targets.frontier - targets.parts)
        FrontierTable(db).mark_removed(targets.frontier - targets.parts)
        for name, captures in targets.names.items():
            removals.remember(db, name, stamp(self.time), self.reason, captures)
            about = {"target": name, "captures": captures, "reason": self.reason}
            logger.info("taken down: %(target)s, %(reason)s (captures: %(captures)d)", about)


def listed_again(
    storage: WarcStorage, part: str, name: str, before: manifest.ManifestEntry | None
) -> manifest.ManifestEntry:
    """Return the manifest line of a rewritten file that is still its `.part` copy."""
    contents = manifest.FileContents()
    for member in walk(storage, part, on_damage=lambda *damage: None):
        contents.count(member.headers)
    with storage.open(part) as data:
        contents.add_file(data)
    entry = contents.entry(name)
    if before is None:
        return entry
    return replace(entry, archive=before.archive, journal=before.journal, was=before.was)


def _differing_parts(storage: WarcStorage, file: str, entry: manifest.ManifestEntry) -> list[manifest.ManifestEntry]:
    """Return the parts of a file that are not as they are listed; the last one if its size differs.

    Raises MorgueError.
    """
    with storage.open(file) as data, os_errors(storage.location(file)):
        return manifest.differing_parts(data, entry) or ([] if data.tell() == entry.size else [entry])


def _is_concurrent_to(member: StoredRecord, capture: StoredRecord) -> bool:
    """Return True if a record belongs to the exchange of a capture's record (WARC 1.1 section 5.7)."""
    return capture.headers.get("WARC-Record-ID") in member.headers.all("WARC-Concurrent-To")


def finish_rewriting(storage: WarcStorage, file: str, entry: manifest.ManifestEntry | None) -> None:
    """Put a copy in its place that an interrupted run left beside the file, if the manifest lists it already."""
    if storage.has_part(file):
        logger.info("%(file)s: a takedown was interrupted while it rewrote this file", {"file": file})
        if entry is not None and not _differing_parts(storage, file + PART_SUFFIX, entry):
            storage.replace_by_part(file)
        else:
            storage.discard_part(file)
