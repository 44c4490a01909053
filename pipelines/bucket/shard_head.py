"""Keep what counts in a shard: `shards/003/head.json` names its WARC files and its newest snapshot in the bucket.

Objects that it does not name do not count; they are leftovers of a holder that was too late, and may be deleted.

Why an old holder can change nothing that counts. A new holder first writes its token into this object, under the ETag
that it read (`open_head`); only what is in it then is the shard. An old holder writes under the ETag that it knows,
which is no longer there, so that the server refuses it, also if the request was under way for minutes: nothing depends
on time. WARC files and snapshots are put under new names, never over an object, and count once they are named here. An
object is replaced in one case, the removal of pages: its new SHA-256 is announced here first, so that the next holder
knows what an object with another ETag is (`HeadFile.becomes`).

The holder also names each WARC file that it begins, before the first byte. So it is known later which files never
arrived, because their machine is gone. A holder that begins with what is in the bucket takes the shard over: the lost
machine's copy is outdated if it comes back. The next run that writes gives these files up (`give_up`).
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from threading import Lock
from typing import Any

from pipelines.bucket.lease import ShardLease, head_key
from pipelines.bucket.object_store import ObjectStore, put_over, read_whole
from pipelines.core import timestamps
from pipelines.core.archive_layout import is_warc_name
from pipelines.core.errors import ArchiveDamaged, ConfigError, NotFound, ObjectChanged
from pipelines.core.timestamps import stamp

SHA256_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class HeadFile:
    """Describe a WARC file that lies in the bucket."""

    size: int  # bytes
    sha256: str
    etag: str
    becomes: str | None = None  # SHA-256 of what is about to replace it; None: nothing is


@dataclass(frozen=True, slots=True)
class BegunFile:
    """Describe a WARC file that did not arrive yet. Host and time are only for messages."""

    token: int  # of the holder that began it
    host: str
    time: str  # by its clock, UTC


@dataclass(frozen=True, slots=True)
class HeadSnapshot:
    """Describe the newest saved copy of the database."""

    key: str  # below the address of the shard
    size: int  # bytes
    etag: str
    files: int  # WARC files in the bucket when it was made; later ones have what it lacks


@dataclass(frozen=True, slots=True)
class HeadState:
    """Hold what the object says."""

    fleet: str  # UUID
    shard: int
    token: int = 0  # of the newest holder: writes under an older one are refused
    changed: int = 0  # token of the holder that last changed any of the following; 0: nobody did
    files: Mapping[str, HeadFile] = field(default_factory=dict)  # in the order in which they were shipped
    begun: Mapping[str, BegunFile] = field(default_factory=dict)  # WARC files that did not arrive yet
    given_up: Mapping[str, int] = field(default_factory=dict)  # files that never arrived -> token of who gave them up
    snapshot: HeadSnapshot | None = None

    def to_bytes(self) -> bytes:
        return (json.dumps(asdict(self), indent=0) + "\n").encode()

    def missing(self) -> dict[str, BegunFile]:
        """Return the WARC files that an earlier holder began, and that did not arrive; it may be the one of now."""
        return {name: file for name, file in self.begun.items() if file.token < self.token}


def read_head(store: ObjectStore, fleet: str, shard: int) -> HeadState:
    """Return what counts in a shard now, for anybody who reads it. Raises BucketFailing, ConfigError, ArchiveDamaged.

    `store`: at the address of the fleet.
    """
    found = _read(store, fleet, shard)
    return HeadState(fleet, shard) if found is None else found[0]


def _read(store: ObjectStore, fleet: str, shard: int) -> tuple[HeadState, str] | None:
    """Return the state and its ETag; None if there is no such object."""
    key = head_key(shard)
    if (found := read_whole(store, key)) is None:
        return None
    try:
        state = _state(json.loads(found.data))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        cure = "put back an earlier version of the object, if the bucket keeps them; the files it named are untouched"
        raise ArchiveDamaged(store.location(key), "does not say what counts in the shard", cure) from error
    if state.fleet != fleet or state.shard != shard:
        cause = f"is of shard {state.shard} of fleet {state.fleet}; this is shard {shard} of fleet {fleet}"
        raise ConfigError(store.location(key), cause, "give each fleet an address of its own, such as s3://BUCKET/NAME")
    return state, found.etag


def _state(values: dict[str, Any]) -> HeadState:
    """Return a state by the values of its object. Raises ValueError, TypeError, KeyError, AttributeError."""
    files = {name: HeadFile(**file) for name, file in values["files"].items()}
    for name, file in files.items():
        if not is_warc_name(name) or type(file.size) is not int or not SHA256_HEX.fullmatch(file.sha256):
            raise ValueError(name)
    snapshot = HeadSnapshot(**values["snapshot"]) if values["snapshot"] is not None else None
    begun = {name: BegunFile(**file) for name, file in values["begun"].items()}
    state = HeadState(**{**values, "files": files, "begun": begun, "snapshot": snapshot})
    tokens = [file.token for file in begun.values()]
    numbers = [state.shard, state.token, state.changed, *tokens, *state.given_up.values()]
    for waiting in begun.values():
        timestamps.parse(waiting.time)
    texts = [state.fleet, *(text for file in begun.values() for text in (file.host, file.time))]
    if snapshot is not None:
        numbers, texts = [*numbers, snapshot.size, snapshot.files], [*texts, snapshot.key, snapshot.etag]
    if {*map(type, numbers)} != {int} or {*map(type, texts)} != {str}:
        raise TypeError(numbers, texts)
    return state


class ShardHead:
    """Change what counts in a shard, as the holder of its lease. Made by `open_head`. Any thread may ask.

    Each method that changes something raises LeaseLost once the lease is over, BucketFailing, ObjectChanged.
    """

    def __init__(self, store: ObjectStore, lease: ShardLease, state: HeadState, etag: str) -> None:
        self._store, self.lease = store, lease
        self._state, self._etag = state, etag
        self._lock = Lock()

    @property
    def state(self) -> HeadState:
        """Return what counts now. Asks no server: nobody else can change it while the lease holds."""
        return self._state

    def files(self) -> Mapping[str, HeadFile]:
        """Return the WARC files that lie in the bucket and count, by name."""
        return self._state.files

    def snapshot(self) -> HeadSnapshot | None:
        """Return the newest saved copy of the database; None if there is none."""
        return self._state.snapshot

    def missing(self) -> list[str]:
        """Return the WARC files that an earlier holder began, and that did not arrive."""
        return [*self._state.missing()]

    def begin_file(self, name: str) -> None:
        """Name a WARC file before its first byte is written, or before this holder goes on with it."""
        begun = self._state.begun.get(name)
        if begun is None or begun.token != self.lease.token:
            file = BegunFile(self.lease.token, socket.gethostname(), stamp(timestamps.now()))
            self._change(lambda state: replace(state, begun={**state.begun, name: file}))

    def drop_files(self, names: Iterable[str]) -> None:
        """Forget WARC files that were begun and never had a capture: they are not here and never will be."""
        gone = set(names) & set(self._state.begun)
        if gone:
            self._change(lambda state: replace(state, begun=_without(state.begun, gone)))

    def add_file(self, name: str, size: int, sha256: str, etag: str) -> None:
        """Let a WARC file count that lies in the bucket and was read back; also one that was replaced there."""
        file = HeadFile(size, sha256, etag)
        if self._state.files.get(name) == file:
            return
        self._change(
            lambda state: replace(state, files={**state.files, name: file}, begun=_without(state.begun, {name}))
        )

    def announce(self, name: str, sha256: str) -> None:
        """Say what is about to replace a WARC file in the bucket. `add_file` ends that. Raises NotFound."""
        file = self._state.files.get(name)
        if file is None:
            raise NotFound(self._store.location(head_key(self.lease.shard)), f"names no file {name}")
        self._change(lambda state: replace(state, files={**state.files, name: replace(file, becomes=sha256)}))

    def give_up(self, names: Iterable[str]) -> None:
        """Note that WARC files will never arrive, so that nobody waits for them; see `missing`."""
        lost = {name: self.lease.token for name in names if name in self._state.begun}
        if lost:
            self._change(
                lambda state: replace(
                    state, begun=_without(state.begun, set(lost)), given_up={**state.given_up, **lost}
                )
            )

    def take_over(self) -> None:
        """Let the copies of all earlier holders be outdated, also if nothing else changes."""
        self._change(lambda state: state)

    def set_snapshot(self, key: str, size: int, etag: str) -> None:
        """Let a saved copy of the database count, in the place of the one before."""
        self._change(lambda state: replace(state, snapshot=HeadSnapshot(key, size, etag, files=len(state.files))))

    def _change(self, changed: Callable[[HeadState], HeadState]) -> None:
        """Write a new state. It is refused by the server if a later holder has written its token."""
        with self._lock:
            self.lease.check()
            state = replace(changed(self._state), changed=self.lease.token)
            key = head_key(self.lease.shard)
            try:
                etag = self._store.replace(key, state.to_bytes(), self._etag)
            except (ObjectChanged, NotFound):
                found = _read(self._store, state.fleet, state.shard)
                if found is not None and found[0].token > self.lease.token:
                    raise self.lease.lose(f"was taken over: {key} has token {found[0].token}") from None
                # An earlier write of ours whose answer was lost may have arrived after `replace` had given it up.
                if found is None or found[0].token != self.lease.token:
                    raise
                etag = self._store.replace(key, state.to_bytes(), found[1])
            self._state, self._etag = state, etag


def open_head(store: ObjectStore, lease: ShardLease) -> ShardHead:
    """Write the token of a new holder, so that every older one is refused, and return what counts.

    `store`: at the address of the fleet. Raises LeaseLost, BucketFailing, ConfigError, ArchiveDamaged.
    """
    key = head_key(lease.shard)
    while True:
        lease.check()
        found = _read(store, lease.fleet, lease.shard)
        state = HeadState(lease.fleet, lease.shard) if found is None else found[0]
        if state.token > lease.token:
            raise lease.lose(f"was taken over: {store.location(key)} has token {state.token}")
        state = replace(state, token=lease.token)
        try:
            etag = put_over(store, key, state.to_bytes(), None if found is None else found[1])
        except (ObjectChanged, NotFound):
            continue  # a write of the one before arrived in between: it counts
        return ShardHead(store, lease, state, etag)


def _without(values: Mapping[str, BegunFile], names: set[str]) -> dict[str, BegunFile]:
    return {name: value for name, value in values.items() if name not in names}
