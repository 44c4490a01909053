"""Let one process at a time ask a host, across all shards of a fleet, and keep the delay between its requests.

    turns = FileHostTurns(fleet / "hosts")            # all shards in one folder
    turns = DaskHostTurns("tls://scheduler:8786")     # shards on several machines
    with turns.taken("feeds.example", delay=5.0):
        ...                                           # one request

Both wait in the calling thread. `crawler.engine.bucket_turns` does the same by objects in a bucket.
The delay counts from the end of a request to the beginning of the next one.
"""

from __future__ import annotations

import fcntl
import math
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from crawler.work.dask_addresses import check_address
from exports.extras import load_extra
from pipelines.core import safe_open
from pipelines.core.errors import MorgueError, os_errors

POLL_SECONDS = 0.05  # between attempts at a lock that another process has
MAX_NOTE_BYTES = 300  # of the time in a lock file, and of the name of its clock
MAX_NAME_CHARS = 200  # of a file
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
MAX_CLOCK_CHARS = 200


class HostBusy(MorgueError):
    """Report that other processes have asked a host all the time that the caller would wait."""


class HostTurns(Protocol):
    """Declare what gives out the turns of hosts."""

    def taken(self, host: str, delay: float, timeout: float | None = None) -> AbstractContextManager[None]:
        """Wait for the turn of a host, and have it in the context. Raises HostBusy after `timeout` seconds."""


@cache
def machine_clock() -> str:
    """Return a name of the clock that all processes of this machine share until it starts again, without spaces.

    Times by clocks of two names are not compared. Without the kernel's own name it is that of the machine.
    """
    with suppress(OSError):
        return "-".join(BOOT_ID.read_text().split())[:MAX_CLOCK_CHARS]
    return "-".join(socket.gethostname().split())[:MAX_CLOCK_CHARS]


class FileHostTurns:
    """Give out turns by lock files in one folder. The kernel releases those of a process that dies.

    The folder may lie on a disk that several machines share, if that disk passes locks on (NFS does).
    """

    def __init__(self, folder: Path, *, clock: str | None = None) -> None:
        """`clock`: the name of this machine's clock."""
        self._folder, self._clock = folder, machine_clock() if clock is None else clock
        self._foreign: dict[Path, tuple[bytes, float]] = {}  # notes by other clocks, and when they were first seen

    @contextmanager
    def taken(self, host: str, delay: float, timeout: float | None = None) -> Iterator[None]:
        """Wait for the turn of a host, and have it in the context. Raises HostBusy, MorgueError.

        The file keeps the time of the last request by the monotonic clock, which all processes of a machine share, and
        the name of that clock. If it is the one of another machine, the delay counts from when this one first saw it.
        """
        path = self._folder / quote(host.lower(), safe="")[:MAX_NAME_CHARS]
        until = None if timeout is None else time.monotonic() + timeout
        with os_errors(str(path)):
            self._folder.mkdir(parents=True, exist_ok=True)
            file = safe_open.open_descriptor(path, os.O_RDWR | os.O_CREAT, safe_open.PRIVATE_MODE)
        try:
            while not _locked(file):
                _wait(host, POLL_SECONDS, until)
            if (pause := self._last_request(file, path) + delay - time.monotonic()) > 0:
                _wait(host, pause, until)
            self._note_request(file, path)
            try:
                yield
            finally:
                self._note_request(file, path)
        finally:
            os.close(file)

    def _last_request(self, file: int, path: Path) -> float:
        """Return when the host was last asked, by our clock: at the latest when we first saw the file say what it says.

        That is the first look for a time that lies ahead, and for what cannot be understood.
        """
        note = os.pread(file, MAX_NOTE_BYTES, 0)
        if not note:
            return -math.inf
        time_text, _, clock = note.decode(errors="replace").strip().partition(" ")
        with suppress(ValueError):
            if clock == self._clock and (found := float(time_text)) <= time.monotonic():
                return found
        if self._foreign.get(path, (b"", 0.0))[0] != note:
            self._foreign[path] = (note, time.monotonic())
        return self._foreign[path][1]

    def _note_request(self, file: int, path: Path) -> None:
        note = f"{time.monotonic():.6f} {self._clock}\n".encode()
        with os_errors(str(path)):
            os.ftruncate(file, os.pwrite(file, note, 0))


def _locked(file: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _wait(host: str, seconds: float, until: float | None) -> None:
    """Sleep. Raises HostBusy if that would be longer than the caller waits."""
    if until is not None and time.monotonic() + seconds > until:
        raise HostBusy(host, "is being asked by other shards", "it is asked again at its next visit")
    time.sleep(seconds)


class DaskHostTurns:
    """Give out turns by the locks of a Dask scheduler.

    A turn is kept until the delay is over, by the clock of the process that has it: those of other machines may differ.
    If that process dies or is stopped, Dask gives the turn to another after `distributed.scheduler.locks.lease-timeout`
    (30 s).
    """

    def __init__(self, address: str) -> None:
        """Connect to a scheduler. Raises ConfigError for one that is refused, MorgueError if none answers."""
        check_address(address)
        self._distributed = load_extra("distributed", "fleet")
        try:
            self._client = self._distributed.Client(address, set_as_default=False)
        except OSError as error:
            cure = "start it: dask scheduler --host HOST"
            raise MorgueError(address, f"no Dask scheduler answers ({type(error).__name__})", cure) from error
        self._delays: set[threading.Timer] = set()

    @contextmanager
    def taken(self, host: str, delay: float, timeout: float | None = None) -> Iterator[None]:
        """Wait for the turn of a host, and have it in the context. Raises HostBusy."""
        lock = self._distributed.Semaphore(
            max_leases=1, name=f"morgue-host-{host.lower()}",
            scheduler_rpc=self._client.scheduler, loop=self._client.loop,
        )  # fmt: skip
        if not lock.acquire(timeout=timeout):
            raise HostBusy(host, "is being asked by other shards", "it is asked again at its next visit")
        try:
            yield
        finally:
            timer = threading.Timer(delay, self._release, [lock])
            self._delays.add(timer)
            timer.start()

    def _release(self, lock: Any) -> None:
        lock.release()
        self._delays.discard(threading.current_thread())

    def close(self) -> None:
        """Wait for the delays of turns that this process had, and leave the scheduler."""
        for timer in list(self._delays):
            timer.join()
        self._client.close()
