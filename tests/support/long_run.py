"""Let days pass over an archive that watches a small paper: each pass is `morgue crawl --quiet` at a time that is set.

with living(tmp_path) as run:
    run.paper.watch(run.archive)
    run.crawl(0)
    run.crawl(3 * HOUR)
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.command import rows
from tests.support.http_server import AnyAnswers, answering
from tests.support.month.run import Morgue, Pass, SharedClock, new_archive
from tests.support.small_paper import SmallPaper

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
QUICK = "delay = 0.0\njitter = 0.0\nallow_private_ips = true\n"


@dataclass(frozen=True, slots=True)
class Host:
    """Name a host that is served from loopback."""

    host: str

    def ill(self, _kind: str, _time: float) -> bool:
        return False


@dataclass(slots=True)
class LongRun:
    """Hold an archive, its clock and the paper that it watches."""

    archive: Path
    clock: SharedClock
    paper: SmallPaper
    morgue: Morgue

    def crawl(self, at: float, *words: str) -> Pass:
        """Crawl what is due at a time, as a timer does; `words` come after `crawl --quiet`."""
        done = self.morgue.run(at, "crawl", "--quiet", *words)
        assert "Traceback" not in done.output, done.output
        assert done.code != -1, "the pass hung"
        return done

    def ask(self, at: float, *words: str) -> Any:
        """Return what a command prints as JSON."""
        done = self.morgue.run(at, *words, "--format", "json")
        assert "Traceback" not in done.output, done.output
        try:
            return json.loads(done.stdout)
        except ValueError:
            raise AssertionError(done.output) from None

    def health(self, at: float, name: str = "paper") -> tuple[str, list[dict[str, str]]]:
        """Return status and reasons of a source."""
        (one,) = (one for one in self.ask(at, "health") if one["name"] == name)
        return one["status"], one["reasons"]

    def rows(self, sql: str, *values: object) -> list[tuple]:
        return rows(self.archive, sql, *values)

    def count(self, path: str) -> int:
        """Return how often a path was asked for."""
        return self.paper.asked.count(path)


def set_up(archive: Path) -> None:
    """Let crawls of an archive be quick and go to loopback."""
    settings = archive / "morgue.toml"
    settings.write_text(settings.read_text().replace("#delay = 1.0\n", QUICK, 1))


@contextmanager
def living(
    folder: Path,
    stories: int = 3,
    *,
    archive: Path | None = None,
    hosts: tuple[str, ...] = ("paper.example",),
    never_modified: bool = False,
) -> Iterator[LongRun]:
    """Serve a paper at http://paper.example whose feed lists its stories; `archive`: in place of a new one.

    All `hosts` give the same answers. `never_modified`: see `answering`.
    """
    answers: dict[str, Any] = {}
    served: AnyAnswers = answers
    clock = SharedClock()
    if archive is None:
        archive = new_archive(folder)
        set_up(archive)
    with answering(served, never_modified=never_modified) as (url, asked):
        paper = SmallPaper(f"http://{hosts[0]}", answers, asked)
        paper.stories = [f"{paper.url}/2024/01/{n % 28 + 1:02}/story-number-{n}.html" for n in range(stories)]
        for number in range(stories):
            paper.write_story(number)
        paper.feed(*range(stories))
        paper.front()
        paper.robots("/private")
        named: Mapping[str, Any] = {host: Host(host) for host in hosts}
        morgue = Morgue(archive, list(named.values()), clock, int(url.rpartition(":")[2]))
        yield LongRun(archive, clock, paper, morgue)
