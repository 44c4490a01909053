"""Test that one process at a time writes a shard: against a real server, with real processes that are killed."""

from __future__ import annotations

import json
import os
import signal
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

import pipelines.bucket.lease as lease_module
from pipelines.bucket.address import bucket_address
from pipelines.bucket.lease import MARGIN, ShardLease, lease_key, read_lease, take_lease
from pipelines.bucket.object_store import ObjectStore
from pipelines.bucket.shard_head import open_head, read_head
from pipelines.core.errors import ArchiveLocked, BucketFailing, ConfigError, LeaseLost, MorgueError
from tests.support.lease_holder import SHARD, holder
from tests.support.relay import Relay
from tests.support.seaweedfs import ObjectServer
from tests.support.waiting import suspend, wait_until

FLEET, OTHER_FLEET = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
SECONDS = 1.5  # of a lease
LONG = 60.0  # of a lease that is not to end by itself
SHA256 = "0" * 64
WRONG = 300.0  # seconds by which two clocks are wrong


@pytest.fixture
def store(object_server: ObjectServer) -> ObjectStore:
    store = ObjectStore(bucket_address(f"s3://morgue-tests/{uuid.uuid4()}", object_server.endpoint))
    store.put("started", b"")  # makes the bucket
    return store


@pytest.fixture
def relay(object_server: ObjectServer) -> Iterator[Relay]:
    relay = Relay(object_server.endpoint)
    yield relay
    relay.close()


def token_in(store: ObjectStore) -> int:
    found = read_lease(store, FLEET, SHARD)
    assert found is not None
    return found.record.token


def try_to_take(store: ObjectStore) -> ShardLease | None:
    try:
        return take_lease(store, FLEET, SHARD, seconds=SECONDS)
    except ArchiveLocked:
        return None


@pytest.mark.slow
def test_living_holder_is_not_disturbed_and_tokens_grow_over_releases(store: ObjectStore):
    """A second taker is refused by name, the lease stays after a release, and its token only grows."""
    with holder(store, FLEET, SECONDS) as first:
        assert first.ask("take") == "1"
        with pytest.raises(ArchiveLocked, match=rf"is being written by process {first.process.pid} on .*token 1"):
            take_lease(store, FLEET, SHARD, seconds=LONG)
        time.sleep(2 * SECONDS)
        assert first.ask("held") == "True"
        assert first.ask("release") == "None"
        assert first.ask("held") == "False"
        assert first.ask("ship a.warc.gz") == "LeaseLost: was released"
    began = time.monotonic()
    with pytest.raises(ConfigError, match=f"is of shard {SHARD} of fleet {FLEET}"):
        take_lease(store, OTHER_FLEET, SHARD)
    second = take_lease(store, FLEET, SHARD, seconds=LONG)
    assert time.monotonic() - began < SECONDS
    assert second.token == token_in(store) == 2
    open_head(store, second)
    second.release()
    store.delete(lease_key(SHARD))
    third = take_lease(store, FLEET, SHARD, seconds=LONG)
    assert third.token == 3  # by the head: who deletes the lease sets no token back
    third.release()


@pytest.mark.slow
def test_shard_of_killed_holder_is_taken_once_by_one_of_many(store: ObjectStore):
    """Takers wait for the whole lease and more by their own clocks; that clocks are minutes apart changes nothing."""
    with (
        holder(store, FLEET, SECONDS, ahead=WRONG) as first,
        holder(store, FLEET, SECONDS, ahead=-WRONG) as second,
        ThreadPoolExecutor(2) as threads,
    ):
        assert first.ask("take") == "1"
        assert first.ask("ship a.warc.gz") == "shipped"
        first.process.kill()
        began = time.monotonic()
        second.tell("take")
        others = [threads.submit(try_to_take, store) for _ in range(2)]
        taken = [lease for other in others if (lease := other.result()) is not None]
        waited = time.monotonic() - began
        if second.answer() == "2":
            assert not taken
            assert second.ask("ship b.warc.gz") == "shipped"
        else:
            assert [lease.token for lease in taken] == [2]
            taken[0].release()
        assert waited >= SECONDS * (1 + MARGIN)
    assert token_in(store) == 2


@pytest.mark.slow
def test_stopped_holder_ships_nothing_when_it_wakes(store: ObjectStore):
    """It finds its lease over by itself; and what it sent before it could know is refused by the server."""
    with holder(store, FLEET, SECONDS) as first, holder(store, FLEET, SECONDS) as late:
        assert first.ask("take") == "1"
        assert first.ask("ship a.warc.gz") == "shipped"
        suspend(first.process.pid)
        assert late.ask("take") == "2"
        os.kill(first.process.pid, signal.SIGCONT)
        assert first.ask("held") == "False"
        wait_until(lambda: first.ask("ship b.warc.gz").startswith("LeaseLost: was "))
        suspend(late.process.pid)
        third = take_lease(store, FLEET, SHARD, seconds=LONG)
        head = open_head(store, third)
        assert [*head.files()] == ["a.warc.gz"]
        os.kill(late.process.pid, signal.SIGCONT)
        assert late.ask("late c.warc.gz").startswith("LeaseLost: was ")
        head.add_file("d.warc.gz", 1, SHA256, '"d"')
        assert [*read_head(store, FLEET, SHARD).files] == ["a.warc.gz", "d.warc.gz"]
        assert store.get("warc/c.warc.gz").data == b"c.warc.gz"  # a leftover, which does not count
        third.release()


