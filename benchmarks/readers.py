"""Crawl while twenty readers ask: no lock error, no answer that goes back, no article lost, no writer that waits.

    python benchmarks/readers.py [--seconds 120] [--readers 20] [--delay 0.1] [--json FILE] [--keep DIR]

A paper on loopback is crawled at a steady pace. After a while alone, readers join: searches, counts, articles with
their revisions, whole exports, SQL on the views, `morgue` commands, and one that holds its snapshot for long, as a
notebook does. Each asks again a tenth of a second after its answer. Meanwhile a watcher notes how long the crawl goes
without a commit, and how large the write-ahead log grows. Exit code 1 if a check fails.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass, field
from itertools import cycle, islice
from multiprocessing import get_context
from pathlib import Path

import common
from common import Check
from crawl import free_port
from onesite import WORDS, OneSite, made_up_templates

from pipelines.database import queries
from pipelines.database.connection import connect
from pipelines.database.search.counts import counts
from pipelines.database.search.hits import search
from tests.support.journal_server import read_journal, serving

PAUSE_SECONDS = 0.1  # of a reader between two questions
WATCH_SECONDS = 0.02  # between two looks of the watcher
SNAPSHOT_SECONDS = 20.0  # for which one reader holds what it sees
REST_SECONDS = 3.0  # in which it holds nothing, after that
ALONE_SHARE = 0.25  # of the seconds with readers, before they come
FIRST_ARTICLES = 20  # that are there before anything is measured
COMMAND_TIMEOUT = 60.0  # seconds
STALL_SECONDS = 5.0  # the longest time without a commit that passes
PATIENCE = 5  # times the seconds, for which the end of the crawl is awaited
LARGEST_WAL = 64 * common.MB
SQL = (
    "SELECT * FROM stories LIMIT 20",
    "SELECT source, sum(articles) FROM per_day GROUP BY 1",
    "SELECT * FROM edits ORDER BY seen DESC LIMIT 20",
    "SELECT count(*) FROM captures_of_articles",
)


@dataclass(slots=True)
class Asked:
    """Hold what one reader asked."""

    kind: str
    seconds: list[float] = field(default_factory=list)  # that each answer took
    errors: list[str] = field(default_factory=list)


# -- what readers ask: each yields once an answer, and raises what went wrong ---------------------------


def searches(database: Path, dice: random.Random) -> Iterator[None]:
    while True:
        with closing(connect(database)) as db:
            list(search(db, dice.choice(WORDS), limit=20))
        yield


def countings(database: Path, dice: random.Random) -> Iterator[None]:
    most = 0
    while True:
        with closing(connect(database)) as db:
            found = sum(counts(db, ("day", "source")).values())
        if found < most:
            raise ValueError(f"{most} articles were counted, and then {found}")
        most = found
        yield


def looks(database: Path, dice: random.Random) -> Iterator[None]:
    while True:
        with closing(connect(database)) as db:
            (newest,) = db.execute("SELECT max(id) FROM articles").fetchone()
            article = queries.article(db, str(dice.randint(1, newest)))
            list(queries.revisions(db, article["id"]))
            queries.captures_of(db, str(article["id"]))
        yield


def exports(database: Path, dice: random.Random) -> Iterator[None]:
    while True:
        with closing(connect(database)) as db:
            for _ in queries.articles(db):
                pass
        yield


def statements(database: Path, dice: random.Random) -> Iterator[None]:
    """Ask as any other program does: a plain connection of Python's own, which waits for five seconds at most."""
    while True:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as db:
            db.execute(dice.choice(SQL)).fetchall()
        yield


def snapshots(database: Path, dice: random.Random) -> Iterator[None]:
    """Hold a snapshot for long, and ask it again and again: it must not change."""
    while True:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, isolation_level=None)) as db:
            db.execute("BEGIN")
            first, until = filed(db), time.monotonic() + SNAPSHOT_SECONDS
            while time.monotonic() < until:
                if (now := filed(db)) != first:
                    raise ValueError(f"a snapshot of {first} articles has {now}")
                yield
        time.sleep(REST_SECONDS)


