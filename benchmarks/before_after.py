"""Compare two checkouts: `python benchmarks/before_after.py BEFORE [AFTER]` (AFTER: the checkout of this program).

`git worktree add BEFORE COMMIT` makes the other one. Both run with this Python and its packages, in turns, the order
reversed each round: a crawl of a local site (CPU of all its processes, a page), the questions of search.py to an
archive with the same articles (CPU), and the start of commands that have little to do (CPU). A figure is the median
over the rounds of the ratio in one round; beside it is how far it may be off, from the spread of the rounds. Exit code
1 if a ratio is above `--limit`, and not only by what it may be off.
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import sleep

import common
from crawl import count_articles, free_port
from onesite import OneSite, made_up_templates

from tests.support.journal_server import serving

CONTACT = "benchmark@example.org"
SETTINGS = ("crawl.delay=0", "crawl.allow_private_ips=true", "crawl.pages_per_host=1000000")
SAMPLES = 2000  # drawn from the rounds, to tell how far a median may be off
MIDDLE = 0.9  # of the samples
# Answers each line with the CPU seconds of all questions. It imports the packages and search.py of its checkout.
ANSWER = """
import random, sys
from pathlib import Path
from time import process_time
sys.path[:0] = [sys.argv[1] + "/benchmarks", sys.argv[1]]
from search import QUERIES, Archive, fill, questions
from pipelines.database.connection import connect, open_database
path, articles, sources = Path(sys.argv[2]), int(sys.argv[3]), 50
fill(Archive(path, articles), sources)
open_database(path).close()
db = connect(path)
for number, line in enumerate(sys.stdin):
    began = process_time()
    for name, query in QUERIES.items():
        for task in questions(db, query, random.Random(f"{name}{number}"), sources).values():
            task()
    print(process_time() - began, flush=True)