@pytest.mark.slow
def test_write_under_an_older_token_that_arrives_before_the_new_one_counts(store: ObjectStore):
    """What counts is what the new holder finds when it has written its token; nothing in between is lost or doubled."""
    old = take_lease(store, FLEET, SHARD, seconds=LONG)
    old_head = open_head(store, old)
    old_head.begin_file("a.warc.gz")
    old_head.begin_file("lost.warc.gz")
    record = read_lease(store, FLEET, SHARD)
    assert record is not None
    new = take_lease(store, FLEET, SHARD, seconds=LONG, dead=record.record.owner)
    old_head.add_file("a.warc.gz", 1, SHA256, '"a"')
    new_head = open_head(store, new)
    assert [*new_head.files()] == ["a.warc.gz"]
    assert new_head.missing() == ["lost.warc.gz"]
    assert (new_head.state.token, new_head.state.changed) == (2, 1)
    new_head.begin_file("new.warc.gz")
    new_head.give_up(new_head.missing())
    with pytest.raises(LeaseLost, match="has token 2"):
        old_head.add_file("lost.warc.gz", 1, SHA256, '"l"')
    with pytest.raises(LeaseLost, match="was taken over"):
        old.renew()
    state = read_head(store, FLEET, SHARD)
    assert {name: file.token for name, file in state.begun.items()} == {"new.warc.gz": 2}
    assert (state.given_up, state.changed) == ({"lost.warc.gz": 2}, 2)
    new_head.announce("a.warc.gz", "1" * 64)
    assert read_head(store, FLEET, SHARD).files["a.warc.gz"].becomes == "1" * 64
    new_head.add_file("a.warc.gz", 2, "1" * 64, '"b"')
    new_head.set_snapshot("snapshots/1.db.gz", 5, '"s"')
    snapshot = read_head(store, FLEET, SHARD).snapshot
    assert snapshot is not None
    assert (snapshot.key, snapshot.files) == ("snapshots/1.db.gz", 1)
    new.release()


@pytest.mark.slow
def test_lease_pauses_while_the_bucket_hangs_and_goes_on_if_nobody_took_it(
    store: ObjectStore, object_server: ObjectServer, caplog: pytest.LogCaptureFixture
):
    """A short silence is passed over. In a long one the holder may do nothing; it goes on under the same token."""
    lease = take_lease(store, FLEET, SHARD, seconds=SECONDS)
    head = open_head(store, lease)
    with object_server.hanging():
        time.sleep(SECONDS / 2)
        assert lease.is_held()
    time.sleep(SECONDS)
    assert lease.is_held()
    assert not caplog.messages
    with object_server.hanging():
        time.sleep(SECONDS + 0.3)
        assert not lease.is_held()
        assert lease.is_paused
        with pytest.raises(BucketFailing, match=r"was not renewed for 1\.5 s"):
            head.begin_file("a.warc.gz")
        time.sleep(SECONDS)
    wait_until(lease.is_held)
    assert (lease.lost, lease.token, token_in(store)) == (None, 1, 1)
    head.begin_file("a.warc.gz")
    waits, goes_on = caplog.messages
    assert waits.startswith(f"fetching waits: {lease.location} was not renewed for 1.5 s")
    assert goes_on.startswith("fetching goes on: ")
    lease.release()
    found = read_lease(store, FLEET, SHARD)
    assert found is not None
    assert found.record.owner == ""


@pytest.mark.slow
def test_pause_of_a_lease_ends_with_its_patience_or_with_another_holder(
    store: ObjectStore, object_server: ObjectServer
):
    """Both end it for good, and are told once: the bucket that stays silent as its failure, a taker as a loss."""
    lease = take_lease(store, FLEET, SHARD, seconds=SECONDS, patience=SECONDS)
    said: list[MorgueError] = []
    lease.on_loss = said.append
    with object_server.hanging():
        wait_until(lambda: lease.lost is not None)
        assert not lease.is_paused
    assert [(type(error), error.exit_code) for error in said] == [(BucketFailing, 11)]
    assert "gave no answer for 1.5 s more" in said[0].cause
    lease.release()  # changes nothing: it is not ours any more
    with holder(store, FLEET, SECONDS) as stopped:
        assert stopped.ask("take") == "2"
        suspend(stopped.process.pid)
        time.sleep(SECONDS + 0.3)
        os.kill(stopped.process.pid, signal.SIGCONT)
        wait_until(lambda: stopped.ask("held") == "True")  # nobody took it meanwhile
        suspend(stopped.process.pid)
        again = take_lease(store, FLEET, SHARD, seconds=LONG)
        again.release()
        os.kill(stopped.process.pid, signal.SIGCONT)
        wait_until(lambda: stopped.ask("ship a.warc.gz").startswith("LeaseLost: was released"))
    assert again.token == token_in(store) == 3


