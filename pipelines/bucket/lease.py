"""Let one process at a time, on any machine, write a shard: by a lease, an object in the bucket of the fleet.

`leases/003.json` says who holds shard 3 and for how long after its last renewal. It is only written under a condition
(If-None-Match, If-Match), so that of two writers one is refused. It is never deleted: each taker raises its token by
one, also after an orderly release. What is written under an older token is refused by `shard_head`.

Clocks of two machines are never compared. The holder counts from before it sent a renewal, and pauses at its end by
itself: it goes on trying to renew, and goes on once that succeeds. For a renewal is written under the ETag of the one
before, which a taker would have changed before anything else. A taker must have seen the same ETag for the whole
duration and a margin more, counted from when it was first read: then the last renewal was sent before that, and has run
out. Both count by a clock that goes on while the machine sleeps. It does not while a virtual machine is paused as a
whole: such a holder may send what it was about to send, and the bucket refuses it. The margin is for what was sent to
web servers just before the end.
"""

from __future__ import annotations

import json
import logging
import os
import random
import socket
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from threading import Event, Lock, Thread
from uuid import uuid4

from pipelines.bucket.object_store import ObjectStore, put_over, read_whole
from pipelines.core import timestamps
from pipelines.core.errors import (
    ArchiveDamaged,
    ArchiveLocked,
    BucketFailing,
    ConfigError,
    LeaseLost,
    MorgueError,
    NotFound,
    ObjectChanged,
)
from pipelines.core.log_output import notices
from pipelines.core.timestamps import stamp

logger = logging.getLogger("morgue.bucket")

LEASE_SECONDS = 120.0  # without a renewal, which comes every third of it
PATIENCE_SECONDS = 3600.0  # for which a holder whose time is over tries to renew before it gives up
MARGIN = 0.25  # of the duration, for which a taker waits longer than the holder may write
LOOKS = 12  # at a held lease, during its duration
MAX_LEASE_BYTES = 4096
FREE = ""  # the owner of a lease that nobody holds
CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # macOS counts sleep in the latter
LOSS_CURE = "nothing more was asked or shipped; the next command here says what becomes of the files that stay here"
TIME_CURE = "see to the bucket, then run the same command again: it goes on from here if nobody took the shard"
PAUSED = (
    "fetching waits: %(lease)s was not renewed for %(seconds)g s: no answer of the bucket, or this process was stopped"
    "\n  it goes on when the bucket shows that no other machine took the shard, and ends if there is no answer for"
    " %(patience)g s more"
)


def elapsed() -> float:
    """Return seconds of a clock of this machine that is never set, and goes on while it sleeps."""
    return time.clock_gettime(CLOCK)


def lease_key(shard: int) -> str:
    """Return the key of the lease of a shard."""
    return f"leases/{shard:03}.json"


def head_key(shard: int) -> str:
    """Return the key of the object that says what counts in a shard: see `shard_head`."""
    return f"shards/{shard:03}/head.json"


@dataclass(frozen=True, slots=True)
class LeaseRecord:
    """Hold what the object says."""

    fleet: str  # UUID
    shard: int
    token: int  # grows by one whenever the lease is taken
    owner: str  # a random name of the holder; FREE: nobody holds it
    host: str  # of the holder, or of the last one; only for messages
    process: int
    renewal: int  # grows with each write of an owner, so that no two writes have the same ETag
    seconds: float  # how long it holds after the renewal
    written: str  # by the clock of the host, UTC; only for messages
    taken: str = ""  # when this holder took it, by its clock, UTC; only for messages

    def to_bytes(self) -> bytes:
        return (json.dumps(asdict(self)) + "\n").encode()

    def __str__(self) -> str:
        return f"process {self.process} on {self.host} (token {self.token}, written {self.written} by its clock)"


@dataclass(frozen=True, slots=True)
class SeenLease:
    """Hold a record, and the ETag that it had."""

    record: LeaseRecord
    etag: str


