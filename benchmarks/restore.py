"""Bring a day-old copy of a database up to date, and make the database anew: the same rows, ten times as fast.

An archive is filled with generated articles of 100 days. Before the last of them its database is copied. Then come the
articles of that day, edits of articles that were there, and a takedown. `morgue restore` makes the lost database of the
copy; `morgue rebuild` makes it of the WARC files alone. Exit 1: a row differs, or the restore is less than --ratio
times as fast. With --stop the rebuild is ended once that is certain, and its rows are not compared.
"""

from __future__ import annotations

import argparse
import gzip
import sqlite3
import sys
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

import common
from filing import HEAD, address, filling, page_of, short_articles
from search_corpus import GeneratedArticle

from tests.support.command import TABLES

DAYS = 100  # in which the articles are collected, evenly: the copy lacks those of the last day
EDITED_SHARE = 0.002  # of these, which are edited afterwards
COMPUTED = ("article_days", "clusters", "cluster_members", "article_pairs")
RATIO = 10.0
TIMEOUT = 4 * 3600.0  # seconds


@dataclass
class Measured:
    """Hold what a way to the same database took."""

    way: str
    wall: float  # seconds
    cpu: float  # seconds
    peak: int  # bytes of memory, all processes
    differing: list[str]  # tables


def record(article: GeneratedArticle, more: str = "") -> bytes:
    """Return a response record of an article, captured on the last day."""
    block = HEAD + page_of(article, more)
    head = (
        "WARC/1.1\r\nWARC-Type: response\r\n"
        f"WARC-Record-ID: <urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, address(article) + more)}>\r\n"
        f"WARC-Date: 2026-11-29T12:00:00Z\r\nWARC-Target-URI: {address(article)}\r\n"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(block)}\r\n\r\n"
    ).encode()
    return gzip.compress(head + block + b"\r\n\r\n", 1, mtime=0)


def write(file: Path, records: Iterable[bytes]) -> None:
    """Write a WARC file."""
    with file.open("wb") as out:
        out.writelines(records)


def later_records(articles: list[GeneratedArticle], copied: int) -> Iterator[bytes]:
    """Yield what comes after the copy: new articles, then edits of others."""
    for article in articles[copied:]:
        yield record(article)
    step = int(1 / EDITED_SHARE)
    for article in articles[1:copied:step]:
        more = f"Correction: an earlier version of this report gave {article.number} as the number of the day."
        yield record(article, more)


def morgue(folder: Path, archive: Path, *words: str | Path, timeout: float = TIMEOUT) -> common.Run:
    """Run a command on an archive to its end, or for so many seconds; end the program if it fails."""
    command = [*common.morgue_command(), "-C", str(archive), *map(str, words)]
    done = common.measure(command, folder=folder, env=common.morgue_env(), timeout=timeout)
    if done.code and not done.timed_out:
        sys.exit(f"morgue {' '.join(map(str, words))}: exit {done.code}\n{done.output}")
    return done


def digests(database: Path) -> dict[str, str]:
    """Return a digest of all rows of each table that a rebuild makes again. Places go by the order of filing."""
    found = {}
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        for name in (*TABLES, *COMPUTED):
            columns = [row[1] for row in db.execute(f"PRAGMA table_info({name})") if row[1] != "place"]
            digest = sha256()
            for row in db.execute(f"SELECT {', '.join(columns)} FROM {name} ORDER BY 1, 2"):
                digest.update(repr(row).encode("utf-8", "surrogatepass"))
            found[name] = digest.hexdigest()
    return found


def make(folder: Path, count: int, sources: int) -> tuple[Path, Path]:
    """Make the archive; return it, and the copy of its database."""
    archive, copy = common.new_archive(folder), folder / "copy.db"
    articles = list(short_articles(count, sources))
    copied = count - count // DAYS
    with filling(archive, sources) as filler:
        for article in articles[:copied]:
            filler.file(article)
    with closing(sqlite3.connect(archive / "morgue.db")) as db, closing(sqlite3.connect(copy)) as to:
        db.backup(to)
    write(folder / "after.warc.gz", later_records(articles, copied))
    morgue(folder, archive, "import", folder / "after.warc.gz")
    morgue(folder, archive, "remove", address(articles[0]), "--reason", "benchmark", "--yes")
    return archive, copy


def measure_ways(folder: Path, archive: Path, copy: Path, enough: float) -> Iterator[Measured]:
    """Lose the database, and make it again in both ways. `enough`: the ratio at which the second is stopped."""
    lost, timeout = digests(archive / "morgue.db"), TIMEOUT
    for way, words in (("restore", ("restore", "--from", copy)), ("rebuild", ("rebuild",))):
        for path in archive.glob("morgue.db*"):
            path.unlink()
        done = morgue(folder, archive, *words, timeout=timeout)
        print(f"{way}: {next((line for line in done.output.splitlines() if 'WARC file' in line), 'stopped')}")
        made = {} if done.timed_out else digests(archive / "morgue.db")
        yield Measured(way, done.wall, done.cpu, done.peak, [name for name in made if made[name] != lost[name]])
        timeout = min(TIMEOUT, enough * done.wall)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=5000, help="in the archive (default %(default)s)")
    parser.add_argument("--ratio", type=float, default=RATIO, help="least ratio of times (default %(default)s)")
    parser.add_argument("--sources", type=int, default=400, help="of the articles (default %(default)s)")
    parser.add_argument(
        "--stop", action="store_true", help="end the rebuild when it has taken 1.2 times --ratio as long"
    )
    parser.add_argument("--keep", metavar="DIR", help="work in this empty folder, and leave it")
    parser.add_argument("--json", metavar="FILE", help="write the figures")
    args = parser.parse_args()
    common.need_morgue("restore", "rebuild")
    common.seal(required=False)
    with common.workshop(args.keep) as folder:
        began = time.monotonic()
        archive, copy = make(folder, args.articles, args.sources)
        size = sum(file.stat().st_size for file in archive.rglob("*") if file.is_file())
        print(
            f"{args.articles:,} articles filed in {time.monotonic() - began:.0f} s: {size / common.MB:,.0f} MB on disk"
        )
        ways = list(measure_ways(folder, archive, copy, 1.2 * args.ratio if args.stop else TIMEOUT))
    restored, rebuilt = ways
    rows = [(one.way, f"{one.wall:.1f}", f"{one.cpu:.1f}", f"{one.peak / common.MB:.0f}") for one in ways]
    common.show_table(("way", "wall s", "CPU s", "peak MB"), rows)
    ratio = rebuilt.wall / restored.wall
    print(f"CPU: {rebuilt.cpu / restored.cpu:.1f} times less")
    checks = [
        common.Check("rows", not one.differing, f"{one.way}: {', '.join(one.differing) or 'all equal'}") for one in ways
    ]
    checks.append(common.Check("speed", ratio >= args.ratio, f"{ratio:.1f} times (at least {args.ratio:g})"))
    common.write_json(args.json, {"articles": args.articles, "ratio": ratio, "ways": [asdict(one) for one in ways]})
    return 0 if common.show_checks(checks) else 1


if __name__ == "__main__":
    sys.exit(main())
