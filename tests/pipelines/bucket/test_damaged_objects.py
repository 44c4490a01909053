"""Test that objects and notes with any bytes in them are named, or count for nothing, and never end in a traceback."""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from pipelines.bucket.address import bucket_address
from pipelines.bucket.identity import IDENTITY_KEY, owner_of
from pipelines.bucket.lease import LeaseRecord, lease_key, read_lease
from pipelines.bucket.object_store import ObjectStore
from pipelines.bucket.shard_head import BegunFile, HeadFile, HeadSnapshot, HeadState, head_key, read_head
from pipelines.bucket.shard_holder import HolderNote, holder_note
from pipelines.bucket.shipped import BucketLine, ShippedFile, ShippedFiles
from pipelines.bucket.snapshot import snapshots
from pipelines.core.archive_layout import HOLDER_NAME, SHIPPED_NAME
from pipelines.core.errors import ArchiveDamaged, ConfigError
from pipelines.warc import manifest
from tests.support.seaweedfs import ObjectServer

BYTES = (b"", b"[]", b"null", b"\xff\xfe\x00", b'{"fleet"', b"{}", b"[" * 100_000, b"1", b'"text"', b"\0" * 30)
VALUES: tuple[Any, ...] = (None, True, -1, 10**400, float("inf"), "text", [], {}, ["a"], {"a": 1})
LEASE = LeaseRecord("fleet", 0, 1, "owner", "host", 1, 1, 120.0, "2026-01-01T00:00:00Z")
HEAD = HeadState(
    "fleet", 0, 1, 1, {"a.warc.gz": HeadFile(1, "0" * 64, "tag")},
    {"b.warc.gz": BegunFile(1, "host", "2026-01-01T00:00:00Z")},
    {"c.warc.gz": 1}, HeadSnapshot("snapshots/1", 1, "tag", 1),
)  # fmt: skip
LINE = BucketLine("s3://bucket/archive", "http://127.0.0.1:1", allow_http=False)
FILE = ShippedFile("a.warc.gz", 1, "0" * 64, "tag", "2026-01-01T00:00:00Z")
ENTRY = manifest.ManifestEntry("a.warc.gz", 1, "0" * 64, 1, 1, None, None)


def changed(values: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield objects in which one value is another one, or missing."""
    for name, value in values.items():
        others = [*VALUES, *(changed(value) if isinstance(value, dict) else ())]
        yield from ({**copy.deepcopy(values), name: other} for other in others)
        yield {other: kept for other, kept in values.items() if other != name}


def damaged(values: dict[str, Any]) -> list[bytes]:
    return [*BYTES, *(json.dumps(one).encode() for one in changed(values))]


class OneObject:
    """Stand in for a bucket in which each object has these bytes."""

    def __init__(self, data: bytes) -> None:
        self.data, self.etag = data, "tag"

    def get(self, _key: str, _most: int = 0) -> OneObject:
        return self

    def head(self, _key: str) -> OneObject:
        return self

    def pieces(self, _info: object) -> list[bytes]:
        return [self.data]

    def location(self, key: str) -> str:
        return key


def look_at_lease(store: Any) -> None:
    if (seen := read_lease(store, "fleet", 0)) is not None:
        assert seen.record.taken + seen.record.host + str(seen.record) > ""


def look_at_head(store: Any) -> None:
    head = read_head(store, "fleet", 0)
    assert [*head.missing()] in ([], ["b.warc.gz"])
    assert head.snapshot is None or head.snapshot.key + head.snapshot.etag > ""


@pytest.mark.parametrize(
    ("key", "look", "values"),
    [
        (lease_key(0), look_at_lease, asdict(LEASE)),
        (head_key(0), look_at_head, asdict(HEAD)),
        (IDENTITY_KEY, owner_of, {"archive": "id"}),
    ],
    ids=["lease", "head", "identity"],
)
def test_object_with_any_bytes_is_named(key: str, look: Callable[[Any], object], values: dict[str, Any]):
    """Objects with values of the right kind count: they may be another fleet's."""
    for data in damaged(values):
        try:
            look(OneObject(data))
        except (ArchiveDamaged, ConfigError) as error:
            assert error.subject == key  # noqa: PT017


def test_notes_of_a_folder_with_any_bytes_are_named_or_say_nothing(tmp_path: Path):
    """`lease.json` proves nothing then; `shipped.jsonl` is named, and so is a bucket that is no address."""
    for data in damaged(asdict(HolderNote(1, "owner", "place"))):
        (tmp_path / HOLDER_NAME).write_bytes(data[:4000])
        assert type(holder_note(tmp_path).token) is int
    path = tmp_path / SHIPPED_NAME
    first = json.dumps(asdict(LINE)).encode() + b"\n"
    for data in [*damaged(asdict(LINE)), *(first + one for one in damaged(asdict(FILE)))]:
        path.write_bytes(data + b"\n")
        shipped = ShippedFiles(path)
        try:
            head = shipped.head()
            assert head is None or head.address
            assert all(isinstance(file, ShippedFile) for file in shipped.all().values())
        except (ArchiveDamaged, ConfigError):
            continue


def test_lines_of_a_manifest_that_are_none_are_counted_and_left_out():
    """Parts of a file are left out with the line that says what is before it."""
    whole = ENTRY.line().encode()
    for data in damaged(json.loads(whole)):
        found, count = manifest.salvaged(data + b"\n" + whole.replace(b"a.warc", b"b.warc"))
        assert "b.warc.gz" in found
        assert len(found) + count == 2
    part = manifest.ManifestEntry("a.warc.gz", 9, "0" * 64, 1, 1, None, None, offset=5).line().encode()
    assert manifest.salvaged(whole + part) == ({"a.warc.gz": ENTRY}, 1)


def test_object_among_the_copies_that_is_none_is_passed_over(object_server: ObjectServer):
    """Its name has a time that never was, or a number that is none."""
    store = ObjectStore(bucket_address(f"s3://morgue-tests/{uuid.uuid4()}", object_server.endpoint))
    for name in (f"{uuid.uuid4()}-1-1-20269901000000.db.gz", f"{uuid.uuid4()}-{'1' * 30}-1-20260101000000.db.gz"):
        store.put(f"snapshots/{name}", b"")
    assert snapshots(store) == []
