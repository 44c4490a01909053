"""Live a month in minutes: twenty papers publish, edit and fall ill, and are crawled each hour. What has the archive?

    python benchmarks/month.py [--seed 1] [--days 30] [--papers 20 | --only p03,p10] [--every 60] [--plot FILE.svg]

In tests/support/month/: papers.py is the truth, pages.py prints it, run.py crawls it (and says how that differs from a
real month), score.py measures the archive. Exit code 1 if an aim is missed.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import common
from month_plot import write_plot

from tests.support.month.live import live
from tests.support.month.papers import papers
from tests.support.month.score import Score, write_figures


def show(score: Score) -> None:
    mark = {True: "ok", False: "MISSED", None: ""}
    common.show_table(("what", "value", "aim", ""), [(*row[:3], mark[row[3]]) for row in score.table])


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
        score = live(world, folder, given.days, given.every, source=given.source, progress=True)
        score.add("minutes that the month took", (time.monotonic() - started) / 60)
    show(score)
    write_figures(score, given.json)
    if given.plot:
        write_plot(score, Path(given.plot))
    return 1 if score.missed else 0


if __name__ == "__main__":
    sys.exit(main())
