"""Live a month in minutes: twenty papers that publish, edit and fall ill, crawled each hour; what has the archive of it?

    python benchmarks/month.py [--seed 1] [--days 30] [--papers 20 | --only p03,p10] [--every 60] [--keep DIR] [--json FILE]

`month_papers.py` is the truth, `month_pages.py` prints it, `month_run.py` crawls it (and says how that differs from a
real month), `month_score.py` measures the archive. Exit code 1 if an aim is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import common
from month_pages import Press
from month_papers import DAY, HOUR, Paper, papers
from month_plot import write_plot
from month_run import Morgue, SharedClock, write_sources
from month_score import HealthReport, Score, Scorer, write_figures
from server import read_journal, serving

MINUTE = 60.0  # seconds
HEALTH_HOURS = 12.0  # between two questions to `morgue health`
PROGRESS_SECONDS = 30.0  # wall seconds between two lines of progress


def live(world: list[Paper], folder: Path, days: float, every: float, extra: str = "") -> Score:
    """Let the month pass, and measure."""
    clock = SharedClock()
    archive, journal = common.new_archive(folder), folder / "journal.jsonl"
    write_sources(archive, world, extra)
    reports: list[HealthReport] = []
    with serving(Press(world, clock).resolve, journal=journal) as port:
        morgue = Morgue(archive, world, clock, port)
        has_health = (common.ROOT / "crawler" / "commands" / "health.py").exists()
        at, asked, said = 0.0, 0.0, time.monotonic()
        while at < days * DAY:
            morgue.run(at, "crawl", "--quiet")
            if has_health and at >= asked + HEALTH_HOURS * HOUR:
                asked = at
                reports += health_at(morgue, at)
            if time.monotonic() > said + PROGRESS_SECONDS:
                said = time.monotonic()
                print(f"day {at / DAY:.1f}, pass {len(morgue.passes)}", file=sys.stderr, flush=True)
            at += every * MINUTE
    with (folder / "passes.jsonl").open("w") as out:
        for one in morgue.passes:
            out.write(json.dumps({"at": one.at, "code": one.code, "wall": one.wall, "output": one.output}) + "\n")
    return Scorer(archive, world, days, morgue.passes, read_journal(journal), reports).rate()


def health_at(morgue: Morgue, at: float) -> list[HealthReport]:
    """Ask `morgue health`; an answer that is no JSON is an error of the product, and ends the benchmark."""
    done = morgue.run(at + 30 * MINUTE, "health", "--format", "json")
    try:
        return [HealthReport(at, json.loads(done.output))]
    except ValueError:
        sys.exit(f"morgue health --format json: exit code {done.code}, no JSON: {done.output[:500]}")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seed", type=int, default=1, help="of everything that is left to chance")
    options.add_argument("--days", type=float, default=30, help="how long the month is")
    options.add_argument("--papers", type=int, default=20, help="the first so many papers")
    options.add_argument("--only", metavar="NAMES", help="these papers: p03,p10")
    options.add_argument("--every", type=float, default=60, metavar="MINUTES", help="between two passes")
    options.add_argument("--source", default="", metavar="TOML", help="a line that each source file gets, for trials")
    options.add_argument("--keep", metavar="DIR", help="leave archive, journal and output of the passes in this folder")
    options.add_argument("--json", metavar="FILE", help="write all figures as JSON")
    options.add_argument("--plot", metavar="FILE.svg", help="draw how soon articles and edits were seen")
    given = options.parse_args()
    world = papers(given.seed, given.days)
    chosen = given.only.split(",") if given.only else [paper.name for paper in world[: given.papers]]
    if unknown := sorted(set(chosen) - {paper.name for paper in world}):
        options.error(f"--only: there is no paper {', '.join(unknown)}: p01 to p20")
    world = [paper for paper in world if paper.name in chosen]
    with common.workshop(given.keep) as folder:
        started = time.monotonic()
        score = live(world, folder, given.days, given.every, given.source)
        score.add("minutes that the month took", (time.monotonic() - started) / 60)
    mark = {True: "ok", False: "MISSED", None: ""}
    common.show_table(("what", "value", "aim", ""), [(*row[:3], mark[row[3]]) for row in score.table])
    write_figures(score, given.json)
    if given.plot:
        write_plot(score, Path(given.plot))
    return 1 if score.missed else 0


if __name__ == "__main__":
    sys.exit(main())
