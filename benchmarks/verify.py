"""Measure what `morgue verify` costs beside `gzip -t` and `sha256sum`, which together look at less.

    python benchmarks/verify.py [--megabytes 200] [--runs 3] [--limit 0.8]

An archive is made of news-like pages of our own, written by our own writer, every other body gzip-coded as servers
send it, with its rows and its manifest. The two tools read its one WARC file one after the other; `morgue verify
--jobs 1` reads the archive. They take turns; CPU seconds of each process are divided. Exit code 1 if verify has less
than `--limit` of the pair's speed.
"""

from __future__ import annotations

import argparse
import gzip
import random
import shutil
import statistics
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import common

sys.path.insert(0, str(common.ROOT))

SMALLEST, LARGEST = 5_000, 200_000  # bytes of a page before coding; every size as often as any other
VARIANTS = 400  # pages that are made; each is kept again and again with a line of its own
COLUMNS = ("what", "CPU s", "MB/s", "of the pair")


def news_like(seed: int, count: int, smallest: int, largest: int) -> list[bytes]:
    """HTML of news-like pages: a vocabulary of skewed use between tags that repeat."""
    chosen = random.Random(seed)
    words = ["".join(chosen.choices("abcdefghijklmnoprstuvwy", k=chosen.randint(2, 11))) for _ in range(6000)]
    weights = [1 / (rank + 5) for rank in range(len(words))]
    made = []
    for number in range(count):
        size = int(smallest * (largest / smallest) ** chosen.random())
        parts, length = [b"<!doctype html><html><head><title>Page %d</title></head><body>" % number], 0
        while length < size:
            text = " ".join(chosen.choices(words, weights, k=chosen.randint(20, 90)))
            address = f"/2026/11/{chosen.randint(1, 30)}/{chosen.choice(words)}-{chosen.choice(words)}"
            parts.append(f'<p class="article__text">{text}. <a href="{address}">{words[number]}</a></p>\n'.encode())
            length += len(parts[-1])
        made.append(b"".join(parts))
    return made


def pages(seed: int) -> list[tuple[bytes, bytes]]:
    """(fields of the head, body) of such pages, every other one gzip-coded."""
    made = []
    for number, body in enumerate(news_like(seed, VARIANTS, SMALLEST, LARGEST)):
        if number % 2:
            made.append((b"Content-Type: text/html\r\nContent-Encoding: gzip\r\n", gzip.compress(body, 6, mtime=0)))
        else:
            made.append((b"Content-Type: text/html; charset=utf-8\r\n", body))
    return made


def exchanges(seed: int) -> Iterator[object]:
    """Pages without end, as a crawl hands them to the writer."""
    from pipelines.core.items import Exchange

    made, start = pages(seed), datetime(2026, 11, 23, tzinfo=UTC)
    number = 0
    while True:
        for fields, body in made:
            number += 1
            head = b"HTTP/1.1 200 OK\r\nServer: nginx\r\n%sContent-Length: %d\r\n\r\n" % (fields, len(body) + 8)
            request = b"GET /%d HTTP/1.1\r\nHost: paper.example\r\nUser-Agent: x\r\nAccept: */*\r\n\r\n" % number
            answer = head + body + b"%08d" % number
            yield Exchange(f"https://paper.example/{number}", start + timedelta(seconds=number), request, answer,
                           ip="192.0.2.1", tls="tls/1.3", cipher="TLS_AES_128_GCM_SHA256", head_length=len(head),
                           status=200, kind="article")  # fmt: skip


