"""Measure how fast `morgue import --domain` finds one paper's records in a file of many.

    python benchmarks/import_filter.py [--megabytes 120] [--runs 3]

Makes a file like those of Common Crawl's CC-NEWS (answers only, HTML, one gzip member a record, a hundred hosts), then
in turns, each in a process of its own: our reading of it for one domain in a hundred (kept: the whole of each record),
`warcio index` (offsets only), and FastWARC's ArchiveIterator (which looks at each record's address). Counted is
processor time. The import itself, with rows and articles, is shown too, once.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
from pathlib import Path

import common

HOSTS = 100
OURS = f"""
import sys
sys.path.insert(0, {str(common.ROOT)!r})
from pipelines.importing.adopt import ImportFilter
from pipelines.importing.foreign_records import read_records
from pipelines.importing.unpacking import UnpackedStream
wanted = ImportFilter(domains=frozenset(("paper7.example",)))
found = kept = 0
with open(sys.argv[1], "rb") as file:
    for one in read_records(UnpackedStream(file), lambda fields: wanted.reason_to_skip(fields) is None, print):
        found += 1
        kept += one.block is not None
print(found, kept)
"""
FASTWARC = """
import sys
from fastwarc.warc import ArchiveIterator
found = kept = 0
with open(sys.argv[1], "rb") as file:
    for one in ArchiveIterator(file, parse_http=False):
        found += 1
        if ".paper7.example/" in one.headers["WARC-Target-URI"]:
            kept += len(one.reader.read()) > 0
print(found, kept)
"""


def make(path: Path, size: int) -> int:
    """Write a file of about `size` bytes; return how many records are in it."""
    sys.path.insert(0, str(common.ROOT))
    from pipelines.warc.record import WarcFields, WarcRecord, digest, gzip_member, new_id

    rng = random.Random(1)
    letters, weights = "etaoinshrdlucmfwypvbgkqjxz", range(26, 0, -1)
    words = ["".join(rng.choices(letters, weights, k=rng.randint(2, 10))) for _ in range(30_000)]
    pages = [html(rng, words) for _ in range(200)]
    count, written = 0, 0
    with path.open("wb") as file:
        while written < size:
            block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + pages[count % len(pages)]
            fields = (
                ("WARC-Type", "response"),
                ("WARC-Record-ID", new_id()),
                ("WARC-Date", "2024-03-09T12:00:00Z"),
                ("WARC-Target-URI", f"https://www.paper{count % HOSTS}.example/2024/03/09/a-story-of-number-{count}"),
                ("WARC-IP-Address", "192.0.2.7"),
                ("WARC-Block-Digest", digest(block)),
                ("Content-Type", "application/http; msgtype=response"),
            )
            written += file.write(gzip_member(WarcRecord(WarcFields(fields), block)))
            count += 1
    return count


def html(rng: random.Random, words: list[str]) -> bytes:
    """Return a page of 20 to 200 kB: an article in the middle of many links."""
    links = "".join(
        f'<li class="t"><a href="/{rng.choice(words)}/{rng.randint(0, 9)}">{" ".join(rng.choices(words, k=9))}</a></li>'
        for _ in range(rng.randint(100, 1200))
    )
    text = "".join(f"<p>{' '.join(rng.choices(words, k=60))}.</p>\n" for _ in range(12))
    body = f"<article>{text}</article><ul>{links}</ul>"
    return f"<html><head><title>A story</title></head><body>{body}</body></html>".encode()


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--megabytes", type=int, default=120, help="size of the file (default 120)")
    options.add_argument("--runs", type=int, default=3, help="how often each reads it (default 3)")
    options.add_argument("--keep", metavar="DIR", help="leave file and archive there")
    options.add_argument("--json", metavar="FILE", help="write the figures as JSON (- for stdout)")
    args = options.parse_args()
    common.seal(required=False)
    common.need_morgue("import")
    with common.workshop(args.keep) as folder:
        path = folder / "theirs.warc.gz"
        count = make(path, args.megabytes * common.MB)
        print(f"{count} records, {path.stat().st_size / common.MB:.0f} MB\n")
        readers = {
            "morgue": [sys.executable, "-c", OURS, str(path)],
            "warcio index": [sys.executable, "-m", "warcio.cli", "index", "-f", "offset", str(path)],
            "FastWARC": [sys.executable, "-c", FASTWARC, str(path)],
        }
        seconds: dict[str, list[float]] = {name: [] for name in readers}
        for _ in range(args.runs):
            for name, command in readers.items():
                run = common.measure(command, folder=folder, env=common.morgue_env(), timeout=600)
                if run.code:
                    sys.exit(f"{name}: exit {run.code}: {run.output.strip()[-500:]}")
                seconds[name].append(run.cpu)
        speed = {name: count / statistics.median(taken) for name, taken in seconds.items()}
        rows = []
        for name, taken in seconds.items():
            ratio = f"{speed['morgue'] / speed[name]:.2f}"
            rows.append((name, f"{speed[name]:.0f}", common.spread(taken, "{:.2f}".format), ratio))
        common.show_table(("reader", "records a CPU second", "CPU seconds", "morgue is times as fast"), rows)
        archive = common.new_archive(folder)
        command = [*common.morgue_command(), "-C", str(archive), "import", "--domain", "paper7.example", str(path)]
        whole = common.measure(command, folder=folder, env=common.morgue_env(), timeout=600)
        print(f"\nmorgue import --domain: {whole.wall:.1f} s, {whole.cpu:.1f} CPU s, exit {whole.code}\n{whole.output}")
        common.write_json(args.json, {"records": count, "bytes": path.stat().st_size, "cpu": seconds, "speed": speed})
    return 0


if __name__ == "__main__":
    sys.exit(main())
