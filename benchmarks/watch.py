"""Watch an archive: what do a thousand passes cost, and what does kill -9 at random moments lose?

    python benchmarks/watch.py [--kills 20] [--passes 1000] [--seed 1] [--keep DIR]

First a site on loopback and `morgue watch`, which is killed at random moments and started again: the watch alone, its
pass alone, or both. At the end every article is in the archive once, every revision is one that the site had, no URL
is left claimed or without a next visit, `morgue verify` finds nothing. Then a watch of an archive in which nothing is
due makes a thousand passes, a second apart or less: its memory at the beginning and at the end, and the CPU seconds
and the memory of a pass. Exit code 1 if anything was lost, doubled or forgotten, if the memory of the watch grows by
more than MAX_GROWTH, or if an idle pass is dearer than MAX_CPU and MAX_RSS.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import common
from common import Check
from crawl import free_port
from evidence import Archive, check_captures, check_files
from kill import check_claims, check_orphans, check_revisions, integrity, told
from onesite import OneSite, made_up_templates

from tests.support.journal_server import serving

SETTINGS = ("crawl.delay=0", "crawl.allow_private_ips=true", "crawl.pages_per_host=1000000", "record.rotate=1MB")
WHO = ("watch", "pass", "both")  # what is killed, in turns
MAX_SECONDS = 300  # for the watch to finish the site after the last kill
MAX_GROWTH = 2 * common.MB  # of the memory of the watch, from its 20th pass to the last
MAX_CPU, MAX_RSS = 0.5, 80 * common.MB  # of an idle pass
SETTLED_PASSES = 20  # after which the memory of a watch is what it stays


@contextmanager
def watch(archive: Path, folder: Path, every: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a watch, and end everything that it left."""
    options = [word for setting in SETTINGS for word in ("-s", setting)]
    command = [*common.morgue_command(), "-C", str(archive), "watch", "--every", every, *options]
    with (folder / "watch.log").open("ab") as log:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=common.morgue_env(),
                                 cwd=folder, start_new_session=True)  # fmt: skip
    try:
        yield child
    finally:
        child.kill()
        child.wait()
        deadline = time.monotonic() + 20
        while common.session_processes(child.pid) and time.monotonic() < deadline:  # the pass ends by itself
            time.sleep(0.05)
        common.end_session(child.pid)


def status_of(archive: Path, pid: int) -> dict[str, Any]:
    """Return what a watch says of itself; nothing yet if the file is of another one."""
    with suppress(OSError, ValueError):
        found: dict[str, Any] = json.loads((archive / "watch.json").read_text(encoding="utf-8"))
        if found["pid"] == pid:
            return found
    return {"passes": 0, "state": ""}


