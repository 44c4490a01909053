"""Ask one archive and a fleet with the same articles: `python benchmarks/fleet_search.py [ARTICLES]` (100,000).

Fill a database as search.py does, and 16 with the same rows, by source. Put the questions of search.py to both, warm,
in turns: wall and CPU time, of all threads. Compare what they answer: counts and matches by day must be equal, and of
the first 20 by relevance it is shown how many are the same. `--keep DIR` keeps the databases, and takes those that
search.py kept. Exit code 1 if the fleet takes more than `--limit` times the CPU time of the archive, or
answers otherwise.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import common
from common import show_checks, show_table
from search import MERGED_AT_ONCE, QUERIES, Archive, fill, questions

from pipelines.database.connection import connect, open_database
from pipelines.database.shards.databases import FleetDatabase

BY_RELEVANCE = ("by relevance", "dated (one quarter)", "one source", "page 51")  # kinds whose order is that of ranks
COPIED = {"crawls": None, "sources": "id", "captures": "source_id", "articles": "source_id"}  # by what is chosen


def fill_shard(one: Path, path: Path, number: int, shards: int) -> None:
    """Copy the rows of the sources of a shard, and make its index."""
    with closing(open_database(path)) as db:
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute("ATTACH ? AS one", (str(one),))
        make = db.execute("SELECT sql FROM sqlite_master WHERE name = 'articles_fts_insert'").fetchone()[0]
        db.execute("DROP TRIGGER articles_fts_insert")
        db.execute("BEGIN")
        for table, source in COPIED.items():
            names = ", ".join(row[1] for row in db.execute(f"PRAGMA main.table_info({table})"))
            where = f"{source} % {shards} = {number}" if source else "1"
            db.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM one.{table} WHERE {where}")
        db.execute("DELETE FROM changes")
        db.execute(make)
        db.execute("COMMIT")
        db.execute("DETACH one")
        db.execute("INSERT INTO articles_fts(articles_fts) VALUES ('rebuild')")
        changes = -2
        while db.total_changes - changes > 1:
            changes = db.total_changes
            db.execute("INSERT INTO articles_fts(articles_fts, rank) VALUES ('merge', ?)", (-MERGED_AT_ONCE,))
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def timed(task: Callable[[], Any]) -> tuple[float, float, Any]:
    """Return wall and CPU milliseconds of a task, and its answer."""
    began, began_cpu = perf_counter(), process_time()
    answer = task()
    return (perf_counter() - began) * 1000, (process_time() - began_cpu) * 1000, answer


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("articles", type=int, nargs="?", default=100_000)
    for name, default in (("sources", 500), ("shards", 16), ("runs", 7)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--limit", type=float, default=1.3)
    parser.add_argument("--keep", metavar="DIR")
    parser.add_argument("--json", metavar="FILE")
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(given.keep or stack.enter_context(tempfile.TemporaryDirectory(prefix="newsmorgue-bench-")))
        folder.mkdir(parents=True, exist_ok=True)
        whole = Archive(folder / f"{given.articles}-{given.sources}.db", given.articles)
        fill(whole, given.sources)
        paths = [folder / f"{given.articles}-{given.sources}-{n:03}-{given.shards}.db" for n in range(given.shards)]
        for number, path in enumerate(paths):
            if not path.exists():
                fill_shard(whole.path, path, number, given.shards)
        one = stack.enter_context(closing(connect(whole.path)))
        fleet = FleetDatabase([stack.enter_context(closing(connect(path))) for path in paths])
        figures, wrong, same = measured(one, fleet, given.sources, given.runs)
    rows, totals = [], [0.0] * 4
    for (query, kind), times in figures.items():
        medians = [statistics.median(column) for column in zip(*times, strict=True)]
        totals = [total + median for total, median in zip(totals, medians, strict=True)]
        rows.append([query, kind, *(f"{median:.1f}" for median in medians), f"{medians[3] / medians[1]:.2f}"])
    share = totals[3] / totals[1]
    rows.append(["all", "", *(f"{total:.0f}" for total in totals), f"{share:.2f}"])
    show_table(("query", "question", "archive: wall ms", "CPU", "fleet: wall ms", "CPU", "CPU, fleet / archive"), rows)
    print(f"of the first 20 by relevance, {statistics.mean(same):.0%} are the same\n")
    checks = [
        common.Check(f"CPU at most {given.limit} times", share <= given.limit, f"{share:.2f}"),
        common.Check("counts, and matches by day, are equal", not wrong, "; ".join(wrong[:5])),
    ]
    found = {"CPU ratio": share, "wall ratio": totals[2] / totals[0], "same by relevance": statistics.mean(same)}
    common.write_json(given.json, found)
    sys.exit(0 if show_checks(checks) else 1)


def measured(
    one: Any, fleet: FleetDatabase, sources: int, runs: int
) -> tuple[dict[tuple[str, str], list[tuple[float, ...]]], list[str], list[float]]:
    """Return the times of each question, what was answered otherwise, and the share of hits that are the same."""
    figures = defaultdict[tuple[str, str], list[tuple[float, ...]]](list)
    wrong, same = [], []
    for name, query in QUERIES.items():
        for run in range(runs + 1):
            both = [questions(db, query, random.Random(f"{name}{run}"), sources) for db in (one, fleet)]
            for kind, task in both[0].items():
                *of_one, expected = timed(task)
                *of_fleet, answer = timed(both[1][kind])
                if run:  # the first one warms up
                    figures[name, kind].append((*of_one, *of_fleet))
                if kind in BY_RELEVANCE:
                    ids = [{hit["id"] for hit in hits} for hits in (expected, answer)]
                    same += [len(ids[0] & ids[1]) / len(ids[0])] if ids[0] and kind == "by relevance" else []
                elif answer != expected:
                    wrong.append(f"{name}, {kind}")
    return figures, wrong, same


if __name__ == "__main__":
    main()
