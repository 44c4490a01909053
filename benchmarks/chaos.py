"""Kill, stop and rob the machines of a fleet while they crawl: is every article there, once, with its bytes?

    python benchmarks/chaos.py [--rounds 5] [--shards 3] [--papers 6] [--seed 1] [--keep DIR]

Two machines (copies of one fleet's folder, the clock of one 5 minutes ahead), one real SeaweedFS, small papers on
loopback that publish new stories in each round. In a round every shard is crawled by one machine while something
happens, and then by the other or the same one until a crawl ends well. In turns: all processes of the crawl are killed;
they are stopped for longer than the lease while the other machine takes the shard, and then go on; the bucket hangs for
longer than the lease; the bucket is killed and started again; the crawl is killed and the disk of its machine deleted.
At the end exit code 1 if a story is missing or there twice, if `morgue verify` finds anything, if a machine asked for
anything after its lease was over, or if more pages were fetched again than were under way or not yet shipped.

Left out: a killed scheduler (the crawls are plain processes), and a full spool (tests/system/test_bucket.py has it).
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import common
from common import Check

from pipelines.bucket.address import bucket_address
from pipelines.bucket.object_store import ObjectStore
from pipelines.bucket.shard_head import read_head
from pipelines.fleet.layout import FleetFolder, fleet_at
from tests.support.seaweedfs import KEY_ID, SECRET, ObjectServer

KINDS = ("killed", "stopped", "bucket hangs", "bucket killed", "disk deleted")
LEASE = 4.0  # seconds
AHEAD = 300  # seconds by which the second machine's clock is ahead
PER_ROUND = 8  # new stories of each paper
DELAY = 0.15  # seconds between two requests to a paper
UNDER_WAY = 10  # pages of a crawl that may be fetched and in no commit yet when it is killed
TRIES = 8  # to crawl a shard to its end after a fault
PATIENCE = 180  # seconds for one command
OUTDATED, LOCKED = 7, 4  # exit codes
TURNED = str(common.ROOT / "tests" / "support" / "turned_clock.py")
TEXT = "The council met on Tuesday and talked about the harbour wall, which needs repair. " * 6


class Paper:
    """Serve a paper on a loopback address of its own, and note each request."""

    def __init__(self, number: int) -> None:
        self.name, self.stories = f"paper{number}", 0
        self.asked: list[tuple[float, str]] = []  # when, and the path
        paper = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                paper.asked.append((time.monotonic(), self.path))
                time.sleep(0.03)
                body, kind = paper.page(self.path)
                self.send_response(200 if body else 404)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer((f"127.0.0.{10 + number}", 0), Answer)
        self.url = f"http://127.0.0.{10 + number}:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def page(self, path: str) -> tuple[bytes, str]:
        """Return what lies at a path, and its type."""
        if path == "/feed":
            items = "".join(f"<item><title>Story {n}</title><link>{self.story(n)}</link></item>"
                            for n in range(self.stories))  # fmt: skip
            return (
                f"<rss version='2.0'><channel><title>P</title>{items}</channel></rss>".encode(),
                "application/rss+xml",
            )
        if path == "/":
            return f"<html><body><h1>{self.name}</h1></body></html>".encode(), "text/html"
        number = path.rpartition("-")[2].removesuffix(".html")
        if "/story-number-" not in path or not number.isdecimal() or int(number) >= self.stories:
            return b"", "text/plain"
        text = f"<p>{self.name} tells story {number}. {TEXT}</p>"
        page = f"<html><head><title>Story {number}</title></head><body><article><h1>Story {number}</h1>{text}</article>"
        return f"{page}</body></html>".encode(), "text/html"

    def story(self, number: int) -> str:
        """Return the URL of a story."""
        return f"{self.url}/2024/01/{1 + number % 28:02}/story-number-{number}.html"

    def requests(self) -> Counter[str]:
        """Return how often each story was asked for."""
        return Counter(path for _, path in self.asked if "/story-number-" in path)


@dataclass
class Machine:
    """One copy of the fleet's folder."""

    folder: Path
    ahead: int  # seconds by which its clock is ahead

    def command(self, shard: int, *words: str) -> list[str]:
        """Return a command about a shard on this machine."""
        program = [TURNED, str(self.ahead)] if self.ahead else ["-m", "crawler"]
        return [sys.executable, *program, "-C", str(self.folder), "--shard", str(shard), *words]


