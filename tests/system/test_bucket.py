"""Test archives whose WARC files lie in a bucket, on a real server: crawl, ship, read, check, remove, rebuild."""

from __future__ import annotations

import gzip
import re
import time
from pathlib import Path

import pytest

from pipelines.bucket.snapshot import snapshots
from tests.support.bucket_archive import give_bucket, here, there
from tests.support.command import LOOPBACK, crawl, morgue, rows, start, tables
from tests.support.relay import Relay
from tests.support.seaweedfs import SECRET, ObjectServer
from tests.support.small_paper import serving
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow


def test_archive_whose_files_lie_in_a_bucket_is_like_any_other(archive: Path, object_server: ObjectServer):
    """Crawled, shown, exported, verified, taken down and rebuilt, with nothing left in warc/; no secret is written."""
    store = give_bucket(archive, object_server, rotate="2KB")
    with serving(6) as paper:
        paper.watch(archive)
        assert crawl(archive, "-vvv", "--log", archive / "run.log").returncode == 0
        shipped = there(store)
        assert len(shipped) >= 3
        assert not set(shipped) & set(here(archive))
        for old in snapshots(store):
            store.delete(old.info.key)
        torn = archive / "warc" / "torn.warc.gz.open"  # of a crash: the database may have rows of it
        torn.write_bytes(b"")
        assert morgue("-C", archive, "ship").returncode == 0
        assert snapshots(store) == []
        torn.unlink()
        done = morgue("-C", archive, "ship", "--all")
        assert (done.returncode, here(archive)) == (0, []), done.stderr
        assert "shipped to s3://" in done.stdout
        assert morgue("-C", archive, "verify").returncode == 0
        assert len(snapshots(store)) == 1
        before = tables(archive / "morgue.db")
        url = paper.stories[1]
        shown = morgue("-C", archive, "show", url, "--format", "json")
        assert (shown.returncode, "harbour wall" in shown.stdout) == (0, True)
        assert morgue("-C", archive, "export", "warc", archive / "out.warc.gz").returncode == 0

        assert morgue("-C", archive, "remove", url, "--reason", "asked", "--yes").returncode == 0
        (copy,) = snapshots(store)  # the others held what was removed
        held = gzip.decompress(store.get(copy.info.key).data)
        assert (b"Story 1" in held, b"Story 2" in held) == (False, True)
        assert here(archive) == []
        checked = morgue("-C", archive, "verify")
        assert checked.returncode == 0, checked.stdout
        records = gzip.decompress(b"".join(store.get(f"warc/{name}").data for name in there(store)))
        assert (records.count(b"Story 1</h1>"), records.count(b"Story 2</h1>")) == (0, 1)
        morgue("-C", archive, "ship", "--all")
        after = tables(archive / "morgue.db")
        assert before != after
        for lost in ("shipped.jsonl", "manifest.jsonl", "morgue.db", "morgue.lock"):
            (archive / lost).unlink()
        done = morgue("-C", archive, "rebuild")
        assert done.returncode == 0, done.stdout + done.stderr
        assert tables(archive / "morgue.db") == after
        assert (here(archive), morgue("-C", archive, "verify").returncode) == ([], 0)
    told = b"".join(path.read_bytes() for path in archive.rglob("*") if path.is_file())
    assert SECRET.encode() not in told + records
    assert rows(archive, "SELECT count(*) FROM crawls WHERE command LIKE ?", f"%{SECRET}%") == [(0,)]


def test_manifest_in_the_bucket_follows_a_file_that_was_rewritten(archive: Path, object_server: ObjectServer):
    """As by a move to another shard: its line has another SHA-256 then, and the same length."""
    store = give_bucket(archive, object_server)
    with serving(1) as paper:
        paper.watch(archive)
        assert crawl(archive).returncode == 0
    assert morgue("-C", archive, "ship", "--all").returncode == 0
    path = archive / "manifest.jsonl"
    path.write_bytes(re.sub(rb'"sha256": ?"[0-9a-f]{8}', b'"sha256": "01234567', path.read_bytes()))
    assert morgue("-C", archive, "ship", "--all").returncode == 0
    assert store.get("manifest.jsonl").data == path.read_bytes()


def test_bucket_that_hangs_stops_the_crawl_only_at_the_limit_of_the_spool(archive: Path, object_server: ObjectServer):
    """Fetching goes on while the spool has room, then waits and says so; when the bucket answers again, it goes on."""
    relay = Relay(object_server.endpoint)
    store = give_bucket(archive, object_server, rotate="3KB", spool="12KB", endpoint=relay.endpoint)
    with serving(30) as paper:
        paper.feed(0)
        paper.watch(archive)
        assert crawl(archive).returncode == 0
        paper.feed(*range(30))
        before = len(paper.asked)
        (archive / "run.log").touch()
        relay.is_passing.clear()
        options = ("-s", "crawl.delay=0.1", "-s", "crawl.jitter=0", "--log", archive / "run.log", "paper")
        running = start("-C", archive, "crawl", *LOOPBACK, *options)
        wait_until(lambda: "fetching waits: " in (archive / "run.log").read_text(), seconds=90)
        waited = len(paper.asked)
        time.sleep(2)
        assert before + 4 < len(paper.asked) < before + 30
        assert len(paper.asked) - waited <= 1
        relay.is_passing.set()
        out, _ = running.communicate(timeout=120)
    assert running.returncode == 0, out
    assert rows(archive, "SELECT count(*) FROM articles") == [(30,)]
    done = morgue("-C", archive, "ship", "--all")
    assert (done.returncode, here(archive)) == (0, [])
    assert morgue("-C", archive, "verify").returncode == 0
    assert len(there(store)) > 5
    relay.close()


def test_bucket_that_is_gone_costs_a_crawl_nothing(archive: Path, object_server: ObjectServer):
    """The articles are there, files wait in warc/, and exit code 11 and a line say so; `ship` brings them later."""
    relay = Relay(object_server.endpoint)
    store = give_bucket(archive, object_server, rotate="3KB", endpoint=relay.endpoint)
    with serving(3) as paper:
        paper.feed(0)
        paper.watch(archive)
        assert crawl(archive).returncode == 0
        relay.close()
        paper.feed(0, 1, 2)
        done = crawl(archive, "paper")
    assert done.returncode == 11
    assert "cannot be reached: Connection refused" in done.stderr
    assert str(store.address) in done.stderr
    assert rows(archive, "SELECT count(*) FROM articles") == [(3,)]
    waiting = here(archive)
    assert len(waiting) > 1
    assert morgue("-C", archive, "ship", "--all").returncode == 11
    assert here(archive) == waiting
    done = morgue("-C", archive, "ship", "--all", "-s", f"storage.endpoint={object_server.endpoint}")
    assert (done.returncode, here(archive)) == (0, []), done.stderr
