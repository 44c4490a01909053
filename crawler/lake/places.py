"""Read files and write outputs in a folder or a bucket. This file alone knows the client of the bucket (obstore).

Credentials and the server come from the environment, as for other programs: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_ENDPOINT_URL, AWS_REGION.
"""

from __future__ import annotations

import glob
import io
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

from exports.drafts import draft_file, settle_abandoned
from exports.extras import load_extra
from pipelines.core import safe_open
from pipelines.core.errors import ConfigError, MorgueError, os_errors
from pipelines.core.input_files import open_input
from pipelines.importing.containers import SUFFIXES

SCHEME = "s3://"
PIECE_BYTES = 4 << 20  # of an object, in one request
REQUEST_SECONDS, CONNECT_SECONDS, RETRIES = 60, 10, 5
LOOPBACK = ("127.0.0.1", "localhost", "::1")
MAX_NOTE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class LakeFile:
    """Name a file of a lake."""

    address: str  # absolute path, or s3://BUCKET/KEY
    size: int  # bytes


def is_bucket(address: str) -> bool:
    """Return True for an address in a bucket."""
    return address.startswith(SCHEME)


def files_at(address: str) -> list[LakeFile]:
    """Return the WARC files that an address names, by name: a file, a folder, a pattern, an object, a prefix.

    Raises ConfigError if it names none, MorgueError.
    """
    if is_bucket(address):
        return _objects_at(address)
    if "://" in address:
        cure = "download it first (curl -O URL), or name a folder or s3://BUCKET/PREFIX"
        raise ConfigError(address, "cannot be read in place", cure)
    path = Path(address)
    with os_errors(address):
        if path.is_dir():
            found = [one for one in path.rglob("*") if one.name.lower().endswith(SUFFIXES) and one.is_file()]
        elif path.exists():
            found = [path]
        else:
            found = [Path(name) for name in glob.glob(address, recursive=True) if Path(name).is_file()]
        files = [LakeFile(str(one.absolute()), one.stat().st_size) for one in sorted(found)]
    if not files:
        raise ConfigError(address, "names no WARC file", f"their names end in {', '.join(SUFFIXES)}")
    return files


def _objects_at(address: str) -> list[LakeFile]:
    bucket, _, prefix = address.removeprefix(SCHEME).partition("/")
    store, files = _store(bucket), []
    with _bucket_errors(address):
        if prefix.lower().endswith(SUFFIXES):
            files = [LakeFile(address, store.head(prefix)["size"])]
        else:
            for chunk in store.list(prefix.rstrip("/") or None):
                files += [
                    LakeFile(f"{SCHEME}{bucket}/{one['path']}", one["size"])
                    for one in chunk
                    if one["path"].lower().endswith(SUFFIXES)
                ]
    if not files:
        raise ConfigError(address, "holds no WARC file", f"their names end in {', '.join(SUFFIXES)}")
    return sorted(files, key=lambda file: file.address)


@contextmanager
def opened(address: str) -> Iterator[BinaryIO]:
    """Open a file of a lake for reading in pieces. Raises MorgueError."""
    if not is_bucket(address):
        with os_errors(address), open_input(address) as file:
            yield file
        return
    bucket, _, key = address.removeprefix(SCHEME).partition("/")
    yield cast(BinaryIO, io.BufferedReader(_ObjectReader(_store(bucket), key, address), PIECE_BYTES))


class _ObjectReader(io.RawIOBase):
    """Read an object piece by piece, each of the same version of it."""

    def __init__(self, store: Any, key: str, address: str) -> None:
        self._store, self._key, self._address, self._at = store, key, address, 0
        with _bucket_errors(address):
            self._about = store.head(key)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = max(0, offset + (0, self._at, self._about["size"])[whence])
        return self._at

    def readinto(self, buffer: Any) -> int:
        length = min(len(buffer), max(0, self._about["size"] - self._at))
        if not length:
            return 0
        options = {"range": (self._at, self._at + length), "if_match": self._about["e_tag"]}
        with _bucket_errors(self._address):
            data = self._store.get(self._key, options=options).bytes()
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