def commands(database: Path, dice: random.Random) -> Iterator[None]:
    typed = cycle((["search", "harbour"], ["show", "1"], ["sources"], ["export", "jsonl", "-"], ["edits"]))
    for arguments in typed:
        command = [*common.morgue_command(), "-C", str(database.parent), *arguments]
        done = subprocess.run(command, env=common.morgue_env(), capture_output=True, timeout=COMMAND_TIMEOUT)
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip()[-300:]
            raise ValueError(f"morgue {arguments[0]}: exit {done.returncode}: {said}")
        yield


READERS: Mapping[str, Callable[[Path, random.Random], Iterator[None]]] = {
    "search": searches, "count": countings, "show": looks, "SQL": statements, "export": exports, "command": commands,
    "snapshot": snapshots,
}  # fmt: skip
# So that few readers are of every kind, and twenty are six searches, one snapshot and some of the others.
ORDER = ("search", "SQL", "count", "show", "snapshot", "command", "export", "search", "SQL", "count", "show", "search",
         "SQL", "search", "command", "export", "search", "count", "show", "search")  # fmt: skip


def read(kind: str, database: Path, until: float, seed: int) -> Asked:
    """Ask until a moment (CLOCK_MONOTONIC). An error is kept, and the reader goes on as a new one."""
    asked, dice = Asked(kind), random.Random(seed)
    answers = READERS[kind](database, dice)
    while time.monotonic() < until:
        began = time.monotonic()
        try:
            next(answers)
        except Exception as error:  # noqa: BLE001 - whatever a reader meets is what is measured
            asked.errors.append(f"{type(error).__name__}: {error}")
            answers = READERS[kind](database, dice)
        asked.seconds.append(time.monotonic() - began)
        time.sleep(PAUSE_SECONDS)
    return asked


# -- what the crawl does meanwhile -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Watched:
    """Hold what was seen of a crawl for a while."""

    stall: float  # seconds, the longest time without a commit
    commits: int
    wal: int  # bytes, the largest size of the write-ahead log
    articles: int  # filed in this while
    seconds: float


def watch(database: Path, until: float, crawl: subprocess.Popen[bytes]) -> Watched:
    """Watch a crawl until a moment, or its end."""
    wal = database.with_name(f"{database.name}-wal")
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, isolation_level=None)) as db:
        began = last = time.monotonic()
        before, version = filed(db), db.execute("PRAGMA data_version").fetchone()
        stall, number, largest = 0.0, 0, 0
        while time.monotonic() < until and crawl.poll() is None:
            time.sleep(WATCH_SECONDS)
            now = db.execute("PRAGMA data_version").fetchone()
            if now != version:
                moment = time.monotonic()
                stall, last, version, number = max(stall, moment - last), moment, now, number + 1
            if wal.exists():
                largest = max(largest, wal.stat().st_size)
        ended = time.monotonic()
        if crawl.poll() is None:
            stall = max(stall, ended - last)
        return Watched(stall, number, largest, filed(db) - before, ended - began)