"""


class Checkout:
    """Hold one of the two checkouts, and run its `morgue`."""

    def __init__(self, name: str, root: Path, folder: Path) -> None:
        self.name, self.root, self.folder = name, root.resolve(), folder
        # What Python compiled is kept, as by an installation, and outside of the checkout.
        self.env = common.morgue_env(PYTHONPATH=str(self.root), PYTHONPYCACHEPREFIX=str(folder / "compiled"))
        self.env.pop("PYTHONDONTWRITEBYTECODE", None)
        self.crawled = 0
        folder.mkdir()

    def morgue(self, *words: str) -> common.Run:
        """Run a command. A failure ends the program."""
        command = [sys.executable, "-m", "crawler", *words]
        run = common.measure(command, folder=self.folder, env=self.env, every=1)
        if run.code:
            sys.exit(f"{self.name}: morgue {' '.join(words)} ended with {run.code}: {run.output[-500:]}")
        return run

    def crawl(self, site: OneSite) -> float:
        """Return the CPU milliseconds a page of a crawl into a new archive, which is kept for the commands."""
        archive = self.folder / "archive"
        shutil.rmtree(archive, ignore_errors=True)
        self.morgue("init", str(archive), "--contact", CONTACT)
        options = [word for setting in SETTINGS for word in ("-s", setting)]
        run = self.morgue("-C", str(archive), "crawl", f"{site.origin}/", "--quiet", *options)
        self.crawled = count_articles(self.folder)
        if self.crawled < site.count:
            sys.exit(f"{self.name}: {self.crawled} of {site.count} pages were crawled: {run.output[-500:]}")
        return run.cpu * 1000 / self.crawled

    @contextmanager
    def answering(self, articles: int) -> Iterator[Callable[[], float]]:
        """Yield what asks an archive with so many articles, and returns the CPU milliseconds."""
        command = [sys.executable, "-c", ANSWER, str(self.root), str(self.folder / "search.db"), str(articles)]
        with subprocess.Popen(
            command, env=self.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            asked, answered = process.stdin, process.stdout

            def ask() -> float:
                asked.write("\n")
                asked.flush()
                return float(answered.readline()) * 1000

            yield ask
            asked.close()


def starts(archive: str) -> dict[str, tuple[str, ...]]:
    """Return commands that have little to do, by their names."""
    return {
        "morgue --help": ("--help",),
        "morgue search": ("-C", archive, "search", "harbour"),
        "morgue count": ("-C", archive, "count", "harbour", "--by", "month"),
        "morgue crawl, nothing due": ("-C", archive, "crawl", "--quiet"),
    }


def in_turns(tasks: dict[str, Callable[[], float]], rounds: int) -> list[tuple[float, float]]:
    """Return what both tasks give in each round; the first round warms up."""
    found = []
    for number in range(rounds + 1):
        names = [*tasks] if number % 2 else [*tasks][::-1]
        given = {name: tasks[name]() for name in names}
        if number:
            found.append((given["before"], given["after"]))
    return found


def ratio_of(rounds: list[tuple[float, float]]) -> tuple[float, float, float]:
    """Return the median of the ratios of the rounds, and the bounds between which it is in most samples of them."""
    ratios = [after / before for before, after in rounds]
    chance = random.Random(1)
    medians = sorted(statistics.median(chance.choices(ratios, k=len(ratios))) for _ in range(SAMPLES))
    left = int(SAMPLES * (1 - MIDDLE) / 2)
    return statistics.median(ratios), medians[left], medians[-1 - left]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("before", type=Path)
    options.add_argument("after", type=Path, nargs="?", default=common.ROOT)
    options.add_argument("--pages", type=int, default=100, help="of the crawl (default 100)")
    options.add_argument("--articles", type=int, default=10_000, help="of the archive that is searched")
    options.add_argument("--rounds", type=int, default=11, help="crawls of each (default 11); others four times that")
    options.add_argument("--only", choices=("crawl", "search", "start"), help="leave the others out")
    options.add_argument("--limit", type=float, default=1.02)
    options.add_argument("--json", metavar="FILE")
    given = options.parse_args()
    common.seal(required=False)
    figures = dict[str, tuple[str, list[tuple[float, float]]]]()
    with common.workshop() as folder, ExitStack() as stack:
        both = {name: Checkout(name, getattr(given, name), folder / name) for name in ("before", "after")}
        if given.only != "search":
            port = free_port()
            site = OneSite(given.pages, made_up_templates(), f"http://127.0.0.1:{port}")
            stack.enter_context(serving(site.resolve, port=port))
            crawls = {name: lambda one=one: one.crawl(site) for name, one in both.items()}
            rounds = in_turns(crawls, given.rounds if given.only != "start" else 0)
            figures["crawl"] = "ms a page", rounds
        if given.only in (None, "search"):
            asks = {name: stack.enter_context(one.answering(given.articles)) for name, one in both.items()}
            figures["search"] = "ms, all questions", in_turns(asks, 4 * given.rounds)
        if given.only in (None, "start"):
            sleep(1)
            for name, words in starts("archive").items():
                tasks = {key: lambda one=one, words=words: one.morgue(*words).cpu * 1000 for key, one in both.items()}
                figures[name] = "ms", in_turns(tasks, 4 * given.rounds)
    rows, checks, data = [], [], {}
    for name, (unit, rounds) in figures.items():
        if not rounds:
            continue
        middle, least, most = ratio_of(rounds)
        before, after = (statistics.median(column) for column in zip(*rounds, strict=True))
        rows.append((name, unit, f"{before:.1f}", f"{after:.1f}", f"{middle:.3f}", f"{least:.3f}-{most:.3f}"))
        checks.append(common.Check(f"{name}: at most {given.limit}", least <= given.limit, f"{middle:.3f}"))
        data[name] = {"ratio": middle, "from": least, "to": most}
    common.show_table(("CPU of", "in", "before", "after", "after / before", "90 % between"), rows)
    common.write_json(given.json, data)
    return 0 if common.show_checks(checks) else 1


if __name__ == "__main__":
    sys.exit(main())
