"""Split an archive of generated articles into a fleet; compare what search, counts and exports give before and after.

    python benchmarks/split.py [--articles N] [--sites N] [--shards N]

Exit code 1 if anything differs. The archive has WARC records, so that all of what a split does is timed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import common  # noqa: F401 - makes the packages of this checkout importable

from pipelines.archive.writer import ArchiveWriter
from pipelines.core.items import Article, Exchange, Page, Reading, Source
from pipelines.database.connection import connect
from pipelines.database.search.hits import search
from pipelines.database.store import ArticleStore
from pipelines.warc.exchange import write_exchange
from pipelines.warc.storage import WarcStorage
from tests.support.command import make_archive, morgue

WORDS = [f"word{number}" for number in range(4000)]
QUERIES = ("word1", "word7 word70", '"word3 word4"', "word1*", "word9 -word99")
LISTS, TEXTS = ("authors", "tags", "rights", "comments"), ("kind", "text")
EMPTY: dict[str, Any] = {
    one.name: () if one.name in LISTS else {} if one.name == "found_in" else "" if one.name in TEXTS else None
    for one in fields(Article)
}
WHERE = ("warc_file", "warc_offset")  # keys of an export that say where a record is now
START = datetime(2026, 1, 1, tzinfo=UTC)


def generate(folder: Path, articles: int, sites: int) -> None:
    """Make an archive with its records and rows, as crawls write them."""
    dice = random.Random(7)
    writer = ArchiveWriter(folder / "morgue.db", WarcStorage(folder / "warc"))
    store = ArticleStore(writer.db)

    def file(number: int, crawl: int, sources: list[int]) -> None:
        site = number % sites
        url = f"https://paper{site}.example/2026/{number}.html"
        text = "\n".join(" ".join(dice.choices(WORDS, k=40)) for _ in range(5))
        body = f"<html><h1>Headline {number}</h1><p>{text}</p></html>".encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
        at = START + timedelta(seconds=number)
        request = b"GET / HTTP/1.1\r\nHost: paper\r\n\r\n"
        exchange = Exchange(url, at, request, head + body, ip="192.0.2.1", head_length=len(head), status=200,
                            kind="article")  # fmt: skip
        capture = store.capture(write_exchange(exchange, writer.writer), crawl, sources[site])
        values = EMPTY | {"url": url, "title": f"Headline {number}", "text": text, "word_count": 200,
                          "published": f"{at:%Y-%m-%d}", "language": "en", "extractor": "benchmark"}  # fmt: skip
        article = Article(**values)
        store.file(Reading(Page(url, body, "text/html", capture=capture), article, 0.0), sources[site], url)

    crawl = writer.call(store.begin_crawl, "crawl", "benchmark")
    sources = [writer.call(store.source, Source(f"paper{n}", f"https://paper{n}.example/")) for n in range(sites)]
    for number in range(articles):
        writer.call(file, number, crawl, sources)
    writer.close(everything=True)
    if writer.failed is not None:
        raise writer.failed


def answers(folders: list[Path]) -> dict[str, object]:
    """Return what archives answer together: hits, counts, and the digest of a sorted export."""
    found: dict[str, object] = {}
    counted: Counter[str] = Counter()
    lines: list[str] = []
    for query in QUERIES:
        hits: set[int] = set()
        for folder in folders:
            with closing(connect(folder / "morgue.db")) as db:
                hits.update(hit["id"] for hit in search(db, query, limit=None))
        found[query] = hashlib.sha256(repr(sorted(hits)).encode()).hexdigest(), len(hits)
    for folder in folders:
        with closing(connect(folder / "morgue.db")) as db:
            for table in ("articles", "revisions", "sightings", "sources"):
                counted[table] += db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        out = folder / "export.jsonl"
        done = morgue("-C", folder, "export", "jsonl", out, "--force", timeout=3600)
        assert done.returncode == 0, done.stderr
        with out.open(encoding="utf-8") as exported:
            for line in exported:
                row = json.loads(line)
                lines.append(repr(sorted((key, value) for key, value in row.items() if key not in WHERE)))
        out.unlink()
    found["counts"] = dict(counted)
    found["export"] = hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest(), len(lines)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--sites", type=int, default=400)
    parser.add_argument("--shards", type=int, default=16)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="morgue-split-") as name:
        archive, fleet = make_archive(Path(name) / "archive"), Path(name) / "fleet"
        generate(archive, asked.articles, asked.sites)
        before = answers([archive])
        began = time.perf_counter()
        done = morgue("fleet", "split", archive, "--shards", str(asked.shards), "--into", fleet, timeout=36_000)
        seconds = time.perf_counter() - began
        assert done.returncode == 0, done.stderr
        after = answers(sorted((fleet / "shards").iterdir()))
    print(f"{asked.articles:,} articles into {asked.shards} shards: {seconds:,.1f} s, "
          f"{1000 * seconds / asked.articles:.2f} ms an article")  # fmt: skip
    wrong = [name for name in before if before[name] != after[name]]
    for name in before:
        print(f"  {name}: {'DIFFERS' if name in wrong else 'equal'} {before[name]}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
