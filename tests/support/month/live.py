"""Let a month pass: crawl each hour, ask for health now and then, and measure at the end."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from tests.support.command import ROOT
from tests.support.month.papers import DAY, HOUR, Paper
from tests.support.month.run import Month
from tests.support.month.score import HealthReport, Score, Scorer

MINUTE = 60.0  # seconds
HEALTH_HOURS = 12.0  # between two questions to `morgue health`
PROGRESS_SECONDS = 30.0  # wall seconds between two lines of progress


def live(
    papers: list[Paper], folder: Path, days: float, every: float, *, source: str = "", progress: bool = False
) -> Score:
    """Crawl for so many days, each `every` minutes, and measure. `source` is a line that each source file gets."""
    reports: list[HealthReport] = []
    has_health = (ROOT / "crawler" / "commands" / "health.py").exists()
    with Month(folder, papers, source=source) as month:
        asked, said = 0.0, time.monotonic()
        for number in range(int(days * DAY / (every * MINUTE))):
            at = number * every * MINUTE
            month.crawl(at)
            if has_health and at >= asked + HEALTH_HOURS * HOUR:
                asked = at
                reports.append(health_at(month, at))
            if progress and time.monotonic() > said + PROGRESS_SECONDS:
                said = time.monotonic()
                print(f"day {at / DAY:.1f}, pass {number + 1}", file=sys.stderr, flush=True)
    with (folder / "passes.jsonl").open("w") as out:
        for one in month.morgue.passes:
            out.write(json.dumps({"at": one.at, "code": one.code, "wall": one.wall, "output": one.output}) + "\n")
    return Scorer(
        month.archive, papers, days, month.morgue.passes[-1].at, month.morgue.passes, month.journal, reports
    ).rate()


def health_at(month: Month, at: float) -> HealthReport:
    """Ask `morgue health`. An answer that is no JSON is an error of the product."""
    done = month.morgue.run(at + 1 * MINUTE, "health", "--format", "json")
    try:
        return HealthReport(at, json.loads(done.stdout))
    except ValueError:
        raise AssertionError(f"health --format json: exit code {done.code}, no JSON: {done.output[:500]}") from None
