"""Get objects from a bucket and put them there, with time limits, a few retries and conditions (RFC 9110 section 13).

The client is obstore. It is imported when the first request is made. An object has an ETag, which names its bytes:
reads that are pinned to one never mix two versions, and a write under one never undoes another program's write.
Not for use in a process that is forked from one that has made a request: the client's threads do not follow.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from pipelines.bucket.address import AMAZON, BucketAddress, aws_profile
from pipelines.bucket.failures import WAIT_CURE, failure_of
from pipelines.bucket.ranges import MAX_GAP_BYTES, Range, merged
from pipelines.core.errors import BucketFailing, ConfigError, NotFound, ObjectChanged

if TYPE_CHECKING:
    from obstore.store import S3Store

logger = logging.getLogger("morgue.bucket")

T = TypeVar("T")
MIN_BYTES_PER_SECOND = 512 << 10  # a request may take a second longer for each of so many bytes that it carries
PIECE_BYTES = 8 << 20  # read at once of an object that is read from end to end
MAX_WHOLE_BYTES = 64 << 20  # of an object that is read at once
PARALLEL_READS = 4
REST_SECONDS = 60.0  # after a failure, for reads that must not wait
PAGE_OBJECTS = 1000  # of a listing: as many as S3 returns at once
FIRST_WAIT, MAX_WAIT = 0.2, 5.0  # seconds before the second try of a request, and at most before a later one


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """Describe an object as it is in the bucket now."""

    key: str  # after the prefix of the address
    size: int  # bytes
    etag: str  # as the server writes it, quotes included
    modified: datetime


@dataclass(frozen=True, slots=True)
class Fetched:
    """Hold the bytes of a whole object and the ETag that they had."""

    data: bytes
    etag: str


@dataclass(frozen=True)
class ObjectStore:
    """Hold the objects below one address. Any number of threads may use it; a copy in another process works too.

    Every method raises MorgueError: BucketFailing if the server does not answer in time, is busy after the last try, or
    refuses; NotFound for an object that is not there; ObjectChanged if a condition does not hold; ConfigError.
    """

    address: BucketAddress
    seconds: float = 15.0  # for each try of a request, and one more for each MIN_BYTES_PER_SECOND that it carries
    tries: int = 4
    _clients: dict[int, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __reduce__(self) -> tuple[Any, ...]:
        return ObjectStore, (self.address, self.seconds, self.tries)  # clients stay in their process

    @property
    def server(self) -> str:
        """How messages name the server."""
        return self.address.endpoint or AMAZON

    def location(self, key: str) -> str:
        """Return how messages name an object."""
        return f"{self.address}/{key}"

    # Writing: each sends a SHA-256 along, and a server that received other bytes refuses them

    def put_new(self, key: str, data: bytes | memoryview) -> str:
        """Put an object under a key that is free, and return its ETag. Raises ObjectChanged if the key is taken."""
        return self._put_if(key, data, "create")

    def replace(self, key: str, data: bytes | memoryview, etag: str) -> str:
        """Put an object in the place of the one with this ETag, and return the new ETag. Raises ObjectChanged."""
        return self._put_if(key, data, {"e_tag": etag})

    def put(self, key: str, data: bytes | memoryview) -> str:
        """Put an object, whatever is there, and return its ETag."""
        return self._retried(key, lambda: self._send(key, data, "overwrite"))

    def _put_if(self, key: str, data: bytes | memoryview, mode: Any) -> str:
        unsure = False  # an earlier try may have arrived although no answer came back

        def once() -> str:
            try:
                return self._send(key, data, mode)
            except client_errors() as error:
                failure = failure_of(error, self.location(key), self.server)
                if unsure and isinstance(failure.error, ObjectChanged) and (etag := self.etag_of_equal(key, data)):
                    return etag
                raise

        def note(is_unsure: bool) -> None:
            nonlocal unsure
            unsure = unsure or is_unsure

        return self._retried(key, once, on_failure=note)

    def _send(self, key: str, data: bytes | memoryview, mode: Any) -> str:
        import obstore

        client = self._client(len(data))
        # In one request: a condition holds for it alone, and what was cut off leaves no parts behind.
        result = obstore.put(client, checked_key(key), data, mode=mode, use_multipart=False)
        return result["e_tag"] or self.head(key).etag

    def etag_of_equal(self, key: str, data: bytes | memoryview) -> str | None:
        """Return the ETag of the object that is there if it has exactly these bytes."""
        try:
            found = self.head(key)
        except NotFound:
            return None
        if found.size != len(data):
            return None
        at = 0
        for piece in self.pieces(found):
            if piece != data[at : at + len(piece)]:
                return None
            at += len(piece)
        return found.etag

    def delete(self, key: str) -> None:
        """Delete an object; that it is gone already is no error."""

        def once() -> None:
            import obstore

            obstore.delete(self._client(), checked_key(key))

        try:
            self._retried(key, once)
        except NotFound:
            return

    # Reading

    def head(self, key: str) -> ObjectInfo:
        """Return size, ETag and time of an object, without its bytes."""

        def once() -> ObjectInfo:
            import obstore

            return _info(obstore.head(self._client(), checked_key(key)), key)

        return self._retried(key, once)

    def get(self, key: str, max_bytes: int = MAX_WHOLE_BYTES) -> Fetched:
        """Return a whole object that has at most `max_bytes`."""

        def once() -> Fetched:
            import obstore

            result = obstore.get(self._client(max_bytes), checked_key(key))
            if result.meta["size"] > max_bytes:
                cause = f"has {result.meta['size']:,} bytes; at most {max_bytes:,} were expected"
                raise ObjectChanged(self.location(key), cause, "look at what is there")
            return Fetched(bytes(result.bytes()), result.meta["e_tag"] or "")

        return self._retried(key, once)

    def read(self, key: str, start: int, length: int, etag: str) -> bytes:
        """Return exactly `length` bytes from `start` on, of the object with this ETag."""
        if length <= 0:
            return b""

        def once() -> bytes:
            import obstore

            options: Any = {"if_match": etag, "range": (start, start + length)}
            result = obstore.get(self._client(length), checked_key(key), options=options)
            data = bytes(result.bytes())
            if result.meta["e_tag"] != etag:  # a server that knows no If-Match
                raise ObjectChanged(self.location(key), "is not the object that was there before", "run it again")
            if len(data) != length:
                cause = f"has {len(data):,} bytes at {start:,}, not {length:,}"
                raise ObjectChanged(self.location(key), cause, "put it back from a copy")
            return data

        return self._retried(key, once)

    def read_ranges(self, key: str, wanted: Sequence[Range], etag: str, max_gap: int = MAX_GAP_BYTES) -> list[bytes]:
        """Return the bytes of each (start, length), in order; neighbours are asked for together, a few at a time."""
        places = merged(wanted, max_gap)
        asked = [(group.start, group.length, etag) for group in places]
        if len(asked) == 1:
            parts = [self.read(key, *asked[0])]
        else:
            with ThreadPoolExecutor(min(PARALLEL_READS, len(asked) or 1)) as threads:
                parts = list(threads.map(lambda place: self.read(key, *place), asked))
        found: dict[int, bytes] = {}
        for group, data in zip(places, parts, strict=True):
            for number in group.members:
                start, length = wanted[number]
                found[number] = data[start - group.start : start - group.start + length]
        return [found[number] for number in range(len(wanted))]

    def pieces(self, info: ObjectInfo) -> Iterator[bytes]:
        """Return all bytes of an object in pieces of some MB. Raises ObjectChanged if it is no longer this one."""
        for start in range(0, info.size, PIECE_BYTES):
            yield self.read(info.key, start, min(PIECE_BYTES, info.size - start), info.etag)

    def objects(self, folder: str = "") -> Iterator[ObjectInfo]:
        """Return all objects whose keys begin with a folder, such as "warc" (without a slash at its end)."""
        after: str | None = None
        while page := self._retried(folder, partial(self._page, folder, after)):
            yield from page
            after = page[-1].key

    def _page(self, folder: str, after: str | None) -> list[ObjectInfo]:
        import obstore

        stream = obstore.list(self._client(), folder or None, offset=after, chunk_size=PAGE_OBJECTS)
        return [_info(found, found["path"]) for found in next(iter(stream), [])]

    # How a request is made

    def _client(self, carried: int = 0) -> S3Store:
        """Return a client whose time limit allows for so many bytes."""
        from obstore.store import S3Store

        extra = -(-carried // MIN_BYTES_PER_SECOND)  # whole seconds
        extra = 1 << (extra - 1).bit_length() if extra > 0 else 0  # a power of two: few clients
        if extra not in self._clients:
            is_plain = (self.address.endpoint or "").startswith("http://")
            config: Any = {"checksum_algorithm": "SHA256", "disable_bulk_delete": True, **aws_profile()}
            if self.address.endpoint is not None:
                config["aws_endpoint_url_s3"] = self.address.endpoint
            limits: Any = {
                "timeout": timedelta(seconds=self.seconds + extra),
                "connect_timeout": timedelta(seconds=min(5.0, self.seconds)),
                "allow_http": is_plain,
            }
            try:
                self._clients[extra] = S3Store(
                    self.address.bucket,
                    prefix=self.address.prefix or None,
                    config=config,
                    client_options=limits,
                    retry_config={"max_retries": 0},  # a retry has to know that the first try may have arrived
                )
            except client_errors() as error:
                raise failure_of(error, str(self.address), self.server).error from None
        return self._clients[extra]

    def _retried(self, key: str, once: Callable[[], T], on_failure: Callable[[bool], object] = bool) -> T:
        """Make a request, again after a pause of random length if it may go better then.

        `on_failure`: told of each failure whether its try may have done its work all the same.
        """
        client_errors()
        location = self.location(key) if key else str(self.address)
        for number in range(self.tries):
            try:
                return once()
            except client_errors() as error:
                failure = failure_of(error, location, self.server)
            on_failure(failure.is_unsure)
            if not failure.may_pass or number == self.tries - 1:
                raise failure.error from None  # the client's own exception quotes headers of the request
            about = {"error": failure.error, "number": number + 1, "tries": self.tries}
            logger.info("%(error)s (try %(number)d of %(tries)d)", about)
            time.sleep(random.uniform(0, min(MAX_WAIT, FIRST_WAIT * 2**number)))  # noqa: S311
        raise BucketFailing(location, "no try was allowed", "allow at least one")


@dataclass(frozen=True)
class ImpatientStore(ObjectStore):
    """Read as `ObjectStore` does; after a failure of the bucket ask it nothing for REST_SECONDS, and fail at once."""

    _failures: list[float] = field(default_factory=list, init=False, repr=False, compare=False)  # monotonic times

    def read(self, key: str, start: int, length: int, etag: str) -> bytes:
        if self._failures and time.monotonic() - self._failures[-1] < REST_SECONDS:
            raise BucketFailing(self.location(key), "is not asked for: the bucket failed a moment ago", WAIT_CURE)
        try:
            return super().read(key, start, length, etag)
        except BucketFailing:
            self._failures[:] = [time.monotonic()]
            raise


def read_whole(store: ObjectStore, key: str) -> Fetched | None:
    """Return an object of any size, of which others may put a new version at any time; None if there is none.

    Raises BucketFailing.
    """
    while True:
        try:
            info = store.head(key)
            return Fetched(b"".join(store.pieces(info)), info.etag)
        except NotFound:
            return None
        except ObjectChanged:
            continue  # replaced in between


def put_over(store: ObjectStore, key: str, data: bytes, etag: str | None) -> str:
    """Put an object in the place of the one with this ETag (None: of none), and return its ETag.

    Raises ObjectChanged and NotFound if another one is there, BucketFailing.
    """
    return store.put_new(key, data) if etag is None else store.replace(key, data, etag)


def checked_key(key: str) -> str:
    """Return a key that is made of whole names. Raises ConfigError for another one."""
    if not key or any(part in ("", ".", "..") for part in key.split("/")) or not key.isprintable():
        raise ConfigError(repr(key), "cannot be the key of an object", "names between slashes, none of them empty")
    return key


def client_errors() -> tuple[type[Exception], ...]:
    """Import the client library and return what it raises. Raises ConfigError that says how to install it."""
    try:
        from obstore.exceptions import BaseError
    except ImportError:
        raise ConfigError("obstore", "is not installed", "pip install 'newsmorgue[fleet]'") from None
    return BaseError, OSError, ValueError


def _info(found: Any, key: str) -> ObjectInfo:
    return ObjectInfo(key, found["size"], found["e_tag"] or "", found["last_modified"].astimezone(UTC))
