"""Taking down a page or a host: out of the WARC files and out of the database, with a tombstone that says so.

What goes: every capture of the address (and of those that the archive knows as the same article) with its request; the
article, its revisions, texts and index entries; what the journal says of them. What stays: that it was removed, when
and why. The address is not crawled or imported again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from pipelines.archive.journal import journal_header
from pipelines.core.errors import ArchiveDamaged
from pipelines.core.timestamps import stamp
from pipelines.takedown.targets import TakedownTargets
from pipelines.takedown.tombstone import MemberSpan, Tombstone, rewrite, tombstone, without
from pipelines.warc import manifest
from pipelines.warc.reader import StoredRecord, walk
from pipelines.warc.record import WarcRecord
from pipelines.warc.storage import PART_SUFFIX, WarcStorage

DAMAGED_TOO = (
    "nothing was removed; restore the file from a copy (`morgue verify` says what is wrong with it), or say\n"
    "  --damaged-too: it goes out of this file all the same, and `morgue verify` goes on naming the damage"
)


class Removal:
    """One takedown. The caller holds the archive's lock."""

    def __init__(
        self,
        warc: WarcStorage,
        manifest_path: Path,
        doomed: TakedownTargets,
        reason: str,
        time: datetime,
        *,
        damaged_too: bool = False,
    ) -> None:
        """`damaged_too`: take out of files that are not as they are listed as well."""
        self.damaged_too, self.damaged = damaged_too, list[str]()  # names of such files
        self.warc, self.manifest_path, self.doomed, self.reason, self.time = warc, manifest_path, doomed, reason, time
        self.files = self.bytes = self.records = 0  # rewritten; taken out of them

    def rewrite(self, tell: Callable[[str, int, int], object]) -> None:
        """Take the records out of the WARC files, one by one, and keep the manifest true.

        What cannot be done shows before anything is. Raises ArchiveDamaged for a file that is not as it is listed,
        unless `damaged_too`: then its line has its new SHA-256, and beside that the one that it should have had, for
        `morgue verify` to go on naming it. Raises MorgueError.
        """
        entries = manifest.load(self.manifest_path)
        files = self.warc.list().finished  # the journal's rows about it may be in any younger than the captures
        touched = []
        for done, file in enumerate(files, 1):
            entry = entries.get(file)
            finish_rewriting(self.warc, file, entry)
            if sum(1 for _span in self._spans(file)):  # all of them: any may turn out not to fit
                touched.append(file)
                if entry is not None and self.warc.sha256(file) != entry.sha256:
                    if not self.damaged_too:
                        raise ArchiveDamaged(self.warc.location(file), "is not as the manifest lists it", DAMAGED_TOO)
                    self.damaged.append(file)
            tell("looking", done, len(files))
        self.records = self.bytes = 0
        for done, file in enumerate(touched, 1):
            part = rewrite(self.warc, file, list(self._spans(file)))
            entries[file] = self._entry(part, file, entries.get(file))
            manifest.write(self.manifest_path, entries.values())
            self.warc.replace_by_part(file)
            self.files += 1
            tell("taking out", done, len(touched))

    def _spans(self, file: str) -> Iterator[MemberSpan]:
        """What changes in a file. An exchange's records lie side by side, the capture's own first."""
        doomed = self.doomed.records
        wanted = {row["record_id"]: row for row in self.doomed.captures.values() if row["file"] == file}
        group: list[StoredRecord] = []
        for member in walk(self.warc, file, on_damage=lambda *damage: None):
            if group and not _belongs(member, group[0]):
                yield self._grave(group)
                group = []
            own = wanted.pop(member.headers.get("WARC-Record-ID") or "", None)
            if group or own is not None or not doomed.isdisjoint(member.headers.all("WARC-Concurrent-To")):
                group.append(member)
                continue
            for line in member.block[:4096].split(b"\r\n") if member.block.startswith(b"removed-uri: ") else ():
                wanted.pop(line.removeprefix(b"removed-record: ").decode("utf-8", "replace"), None)  # gone already
            mark = journal_header(member.headers)
            if mark is not None:
                ours = mark.archive in (self.doomed.archive, None)
                drops = self.doomed.drops if ours else self.doomed.drops_of_another
                shorter = without(WarcRecord(member.headers, member.block), drops, member.length)
                if shorter is not None:
                    yield MemberSpan(member.offset, member.length, shorter)
        if group:
            yield self._grave(group)
        for row in wanted.values():  # damaged: it cannot be read as a record, and perhaps as a text
            yield self._blind(row)

    def _blind(self, row: sqlite3.Row) -> MemberSpan:
        """A record that is no whole one any more goes by its place."""
        self.records += 1
        self.bytes += row["length"]
        grave = Tombstone(row["url"], (row["record_id"],), row["time"], self.time, self.reason)
        return MemberSpan(row["offset"], row["length"], tombstone(grave, row["length"]))

    def _grave(self, group: list[StoredRecord]) -> MemberSpan:
        first, last = group[0], group[-1]
        ids = tuple(member.headers.get("WARC-Record-ID") or "" for member in group)
        get = first.headers.get
        grave = Tombstone(get("WARC-Target-URI") or "", ids, get("WARC-Date") or "", self.time, self.reason)
        length = last.offset + last.length - first.offset
        self.records += len(group)
        self.bytes += length
        return MemberSpan(first.offset, length, tombstone(grave, length))

    def _entry(self, part: str, name: str, before: manifest.ManifestEntry | None) -> manifest.ManifestEntry:
        contents = manifest.FileContents()
        for member in walk(self.warc, part, on_damage=lambda *damage: None):
            contents.count(member.headers)
        with self.warc.open(part) as data:
            contents.add_file(data)
        entry = contents.entry(name)
        if before is None:
            return entry
        was = before.was or (before.sha256 if name in self.damaged else None)
        return replace(entry, archive=before.archive, journal=before.journal, was=was)

    def forget(self, db: sqlite3.Connection) -> None:
        """Take the rows out of the database. On the keeper's thread; commits nothing."""
        doomed = self.doomed
        db.execute("PRAGMA secure_delete = ON")
        for table, column, ids in (
            ("readings", "revision_id", doomed.revisions), ("sightings", "revision_id", doomed.revisions),
            ("sightings", "capture_id", doomed.captures), ("revisions", "id", doomed.revisions),
            ("aliases", "article_id", doomed.articles), ("articles", "id", doomed.articles),
            ("captures", "id", doomed.captures),
        ):  # fmt: skip
            db.executemany(f"DELETE FROM {table} WHERE {column} = ?", [(one,) for one in ids])  # noqa: S608
        db.executemany(
            """UPDATE frontier SET state = 'removed', next_visit = NULL, hint = NULL, last_error = 'removed',
                      etag = NULL, last_modified = NULL WHERE id = ?""",
            [(one,) for one in doomed.frontier],
        )
        db.executemany(
            "INSERT INTO removals (time, url_key, reason, captures) VALUES (?, ?, ?, ?)",
            [(stamp(self.time), target, self.reason, captures) for target, captures in doomed.targets.items()],
        )


def _belongs(member: StoredRecord, capture: StoredRecord) -> bool:
    """Whether a record is of the same exchange as a capture's (section 5.7)."""
    return capture.headers.get("WARC-Record-ID") in member.headers.all("WARC-Concurrent-To")


def finish_rewriting(storage: WarcStorage, file: str, entry: manifest.ManifestEntry | None) -> None:
    """A kill came after the manifest was written and before the file got its place: it gets it now."""
    if storage.has_part(file):
        if entry is not None and storage.sha256(file + PART_SUFFIX) == entry.sha256:
            storage.replace_by_part(file)
        else:
            storage.discard_part(file)


def purge(db: sqlite3.Connection) -> None:
    """Leave nothing of deleted rows in the database file: index entries, free pages, the write-ahead log."""
    db.execute("INSERT INTO articles_fts(articles_fts) VALUES ('optimize')")
    db.execute("VACUUM")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
