"""Test that one process at a time, on any machine, asks a shared host: against a real server, with real processes."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from crawler.engine.bucket_turns import (
    BucketHostTurns,
    SeenTurn,
    TurnRecord,
    free_at,
    turn_key,
)
from crawler.work.host_lock import HostBusy
from pipelines.bucket.address import bucket_address
from pipelines.bucket.lease import MARGIN
from pipelines.bucket.object_store import ObjectStore
from pipelines.core.errors import BucketFailing
from tests.support.command import ROOT, environment
from tests.support.relay import Relay
from tests.support.seaweedfs import ObjectServer

HOST, DELAY = "Feeds.example", 0.4
LATE = 0.02  # seconds by which two clocks of one machine may be read apart
SECONDS = 2.0  # of a turn that is to end by itself
ASK = """
import sys, time
from crawler.engine.bucket_turns import BucketHostTurns
from pipelines.bucket.address import bucket_address
from pipelines.bucket.object_store import ObjectStore

address, endpoint, clock, times = sys.argv[1:]
turns = BucketHostTurns(ObjectStore(bucket_address(address, endpoint)), seconds=SECONDS, clock=clock)
for _ in range(int(times)):
    with turns.taken("feeds.example", delay=DELAY):
        begin = time.monotonic()
        time.sleep(0.05)
        print(begin, time.monotonic(), flush=True)
"""
STAY = """
with turns.taken("feeds.example", delay=DELAY):
    print("taken", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def store(object_server: ObjectServer) -> ObjectStore:
    store = ObjectStore(bucket_address(f"s3://morgue-tests/{uuid.uuid4()}", object_server.endpoint))
    store.put("started", b"")  # makes the bucket
    return store


def process(
    store: ObjectStore, clock: str, times: int, *, seconds: float = 30.0, more: str = ""
) -> subprocess.Popen[str]:
    """Start a process that takes turns, and then does `more`."""
    program = (ASK + more).replace("SECONDS", str(seconds)).replace("DELAY", str(DELAY))
    words = [str(store.address), str(store.address.endpoint), clock, str(times)]
    return subprocess.Popen(
        [sys.executable, "-c", program, *words], cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True
    )


def record_in(store: ObjectStore) -> TurnRecord:
    return TurnRecord(**json.loads(store.get(turn_key(HOST)).data))


@pytest.mark.slow
@pytest.mark.parametrize("clocks", ["aaa", "abc"], ids=["one machine", "three machines"])
def test_processes_take_turns_and_keep_the_delay(store: ObjectStore, clocks: str):
    """Never two at once, and the whole delay lies between them; also where no clock is shared."""
    running = [process(store, clock, 4) for clock in clocks]
    lines = [line.split() for one in running for line in one.communicate(timeout=90)[0].splitlines()]
    requests = sorted((float(begin), float(end)) for begin, end in lines)
    assert len(requests) == 12
    assert min(begin - end for (_, end), (begin, _) in pairwise(requests)) >= DELAY - LATE
    assert record_in(store).owner == ""


@pytest.mark.slow
def test_threads_take_turns(store: ObjectStore):
    """Two threads of a process, and another object that gives out turns, exclude each other, too."""
    both = [BucketHostTurns(store), BucketHostTurns(store, clock="another machine")]
    asking, most = threading.Lock(), []

    def ask(number: int) -> None:
        with both[number % 2].taken(HOST, 0.0):
            most.append(asking.acquire(blocking=False))
            time.sleep(0.05)
            asking.release()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(ask, range(12)))
    assert most == [True] * 12


@pytest.mark.slow
def test_turn_of_a_killed_process_is_free_after_its_time(store: ObjectStore):
    """Not before, for it may just be asking; and another one that renews its turn keeps it."""
    with process(store, "dead", 0, seconds=SECONDS, more=STAY) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "taken\n"
        turns = BucketHostTurns(store, seconds=SECONDS)
        with pytest.raises(HostBusy, match="is being asked by other shards"), turns.taken(HOST, DELAY, 3 * SECONDS):
            pass
        holder.kill()
    killed = time.monotonic()
    with turns.taken(HOST, DELAY):
        waited = time.monotonic() - killed
    assert SECONDS * (2 / 3 + MARGIN) - 0.5 <= waited <= 20 * SECONDS


@pytest.mark.slow
def test_long_request_keeps_its_turn(store: ObjectStore):
    """It is renewed, and its end counts for the delay."""
    first, second = BucketHostTurns(store, seconds=SECONDS), BucketHostTurns(store, seconds=SECONDS, clock="another")
    with first.taken(HOST, DELAY), pytest.raises(HostBusy), second.taken(HOST, DELAY, timeout=2.5 * SECONDS):
        pass
    ended = time.monotonic()
    with second.taken(HOST, DELAY):
        assert time.monotonic() - ended >= DELAY - LATE