def filed(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT count(*) FROM articles").fetchone()[0])


def first_articles(database: Path, crawl: subprocess.Popen[bytes], number: int) -> None:
    """Wait until a crawl has filed some articles."""
    until = time.monotonic() + COMMAND_TIMEOUT
    while time.monotonic() < until and crawl.poll() is None:
        time.sleep(PAUSE_SECONDS)
        if database.exists():
            with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as db:
                made = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'failures'").fetchone()
                if made and filed(db) >= number:
                    return
    sys.exit(f"the crawl filed fewer than {number} articles in {COMMAND_TIMEOUT:.0f} s")


@dataclass(frozen=True, slots=True)
class Result:
    """Hold what a run showed."""

    alone: Watched
    beside: Watched
    readers: Sequence[Asked]
    expected: int  # articles that the server sent
    lost: Sequence[str]  # addresses of those that are not in the database
    code: int  # exit code of the crawl
    verified: int  # exit code of `morgue verify`


def run(folder: Path, *, seconds: float, readers: int, delay: float) -> Result:
    """Crawl a paper that lasts as long, beside readers."""
    count, port, log = int(seconds * (1 + ALONE_SHARE) / delay), free_port(), folder / "journal.jsonl"
    site = OneSite(count, made_up_templates(), f"http://127.0.0.1:{port}")
    archive = common.new_archive(folder)
    (archive / "sources" / "paper.toml").write_text(
        f'url = "{site.origin}/"\nsitemaps = ["{site.origin}/sitemap.xml"]\n'
    )
    database = archive / "morgue.db"
    with serving(site.resolve, journal=log, port=port), (folder / "crawl.log").open("wb") as said:
        command = common.crawl_command(archive, delay=delay)
        crawl = subprocess.Popen(command, env=common.morgue_env(), stdout=said, stderr=said, start_new_session=True)
        try:
            first_articles(database, crawl, FIRST_ARTICLES)
            alone = watch(database, time.monotonic() + seconds * ALONE_SHARE, crawl)
            with ProcessPoolExecutor(readers, mp_context=get_context("fork")) as pool:
                until = time.monotonic() + seconds
                kinds = islice(cycle(ORDER), readers)
                running = [pool.submit(read, kind, database, until, seed) for seed, kind in enumerate(kinds)]
                beside = watch(database, until, crawl)
                asked = [one.result() for one in running]
            code = crawl.wait(timeout=seconds * PATIENCE)
        finally:
            common.end_session(crawl.pid)
    sent = {site.origin + one.target for one in read_journal(log) if one.status == 200 and "/story-" in one.target}
    with closing(connect(database)) as db:
        lost = sorted(sent - {row["url"] for row in db.execute("SELECT url FROM articles")})
    verify = [*common.morgue_command(), "-C", str(archive), "verify"]
    verified = subprocess.run(verify, env=common.morgue_env(), capture_output=True).returncode
    return Result(alone, beside, asked, len(sent), lost, code, verified)


# -- the verdict ------------------------------------------------------------------------------------------


def checks_of(result: Result) -> list[Check]:
    """Return the verdict."""
    errors = [f"{one.kind}: {error}" for one in result.readers for error in one.errors]
    asked = sum(len(one.seconds) for one in result.readers)
    alone, beside = result.alone, result.beside
    return [
        Check("readers that met no error", not errors, f"{len(errors)} errors in {asked} answers {errors[:3] or ''}"),
        Check("articles that were sent are filed", not result.lost and result.expected > 0,
              f"{result.expected - len(result.lost)} of {result.expected} {result.lost[:3] or ''}"),
        Check("the crawl ends well", result.code == 0, f"exit {result.code}"),
        Check("`morgue verify` finds nothing", result.verified == 0, f"exit {result.verified}"),
        Check("longest time without a commit", beside.stall <= STALL_SECONDS,
              f"{beside.stall:.2f} s of at most {STALL_SECONDS:g} s; alone {alone.stall:.2f} s"),
        Check("largest write-ahead log", beside.wal <= LARGEST_WAL,
              f"{beside.wal / common.MB:.1f} MB of at most {LARGEST_WAL / common.MB:.0f} MB; "
              f"alone {alone.wal / common.MB:.1f} MB"),
        Check("articles a second", None,
              f"{beside.articles / beside.seconds:.1f}; alone {alone.articles / alone.seconds:.1f}"),
    ]  # fmt: skip


def answers_by_kind(readers: Sequence[Asked]) -> list[tuple[str, int, int, str, str, str, int]]:
    """Return a row for each kind of reader: how many, their answers, median, p95 and maximum in ms, errors."""
    rows = []
    for kind in READERS:
        of_kind = [one for one in readers if one.kind == kind]
        took = sorted(second * 1000 for one in of_kind for second in one.seconds)
        if took:
            middle, p95 = statistics.median(took), took[int(len(took) * 0.95)]
            errors = sum(len(one.errors) for one in of_kind)
            rows.append((kind, len(of_kind), len(took), f"{middle:.0f}", f"{p95:.0f}", f"{took[-1]:.0f}", errors))
    return rows


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=120.0, help="with readers (default 120)")
    options.add_argument("--readers", type=int, default=20, help="at once (default 20)")
    options.add_argument("--delay", type=float, default=0.1, help="seconds between two requests of the crawl")
    options.add_argument("--keep", metavar="DIR", help="leave archive, journal and log in this empty folder")
    options.add_argument("--json", metavar="FILE", help="write the figures as JSON (- for stdout)")
    given = options.parse_args()
    common.seal(required=False)
    common.need_morgue("verify")
    with common.workshop(given.keep) as folder:
        result = run(folder, seconds=given.seconds, readers=given.readers, delay=given.delay)
    rows = answers_by_kind(result.readers)
    common.show_table(("reader", "at once", "answers", "median ms", "p95 ms", "longest ms", "errors"), rows)
    print()
    passed = common.show_checks(checks_of(result))
    common.write_json(given.json, asdict(result))
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
