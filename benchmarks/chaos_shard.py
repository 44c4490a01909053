"""Crawl one shard of `chaos.py` on one machine or another, while something happens to it, and judge it at the end."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import common
from chaos_paper import PER_ROUND, Paper

from pipelines.bucket.shard_head import read_head

if TYPE_CHECKING:
    from chaos import World

LEASE = 4.0  # seconds
SLEEP = 1.5 * LEASE  # for which the bucket, or a machine, is away
UNDER_WAY = 10  # pages of a crawl that may be fetched and in no commit yet when it is killed
TRIES = 8  # to crawl a shard to its end after a fault
PATIENCE = 240  # seconds for one command
OUTDATED, LOCKED, SILENT = 7, 4, 11  # exit codes
SPOOL_FULL = ("record.rotate='2KB'", "storage.spool='3KB'", f"storage.lease={10 * LEASE}")
TURNED = str(common.ROOT / "tests" / "support" / "turned_clock.py")


@dataclass
class Machine:
    """Hold one copy of the fleet's folder."""

    folder: Path
    ahead: int  # seconds by which its clock is ahead

    def command(self, shard: int, *words: str) -> list[str]:
        """Return a command about a shard on this machine."""
        program = [TURNED, str(self.ahead)] if self.ahead else ["-m", "crawler"]
        return [sys.executable, *program, "-C", str(self.folder), "--shard", str(shard), *words]


@dataclass
class Story:
    """Tell what happened to a shard, if a promise does not hold."""

    lines: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    unshipped: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))  # pages asked, by machine
    allowed: int = 0  # pages that may be fetched again
    said: list[str] = field(default_factory=list)  # by crawls that had to wait
    seconds: float = 0  # from a fault to the end of a crawl that went well: the longest


class Shard:
    """Let machines crawl one shard, and something happen to them."""

    def __init__(self, world: World, number: int, papers: list[Paper]) -> None:
        self.world, self.number, self.papers = world, number, papers
        self.story, self.at = Story(), 0  # the machine that crawls it
        self.dice = random.Random(f"{world.seed} {number}")

    def pages(self) -> int:
        return sum(sum(paper.requests().values()) for paper in self.papers)

    def newest(self) -> int:
        """Return the machine whose copy was written last, by the token of the lease in its folder."""

        def token(machine: int) -> int:
            note = self.place(machine) / "lease.json"
            return int(json.loads(note.read_text())["token"]) if note.exists() else 0

        return max(range(len(self.world.machines)), key=token)

    def start(self, machine: int, *words: str) -> subprocess.Popen[str]:
        command = self.world.machines[machine].command(self.number, words[0], *self.world.options, *words[1:])
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
        own = SPOOL_FULL if kind == "spool full" else ()
        process = self.start(self.at, *self.crawl_words(), *(word for setting in own for word in ("-s", setting)))
        goal = before + self.dice.randrange(1, len(self.papers) * PER_ROUND - 1)
        while process.poll() is None and self.pages() < goal and time.monotonic() - began < PATIENCE / 4:
            time.sleep(0.02)
        what = f"round {number}: {kind} on machine {self.at} after {self.pages() - before} pages"
        faulted = time.monotonic()
        if kind == "stopped":
            self.stop(process, what, before)
        elif kind == "slept":
            self.sleep(process, what, before)
        elif kind.startswith("bucket") or kind == "spool full":
            _, output = self.end(process, what)
            self.story.said += [word for word in ("storage.spool", "was not renewed", "goes on") if word in output]
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

    def sleep(self, process: subprocess.Popen[str], what: str, before: int) -> None:
        """Stop a crawl for longer than the lease; nobody takes the shard, and it goes on."""
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGSTOP)
            time.sleep(SLEEP)
            os.killpg(process.pid, signal.SIGCONT)
            self.story.allowed += UNDER_WAY  # servers may give up meanwhile
        code, output = self.end(process, what)
        self.story.said += ["slept and went on"] if "fetching goes on" in output else []
        if code not in (0, 1):  # 1: an answer that was under way is lost
            self.story.wrong.append(f"{what}: exit {code}: {output[-300:]}")
        self.story.unshipped[self.at] += self.pages() - before

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
                self.make_anew(words)
            elif code == 0 or code in (LOCKED, SILENT):
                time.sleep(LEASE / 2)
            else:
                self.story.wrong.append(f"{words}: exit {code}: {output[-300:]}")
        self.story.wrong.append(f"{what}: no crawl ended well in {TRIES} tries")

    def make_anew(self, what: str) -> None:
        """Make the copy of a machine from the bucket. What other machines did not ship is given up by that."""
        self.put_aside(self.at)
        code, output = self.end(self.start(self.at, "rebuild"), f"{what}, made anew")
        if code:
            self.story.wrong.append(f"{what}: rebuild: exit {code}: {output[-300:]}")
        for machine in range(len(self.world.machines)):
            self.abandon(machine)

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
