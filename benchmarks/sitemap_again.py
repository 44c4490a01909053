"""Measure what a sitemap of 50,000 costs when it is read again with one line more: CPU seconds and memory.

    python benchmarks/sitemap_again.py [ENTRIES]

Prints a table: the first reading, one without a change, one with an entry more. Each is done by a process of its own.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from crawler.frontier.listing_links import ListingRules, read_listing
from crawler.frontier.ownership import listed_sites
from crawler.frontier.watched_sites import WatchedSite
from pipelines.core.items import Source
from pipelines.core.timestamps import now

HOME = "https://paper.example/"


def sitemap(entries: int) -> bytes:
    """Return a sitemap of so many entries."""
    lines = (
        f"<url><loc>{HOME}2026/{n % 12 + 1:02}/{n % 28 + 1:02}/a-story-of-the-town-{n}.html</loc>"
        f"<lastmod>2026-{n % 12 + 1:02}-{n % 28 + 1:02}T10:{n % 60:02}:00Z</lastmod></url>"
        for n in range(entries)
    )
    return f"<urlset>{''.join(lines)}</urlset>".encode()


def read(entries: int, known: Path, kept: Path) -> None:
    """Read a sitemap in this process, and print what it cost and how many entries are to be queued."""
    body = sitemap(entries)
    packed = known.read_bytes() if known.exists() else b""
    site = WatchedSite(Source("paper", HOME), 1, watched=True, listed=listed_sites(HOME))
    began = sum(os.times()[:2])
    rules = ListingRules(HOME, "sitemap", 0, site, 2000, now(), packed)
    found = read_listing(body, HOME + "sitemap.xml", None, rules)
    cpu = sum(os.times()[:2]) - began
    kept.write_bytes(found.packed)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{cpu:5.2f} CPU s  {memory:4} MB  {len(found.entries):6} entries to queue, {len(found.packed):,} bytes kept")


def main() -> None:
    """Run each reading in a process of its own."""
    if len(sys.argv) == 4:
        read(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
        return
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else 49_999
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "kept"
        for number, name in ((entries, "first reading"), (entries, "unchanged"), (entries + 1, "one entry more")):
            print(f"{name:15}", end=" ", flush=True)
            words = [sys.executable, __file__, str(number), str(kept), str(kept)]
            subprocess.run(words, check=True, timeout=300)


if __name__ == "__main__":
    main()
