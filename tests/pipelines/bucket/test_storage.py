"""Test WARC files that lie in a bucket: shipping that is cut short anywhere, reading, damage, replacing."""

from __future__ import annotations

import hashlib
import os
import pickle
import time
import uuid
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from pipelines.bucket.address import bucket_address
from pipelines.bucket.bucket_file import FIRST_BYTES
from pipelines.bucket.identity import claim, owner_of
from pipelines.bucket.object_store import PIECE_BYTES, ObjectStore
from pipelines.bucket.opening import bucket_storage, connect, warc_storage
from pipelines.bucket.shipped import BucketLine, ShippedFile
from pipelines.bucket.shipping import SIZE_SECONDS, Shipper
from pipelines.bucket.storage import BucketStorage, key_of
from pipelines.core.errors import ArchiveDamaged, BucketFailing, ConfigError, MorgueError, NotFound, ObjectChanged
from pipelines.verification.verify import verify
from pipelines.warc import manifest
from pipelines.warc.reader import read_member, walk
from pipelines.warc.storage import WarcStorage
from tests.support.relay import Relay
from tests.support.seaweedfs import ObjectServer
from tests.support.verifiable_archive import build, warcs

TIME = "2026-11-30T12:00:00Z"
NAME = "big-20261130120000-00000-vm.warc.gz"


@pytest.fixture
def head(object_server: ObjectServer) -> BucketLine:
    return BucketLine(f"s3://morgue-tests/{uuid.uuid4()}", object_server.endpoint, allow_http=False)


@pytest.fixture
def storage(head: BucketLine, tmp_path: Path) -> BucketStorage:
    """Return the storage of a new archive with a bucket."""
    (tmp_path / "warc").mkdir()
    connect(tmp_path, head, None)
    return bucket_storage(tmp_path, head)


@pytest.fixture
def shipped(head: BucketLine, tmp_path: Path) -> BucketStorage:
    """Return the storage of an archive all of whose files lie in the bucket."""
    folder = build(tmp_path / "archive")
    connect(folder, head, None)
    found = bucket_storage(folder, head)
    for path in warcs(folder):
        found.ship(path.name, manifest.load(folder / manifest.NAME)[path.name])
    return found


def spool(storage: BucketStorage, data: bytes, name: str = NAME) -> Path:
    path = storage.folder / name
    path.write_bytes(data)
    return path


def test_shipped_files_are_read_as_they_were(shipped: BucketStorage, tmp_path: Path):
    """Record for record, at any place, in another process too; what a folder knows of its files is known of these."""
    twin = WarcStorage(build(tmp_path / "twin") / "warc")
    again = pickle.loads(pickle.dumps(warc_storage(tmp_path / "archive")))
    assert isinstance(again, BucketStorage)
    assert os.listdir(shipped.folder) == []
    assert len(again.list().finished) == len(twin.list().finished) == 3
    for name in again.list().finished:
        records = [*walk(again, name)]
        assert len(records) >= 7
        last = records[-1]
        assert read_member(again, name, last.offset, last.length).endswith(last.block + b"\r\n\r\n")
        assert again.has(name)
        assert again.size(name) == again.status(name).size == last.offset + last.length
        assert again.create(name) is None
        assert again.sha256(name) == manifest.load(shipped.folder.parent / manifest.NAME)[name].sha256


def test_long_file_is_read_in_few_requests(storage: BucketStorage, object_server: ObjectServer):
    """Pieces grow while they follow on each other, and begin small again after a jump. A seek costs nothing."""
    data = os.urandom(3 * PIECE_BYTES + 5)
    spool(storage, data)
    storage.ship(NAME)
    asked: list[tuple[int, int]] = []

    class Counting(ObjectStore):
        def read(self, key: str, start: int, length: int, etag: str) -> bytes:
            asked.append((start, length))
            return super().read(key, start, length, etag)

    counting = replace(storage, store=Counting(storage.store.address))
    with counting.open(NAME) as file:
        for start in range(0, len(data), 1 << 20):  # as `verify` does: on by a megabyte, and a look back
            file.seek(start)
            assert file.read(1 << 20) == data[start : start + (1 << 20)]
            file.seek(start)
            assert file.read(10) == data[start : start + 10]
    assert len(asked) <= 8
    asked.clear()
    with counting.open(NAME) as file:
        assert hashlib.file_digest(file, "sha256").digest() == hashlib.sha256(data).digest()
    assert len(asked) <= 8
    asked.clear()
    with counting.open(NAME) as file:
        assert file.seek(-100, os.SEEK_END) == len(data) - 100
        assert file.read() == data[-100:]
        file.seek(1000)
        assert file.read(10) + file.read(20) == data[1000:1030]
    assert asked == [(len(data) - 100, 100), (1000, FIRST_BYTES)]


