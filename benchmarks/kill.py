"""Kill it, ten times, anywhere: is the archive still true, and does the next crawl finish the work?

    python benchmarks/kill.py [--signal kill|term|int] [--times 10] [--seed 1] [--keep DIR]

A site of 120 pages on loopback, a crawl, and a signal to its whole process group at a random moment; again
and again on the same archive; then one crawl to the end. Exit code 1 if anything was
lost, doubled or torn.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import common
from common import Check
from crawl import free_port
from evidence import Archive, check_captures, check_files
from onesite import OneSite, made_up_templates
from server import read_journal, serving

SIGNALS = {"kill": signal.SIGKILL, "term": signal.SIGTERM, "int": signal.SIGINT}
BOOT = 1.0  # more than a crawl needs to its first request; every fourth signal comes about then
PATIENCE = 60  # seconds a crawl has to end after a polite signal


@dataclass(frozen=True, slots=True)
class Attempt:
    """One crawl that was not left alone."""

    number: int
    moment: str  # when the signal came
    code: int | None  # exit code; None if it would not end
    answers: int  # requests that the server answered during it
    articles: int  # rows after it; -1 if the database could not be read
    left: int  # processes of its session alive afterwards
    said: str  # its last line


def attack(number: int, command: Sequence[str], folder: Path, archive: Path, how: int, dice: random.Random,
           span: float) -> Attempt:  # fmt: skip
    """Start a crawl, signal its process group at a random moment, see what is left."""
    journal = folder / "journal.jsonl"
    before = len(read_journal(journal))
    with (folder / f"crawl-{number}.log").open("w+b") as log:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                 env=common.morgue_env(), cwd=folder, start_new_session=True)  # fmt: skip
        early = number % 4 == 3
        wait = dice.uniform(0.1, BOOT) if early else dice.uniform(0.05, span)
        if not early:
            await_request(journal, before, child)
        time.sleep(wait)
        moment = f"{wait:.2f} s after {'the start' if early else 'its first request'}"
        if child.poll() is not None:
            moment = "had already ended"
        else:
            os.killpg(child.pid, how)
        try:
            code: int | None = child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            code = None
        left = common.end_session(child.pid)
        child.wait()
        log.seek(0)
        said = log.read()[-2000:].decode("utf-8", "replace").strip().splitlines()
    answers = len(read_journal(journal)) - before
    return Attempt(number, moment, code, answers, count(archive), left, said[-1][:90] if said else "")


def await_request(journal: Path, before: int, child: subprocess.Popen[bytes]) -> None:
    """Until the crawl has asked the server something; at most 20 seconds."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and child.poll() is None and len(read_journal(journal)) == before:
        time.sleep(0.01)


def count(archive: Path) -> int:
    try:
        return Archive(archive).rows("SELECT count(*) FROM articles")[0][0]
    except Exception:  # noqa: BLE001  # any damage at all is a finding, told as -1
        return -1


# -- the verdict ------------------------------------------------------------------------------------------


def judge(site: OneSite, folder: Path, attempts: Sequence[Attempt], last: int, polite: bool) -> list[Check]:
    archive = Archive(folder)
    stored = Counter(urlsplit(row["url"]).path for row in archive.rows("SELECT url FROM articles"))
    expected = {urlsplit(url).path for url in site.urls}
    missing, strange = sorted(expected - stored.keys()), sorted(stored.keys() - expected)
    twice = [path for path, number in stored.items() if number > 1]
    hits = sum(attempt.moment != "had already ended" for attempt in attempts)
    checks = [
        Check("crawls cut short", hits > 0, f"{hits} of {len(attempts)}"),
        Check("last crawl, exit 0", last == 0, f"exit {last}"),
        Check(
            "every article there",
            not missing,
            f"{len(expected) - len(missing)} of {len(expected)} {told(missing)}",
        ),
        Check("no article twice", not twice, f"{len(twice)} {told(twice)}"),
        Check("nothing else", not strange, f"{len(strange)} {told(strange)}"),
        check_revisions(archive),
        check_orphans(archive),
        check_claims(archive),
        Check("SQLite integrity_check", *integrity(archive)),
        *check_files(archive),
        check_captures(archive),
    ]
    if polite:
        slow = [attempt.number for attempt in attempts if attempt.code is None]
        left = sum(attempt.left for attempt in attempts)
        checks.append(Check(f"ended within {PATIENCE} s, nothing left", not slow and not left, f"{slow} {left} left"))
    return checks


