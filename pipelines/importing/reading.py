"""Read foreign files in a thread of their own, and pass on the exchanges that are wanted and not in the archive yet."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.core.errors import MorgueError
from pipelines.core.plural import counted
from pipelines.database.connection import open_read_only
from pipelines.importing.adopt import FileVersion, ImportFilter
from pipelines.importing.containers import (
    OnZipDamage,
    RecordStream,
    UnreadCompression,
    leads_out,
    printable,
    record_streams,
    unread_compression,
)
from pipelines.importing.foreign_records import ForeignRecord, read_records
from pipelines.importing.grouping import ALREADY_HERE, ANSWER_DAMAGED, DAMAGED, TOO_LARGE, RecordGrouping
from pipelines.importing.job import DamageLocation, EmptyFile, ImportedFile, ImportJob, ImportReport, UnreadRest
from pipelines.importing.known_records import reason_to_skip
from pipelines.importing.record_errors import ReaderStopped, unexpected
from pipelines.importing.record_search import DamagedRecord
from pipelines.importing.unpacking import ContainerDamage, UnpackedStream
from pipelines.importing.wacz_package import PackageCheck, check_package
from pipelines.takedown.register import TakedownRegister
from pipelines.warc.record import WarcFields
from pipelines.warc.storage import sha256_of

logger = logging.getLogger("morgue.importing")

TAKEN_DOWN = "taken down"


@dataclass(frozen=True, slots=True)
class LocalFile:
    """Open a whole file of this machine for an import."""

    path: Path

    @property
    def name(self) -> str:
        return printable(self.path.name)

    def size(self) -> int:
        return self.path.stat().st_size

    def version(self) -> FileVersion:
        sha256 = sha256_of(self.path)
        return FileVersion(f"urn:sha256:{sha256}", self.size(), (("sha256", sha256),))

    def streams(self, on_damage: OnZipDamage) -> Iterator[RecordStream]:
        return record_streams(self.path, on_damage)

    def unread_compression(self) -> UnreadCompression | None:
        return unread_compression(self.path)

    def package(self, go_on: Callable[[], object]) -> PackageCheck | None:
        return check_package(self.path, go_on)


class FileReader:
    """Read files once, and those with unresolved revisits a second time."""

    def __init__(
        self,
        database: Path,
        wanted: ImportFilter,
        removed: TakedownRegister,
        lost_files: Mapping[str, int],
        report: ImportReport,
        pass_on: Callable[[ImportJob], object],
        is_stopping: Callable[[], bool],
    ) -> None:
        """`lost_files`: as in KnownRecords. `pass_on` may block, and raises ReaderStopped if nothing more is taken."""
        self._database, self._wanted, self._removed, self._report = database, wanted, removed, report
        self._lost_files = lost_files
        self._pass_on, self._is_stopping = pass_on, is_stopping
        self.second_pass = False
        self._bytes_before = 0  # of the files and members that are read
        self._stream: UnpackedStream | None = None
        self._packages: dict[ImportedFile, PackageCheck | None] = {}
        self._reading = ("", 0)  # label and stored bytes of the current stream
        self._reason = ""  # for which the current record is skipped
        self._version: dict[ImportedFile, FileVersion] = {}  # of the current file

    @property
    def bytes_read(self) -> int:
        """Stored bytes of the files that were read, for a progress bar."""
        stream = self._stream
        return self._bytes_before + (stream.position if stream is not None else 0)

    def read(self, files: Sequence[ImportedFile]) -> None:
        """Read files, and report what cannot be read. Return early if the import is stopping, and report that, too."""
        db = open_read_only(self._database)
        try:
            for number, file in enumerate(files, 1):
                unopened, self._reading = files[number:], (file.name, 0)
                if not self.second_pass:
                    self._report.files += 1
                step = "is read again" if self.second_pass else "is read"
                logger.info("%(file)s: %(step)s", {"file": file.name, "step": step})
                before = self._bytes_before
                try:
                    self._read_file(file, db)
                    if not self.second_pass:
                        self._bytes_before = before + file.size()
                except (MorgueError, OSError) as error:
                    self._note_damage(file.name, 0, getattr(error, "cause", None) or str(error))
                except ReaderStopped:
                    raise
                except Exception as error:  # noqa: BLE001 one file must not end the import of the others
                    self._note_damage(file.name, self._offset_in_stream(), unexpected(error))
        except ReaderStopped:
            label, size = self._reading
            names = [] if self.second_pass else [one.name for one in unopened]
            self._report.unread = UnreadRest(label, self._offset_in_stream(), size, names, self.second_pass)
        finally:
            self._stream = None
            db.close()

    def _offset_in_stream(self) -> int:
        """Return how many stored bytes of the current stream were read."""
        return self._stream.stored_offset if self._stream is not None else 0

    def _read_file(self, file: ImportedFile, db: sqlite3.Connection) -> None:
        report, name, found_any, unpacked = self._report, file.name, False, 0
        counts_before = (report.records, report.damaged)
        if (unread := file.unread_compression()) is not None:
            if not self.second_pass:
                why, cure = f"it is compressed with {unread.name}, which is not read", f"{unread.command} {name}"
                report.empty.append(EmptyFile(name, why, f"unpack it first: {cure}"))
            return

        def on_damage(member: str, offset: int, why: str) -> None:
            self._note_damage(label_of(name, member), offset, why)

        package, leading_out = self._checked_package(file), list[str]()
        for part in file.streams(on_damage):
            leading_out += [part.member] if leads_out(part.member) else []
            label, before, found_any = label_of(name, part.member), self._bytes_before, True
            self._reading = (label, part.size)
            try:
                self._stream = UnpackedStream(part.stream, part.name)
            except ContainerDamage as damage:
                self._note_damage(label, 0, str(damage))
                continue
            self._read_stream(self._stream, file, label, part, package, db)
            unpacked += self._stream.unpacked
            self._stream = None
            if part.member and not self.second_pass:
                self._bytes_before = before + part.size
        if leading_out and not self.second_pass:
            names = counted(len(leading_out), "name")
            why = "would lead out of a folder; they are read as streams, and nothing is written there"
            self._report.notes.append(f"{name}: {names} in it (the first: {leading_out[0]}) {why}")
        if not self.second_pass and counts_before == (report.records, report.damaged):
            report.empty.append(empty_file(name, file.size(), has_streams=found_any, unpacked=unpacked))

    def _read_stream(
        self,
        stream: UnpackedStream,
        file: ImportedFile,
        label: str,
        part: RecordStream,
        package: PackageCheck | None,
        db: sqlite3.Connection,
    ) -> None:
        heads = whole = 0

        def count_head() -> None:
            nonlocal heads
            heads += 1
            if not self.second_pass:
                self._report.records += 1

        def is_wanted(fields: WarcFields) -> bool:
            self._stop_if_asked()
            count_head()
            try:
                self._reason = self._reason_to_skip(fields, db)
            except Exception as error:
                raise ContainerDamage(unexpected(error)) from error
            if self._reason:
                about = {"file": label, "url": fields.get("WARC-Target-URI"), "why": self._reason}
                logger.debug("skipped: %(url)s in %(file)s, %(why)s", about)
            return not self._reason

        def on_damage(damage: DamagedRecord) -> None:
            self._note_damage(label, damage.offset, damage.why, damage.skipped_bytes, damage.url)

        def on_refused(found: ForeignRecord, why: str) -> None:
            self._note_damage(label, found.offset, why, url=found.fields.get("WARC-Target-URI") or "")
            self._count_skipped(DAMAGED)

        def records() -> Iterator[ForeignRecord]:
            nonlocal whole
            for found in read_records(stream, is_wanted, on_damage, part.place):
                if found.too_large:  # `is_wanted` was not asked
                    count_head()
                whole += 1
                yield found

        grouping = RecordGrouping(
            lambda found: TOO_LARGE if found.too_large else self._reason,
            self._count_skipped,
            on_refused,
            self._wanted.excludes_type,
            lambda: self._wanted.mismatched or stream.is_checked,
        )
        try:
            for group in grouping.groups(records()):
                try:
                    self._pass_on(ImportJob(file, label, part.member, group, self._version_of(file), package))
                except Exception as error:  # noqa: BLE001 one record must not end the import of the others
                    on_refused(group.answer, unexpected(error))
                    for _ in group.requests:
                        self._count_skipped(ANSWER_DAMAGED)
        finally:  # of some records only the head could be read
            for _ in range(heads - whole):
                self._count_skipped(DAMAGED)
        if stream.in_one_piece and not self.second_pass:
            self._report.notes.append(
                f"{label}: is compressed as one piece, not record by record; offsets count the unpacked bytes"
            )

    def _reason_to_skip(self, fields: WarcFields, db: sqlite3.Connection) -> str:
        """Return why a record with these fields is skipped, as a reason to count; "" if it is taken."""
        reason = self._wanted.reason_to_skip(fields) or self._reason_not_again(fields, db)
        if reason is None and (fields.get("WARC-Target-URI") or "") in self._removed:
            return TAKEN_DOWN
        return reason or ""

    def _reason_not_again(self, fields: WarcFields, db: sqlite3.Connection) -> str | None:
        """Return why a record is skipped: it is in the archive, or it is no revisit in the second pass.

        In the second pass, the revisits that wait were not counted yet: the pipeline does that.
        """
        kind = fields.get("WARC-Type")
        if kind in ("request", "warcinfo", "filedesc"):
            return None
        if self.second_pass:
            return None if kind == "revisit" else ALREADY_HERE
        return reason_to_skip(db, fields.get("WARC-Record-ID") or "", fields, self._lost_files)

    def _version_of(self, file: ImportedFile) -> FileVersion:
        if file not in self._version:
            self._version = {file: file.version()}
        return self._version[file]

    def _checked_package(self, file: ImportedFile) -> PackageCheck | None:
        """Return what the check of a WACZ shows, and report it once; None for any other file."""
        if file not in self._packages:
            self._packages[file] = check = file.package(self._stop_if_asked)
            if check is not None:
                self._report.packages.append(check)
                for problem in check.problems:
                    logger.warning("wrong: %(file)s: %(why)s", {"file": check.file, "why": problem})
        return self._packages[file]

    def _stop_if_asked(self) -> None:
        if self._is_stopping():
            raise ReaderStopped

    def _count_skipped(self, reason: str) -> None:
        if not self.second_pass:
            self._report.passed[reason] += 1

    def _note_damage(self, label: str, offset: int, why: str, skipped_bytes: int = 0, url: str = "") -> None:
        if not self.second_pass:
            self._report.damage(DamageLocation(label, offset, why, skipped_bytes, printable(url)))


def empty_file(name: str, size: int, *, has_streams: bool, unpacked: int) -> EmptyFile:
    """Say why nothing came of an undamaged file.

    `has_streams`: the file, or a member of it, is a stream of records. `unpacked`: bytes in these streams.
    """
    if not size:
        return EmptyFile(name, "it has 0 bytes", "copy or download it again")
    if not has_streams:
        return EmptyFile(name, "it is a ZIP without a WARC or ARC file", "`unzip -l` lists what is in it")
    why = "it holds line breaks only" if unpacked else "it unpacks to 0 bytes"
    return EmptyFile(name, why, "copy or download it again")


def label_of(name: str, member: str) -> str:
    """Return how a stream in a file is called: FILE, or FILE!MEMBER."""
    return f"{name}!{member}" if member else name