def test_upload_during_which_the_server_is_killed_leaves_all_as_it_was(
    storage: BucketStorage, object_server: ObjectServer
):
    """The file stays here and is not noted as shipped. When the server is back, it is shipped whole."""
    data = os.urandom(4 << 20)
    path = spool(storage, data)
    relay = Relay(object_server.endpoint)
    relay.next_fault, relay.cut_after = "stuck", 1 << 20
    address = bucket_address(str(storage.store.address), relay.endpoint)
    through = replace(storage, store=ObjectStore(address, seconds=2, tries=2))
    failures: list[MorgueError] = []

    def ship() -> None:
        try:
            through.ship(NAME)
        except MorgueError as error:
            failures.append(error)

    thread = Thread(target=ship)
    thread.start()
    assert relay.is_stuck.wait(60)
    object_server.kill()
    relay.go_on.set()
    thread.join(60)
    relay.close()
    object_server.start()
    assert [type(error) for error in failures] == [BucketFailing]
    assert f"{storage.store.address}/warc/{NAME}" in str(failures[0])
    assert (storage.shipped.find(NAME), path.read_bytes() == data) == (None, True)
    storage.ship(NAME)
    assert (path.exists(), storage.sha256(NAME)) == (False, hashlib.sha256(data).hexdigest())


def test_crash_between_upload_and_note_is_made_good(storage: BucketStorage):
    """Our own upload is known again, also if something was removed from the file since; another's file is kept."""
    spool(storage, b"first state")
    key, digest = key_of(NAME), hashlib.sha256(b"first state").hexdigest()
    storage.shipped.add(ShippedFile(NAME, 11, digest, "", TIME))
    storage.store.put_new(key, b"first state")
    spool(storage, b"FIRST state")
    storage.ship(NAME)
    assert storage.store.get(key).data == b"FIRST state"
    spool(storage, b"other")
    with pytest.raises(ObjectChanged, match="is another file than the one here"):
        storage.ship(NAME)
    assert (storage.store.get(key).data, storage.folder.joinpath(NAME).read_bytes()) == (b"FIRST state", b"other")


def test_file_that_is_not_as_listed_is_not_shipped(head: BucketLine, tmp_path: Path):
    """A flipped bit stays where `morgue verify` finds it."""
    folder = build(tmp_path / "archive")
    connect(folder, head, None)
    path = warcs(folder)[0]
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(ArchiveDamaged, match="is not as the manifest lists it"):
        bucket_storage(folder, head).ship(path.name, manifest.load(folder / manifest.NAME)[path.name])
    assert path.exists()


def test_replaced_file_takes_the_place_of_the_object_or_none(storage: BucketStorage):
    """The condition is the ETag that was noted; an interrupted replacement is finished; another's object stays."""
    spool(storage, b"0123456789")
    storage.ship(NAME)
    for data in (b"01234xxxxx", b"xxxxxxxxxx"):
        with storage.create_part(NAME) as part:
            part.write(data)
        if data.startswith(b"x"):  # a crash came after the upload
            found = storage.shipped.find(NAME)
            assert found is not None
            storage.store.replace(key_of(NAME), data, found.etag)
        storage.replace_by_part(NAME)
        with storage.open(NAME) as file:
            assert (file.read(), storage.has_part(NAME)) == (data, False)
    storage.store.put(key_of(NAME), b"of another")
    with storage.create_part(NAME) as part:
        part.write(b"yyyyyyyyyy")
    with pytest.raises(ObjectChanged):
        storage.replace_by_part(NAME)
    assert storage.store.get(key_of(NAME)).data == b"of another"


