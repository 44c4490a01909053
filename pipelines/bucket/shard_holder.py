"""Take a shard for one process: its lease, its head, and the proof that the copy in this folder is the newest one.

`lease.json` in the shard's folder says under which token its files were last written. If a later holder has changed
anything since, this copy is outdated, and nothing is written to it. A holder that changed nothing outdates nobody.

It also names the owner of that lease. If a crash left the lease held by that owner, and this process has the lock of
the folder, then the owner is dead, and its lease is taken without waiting.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.bucket.lease import FREE, LEASE_SECONDS, PATIENCE_SECONDS, ShardLease, elapsed, take_lease
from pipelines.bucket.object_store import ObjectStore
from pipelines.bucket.shard_head import ShardHead, open_head
from pipelines.core import safe_open
from pipelines.core.archive_layout import HOLDER_NAME
from pipelines.core.errors import BucketFailing, LeaseLost, MorgueError, OutdatedCopy, os_errors
from pipelines.core.log_output import notices

logger = logging.getLogger("morgue.bucket")

MAX_NOTE_BYTES = 4096
PAUSE_SECONDS = 1.0  # after the bucket failed, before it is asked again
CURE = (
    "if there are WARC files here, move all but morgue.toml elsewhere: what never got to the bucket is only in them\n"
    "  (`morgue import` takes it over); then `morgue rebuild` here makes the shard from the bucket"
)


@dataclass(frozen=True, slots=True)
class HolderNote:
    """Hold what lease.json says."""

    token: int = 0  # under which the files of this folder were last written; 0: never
    owner: str = FREE  # of the lease with this token
    place: str = ""  # host and folder, so that a copied folder is no proof


def holder_note(folder: Path) -> HolderNote:
    """Return what lease.json in the folder of a shard says. One that says nothing, or is not there, proves nothing."""
    path = folder / HOLDER_NAME
    with os_errors(str(path)):
        try:
            data = safe_open.read_bytes(path, MAX_NOTE_BYTES)
        except FileNotFoundError:
            return HolderNote()
    try:
        note = HolderNote(**json.loads(data))
        return note if type(note.token) is int else HolderNote()
    except (ValueError, TypeError, RecursionError):
        return HolderNote()  # a shard that others have changed is then not written


@dataclass
class ShardHolder:
    """Hold a shard between `take` and `release`. One process has one, under the lock of the folder."""

    store: ObjectStore  # at the address of the fleet
    fleet: str  # UUID
    shard: int
    folder: Path
    seconds: float = LEASE_SECONDS
    patience: float = PATIENCE_SECONDS  # for which the bucket is waited for once the lease has run out
    is_ending: bool = False  # the run is to end: the bucket is not waited for any more
    lease: ShardLease | None = None
    head: ShardHead | None = None
    on_loss: Callable[[MorgueError], object] = field(default=lambda error: None)

    def take(self, *, anew: bool = False) -> None:
        """Take the shard. `anew`: the folder has nothing of it, and will get all that is in the bucket.

        Raises ArchiveLocked if another process has it, OutdatedCopy, BucketFailing and other MorgueErrors.
        """
        note, place = holder_note(self.folder), self._place()
        dead = note.owner if note.place == place else FREE
        lease = take_lease(self.store, self.fleet, self.shard, seconds=self.seconds, patience=self.patience, dead=dead)
        try:
            lease.on_loss = lambda error: self.on_loss(error)
            head = open_head(self.store, lease)
            if head.state.changed > note.token and not anew:
                where = f"shard {self.shard} of {self.store.address}"
                cause = f"is older than {where}, which another holder has changed since (token {head.state.changed})"
                raise OutdatedCopy(str(self.folder), cause, CURE)
            self._write(HolderNote(lease.token, lease.owner, place))
        except BaseException:
            lease.release()
            raise
        self.lease, self.head = lease, head

    def release(self) -> None:
        """Let others take the shard."""
        if self.lease is not None:
            self.lease.release()

    def lost(self) -> MorgueError | None:
        """Return why nothing more may be written, asked or shipped; None if the lease may hold or was never taken."""
        return None if self.lease is None or self.lease.is_held() else self.lease.lost

    def is_paused(self) -> bool:
        """Return True while nothing may be asked or shipped: the bucket has to show that nobody took the shard."""
        return self.lease is not None and self.lease.is_paused

    def held(self) -> ShardHead:
        """Return the head to write to. Raises LeaseLost, BucketFailing if the lease does not hold or was not taken."""
        if self.lease is None or self.head is None:
            raise LeaseLost(str(self.folder), "has no lease for its shard", "this is a bug of Newsmorgue")
        self.lease.check()
        return self.head

    def begin_file(self, name: str) -> None:
        """Name a new WARC file in the bucket; wait for a bucket that does not answer. Raises MorgueError."""
        began, is_said = elapsed(), False
        while True:
            try:
                return self.held().begin_file(name)
            except BucketFailing as error:
                if self.is_ending or self.lost() is not None or elapsed() - began > self.patience:
                    raise
                if not is_said:
                    notices.warning(
                        "%(file)s is not begun yet, and is waited for: %(error)s", {"file": name, "error": error}
                    )
                is_said = True
            time.sleep(PAUSE_SECONDS)

    def drop_file(self, name: str) -> None:
        """Forget a WARC file that was begun and has nothing in it. If that fails, it is tried with the next shard."""
        if self.head is not None and self.lost() is None:
            try:
                self.head.drop_files([name])
            except MorgueError as error:
                logger.info("%(file)s stays named as begun: %(error)s", {"file": name, "error": error})

    def _place(self) -> str:
        """Return what tells this folder from a copy of it."""
        with os_errors(str(self.folder)):
            status = os.stat(self.folder)
        return f"{socket.gethostname()} {status.st_dev} {status.st_ino}"

    def _write(self, note: HolderNote) -> None:
        path = self.folder / HOLDER_NAME
        values = {"token": note.token, "owner": note.owner, "place": note.place}
        with os_errors(str(path)), safe_open.draft(path) as draft:
            draft.write((json.dumps(values) + "\n").encode())
