"""Test requests to a bucket, against a real server and through a relay that spoils them."""

from __future__ import annotations

import pickle
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.bucket import object_store
from pipelines.bucket.address import AMAZON, aws_profile, bucket_address
from pipelines.bucket.failures import failure_of
from pipelines.bucket.object_store import PIECE_BYTES, ObjectStore
from pipelines.bucket.ranges import MAX_GAP_BYTES, merged
from pipelines.core.errors import BucketFailing, ConfigError, NotFound, ObjectChanged
from tests.support.relay import Relay
from tests.support.seaweedfs import KEY_ID, SECRET, ObjectServer


@pytest.fixture
def store(object_server: ObjectServer) -> ObjectStore:
    return ObjectStore(bucket_address(f"s3://morgue-tests/{uuid.uuid4()}", object_server.endpoint))


@pytest.fixture
def relay(object_server: ObjectServer) -> Iterator[Relay]:
    relay = Relay(object_server.endpoint)
    yield relay
    relay.close()


def through(relay: Relay, store: ObjectStore, **limits: float) -> ObjectStore:
    """Return a store with connections of its own, all through the relay."""
    return ObjectStore(bucket_address(str(store.address), relay.endpoint), **limits)  # type: ignore[arg-type]


def test_conditions_hold(store: ObjectStore):
    """A taken key is not put again, a stale ETag replaces and reads nothing, and an object that is gone is named."""
    first = store.put_new("a/x", b"first")
    with pytest.raises(ObjectChanged, match=f"{store.address}/a/x: is there already"):
        store.put_new("a/x", b"other")
    second = store.replace("a/x", b"second", first)
    with pytest.raises(ObjectChanged, match="not the object that was there"):
        store.replace("a/x", b"third", first)
    with pytest.raises(ObjectChanged, match="not the object that was there"):
        store.read("a/x", 0, 3, first)
    assert (store.read("a/x", 1, 3, second), store.get("a/x").data, store.get("a/x").etag) == (
        b"eco",
        b"second",
        second,
    )
    with pytest.raises(ObjectChanged, match="has 4 bytes at 2, not 9"):
        store.read("a/x", 2, 9, second)
    with pytest.raises(ObjectChanged, match="is shorter"):
        store.read("a/x", 100, 9, second)
    store.delete("a/x")
    store.delete("a/x")
    for asked in (store.head, store.get):
        with pytest.raises(NotFound, match="a/x: no such object"):
            asked("a/x")
    with pytest.raises((ObjectChanged, NotFound)):
        store.replace("a/x", b"late", second)


def test_list_reads_all_pages_of_one_folder(store: ObjectStore, monkeypatch: pytest.MonkeyPatch):
    """Each page goes on after the last key of the one before; a key that only begins alike is in another folder."""
    monkeypatch.setattr(object_store, "PAGE_OBJECTS", 5)
    for number in range(11):
        store.put(f"many/{number:02d}", b"x")
    store.put("many-more/x", b"x")
    assert [found.key for found in store.objects("many")] == [f"many/{number:02d}" for number in range(11)]
    assert not [*store.objects("none")]


