"""Test the WARC files of a shard that only the holder of its lease may ship, against a real server."""

from __future__ import annotations

import hashlib
import os
import pickle
import shutil
import uuid
from pathlib import Path

import pytest

from pipelines.bucket.address import bucket_address
from pipelines.bucket.lease import head_key
from pipelines.bucket.leased_storage import LeasedStorage, leased
from pipelines.bucket.object_store import ObjectStore
from pipelines.bucket.shard_head import read_head
from pipelines.bucket.shipped import BucketLine, ShippedFiles
from pipelines.bucket.storage import BucketStorage
from pipelines.core.errors import LeaseLost, OutdatedCopy
from tests.support.seaweedfs import ObjectServer

FLEET, SHARD, LONG = "11111111-1111-4111-8111-111111111111", 3, 60.0


@pytest.fixture
def store(object_server: ObjectServer) -> ObjectStore:
    store = ObjectStore(bucket_address(f"s3://morgue-tests/{uuid.uuid4()}", object_server.endpoint))
    store.put("started", b"")  # makes the bucket
    return store


def line_of(store: ObjectStore) -> BucketLine:
    return BucketLine(f"{store.address}/shards/{SHARD:03}", store.address.endpoint, allow_http=False)


def storage_in(folder: Path, store: ObjectStore) -> LeasedStorage:
    """Return the storage of a new process in a shard's folder."""
    folder.mkdir(exist_ok=True)
    own = ObjectStore(line_of(store).address)
    plain = BucketStorage(folder / "warc", ShippedFiles(folder / "shipped.jsonl"), own)
    if not plain.shipped.path.exists():
        plain.shipped.write(line_of(store), iter(()))
    return leased(plain, store, FLEET, SHARD, LONG, LONG)


def write_file(storage: LeasedStorage, name: str) -> None:
    """Write a finished WARC file."""
    file = storage.create(name)
    assert file is not None
    os.write(file, name.encode())
    os.close(file)
    storage.finish(name)


def test_file_counts_once_the_head_names_it_and_only_under_the_newest_token(tmp_path: Path, store: ObjectStore):
    """A late holder keeps its file; the next one in the same folder waits for nobody, and ships it."""
    late = storage_in(tmp_path / "a", store)
    late.prepare()
    write_file(late, "x.warc.gz")
    assert [*read_head(store, FLEET, SHARD).begun] == ["x.warc.gz"]
    again = storage_in(tmp_path / "a", store)
    again.prepare()  # at once: by the lock, which tests of the whole program take, the one before is dead
    with pytest.raises(LeaseLost, match="has token 2"):
        late.ship("x.warc.gz")
    assert late.lost() is not None
    assert again.is_local("x.warc.gz")
    assert not read_head(store, FLEET, SHARD).files
    shipped = again.ship("x.warc.gz")
    head = read_head(store, FLEET, SHARD)
    assert (head.files["x.warc.gz"].etag, head.begun) == (shipped.etag, {})
    assert not again.is_local("x.warc.gz")
    write_file(again, "empty.warc.gz")
    os.rename(tmp_path / "a/warc/empty.warc.gz", tmp_path / "a/warc/empty.warc.gz.open")
    again.discard("empty.warc.gz")
    assert not read_head(store, FLEET, SHARD).begun
    assert type(pickle.loads(pickle.dumps(again))) is BucketStorage
    again.end()
    late.end()


def test_new_machine_learns_what_arrived_and_gives_up_the_rest(tmp_path: Path, store: ObjectStore):
    """Of a lost machine counts what it shipped, what it uploaded and could not note, and a removal that it finished."""
    lost = storage_in(tmp_path / "a", store)
    lost.prepare()
    for name in ("shipped", "uploaded", "never"):
        write_file(lost, f"{name}.warc.gz")
    etag = lost.ship("shipped.warc.gz").etag
    assert lost.holder is not None
    assert lost.holder.head is not None
    lost.store.put_new("warc/uploaded.warc.gz", b"uploaded.warc.gz")
    lost.holder.head.announce("shipped.warc.gz", hashlib.sha256(b"less").hexdigest())
    lost.store.replace("warc/shipped.warc.gz", b"less", etag)
    lost.end()

    outdated = storage_in(tmp_path / "b", store)
    with pytest.raises(OutdatedCopy, match=r"b: is older than shard 3 of s3://.*\(token 1\)"):
        outdated.prepare()
    (tmp_path / "b/shipped.jsonl").unlink()
    new = storage_in(tmp_path / "c", store)
    (tmp_path / "c/shipped.jsonl").unlink()
    new.prepare(line_of(store))
    files = new.shipped.all()
    assert {name: file.size for name, file in files.items()} == {"shipped.warc.gz": 4, "uploaded.warc.gz": 16}
    assert new.open("shipped.warc.gz").read() == b"less"
    assert [*new.never_arrived()] == ["never.warc.gz"]
    new.give_up(new.never_arrived())
    assert not new.never_arrived()
    head = read_head(store, FLEET, SHARD)
    assert [*head.given_up] == ["never.warc.gz"]
    assert head.files["shipped.warc.gz"].becomes is None
    new.end()
    with pytest.raises(OutdatedCopy):
        storage_in(tmp_path / "a", store).prepare()
    assert (tmp_path / "a/warc/never.warc.gz").exists()


def test_head_that_was_put_back_gets_the_files_again_that_the_newest_copy_shipped(tmp_path: Path, store: ObjectStore):
    """A machine that begins with the bucket has them all, although the head had forgotten one."""
    first = storage_in(tmp_path / "a", store)
    first.prepare()
    earlier = b""
    for name in ("early.warc.gz", "late.warc.gz"):
        earlier = store.get(head_key(SHARD)).data
        write_file(first, name)
        first.ship(name)
    first.end()
    store.put(head_key(SHARD), earlier)
    again = storage_in(tmp_path / "a", store)
    again.prepare()
    again.end()
    other = storage_in(tmp_path / "b", store)
    (tmp_path / "b/shipped.jsonl").unlink()
    other.prepare(line_of(store))
    assert [*other.shipped.all()] == ["early.warc.gz", "late.warc.gz"]
    assert not other.never_arrived()
    other.end()


def test_file_that_the_next_holder_goes_on_with_is_not_missing_elsewhere(tmp_path: Path, store: ObjectStore):
    """Another machine that looks at the bucket must not say that what is being written is lost.

    And a copy of the folder is outdated, although nothing was shipped since: both would go on with the same file.
    """
    first = storage_in(tmp_path / "a", store)
    first.prepare()
    write_file(first, "x.warc.gz")
    first.end()
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    again = storage_in(tmp_path / "a", store)
    again.prepare()
    assert [*read_head(store, FLEET, SHARD).missing()] == ["x.warc.gz"]
    file = again.reopen("x.warc.gz", len("x.warc.gz"))
    assert file is not None
    os.close(file)
    assert not read_head(store, FLEET, SHARD).missing()
    again.end()
    with pytest.raises(OutdatedCopy, match="has changed since"):
        storage_in(tmp_path / "b", store).prepare()