def make(archive: Path, size: int, seed: int) -> Path:
    """Make an archive with one WARC file of at least `size` bytes, its rows and its manifest; return that file."""
    from pipelines.core.timestamps import fine_stamp
    from pipelines.database.connection import open_database
    from pipelines.database.store import ArticleStore
    from pipelines.warc import manifest
    from pipelines.warc.exchange import write_exchange
    from pipelines.warc.storage import WarcStorage, sha256_of
    from pipelines.warc.writer import WarcWriter

    (archive / "warc").mkdir(parents=True)
    (archive / "morgue.toml").touch()
    writer = WarcWriter(WarcStorage(archive / "warc"), max_size=1 << 60, info={})
    db = open_database(archive / "morgue.db")
    store, captures = ArticleStore(db), []
    db.execute("BEGIN")
    for exchange in exchanges(seed):
        capture = write_exchange(exchange, writer)  # type: ignore[arg-type]
        store.capture(capture, None, None)
        captures.append(fine_stamp(capture.time))
        if capture.offset > size:
            break
    db.execute("COMMIT")
    db.close()
    writer.close()
    (path,) = (archive / "warc").iterdir()
    records = 1 + 2 * len(captures)
    entry = manifest.ManifestEntry(path.name, path.stat().st_size, sha256_of(path), records, len(captures),
                           captures[0], captures[-1])  # fmt: skip
    manifest.write(archive / manifest.NAME, [entry])
    return path


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--megabytes", type=int, default=200, help="size of the WARC file (default 200)")
    options.add_argument("--runs", type=int, default=3, help="turns (default 3)")
    options.add_argument("--limit", type=float, default=0.8, help="least speed, of the pair's (default 0.8)")
    options.add_argument("--seed", type=int, default=1, help="of the pages")
    options.add_argument("--keep", metavar="DIR", help="leave the archive there")
    options.add_argument("--json", metavar="FILE", help="write the figures as JSON (- for stdout)")
    given = options.parse_args()
    for tool in ("gzip", "sha256sum"):
        if shutil.which(tool) is None:
            common.skip(f"{tool} is not installed")
    if reason := common.morgue_lacks("verify"):
        common.skip(reason)
    with common.workshop(given.keep) as folder:
        path = make(folder / "archive", given.megabytes * common.MB, given.seed)
        size = path.stat().st_size
        verify = [*common.morgue_command(), "-C", str(folder / "archive"), "verify"]
        commands = {
            "gzip -t": ["gzip", "-t", str(path)],
            "sha256sum": ["sha256sum", str(path)],
            "morgue verify --jobs 1": [*verify, "--jobs", "1"],
            "morgue verify": verify,
        }
        spent: dict[str, list[float]] = {name: [] for name in commands}
        walls: list[float] = []
        for _ in range(given.runs):
            for name, command in commands.items():
                run = common.measure(command, folder=folder, env=common.morgue_env())
                if run.code:
                    sys.exit(f"{name}: exit {run.code}: {run.output.strip()[-500:]}")
                spent[name].append(run.cpu)
                if command is verify:
                    walls.append(run.wall)
    pairs = [one + two for one, two in zip(spent["gzip -t"], spent["sha256sum"], strict=True)]
    ratios = [pair / ours for pair, ours in zip(pairs, spent["morgue verify --jobs 1"], strict=True)]
    rows = [(name, common.spread(seconds, "{:.2f}".format), f"{size / 1e6 / statistics.median(seconds):.0f}",
             f"{statistics.median(pairs) / statistics.median(seconds):.2f}")
            for name, seconds in [*list(spent.items())[:2], ("the pair", pairs), *list(spent.items())[2:]]]  # fmt: skip
    print(f"{size / 1e6:,.0f} MB of WARC, {given.runs} turns\n")
    common.show_table(COLUMNS, rows)
    print(f"\nmorgue verify on all cores: {common.spread(walls, '{:.2f}'.format)} s of wall time")
    ratio = statistics.median(ratios)
    common.write_json(given.json, {"bytes": size, "cpu": spent, "ratios": ratios, "ratio": ratio})
    passed = ratio >= given.limit
    verdict = "ok" if passed else "FAILED"
    print(f"one core: {common.spread(ratios, '{:.2f}'.format)} of the pair's speed, least {given.limit:g}: {verdict}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
