"""Measure what a large archive costs when nothing happens: `python benchmarks/frontier_queries.py [--rows 1000000]`.

Make an archive of so many sources and rows of `frontier`, of which none is due. Time all that an idle pass asks, then
claims of a host that has every waiting row; `morgue crawl --quiet`, `sources`, `health` and `due` as processes; and the
memory that a crawl takes for each address that it queues. The aims are those of 500 sources and 1,000,000 rows, 300,000
of them waiting; `--rows 20000` is a short run. Exit code 1 if an aim is missed.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import common
from common import MB, Run, crawl_command, measure, morgue_command, morgue_env, new_archive, show_table, workshop

from crawler.config.archive_folder import find
from crawler.config.models import load
from crawler.engine.crawl import CrawlRun
from crawler.frontier.crawl_plan import CrawlPlan
from crawler.schedule.revisit_policy import priority
from pipelines.core.timestamps import now, stamp
from pipelines.database.columns import insert_article
from pipelines.database.connection import open_database
from pipelines.database.frontier.rows import ClaimScope, SourceChoice
from pipelines.database.frontier.table import FrontierTable
from tests.support.http_server import answering

MAX_AGE_DAYS = 1000
CLAIMS = 8  # URLs at once, as the dispatcher takes them
START_SECONDS = 0.1
PAGES_A_ROW = 10  # rows of the frontier for each article with its text
INSERT = """INSERT INTO frontier (url_key, url, host, source_id, kind, state, next_visit, priority, depth, found, day,
                                  visits, first_visit, last_visit) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, 1, ?, ?)"""
CAPTURE = """INSERT INTO captures (id, crawl_id, source_id, url, time, kind, status, file, offset, length, record_id,
                                   record_type)
             VALUES (?, 1, ?, ?, ?, 'article', 200, 'f.warc.gz', ?, 9, ?, 'response')"""
ARTICLE = {"title": "A headline", "authors": "[]", "tags": "[]", "text": "The council met on Tuesday.", "word_count": 5,
           "kind": "article", "extractor": "x", "text_digest": "", "revision": 1}  # fmt: skip
LISTING_DONE = """UPDATE frontier SET next_visit = ?, visits = 9, first_visit = ?, last_visit = ?, last_status = 200,
                                      state = 'waiting' WHERE kind NOT IN ('article', 'page')"""


@dataclass(frozen=True, slots=True)
class Figure:
    """Hold one measured figure, and what it should be."""

    name: str
    unit: str
    value: float
    aim: float | None = None  # at most
    before: str = "-"  # what the issue says of b9b347d

    @property
    def missed(self) -> bool:
        return self.aim is not None and self.value > self.aim


def watch_sources(archive: Path, sources: int) -> None:
    """Write the files of the sources, and let a run put them and their listings into the database."""
    for number in range(1, sources + 1):
        home = f"https://p{number}.example/"
        (archive / "sources" / f"p{number}.toml").write_text(f'url = "{home}"\nfeeds = ["{home}feed"]\n')
    run = CrawlRun(load(find(archive)), CrawlPlan(), "crawl")
    run.prepare()
    run.abandon("done")


def fill(db: Any, rows: int, waiting: int, at: datetime) -> None:
    """Insert rows that are planned for later, rows that are done, and articles; nothing of it is due."""
    chance = random.Random(11)
    ids = dict(db.execute("SELECT name, id FROM sources").fetchall())
    sources = len(ids)

    def row(number: int) -> tuple[Any, ...]:
        host = f"p{number % sources + 1}.example"
        day = at - timedelta(days=chance.randrange(MAX_AGE_DAYS))
        later = stamp(at + timedelta(minutes=chance.randrange(60, 40_000))) if number < waiting else None
        key, text = f"//{host}/{number}", day.date().isoformat()
        rank = priority("article", text, at)
        state = "waiting" if number < waiting else "done"
        seen = stamp(day)
        return key, f"https:{key}", host, ids[host[:-8]], "article", state, later, rank, seen, text, seen, seen

    db.execute("BEGIN")
    for number in range(rows):
        one = row(number)
        db.execute(INSERT, one)
        if number % PAGES_A_ROW == 0:
            key, url, source, seen, day = one[0], one[1], one[3], one[8], one[9]
            db.execute(CAPTURE, (number + 1, source, url, seen, number, f"urn:uuid:{number}"))
            own = {"url_key": key, "source_id": source, "url": url, "published_day": day, "capture_id": number + 1}
            insert_article(db, ARTICLE | own | {"first_seen": seen, "last_seen": seen})
    db.execute(LISTING_DONE, (stamp(at + timedelta(hours=3)), stamp(at), stamp(at)))
    db.execute("DELETE FROM changes")  # the journal has them: the pass before wrote it
    db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def milliseconds(task: Callable[[], Any], times: int = 5) -> float:
    """Return the median time that a task takes."""
    taken = []
    for _ in range(times):
        began = perf_counter()
        task()
        taken.append((perf_counter() - began) * 1000)
    return sorted(taken)[times // 2]


def idle_questions(db: Any, at: datetime) -> Iterator[Figure]:
    """Yield the times of what an idle pass asks of the frontier."""
    table, scope = FrontierTable(db), ClaimScope()
    asked: dict[str, tuple[Callable[[], Any], str]] = {
        "hosts_due": (lambda: table.hosts_due(scope, at), "28 ms"),
        "count_due": (lambda: table.count_due(scope, at), "28 ms"),
        "next_due": (lambda: table.next_due(scope, at), "31 ms"),
        "has_plan_after": (lambda: table.has_plan_after(at + timedelta(days=31)), "-"),
    }
    times = {name: milliseconds(task) for name, (task, _) in asked.items()}
    for name, time in times.items():
        yield Figure(name, "ms", time, before=asked[name][1])
    yield Figure("all that an idle pass asks of the frontier", "ms", sum(times.values()), 50, "87 ms")


def claims(db: Any, at: datetime, host: str, what: str, before: str) -> Iterator[Figure]:
    """Yield the time of a claim of a host, with a thousandth of its rows due and with all of them."""
    table = FrontierTable(db)

    make_due = """UPDATE frontier SET next_visit = ? WHERE id IN (
                      SELECT id FROM frontier WHERE host = ? AND state = 'waiting' ORDER BY url_key LIMIT ?)"""
    waiting = db.execute("SELECT count(*) FROM frontier WHERE host = ? AND state = 'waiting'", (host,)).fetchone()[0]
    for name, number in (("1 in 1,000 due", max(waiting // 1000, CLAIMS)), ("all due", waiting)):
        db.execute(make_due, (stamp(at), host, number))
        db.execute("BEGIN")  # as in a crawl, which commits once a second
        taken = []
        for _ in range(25):
            began = perf_counter()
            found = table.claim(1, host, CLAIMS, ClaimScope(), at, SourceChoice())
            taken.append((perf_counter() - began) * 1000)
            assert found
            table.release([one.id for one in found])
        db.execute("COMMIT")
        yield Figure(f"a claim of {CLAIMS}, {what}, {name}", "ms", sorted(taken)[len(taken) // 2], 1, before)


def run(archive: Path, folder: Path, *words: str) -> Run:
    """Run a command on an archive; end the program if it fails."""
    done = measure([*morgue_command(), "-C", str(archive), *words], folder=folder, env=morgue_env(), every=0.02)
    if done.code not in (0, 1):  # 1: something needs attention
        sys.exit(f"morgue {' '.join(words)} failed ({done.code}): {done.output}")
    return done


def commands(archive: Path, folder: Path, times: int = 5) -> Iterator[Figure]:
    """Yield what commands cost on the archive at rest: the median of some runs."""
    idle = [run(archive, folder, "crawl", "--quiet") for _ in range(times)]
    yield Figure("idle `morgue crawl --quiet`: CPU", "s", sorted(one.cpu for one in idle)[times // 2], 0.5, "1.0 s")
    # Not its first samples: until it is the command, the child has the size of this program.
    held = [sample.main for one in idle for sample in one.samples if sample.at > START_SECONDS]
    yield Figure("idle `morgue crawl --quiet`: memory", "MB", max(held, default=0) / MB, 80, "102 MB")
    for name, before in (("sources", "1.7 s"), ("health", "-"), ("due", "-")):
        taken = sorted(run(archive, folder, name).wall for _ in range(times))[times // 2]
        yield Figure(f"`morgue {name}`", "ms", taken * 1000, None if name == "due" else 300, before)


def memory_of_queue(folder: Path, urls: int) -> Figure:
    """Return the memory of a crawl for each address that it queues: one with few of them beside one with many."""
    few = 150_000  # more than the page cache of the database holds
    peaks = []
    for number in (few, few + urls):
        place = folder / f"queue-{number}"
        place.mkdir()
        archive = new_archive(place)
        answers: dict[str, Any] = {}
        with answering(answers) as (home, _asked):
            lines = "".join(f"<url><loc>{home}/2026/11/28/a-story-of-{n}.html</loc></url>" for n in range(5_000))
            parts = range(number // 5_000)
            for part in parts:
                text = lines.replace("a-story-of-", f"a-story-of-part-{part}-")
                answers[f"/{part}.xml"] = (200, f"<urlset>{text}</urlset>".encode(), {})
            index = "".join(f"<sitemap><loc>{home}/{part}.xml</loc></sitemap>" for part in parts)
            answers["/sitemap.xml"] = (200, f"<sitemapindex>{index}</sitemapindex>".encode(), {})
            answers["/"] = (200, b"<html><body><h1>Paper</h1></body></html>", {})
            source = f'url = "{home}/"\nsitemaps = ["{home}/sitemap.xml"]\n[crawl]\nnew_within = "3650d"\n'
            (archive / "sources" / "paper.toml").write_text(source)
            limits = [f"crawl.{name}=1000000" for name in ("addresses_per_listing", "addresses_per_source")]
            options = [word for setting in limits for word in ("-s", setting)]
            command = [*crawl_command(archive, "--limit", "1"), *options]
            done = measure(command, folder=place, env=morgue_env())
        with closing(open_database(archive / "morgue.db")) as db:
            queued = db.execute("SELECT count(*) FROM frontier WHERE kind = 'article'").fetchone()[0]
        assert queued >= number, f"{queued} of {number} queued: {done.output}"
        peaks.append(max(sample.main for sample in done.samples))
    return Figure("memory of a crawl for each queued address", "bytes", (peaks[1] - peaks[0]) / urls, 100)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("sources", 500), ("rows", 1_000_000), ("waiting", 0), ("queued", 200_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--keep", metavar="DIR")
    parser.add_argument("--json", metavar="FILE")
    given = parser.parse_args()
    with workshop(given.keep) as folder:
        archive, at = new_archive(folder), now()
        watch_sources(archive, given.sources)
        figures: list[Figure] = []
        with closing(open_database(archive / "morgue.db")) as db:
            fill(db, given.rows, given.waiting or given.rows * 3 // 10, at)
            figures += idle_questions(db, at)
        figures += commands(archive, folder)
        with closing(open_database(archive / "morgue.db")) as db:
            host = "p1.example"
            figures += claims(db, at, host, "each host has its share", "0.0 ms")
            db.execute("UPDATE frontier SET host = ? WHERE state = 'waiting' AND kind = 'article'", (host,))
            db.execute("UPDATE frontier SET next_visit = ? WHERE state = 'waiting'", (stamp(at + timedelta(days=1)),))
            figures += claims(db, at, host, "one host has all rows", "28 ms")
            table = FrontierTable(db)
            figures.append(Figure("count_due, all due", "ms", milliseconds(lambda: table.count_due(ClaimScope(), at))))
        figures.append(memory_of_queue(folder, given.queued))
    missed = [one.name for one in figures if one.missed]
    mark = {True: "MISSED", False: "ok"}
    rows = [
        (
            one.name,
            f"{one.value:.2f} {one.unit}",
            "-" if one.aim is None else f"{one.aim:g} {one.unit}",
            one.before,
            "" if one.aim is None else mark[one.missed],
        )
        for one in figures
    ]
    show_table((f"{given.rows:,} rows, {given.sources} sources", "now", "at most", "b9b347d", ""), rows)
    common.write_json(given.json, {one.name: one.value for one in figures})
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
