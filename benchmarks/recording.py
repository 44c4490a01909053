"""Measure what recording costs: CPU beside the same crawl without it, and bytes beside `wget --warc-file`.

    python benchmarks/recording.py [--pages 3000] [--json FILE]

A site of news-like pages of 15-120 KB that its server sends gzip-coded. A crawl that only fetches (`fetching.py`:
Scrapy over our wire, no page is read) has recording on for fifty pages and off for the next fifty, in turns; the CPU
seconds of neighbours are divided. wget fetches the pages that were recorded, with the same Accept-Encoding. Exit code 1
if recording costs more than `--cpu` times, or takes more than `--size` times the bytes.
"""

from __future__ import annotations

import argparse
import gzip
import shutil
import statistics
import subprocess
import sys
import zlib
from collections import Counter
from functools import lru_cache
from pathlib import Path

import common
from crawl import free_port
from verify import news_like

from tests.support.journal_server import NOT_FOUND, Resource, serving

HERE = Path(__file__).resolve().parent
SMALLEST, LARGEST = 15_000, 120_000  # bytes of a page
VARIANTS = 200  # pages that are made; each is served at many addresses with a line of its own
BLOCK, WARM = 50, 2  # pages of one turn; turns of each kind that only warm up
ACCEPT_ENCODING = "gzip, deflate, br, zstd"  # what Scrapy sends where it can decode all of them


class Site:
    """`/story-N`, N from 1."""

    def __init__(self, count: int, origin: str) -> None:
        self.made = news_like(1, VARIANTS, SMALLEST, LARGEST)
        self.urls = [f"{origin}/2026/11/story-{number}" for number in range(1, count + 1)]
        self.resource = lru_cache(maxsize=count)(self.printed)

    def resolve(self, _scheme: str, _host: str, target: str) -> Resource:
        number = target.rpartition("-")[2]
        return self.resource(int(number)) if number.isdigit() else NOT_FOUND

    def printed(self, number: int) -> Resource:
        body = self.made[number % VARIANTS] + b"<p>Story %d</p></body></html>" % number
        return Resource(body, packed=gzip.compress(body, 6, mtime=0))


def fetch(shop: Path, urls: Path) -> tuple[list[float], list[float], Path]:
    """CPU seconds of the blocks without recording, of those with it, and the WARC file of the latter."""
    archive = common.new_archive(shop)
    command = [sys.executable, str(HERE / "fetching.py"), str(urls), str(archive), str(BLOCK)]
    done = subprocess.run(command, env=common.morgue_env(), capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"fetching.py: exit {done.returncode}: {done.stderr[-1500:]}")
    blocks = [line.split() for line in done.stdout.splitlines()]
    off, on = ([float(cpu) for mode, cpu in blocks if mode == wanted] for wanted in "01")
    (path,) = (archive / "warc").iterdir()
    return off, on, path


def wget(shop: Path, urls: Path) -> Path:
    """Fetch the same by wget; return its WARC file."""
    folder = shop / "wget"
    folder.mkdir()
    command = ["wget", "--no-verbose", "--no-config", "-i", str(urls), "--warc-file=pages", "-O", "pages.html",
               f"--header=Accept-Encoding: {ACCEPT_ENCODING}"]  # fmt: skip
    run = common.measure(command, folder=folder)
    if run.code:
        sys.exit(f"wget: exit {run.code}: {run.output[-1500:]}")
    return folder / "pages.warc.gz"


def kinds(path: Path) -> Counter[str]:
    """Bytes of the gzip members of a WARC file by what is in them."""
    found: Counter[str] = Counter()
    rest = path.read_bytes()
    while rest:
        stream = zlib.decompressobj(31)
        head = stream.decompress(rest).partition(b"\r\n\r\n")[0]
        fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:])
        kind = fields[b"WARC-Type"].decode()
        kind = "journal" if b"Morgue-Journal" in fields else kind
        found[kind] += len(rest) - len(stream.unused_data)
        rest = stream.unused_data
    return found


def arguments() -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--pages", type=int, default=3000, help="of the site (default 3000)")
    options.add_argument("--cpu", type=float, default=1.15, help="most CPU, of the crawl without recording")
    options.add_argument("--size", type=float, default=1.02, help="most bytes, of wget's WARC file")
    options.add_argument("--json", metavar="FILE", help="write the figures as JSON (- for stdout)")
    return options.parse_args()


def main() -> int:
    given = arguments()
    if shutil.which("wget") is None:
        common.skip("wget is not installed")
    common.seal(required=False)
    common.need_morgue()
    port = free_port()
    site = Site(given.pages // (2 * BLOCK) * 2 * BLOCK, f"http://127.0.0.1:{port}")
    recorded = [url for at, url in enumerate(site.urls) if at // BLOCK % 2]
    with common.workshop() as shop, serving(site.resolve, port=port):
        urls = shop / "urls.txt"
        urls.write_text("\n".join(site.urls) + "\n")
        off, on, ours = fetch(shop, urls)
        urls.write_text("\n".join(recorded) + "\n")
        theirs = wget(shop, urls)
        size, parts, reference, others = ours.stat().st_size, kinds(ours), theirs.stat().st_size, kinds(theirs)
    off, on = off[WARM:], on[WARM:]
    ratios = [kept / none for kept, none in zip(on, off, strict=True)]
    rows = [(name, common.spread([cpu * 1000 / BLOCK for cpu in cpus], "{:.2f}".format))
            for name, cpus in (("without recording", off), ("with recording", on))]  # fmt: skip
    mean = statistics.mean(len(page) for page in site.made)
    print(f"{len(site.urls)} pages of {mean / 1000:.0f} KB on average, {len(ratios)} pairs of {BLOCK}\n")
    common.show_table(("fetching", "CPU ms/page"), rows)
    print()
    names = sorted({*parts, *others}, key=lambda name: -parts[name])
    sizes = [(name, f"{parts[name] / len(recorded):.1f}", f"{others[name] / len(recorded):.1f}") for name in names]
    common.show_table(("bytes a page", "ours", "wget's"), sizes)
    cpu, bytes_ = statistics.median(ratios), size / reference
    low, _, high = statistics.quantiles(ratios)
    checks = [
        common.Check("CPU of recording", cpu <= given.cpu,
                     f"{cpu:.3f} of without (half of the pairs: {low:.3f}-{high:.3f}), at most {given.cpu:g}"),
        common.Check("WARC size", bytes_ <= given.size,
                     f"{size / 1e6:.2f} MB, {bytes_:.4f} of wget's, at most {given.size:g}"),
    ]  # fmt: skip
    print()
    passed = common.show_checks(checks)
    common.write_json(given.json, {"off": off, "on": on, "ratio": cpu, "size_ratio": bytes_, "bytes": parts})
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
