"""Let one process at a time, on any machine, ask a host that several shards ask: by an object in the fleet's bucket.

`hosts/feeds.example.json` says who has the turn and for how many seconds after its last renewal, or how long the next
taker must wait after the last request. It is only written under a condition (If-None-Match, If-Match), so that of two
takers one is refused, and it is never deleted.

Clocks of two machines are never compared, as in `pipelines.bucket.lease`. A holder counts from before it sent what made
the turn its own. A taker counts from when it first read an ETag, and takes the turn under this ETag, so that it was not
renewed meanwhile. A turn that was given back is free after the delay; one that was not renewed, after its time and a
margin. Processes of one machine share a clock, by which the end of the last request is noted: they wait no longer.

What rests on time is politeness. A process that is stopped for longer than its turn lasts, just after it got it, sends
one request when it goes on.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import random
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from threading import Event, Lock, RLock, Thread
from uuid import uuid4

from crawler.work.host_lock import HostBusy, machine_clock
from pipelines.bucket.lease import FREE, MARGIN, elapsed
from pipelines.bucket.object_store import ObjectStore, put_over
from pipelines.core.errors import MorgueError, NotFound, ObjectChanged

logger = logging.getLogger("morgue.engine")

KEY_FOLDER = "hosts"
TURN_SECONDS = 60.0  # without a renewal, which comes every third of it
PATIENCE_SECONDS = 120.0  # for which the bucket may fail before hosts are given up
MIN_POLL, MAX_POLL = 0.2, 2.0  # seconds between two looks at a turn that another process has
POLLS = 4  # in the delay of a host, as long as that is between these two
REQUEST_SECONDS = 5.0  # for a request to the bucket
MAX_TURN_BYTES = 4096
MAX_SECONDS = 1e6  # of any time in the object
PLAIN_NAME = re.compile(r"[a-z0-9.-]{1,200}")
CURE = "look at the server and the network; until then hosts that several shards ask are left alone"


def turn_key(host: str) -> str:
    """Return the key of the object for a host. A name that is no plain host name is followed by its hash."""
    host = host.lower()
    if PLAIN_NAME.fullmatch(host):
        return f"{KEY_FOLDER}/{host}.json"
    digest = hashlib.sha256(host.encode()).hexdigest()[:16]
    return f"{KEY_FOLDER}/{re.sub('[^a-z0-9.-]', '_', host)[:100]}_{digest}.json"


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """Hold what the object says."""

    host: str
    owner: str  # a random name of the holder; FREE: it was given back
    machine: str  # of the holder or the last one, and its process; only for messages
    process: int
    number: int  # grows with each write, so that no two writes have the same ETag
    seconds: float  # how long the turn lasts after this write
    delay: float  # seconds that the next taker must let pass after the last request
    clock: str  # of the machine, as `machine_clock` names it
    ended: float  # the end of the last request by that clock; only for a turn that was given back

    def to_bytes(self) -> bytes:
        return (json.dumps(asdict(self)) + "\n").encode()


@dataclass(frozen=True, slots=True)
class SeenTurn:
    """Hold what was read, or written by ourselves, and when: since then nothing else was seen."""

    etag: str | None  # None: there is no object yet
    record: TurnRecord | None  # None: there is no object, or one that says nothing
    since: float


@dataclass
class TurnPlace:
    """Hold what one process knows of the turn of one host."""

    key: str
    lock: RLock = field(default_factory=RLock)
    seen: SeenTurn | None = None
    look_at: float = 0.0  # when the bucket may be asked again
    spread: float = field(
        default_factory=random.random
    )  # share of a poll by which this taker comes later: none is always first
    number: int = 0  # of the last write that was seen
    own: tuple[str, float] = ("", 0.0)  # a name under which this process holds nothing any more, and its last request
    failing_since: float | None = None


def _record_of(data: bytes) -> TurnRecord | None:
    """Return what an object says; None if it says nothing that can be understood."""
    try:
        record = TurnRecord(**json.loads(data))
        times = (record.seconds, record.delay)
        if not isinstance(record.owner, str) or not all(0 <= float(value) < MAX_SECONDS for value in times):
            return None
        return replace(record, number=int(record.number), ended=float(record.ended))
    except (ValueError, TypeError, RecursionError, OverflowError):
        return None


def free_at(seen: SeenTurn, delay: float, seconds: float, clock: str, own: tuple[str, float]) -> float:
    """Return when a turn may be taken, by our own clock, if nothing else is seen until then.

    `delay`: of the taker; the longer one counts. `seconds`: of a turn that does not say its own. `clock`: ours.
    """
    record = seen.record
    if seen.etag is None:
        return seen.since
    if record is None:
        return seen.since + seconds * (1 + MARGIN) + delay
    wait = max(delay, record.delay)
    if record.owner == FREE:
        return wait + (min(record.ended, seen.since) if record.clock == clock else seen.since)
    if record.owner == own[0]:
        return wait + min(own[1], seen.since)
    return seen.since + record.seconds + max(record.seconds * MARGIN, wait)


class BucketHostTurns:
    """Give out turns by objects in a bucket. Any number of threads may use it."""

    def __init__(
        self,
        store: ObjectStore,
        *,
        seconds: float = TURN_SECONDS,
        patience: float = PATIENCE_SECONDS,
        clock: str | None = None,
    ) -> None:
        """`store`: at the address of the fleet. `seconds`: after which the turn of a dead process is free.

        `patience`: for which the bucket may fail. `clock`: the name of this machine's clock.
        """
        self._store = replace(store, seconds=min(store.seconds, REQUEST_SECONDS, seconds / 4), tries=1)
        self._giving_store = replace(self._store, tries=2)
        self._seconds, self._patience = seconds, patience
        self._clock = machine_clock() if clock is None else clock
        self._places: dict[str, TurnPlace] = {}
        self._lock = Lock()

    @contextmanager
    def taken(self, host: str, delay: float, timeout: float | None = None) -> Iterator[None]:
        """Wait for the turn of a host, and have it in the context.

        Raises HostBusy after `timeout` seconds, BucketFailing or another MorgueError if the bucket failed for long.
        """
        with self._lock:
            place = self._places.setdefault(turn_key(host), TurnPlace(turn_key(host)))
        until = None if timeout is None else elapsed() + timeout
        while (turn := self._try(place, host, delay)) is None:
            pause = max(0.0, place.look_at - elapsed()) or MIN_POLL
            if until is not None and elapsed() + pause > until:
                raise HostBusy(host, "is being asked by other shards", "it is asked again at its next visit")
            time.sleep(pause)
        try:
            yield
        finally:
            turn.release()

    def _try(self, place: TurnPlace, host: str, delay: float) -> HeldTurn | None:
        """Return the turn if it can be had now; else set the time of the next try. Raises MorgueError."""
        with place.lock:
            if elapsed() < place.look_at:
                return None
            poll = min(max(delay / POLLS, MIN_POLL), MAX_POLL)
            try:
                turn = self._taken_if_free(place, host, delay, poll)
            except MorgueError as error:
                place.seen, place.look_at = None, elapsed() + MAX_POLL * random.uniform(0.5, 1)  # noqa: S311
                self._note_failure(place, error)
                return None
            place.failing_since = None
            return turn

    def _taken_if_free(self, place: TurnPlace, host: str, delay: float, poll: float) -> HeldTurn | None:
        if place.seen is None or (place.seen.record is not None and place.seen.record.owner != FREE):
            self._look(place)
        assert place.seen is not None
        free = free_at(place.seen, delay, self._seconds, self._clock, place.own)
        free += place.spread * poll if place.seen.etag is not None else 0
        if (now := elapsed()) < free:
            is_held = place.seen.record is not None and place.seen.record.owner != FREE
            place.look_at = min(free, now + poll * random.uniform(0.5, 1.5)) if is_held else free  # noqa: S311
            return None
        place.number += 1
        owner = uuid4().hex
        record = TurnRecord(
            host, owner, socket.gethostname(), os.getpid(), place.number, self._seconds, delay, self._clock, 0.0
        )
        etag, since, place.seen = place.seen.etag, place.seen.since, None
        place.own = (owner, min(since, now - delay))  # if no answer comes: nothing is asked under this name
        try:
            etag = put_over(self._store, place.key, record.to_bytes(), etag)
        except (ObjectChanged, NotFound):  # another one was faster
            place.look_at = elapsed() + MIN_POLL * random.uniform(0.5, 1)  # noqa: S311
            return None
        place.own, place.spread = ("", 0.0), random.random()  # noqa: S311
        turn = HeldTurn(self._store, self._giving_store, place, record, etag, now)
        if turn.is_held():
            return turn
        turn.release()  # this process was stopped meanwhile
        return None

    def _look(self, place: TurnPlace) -> None:
        """Read the object; one that was seen before keeps the time of its first look. Raises MorgueError."""
        before = place.seen
        try:
            found = self._store.get(place.key, MAX_TURN_BYTES)
        except NotFound:
            place.seen = SeenTurn(None, None, elapsed())
            return
        if before is None or before.etag != found.etag:
            place.seen = SeenTurn(found.etag, _record_of(found.data), elapsed())
            if place.seen.record is not None:
                place.number = place.seen.record.number

    def _note_failure(self, place: TurnPlace, error: MorgueError) -> None:
        """Raise the error if the bucket has failed for longer than the patience."""
        now = elapsed()
        place.failing_since = now if place.failing_since is None else place.failing_since
        logger.info("no turn at a host for now: %(error)s", {"error": error})
        if now - place.failing_since >= self._patience:
            raise type(error)(error.subject, error.cause, CURE) from error


class HeldTurn:
    """Hold the turn of one host, renewed by a thread until `release`."""

    def __init__(
        self,
        store: ObjectStore,
        giving_store: ObjectStore,
        place: TurnPlace,
        record: TurnRecord,
        etag: str,
        began: float,
    ) -> None:
        """`giving_store`: by which it is given back. `began`: when the request was sent that made it ours."""
        self._store, self._giving_store = store, giving_store
        self._place, self._record, self._etag = place, record, etag
        self._until, self._is_lost = began + record.seconds, False
        self._ending = Event()
        self._thread = Thread(target=self._keep, name=f"turn at {record.host}", daemon=True)
        self._thread.start()

    def is_held(self) -> bool:
        """Return True as long as no other process can have the turn."""
        return elapsed() < self._until

    def _keep(self) -> None:
        pause = self._record.seconds / 3
        while not self._ending.wait(pause):
            began = elapsed()
            try:
                if not self._write(replace(self._record, number=self._record.number + 1), self._store):
                    self._is_lost = True
                    return
            except MorgueError as error:
                logger.info("%(key)s is not renewed: %(error)s", {"key": self._place.key, "error": error})
                pause = self._record.seconds / 12
            else:
                self._until, pause = began + self._record.seconds, self._record.seconds / 3

    def _write(self, record: TurnRecord, store: ObjectStore) -> bool:
        """Write what is ours; return False if another process has it now. Raises MorgueError."""
        for _ in range(2):
            try:
                self._etag = store.replace(self._place.key, record.to_bytes(), self._etag)
                self._record = record
                return True
            except (ObjectChanged, NotFound):  # taken over; or the answer to an earlier renewal was lost
                found = self._store.get(self._place.key, MAX_TURN_BYTES)
                now = _record_of(found.data)
                if now is None or now.owner != self._record.owner:
                    about = {"key": self._place.key, "by": now.machine if now else "another program"}
                    logger.warning("%(key)s was taken over by %(by)s: the bucket did not answer for long", about)
                    return False
                self._etag, record = found.etag, replace(record, number=now.number + 1)
        return False

    def release(self) -> None:
        """Give the turn back, and say how long the next one must wait. If that fails, the turn ends by itself."""
        ended = elapsed()
        self._ending.set()
        self._thread.join()
        free = replace(self._record, owner=FREE, number=self._record.number + 1, ended=ended)
        seen, own = None, (self._record.owner, ended)
        try:
            if not self._is_lost and self._write(free, self._giving_store):
                seen = SeenTurn(self._etag, self._record, ended)
        except MorgueError as error:
            logger.info("%(key)s is not given back: %(error)s", {"key": self._place.key, "error": error})
        with self._place.lock:
            self._place.seen, self._place.own, self._place.number = seen, own, self._record.number
            self._place.look_at = 0.0
