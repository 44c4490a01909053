"""Test that two machines never write one shard: two copies of a fleet's folder, one bucket, real crawls."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crawler.health.kinds import OF_BUCKET
from pipelines.bucket.address import bucket_address
from pipelines.bucket.object_store import ObjectStore
from pipelines.bucket.shard_head import read_head
from pipelines.fleet.layout import fleet_at
from tests.support.command import morgue, start
from tests.support.relay import Relay
from tests.support.seaweedfs import ObjectServer
from tests.support.small_paper import serving
from tests.support.waiting import suspend, wait_until

SECONDS = 2  # of the lease
STORIES = 5


def settings(bucket: str, endpoint: str) -> list[str]:
    """Return the options of a crawl of a paper on this machine, with a bucket and a short lease."""
    wanted = [
        "crawl.allow_private_ips=true",
        "crawl.delay=0.3",
        "record.rotate_after='0s'",
        f"storage.bucket='{bucket}'",
        f"storage.endpoint='{endpoint}'",
        f"storage.lease={SECONDS}",
    ]
    return [word for one in wanted for word in ("-s", one)]


def status_of(fleet: Path, shard: int) -> dict[str, Any]:
    """Return what `morgue fleet status` says of a shard, for programs."""
    found: dict[str, Any] = json.loads(morgue("-C", fleet, "fleet", "status", "--format", "json").stdout)[shard]
    return found


def reasons_of(shard: tuple[str | Path, ...]) -> list[str]:
    """Return the kinds of what `morgue health` says of a shard's bucket."""
    found = json.loads(morgue(*shard, "health", "--format", "json").stdout)
    return [why["kind"] for one in found for why in one["reasons"] if why["kind"] in OF_BUCKET]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("patience", "happens", "code", "said"),
    [
        (60, lambda relay, _crawl: relay.is_passing.set(), 0, "fetching goes on: "),
        pytest.param(60, lambda _relay, crawl: crawl.terminate(), 130, "", marks=pytest.mark.exhaustive),
        pytest.param(
            3,
            lambda _relay, _crawl: None,
            11,
            "leases/000.json: was not renewed for 3 s, and",
            marks=pytest.mark.exhaustive,
        ),
    ],
    ids=["bucket comes back", "terminated", "patience is over"],
)
def test_crawl_waits_while_the_bucket_is_silent_for_longer_than_the_lease(
    tmp_path: Path,
    object_server: ObjectServer,
    patience: int,
    happens: Callable[[Relay, subprocess.Popen[str]], object],
    code: int,
    said: str,
):
    """It says so once and asks nothing; then it goes on, or ends when it is told to, or when its patience is over."""
    relay = Relay(object_server.endpoint)
    store = ObjectStore(bucket_address(f"s3://morgue-tests/{uuid.uuid4()}", object_server.endpoint))
    store.put("started", b"")
    with serving(STORIES) as paper:
        assert morgue("init", tmp_path / "one", "--shards", "1").returncode == 0
        paper.watch(tmp_path / "one")
        log, asked = tmp_path / "log", paper.asked
        words = ("-C", tmp_path / "one", "--shard", "0", "crawl", *settings(str(store.address), relay.endpoint))
        log.write_text("")
        own = (f"storage.patience={patience}", "storage.lease=3", "crawl.delay=1.5", "crawl.jitter=0")
        crawl = start(*words, *(word for one in own for word in ("-s", one)), "--log", log, "--again", "paper")
        wait_until(lambda: any("story-number" in path for path in asked), seconds=60)
        relay.is_passing.clear()
        wait_until(lambda: "fetching waits: " in log.read_text())
        time.sleep(0.2)  # an answer under way
        waited = len(asked)
        time.sleep(1)
        assert len(asked) == waited
        assert sum("story-number" in path for path in asked) < STORIES
        happens(relay, crawl)
        output = crawl.communicate(timeout=60)
        relay.is_passing.set()
        assert crawl.returncode == code, (output, log.read_text())
        assert log.read_text().count("fetching waits: ") == output[1].count("fetching waits: ") == 1
        assert (len(asked) > waited) == (log.read_text().count("fetching goes on: ") == 1) == (code == 0)
        assert max(Counter(asked).values()) == 1
        assert said in output[1]
        assert morgue(*words[:4], "verify").returncode == 0
    relay.close()


