"""Split an archive of generated articles into a fleet; compare what search, counts and exports give before and after.

    python benchmarks/split.py [--articles N] [--sites N] [--shards N] [--kill SECONDS]

Exit code 1 if anything differs. The archive has WARC records, so that all of what a split does is timed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import common
from filing import filling, short_articles

from pipelines.database.connection import connect
from pipelines.database.search.hits import search

QUERIES = ("climate", "government -said", '"white house"', "minist*", "climate government")
FACETS = ("language", "source", "month")
TIMEOUT = 36_000.0  # seconds
WHERE = ("warc_file", "warc_offset")  # keys of an export that say where a record is now


def answers(archive: Path, folders: list[Path], scratch: Path) -> dict[str, object]:
    """Return what an archive or fleet answers: hits, counts, and the digest of a sorted export.

    `folders`: of the archive, or of all shards.
    """
    found: dict[str, object] = {}
    counted: Counter[str] = Counter()
    for query in QUERIES:
        hits: set[int] = set()
        for folder in folders:
            with closing(connect(folder / "morgue.db")) as db:
                hits.update(hit["id"] for hit in search(db, query, limit=None))
        found[query] = len(hits), digest([repr(sorted(hits))])
    for folder in folders:
        with closing(connect(folder / "morgue.db")) as db:
            for table in ("articles", "revisions", "sightings", "sources"):
                counted[table] += db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    found["rows"] = dict(counted)
    for facet in FACETS:
        found[f"count by {facet}"] = digest([run("-C", archive, "count", "--by", facet, "--format", "json").output])
    out = scratch / "export.jsonl"
    run("-C", archive, "export", "jsonl", out, "--force")
    with out.open(encoding="utf-8") as exported:
        rows = map(json.loads, exported)
        lines = [digest(repr((key, row[key])) for key in sorted(row) if key not in WHERE) for row in rows]
    out.unlink()
    found["export"] = len(lines), digest(sorted(lines))
    return found


def digest(lines: Iterable[str]) -> str:
    """Return a digest of lines in their order."""
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def run(*words: str | Path, timeout: float = TIMEOUT) -> common.Run:
    """Run a command to its end, or for so many seconds; end the program if it fails."""
    with tempfile.TemporaryDirectory() as name:
        command = [*common.morgue_command(), *map(str, words)]
        out = Path(name) / "printed"
        done = common.measure(command, folder=Path(name), env=common.morgue_env(), timeout=timeout, stdout=out)
        if done.code and not done.timed_out:
            sys.exit(f"{command}: exit {done.code}\n{done.output}")
        return replace(done, output=out.read_text() + done.output)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--sites", type=int, default=400)
    parser.add_argument("--shards", type=int, default=16)
    parser.add_argument("--archive", type=Path, metavar="DIR", help="split this one, which has that many articles")
    parser.add_argument(
        "--kill", type=float, metavar="SECONDS", help="kill the split after that time, and run it again"
    )
    parser.add_argument("--keep", metavar="DIR", help="work in this empty folder, and leave it")
    asked = parser.parse_args()
    with common.workshop(asked.keep) as folder:
        fleet, archive = folder / "fleet", asked.archive
        if archive is None:
            archive = common.new_archive(folder)
            with filling(archive, asked.sites) as filler:
                for article in short_articles(asked.articles, asked.sites):
                    filler.file(article)
        before = answers(archive, [archive], folder)
        words = ("fleet", "split", archive, "--shards", str(asked.shards), "--into", fleet)
        if asked.kill is not None:
            killed = run(*words, timeout=asked.kill)
            begun = len(list((fleet / "shards").iterdir()))
            print(f"killed after {killed.wall:.0f} s in shard {begun} of {asked.shards}: {killed.output[-100:]!r}")
        done = run(*words)
        size = sum(file.stat().st_size for file in fleet.rglob("*") if file.is_file())
        print(f"{asked.articles:,} articles into {asked.shards} shards: {done.wall:,.1f} s, {done.cpu:,.1f} s CPU, "
              f"{1000 * done.cpu / asked.articles:.2f} ms an article; {done.peak / common.MB:,.0f} MB of memory, "
              f"{size / common.MB:,.0f} MB on disk", flush=True)  # fmt: skip
        after = answers(fleet, sorted((fleet / "shards").iterdir()), folder)
    wrong = [name for name in before if before[name] != after[name]]
    for name in before:
        print(f"  {name}: {'DIFFERS' if name in wrong else 'equal'} {before[name]}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
