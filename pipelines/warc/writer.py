"""Write the WARC files of an archive: append records, continue the file of an earlier run, rotate by size and age.

A record is one gzip member (WARC 1.1 annex D.2), so that (file, offset, length) is enough to read it again. `record`
defines what a record is, and `reader` reads it back. docs/decisions/0005-one-file-over-many-runs.md says why files are
continued as they are.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import math
import os
import re
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pipelines.core import timestamps
from pipelines.core.archive_layout import WARC_SUFFIX
from pipelines.core.errors import ArchiveDamaged, ConfigError, MorgueError, os_errors
from pipelines.core.items import DatabaseState
from pipelines.core.safe_open import evict
from pipelines.core.timestamps import fine_stamp
from pipelines.warc import manifest
from pipelines.warc.manifest import ManifestEntry
from pipelines.warc.reader import first_warcinfo_id
from pipelines.warc.record import (
    ARCHIVE_FIELD,
    RecordLocation,
    WarcFields,
    WarcRecord,
    digest,
    gzip_member,
    later_warcinfo_id,
    new_id,
    warc_fields,
)
from pipelines.warc.storage import OPEN_SUFFIX, WarcStorage

logger = logging.getLogger("morgue.warc")

FORMAT = "WARC File Format 1.1"
MAX_JOINED_BYTES = 1 << 20  # bytes that are written at once rather than record by record
CONFORMS_TO = "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"


class WarcWriter:
    """Append groups of records to the newest file of a folder. Used by one thread at a time.

    Files are called PREFIX-YYYYMMDDhhmmss-SERIAL-HOST.warc.gz, with `.open` at the end while they are written. When the
    first record needs a file, the one that the last run finished is continued if it is neither full nor too old;
    otherwise a new one is begun. Each run writes a warcinfo record first. A file is finished before the next group once
    it has reached `max_size` bytes or `max_age`.
    """

    def __init__(
        self,
        storage: WarcStorage,
        *,
        prefix: str = "morgue",
        max_size: int = 1_000_000_000,
        max_age: float = 0,
        level: int = 6,
        info: Mapping[str, str] | None = None,
        manifest_path: Path | None = None,
        database_state: DatabaseState | None = None,
    ) -> None:
        """Prepare to write; the first file is begun when a record needs it.

        `info`: fields of each warcinfo record (section 6.1): software, robots, operator, isPartOf.
        `max_age`: seconds since a file was begun within which other runs continue it; 0: each run begins its own.
        `level`: zlib's, 1 (fast) to 9 (small). `manifest_path`: the manifest in which finished files are entered.
        `database_state`: of the database whose rows point into them; the code that commits updates the attribute.
        Raises ConfigError for an `info` value of more than one line, ArchiveDamaged for a manifest that is damaged.
        """
        self.database_state = database_state
        self.storage, self._max_size, self._max_age, self._level = storage, max_size, max_age, level
        self._manifest = manifest_path
        self.read_manifest()
        self._host = re.sub(r"[^A-Za-z0-9.-]+", "_", socket.gethostname()).strip("._") or "localhost"
        self._prefix = re.sub(r"[^A-Za-z0-9_.-]+", "_", prefix).strip("._") or "morgue"
        self._info = {**(info or {}), "hostname": self._host, "format": FORMAT, "conformsTo": CONFORMS_TO}
        try:
            warc_fields(self._info.items())
        except ValueError as error:
            raise ConfigError("warcinfo", str(error), "write it on one line") from error
        self._serial = 0
        self._file: int | None = None  # descriptor of the file being written
        self._name = self._location = ""  # its final name; how messages name it while it is written
        self._contents = manifest.FileContents()  # whole groups in it
        self._expires = math.inf  # seconds since 1970: when it is too old
        self._synced = True
        self._durable = 0  # bytes of it that `sync` has made durable
        self._doubtful = False  # `sync` failed: it is unknown how much of the rest is on the disk
        self._warcinfo_id = ""

    def read_manifest(self) -> None:
        """Read what is listed, again if files were rewritten. Raises ArchiveDamaged."""
        self._listed = {} if self._manifest is None else manifest.load(self._manifest)
        self._sound: dict[str, bool] = {}  # True: the finished file is there as listed; tested once a run

    def warcinfo_id(self) -> str:
        """Return the WARC-Record-ID of the warcinfo record that the next group belongs to."""
        self._ready()
        return self._warcinfo_id

    @property
    def is_open(self) -> bool:
        """Return True if a file is being written."""
        return self._file is not None

    @property
    def is_full(self) -> bool:
        """Return True if the next `append` finishes a file first, which is then read back: that takes seconds.

        A file is not finished before its warcinfo record has a group after it: that group names it.
        """
        if self._file is None or self._contents.added_records <= 1:
            return False
        return self._contents.size >= self._max_size or timestamps.now().timestamp() >= self._expires

    @property
    def may_wait(self) -> bool:
        """Return True if the next `append` may read a whole file first: one that is full, or is not continued."""
        last = next(reversed(self._listed.values()), None)
        return self.is_full or (self._file is None and last is not None and bool(last.earlier))

    def append(self, records: Sequence[WarcRecord]) -> list[RecordLocation]:
        """Write records side by side into one file, all or none, and return their places. Not durable before `sync`.

        Raises DiskFull, NotWritable or MorgueError; the file then ends where it ended before.
        """
        members = [gzip_member(record, self._level) for record in records]
        self._ready()
        places, offset = [], self._contents.size
        for data in members:
            places.append(RecordLocation(self._name, offset, len(data)))
            offset += len(data)
        self._write(members, records)
        return places

    def sync(self) -> None:
        """Make all that was appended durable. Raises MorgueError; the file is then cut back to what was durable before.

        It is not tried again: Linux reports lost pages once, and reports success the next time. Nothing is written to
        this file any more, and `close` leaves it `.open`, so that `recover` reads it back from the disk.
        """
        if self._file is not None and not self._synced:
            with os_errors(self._location):
                if self._doubtful:
                    raise OSError(errno.EIO, os.strerror(errno.EIO))
                try:
                    os.fsync(self._file)
                except OSError:
                    self._doubtful = True
                    with suppress(OSError):
                        os.ftruncate(self._file, self._durable)
                    raise
            self._synced, self._durable = True, self._contents.size

    def close(self) -> None:
        """Finish the file being written: durable, listed, under its final name. A later `append` begins another.

        Raises MorgueError; ArchiveDamaged if the file does not read back as it was written.
        """
        if self._file is None:
            return
        if self._doubtful:
            self._release()
            return
        if self._contents.added_records <= 1:
            self._give_up()
            return
        self.sync()
        if self._manifest is not None:
            self._list(self._manifest)
        with os_errors(self._location):
            self.storage.finish(self._name)
        self._release()
        about = {"file": self._name, "records": self._contents.records, "bytes": self._contents.size}
        logger.info("%(file)s is finished (records: %(records)d, bytes: %(bytes)d)", about)

    def _list(self, manifest_path: Path) -> None:
        assert self._file is not None
        entry = self._contents.entry(self._name, self.database_state)
        evict(self._file)
        if self.storage.sha256(self._name + OPEN_SUFFIX, entry.offset) != entry.sha256:
            cure = "check the disk; the file stays `.open`, and the next crawl keeps what can be read of it"
            raise ArchiveDamaged(self._location, "does not read back as it was written", cure)
        self._add_to_manifest(manifest_path, entry)

    def _add_to_manifest(self, manifest_path: Path, entry: ManifestEntry) -> None:
        manifest.add(manifest_path, entry)
        self._listed.pop(entry.file, None)
        self._listed[entry.file] = entry  # as the last one
        self._sound.pop(entry.file, None)

    def _release(self) -> None:
        """Close the descriptor, and with it give the lock back."""
        assert self._file is not None
        os.close(self._file)
        self._file = None

    def _give_up(self) -> None:
        """Leave no trace of a run that wrote nothing but its warcinfo record."""
        assert self._file is not None
        try:
            with os_errors(self._location):
                if listed := self._contents.listed_size:
                    os.ftruncate(self._file, listed)
                    os.fsync(self._file)
                    self.storage.finish(self._name)
                else:
                    self.storage.discard(self._name)
        finally:
            self._release()

    def is_finished(self, file: str, end: int = 0) -> bool:
        """Return True if a WARC file is listed up to byte `end` at least, and is there in full size.

        Records refer only to what is listed. Of a file that is being continued, that is what earlier runs wrote.
        """
        if file not in self._listed or end > self._listed[file].size:
            return False
        if file not in self._sound:
            self._sound[file] = self.storage.size(file) == self._listed[file].size
        return self._sound[file]

    def files_unlike_manifest(self) -> list[str]:
        """Return the files of the manifest that are not there in their full size. One `stat` each: no byte is read."""
        return [file for file in self._listed if not self.is_finished(file)]

    def _ready(self) -> None:
        if self.is_full:
            self.close()
        if self._file is None:
            self._begin()

    def _begin(self) -> None:
        """Continue the last file, or create the next one; lock it, and write a warcinfo record."""
        now = timestamps.now()
        with os_errors(str(self.storage.folder)):
            if not self._continue_last():
                self._create(now)
        self._location = self.storage.location(self._name + OPEN_SUFFIX)
        self._durable, self._doubtful = self._contents.size, False
        warcinfo = self._warcinfo(now)
        try:
            with os_errors(str(self.storage.folder)):
                self.storage.sync_names()
            self._write([gzip_member(warcinfo, self._level)], [warcinfo])
        except Exception:
            self._give_up()
            raise
        what = "continued" if self._durable else "begun"
        logger.info("%(file)s is %(what)s", {"file": self._name, "what": what})

    def _create(self, now: datetime) -> None:
        while self._file is None:
            self._name = f"{self._prefix}-{now:%Y%m%d%H%M%S}-{self._serial:05d}-{self._host}{WARC_SUFFIX}"
            self._serial += 1
            if self._name not in self._listed:  # not even the name of a file that was lost is given again
                self._file = self.storage.create(self._name)
        self._contents, self._warcinfo_id = manifest.FileContents(), new_id()
        self._expires = now.timestamp() + (self._max_age or math.inf)

    def file_to_continue(self) -> ManifestEntry | None:
        """Return the file to which the next record is appended, if none is open yet; None if it begins a new one.

        That is the file that was finished last, if it is ours, here, whole, not full, and was begun within `max_age`.
        """
        last = next(reversed(self._listed.values()), None)
        if last is None:
            return None
        archive = self.database_state.archive if self.database_state is not None else None
        is_here = self.is_finished(last.file) and self.storage.is_local(last.file)
        is_ours = last.archive == archive and last.was is None and is_here
        is_young = 0 <= timestamps.now().timestamp() - self._begun(last.file) < self._max_age
        return last if is_ours and is_young and last.size < self._max_size else None

    def _continue_last(self) -> bool:
        """Open the file that was finished last for more records. Return False if a new one has to be begun."""
        if (last := self.file_to_continue()) is not None:
            with self.storage.open(last.file) as file:
                first_id = first_warcinfo_id(file)
            if first_id is not None and (descriptor := self.storage.reopen(last.file, last.size)) is not None:
                self._file, self._name, self._contents = descriptor, last.file, manifest.FileContents(last)
                self._warcinfo_id = later_warcinfo_id(first_id, last.size)
                self._expires = self._begun(last.file) + self._max_age
                return True
        last = next(reversed(self._listed.values()), None)
        if last is not None and self.storage.is_local(last.file):
            self._list_whole(last)
        return False

    def _begun(self, name: str) -> float:
        """Return when a file was begun, as its name says, in seconds since 1970; infinity for a name of another form.

        Any host will do: in a container, each run may have another host name.
        """
        form = rf"{re.escape(self._prefix)}-(\d{{14}})-\d{{5,}}-.+{re.escape(WARC_SUFFIX)}"
        match = re.fullmatch(form, name, re.ASCII)
        with suppress(ValueError):
            return datetime.strptime(match[1] if match else "", "%Y%m%d%H%M%S").replace(tzinfo=UTC).timestamp()
        return math.inf

    def _list_whole(self, entry: ManifestEntry) -> None:
        """Enter the SHA-256 of a whole file that was written in parts and is not continued any more.

        The file is read once for that. If it is not as listed, the lines of its parts stay the last word.
        """
        if self._manifest is None or not entry.earlier:
            return
        whole = hashlib.sha256()
        try:
            with os_errors(self.storage.location(entry.file)), self.storage.open(entry.file) as file:
                is_as_listed = not manifest.differing_parts(file, entry, whole.update) and file.tell() == entry.size
        except MorgueError as error:
            logger.warning("%(file)s cannot be read: %(error)s", {"file": entry.file, "error": error})
            return
        if not is_as_listed:
            logger.warning("%(file)s is not as the manifest lists it: see `morgue verify`", {"file": entry.file})
            return
        self._add_to_manifest(self._manifest, replace(entry, sha256=whole.hexdigest(), offset=0, earlier=()))
        logger.info("%(file)s is not continued any more: it is listed as a whole", {"file": entry.file})

    def _warcinfo(self, now: datetime) -> WarcRecord:
        block = warc_fields(self._info.items())
        archive = [(ARCHIVE_FIELD, self.database_state.archive)] if self.database_state is not None else []
        fields = (
            ("WARC-Type", "warcinfo"),
            ("WARC-Record-ID", self._warcinfo_id),
            ("WARC-Date", fine_stamp(now)),
            ("WARC-Filename", self._name),
            ("Content-Type", "application/warc-fields"),
            ("WARC-Block-Digest", digest(block)),
            *archive,
        )
        return WarcRecord(WarcFields(fields), block)

    def _write(self, members: list[bytes], records: Sequence[WarcRecord]) -> None:
        assert self._file is not None
        with os_errors(self._location):
            if self._doubtful:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            self._synced = False
            append_members(self._file, self._contents.size, members)
        for data, record in zip(members, records, strict=True):
            self._contents.add(data)
            self._contents.count(record.fields)


def append_members(file: int, size: int, members: Sequence[bytes]) -> None:
    """Write members after the first `size` bytes of a file; all other bytes of it are cut off first.

    All members are written or none: a failure cuts the file back. Raises OSError.
    """
    if os.fstat(file).st_size != size:  # a torn end, or one that could not be cut back the last time
        os.ftruncate(file, size)
    at = size
    try:
        for data in members if sum(map(len, members)) > MAX_JOINED_BYTES else [b"".join(members)]:
            rest = memoryview(data)
            while rest:
                written = os.pwrite(file, rest, at)
                rest, at = rest[written:], at + written
    except BaseException:
        os.ftruncate(file, size)
        raise