def children_of(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def add_source(archive: Path, site: OneSite) -> None:
    """Watch the site, by its front page and links alone."""
    text = f'url = "{site.origin}/"\nevery = "5s"\n[crawl]\nrecheck = ["30d"]\n'
    (archive / "sources" / "site.toml").write_text(text, encoding="utf-8")


def kill_at_random(archive: Path, folder: Path, dice: random.Random, kills: int, span: float) -> list[str]:
    """Kill a watch, again and again; return what was hit, and when."""
    hits = []
    for number in range(kills):
        who = WHO[number % len(WHO)]
        wait = dice.uniform(0.2, span)
        with watch(archive, folder, "1s") as child:
            time.sleep(wait)
            passes = children_of(child.pid)
            for pid in ([child.pid] if who != "pass" else []) + (passes if who != "watch" else []):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if who == "pass":  # the watch goes on, and is killed a moment later
                time.sleep(dice.uniform(0.5, 3.0))
            state = "in a pass" if passes else "between passes"
            hits.append(f"{who} after {wait:.1f} s, {state}")
    return hits


def finish(archive: Path, folder: Path, expected: set[str]) -> float:
    """Let a watch go on until the site is in the archive; return the seconds that this took."""
    began = time.monotonic()
    with watch(archive, folder, "1s") as child:
        while time.monotonic() - began < MAX_SECONDS and stored_in(archive).keys() != expected:
            time.sleep(0.5)
        passes = status_of(archive, child.pid)["passes"]
        while time.monotonic() - began < MAX_SECONDS and status_of(archive, child.pid)["passes"] < passes + 1:
            time.sleep(0.1)
        child.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            child.wait(30)
    return time.monotonic() - began


def stored_in(archive: Path) -> Counter[str]:
    if not (archive / "morgue.db").exists():
        return Counter()
    return Counter(urlsplit(row["url"]).path for row in Archive(archive).rows("SELECT url FROM articles"))


def verdict_of_kills(archive: Path, expected: set[str], hits: list[str]) -> list[Check]:
    stored, found = stored_in(archive), Archive(archive)
    missing = sorted(expected - stored.keys())
    twice = [path for path, number in stored.items() if number > 1]
    sql = "SELECT url FROM frontier WHERE state = 'waiting' AND next_visit IS NULL"
    forgotten = [row["url"] for row in found.rows(sql)]
    sql = """SELECT url FROM articles WHERE NOT EXISTS
             (SELECT 1 FROM frontier WHERE frontier.url = articles.url AND next_visit > articles.first_seen)"""
    unplanned = [row["url"] for row in found.rows(sql)]
    done = subprocess.run([*common.morgue_command(), "-C", str(archive), "verify"], env=common.morgue_env(),
                          capture_output=True, text=True)  # fmt: skip
    return [
        Check("killed in a pass", None, f"{sum('in a pass' in hit for hit in hits)} of {len(hits)}"),
        Check("every article there", not missing, f"{len(stored)} of {len(expected)} {told(missing)}"),
        Check("no article twice", not twice, f"{len(twice)} {told(twice)}"),
        Check("no visit forgotten", not forgotten and not unplanned, f"{told([*forgotten, *unplanned]) or 'none'}"),
        check_revisions(found),
        check_orphans(found),
        check_claims(found),
        Check("SQLite integrity_check", *integrity(found)),
        *check_files(found),
        check_captures(found),
        Check("morgue verify", done.returncode == 0, f"exit {done.returncode}"),
    ]


def idle_passes(archive: Path, folder: Path, passes: int) -> list[Check]:
    """Let a watch make so many passes in which nothing is due."""
    memory: list[int] = []
    largest_pass = 0
    with watch(archive, folder, "1s") as child:
        began, done = time.monotonic(), 0
        while done < passes and child.poll() is None and time.monotonic() - began < passes * 5 + 60:
            if done:  # before it listens, the signal would end it
                child.send_signal(signal.SIGHUP)  # the next pass at once
            for pid, _ticks, rss in common.session_processes(child.pid):
                if pid != child.pid:
                    largest_pass = max(largest_pass, rss)
                elif done >= SETTLED_PASSES:
                    memory.append(rss)
            time.sleep(0.02)
            done = status_of(archive, child.pid)["passes"]
        # Its own CPU time, and that of the passes that it waited for (proc(5), /proc/pid/stat: utime to cstime).
        fields = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
        cpu = sum(map(int, fields[11:15])) / common.TICK / max(1, done)
        wall = (time.monotonic() - began) / max(1, done)
    growth = memory[-1] - memory[0] if memory else 0
    return [
        Check("passes", done >= passes, f"{done}, each {wall:.2f} s"),
        Check("memory of the watch", growth <= MAX_GROWTH,
              f"{memory[0] / common.MB:.1f} MB, at the end {memory[-1] / common.MB:.1f} MB" if memory else "not seen"),
        Check("CPU of an idle pass", cpu <= MAX_CPU, f"{cpu:.3f} s"),
        Check("memory of an idle pass", largest_pass <= MAX_RSS,
              f"{largest_pass / common.MB:.1f} MB, most of it shared with the watch"),
    ]  # fmt: skip


def arguments() -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--kills", type=int, default=20, help="how often a watch is killed (default 20)")
    options.add_argument("--passes", type=int, default=1000, help="idle passes (default 1000)")
    options.add_argument("--pages", type=int, default=400, help="articles on the site (default 400)")
    options.add_argument("--latency", type=float, default=0.1, help="seconds the server thinks per page")
    options.add_argument("--seed", type=int, default=1, help="of the moments (default 1)")
    options.add_argument("--keep", metavar="DIR", help="leave archives and logs in this empty folder")
    options.add_argument("--json", metavar="FILE", help="write the verdict as JSON (- for stdout)")
    return options.parse_args()


def main() -> int:
    given = arguments()
    common.seal(required=False)
    common.need_morgue("verify", "watch")
    checks: list[Check] = []
    with common.workshop(given.keep) as folder:
        if given.kills:
            port = free_port()
            site = OneSite(given.pages, made_up_templates(), f"http://127.0.0.1:{port}")
            expected = {urlsplit(url).path for url in site.urls}
            archive = common.new_archive(folder)
            add_source(archive, site)
            with serving(site.resolve, port=port, journal=folder / "journal.jsonl", latency=given.latency):
                span = max(2.0, 2 * given.pages * given.latency / given.kills)
                hits = kill_at_random(archive, folder, random.Random(given.seed), given.kills, span)
                seconds = finish(archive, folder, expected)
            for hit in hits:
                print(hit)
            print(f"then {seconds:.0f} s until the site was complete\n")
            checks += verdict_of_kills(archive, expected, hits)
        if given.passes:
            (folder / "idle").mkdir()
            checks += idle_passes(common.new_archive(folder / "idle"), folder, given.passes)
        passed = common.show_checks(checks)
    common.write_json(given.json, {check.name: [check.passed, check.detail] for check in checks})
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
