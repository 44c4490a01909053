"""Measure what a page costs: `morgue crawl` beside its peers, on one local site, in one run.

    python benchmarks/crawl.py [--pages 300] [--rounds 3] [--cores | --memory] [--json FILE]

Read ratios, not milliseconds: the tools take turns on the same machine in the same minutes, and one column
compares each with the `trafilatura` command line. README.md says what each does and does not do per page.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import socket
import sqlite3
import statistics
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import common
import trafilatura
from common import MB, Run, Sample
from onesite import OneSite, made_up_templates, real_templates

from tests.support.journal_server import serving

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Tool:
    """One contender."""

    name: str
    does: str
    start: Callable[[OneSite, Path], Sequence[str]]  # prepare in a folder; the command to measure
    count: Callable[[Path], int]  # pages that really came out
    env: Callable[[], dict[str, str]] = lambda: dict(os.environ)


@dataclass(frozen=True, slots=True)
class Result:
    """One tool in one round."""

    tool: str
    pages: int
    run: Run

    @property
    def cpu_ms(self) -> float:
        return self.run.cpu * 1000 / max(1, self.pages)

    def figures(self) -> dict[str, float]:
        return {"pages": self.pages, "cpu_ms": self.cpu_ms, "pages_per_s": self.rate,
                "peak_rss": self.run.peak, "exit": self.run.code}  # fmt: skip

    @property
    def rate(self) -> float:
        return self.pages / self.run.wall

    @property
    def peak_mb(self) -> float:
        return self.run.peak / MB


# -- the contenders -----------------------------------------------------------------------------------------


def start_morgue(site: OneSite, folder: Path) -> Sequence[str]:
    return common.crawl_command(common.new_archive(folder), f"{site.origin}/")


def count_articles(folder: Path) -> int:
    with contextlib.closing(sqlite3.connect(folder / "archive" / "morgue.db")) as db:
        return db.execute("SELECT count(*) FROM articles").fetchone()[0]


def start_tutorial(site: OneSite, _folder: Path) -> Sequence[str]:
    spider = str(HERE / "tutorial_spider.py")
    return [
        sys.executable,
        "-m",
        "scrapy",
        "runspider",
        spider,
        "-a",
        f"start={site.origin}/",
        "-O",
        "out.jsonl",
    ]


def start_trafilatura(site: OneSite, folder: Path) -> Sequence[str]:
    """Its own downloads from a list, not files: fetching is part of the page's price for the others too.

    Two of its settings are turned off because here they would measure a wait and a refusal: five seconds
    between two requests to a host, and the ban on addresses that are not public.
    """
    (folder / "urls.txt").write_text("\n".join(site.urls) + "\n")
    settings = (Path(trafilatura.__file__).parent / "settings.cfg").read_text()
    settings = re.sub(r"(?m)^SLEEP_TIME *=.*", "SLEEP_TIME = 0", settings)
    settings = re.sub(r"(?m)^SSRF_PROTECTION *=.*", "SSRF_PROTECTION = off", settings)
    (folder / "settings.cfg").write_text(settings)
    tool = "from trafilatura.cli import main; main()"
    return [sys.executable, "-c", tool, "-i", "urls.txt", "--json", "--with-metadata", "--no-comments",
            "--config-file", "settings.cfg", "-o", "out"]  # fmt: skip


def start_wget(site: OneSite, folder: Path) -> Sequence[str]:
    (folder / "urls.txt").write_text("\n".join(site.urls) + "\n")
    return ["wget", "--no-verbose", "--no-config", "-i", "urls.txt", "--warc-file=pages", "-O", "pages.html"]


def count_lines(folder: Path) -> int:
    out = folder / "out.jsonl"
    return len(out.read_bytes().splitlines()) if out.exists() else 0


def count_files(folder: Path) -> int:
    return sum(1 for _ in (folder / "out").rglob("*.json"))


def count_fetched(folder: Path) -> int:
    return (folder / "child.log").read_bytes().count(b" URL:http")


TOOLS = (
    Tool("morgue", "find, fetch, WARC, article, database", start_morgue, count_articles, common.morgue_env),
    Tool("tutorial", "find, fetch, article, JSON lines", start_tutorial, count_lines),
    Tool("trafilatura", "fetch, article, JSON files", start_trafilatura, count_files),
    Tool("wget", "fetch, WARC", start_wget, count_fetched),
)
YARDSTICK = "trafilatura"


def present(wanted: Sequence[str]) -> list[Tool]:
    """Return the contenders that this machine has, of those wanted; the yardstick always."""
    tools = [tool for tool in TOOLS if tool.name in wanted or tool.name == YARDSTICK]
    missing = {"wget": None if shutil.which("wget") else "not installed", "morgue": common.morgue_lacks()}
    for name, reason in missing.items():
        if reason and name in wanted:
            print(f"note: {name} is left out: {reason}")
    return [tool for tool in tools if not missing.get(tool.name)]


# -- the race -----------------------------------------------------------------------------------------------


def race(tool: Tool, site: OneSite, shop: Path, cores: set[int] | None = None, every: float = 0.1,
         timeout: float = 600) -> Result:  # fmt: skip
    """One tool, once, in a folder of its own that is gone afterwards."""
    folder = shop / tool.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    command = tool.start(site, folder)
    run = common.measure(command, folder=folder, env=tool.env(), cores=cores, every=every, timeout=timeout)
    result = Result(tool.name, tool.count(folder), run)
    if run.timed_out or result.pages < site.count:
        said = run.output.strip().splitlines()[-3:]
        print(f"note: {tool.name}: {result.pages} of {site.count} pages, exit {run.code}: {' | '.join(said)}")
    shutil.rmtree(folder, ignore_errors=True)
    return result


def compare(tools: Sequence[Tool], site: OneSite, shop: Path, rounds: int) -> list[Result]:
    """Every tool in every round, each round in another order, so that none always has the noisy neighbour."""
    results = []
    for number in range(rounds):
        turn = number % len(tools)
        for tool in (*tools[turn:], *tools[:turn]):
            results.append(race(tool, site, shop))
            latest = results[-1]
            print(
                f"  round {number + 1} {tool.name}: {latest.pages} pages, {latest.cpu_ms:.1f} CPU ms/page",
                flush=True,
            )
    return results


def show(tools: Sequence[Tool], results: Sequence[Result]) -> list[dict[str, object]]:
    """Medians with least and most; the ratio is the median of the rounds' own ratios."""
    by_tool: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        by_tool[result.tool].append(result)
    yardstick = [result.cpu_ms for result in by_tool[YARDSTICK]]
    rows, data = [], []
    for tool in tools:
        mine = by_tool[tool.name]
        ratio = statistics.median(one.cpu_ms / other for one, other in zip(mine, yardstick, strict=True))
        memory = common.spread([one.peak_mb for one in mine], "{:.0f}".format)
        cpu, rate = common.spread([one.cpu_ms for one in mine]), common.spread([one.rate for one in mine])
        pages = min(one.pages for one in mine)
        rows.append((tool.name, pages, cpu, rate, memory, f"{ratio:.2f}", tool.does))
        data.append({"tool": tool.name, "cpu_ratio": ratio, "rounds": [one.figures() for one in mine]})
    print()
    head = ("tool", "pages", "CPU ms/page", "pages/s", "peak RSS MB", f"CPU : {YARDSTICK}", "does")
    common.show_table(head, rows)
    return data