def read_lease(store: ObjectStore, fleet: str, shard: int) -> SeenLease | None:
    """Return the lease of a shard as it is now; None if nobody ever took it.

    Raises ConfigError for a lease of another fleet, ArchiveDamaged for an object that is no lease, BucketFailing.
    """
    key = lease_key(shard)
    try:
        found = store.get(key, MAX_LEASE_BYTES)
    except NotFound:
        return None
    try:
        record = LeaseRecord(**json.loads(found.data))
        numbers = (record.token, record.renewal, record.process, record.shard)
        if {*map(type, numbers)} != {int} or {type(record.host), type(record.owner), type(record.taken)} != {str}:
            raise TypeError(record)
        if not 0 < float(record.seconds) < 1e6:
            raise ValueError(record.seconds)
        timestamps.parse(record.written)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        cure = "look at what it is; if no morgue runs on this fleet, delete it: the next crawl makes another"
        raise ArchiveDamaged(store.location(key), "is no lease", cure) from error
    if record.fleet != fleet or record.shard != shard:
        cause = f"is of shard {record.shard} of fleet {record.fleet}; this is shard {shard} of fleet {fleet}"
        raise ConfigError(store.location(key), cause, "give each fleet an address of its own, such as s3://BUCKET/NAME")
    return SeenLease(record, found.etag)