@dataclass
class Story:
    """What happened to a shard, to be told if a promise does not hold."""

    lines: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    unshipped: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))  # pages asked, by machine
    allowed: int = 0  # pages that may be fetched again
    seconds: float = 0  # from a fault to the end of a crawl that went well: the longest


class Shard:
    """Let machines crawl one shard, and something happen to them."""

    def __init__(self, world: World, number: int, papers: list[Paper]) -> None:
        self.world, self.number, self.papers = world, number, papers
        self.story, self.at = Story(), 0  # the machine that crawls it
        self.dice = random.Random(f"{world.seed} {number}")

    def pages(self) -> int:
        return sum(sum(paper.requests().values()) for paper in self.papers)

    def start(self, machine: int, *words: str) -> subprocess.Popen[str]:
        command = self.world.machines[machine].command(self.number, *words, *self.world.options)
        return subprocess.Popen(command, env=self.world.env, text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, start_new_session=True)  # fmt: skip

    def end(self, process: subprocess.Popen[str], what: str) -> tuple[int, str]:
        """Wait for a command, and note its exit code and last words."""
        try:
            output, _ = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            self.story.wrong.append(f"{what} did not end in {PATIENCE} s")
        said = [line for line in output.strip().splitlines() if line.strip()]
        self.story.lines.append(f"{what}: exit {process.returncode}; {' | '.join(said[-4:])[:400]}")
        if "Traceback" in output:
            self.story.wrong.append(f"{what}: a traceback\n{output[-1500:]}")
        return process.returncode, output

    def crawl_words(self) -> tuple[str, ...]:
        return ("crawl", *(paper.name for paper in self.papers))

    def fault(self, kind: str, number: int) -> None:
        """Begin a crawl, let something happen to it, and have the shard crawled to its end."""
        before, began = self.pages(), time.monotonic()
        process = self.start(self.at, *self.crawl_words())
        goal = before + self.dice.randrange(1, 2 * PER_ROUND)
        while process.poll() is None and self.pages() < goal and time.monotonic() - began < PATIENCE / 4:
            time.sleep(0.02)
        what = f"round {number}: {kind} on machine {self.at} after {self.pages() - before} pages"
        faulted = time.monotonic()
        if kind == "stopped":
            self.stop(process, what, before)
        elif kind.startswith("bucket"):
            self.end(process, what)
            self.story.unshipped[self.at] += self.pages() - before
        else:
            if process.poll() is None:  # else it has ended well, which is no harm
                os.killpg(process.pid, signal.SIGKILL)
            self.end(process, what)
            self.story.unshipped[self.at] += self.pages() - before
            self.story.allowed += UNDER_WAY
            if kind == "disk deleted":
                shutil.rmtree(self.place(self.at))
                self.make_place(self.at)
                self.abandon(self.at)
                self.at = self.dice.randrange(len(self.world.machines))
        self.settle(f"round {number}")
        self.story.seconds = max(self.story.seconds, time.monotonic() - faulted)

    def stop(self, process: subprocess.Popen[str], what: str, before: int) -> None:
        """Stop a crawl until another machine has the shard; nothing may come from it afterwards."""
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGSTOP)
            time.sleep(0.3)  # what it had sent is answered
        mine, self.story.unshipped[self.at] = self.at, self.story.unshipped[self.at] + self.pages() - before
        self.story.allowed += UNDER_WAY
        if process.poll() is not None:  # it had ended before
            self.end(process, what)
            return
        self.at = 1 - self.at
        self.settle(what)
        asked = [len(paper.asked) for paper in self.papers]
        os.killpg(process.pid, signal.SIGCONT)
        code, _ = self.end(process, f"{what}, woken")
        if code != LOCKED:
            self.story.wrong.append(f"{what}, woken: exit {code}, not {LOCKED}")
        if [len(paper.asked) for paper in self.papers] != asked:
            self.story.wrong.append(f"{what}, woken: it asked for something")
        self.abandon(mine)

    def settle(self, what: str) -> None:
        """Crawl the shard until a crawl ends well and has shipped everything; make it anew if its copy is outdated."""
        for attempt in range(TRIES):
            before = self.pages()
            words = f"{what}, machine {self.at}, try {attempt}"
            code, output = self.end(self.start(self.at, *self.crawl_words()), words)
            self.story.unshipped[self.at] += self.pages() - before
            if code == 0 and "not shipped" not in output and "WARC files wait" not in output:
                self.story.unshipped[self.at] = 0
                return
            if code == OUTDATED and "is older than" in output:
                self.put_aside(self.at)
                code, output = self.end(self.start(self.at, "rebuild"), f"{words}, made anew")
                if code:
                    self.story.wrong.append(f"{words}: rebuild: exit {code}: {output[-300:]}")
            elif code == 0 or code in (LOCKED, 11):
                time.sleep(LEASE / 2)
            else:
                self.story.wrong.append(f"{words}: exit {code}: {output[-300:]}")
        self.story.wrong.append(f"{what}: no crawl ended well in {TRIES} tries")

    def place(self, machine: int) -> Path:
        return self.world.machines[machine].folder / "shards" / f"{self.number:03}"

    def make_place(self, machine: int) -> None:
        """Make the empty folder of the shard on a machine, as it was when the fleet was made."""
        self.place(machine).mkdir()
        pristine = self.world.pristine.shard_path(self.number) / "morgue.toml"
        shutil.copy2(pristine, self.place(machine) / "morgue.toml")

    def put_aside(self, machine: int) -> None:
        """Do what the message about an outdated copy says."""
        aside = self.world.folder / "aside" / f"{self.number}-{time.monotonic_ns()}"
        aside.parent.mkdir(exist_ok=True)
        self.place(machine).rename(aside)
        self.make_place(machine)
        self.abandon(machine)

    def abandon(self, machine: int) -> None:
        """Allow that all is fetched again that a copy had fetched and not shipped."""
        self.story.allowed += self.story.unshipped[machine]
        self.story.unshipped[machine] = 0

    def judge(self) -> Iterator[str]:
        """Yield what is wrong with the shard at the end. Its newest copy is on the machine that crawled it last."""
        with closing(sqlite3.connect(self.place(self.at) / "morgue.db")) as db:
            found = Counter(url for (url,) in db.execute("SELECT url FROM articles"))
        wanted = {paper.story(n) for paper in self.papers for n in range(paper.stories)}
        if missing := sorted(wanted - set(found)):
            yield f"shard {self.number}: {len(missing)} stories missing, such as {missing[0]}"
        if twice := sorted(url for url, count in found.items() if count > 1 or url not in wanted):
            yield f"shard {self.number}: {len(twice)} articles too many, such as {twice[0]}"
        code, output = self.end(self.start(self.at, "verify"), "verify")
        if code:
            yield f"shard {self.number}: verify: exit {code}: {output[-600:]}"
        head = read_head(self.world.store, self.world.pristine.id, self.number)
        if left := set(head.begun) - {path.name for path in (self.place(self.at) / "warc").iterdir()}:
            yield f"shard {self.number}: files that are neither here nor in the bucket nor given up: {sorted(left)}"
        if self.again() > self.story.allowed:
            yield f"shard {self.number}: {self.again()} pages were fetched again; {self.story.allowed} may be"

    def again(self) -> int:
        """Return how many pages were fetched again."""
        return sum(count - 1 for paper in self.papers for count in paper.requests().values())


