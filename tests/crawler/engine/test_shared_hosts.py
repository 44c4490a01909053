"""Test that the crawls of several shards take turns at a host that they all ask."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path

import pytest

from crawler.config.archive_folder import ArchiveFolder
from crawler.config.models import load
from crawler.engine.shared_hosts import SharedHosts, shared_hosts
from pipelines.fleet.layout import FleetFolder, fleet_at
from tests.support.bucket_archive import give_bucket
from tests.support.command import make_archive, morgue, rows, start
from tests.support.seaweedfs import ObjectServer
from tests.support.small_paper import serving

ANSWER_SECONDS, DELAY_SECONDS = 0.2, 0.4
LOOPBACK = ("-s", "crawl.allow_private_ips=true", "-s", f"crawl.delay={DELAY_SECONDS}", "-s", "crawl.jitter=0")
CRAWL = (*LOOPBACK, "-s", "crawl.autothrottle=false")


@contextmanager
def slow_feeds() -> Iterator[tuple[str, list[tuple[float, float]]]]:
    """Serve empty feeds that take a while; yield the address, and beginning and end of each request."""
    times: list[tuple[float, float]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            began = time.monotonic()
            time.sleep(ANSWER_SECONDS)
            feed = b"<rss version='2.0'><channel><title>Empty</title></channel></rss>"
            times.append((began, time.monotonic()))
            self.send_response(200)
            self.send_header("Content-Type", "application/rss+xml")
            self.send_header("Content-Length", str(len(feed)))
            self.end_headers()
            self.wfile.write(feed)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_address[1]}", times
    finally:
        server.shutdown()
        server.server_close()


def papers_with_feeds(folder: FleetFolder, feeds: str, servers: ExitStack) -> None:
    """Give each shard a source, whose two feeds are at `feeds`."""
    owners: set[int] = set()
    while len(owners) < folder.shards:
        paper = servers.enter_context(serving())
        if (owner := folder.owner_of_url(paper.url)) not in owners:
            owners.add(owner)
            listed = "".join(f'"{feeds}/{owner}/{number}", ' for number in range(2))
            text = f'url = "{paper.url}/"\nfeeds = [{listed}]\n'
            (folder.path / "sources" / f"paper{owner}.toml").write_text(text)


@pytest.mark.slow
def test_feed_host_of_several_shards_is_asked_one_request_at_a_time(tmp_path):
    """With the whole delay between them, although three processes crawl at the same time."""
    path = make_archive(tmp_path / "fleet", "--shards=3")
    folder = fleet_at(path)
    assert folder is not None
    with slow_feeds() as (feeds, times), ExitStack() as servers:
        papers_with_feeds(folder, feeds, servers)
        done = morgue("-C", path, "crawl", *CRAWL)
        assert done.returncode in (0, 1), done.stderr
    assert len(times) >= 6
    gaps = [later[0] - earlier[1] for earlier, later in pairwise(sorted(times))]
    assert min(gaps) >= 0.75 * DELAY_SECONDS  # the end of an answer may be noticed late


@pytest.mark.slow
def test_feed_host_is_asked_one_request_at_a_time_by_machines_that_share_a_bucket(
    tmp_path: Path, object_server: ObjectServer
):
    """Each crawls its part of the shards from a copy of the fleet's folder of its own."""
    path = make_archive(tmp_path / "first", "--shards=2")
    store = give_bucket(path, object_server)
    folder = fleet_at(path)
    assert folder is not None
    with slow_feeds() as (feeds, times), ExitStack() as servers:
        papers_with_feeds(folder, feeds, servers)
        machines = [path, Path(shutil.copytree(path, tmp_path / "second"))]
        parts = [f"--part={number}/2" for number in (0, 1)]
        running = [start("-C", one, "crawl", part, *CRAWL) for one, part in zip(machines, parts, strict=True)]
        for one in running:
            out, err = one.communicate(timeout=120)
            assert one.returncode in (0, 1), out + err
    assert len(times) >= 4
    gaps = [later[0] - earlier[1] for earlier, later in pairwise(sorted(times))]
    assert min(gaps) >= 0.75 * DELAY_SECONDS
    assert {info.key for info in store.objects("hosts")} == {"hosts/localhost.json"}


@pytest.mark.slow
def test_host_is_not_asked_if_the_bucket_gives_no_turn(tmp_path: Path, object_server: ObjectServer):
    """After some time it is left alone and named, and the rest of the crawl goes on."""
    path = make_archive(tmp_path / "fleet", "--shards=2")
    store = give_bucket(path, object_server)
    store.put("hosts/localhost.json", b" " * 5000)  # which is refused unread, as if the bucket failed for this host
    folder = fleet_at(path)
    assert folder is not None
    with slow_feeds() as (feeds, times), ExitStack() as servers:
        papers_with_feeds(folder, feeds, servers)
        done = morgue("-C", path, "--shard", "0", "crawl", "--limit=5", *CRAWL, "-s", "storage.lease=5")
    assert times == []
    assert done.returncode == 1, done.stderr
    assert done.stderr.count("localhost is not asked, no turn: s3://") == 1
    assert "no turn at a host that several shards ask" in done.stdout + done.stderr
    assert rows(folder.shard_path(0), "SELECT count(*) FROM captures WHERE status = 200") > [(0,)]


def test_host_is_shared_if_another_shard_owns_it_or_asks_it(tmp_path):
    """Sites of lists and further sites count; an archive that is no shard takes no turns."""
    path = make_archive(tmp_path / "fleet", "--shards=2")
    folder = fleet_at(path)
    assert folder is not None
    mine, other, feeds, further = (
        site_of(folder, shard, word) for shard, word in zip((0, 1, 0, 0), "abcd", strict=True)
    )
    (path / "sources" / "a.toml").write_text(f'url = "https://{mine}/"\n')
    (path / "sources" / "b.toml").write_text(
        f'url = "https://{other}/"\nfeeds = ["https://x.{feeds}/rss"]\nsites = ["{further}"]\n'
    )
    turns = [shared_hosts(load(ArchiveFolder(shard))) for shard in folder.shard_paths()]
    shared = [
        {site for site in (mine, other, feeds, further) if turn.is_shared(f"https://{site}/")}
        for turn in turns
        if isinstance(turn, SharedHosts)
    ]
    assert shared == [{other, feeds, further}, {mine, feeds, further}]
    assert shared_hosts(load(ArchiveFolder(make_archive(tmp_path / "archive")))) is None


def site_of(folder: FleetFolder, shard: int, word: str) -> str:
    """Return a site that a shard owns."""
    return next(site for n in range(100) if folder.owner_of(site := f"{word}{n}.example") == shard)