class ShardLease:
    """Hold the lease of one shard, renewed by a thread until `release`. Made by `take_lease`.

    Any thread may ask. Ask before each thing that only the holder may do: nothing interrupts what goes on.
    """

    def __init__(
        self, store: ObjectStore, record: LeaseRecord, etag: str, began: float, patience: float = PATIENCE_SECONDS
    ) -> None:
        """`began`: when the request was sent that made it ours. `patience`: seconds for which it may be paused."""
        self.key, self.location = lease_key(record.shard), store.location(lease_key(record.shard))
        self._store, self._record, self._etag, self._patience = store, record, etag, patience
        self._sent = {record.renewal: began}  # when each renewal was sent that may be in the bucket
        self._deadline = began + record.seconds
        self._is_unsure = False  # a renewal was sent, and it is unknown whether it arrived
        self._paused: float | None = None  # its time is over, and it may yet be renewed: when that was last seen
        self._waited = 0.0  # seconds for which it is so, without those in which this process was stopped
        self._lost: MorgueError | None = None
        self._released = False
        self._renewing, self._changing, self._ending = Lock(), Lock(), Event()
        self.on_loss: Callable[[MorgueError], object] = lambda error: None  # called once, on any thread
        self._thread = Thread(target=self._keep, name=f"lease of shard {record.shard}", daemon=True)
        self._thread.start()

    @property
    def fleet(self) -> str:
        return self._record.fleet

    @property
    def shard(self) -> int:
        return self._record.shard

    @property
    def owner(self) -> str:
        return self._record.owner

    @property
    def token(self) -> int:
        """Return the number under which this holder writes; each later holder has a greater one."""
        return self._record.token

    @property
    def lost(self) -> MorgueError | None:
        """Return why the lease is over for good; None if it holds, is paused, or was released."""
        return self._lost

    @property
    def is_paused(self) -> bool:
        """Return True while its time is over, and it is tried to renew it: nothing may be asked or shipped."""
        return not self.is_held() and self._lost is None and not self._released

    def is_held(self) -> bool:
        """Return True if this process may write, ask and ship now. Asks no server."""
        if self._lost is not None or self._released:
            return False
        if elapsed() < self._deadline:
            return True
        self._pause()
        return False

    def check(self) -> None:
        """Raise an error unless the lease holds: BucketFailing while it is paused, LeaseLost."""
        if not self.is_held():
            self._must_be_ours()
            cause = f"was not renewed for {self._record.seconds:g} s"
            raise BucketFailing(self.location, cause, "it is tried again; until then nothing is asked or shipped")

    def _must_be_ours(self) -> None:
        """Raise an error if the lease is over for good."""
        if self._lost is not None:
            raise self._lost
        if self._released:
            raise LeaseLost(self.location, "was released", "take it again first")

    def lose(self, cause: str) -> MorgueError:
        """Note that another holder was seen, and return the error that says so."""
        return self._end(LeaseLost(self.location, cause, LOSS_CURE))

    def _pause(self) -> None:
        """Note that the time is over; give up if that is so for too long. Time in which we were stopped counts not."""
        with self._changing:
            now = elapsed()
            if now < self._deadline:
                return  # renewed just now
            if self._paused is None:
                self._waited = 0.0
                about = {"lease": self.location, "seconds": self._record.seconds, "patience": self._patience}
                notices.warning(PAUSED, about)
            else:  # the thread looks more often than every `seconds`
                self._waited += min(now - self._paused, self._record.seconds)
            self._paused, is_over = now, self._waited >= self._patience
        if is_over:
            cause = f"was not renewed for {self._record.seconds:g} s, and the bucket gave no answer for"
            self._end(BucketFailing(self.location, f"{cause} {self._patience:g} s more", TIME_CURE))

    def _end(self, error: MorgueError) -> MorgueError:
        """Note that the lease is over for good, and return the first error that says why."""
        with self._changing:
            if self._lost is not None:
                return self._lost
            self._lost = error
        self._ending.set()
        logger.warning("%(error)s", {"error": error})
        self.on_loss(error)
        return error

    def release(self) -> None:
        """Say that the shard is free. If the bucket does not answer, the lease ends by itself."""
        self._ending.set()
        self._thread.join()
        if self._lost is not None or self._released:
            return
        self._released = True
        free = replace(self._record, owner=FREE, renewal=max(self._sent) + 1, written=stamp(timestamps.now()))
        try:
            if self._is_unsure:
                self._read_back()
            if self._lost is None:
                self._store.replace(self.key, free.to_bytes(), self._etag)
        except MorgueError as error:
            about = {"key": self.location, "seconds": self._record.seconds, "error": error}
            logger.warning("%(key)s is not released, and ends in %(seconds)d s: %(error)s", about)

    def _keep(self) -> None:
        """Renew until the end. A request takes at most a third of the duration, so that a second one is possible."""
        pause = self._record.seconds / 3
        while not self._ending.wait(pause):
            try:
                if self.is_held() or self._lost is None:
                    self.renew()
                pause = self._record.seconds / 3
            except MorgueError as error:  # the deadline decides what becomes of it
                logger.info("%(key)s is not renewed: %(error)s", {"key": self.location, "error": error})
                pause = self._record.seconds / LOOKS * random.uniform(0.5, 1)  # noqa: S311

    def renew(self) -> None:
        """Make the lease last for its duration from now. Raises BucketFailing and other MorgueErrors, LeaseLost."""
        with self._renewing:
            self._must_be_ours()
            if self._is_unsure:
                self._read_back()
                self._must_be_ours()
            record = replace(self._record, renewal=max(self._sent) + 1, written=stamp(timestamps.now()))
            self._sent[record.renewal] = elapsed()
            self._is_unsure = True
            try:
                etag = self._store.replace(self.key, record.to_bytes(), self._etag)
            except (ObjectChanged, NotFound):  # taken over; or an earlier renewal arrived late
                self._read_back()
                self.check()  # a renewal that arrived late may have run out
            else:
                self._adopt(SeenLease(record, etag))

    def _read_back(self) -> None:
        """Find out who holds the lease. Raises BucketFailing and other MorgueErrors if that stays unknown."""
        found = read_lease(self._store, self.fleet, self.shard)
        if found is None:
            self.lose("was deleted from the bucket")
        elif (found.record.owner, found.record.token) != (self._record.owner, self.token):
            self.lose(f"was taken over by {found.record}" if found.record.owner else f"was released: {found.record}")
        elif found.record.renewal in self._sent:
            self._adopt(found)
        else:
            self.lose("is older than what was written there: the bucket was put back to an earlier state")

    def _adopt(self, found: SeenLease) -> None:
        self._record, self._etag, self._is_unsure = found.record, found.etag, False
        with self._changing:
            self._deadline = self._sent[found.record.renewal] + found.record.seconds
            goes_on = self._paused is not None and elapsed() < self._deadline
            if goes_on:
                self._paused = None
        self._sent = {number: sent for number, sent in self._sent.items() if number >= found.record.renewal}
        if goes_on:
            notices.warning("fetching goes on: %(key)s is renewed; nobody took the shard", {"key": self.location})


