"""Crawl all shards of `chaos.py` by one `crawl --on` a round: a Dask scheduler, and three workers on each machine.

What a user does after a fault is done here too: start what is gone, make an outdated copy anew, run the command again.
"""

from __future__ import annotations

import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import common
import psutil
from chaos_paper import PER_ROUND
from chaos_shard import LEASE, PATIENCE, SLEEP, UNDER_WAY, Shard

if TYPE_CHECKING:
    from chaos import World

WORKERS = 3  # on each machine
START_SECONDS = 60
TURN_CLOCK = """\
from datetime import timedelta
from pipelines.core import timestamps
timestamps.clock = lambda: timestamps.system_clock() + timedelta(seconds={ahead})
"""
SHARD_LINE = re.compile(r"^shard (\d{3})$", re.MULTILINE)


class Cluster:
    """Hold the scheduler and the workers. The machines are those of the world: a worker crawls in the folder of its."""

    def __init__(self, world: World) -> None:
        self.world, self.folder = world, world.folder / "dask"
        self.folder.mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.dice = random.Random(f"{world.seed} cluster")
        self.scheduler: subprocess.Popen[bytes] | None = None
        self.workers: list[list[subprocess.Popen[bytes]]] = [[] for _ in world.machines]
        self.wrong: list[str] = []
        self.lines: list[str] = []
        self.seconds = 0.0  # from a fault to the end of a command that went well: the longest

    def complete(self) -> None:
        """Start what does not run: the scheduler, and workers."""
        if self.scheduler is None or self.scheduler.poll() is not None:
            self.end_workers()  # those of the one before
            self.scheduler = self._start(self.world.env, "scheduler", "--port", str(self.port), "--no-show")
            until = time.monotonic() + START_SECONDS
            while socket.socket().connect_ex(("127.0.0.1", self.port)) and time.monotonic() < until:
                time.sleep(0.1)
        for machine, workers in zip(self.world.machines, self.workers, strict=True):
            workers[:] = [one for one in workers if one.poll() is None]
            env = self.world.env | {"MORGUE_ARCHIVE": str(machine.folder)}
            if machine.ahead:
                turned = self.folder / f"ahead-{machine.ahead}"
                turned.mkdir(exist_ok=True)
                (turned / "sitecustomize.py").write_text(TURN_CLOCK.format(ahead=machine.ahead))
                env["PYTHONPATH"] = f"{turned}:{env.get('PYTHONPATH') or common.ROOT}"
            while len(workers) < WORKERS:
                words = ("worker", self.address, "--nthreads", "1", "--no-nanny", "--local-directory", str(self.folder))
                workers.append(self._start(env, *words))

    def _start(self, env: dict[str, str], *words: str) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            command = [sys.executable, "-m", "dask", *words, "--host", "127.0.0.1", "--no-dashboard"]
            return subprocess.Popen(command, env=env, stdout=log, stderr=log, cwd=self.folder, start_new_session=True)

    def end(self) -> None:
        """Kill what runs."""
        self.end_workers()
        if self.scheduler is not None:
            self.scheduler.kill()
            self.scheduler.wait()

    def end_workers(self) -> None:
        for workers in self.workers:
            for one in workers:
                one.kill()
                one.wait()
            workers.clear()

    def round(self, kind: str, number: int) -> None:
        """Crawl all shards while something happens, and again until a command ends well."""
        self.complete()
        what, shards = f"round {number}: {kind}", self.world.shards
        before = sum(shard.pages() for shard in shards)
        goal = before + self.dice.randrange(len(shards), len(shards) * (PER_ROUND - 2))
        pages, process = [shard.pages() for shard in shards], self._command()
        until = time.monotonic() + PATIENCE / 4
        while process.poll() is None and sum(shard.pages() for shard in shards) < goal and time.monotonic() < until:
            time.sleep(0.02)
        faulted = time.monotonic()
        if process.poll() is None:
            self._disturb(kind)
            for shard in shards:
                shard.story.allowed += UNDER_WAY
        code, output = self._ended(process, what, pages)
        if kind == "machine stopped" and "fetching goes on" in output:
            shards[0].story.said.append("slept and went on")
        if kind == "scheduler killed" and code == 0 and "the Dask scheduler is gone" not in output:
            self.lines.append(f"{what}: it had ended before")
        self._settle(what, code, output)
        self.seconds = max(self.seconds, time.monotonic() - faulted)

    def _disturb(self, kind: str) -> None:
        if kind == "scheduler killed":
            assert self.scheduler is not None
            self.scheduler.kill()
            self.scheduler.wait()
        elif kind == "workers killed":
            for workers in self.workers:  # one of each machine
                self.dice.choice(workers).kill()
        else:
            machine = self.dice.choice(self.workers)
            processes = [psutil.Process(one.pid) for one in machine if one.poll() is None]
            processes += [child for one in processes for child in one.children(recursive=True)]
            for how in (signal.SIGSTOP, signal.SIGCONT):
                for one in processes:
                    with suppress(psutil.NoSuchProcess):
                        one.send_signal(how)
                time.sleep(SLEEP if how == signal.SIGSTOP else 0)

    def _command(self) -> subprocess.Popen[str]:
        names = [paper.name for paper in self.world.papers]
        words = ["-C", str(self.world.machines[0].folder), "crawl", *self.world.options, "--on", self.address, *names]
        command = [sys.executable, "-m", "crawler", *words]
        return subprocess.Popen(command, env=self.world.env, text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, start_new_session=True)  # fmt: skip

    def _ended(self, process: subprocess.Popen[str], what: str, pages: list[int]) -> tuple[int, str]:
        """Wait for the command. Note what each shard's newest copy may have fetched since it had so many pages."""
        try:
            output, _ = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            self.wrong.append(f"{what}: the command did not end in {PATIENCE} s")
        if "Traceback" in output:
            self.wrong.append(f"{what}: a traceback\n{output[-1500:]}")
        self._until_quiet()
        for shard, before in zip(self.world.shards, pages, strict=True):
            shard.at = shard.newest()
            shard.story.unshipped[shard.at] += shard.pages() - before
        said = [line for line in output.splitlines() if line.strip()]
        self.lines.append(f"{what}: exit {process.returncode}; {' | '.join(said)[-1200:]}")
        return process.returncode, output

    def _until_quiet(self) -> None:
        """Wait until passes whose worker or scheduler is gone have ended, as the documentation says."""
        locks = [shard.place(machine) for shard in self.world.shards for machine in range(len(self.world.machines))]
        until = time.monotonic() + PATIENCE / 4
        while any(_is_locked(place / "morgue.lock") for place in locks) and time.monotonic() < until:
            time.sleep(0.2)

    def _settle(self, what: str, code: int, output: str) -> None:
        """Run the command once more, then have each shard crawled to its end on the machine that has its newest copy.

        Dask does not know which machine that is: the command alone might need many tries.
        """
        for is_second in (False, True):
            if code == 0 and "not shipped" not in output and "WARC files wait" not in output:
                for shard in self.world.shards:
                    shard.story.unshipped[shard.at] = 0
                return
            if is_second:
                break
            self.complete()
            self._make_anew(what, output)
            time.sleep(LEASE / 2)
            pages = [shard.pages() for shard in self.world.shards]
            code, output = self._ended(self._command(), f"{what}, again", pages)
            if code not in (0, 1, 4, 7, 11):
                self.wrong.append(f"{what}, again: exit {code}: {output[-300:]}")
        with ThreadPoolExecutor(len(self.world.shards)) as threads:
            list(threads.map(lambda shard: shard.settle(what), self.world.shards))

    def _make_anew(self, what: str, output: str) -> None:
        """Make the copies again from the bucket that the command named as outdated."""
        parts = SHARD_LINE.split(output)
        told = dict(zip(map(int, parts[1::2]), parts[2::2], strict=True))
        outdated: list[Shard] = []
        for shard in self.world.shards:
            for machine in range(len(self.world.machines)):
                if f"{shard.place(machine)}: is older than" in told.get(shard.number, ""):
                    shard.at = machine
                    outdated.append(shard)
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(lambda shard: shard.make_anew(f"{what}, shard {shard.number} on {shard.at}"), outdated))


def _is_locked(path: Path) -> bool:
    from pipelines.core.lock import is_held

    return path.exists() and is_held(path)