class LakeOutput:
    """Hold the folder or prefix that gets the outputs. An output appears whole or not at all."""

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")
        bucket, _, prefix = self.address.removeprefix(SCHEME).partition("/")
        self._store = _store(bucket) if is_bucket(address) else None
        self._prefix = f"{prefix}/" if prefix else ""

    def begin(self) -> None:
        """Make the folder, and remove drafts of processes that were killed. Raises MorgueError."""
        if self._store is None:
            with os_errors(self.address):
                Path(self.address).mkdir(parents=True, exist_ok=True)
        self.tidy()

    def tidy(self) -> None:
        """Remove drafts of processes that were killed; one that is being written has a lock, and stays."""
        if self._store is None:
            settle_abandoned(Path(self.address))

    def names(self) -> set[str]:
        """Return the names of the outputs that are there. Raises MorgueError."""
        if self._store is None:
            with os_errors(self.address):
                return set(os.listdir(self.address))
        with _bucket_errors(self.address):
            chunks = list(self._store.list(self._prefix.rstrip("/") or None))
        return {one["path"].removeprefix(self._prefix) for chunk in chunks for one in chunk}

    def read(self, name: str) -> bytes:
        """Return an output that is small. Raises MorgueError."""
        if self._store is None:
            with os_errors(f"{self.address}/{name}"):
                return safe_open.read_bytes(Path(self.address, name), MAX_NOTE_BYTES)
        with _bucket_errors(f"{self.address}/{name}"):
            return bytes(self._store.get(self._prefix + name).bytes())

    def put(self, name: str, write: Callable[[BinaryIO], object], *, replace: bool = False) -> bool:
        """Put what `write` writes. Return False if it is there and is not to be replaced. Raises MorgueError."""
        if self._store is None:
            return self._put_file(Path(self.address, name), write, replace=replace)
        with tempfile.TemporaryFile() as draft:
            write(cast(BinaryIO, draft))
            draft.seek(0)
            with _bucket_errors(f"{self.address}/{name}") as exists:
                mode = "overwrite" if replace else "create"
                self._store.put(self._prefix + name, draft, mode=mode, use_multipart=False)
        return not exists

    def _put_file(self, final: Path, write: Callable[[BinaryIO], object], *, replace: bool) -> bool:
        with os_errors(str(final)), draft_file(final) as (path, draft):
            write(draft)
            draft.flush()
            os.fsync(draft.fileno())
            # Two attempts at one item write the same bytes, so that it does not matter which of them is the last.
            if not replace and os.path.lexists(final):
                return False
            path.replace(final)
            safe_open.sync_folder(final.parent)
        return True

    def remove(self, name: str) -> None:
        """Remove an output, if it is there. Raises MorgueError."""
        if self._store is None:
            with os_errors(f"{self.address}/{name}"):
                Path(self.address, name).unlink(missing_ok=True)
        else:
            with _bucket_errors(f"{self.address}/{name}"):
                self._store.delete(self._prefix + name)


def _store(bucket: str) -> Any:
    """Return the client of a bucket. Raises ConfigError."""
    module = load_extra("obstore.store", "lake")
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    options = {
        "timeout": timedelta(seconds=REQUEST_SECONDS),
        "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
        "allow_http": urlsplit(endpoint).hostname in LOOPBACK,
    }
    more = {"endpoint": endpoint} if endpoint else {}
    try:
        return module.S3Store(bucket, client_options=options, retry_config={"max_retries": RETRIES}, **more)
    except load_extra("obstore.exceptions", "lake").BaseError as error:
        raise ConfigError(
            f"{SCHEME}{bucket}", f"cannot be used ({type(error).__name__})", "see docs/lakes.md"
        ) from None


@contextmanager
def _bucket_errors(address: str) -> Iterator[list[bool]]:
    """Raise what the client raises about `address` as MorgueError, without its text, which may quote credentials.

    That an object exists already is no error: the list that is yielded gets an entry.
    """
    exists: list[bool] = []
    errors = load_extra("obstore.exceptions", "lake")
    try:
        yield exists
    except (errors.AlreadyExistsError, errors.PreconditionError) as error:
        if isinstance(error, errors.PreconditionError):
            raise MorgueError(address, "was changed while it was read", "run the same command again") from None
        exists.append(True)
    except (FileNotFoundError, errors.NotFoundError):
        raise MorgueError(address, "is not there", "look at the name, and at AWS_ENDPOINT_URL") from None
    except (errors.BaseError, OSError) as error:
        cure = "look at the server, AWS_ENDPOINT_URL and the credentials; then run the same command again"
        raise MorgueError(address, f"the bucket does not answer as it should ({type(error).__name__})", cure) from None
