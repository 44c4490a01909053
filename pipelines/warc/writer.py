"""Write the WARC files of an archive: append records, rotate files by size, mend them after a crash.

A record is one gzip member (WARC 1.1 annex D.2), so that (file, offset, length) is enough to read it again. `record`
defines what a record is, and `reader` reads it back.
"""

from __future__ import annotations

import errno
import logging
import os
import re
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from pipelines.core.archive_layout import WARC_SUFFIX
from pipelines.core.durability import evict
from pipelines.core.errors import ArchiveDamaged, ConfigError, os_errors
from pipelines.core.items import DatabaseState
from pipelines.core.timestamps import fine_stamp
from pipelines.warc import manifest
from pipelines.warc.record import (
    ARCHIVE_FIELD,
    RecordLocation,
    WarcFields,
    WarcRecord,
    digest,
    gzip_member,
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

    Files are called PREFIX-YYYYMMDDhhmmss-SERIAL-HOST.warc.gz, with `.open` at the end while they are written. A file
    is begun when the first record needs one, and finished before the next group once it has reached `max_size` bytes.
    """

    def __init__(
        self,
        storage: WarcStorage,
        *,
        prefix: str = "morgue",
        max_size: int = 1_000_000_000,
        level: int = 6,
        info: Mapping[str, str] | None = None,
        manifest_path: Path | None = None,
        database_state: DatabaseState | None = None,
    ) -> None:
        """Prepare to write; the first file is begun when a record needs it.

        `info`: fields of each file's warcinfo record (section 6.1): software, robots, operator, isPartOf.
        `level`: zlib's, 1 (fast) to 9 (small). `manifest_path`: the manifest in which finished files are entered.
        `database_state`: of the database whose rows point into them; the code that commits updates the attribute.
        Raises ConfigError for an `info` value of more than one line, ArchiveDamaged for a manifest that is damaged.
        """
        self.database_state = database_state
        self.storage, self._max_size, self._level = storage, max_size, level
        self._manifest = manifest_path
        self._listed = {} if manifest_path is None else manifest.load(manifest_path)
        self._sound: dict[str, bool] = {}  # True: the finished file is there as listed; tested once a run
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
        self._synced = True
        self._durable = 0  # bytes of it that `sync` has made durable
        self._doubtful = False  # `sync` failed: it is unknown how much of the rest is on the disk
        self._warcinfo_id = ""

    def warcinfo_id(self) -> str:
        """Return the WARC-Record-ID of the warcinfo record of the file that the next group goes to."""
        self._ready()
        return self._warcinfo_id

    @property
    def is_open(self) -> bool:
        """Return True if a file is being written."""
        return self._file is not None

    @property
    def is_full(self) -> bool:
        """Return True if the next `append` finishes a file first, which is then read back: that takes seconds."""
        return self._file is not None and self._contents.size >= self._max_size

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
            os.close(self._file)
            self._file = None
            return
        self.sync()
        if self._manifest is not None:
            self._list(self._manifest)
        with os_errors(self._location):
            self.storage.finish(self._name)
            os.close(self._file)
        self._file = None
        about = {"file": self._name, "records": self._contents.records, "bytes": self._contents.size}
        logger.info("%(file)s is finished (records: %(records)d, bytes: %(bytes)d)", about)

    def _list(self, manifest_path: Path) -> None:
        assert self._file is not None
        entry = self._contents.entry(self._name, self.database_state)
        evict(self._file)
        if self.storage.sha256(self._name + OPEN_SUFFIX) != entry.sha256:
            cure = "check the disk; the file stays `.open`, and the next crawl keeps what can be read of it"
            raise ArchiveDamaged(self._location, "does not read back as it was written", cure)
        manifest.add(manifest_path, entry)
        self._listed[self._name] = entry

    def is_finished(self, file: str) -> bool:
        """Return True if a WARC file is finished, listed, and there in full size: records refer only to such files."""
        if file not in self._listed:
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
        """Create the next file, lock it, and write its warcinfo record."""
        now = datetime.now(UTC)
        with os_errors(str(self.storage.folder)):
            while self._file is None:
                self._name = f"{self._prefix}-{now:%Y%m%d%H%M%S}-{self._serial:05d}-{self._host}{WARC_SUFFIX}"
                self._location = self.storage.location(self._name + OPEN_SUFFIX)
                self._serial += 1
                self._file = self.storage.create(self._name)
        self._contents, self._warcinfo_id = manifest.FileContents(), new_id()
        self._durable, self._doubtful = 0, False
        warcinfo = self._warcinfo(now)
        try:
            self._write([gzip_member(warcinfo, self._level)], [warcinfo])
            with os_errors(str(self.storage.folder)):
                self.storage.sync_names()
        except Exception:
            self.storage.discard(self._name)
            os.close(self._file)
            self._file = None
            raise
        logger.info("%(file)s is begun", {"file": self._name})

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