# -- cores and memory ---------------------------------------------------------------------------------------


def scale(site: OneSite, shop: Path, rounds: int) -> list[dict[str, object]]:
    """morgue on one core and on two; the server's own core is whatever is left."""
    every_core = sorted(os.sched_getaffinity(0))
    if len(every_core) < 2:
        common.skip("--cores needs two cores")
    morgue = TOOLS[0]
    found: dict[int, list[Result]] = {1: [], 2: []}
    for _ in range(rounds):
        for count in found:
            found[count].append(race(morgue, site, shop, cores=set(every_core[:count])))
    rows = [(count, common.spread([one.rate for one in some]), common.spread([one.cpu_ms for one in some]))
            for count, some in found.items()]  # fmt: skip
    common.show_table(("cores", "pages/s", "CPU ms/page"), rows)
    gain = statistics.median(b.rate / a.rate for a, b in zip(found[1], found[2], strict=True))
    print(f"\ntwo cores are {gain:.2f} times one core (2.00 would be all of it; the server shares them)")
    return [{"cores": count, "pages_per_s": [one.rate for one in some]} for count, some in found.items()]


FLAT = 0.05  # growth over the last half of a crawl, as a part of its mean, that still counts as none
NOISE = 8 * MB  # and so much is none anyway


def remember(site: OneSite, shop: Path, timeout: float) -> tuple[bool, dict[str, object]]:
    """RSS of morgue's processes over one long crawl; flat if the last half does not grow."""
    result = race(TOOLS[0], site, shop, every=1.0, timeout=timeout)
    samples = [sample for sample in result.run.samples if sample.main]
    half = samples[len(samples) // 2 :]
    if len(half) < 10:
        print("too short a crawl for a verdict: more --pages")
        return False, {}
    rows, flat = [], True
    for name, value in (("main process", main_rss), ("all its workers", workers_rss)):
        growth = slope(half, value) * (half[-1].at - half[0].at)
        mean = statistics.mean(value(sample) for sample in half)
        verdict = growth < max(NOISE, FLAT * mean)
        flat = flat and verdict
        marks = [value(samples[len(samples) * quarter // 4]) / MB for quarter in range(4)] + [value(samples[-1]) / MB]
        rows.append((name, *(f"{mark:.0f}" for mark in marks), f"{growth / MB:+.1f}", "flat" if verdict else "GROWS"))
    head = ("RSS MB", "start", "25 %", "50 %", "75 %", "end", "growth over last half", "verdict")
    common.show_table(head, rows)
    print(f"\n{result.pages} pages in {result.run.wall:.0f} s, {result.cpu_ms:.1f} CPU ms/page")
    series = [(round(sample.at, 1), sample.main, sum(sample.others)) for sample in samples]
    return flat and result.pages >= site.count, {"pages": result.pages, "rss": series}


def main_rss(sample: Sample) -> int:
    return sample.main


def workers_rss(sample: Sample) -> int:
    return sum(sample.others)


def slope(samples: Sequence[Sample], value: Callable[[Sample], int]) -> float:
    """Bytes per second, least squares."""
    line = statistics.linear_regression([sample.at for sample in samples], [value(sample) for sample in samples])
    return line.slope


# -- the run ------------------------------------------------------------------------------------------------


def free_port() -> int:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as door:
        return door.getsockname()[1]


def arguments() -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--pages", type=int, default=300, help="articles on the site, up to 20000 (default 300)")
    options.add_argument("--rounds", type=int, default=3, help="how often each tool runs (default 3)")
    options.add_argument("--tools", default=",".join(tool.name for tool in TOOLS), help="comma-separated")
    options.add_argument("--made-up", action="store_true", help="own templates even if the real pages are here")
    options.add_argument("--cores", action="store_true", help="morgue alone, on one core and on two")
    options.add_argument("--memory", action="store_true", help="morgue alone, its memory over one crawl")
    options.add_argument("--timeout", type=float, default=600, help="seconds a tool may take")
    options.add_argument("--json", metavar="FILE", help="write the figures as JSON (- for stdout)")
    return options.parse_args()


def main() -> int:
    given = arguments()
    common.seal(required=False)
    if given.cores or given.memory:
        common.need_morgue()
    templates = ([] if given.made_up else real_templates()) or made_up_templates()
    port = free_port()
    site = OneSite(given.pages, templates, f"http://127.0.0.1:{port}")
    print(f"{site.count} pages from {len(templates)} templates\n", flush=True)
    passed = True
    with common.workshop() as shop, serving(site.resolve, port=port):
        if given.cores:
            data: object = scale(site, shop, given.rounds)
        elif given.memory:
            passed, data = remember(site, shop, given.timeout)
        else:
            tools = present(given.tools.split(","))
            data = show(tools, compare(tools, site, shop, given.rounds))
    common.write_json(given.json, data)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
