"""Let one process at a time write an archive, by a lock of the kernel on a file."""

from __future__ import annotations

import errno
import fcntl
import os
import pwd
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipelines.core import safe_open
from pipelines.core.archive_layout import LOCK_NAME, SETTINGS_NAME, WATCH_LOCK_NAME, WATCH_STATUS_NAME
from pipelines.core.errors import ArchiveLocked, MorgueError, NotOrdinaryFile, os_errors
from pipelines.core.terminal import plain

LONG_HOLD = timedelta(days=1)  # a crawl that runs longer is worth a line, also to a timer
MAX_NOTE_BYTES = 200  # of the text in the lock file, which names the process that holds it
MAX_NOTE_READS, NOTE_WAIT_SECONDS = 5, 0.05  # a process that just took the lock has yet to write its note
MAX_LOCKS_BYTES = 1 << 20  # of /proc/locks
KERNEL_LOCKS = Path("/proc/locks")  # proc(5); Linux only


@dataclass(frozen=True, slots=True)
class LockHolder:
    """Describe the process that holds the lock on an archive, as far as it can be known."""

    pid: int | None  # as the kernel says, else as the process itself wrote
    user: str | None  # name or number of the process's owner; None: unknown
    is_ours: bool  # the process runs as this user
    is_morgue: bool  # the process wrote its number into the lock file, as morgue does
    since: datetime  # when the lock file was last written: by morgue, when it took the lock

    @property
    def is_suspicious(self) -> bool:
        """True if waiting for this process may be in vain, so that a timer has to hear of it."""
        return not self.is_ours or not self.is_morgue or datetime.now(UTC) - self.since > LONG_HOLD

    def __str__(self) -> str:
        name = "another process" if self.pid is None else f"process {self.pid}"
        user = "" if self.is_ours or self.user is None else f" of user {self.user}"
        if not self.is_morgue:
            return f"{name}{user}, which is not morgue"
        return f"{name}{user} since {self.since.isoformat(timespec='seconds').replace('+00:00', 'Z')}"


class ArchiveLock:
    """Lock an archive, which one process at a time may write. The kernel releases the lock when that process dies.

    Lock file and settings are made private (0600): any process that can read a file can lock it, and the settings may
    hold the password of a proxy.
    """

    def __init__(self, path: Path) -> None:
        """Take the lock. Raises ArchiveLocked if another process has it, NotWritable and other MorgueErrors."""
        self.path = path
        with os_errors(str(path)):
            self._file = safe_open.open_descriptor(path, os.O_RDWR | os.O_CREAT, safe_open.PRIVATE_MODE)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = holder_of(self._file)
            os.close(self._file)
            raise (watched_by if path.name == WATCH_LOCK_NAME else held_by)(path.parent, holder) from None
        with suppress(OSError):  # of a file system without permissions
            safe_open.make_private(self._file)
        _make_settings_private(path.with_name(SETTINGS_NAME))
        self._say(f"process {os.getpid()}\n")

    def release(self) -> None:
        self._say("")
        os.close(self._file)  # the file stays: deleting it would race with the next one who locks it

    def leave_to_parent(self) -> None:
        """Let go of the lock in a process that was forked from its holder, which keeps it. Raises OSError."""
        os.close(self._file)

    def _say(self, text: str) -> None:
        """Write who holds the lock, for a process that is refused. On a full disk the lock holds without this text."""
        with suppress(OSError):
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, text.encode(), 0)


def _make_settings_private(path: Path) -> None:
    # Reading the settings reports what is wrong with the file.
    with suppress(OSError):
        file = safe_open.open_descriptor(path, os.O_RDONLY)
        try:
            safe_open.make_private(file)
        finally:
            os.close(file)