def test_verify_names_objects_that_are_gone_shorter_or_replaced(shipped: BucketStorage):
    """Each by itself, with its address; reading one of them gives an error and never a wrong byte; others are read."""
    gone, shorter, replaced = shipped.list().finished
    assert not verify(shipped.folder.parent).findings.listed
    whole = shipped.store.get(key_of(shorter)).data
    shipped.store.delete(key_of(gone))
    shipped.store.put(key_of(shorter), whole[:-5])
    other = shipped.store.get(key_of(replaced)).data
    shipped.store.put(key_of(replaced), other[:-1] + bytes([other[-1] ^ 1]))
    shipped.store.put("warc/stranger.warc.gz", b"?")
    report = verify(shipped.folder.parent)
    told = "\n".join(map(str, report.findings.listed))
    expected = {
        gone: "is not in the bucket any more",
        shorter: "bytes in the bucket, not",
        replaced: "was replaced in the bucket: ETag",
        "stranger.warc.gz": "is not a WARC file",
    }
    for name, what in expected.items():
        assert any(name in line and what in line for line in told.splitlines()), told
    for name, error in ((gone, NotFound), (shorter, ObjectChanged), (replaced, ObjectChanged)):
        with pytest.raises(error):
            next(walk(shipped, name))


def test_reads_that_a_crawl_waits_for_give_up_soon(storage: BucketStorage, object_server: ObjectServer):
    """One short try, and none at all for a while after it: all writing waits meanwhile."""
    spool(storage, b"0123456789")
    storage.ship(NAME)
    brief = storage.impatient()
    with brief.open(NAME) as file:
        assert file.read() == b"0123456789"
    with object_server.hanging():
        for most_seconds in (6, 0.5):
            began = time.monotonic()
            with brief.open(NAME) as file, pytest.raises(BucketFailing):
                file.read()
            assert time.monotonic() - began < most_seconds


def test_two_archives_do_not_share_an_address(head: BucketLine, tmp_path: Path):
    """The second one is refused by the UUID of the first, before it writes anything."""
    one, two = str(uuid.uuid4()), str(uuid.uuid4())
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    connect(tmp_path / "one", head, one)
    connect(tmp_path / "one", replace(head, allow_http=True), one)
    with pytest.raises(ConfigError, match=f"{head.bucket}: belongs to archive {one}; this one is {two}"):
        connect(tmp_path / "two", head, two)
    assert not (tmp_path / "two" / "shipped.jsonl").exists()
    store = ObjectStore(head.address)
    claim(store, one)
    assert owner_of(store) == one


def test_bucket_of_shipped_files_is_not_changed_by_mistake(storage: BucketStorage, head: BucketLine, tmp_path: Path):
    """Files lie in the old one; a note that was lost is learned again from the bucket."""
    spool(storage, b"0123456789")
    storage.ship(NAME)
    with pytest.raises(ConfigError, match=f"1 lie in {head.bucket}"):
        connect(tmp_path, replace(head, bucket=head.bucket + "-other"), None)
    known = storage.shipped.find(NAME)
    (tmp_path / "shipped.jsonl").unlink()
    assert storage.shipped.find(NAME) is None
    connect(tmp_path, head, None)
    learned = storage.shipped.find(NAME)
    assert known is not None
    assert learned is not None
    assert replace(learned, time=known.time) == known


def test_spool_is_full_only_if_there_is_a_file_that_can_be_shipped(storage: BucketStorage):
    """A crawl that waited for the file that it writes itself would wait for ever; that file may exceed the limit."""
    shipper = Shipper(storage, "", None, limit=10)
    spool(storage, b"more than ten bytes", f"{NAME}.open")
    assert not shipper.is_full()
    spool(storage, b"1")
    time.sleep(SIZE_SECONDS)
    assert shipper.is_full()
