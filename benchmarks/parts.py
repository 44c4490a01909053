"""Measure what the parts of pages cost: requests and bytes a page with parts none, images, all.

    python benchmarks/parts.py [--pages N]

A paper is served on loopback whose pages have what pages of papers have: two style sheets that they share, one of them
imported, a font in two formats, an icon, a logo, and pictures of their own in three sizes each. It is crawled three
times; the last archive is crawled once more with as many new pages. Bytes are those of the WARC files.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.common import need_morgue, new_archive, seal, show_table, workshop, write_json
from tests.support.command import crawl
from tests.support.http_server import Answers
from tests.support.small_paper import TEXT, SmallPaper, serving

PICTURES = 4  # of each page
SIZES = {"320w": 12_000, "800w": 45_000, "1600w": 140_000}  # bytes of a picture by its width
SHEET_BYTES, FONT_BYTES, LOGO_BYTES = 60_000, 30_000, 6_000
LISTINGS = ("/", "/feed", "/robots.txt", "/.well-known/tdmrep.json")


def fill(answers: Answers, path: str, size: int, kind: str, begin: bytes = b"") -> None:
    """Put something of a size at a path that cannot be compressed, and is the same each time."""
    answers[path] = (200, begin + random.Random(path).randbytes(size), {"Content-Type": kind})


def furnish(paper: SmallPaper) -> None:
    """Give every page its parts."""
    answers = paper.answers
    words = b" ".join(b".block-%d { margin: %dpx }" % (number, number % 40) for number in range(SHEET_BYTES // 27))
    face = b"@font-face { font-family: F; src: url(/f.woff2) format('woff2'), url(/f.ttf) } "
    answers["/site.css"] = (200, b'@import "/type.css"; ' + words, {"Content-Type": "text/css"})
    answers["/type.css"] = (200, face + words[:9000], {"Content-Type": "text/css"})
    for path in ("/f.woff2", "/f.ttf"):
        fill(answers, path, FONT_BYTES, "font/woff2")
    for path in ("/icon.png", "/logo.png"):
        fill(answers, path, LOGO_BYTES, "image/png")
    head = '<link rel="stylesheet" href="/site.css"><link rel="icon" href="/icon.png">'
    for number, url in enumerate(paper.stories):
        pictures = ""
        for picture in range(PICTURES):
            for width, size in SIZES.items():
                fill(answers, f"/p/{number}-{picture}-{width}.jpg", size, "image/jpeg")
            sizes = ", ".join(f"/p/{number}-{picture}-{width}.jpg {width}" for width in SIZES)
            pictures += f'<figure><img srcset="{sizes}" src="/p/{number}-{picture}-320w.jpg"></figure>'
        page = f"<html><head><title>Story {number}</title>{head}</head><body><img src='/logo.png'><article>"
        page += f"<h1>Story {number}</h1><p>{TEXT}</p>{pictures}</article></body></html>"
        answers[url.removeprefix(paper.url)] = (200, page.encode(), {"Content-Type": "text/html"})


def measure(paper: SmallPaper, archive: Path, pages: int) -> Sequence[str | int]:
    """Crawl what is new; return the cells of a row: requests and bytes a page."""
    files = list((archive / "warc").glob("*"))
    before = sum(file.stat().st_size for file in files)
    paper.asked.clear()
    done = crawl(archive, "paper", timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    size = sum(file.stat().st_size for file in (archive / "warc").glob("*")) - before
    asked = Counter(paper.asked)
    requests = sum(number for path, number in asked.items() if path not in LISTINGS)
    return requests, f"{requests / pages:.1f}", f"{size / pages / 1000:,.0f} kB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=40, help="new pages of each crawl (default: %(default)s)")
    parser.add_argument("--json", metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    pages = options.pages
    seal(required=False)
    need_morgue("crawl")
    rows = []
    with workshop() as folder, serving(2 * pages) as paper:
        paper.robots()
        paper.front()
        furnish(paper)
        for parts in ("none", "images", "all"):
            archive = new_archive(folder, f"archive-{parts}")
            paper.feed(*range(pages))
            paper.watch(archive, more=f'[capture]\nparts = "{parts}"\n')
            rows.append((parts, *measure(paper, archive, pages)))
        paper.feed(*range(2 * pages))
        rows.append(("all, the next pages", *measure(paper, archive, pages)))
    show_table(("parts", "requests", "a page", "WARC a page"), rows)
    named = pages * (PICTURES + 6)  # of each page: its pictures, two sheets, font, icon, logo, and the page itself
    write_json(options.json, {"pages": pages, "rows": rows, "named": named})
    print(f"of what the next pages name, {1 - rows[-1][1] / named:.0%} was known and not asked for")


if __name__ == "__main__":
    main()
