"""What recording costs: CPU beside a crawl that records nothing, and bytes beside `wget --warc-file`.

    python benchmarks/recording.py [--pages 1500] [--rounds 5] [--json FILE]

A site of news-like pages of 15-120 KB that its server sends gzip-coded. A crawl that only fetches (Scrapy over our
wire, no page is read) runs with recording and without, in turns; CPU seconds of the whole process tree are divided,
those of start-up (a run with no page) taken off first. wget fetches the same pages with the same Accept-Encoding. Exit
code 1 if recording costs more than `--cpu` times, or takes more than `--size` times the bytes.
"""

from __future__ import annotations

import argparse
import gzip
import shutil
import statistics
import sys
import zlib
from collections import Counter
from functools import lru_cache
from pathlib import Path

import common
from crawl import free_port
from server import NOT_FOUND, Resource, serving
from verify import news_like

HERE = Path(__file__).resolve().parent
SMALLEST, LARGEST = 15_000, 120_000  # bytes of a page
VARIANTS = 200  # pages that are made; each is served at many addresses with a line of its own
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


def fetch(shop: Path, urls: Path, mode: str) -> tuple[float, Path]:
    """CPU seconds of one crawl, and its archive."""
    folder = shop / "run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    archive = common.new_archive(folder)
    command = [sys.executable, str(HERE / "fetching.py"), str(urls), mode, str(archive)]
    run = common.measure(command, folder=folder, env=common.morgue_env())
    if run.code:
        sys.exit(f"fetching.py {mode}: exit {run.code}: {run.output[-1500:]}")
    return run.cpu, archive


def wget(shop: Path, urls: Path) -> tuple[float, Path]:
    """The same by wget; CPU seconds and its WARC file."""
    folder = shop / "wget"
    folder.mkdir()
    command = ["wget", "--no-verbose", "--no-config", "-i", str(urls), "--warc-file=pages", "-O", "pages.html",
               f"--header=Accept-Encoding: {ACCEPT_ENCODING}"]  # fmt: skip
    run = common.measure(command, folder=folder)
    if run.code:
        sys.exit(f"wget: exit {run.code}: {run.output[-1500:]}")
    return run.cpu, folder / "pages.warc.gz"


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
    options.add_argument("--pages", type=int, default=1500, help="of the site (default 1500)")
    options.add_argument("--rounds", type=int, default=5, help="turns (default 5)")
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
    site = Site(given.pages, f"http://127.0.0.1:{port}")
    spent: dict[str, list[float]] = {"none": [], "kept": []}
    with common.workshop() as shop, serving(site.resolve, port=port):
        urls, nothing = shop / "urls.txt", shop / "nothing.txt"
        urls.write_text("\n".join(site.urls) + "\n")
        nothing.write_text("")
        theirs_cpu, theirs = wget(shop, urls)  # first: it fills the server's cache
        starts = {mode: statistics.median(fetch(shop, nothing, mode)[0] for _ in range(3)) for mode in spent}
        for number in range(given.rounds):
            for mode in ("none", "kept") if number % 2 else ("kept", "none"):
                cpu, archive = fetch(shop, urls, mode)
                spent[mode].append(cpu)
                if mode == "kept":
                    (ours,) = (archive / "warc").iterdir()
                    size, parts = ours.stat().st_size, kinds(ours)
        reference, others = theirs.stat().st_size, kinds(theirs)
    each = {mode: [(cpu - starts[mode]) * 1000 / given.pages for cpu in spent[mode]] for mode in spent}
    ratios = [kept / none for kept, none in zip(each["kept"], each["none"], strict=True)]
    whole = [kept / none for kept, none in zip(spent["kept"], spent["none"], strict=True)]
    told = "{:.2f}".format
    rows = [(name, common.spread(spent[mode], told), told(starts[mode]), common.spread(each[mode], told))
            for mode, name in (("none", "without recording"), ("kept", "with recording"))]  # fmt: skip
    rows.append(("wget", told(theirs_cpu), "", told(theirs_cpu * 1000 / given.pages)))
    mean = statistics.mean(len(page) for page in site.made)
    print(f"{given.pages} pages of {mean / 1000:.0f} KB on average, {given.rounds} turns\n")
    common.show_table(("crawl", "CPU s", "of it start-up", "CPU ms/page"), rows)
    print()
    names = sorted({*parts, *others}, key=lambda name: -parts[name])
    common.show_table(("bytes a page", "ours", "wget's"),
                      [(name, f"{parts[name] / given.pages:.1f}", f"{others[name] / given.pages:.1f}") for name in names])
    cpu, bytes_ = statistics.median(ratios), size / reference
    checks = [
        common.Check("CPU of recording", cpu <= given.cpu,
                     f"{common.spread(ratios, '{:.3f}'.format)} of without, at most {given.cpu:g}; start-up included "
                     f"{statistics.median(whole):.3f}"),
        common.Check("WARC size", bytes_ <= given.size,
                     f"{size / 1e6:.2f} MB, {bytes_:.4f} of wget's, at most {given.size:g}"),
    ]  # fmt: skip
    print()
    passed = common.show_checks(checks)
    common.write_json(given.json, {"cpu": spent, "start": starts, "ratio": cpu, "size_ratio": bytes_, "bytes": parts})
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