@pytest.mark.slow
def test_time_in_which_the_process_was_stopped_during_a_pause_is_no_silence_of_the_bucket(
    store: ObjectStore, object_server: ObjectServer, monkeypatch: pytest.MonkeyPatch
):
    """A machine that slept while its bucket could not be reached goes on, as one that slept before does."""
    lease = take_lease(store, FLEET, SHARD, seconds=SECONDS, patience=30 * SECONDS)
    with object_server.hanging():
        wait_until(lambda: lease.is_paused)
        monkeypatch.setattr(lease_module, "elapsed", lambda: time.clock_gettime(lease_module.CLOCK) + 1000.0)
        assert lease.is_paused
    wait_until(lease.is_held)
    assert lease.lost is None
    lease.release()


def test_bucket_that_was_put_back_to_an_earlier_state_ends_the_lease_and_can_be_taken_again(store: ObjectStore):
    """It is said, instead of that the bucket gave no answer; and the next token is above that of the head."""
    for _ in range(3):
        take_lease(store, FLEET, SHARD, seconds=LONG).release()
    earlier = store.get(lease_key(SHARD)).data
    lease = take_lease(store, FLEET, SHARD, seconds=LONG)
    began = store.get(lease_key(SHARD)).data
    open_head(store, lease)
    lease.renew()
    store.put(lease_key(SHARD), began)
    with pytest.raises(LeaseLost, match="was put back to an earlier state"):
        lease.renew()
    store.put(lease_key(SHARD), earlier)
    again = take_lease(store, FLEET, SHARD, seconds=LONG)
    open_head(store, again)
    assert again.token == lease.token + 1
    again.release()


def test_lost_answers_are_read_back(store: ObjectStore, relay: Relay):
    """Whether a request did its work is decided by owner and token in the bucket, not by guessing."""
    through = ObjectStore(bucket_address(str(store.address), relay.endpoint))
    assert read_lease(through, FLEET, SHARD) is None  # opens the connection on which is read
    assert read_head(through, FLEET, SHARD).token == 0
    relay.next_fault = "unanswered"
    lease = take_lease(through, FLEET, SHARD, seconds=LONG)
    assert (lease.token, token_in(store)) == (1, 1)
    relay.next_fault = "unanswered"
    with pytest.raises(BucketFailing):
        lease.renew()
    assert lease.is_held()
    lease.renew()
    found = read_lease(store, FLEET, SHARD)
    assert found is not None
    assert (found.record.owner, found.record.renewal) == (lease.owner, 2)
    lease.release()
    found = read_lease(store, FLEET, SHARD)
    assert found is not None
    assert found.record.owner == ""


class CarelessStore(ObjectStore):
    """Put objects as on a server that ignores conditions."""

    def put_new(self, key: str, data: bytes | memoryview) -> str:
        return self.put(key, data)


def test_bucket_that_ignores_conditions_is_refused(store: ObjectStore):
    """Two takers would both believe that they hold the lease."""
    with pytest.raises(ConfigError, match="ignores If-None-Match, so that two machines"):
        take_lease(CarelessStore(store.address), FLEET, SHARD)


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b'{"fleet": 1}'])
def test_object_that_is_no_lease_or_head_is_named(store: ObjectStore, data: bytes):
    """Nothing is taken or written over it."""
    key = lease_key(SHARD)
    store.put_new(key, data)
    with pytest.raises(MorgueError, match=r"leases/003\.json: is no lease"):
        take_lease(store, FLEET, SHARD)
    store.put_new("shards/003/head.json", data)
    with pytest.raises(MorgueError, match="does not say what counts"):
        read_head(store, FLEET, SHARD)
    assert store.get(key).data == data


def test_lease_in_the_bucket_can_be_read_by_a_person(store: ObjectStore):
    """It names the fleet, the shard, the token, the holder, and for how long it holds."""
    lease = take_lease(store, FLEET, SHARD, seconds=LONG)
    values = json.loads(store.get(lease_key(SHARD)).data)
    assert {name: values[name] for name in ("fleet", "shard", "token", "process", "seconds")} == {
        "fleet": FLEET,
        "shard": SHARD,
        "token": 1,
        "process": os.getpid(),
        "seconds": LONG,
    }
    lease.release()