def told(names: Sequence[str]) -> str:
    return " ".join(names[:4])


def check_revisions(archive: Archive) -> Check:
    """The site never edits: a second revision would be an invention of the crash."""
    rows = archive.rows("SELECT article_id FROM revisions GROUP BY article_id HAVING count(*) > 1")
    return Check("no revision invented", not rows, f"{len(rows)} articles with more than one")


def check_orphans(archive: Archive) -> Check:
    sql = "SELECT a.id FROM articles a LEFT JOIN captures c ON c.id = a.capture_id WHERE c.id IS NULL"
    rows = archive.rows(sql)
    return Check("every article has its capture", not rows, f"{len(rows)} without")


def check_claims(archive: Archive) -> Check:
    rows = archive.rows("SELECT url FROM frontier WHERE state = 'claimed'")
    return Check("no URL left claimed", not rows, f"{len(rows)} {told([row['url'] for row in rows])}")


def integrity(archive: Archive) -> tuple[bool, str]:
    (answer,) = archive.rows("PRAGMA integrity_check")[0]
    return answer == "ok", answer


# -- the run ----------------------------------------------------------------------------------------------


def arguments() -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--signal", choices=SIGNALS, default="kill", help="what to send (default kill)")
    options.add_argument("--times", type=int, default=10, help="how often (default 10)")
    options.add_argument("--pages", type=int, default=120, help="articles on the site (default 120)")
    options.add_argument("--latency", type=float, default=0.06, help="seconds the server thinks per page")
    options.add_argument("--seed", type=int, default=1, help="of the moments (default 1)")
    options.add_argument("--keep", metavar="DIR", help="leave archive and logs in this empty folder")
    options.add_argument("--json", metavar="FILE", help="write the verdict as JSON (- for stdout)")
    return options.parse_args()


def main() -> int:
    given = arguments()
    common.seal(required=False)
    common.need_morgue()
    port = free_port()
    site = OneSite(given.pages, made_up_templates(), f"http://127.0.0.1:{port}")
    dice = random.Random(given.seed)
    # So that the work lasts for about all the signals, and none must come before the first article is filed.
    span = max(2.5, 2 * given.pages * given.latency / max(1, given.times))
    with common.workshop(given.keep) as folder:
        archive = common.new_archive(folder)
        command = common.crawl_command(archive, f"{site.origin}/")
        journal = folder / "journal.jsonl"
        with serving(site.resolve, port=port, journal=journal, latency=given.latency):
            how = SIGNALS[given.signal]
            attempts = [attack(n, command, folder, archive, how, dice, span) for n in range(given.times)]
            run = common.measure(command, folder=folder, env=common.morgue_env(), timeout=300)
        rows = [(a.number, a.moment, a.code, a.answers, a.articles, a.left, a.said) for a in attempts]
        common.show_table(("crawl", "signal", "exit", "answers", "articles", "left", "last words"), rows)
        print(f"last crawl: exit {run.code}, {run.wall:.1f} s, {count(archive)} articles\n")
        checks = judge(site, archive, attempts, run.code, given.signal != "kill")
        passed = common.show_checks(checks)
    if not passed:
        print("\nthe last crawl's last words:\n" + run.output[-1500:])
    common.write_json(given.json, {check.name: [check.passed, check.detail] for check in checks})
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
