"""Crawl fifty hosts with delays, in commands that overlap and follow each other at once: each host keeps its pace.

    python benchmarks/pace.py [--hosts 50] [--delay 4] [--keep DIR] [--json FILE]

On one archive: a crawl, while another process tries to crawl, `add` and `sample` the same hosts (each is refused, exit
code 4, and asks for nothing); right after it a `sample` of a page and `add` of one more host, and right after them a
crawl of every source. The server's log says for each host whether two requests were ever under way at once, and how
much time was between two of them, within one command and across two. Exit code 0 if all delays were kept, 1 if not, 77
if it could not be tried here.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import common
from common import Check

from tests.support.journal_server import NOT_FOUND, Exchange, Resource, read_journal, serving

LATENCY_SECONDS = 0.05  # of each answer, so that two at once would be seen
SLACK_SECONDS = 0.1  # by which a request may be late on its way, and the next one is not
STORIES = 2  # of each host
REFUSED = 4  # exit code of a command that finds the archive locked
SENTENCE = "The harbour council met on Tuesday evening and decided to rebuild the crane beside the northern pier. " * 6


def resolve(_scheme: str, host: str, target: str) -> Resource:
    """Answer for every host: a front page, a feed, and stories."""
    stories = [f"/2026/11/28/story-of-{host.partition('.')[0]}-number-{number}.html" for number in range(STORIES)]
    if target == "/":
        links = "".join(f'<a href="{path}">A headline of some length</a>' for path in stories)
        return Resource(f"<html><body><h1>{host}</h1>{links}</body></html>".encode())
    if target == "/feed":
        items = "".join(f"<item><title>s</title><link>http://{host}{path}</link></item>" for path in stories)
        return Resource(f"<rss version='2.0'><channel>{items}</channel></rss>".encode(), "application/rss+xml")
    if target in stories:
        return Resource(f"<html><body><article><h1>{target}</h1><p>{SENTENCE}</p></article></body></html>".encode())
    return NOT_FOUND


def commands(archive: Path, hosts: list[str], more: str, delay: float) -> tuple[list[float], list[int]]:
    """Run the commands; return when each of those that ran came to its end, and the exit codes of those in between."""
    pace = [word for setting in (f"crawl.delay={delay:g}", "crawl.jitter=0", "crawl.allow_private_ips=true")
            for word in ("-s", setting)]  # fmt: skip
    base, env = [*common.morgue_command(), "-C", str(archive)], common.morgue_env()

    def run(*words: str) -> int:
        return subprocess.run([*base, *words, *pace], env=env, capture_output=True, timeout=600).returncode

    first = subprocess.Popen([*base, "crawl", "--quiet", *pace], env=env, stdout=subprocess.DEVNULL)
    time.sleep(2 * delay)
    page = f"http://{hosts[0]}/2026/11/28/story-of-{hosts[0].partition('.')[0]}-number-0.html"
    new = page.replace("number-0", "number-99")  # the archive does not have it
    refused = [run("crawl", hosts[0]), run("add", f"http://{more}/"), run("sample", new, "-o", str(archive / "pair"))]
    first.wait(600)
    ends = [time.monotonic()]
    for words in (["sample", page, "-o", str(archive / "pair")], ["add", f"http://{more}/"], ["crawl", more],
                  ["crawl", "--quiet", *(host.partition(".")[0] for host in hosts)]):  # fmt: skip
        run(*words)
        ends.append(time.monotonic())
    return ends, refused


def gaps(journal: list[Exchange]) -> list[tuple[float, float, float, str]]:
    """Return (seconds between, first, second, host) of each two requests to a host that follow each other."""
    by_host = defaultdict(list)
    for one in journal:
        by_host[one.host].append(one.start)
    return [
        (late - early, early, late, host) for host, times in by_host.items() for early, late in pairwise(sorted(times))
    ]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--hosts", type=int, default=50)
    options.add_argument("--delay", type=float, default=4.0, help="seconds between two requests to a host")
    options.add_argument("--keep", metavar="DIR", help="leave archive and journal in this empty folder")
    options.add_argument("--json", metavar="FILE", help="write the figures as JSON (- for stdout)")
    given = options.parse_args()
    common.seal(required=True)
    common.need_morgue("add", "sample")
    hosts, more = [f"p{number}.example" for number in range(given.hosts)], "more.example"
    with common.workshop(given.keep) as folder:
        common.name_hosts([*hosts, more], folder)
        archive, log = common.new_archive(folder), folder / "journal.jsonl"
        for host in hosts:
            text = f'url = "http://{host}/"\nfeeds = ["http://{host}/feed"]\n'
            (archive / "sources" / f"{host.partition('.')[0]}.toml").write_text(text)
        with serving(resolve, journal=log, latency=LATENCY_SECONDS, port=80):
            ends, refused = commands(archive, hosts, more, given.delay)
        journal = read_journal(log)
    between = gaps(journal)
    across = [gap for gap in between if any(gap[1] < end <= gap[2] for end in ends)]
    at_once = max(one.busy for one in journal)
    least, least_across = min(between), min(across)
    wanted, answered = given.delay - SLACK_SECONDS, [one.host for one in journal]
    checks = [
        Check("requests", len(journal) > given.hosts * STORIES, f"{len(journal)} to {len(set(answered))} hosts"),
        Check("commands beside the crawl are refused", refused == [REFUSED] * 3, f"exit codes {refused}"),
        Check("never two at once to a host", at_once == 1, f"at most {at_once}"),
        Check("least delay", least[0] >= wanted, f"{least[0]:.3f} s of {given.delay:g} s, {least[3]}"),
        Check("least delay across two commands", least_across[0] >= wanted,
              f"{least_across[0]:.3f} s, {least_across[3]} ({len(across)} hosts and commands)"),
        # What was longer than a command needs to start shows nothing.
        Check("of them shorter than twice the delay", None, str(sum(gap[0] < 2 * given.delay for gap in across))),
    ]  # fmt: skip
    passed = common.show_checks(checks)
    common.write_json(given.json, {"requests": len(journal), "least": least[0], "across": least_across[0]})
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