def test_object_is_read_in_ranges_and_pieces(store: ObjectStore):
    """Ranges come in the order asked for, neighbours by one request; pieces are the whole object."""
    data = bytes(range(256)) * (PIECE_BYTES // 256 + 1000)
    etag = store.put_new("big", memoryview(data))
    wanted = [(5000, 10), (0, 3), (PIECE_BYTES + 100, 50), (5005, 10)]
    assert store.read_ranges("big", wanted, etag) == [data[start : start + length] for start, length in wanted]
    assert store.read_ranges("big", [], etag) == []
    info = store.head("big")
    assert (info.size, info.etag) == (len(data), etag)
    assert b"".join(store.pieces(info)) == data


def test_merged_ranges_stay_apart_beyond_the_gap():
    """One request for neighbours, another one for what is farther away than it costs to ask."""
    assert merged([(10, 5), (0, 4), (12, 9)]) == [(0, 21, [1, 0, 2])]
    assert [group.members for group in merged([(0, 1), (MAX_GAP_BYTES + 2, 1)])] == [[0], [1]]


def test_byte_that_changes_on_the_way_is_refused_by_the_server(store: ObjectStore, relay: Relay):
    """The upload carries its SHA-256. The next try arrives whole."""
    relay.next_fault, relay.mark = "flipped", b"precious"
    with pytest.raises(BucketFailing) as caught:
        through(relay, store, tries=1).put_new("x", b"precious bytes")
    assert "400" in str(caught.value)
    assert not [*store.objects()]
    relay.next_fault = "flipped"
    through(relay, store).put_new("x", b"precious bytes")
    assert store.get("x").data == b"precious bytes"


@pytest.mark.parametrize("fault", ["busy", "cut"])
def test_request_that_fails_once_is_made_again(store: ObjectStore, relay: Relay, fault: str):
    """A busy server and a broken connection cost a moment; nothing is left of the first try."""
    relay.next_fault, relay.cut_after = fault, 500_000
    etag = through(relay, store).put_new("x", bytes(1_000_000))
    assert (relay.connections >= 2, [(found.size, found.etag) for found in store.objects()]) == (
        True,
        [(1_000_000, etag)],
    )


def test_conditional_write_whose_answer_is_lost_is_known_as_ours(store: ObjectStore, relay: Relay):
    """The second try finds its own bytes there, and does not take them for another program's."""
    relay.next_fault = "unanswered"
    etag = through(relay, store).put_new("x", b"ours")
    relay.next_fault = "unanswered"
    second = through(relay, store).replace("x", b"ours, later", etag)
    assert (store.get("x").data, store.get("x").etag) == (b"ours, later", second)
    relay.next_fault = "unanswered"
    with pytest.raises(ObjectChanged):
        through(relay, store).replace("x", b"another's", etag)


def test_server_that_hangs_or_is_gone_is_named_in_time(store: ObjectStore, object_server: ObjectServer):
    """The message says the object, the cause and what to do; no request waits longer than its limit."""
    etag = store.put("x", b"bytes")
    brief = ObjectStore(store.address, seconds=0.5, tries=2)
    with object_server.hanging():
        began = time.monotonic()
        with pytest.raises(
            BucketFailing, match=r"/x: http://127.0.0.1:\d+ did not answer in time\n.*run the same"
        ) as hung:
            brief.read("x", 0, 5, etag)
        assert time.monotonic() - began < 5
    assert hung.value.exit_code == 11
    gone = ObjectStore(bucket_address(str(store.address), "http://127.0.0.1:1"), tries=1)
    with pytest.raises(BucketFailing, match=r"http://127.0.0.1:1 cannot be reached: Connection refused"):
        gone.put("x", b"bytes")


def test_no_secret_is_in_an_error_or_a_copy(store: ObjectStore, monkeypatch: pytest.MonkeyPatch):
    """Wrong keys are refused by name of the bucket alone; what is pickled for another process holds no key."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong-secret-0123456789")
    with pytest.raises(BucketFailing) as refused:
        store.get("x")
    assert "refuses the access (SignatureDoesNotMatch)" in str(refused.value)
    shown = f"{refused.value!s} {refused.value!r} {store!r} {pickle.dumps(store)!r} {refused.value.__cause__}"
    assert "wrong-secret" not in shown
    assert SECRET not in shown
    monkeypatch.undo()
    assert pickle.loads(pickle.dumps(store)) == store


def test_missing_keys_are_named_and_no_server_is_blamed():
    """The client library asks the machine's own identity service then, and tells what that one answers."""
    said = "Error performing PUT http://169.254.169.254/latest/api/token - Server returned non-2xx status code: 403"
    error = failure_of(OSError(said), "s3://news/x", "https://s3.example").error
    assert str(error).startswith("s3://news/x: there are no keys for the bucket here")
    assert "AWS_ACCESS_KEY_ID" in str(error)


def test_keys_of_the_aws_files_are_used(store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Only where the environment names none; the profile is the one that AWS_PROFILE names."""
    file = tmp_path / "credentials"
    file.write_text(f"[paper]\naws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_PROFILE", "paper")
    assert aws_profile() == {}
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    store.put("x", b"by file")
    monkeypatch.setenv("AWS_PROFILE", "another")
    with pytest.raises(ConfigError, match="AWS_PROFILE another: has no access key"):
        ObjectStore(store.address).put("x", b"by nobody")
    file.write_text(f"{SECRET}\n")
    with pytest.raises(ConfigError) as damaged:
        ObjectStore(store.address).put("x", b"by nobody")
    assert SECRET not in str(damaged.value)


@pytest.mark.parametrize(
    ("text", "endpoint", "cause"),
    [
        ("http://bucket/x", None, "not the address of a bucket"),
        ("s3://", None, "not the address of a bucket"),
        ("s3://bucket/a/../b", None, "not the address of a bucket"),
        ("s3://KEY:secret-word@bucket/x", None, "not the address of a bucket"),
        ("s3://bucket", "http://nas.example:9000", "has no TLS"),
        ("s3://bucket", "https://KEY:secret-word@nas.example", "has a name or password in it"),
        ("s3://bucket", "nas.example", "is not an address"),
    ],
)
def test_address_that_cannot_be_used_is_refused(text: str, endpoint: str | None, cause: str):
    """Before any request; a password that was typed there is not shown."""
    with pytest.raises(ConfigError, match=cause) as refused:
        bucket_address(text, endpoint)
    assert "secret-word" not in str(refused.value)


def test_endpoint_comes_from_the_environment_and_http_only_where_allowed(monkeypatch: pytest.MonkeyPatch):
    """The variable of S3 alone counts before that of all services; a setting before both."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://all.example")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://s3.example/")
    assert bucket_address("s3://bucket/a/").endpoint == "https://s3.example"
    assert str(bucket_address("s3://bucket/a/", "https://own.example")) == "s3://bucket/a"
    assert (
        bucket_address("s3://bucket", "http://nas.example:9000", allow_http=True).endpoint == "http://nas.example:9000"
    )


def test_missing_client_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch):
    """The base install has no client for buckets."""
    monkeypatch.setitem(sys.modules, "obstore.exceptions", None)
    with pytest.raises(ConfigError, match=r"obstore: is not installed\n.*newsmorgue\[fleet\]"):
        ObjectStore(bucket_address("s3://bucket", "http://127.0.0.1:1")).head("x")


def test_server_that_was_not_named_is_asked_for_by_name():
    """A network without Amazon usually has a server of its own; nobody who named one is told to."""
    said = 'HTTP error\n\nDebug source:\nkind: Connect, ConnectError("dns error", error: "no such host")'
    error = type("GenericError", (Exception,), {})(said)
    asked = {server: failure_of(error, "s3://news/x", server) for server in (AMAZON, "https://s3.example")}
    assert "cannot be reached: no such host" in str(asked[AMAZON].error)
    assert asked[AMAZON].may_pass
    assert "AWS_ENDPOINT_URL, or `endpoint` in [storage]" in str(asked[AMAZON].error)
    assert "AWS_ENDPOINT_URL" not in str(asked["https://s3.example"].error)