class World:
    """Hold the machines, the bucket and the papers."""

    def __init__(self, folder: Path, papers: int, shards: int, seed: int) -> None:
        self.folder, self.seed = folder, seed
        os.environ.update(AWS_ACCESS_KEY_ID=KEY_ID, AWS_SECRET_ACCESS_KEY=SECRET, AWS_REGION="us-east-1")
        self.env = common.morgue_env()
        self.server = ObjectServer(folder / "bucket")
        self.store = ObjectStore(bucket_address("s3://chaos/fleet", self.server.endpoint))
        self.store.put("made", b"")  # makes the bucket
        self.papers = [Paper(number) for number in range(papers)]
        new = [*common.morgue_command(), "init", str(folder / "new"), "--shards", str(shards)]
        subprocess.run([*new, "--contact", "benchmark@example.org"], env=self.env, check=True, capture_output=True)
        for paper in self.papers:
            text = f'url = "{paper.url}/"\nfeeds = ["{paper.url}/feed"]\n'
            (folder / "new" / "sources" / f"{paper.name}.toml").write_text(text)
        fleet = fleet_at(folder / "new")
        assert fleet is not None
        self.pristine: FleetFolder = fleet
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

    @contextmanager
    def trouble(self, kind: str, dice: random.Random) -> Iterator[None]:
        """Let something happen to the bucket while the crawls of a round run."""
        if not kind.startswith("bucket"):
            yield
            return

        def disturb() -> None:
            time.sleep(3 + 2 * dice.random())
            if kind == "bucket hangs":
                with self.server.hanging():
                    time.sleep(LEASE * 1.5)
            else:
                self.server.kill()
                time.sleep(LEASE * dice.random())
                self.server.start()

        thread = threading.Thread(target=disturb)
        thread.start()
        yield
        thread.join()

    def round(self, number: int, dice: random.Random) -> None:
        """Publish stories, and let every shard be crawled while something happens."""
        kind = KINDS[number % len(KINDS)]
        for paper in self.papers:
            paper.stories += PER_ROUND
        with self.trouble(kind, dice), ThreadPoolExecutor(len(self.shards)) as threads:
            for done in [threads.submit(shard.fault, kind, number) for shard in self.shards]:
                done.result()
        print(
            f"round {number}: {kind}: {sum(len(shard.story.wrong) for shard in self.shards)} wrong so far", flush=True
        )


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=5, help="how many (default 5: each fault once)")
    options.add_argument("--shards", type=int, default=3, help="of the fleet (default 3)")
    options.add_argument("--papers", type=int, default=6, help="on loopback (default 6)")
    options.add_argument("--seed", type=int, default=1, help="of the moments (default 1)")
    options.add_argument("--keep", metavar="DIR", help="leave machines and bucket in this empty folder")
    given = options.parse_args()
    common.need_morgue("verify", "rebuild")
    dice = random.Random(given.seed)
    with common.workshop(given.keep) as folder:
        world = World(folder, given.papers, given.shards, given.seed)
        try:
            for number in range(given.rounds):
                world.round(number, dice)
            judged = [line for shard in world.shards for line in shard.judge()]
        finally:
            world.server.kill()
    wrong = [line for shard in world.shards for line in shard.story.wrong]
    stories = sum(paper.stories for paper in world.papers)
    rows = [(shard.number, len(shard.papers), shard.again(), shard.story.allowed, f"{shard.story.seconds:.0f}")
            for shard in world.shards]  # fmt: skip
    common.show_table(("shard", "papers", "fetched again", "may be", "longest recovery, s"), rows)
    checks = [
        Check("nothing went wrong on the way", not wrong, f"{len(wrong)} wrong in {given.rounds} rounds"),
        Check("every article once, all bytes there", not judged, f"{len(judged)} wrong; {stories} stories"),
        Check("left out", None, "a killed scheduler, a full spool"),
    ]
    passed = common.show_checks(checks)
    for line in (*wrong, *judged):
        print(f"\n{line}")
    if not passed:
        for shard in world.shards:
            print(f"\nshard {shard.number}:\n  " + "\n  ".join(shard.story.lines[-40:]))
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
