"""Measure how long a command keeps you waiting before it does anything.

    python benchmarks/startup.py [--runs 15] [--limit 5]

Each line is a fresh process, in turns; its median wall time is divided by that of a bare
`import sqlite3`, so that the figure means the same on a slow machine. Exit code 1 if
`morgue search` is over the limit.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import common
from common import Run
from crawl import free_port
from onesite import OneSite, made_up_templates

from tests.support.journal_server import serving

BASE, JUDGED = "import sqlite3", "morgue search"


@dataclass(frozen=True, slots=True)
class Start:
    """One command to start."""

    name: str
    command: tuple[str, ...]


def starts(archive: Path | None) -> list[Start]:
    """Return the commands to time, those of morgue only if there is one."""
    plain = [Start(f"import {name}", (sys.executable, "-c", f"import {name}")) for name in
             ("sqlite3", "click", "trafilatura", "scrapy")]  # fmt: skip
    if not archive:
        return plain
    morgue = common.morgue_command()
    return [
        *plain,
        Start("morgue --help", (*morgue, "--help")),
        Start(JUDGED, (*morgue, "-C", str(archive), "search", "harbour")),
    ]


def small_archive(folder: Path) -> Path:
    """Twenty articles, crawled from our own site."""
    archive, port = common.new_archive(folder), free_port()
    site = OneSite(20, made_up_templates(), f"http://127.0.0.1:{port}")
    with serving(site.resolve, port=port):
        command = common.crawl_command(archive, f"{site.origin}/")
        run = common.measure(command, folder=folder, env=common.morgue_env(), timeout=120)
    if run.code:
        print(f"note: the crawl that fills the archive ended with {run.code}; the search is on what it left")
    return archive


def time_them(them: Sequence[Start], folder: Path, runs: int) -> dict[str, list[Run]]:
    """In turns, so that a busy minute of the machine hits all alike; the first turn warms the disk cache."""
    found: dict[str, list[Run]] = {start.name: [] for start in them}
    for turn in range(runs + 1):
        for start in them:
            run = common.measure(start.command, folder=folder, env=common.morgue_env(), timeout=60)
            if run.code:
                sys.exit(f"{start.name}: exit {run.code}: {run.output.strip()[-500:]}")
            if turn:
                found[start.name].append(run)
    return found


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--runs", type=int, default=15, help="how often each is started (default 15)")
    options.add_argument("--limit", type=float, default=5, help=f"most that {JUDGED} may cost (default 5)")
    options.add_argument("--peers", action="store_true", help="without morgue")
    options.add_argument("--json", metavar="FILE", help="write the figures as JSON (- for stdout)")
    given = options.parse_args()
    common.seal(required=False)
    if not given.peers:
        common.need_morgue("search")
    with common.workshop() as folder:
        found = time_them(starts(None if given.peers else small_archive(folder)), folder, given.runs)
    base = statistics.median(run.wall for run in found[BASE])
    ratios = {name: statistics.median(run.wall for run in runs) / base for name, runs in found.items()}
    rows = []
    for name, runs in found.items():
        wall, cpu = [run.wall * 1000 for run in runs], [run.cpu * 1000 for run in runs]
        whole = "{:.0f}".format
        rows.append((name, common.spread(wall, whole), f"{ratios[name]:.1f}", common.spread(cpu, whole)))
    common.show_table(("start of", "wall ms", "ratio", "CPU ms"), rows)
    common.write_json(given.json, ratios)
    if given.peers:
        return 0
    passed = ratios[JUDGED] <= given.limit
    verdict = "ok" if passed else "FAILED"
    print(f"\n{JUDGED}: {ratios[JUDGED]:.1f} times a bare sqlite3, limit {given.limit:g}: {verdict}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
