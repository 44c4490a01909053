"""Measure what questions to a large archive cost: `python benchmarks/search.py [ARTICLES]` (1,000,000 if not said).

Fill a database with generated articles (search_corpus.py), and one with a tenth of them. Ask for words that are in 5,
42 and 98 percent of the articles, a prefix and a phrase: by relevance, newest first, within a quarter, of one source,
and counted by day, month, source and language. Then compare 200 random queries with what plain Python finds in the same
articles. Times are CPU time. 1,000,000 articles take about an hour, 8 GB of disk and 1 GB of memory; 10,000 two
minutes. `--queries 0` leaves the comparison out. `--keep DIR` keeps the databases, and uses them the next time. Exit
code 1 if an aim is missed or an answer is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sqlite3
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import common
from common import MB, show_checks, show_table
from search_corpus import DAYS, LAST_DAY, PAIR, GeneratedArticle, generate
from search_truth import disagreements

from pipelines.database.connection import connect, open_database
from pipelines.database.filters import ArticleFilters
from pipelines.database.schema.places import place_for
from pipelines.database.search import counts, hits

AIM_MS = 100  # median, warm
AIM_P95_MS = 300
AIM_GROWTH = 3  # from a tenth of the articles to all
LEAST_MS = 5  # growth from less than this is noise
ENOUGH_ARTICLES = 1_000_000  # the aims are those of so many
RUNS, MAX_SECONDS, LEAST_RUNS = 21, 10, 5  # of one cell of the table
QUERIES = {
    "word in 5 %": "climate",
    "word in 42 %": "government",
    "word in 98 %": "said",
    "prefix (42 %)": "minist*",
    "phrase": f'"{" ".join(PAIR)}"',
}
AIMED = ("by relevance", "newest first", "dated (one quarter)", "one source", "by day")  # kinds that have an aim
BATCH_ARTICLES = 10_000
MERGED_AT_ONCE = 4000  # pages of the index
CAPTURE = """INSERT INTO captures (id, crawl_id, source_id, url, time, kind, status, file, offset, length, record_id,
                                   record_type)
             VALUES (?, 1, ?, ?, ?, 'article', 200, 'f.warc.gz', ?, 9, ?, 'response')"""
ARTICLE = """INSERT INTO articles (place, id, url_key, source_id, url, title, authors, byline, published, published_day,
                                   language, tags, text, word_count, kind, access, extractor, text_digest, capture_id,
                                   revision, first_seen, last_seen)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '[]', ?, ?, ?, ?, 'x', ?, ?, 1, ?, ?)"""
# Of each hundred articles, those from so many on are of this kind, and of this access.
KINDS = ((99, "video"), (96, "gallery"), (94, "live blog"), (88, "opinion"), (0, "article"))
ACCESS = ((97, "truncated"), (85, "paywall"), (0, None))
PAGES = ("page_count", "freelist_count", "page_size")


@dataclass(slots=True)
class Archive:
    """Hold a filled database and what it cost to make."""

    path: Path
    articles: int
    size: int = 0
    index_size: int = 0
    index_seconds: float = 0  # CPU time
    merge_seconds: float = 0  # CPU time of merging the index into one part, afterwards

    @property
    def note(self) -> Path:
        """Return the file that is beside a database once it is filled."""
        return self.path.with_suffix(".json")


@dataclass(slots=True)
class Cell:
    """Hold the times of one kind of question, in ms of CPU time."""

    warm: list[float] = field(default_factory=list)
    cold: float = 0
    cold_wall: float = 0

    @property
    def median(self) -> float:
        return statistics.median(self.warm)

    @property
    def p95(self) -> float:
        return sorted(self.warm)[int(len(self.warm) * 0.95)]


def fill(archive: Archive, sources: int) -> None:
    """Write the articles as rows, then make the full-text index of them; or find that all is there."""
    if archive.note.exists():
        for name, value in json.loads(archive.note.read_text()).items():
            setattr(archive, name, value)
        return
    for left in archive.path.parent.glob(f"{archive.path.name}*"):  # by a run that was stopped
        left.unlink()
    with closing(open_database(archive.path)) as db:
        make = db.execute("SELECT sql FROM sqlite_master WHERE name = 'articles_fts_insert'").fetchone()[0]
        db.execute("DROP TRIGGER articles_fts_insert")  # its work is timed by itself, below
        db.execute("BEGIN")
        db.execute("INSERT INTO crawls (id, started, command, software) VALUES (1, '2026-11-28T00:00:00Z', '', '')")
        for number in range(1, sources + 1):
            values = (number, f"p{number}", f"https://p{number}.example/")
            db.execute("INSERT INTO sources (id, name, url, added) VALUES (?, ?, ?, '2026-11-28T00:00:00Z')", values)
        for number, one in enumerate(generate(archive.articles, sources), 1):
            insert(db, one)
            if number % BATCH_ARTICLES == 0:
                db.execute("DELETE FROM changes")
                db.execute("COMMIT")
                db.execute("BEGIN")
        db.execute("DELETE FROM changes")  # as after a crawl: the journal has them
        db.execute(make)
        db.execute("COMMIT")
        before, began = size_of(db), process_time()
        db.execute("INSERT INTO articles_fts(articles_fts) VALUES ('rebuild')")
        archive.index_seconds = process_time() - began
        began, changes = process_time(), -2
        while db.total_changes - changes > 1:  # fts5, 6.8: it had nothing to do if it changed less than two rows
            changes = db.total_changes
            db.execute("INSERT INTO articles_fts(articles_fts, rank) VALUES ('merge', ?)", (-MERGED_AT_ONCE,))
        archive.merge_seconds = process_time() - began
        archive.size = size_of(db)
        archive.index_size = archive.size - before
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    noted = asdict(archive)
    del noted["path"]
    archive.note.write_text(json.dumps(noted))


def size_of(db: sqlite3.Connection) -> int:
    """Return the bytes of the pages that a database uses."""
    pages, free, size = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in PAGES)
    return int((pages - free) * size)


def insert(db: sqlite3.Connection, one: GeneratedArticle) -> None:
    """Insert the rows of one article."""
    url = f"https://p{one.source}.example/{one.number}"
    seen = f"{one.seen}T12:00:00Z"
    db.execute(CAPTURE, (one.number, one.source, url, seen, one.number, f"urn:uuid:{one.number}"))
    place = place_for(db, one.day)
    author = json.dumps([one.byline.removeprefix("By ")], ensure_ascii=False)
    values = (
        place,
        one.number,
        url[6:],
        one.source,
        url,
        one.title,
        author,
        one.byline,
        one.day,
        one.day,
        one.language,
    )
    digits = one.number * 37 % 100, one.number * 61 % 100
    labels = (next(name for least, name in parts if digit >= least)
              for parts, digit in zip((KINDS, ACCESS), digits, strict=True))  # fmt: skip
    words = one.text.count(" ") + 1
    db.execute(ARTICLE, (*values, one.text, words, *labels, str(one.number), one.number, seen, seen))


def questions(db: sqlite3.Connection, query: str, chance: random.Random, sources: int) -> dict[str, Callable[[], Any]]:
    """Return each kind of question with one query, as a task; period and source are others each time."""

    def hits_of(sort: str = "relevance", **filters: Any) -> list[Any]:
        return list(hits.search(db, query, ArticleFilters(**filters), sort))

    since = LAST_DAY - timedelta(days=chance.randrange(91, DAYS))
    quarter = {"since": since.isoformat(), "until": (since + timedelta(days=90)).isoformat()}
    return {
        "by relevance": hits_of,
        "newest first": partial(hits_of, "newest"),
        "dated (one quarter)": partial(hits_of, **quarter),
        "one source": partial(hits_of, source=f"p{chance.randrange(1, sources + 1)}"),
        "page 51": lambda: list(hits.search(db, query, offset=1000)),
        "all counted": lambda: counts.count(db, query),
        **{f"by {key}": partial(counts.counts, db, [key], query) for key in ("day", "month", "source", "language")},
    }


def times_of(archive: Archive, sources: int) -> Iterator[tuple[str, str, Cell]]:
    """Yield the times of each query and kind of question."""
    for name, query in QUERIES.items():
        chance = random.Random(name)
        with closing(connect(archive.path)) as db:
            kinds = list(questions(db, query, chance, sources))
        for kind in kinds:
            cell = Cell()
            forget_pages(archive.path)
            with closing(connect(archive.path)) as db:
                began, began_cpu = perf_counter(), process_time()
                questions(db, query, chance, sources)[kind]()
                cell.cold, cell.cold_wall = (process_time() - began_cpu) * 1000, (perf_counter() - began) * 1000
                until = perf_counter() + MAX_SECONDS
                while len(cell.warm) < RUNS and (perf_counter() < until or len(cell.warm) < LEAST_RUNS):
                    task = questions(db, query, chance, sources)[kind]
                    began_cpu = process_time()
                    task()
                    cell.warm.append((process_time() - began_cpu) * 1000)
            yield name, kind, cell


def forget_pages(path: Path) -> None:
    """Let the system drop what it keeps of a file in memory, as after a start of the machine."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("articles", type=int, nargs="?", default=ENOUGH_ARTICLES)
    for name, default in (("sources", 500), ("queries", 200)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--keep", metavar="DIR", help="keep the databases in DIR, and use those that are there")
    parser.add_argument("--json", metavar="FILE")
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(given.keep or stack.enter_context(tempfile.TemporaryDirectory(prefix="newsmorgue-bench-")))
        folder.mkdir(parents=True, exist_ok=True)
        small, large = (Archive(folder / f"{n}-{given.sources}.db", n) for n in (given.articles // 10, given.articles))
        results: list[dict[tuple[str, str], Cell]] = []
        for archive in (small, large):
            fill(archive, given.sources)
            results.append({(name, kind): cell for name, kind, cell in times_of(archive, given.sources)})
        few, many = results
        show(small, large, few, many)
        wrong = []
        if given.queries:
            with closing(connect(large.path)) as db:
                articles = generate(given.articles, given.sources)
                wrong = list(disagreements(db, articles, given.queries, given.sources))
    aimed = {key: cell for key, cell in many.items() if key[1] in AIMED}
    slow = [f"{name}, {kind}" for (name, kind), cell in aimed.items() if cell.median > AIM_MS]
    slow_tail = [f"{name}, {kind}" for (name, kind), cell in aimed.items() if cell.p95 > AIM_P95_MS]
    grown = [
        f"{name}, {kind}"
        for (name, kind), cell in aimed.items()
        if cell.median > AIM_GROWTH * max(few[name, kind].median, LEAST_MS)
    ]
    checks = [
        common.Check(f"median at most {AIM_MS} ms", not slow, "; ".join(slow)),
        common.Check(f"p95 at most {AIM_P95_MS} ms", not slow_tail, "; ".join(slow_tail)),
        common.Check(f"growth at most {AIM_GROWTH} times", not grown, "; ".join(grown)),
        common.Check(f"{given.queries} random queries agree with plain Python", not wrong, "; ".join(wrong[:5])),
    ]
    figures = {f"{name}, {kind}": cell.median for (name, kind), cell in many.items()}
    common.write_json(given.json, figures | {"index MB": large.index_size / MB, "index CPU s": large.index_seconds})
    sys.exit(0 if show_checks(checks) else 1)


def show(small: Archive, large: Archive, few: dict[tuple[str, str], Cell], many: dict[tuple[str, str], Cell]) -> None:
    """Print the figures."""
    kinds = list(dict.fromkeys(kind for _, kind in many))
    tables: dict[str, Callable[[str, str], str]] = {
        f"{large.articles:,} articles: CPU ms, median / p95, warm": lambda name, kind: _shown(many[name, kind]),
        "Cold: CPU ms; wall time": lambda name, kind: f"{many[name, kind].cold:.0f}; {many[name, kind].cold_wall:.0f}",
        f"Growth from {small.articles:,} to {large.articles:,} articles: CPU ms, median": lambda name, kind: (
            f"{few[name, kind].median:.1f} -> {many[name, kind].median:.1f}"
        ),
    }
    for title, cell in tables.items():
        print(title)
        show_table(("query", *kinds), [[name, *(cell(name, kind) for kind in kinds)] for name in QUERIES])
        print()
    print(f"database {large.size / MB:,.0f} MB, of it the full-text index {large.index_size / MB:,.0f} MB, ", end="")
    print(f"made in {large.index_seconds:.0f} CPU s and merged in {large.merge_seconds:.0f}\n", flush=True)


def _shown(cell: Cell) -> str:
    return f"{cell.median:.1f} / {cell.p95:.1f}"


if __name__ == "__main__":
    main()
