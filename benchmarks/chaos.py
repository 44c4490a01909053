"""Kill, stop and rob the machines of a fleet while they crawl: is every article there, once, with its bytes?

    python benchmarks/chaos.py [--rounds 10] [--shards 6] [--papers 6] [--seed 1] [--kinds WORDS] [--keep DIR]

Two machines (copies of one fleet's folder, the clock of one 5 minutes ahead), one real SeaweedFS, small papers on
loopback that publish new stories in each round. In a round all shards are crawled at once, each by one machine, while
something happens, and then by the other or the same one until a crawl ends well. In turns: all processes of the crawl
are killed; they are stopped for longer than the lease while the other machine takes the shard, and then go on; they are
stopped for longer, and nobody takes it; the bucket hangs for longer than the lease; the bucket is killed and started
again; the same with a spool that is full after two pages; the crawl is killed and the disk of its machine deleted. Then
one `crawl --on` for all shards, on a Dask scheduler with three workers on each machine: a worker of each machine is
killed; a machine is stopped for longer than the lease; the scheduler is killed, and started again.
At the end exit code 1 if a story is missing or there twice, if `morgue verify` finds anything, if a machine asked for
anything after another one had its lease, or if more pages were fetched again than were under way or not yet shipped.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import common
from chaos_cluster import Cluster
from chaos_paper import PER_ROUND, Paper
from chaos_shard import LEASE, SLEEP, Machine, Shard
from common import Check

from pipelines.bucket.address import bucket_address
from pipelines.bucket.object_store import ObjectStore
from pipelines.fleet.layout import FleetFolder, fleet_at
from tests.support.seaweedfs import KEY_ID, SECRET, ObjectServer

KINDS = ("killed", "stopped", "slept", "bucket hangs", "bucket killed", "spool full", "disk deleted",
         "workers killed", "machine stopped", "scheduler killed")  # fmt: skip
ON_CLUSTER = KINDS[-3:]
AHEAD = 300  # seconds by which the second machine's clock is ahead
DELAY = 0.15  # seconds between two requests to a paper


class World:
    """Hold the machines, the bucket and the papers."""

    def __init__(self, folder: Path, papers: int, shards: int, seed: int) -> None:
        self.folder, self.seed = folder, seed
        os.environ.update(AWS_ACCESS_KEY_ID=KEY_ID, AWS_SECRET_ACCESS_KEY=SECRET, AWS_REGION="us-east-1")
        self.env = common.morgue_env()
        self.server = ObjectServer(folder / "bucket")
        self.store = ObjectStore(bucket_address("s3://morgue-tests/chaos", self.server.endpoint))
        self.store.put("made", b"")  # makes the bucket
        new = [*common.morgue_command(), "init", str(folder / "new"), "--shards", str(shards)]
        subprocess.run([*new, "--contact", "benchmark@example.org"], env=self.env, check=True, capture_output=True)
        fleet = fleet_at(folder / "new")
        assert fleet is not None
        self.pristine: FleetFolder = fleet
        self.papers = papers_of(fleet, papers)
        for paper in self.papers:
            text = f'url = "{paper.url}/"\nfeeds = ["{paper.url}/feed"]\n'
            (folder / "new" / "sources" / f"{paper.name}.toml").write_text(text)
        self.machines = [Machine(folder / f"machine{n}", ahead) for n, ahead in enumerate((0, AHEAD))]
        for machine in self.machines:
            shutil.copytree(folder / "new", machine.folder)
        owners = defaultdict(list)
        for paper in self.papers:
            owners[fleet.owner_of_url(paper.url)].append(paper)
        self.shards = [Shard(self, number, own) for number, own in sorted(owners.items())]
        wanted = ("crawl.allow_private_ips=true", f"crawl.delay={DELAY}", "record.rotate_after='0s'",
                  f"storage.bucket='{self.store.address}'", f"storage.endpoint='{self.server.endpoint}'",
                  f"storage.lease={LEASE}", "extract.workers=1")  # fmt: skip
        self.options = [word for setting in wanted for word in ("-s", setting)]
        self.cluster = Cluster(self)

    def end(self) -> None:
        """End what still runs."""
        self.cluster.end()
        self.server.kill()

    @contextmanager
    def trouble(self, kind: str, dice: random.Random) -> Iterator[None]:
        """Let something happen to the bucket while the crawls of a round run."""
        if kind != "spool full" and not kind.startswith("bucket"):
            yield
            return

        def disturb() -> None:
            time.sleep(3 + 2 * dice.random())
            if kind == "bucket hangs":
                with self.server.hanging():
                    time.sleep(SLEEP)
            else:
                self.server.kill()
                time.sleep(LEASE * dice.random())
                self.server.start()

        thread = threading.Thread(target=disturb)
        thread.start()
        yield
        thread.join()

    def round(self, number: int, kind: str, dice: random.Random) -> None:
        """Publish stories, and let every shard be crawled while something happens."""
        began = time.monotonic()
        for paper in self.papers:
            paper.stories += PER_ROUND
        if kind in ON_CLUSTER:
            self.cluster.round(kind, number)
        else:
            with self.trouble(kind, dice), ThreadPoolExecutor(len(self.shards)) as threads:
                for done in [threads.submit(shard.fault, kind, number) for shard in self.shards]:
                    done.result()
        took = f"{time.monotonic() - began:.0f} s"
        again, allowed = sum(shard.again() for shard in self.shards), sum(one.story.allowed for one in self.shards)
        print(f"round {number}: {kind}: {took}; {len(self.wrong())} wrong so far, {again} of {allowed} fetched again",
              flush=True)  # fmt: skip

    def wrong(self) -> list[str]:
        """Return what went wrong on the way."""
        return [*(line for shard in self.shards for line in shard.story.wrong), *self.cluster.wrong]


def papers_of(fleet: FleetFolder, papers: int) -> list[Paper]:
    """Return papers of which each shard owns as many as any other, or one less."""
    owned: Counter[int] = Counter()
    found: list[Paper] = []
    for number in range(200):
        paper = Paper(number)
        owner = fleet.owner_of_url(paper.url)
        if len(found) < papers and owned[owner] < -(-papers // fleet.shards):
            owned[owner] += 1
            found.append(paper)
        else:
            paper.server.shutdown()
    return found


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=len(KINDS), help="how many (default: each fault once)")
    options.add_argument("--shards", type=int, default=6, help="of the fleet (default 6)")
    options.add_argument("--papers", type=int, default=6, help="on loopback (default 6)")
    options.add_argument("--seed", type=int, default=1, help="of the moments (default 1)")
    options.add_argument("--kinds", default="", help="only faults that have one of these words, such as killed,spool")
    options.add_argument("--keep", metavar="DIR", help="leave machines and bucket in this empty folder")
    given = options.parse_args()
    common.need_morgue("verify", "rebuild")
    words = [word for word in given.kinds.split(",") if word]
    kinds = [kind for kind in KINDS if not words or any(word in kind for word in words)]
    dice = random.Random(given.seed)
    with common.workshop(given.keep) as folder:
        world = World(folder, given.papers, given.shards, given.seed)
        try:
            for number in range(given.rounds):
                world.round(number, kinds[number % len(kinds)], dice)
            judged = [line for shard in world.shards for line in shard.judge()]
        finally:
            world.end()
    wrong = world.wrong()
    said = Counter(word for shard in world.shards for word in shard.story.said)
    stories = sum(paper.stories for paper in world.papers)
    rows = [(shard.number, len(shard.papers), shard.again(), shard.story.allowed, f"{shard.story.seconds:.0f}")
            for shard in world.shards]  # fmt: skip
    common.show_table(("shard", "papers", "fetched again", "may be", "longest recovery, s"), rows)
    waits = {"bucket hangs", "spool full"} & {*kinds[: given.rounds]}  # else there was nothing to wait for
    checks = [
        Check("nothing went wrong on the way", not wrong, f"{len(wrong)} wrong in {given.rounds} rounds"),
        Check("every article once, all bytes there", not judged, f"{len(judged)} wrong; {stories} stories"),
        Check("crawls waited and went on", said["goes on"] > 0 if waits else None, f"{dict(said)}"),
    ]
    print(f"longest recovery of a `crawl --on`: {world.cluster.seconds:.0f} s")
    passed = common.show_checks(checks)
    for line in (*wrong, *judged):
        print(f"\n{line}")
    if not passed:
        for shard in world.shards:
            print(f"\nshard {shard.number}:\n  " + "\n  ".join(shard.story.lines[-40:]))
        print("\ncluster:\n  " + "\n  ".join(world.cluster.lines[-40:]))
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
