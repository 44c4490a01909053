"""Ship finished WARC files to the bucket: beside a crawl, and all that wait at its end or by `morgue ship`.

The spool is what lies in warc/: files being written, and finished ones that are not shipped yet.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import TypeVar

from pipelines.bucket.identity import claim
from pipelines.bucket.shipped import ShippedFile
from pipelines.bucket.snapshot import Snapshot
from pipelines.bucket.storage import BucketStorage
from pipelines.core.errors import BucketFailing, MorgueError
from pipelines.core.log_output import notices
from pipelines.warc.manifest import ManifestEntry
from pipelines.warc.storage import OPEN_SUFFIX

logger = logging.getLogger("morgue.bucket")

T = TypeVar("T")

LOOK_SECONDS = 1.0  # between two looks for files to ship
SIZE_SECONDS = 0.2  # between two looks at the size of the spool
MAX_PAUSE_SECONDS = 60.0  # after a bucket has failed several times
END_SECONDS = 5.0  # that the end of a crawl waits for an upload; it is made again later


@dataclass(slots=True)
class ShippingReport:
    """Say what was shipped and what was not."""

    shipped: list[ShippedFile] = field(default_factory=list)
    failed: list[MorgueError] = field(default_factory=list)  # each about one file, or the last about all
    kept: list[str] = field(default_factory=list)  # names of files that a later run continues
    snapshot: Snapshot | None = None  # the copy of the database that was made
    waiting: list[str] = field(default_factory=list)  # names of files that were not tried any more


def waiting_files(storage: BucketStorage, keep: str | None) -> list[str]:
    """Return the names of the finished files in the folder that can be shipped. `keep`: the one that may grow."""
    finished = [name for name in storage.spooled() if not name.endswith(OPEN_SUFFIX)]
    return [name for name in finished if name != keep]


def ship_waiting(
    storage: BucketStorage,
    uuid: str,
    keep: str | None,
    listed: dict[str, ManifestEntry],
    on_shipped: Callable[[ShippedFile], object] = bool,
    may_go_on: Callable[[], bool] = lambda: True,
) -> ShippingReport:
    """Ship all finished files, after making sure that the address is this archive's. The archive must be locked.

    What fails is in the report. After a failure of the bucket itself, the rest is not tried.
    """
    report = ShippingReport(kept=[keep] if keep is not None and storage.is_local(keep) else [])
    names = waiting_files(storage, keep)
    if not names:
        return report
    claim(storage.store, uuid)
    for number, name in enumerate(names):
        try:
            report.shipped.append(storage.ship(name, listed.get(name), may_go_on))
            on_shipped(report.shipped[-1])
        except BucketFailing as error:
            report.failed.append(error)
            report.waiting = names[number:]
            break
        except MorgueError as error:
            report.failed.append(error)
            report.waiting.append(name)
    return report


def interruptibly(work: Callable[[Callable[[], bool]], T]) -> T:
    """Call a function on another thread and return its result, so that Ctrl-C need not wait for a request.

    `work` is given a function that says False after Ctrl-C: then it must change nothing any more.
    """
    stop, ended = Event(), Event()
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work(lambda: not stop.is_set()))
        except BaseException as error:  # noqa: BLE001 - raised again below
            errors.append(error)
        finally:
            ended.set()

    Thread(target=run, name="shipping", daemon=True).start()
    try:
        while not ended.wait(LOOK_SECONDS):
            continue
    except BaseException:
        stop.set()
        raise
    if errors:
        raise errors[0]
    return results[0]


class Shipper:
    """Ship files beside a crawl, on a thread of its own. Nothing that fails there stops the crawl.

    `is_full` says that the spool has reached its limit, so that fetching waits.
    """

    def __init__(self, storage: BucketStorage, uuid: str, keep: str | None, limit: int) -> None:
        """`keep`: the file that the crawl may continue; `limit`: bytes of the spool."""
        self._storage, self._uuid, self._keep, self._limit = storage, uuid, keep, limit
        self.failure: MorgueError | None = None  # why the last try failed; None: it did not
        self._stop = Event()
        self._looked, self._full = -LOOK_SECONDS, False
        self._claimed = False
        self._thread = Thread(target=self._run, name="shipping", daemon=True)

    def start(self) -> None:
        """Begin to ship."""
        self._thread.start()

    def stop(self) -> None:
        """Ship nothing more. An upload that does not end soon is left alone: nothing comes of it any more."""
        self._stop.set()
        self._thread.join(END_SECONDS)

    def is_full(self) -> bool:
        """Return True while the spool has reached its limit; say so when that begins and ends."""
        now = time.monotonic()
        if now - self._looked >= SIZE_SECONDS:
            self._looked = now
            size = sum(self._storage.spooled().values())
            # A file that is being written, or may be continued, is finished only if the crawl goes on.
            if (size >= self._limit and any(self._names())) != self._full:
                self._full = not self._full
                self._say(size)
        return self._full

    def _say(self, size: int) -> None:
        about = {"bucket": self._storage.store.address, "size": size / 1e9, "limit": self._limit / 1e9}
        if not self._full:
            notices.warning("fetching goes on: %(bucket)s took enough of the WARC files that waited", about)
            return
        about["why"] = f": {self.failure}" if self.failure is not None else ""
        text = "fetching waits: %(size).3g GB of WARC files wait for %(bucket)s (storage.spool: %(limit).3g GB)%(why)s"
        notices.warning(text, about)

    def _run(self) -> None:
        pause = LOOK_SECONDS
        while not self._stop.wait(pause):
            names = [] if self._storage.is_paused() else list(self._names())
            try:
                self._ship(names)
            except MorgueError as error:
                if self.failure is None:
                    logger.warning("%(error)s\n  the crawl goes on; files wait in warc/", {"error": error})
                self.failure = error
                pause = random.uniform(pause, min(MAX_PAUSE_SECONDS, pause * 3))  # noqa: S311
                continue
            if names and self.failure is not None:
                logger.warning("%(bucket)s takes files again", {"bucket": self._storage.store.address})
                self.failure = None
            pause = LOOK_SECONDS

    def _names(self) -> Iterator[str]:
        """Yield what can be shipped now: not the file that the crawl may be about to continue."""
        with suppress(MorgueError):  # of the disk, which the crawl itself reports
            spooled = self._storage.spooled()
            is_writing = any(name.endswith(OPEN_SUFFIX) for name in spooled)
            yield from waiting_files(self._storage, None if is_writing else self._keep)

    def _ship(self, names: list[str]) -> None:
        for name in names:
            if not self._claimed:
                claim(self._storage.store, self._uuid)
                self._claimed = True
            if self._stop.is_set():
                return
            shipped = self._storage.ship(name, None, lambda: not self._stop.is_set())
            logger.info("%(file)s is shipped (bytes: %(size)d)", {"file": shipped.file, "size": shipped.size})