def held_by(archive: Path, holder: LockHolder) -> ArchiveLocked:
    """Return the error for an archive whose lock another process holds."""
    cure = "wait for it, or stop it"
    if holder.is_suspicious:
        what = "it is not a crawl that will end" if not holder.is_morgue else "it may never end"
        name = f"process {holder.pid}" if holder.pid is not None else f"it (fuser -v {archive / LOCK_NAME} names it)"
        cure = f"{what}: look at {name}, and stop it if it does no work"
    return ArchiveLocked(str(archive), f"is being written by {holder}", cure, is_suspicious=holder.is_suspicious)


def watched_by(archive: Path, holder: LockHolder) -> ArchiveLocked:
    """Return the error for a second `morgue watch` on an archive."""
    cure = f"one is enough; {archive / WATCH_STATUS_NAME} says what it does"
    return ArchiveLocked(str(archive), f"is being watched by {holder}", cure, is_suspicious=not holder.is_morgue)


def holder_of(file: int) -> LockHolder:
    """Return who holds the lock on an open lock file: by the kernel, and by what the process wrote into the file."""
    for _ in range(MAX_NOTE_READS - 1):
        holder = _holder_now(file)
        if holder.is_morgue:
            return holder
        time.sleep(NOTE_WAIT_SECONDS)
    return _holder_now(file)


def _holder_now(file: int) -> LockHolder:
    note = os.pread(file, MAX_NOTE_BYTES, 0).decode(errors="replace").split()
    written = int(note[1]) if len(note) >= 2 and note[0] == "process" and note[1].isdecimal() else None
    status = os.fstat(file)
    pid = _pid_in_kernel(status) or written
    owner = _owner_of(pid)
    return LockHolder(
        pid,
        None if owner is None else _user_name(owner),
        is_ours=owner is None or owner == os.geteuid(),
        is_morgue=written is not None and pid is not None and written in (pid, _number_in_container(pid)),
        since=datetime.fromtimestamp(status.st_mtime, UTC),
    )


def _number_in_container(pid: int) -> int | None:
    """Return the number that a process in a container sees as its own (NSpid in proc(5)), or None."""
    with suppress(OSError, ValueError), open(f"/proc/{pid}/status", "rb") as status:
        for line in status:
            if line.startswith(b"NSpid:"):
                return int(line.split()[-1])
    return None


def _pid_in_kernel(status: os.stat_result) -> int | None:
    """Return the process that took a lock on a file, by /proc/locks; None if the system does not say."""
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    with suppress(OSError, ValueError), KERNEL_LOCKS.open() as locks:
        for line in locks.read(MAX_LOCKS_BYTES).splitlines():
            words = line.split()  # "1: FLOCK  ADVISORY  WRITE 4242 fe:01:1234 0 EOF"; "->" before a waiting process
            if len(words) >= 6 and words[1] == "FLOCK" and words[5] == place and int(words[4]) > 0:
                return int(words[4])
    return None


def _owner_of(pid: int | None) -> int | None:
    """Return the user id of a process, or None."""
    if pid is None:
        return None
    try:
        return os.stat(f"/proc/{pid}").st_uid
    except OSError:
        return None


def _user_name(uid: int) -> str:
    try:
        return plain(pwd.getpwuid(uid).pw_name)
    except KeyError:
        return str(uid)


def is_held(path: Path) -> bool:
    """Return True if a process holds the lock on a file now. Raises MorgueError.

    The lock of another user's archive cannot be looked at, and counts as held.
    """
    try:
        with os_errors(str(path)):
            file = safe_open.open_descriptor(path, os.O_RDONLY)
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            finally:
                os.close(file)
    except MorgueError as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and not isinstance(cause, NotOrdinaryFile):
            if cause.errno in (errno.EWOULDBLOCK, errno.EACCES):
                return True
            if cause.errno == errno.ENOENT:
                return False
        raise
    return False


def locked_since(path: Path) -> datetime | None:
    """Return when the process that holds the lock on a file took it (UTC); None if none does. Raises MorgueError."""
    if not is_held(path):
        return None
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)  # it wrote its process id into the file then
