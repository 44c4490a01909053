"""Read foreign files in a thread of their own, and pass on the exchanges that are wanted and not in the archive yet."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from pipelines.core.errors import MorgueError
from pipelines.importing.adopt import ImportFilter
from pipelines.importing.containers import RecordStream, printable, record_streams, unread_compression
from pipelines.importing.foreign_records import DamagedRecord, read_records
from pipelines.importing.grouping import ALREADY_HERE, TOO_LARGE, RecordGrouping
from pipelines.importing.job import EmptyFile, ImportJob, ImportReport
from pipelines.importing.known_records import reason_to_skip
from pipelines.importing.unpacking import ContainerDamage, UnpackedStream
from pipelines.takedown.register import TakedownRegister
from pipelines.warc.record import WarcFields
from pipelines.warc.storage import sha256_of

logger = logging.getLogger("morgue.importing")

TAKEN_DOWN = "taken down"


class ReaderStopped(Exception):
    """Say that the reader thread is to end."""


class FileReader:
    """Read files once, and those with unresolved revisits a second time."""

    def __init__(
        self,
        database: Path,
        wanted: ImportFilter,
        removed: TakedownRegister,
        report: ImportReport,
        pass_on: Callable[[ImportJob], object],
        is_stopping: Callable[[], bool],
    ) -> None:
        """`pass_on` may block, and raises ReaderStopped if nothing more is taken."""
        self._database, self._wanted, self._removed, self._report = database, wanted, removed, report
        self._pass_on, self._is_stopping = pass_on, is_stopping
        self.second_pass = False
        self._bytes_before = 0  # of the files and members that are read
        self._stream: UnpackedStream | None = None
        self._reason = ""  # for which the current record is skipped
        self._sha256: dict[Path, str] = {}  # of the current file

    @property
    def bytes_read(self) -> int:
        """Stored bytes of the files that were read, for a progress bar."""
        stream = self._stream
        return self._bytes_before + (stream.position if stream is not None else 0)

    def read(self, files: Sequence[Path]) -> None:
        """Read files, and report what cannot be read. Return early if the import is stopping."""
        db = sqlite3.connect(f"{self._database.as_uri()}?mode=ro", uri=True)
        try:
            for path in files:
                if not self.second_pass:
                    self._report.files += 1
                step = "is read again" if self.second_pass else "is read"
                logger.info("%(file)s: %(step)s", {"file": path, "step": step})
                before = self._bytes_before
                try:
                    self._read_file(path, db)
                    if not self.second_pass:
                        self._bytes_before = before + path.stat().st_size
                except (MorgueError, OSError) as error:
                    self._note_damage(printable(path.name), 0, getattr(error, "cause", None) or str(error))
        except ReaderStopped:
            pass
        finally:
            self._stream = None
            db.close()

    def _read_file(self, path: Path, db: sqlite3.Connection) -> None:
        report, name, found_any, unpacked = self._report, printable(path.name), False, 0
        counts_before = (report.records, report.damaged)
        if (unread := unread_compression(path)) is not None:
            if not self.second_pass:
                why, cure = f"it is compressed with {unread.name}, which is not read", f"{unread.command} {name}"
                report.empty.append(EmptyFile(name, why, f"unpack it first: {cure}"))
            return

        def on_damage(member: str, offset: int, why: str) -> None:
            self._note_damage(label_of(name, member), offset, why)

        for part in record_streams(path, on_damage):
            label, before, found_any = label_of(name, part.member), self._bytes_before, True
            try:
                self._stream = UnpackedStream(part.stream, part.name)
            except ContainerDamage as damage:
                self._note_damage(label, 0, str(damage))
                continue
            self._read_stream(self._stream, path, label, part, db)
            unpacked += self._stream.unpacked
            self._stream = None
            if part.member and not self.second_pass:
                self._bytes_before = before + part.size
        if not self.second_pass and counts_before == (report.records, report.damaged):
            report.empty.append(empty_file(name, path.stat().st_size, has_streams=found_any, unpacked=unpacked))

    def _read_stream(
        self, stream: UnpackedStream, path: Path, label: str, part: RecordStream, db: sqlite3.Connection
    ) -> None:
        def is_wanted(fields: WarcFields) -> bool:
            if self._is_stopping():
                raise ReaderStopped
            if not self.second_pass:
                self._report.records += 1
            self._reason = self._wanted.reason_to_skip(fields) or self._reason_not_again(fields, db) or ""
            if not self._reason and (fields.get("WARC-Target-URI") or "") in self._removed:
                self._reason = TAKEN_DOWN
            if self._reason:
                about = {"file": label, "url": fields.get("WARC-Target-URI"), "why": self._reason}
                logger.debug("skipped: %(url)s in %(file)s, %(why)s", about)
            return not self._reason

        def on_damage(damage: DamagedRecord) -> None:
            self._note_damage(label, damage.offset, damage.why)

        grouping = RecordGrouping(
            lambda found: TOO_LARGE if found.too_large else self._reason,
            self._count_skipped,
            lambda offset, why: self._note_damage(label, offset, why),
            self._wanted.excludes_type,
            lambda: self._wanted.mismatched or stream.is_checked,
        )
        for group in grouping.groups(read_records(stream, is_wanted, on_damage)):
            self._pass_on(ImportJob(path, label, part.member, group, self._sha256_of(path)))
        if stream.in_one_piece and not self.second_pass:
            self._report.notes.append(
                f"{label}: is compressed as one piece, not record by record; offsets count the unpacked bytes"
            )

    def _reason_not_again(self, fields: WarcFields, db: sqlite3.Connection) -> str | None:
        """Return why a record is skipped: it is in the archive, or it is no revisit in the second pass."""
        kind = fields.get("WARC-Type")
        if kind in ("request", "warcinfo", "filedesc"):
            return None
        if self.second_pass and kind != "revisit":
            return ALREADY_HERE
        return reason_to_skip(db, fields.get("WARC-Record-ID") or "", fields)

    def _sha256_of(self, path: Path) -> str:
        if path not in self._sha256:
            self._sha256 = {path: sha256_of(path)}
        return self._sha256[path]

    def _count_skipped(self, reason: str) -> None:
        if not self.second_pass:
            self._report.passed[reason] += 1

    def _note_damage(self, label: str, offset: int, why: str) -> None:
        if not self.second_pass:
            about = {"file": label, "offset": offset, "why": why}
            logger.warning("refused: %(file)s at byte %(offset)d: %(why)s", about)
            self._report.damage(label, offset, why)


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