@pytest.mark.slow
def test_silent_bucket_gives_no_turn_and_is_given_up(store: ObjectStore, object_server: ObjectServer):
    """Without an answer there is no turn; after the patience the error names the object. Then it goes on."""
    turns = BucketHostTurns(store, seconds=SECONDS, patience=SECONDS)
    with turns.taken(HOST, 0.0):
        pass
    with object_server.hanging():
        with pytest.raises(HostBusy), turns.taken(HOST, 0.0, timeout=0.0):
            pass
        with pytest.raises(BucketFailing, match=r"hosts/feeds\.example\.json.*did not answer"), turns.taken(HOST, 0.0):
            pass
        with pytest.raises(BucketFailing), turns.taken(HOST, 0.0):
            pass
    with turns.taken(HOST, 0.0):
        assert record_in(store).owner


@pytest.mark.slow
def test_answer_that_is_lost_costs_no_turn(object_server: ObjectServer, store: ObjectStore):
    """Its process finds its own name in the object, and need not wait until the turn ends by itself."""
    relay = Relay(object_server.endpoint)
    turns = BucketHostTurns(ObjectStore(bucket_address(str(store.address), relay.endpoint)), seconds=60.0)
    for one in (turns._store, turns._giving_store):
        with turns.taken(HOST, 0.0, timeout=20.0):
            pass
        one._clients.clear()  # the next request makes a connection, whose first answer is lost
        relay.next_fault = "unanswered"
        for _ in range(2):
            with turns.taken(HOST, 0.0, timeout=20.0):
                assert record_in(store).owner
        assert (relay.next_fault, record_in(store).owner) == ("", "")
    relay.close()


@pytest.mark.slow
@pytest.mark.parametrize("data", [b"nonsense", b"[]", b'{"owner": 3}'])
def test_object_that_says_nothing_is_waited_for_and_replaced(store: ObjectStore, data: bytes):
    """For as long as the turn that it may be."""
    store.put(turn_key(HOST), data)
    begin = time.monotonic()
    with BucketHostTurns(store, seconds=0.8).taken(HOST, 0.0):
        assert time.monotonic() - begin >= 0.8
        assert record_in(store).owner


HELD = TurnRecord("h", "someone", "m", 1, 7, 60.0, 5.0, "theirs", 0.0)
BACK = TurnRecord("h", "", "m", 1, 8, 60.0, 5.0, "theirs", 90.0)
OURS = TurnRecord("h", "", "m", 1, 8, 60.0, 5.0, "ours", 98.0)
AHEAD = TurnRecord("h", "", "m", 1, 8, 60.0, 5.0, "ours", 1e9)


@pytest.mark.parametrize(
    ("record", "delay", "free"),
    [
        (HELD, 2.0, 100 + 60 * (1 + MARGIN)),
        (HELD, 50.0, 100 + 60 + 50.0),
        (BACK, 2.0, 105.0),
        (BACK, 9.0, 109.0),
        (OURS, 2.0, 103.0),
        (AHEAD, 2.0, 105.0),
        (None, 2.0, 100 + 30 * (1 + MARGIN) + 2.0),
    ],
    ids=["held", "held, long delay", "back", "back, longer delay", "our clock", "our clock ahead", "says nothing"],
)
def test_time_at_which_a_turn_is_free(record: TurnRecord | None, delay: float, free: float):
    """Counted from the first look, at 100, or from the end of a request by our own clock; the longer delay holds."""
    assert free_at(SeenTurn('"e"', record, 100.0), delay, 30.0, "ours", ("", 0.0)) == free


def test_turn_of_our_own_that_was_not_given_back_is_free_after_its_request():
    """It is known by its name; a host that was never asked is free at once."""
    assert free_at(SeenTurn('"e"', HELD, 100.0), 2.0, 30.0, "ours", ("someone", 97.0)) == 102.0
    assert free_at(SeenTurn(None, None, 100.0), 2.0, 30.0, "ours", ("", 0.0)) == 100.0


def test_keys_of_two_hosts_differ():
    """Whatever characters a name has, it is one name in the folder."""
    names = ["one.example", "[2001:db8::1]", "[2001:db8::2]", "../up", "straße.example", "x" * 250, "y" * 250]
    keys = [turn_key(name) for name in names]
    assert len(set(keys)) == len(names)
    assert all(key.startswith("hosts/") and key.count("/") == 1 and key.isascii() for key in keys)
    assert turn_key("One.Example") == keys[0] == "hosts/one.example.json"
