"""Bring a day-old copy of a database up to date, and make the database anew: the same rows, ten times as fast.

An archive is made by `morgue import` of generated articles. After 97 % of them its database is copied. Then come the
rest, edits of articles that were there, and a takedown. `morgue restore` makes the lost database of the copy; `morgue
rebuild` makes it of the WARC files alone. Exit 1: a row differs, or the restore is less than --ratio times as fast.
"""

from __future__ import annotations

import argparse
import gzip
import html
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
from search_corpus import GeneratedArticle, generate

from tests.support.command import TABLES

COPIED_SHARE = 0.97  # of the articles that the copy has
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
    differing: list[str]  # tables


def address(article: GeneratedArticle) -> str:
    """Return the URL of an article."""
    return f"https://paper-{article.source}.example/news/{article.number}-report-of-the-day.html"


def record(article: GeneratedArticle, day: str, more: str = "") -> bytes:
    """Return a response record of an article, captured on a day."""
    lines = "".join(f"<p>{html.escape(line)}</p>" for line in [*article.text.split("\n"), *([more] if more else [])])
    title = html.escape(article.title)
    published = f'<time datetime="{article.day}">{article.day}</time>' if article.day else ""
    page = (
        f'<!DOCTYPE html><html lang="{article.language}"><head><title>{title}</title></head><body><article>'
        f"<h1>{title}</h1><p>{html.escape(article.byline)}</p>{published}{lines}</article></body></html>"
    ).encode()
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + page
    head = (
        "WARC/1.1\r\nWARC-Type: response\r\n"
        f"WARC-Record-ID: <urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, address(article) + more)}>\r\n"
        f"WARC-Date: {day}T12:00:00Z\r\nWARC-Target-URI: {address(article)}\r\n"
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
        yield record(article, "2026-11-29")
    step = int(1 / EDITED_SHARE)
    for article in articles[1:copied:step]:
        more = f"Correction: an earlier version of this report gave {article.number} as the number of the day."
        yield record(article, "2026-11-29", more)


def morgue(folder: Path, archive: Path, *words: str | Path) -> common.Run:
    """Run a command on an archive to its end; end the program if it fails."""
    command = [*common.morgue_command(), "-C", str(archive), *map(str, words)]
    done = common.measure(command, folder=folder, env=common.morgue_env(), timeout=TIMEOUT)
    if done.code:
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


def make(folder: Path, count: int) -> tuple[Path, Path]:
    """Make the archive; return it, and the copy of its database."""
    archive, copy = common.new_archive(folder), folder / "copy.db"
    articles = list(generate(count, sources=50))
    copied = int(count * COPIED_SHARE)
    write(folder / "before.warc.gz", (record(article, "2026-11-28") for article in articles[:copied]))
    morgue(folder, archive, "import", folder / "before.warc.gz")
    with closing(sqlite3.connect(archive / "morgue.db")) as db, closing(sqlite3.connect(copy)) as to:
        db.backup(to)
    write(folder / "after.warc.gz", later_records(articles, copied))
    morgue(folder, archive, "import", folder / "after.warc.gz")
    morgue(folder, archive, "remove", address(articles[0]), "--reason", "benchmark", "--yes")
    return archive, copy


def measure_ways(folder: Path, archive: Path, copy: Path) -> Iterator[Measured]:
    """Lose the database, and make it again in both ways."""
    lost = digests(archive / "morgue.db")
    for way, words in (("restore", ("restore", "--from", copy)), ("rebuild", ("rebuild",))):
        for path in archive.glob("morgue.db*"):
            path.unlink()
        done = morgue(folder, archive, *words)
        print(f"{way}: {next((line for line in done.output.splitlines() if 'WARC file' in line), '')}")
        made = digests(archive / "morgue.db")
        yield Measured(way, done.wall, done.cpu, [name for name in lost if made[name] != lost[name]])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=5000, help="in the archive (default %(default)s)")
    parser.add_argument("--ratio", type=float, default=RATIO, help="least ratio of times (default %(default)s)")
    parser.add_argument("--keep", metavar="DIR", help="work in this empty folder, and leave it")
    parser.add_argument("--json", metavar="FILE", help="write the figures")
    args = parser.parse_args()
    common.need_morgue("restore", "rebuild")
    common.seal(required=False)
    with common.workshop(args.keep) as folder:
        began = time.monotonic()
        archive, copy = make(folder, args.articles)
        print(f"{args.articles:,} articles imported in {time.monotonic() - began:.0f} s")
        ways = list(measure_ways(folder, archive, copy))
    restored, rebuilt = ways
    rows = [(one.way, f"{one.wall:.1f}", f"{one.cpu:.1f}") for one in ways]
    common.show_table(("way", "wall s", "CPU s"), rows)
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