def take_lease(
    store: ObjectStore,
    fleet: str,
    shard: int,
    *,
    seconds: float = LEASE_SECONDS,
    patience: float = PATIENCE_SECONDS,
    dead: str = FREE,
) -> ShardLease:
    """Take the lease of a shard. Wait until a holder that does not renew it is over; a living one is not waited for.

    `store`: at the address of the fleet. `dead`: a holder whose process is known to have ended. Raises ArchiveLocked if
    another process holds it, BucketFailing, ConfigError, ArchiveDamaged.
    """
    quick = replace(store, seconds=min(store.seconds, seconds / 3), tries=1)
    found = read_lease(store, fleet, shard)
    if found is not None and found.record.owner not in (FREE, dead):
        found = _watched(quick, found)
    token = 1 + max(0 if found is None else found.record.token, _token_of_head(store, shard))
    host, time_now = socket.gethostname(), stamp(timestamps.now())
    record = LeaseRecord(fleet, shard, token, uuid4().hex, host, os.getpid(), 0, seconds, time_now, time_now)
    began, data = elapsed(), record.to_bytes()
    try:
        etag = put_over(quick, lease_key(shard), data, None if found is None else found.etag)
    except (ObjectChanged, NotFound, BucketFailing) as error:
        now = read_lease(store, fleet, shard)  # the answer may be lost, and the request done
        if now is None or now.record.owner != record.owner:
            if isinstance(error, BucketFailing) or now is None:
                raise
            raise _held_by(store, now.record) from None
        etag = now.etag
    if found is None:
        _must_know_conditions(store, lease_key(shard), data)
    lease = ShardLease(quick, record, etag, began, patience)
    logger.info("%(key)s is taken with token %(token)d", {"key": lease.location, "token": token})
    return lease


def _must_know_conditions(store: ObjectStore, key: str, data: bytes) -> None:
    """Check that the server refuses what a condition forbids, on an object that is there. Raises ConfigError."""
    for etag in (None, '"00000000000000000000000000000000"'):
        try:
            put_over(store, key, data, etag)
        except (ObjectChanged, NotFound):
            continue
        cause = f"ignores {'If-None-Match' if etag is None else 'If-Match'}, so that two machines could write one shard"
        raise ConfigError(store.server, cause, "use a server that knows conditional writes (PUT), or one machine")


def _watched(store: ObjectStore, found: SeenLease) -> SeenLease | None:
    """Return a held lease once it may be taken: nobody renewed it for long enough. Raises ArchiveLocked.

    One renewal may be the last one of a dead holder, which arrived late. After a second one the holder is alive.
    """
    for is_second in (False, True):
        first_seen, record = elapsed(), found.record  # after the answer: the holder counts from before it
        over = first_seen + record.seconds * (1 + MARGIN)
        about = {"seconds": over - elapsed(), "host": record.host, "shard": record.shard}
        notices.warning("waits %(seconds).0f s to see whether %(host)s renews the lease of shard %(shard)d", about)
        while (left := over - elapsed()) > 0:
            time.sleep(min(left, record.seconds / LOOKS))
            try:
                now = read_lease(store, record.fleet, record.shard)
            except BucketFailing as error:
                logger.info("%(error)s", {"error": error})  # the condition of the write decides
                continue
            if now is None or now.record.owner == FREE:
                return now
            if now.etag != found.etag:
                if is_second or now.record.owner != record.owner:
                    raise _held_by(store, now.record)
                found = now
                break
        else:
            return found
    raise _held_by(store, found.record)


def _held_by(store: ObjectStore, record: LeaseRecord) -> ArchiveLocked:
    subject = f"shard {record.shard} of {store.address}"
    return ArchiveLocked(subject, f"is being written by {record}", "wait for it, or stop it there")


def _token_of_head(store: ObjectStore, shard: int) -> int:
    """Return the token that the head has: the greater one if the lease was deleted or put back; 0 if it has none."""
    try:
        found = read_whole(store, head_key(shard))
        return 0 if found is None else int(json.loads(found.data)["token"])
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return 0  # `shard_head` names what is wrong with it
