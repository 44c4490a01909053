"""Run `morgue` pass after pass in a month whose clock is turned.

What differs from a timer that starts `morgue crawl --quiet`:

- Each pass is a fork of one interpreter that has imported everything: no start-up, else the same command.
- `pipelines.core.timestamps.clock` is turned: a pass begins when it is due and its seconds pass as they do here.
- Pages are read in the pass's own process: no worker processes, so no limit of CPU and memory for a page.
- Names are not resolved, and each connection leads to one server on loopback: no DNS, no TLS, no latency.
- There is no delay between two requests to a host (`crawl.delay = 0`).
"""

from __future__ import annotations

import mmap
import struct
import time
from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support.command import morgue
from tests.support.journal_server import Exchange, read_journal, serving
from tests.support.month.forks import ForkedCommand, run_forked
from tests.support.month.pages import START, Press
from tests.support.month.papers import HOUR, Paper


class SharedClock:
    """Hold the time of the month in seconds, the same in this process and in all its forks.

    It goes on by itself; with a `rate` of 60 a minute of the month passes in a second.
    """

    def __init__(self, rate: float = 1.0) -> None:
        self.rate = rate
        self._memory = mmap.mmap(-1, 16)

    def turn(self, to: float) -> None:
        self._memory[:] = struct.pack("dd", to, time.time())

    def state(self) -> tuple[float, float]:
        """Return a time of the month, and the wall time of that moment."""
        at, turned = struct.unpack("dd", self._memory[:])
        return at, turned

    def __call__(self) -> float:
        at, turned = self.state()
        return at + (time.time() - turned) * self.rate

    def as_date(self) -> datetime:
        return START + timedelta(seconds=self())


@dataclass(frozen=True, slots=True)
class Pass:
    """One finished command."""

    at: float
    began: float  # CLOCK_MONOTONIC, as in the server's journal
    code: int  # -1: hung
    stdout: str
    stderr: str
    wall: float

    @property
    def output(self) -> str:
        return self.stdout + self.stderr


class Morgue:
    """Run commands of `morgue` on one archive at times of the month."""

    def __init__(self, archive: Path, papers: list[Paper], clock: SharedClock, port: int) -> None:
        self.archive, self.clock, self.port = archive, clock, port
        self.papers = {paper.host: paper for paper in papers}
        self.passes: list[Pass] = []

    def run(self, at: float, *words: str) -> Pass:
        """Run a command at a time and wait for its end."""
        self.clock.turn(at)
        logs = self.archive.parent / "stdout.log", self.archive.parent / "stderr.log"
        began = time.monotonic()
        code = run_forked(
            ForkedCommand(words, self.archive, logs, self.papers, self.port, *self.clock.state(), self.clock.rate)
        )
        out, err = (log.read_text(errors="replace") for log in logs)
        done = Pass(at, began, code, out, err, time.monotonic() - began)
        if words[0] == "crawl":
            self.passes.append(done)
        return done


def write_sources(archive: Path, papers: list[Paper], extra: str = "") -> None:
    """Write one source file for each paper, with the listings that `morgue add` would find."""
    for paper in papers:
        home = f"http://{paper.host}"
        lines = [f'url = "{home}/"']
        if paper.feed != "none":
            lines.append(f'feeds = ["{home}/feed.xml"]')
        if paper.news_sitemap:
            lines.append(f'news_sitemaps = ["{home}/news-sitemap.xml"]')
        if paper.sitemap:
            lines.append(f'sitemaps = ["{home}/sitemap.xml"]')
        (archive / "sources" / f"{paper.name}.toml").write_text("\n".join([*lines, extra, ""]))
    settings = archive / "morgue.toml"
    more = "delay = 0.0\njitter = 0.0\nallow_private_ips = true\n"
    settings.write_text(settings.read_text().replace("#delay = 1.0\n", more, 1))


def new_archive(folder: Path) -> Path:
    """`morgue init` in `folder`/archive."""
    archive = folder / "archive"
    assert morgue("init", archive, "--contact", "benchmark@example.org").returncode == 0
    return archive


class Month:
    """Hold an archive that watches some papers, while time passes.

    with Month(folder, papers) as month:
        month.crawl(3 * HOUR)
    """

    def __init__(self, folder: Path, papers: list[Paper], *, rate: float = 1.0, source: str = "") -> None:
        self.folder, self.papers = folder, papers
        self.clock = SharedClock(rate)
        self.archive = new_archive(folder)
        write_sources(self.archive, papers, source)

    def __enter__(self) -> Month:
        self._server = serving(Press(self.papers, self.clock).resolve, journal=self.folder / "journal.jsonl")
        self.morgue = Morgue(self.archive, self.papers, self.clock, self._server.__enter__())
        return self

    def __exit__(self, *error: Any) -> None:
        self._server.__exit__(*error)

    def crawl(self, at: float) -> Pass:
        return self.morgue.run(at, "crawl", "--quiet")

    def crawl_hours(self, start: float, end: float, every: float = HOUR) -> None:
        """Crawl from `start` to before `end`, all in seconds of the month."""
        for number in range(int((end - start) // every)):
            self.crawl(start + number * every)

    @property
    def journal(self) -> list[Exchange]:
        return read_journal(self.folder / "journal.jsonl")

    def times_of(self, host: str, path: str) -> list[float]:
        """Return when an address was asked for, in seconds of the month."""
        began = [one.began for one in self.morgue.passes]
        asked = [one.start for one in self.journal if (one.host, one.target) == (host, path)]
        passes = [(self.morgue.passes[max(0, bisect_right(began, moment) - 1)], moment) for moment in asked]
        return [of.at + (moment - of.began) * self.clock.rate for of, moment in passes]
