"""Show one fault of scheduled crawls at a time, each in a few days of one or two papers.

    python benchmarks/month_cases.py [NAME ...] [--seed 1] [--keep DIR] [--json FILE]

jump: the clock is 400 days ahead for one pass. starve: a long backfill beside a feed. grid: an hourly feed under a
timer of 15 minutes and of an hour. block: 403 for a day. robots: `Disallow: /` for 26 hours. gone: articles vanish in
four ways. slug: a new headline moves the address. wall: a consent wall for three days. noon: a feed of ten entries and
a burst at noon. Exit code 1 if a case is not as it should be.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import common
from common import Check

from tests.support.month.live import MINUTE, live
from tests.support.month.papers import CONSENT, DAY, FORBIDDEN, HOUR, OUTRUN, ROBOTS, Illness, Paper
from tests.support.month.run import Month

JUMP_DAYS = 400
STARVE_RATE, STARVE_DELAY = 60.0, 0.25  # minutes of the month a real minute; seconds between two requests to a host
GRID_RATE = 20.0  # a pass of half a second ends ten seconds after it began, as a real one does

Case = Callable[[Path, int], Iterable[Check]]


def jump(folder: Path, seed: int) -> Iterable[Check]:
    paper = Paper("p01", seed, 4)
    with Month(folder, [paper]) as month:
        month.crawl_hours(0, 12 * HOUR)
        outputs = [month.crawl(JUMP_DAYS * DAY).output]
        for number in range(12, 36):
            outputs.append(month.crawl(number * HOUR).output)
        times = [time for time in month.times_of(paper.host, "/feed.xml") if 12 * HOUR <= time < JUMP_DAYS * DAY]
    yield Check("the feed is read in the day after the clock is right again", len(times) >= 20, f"{len(times)} times")
    said = next((one.strip().splitlines()[0] for one in outputs if "clock" in one), "")
    yield Check("the jump is said", bool(said), said or "not a word")


def starve(folder: Path, seed: int) -> Iterable[Check]:
    papers = [Paper("p01", seed, 2), Paper("p05", seed, 2, a_day=16, feed="none", sitemap=True, sections=False)]
    with Month(folder, papers, rate=STARVE_RATE) as month:
        file = folder / "archive" / "sources" / "p05.toml"
        file.write_text(f"{file.read_text()}\n[crawl]\ndelay = {STARVE_DELAY}\n")
        own = folder / "archive" / "sources" / "p01.toml"
        own.write_text(own.read_text() + '\n[every]\nfeed = "5m"\n')
        done = month.crawl(DAY)
        times = month.times_of("p01.example", "/feed.xml")
        fetched = sum(one.host == "p05.example" for one in month.journal)
    minutes, longest = done.wall, max(((after - before) / MINUTE for before, after in pairwise(times)), default=0.0)
    wanted = int(minutes / 5) - 1
    told = f"{len(times)} times in {minutes:.0f} min with {fetched} requests to the other, {longest:.0f} min apart"
    yield Check("a feed due each 5 min is read while another host is busy", len(times) >= wanted > 2, told)


def grid(folder: Path, seed: int) -> Iterable[Check]:
    for every in (15, 60):
        paper, place = Paper("p01", seed, 3), folder / str(every)
        place.mkdir()
        with Month(place, [paper], rate=GRID_RATE) as month:
            month.crawl_hours(0, 25 * HOUR, every * MINUTE)
            times = month.times_of(paper.host, "/feed.xml")
        count = sum(HOUR / 2 < time < 24.5 * HOUR for time in times)
        yield Check(
            f"an hourly feed is read 24 times a day by a timer of {every} min", 23 <= count <= 25, f"{count} times"
        )


def month_of(paper: Paper, *wanted: str) -> Case:
    """Return a case that is a short month of one paper, of which these figures must reach their aims."""

    def case(folder: Path, seed: int) -> Iterable[Check]:
        score = live([replace(paper, seed=seed)], folder, paper.days, 60)
        for what, text, aim, reached in score.table:
            yield Check(what, reached if what in wanted else None, f"{text}  {aim and f'aim {aim}'}")

    return case


FOUND, TWICE, GIVEN_UP = "articles found", "articles filed twice", "pages given up though they stand"
SPOILED, FALSE, NAMED = "current text is a wall or an error", "false edits", "illnesses named within a day"
VISIBLE = "edits found, of those visible at 1h 6h 1d 7d"


def gone(folder: Path, seed: int) -> Iterable[Check]:
    """Ask what the archive knows of the articles that vanished."""
    paper = Paper("p13", seed, 10, a_day=10, vanishing=("404", "410", "soft 404", "front page"))
    yield from month_of(paper, FOUND, TWICE, SPOILED, FALSE)(folder, seed)
    vanished = [one for one in paper.articles if one.published > 0 and one.gone < 6 * DAY]
    with sqlite3.connect(folder / "archive" / "morgue.db") as database:
        known = {
            url.rpartition("-")[2] for (url,) in database.execute("SELECT url FROM page_states WHERE ended IS NULL")
        }
    missing = [one.gone_kind for one in vanished if str(100_000 + one.number) not in known]
    yield Check("vanished articles are known as gone", not missing, f"{len(missing)} of {len(vanished)} not: {missing}")


CASES: dict[str, Case] = {
    "jump": jump,
    "starve": starve,
    "grid": grid,
    "block": month_of(
        Paper("p15", 0, 6, illnesses=(Illness(FORBIDDEN, 2 * DAY, 3 * DAY),)), FOUND, TWICE, GIVEN_UP, NAMED
    ),
    "robots": month_of(
        Paper("p14", 0, 6, illnesses=(Illness(ROBOTS, 2 * DAY, 2 * DAY + 26 * HOUR),)), FOUND, TWICE, GIVEN_UP, NAMED
    ),
    "gone": gone,
    "slug": month_of(Paper("p18", 0, 6, moving=True), FOUND, TWICE, VISIBLE, FALSE),
    "wall": month_of(
        Paper("p10", 0, 8, illnesses=(Illness(CONSENT, 2 * DAY, 5 * DAY),)), FOUND, TWICE, SPOILED, FALSE, NAMED
    ),
    "noon": month_of(
        Paper(
            "p03", 0, 8, a_day=14, entries=10, noon_share=0.8, sections=False,
            illnesses=(Illness(OUTRUN, 0.5 * DAY),),
        ),
        FOUND, TWICE, NAMED,
    ),
}  # fmt: skip


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(CASES)}; default: all")
    options.add_argument("--seed", type=int, default=1, help="of everything that is left to chance")
    options.add_argument("--keep", metavar="DIR", help="leave archives and journals in this empty folder")
    options.add_argument("--json", metavar="FILE", help="write what was seen as JSON")
    given = options.parse_args()
    if unknown := sorted(set(given.names) - set(CASES)):
        options.error(f"there is no case {', '.join(unknown)}: {', '.join(CASES)}")
    passed, seen = True, {}
    with common.workshop(given.keep) as folder:
        for name in given.names or CASES:
            (folder / name).mkdir()
            checks = list(CASES[name](folder / name, given.seed))
            print(f"\n{name}")
            passed = common.show_checks(checks) and passed
            seen[name] = [[check.name, check.passed, check.detail] for check in checks]
    if given.json:
        Path(given.json).write_text(json.dumps(seen, indent=1) + "\n")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
