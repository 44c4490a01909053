"""`make demo`: crawl our own small newspaper, served on loopback, or a real site into ./demo-archive; search, export.

    python demo.py [URL]

Runs the very commands that a user types and shows what they print.
"""

from __future__ import annotations

import argparse
import contextlib
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

ARCHIVE = Path("demo-archive")
DATASET = ARCHIVE / "articles.jsonl"
MARK = ARCHIVE / ".made-by-the-demo"


def main(url: str | None) -> int:
    """Run the demo; return an exit code."""
    if ARCHIVE.exists() and not MARK.exists():
        print(f"{ARCHIVE} is there and was not made by the demo: move it away first", file=sys.stderr)
        return 2
    if ARCHIVE.exists():
        print(f"# the archive that the last demo made is replaced: {ARCHIVE}")
        shutil.rmtree(ARCHIVE)
    with site(url) as (home, options, words):
        # A real site's owner must be able to reach you, not us: the crawl will say which line to add.
        morgue("init", str(ARCHIVE), *([] if url else ["--contact", "demo@newsmorgue.invalid"]))
        MARK.touch()
        if url is None:
            print("\n# some pages of this newspaper are broken on purpose: `problem in a listing` names three")
        code = morgue("-C", str(ARCHIVE), "crawl", home, *options)
        if code not in (0, 1):
            return code
        if url is None:
            print("\n# the same again: the lists are looked through, no article is fetched twice")
            morgue("-C", str(ARCHIVE), "crawl", home, *options)
    morgue("-C", str(ARCHIVE), "search", *words, "--limit", "3")
    morgue("-C", str(ARCHIVE), "sources")
    morgue("-C", str(ARCHIVE), "export", "jsonl", str(DATASET))
    print(NEXT.format(archive=ARCHIVE, dataset=DATASET, word=" ".join(words) or "WORDS"))
    return 0


NEXT = """
What to try next (in this folder; `source .venv/bin/activate` puts morgue on your PATH):

  morgue -C {archive} search '{word}' --format jsonl
  morgue -C {archive} show 1                        an article, and the WARC record that proves it
  morgue -C {archive} show 1 --format warc | zcat | head -25
  morgue -C {archive} count {word} --by year        how often it is in the news (--plot FILE.svg draws it)
  sqlite3 {archive}/morgue.db 'SELECT day, title FROM stories LIMIT 9'    plain SQLite: bring your own tools
  warcio index {archive}/warc/*.warc.gz             plain WARC
  head -1 {dataset} | python3 -m json.tool
  make demo URL=https://a-newspaper.example/        the same with a real site

  morgue init my-archive --contact you@example.org && cd my-archive
  morgue add https://a-newspaper.example/ && morgue crawl && morgue schedule
"""


@contextlib.contextmanager
def site(url: str | None) -> Iterator[tuple[str, list[str], list[str]]]:
    """(home page, options of the crawl, words to search for): of the URL given, or of our own newspaper."""
    if url is not None:
        yield url, ["--limit", "50"], []
        return
    from tests.support.newspaper import serve

    with serve() as paper:
        # Loopback addresses are refused by default, and our own server needs no rest between requests.
        yield paper.url + "/", ["-s", "crawl.allow_private_ips=true", "-s", "crawl.delay=0"], ["harbour"]


def morgue(*args: str) -> int:
    """Run the command as a user would, and show it."""
    print(f"\n$ morgue {shlex.join(args)}", flush=True)
    return subprocess.run([sys.executable, "-m", "crawler", *args], check=False).returncode


def address(text: str) -> str | None:
    """Return the URL of a site; None if it is empty, as `make demo` gives it. Raises ArgumentTypeError."""
    with contextlib.suppress(ValueError):
        parts = urlsplit(text)
        if not text or (parts.scheme in ("http", "https") and parts.hostname):
            return text or None
    raise argparse.ArgumentTypeError(f"{text!r} is not an address: say https://a-newspaper.example/")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Crawl a newspaper into ./demo-archive, search it and export it.")
    parser.add_argument(
        "url", nargs="?", type=address, metavar="URL", help="a real site; without it, our own newspaper on loopback"
    )
    sys.exit(main(parser.parse_args().url))