@pytest.mark.slow
def test_shard_of_a_machine_that_hangs_goes_on_on_another(tmp_path: Path, object_server: ObjectServer):
    """The hanging one asks and ships nothing when it wakes; what never arrived is given up and fetched again."""
    store = ObjectStore(bucket_address(f"s3://morgue-tests/{uuid.uuid4()}", object_server.endpoint))
    store.put("started", b"")
    options = settings(str(store.address), object_server.endpoint)
    with serving(STORIES) as paper:
        assert morgue("init", tmp_path / "one", "--shards", "2").returncode == 0
        paper.watch(tmp_path / "one")
        shutil.copytree(tmp_path / "one", tmp_path / "two")
        fleet = fleet_at(tmp_path / "one")
        assert fleet is not None
        number = fleet.owner_of_url(paper.url)
        one, two = (("-C", tmp_path / name, "--shard", str(number)) for name in ("one", "two"))

        hanging = start(*one, "crawl", *options)
        while not any("story-number" in path for path in paper.asked):
            assert hanging.poll() is None
            time.sleep(0.02)
        suspend(hanging.pid)
        time.sleep(0.2)  # answers under way
        begun = read_head(store, fleet.id, number)
        assert len(begun.begun) == 1
        assert not begun.files

        shown = status_of(tmp_path / "one", number)
        held = (socket.gethostname(), hanging.pid, 1)
        assert (shown["holder"], shown["holder_process"], shown["token"]) == held
        assert shown["held_since"] < shown["held_until"]
        assert (shown["spool_files"], shown["last_snapshot"]) == (1, None)

        refused = morgue(*two, "crawl", *options)
        assert refused.returncode == 7
        assert "which another holder has changed since (token 1)" in refused.stderr
        made = morgue(*two, "rebuild", *options)
        assert made.returncode == 0, made.stderr
        assert reasons_of(two) == ["never arrived"]
        (name,) = begun.begun
        never = f"{name}: was begun on {socket.gethostname()} at {begun.begun[name].time}, and never reached the bucket"
        assert f"{never}; what it held is lost" in made.stdout
        named = morgue(*two, "verify", "--format", "json")
        assert named.returncode == 7
        (finding,) = json.loads(named.stdout)["findings"]
        assert (finding["kind"], finding["file"]) == ("never arrived", f"warc/{name}")
        assert finding["next"].startswith("`morgue crawl` gives it up, and fetches its pages again")
        asked = len(paper.asked)
        os.kill(hanging.pid, signal.SIGCONT)
        output, _ = hanging.communicate(timeout=60)
        assert hanging.returncode == 4, output
        assert len(paper.asked) == asked

        crawled = morgue(*two, "crawl", *options)
        assert crawled.returncode == 0, crawled.stderr
        assert f"{never}; it is given up, and which pages it held is not known" in crawled.stdout
        assert morgue(*two, "verify").returncode == 0
        late = morgue(*one, "ship", *options)
        assert late.returncode == 7
        assert "is older than shard" in late.stderr
        assert (reasons_of(one), reasons_of(two)) == (["outdated copy"], [])
        assert [status_of(tmp_path / name, number)["state"] for name in ("one", "two")] == ["outdated", "idle"]
        assert "5 articles" in morgue(*two, "count").stdout
    shown = status_of(tmp_path / "two", number)
    assert (shown["holder"], shown["spool_files"], shown["never_arrived"]) == (None, 0, 0)
    assert shown["last_snapshot"] is not None
    assert shown["snapshot_age_seconds"] < 60
    noted = tmp_path / f"two/shards/{number:03}/shipped.jsonl"
    noted.write_text(noted.read_text().replace(object_server.endpoint, "http://127.0.0.1:9"))
    without = morgue("-C", tmp_path / "two", "fleet", "status")
    assert without.returncode == 1
    assert "2 shards, 5 articles" in without.stdout
    assert re.search(rf"morgue: shard {number:03}: s3://morgue-tests/[0-9a-f-]+: ", without.stderr)
    head = read_head(store, fleet.id, number)
    assert [*head.given_up] == [*begun.begun]
    assert len(head.files) == 1
    assert not head.begun
    assert [found.key for found in store.objects(f"shards/{number:03}/warc")] == [
        f"shards/{number:03}/warc/{name}" for name in head.files
    ]
