"""Kill it, fifty times, anywhere: is the archive still true, and does the next crawl finish the work?

    python benchmarks/kill.py [--signal kill|term|int] [--times 50] [--seed 1] [--keep DIR]

A site on loopback, a crawl, and at a random moment a signal: to its whole process group, to the main process alone, to
one process that reads pages; or the crawl ends itself inside a commit, by `tests/support/self_killing_morgue.py`.
Again and again on the same archive. After each: what was committed is in the WARC files; after the next start nothing
is torn or gone and `morgue verify` finds nothing; `morgue rebuild` of a copy has the same rows. Then one crawl to the
end, and the same once more. Exit code 1 if anything was lost, doubled, torn or different.
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
from aftermath import Aftermath
from common import Check
from crawl import free_port
from evidence import Archive, check_captures, check_files
from onesite import OneSite, made_up_templates

from tests.support.journal_server import read_journal, serving

SIGNALS = {"kill": signal.SIGKILL, "term": signal.SIGTERM, "int": signal.SIGINT}
BOOT = 1.0  # more than a crawl needs to its first request; every fourth signal comes about then
PATIENCE = 60  # seconds a crawl has to end after a polite signal
WHO = ("group", "main", "reader", "commit")  # what is hit, in turns; a polite signal goes to the group
SETTINGS = ("record.rotate=1MB",)  # so that files are finished, listed and referred to


@dataclass(frozen=True, slots=True)
class Attempt:
    """One crawl that was not left alone."""

    number: int
    who: str  # what was hit, of WHO
    moment: str  # when
    code: int | None  # exit code; None if it would not end
    answers: int  # requests that the server answered during it
    articles: int  # rows after it
    left: int  # processes of its session alive afterwards
    said: str  # its last line


@dataclass
class Assault:
    """Crawls of one archive, none of which is left alone."""

    command: Sequence[str]
    folder: Path
    aftermath: Aftermath
    how: int  # the signal
    dice: random.Random
    span: float  # seconds within which the signal comes

    def attack(self, number: int, who: str) -> Attempt:
        """Start a crawl, hit it at a random moment, see what is left."""
        journal = self.folder / "journal.jsonl"
        before = len(read_journal(journal))
        command = dying(self.command, self.dice) if who == "commit" else self.command
        with (self.folder / f"crawl-{number}.log").open("w+b") as log:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                     env=common.morgue_env(), cwd=self.folder, start_new_session=True)  # fmt: skip
            moment = self._hit(child, who, number % 8 >= 6, journal, before)
            try:
                code: int | None = child.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                code = None
            time.sleep(0.05)  # the kernel's word reaches the readers whose parent is gone
            left = common.end_session(child.pid)
            child.wait()
            log.seek(0)
            said = log.read()[-2000:].decode("utf-8", "replace").strip().splitlines()
        answers = len(read_journal(journal)) - before
        last = said[-1][:60] if said else ""
        return Attempt(number, who, moment, code, answers, self.aftermath.articles(), left, last)

    def _hit(self, child: subprocess.Popen[bytes], who: str, early: bool, journal: Path, before: int) -> str:
        """Kill it at a moment of the dice; return when it was hit."""
        if who == "commit":
            try:
                child.wait(4 * self.span)
                return "by itself"
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                return "its moment never came"
        wait = self.dice.uniform(0.1, BOOT) if early else self.dice.uniform(0.05, self.span)
        if not early:
            await_request(journal, before, child)
        time.sleep(wait)
        if child.poll() is not None:
            return ENDED
        moment = f"{wait:.2f} s after {'the start' if early else 'its first request'}"
        if who == "group":
            os.killpg(child.pid, self.how)
        elif who == "main":
            os.kill(child.pid, self.how)
        else:
            readers = [pid for pid, _, _ in common.session_processes(child.pid) if pid != child.pid]
            for pid in self.dice.sample(readers, min(1, len(readers))):
                os.kill(pid, self.how)
            time.sleep(self.dice.uniform(0.05, 1.0))
            moment += f", then the rest ({len(readers)} readers)"
            if child.poll() is None:
                os.killpg(child.pid, self.how)
        return moment


ENDED = "had already ended"


def dying(command: Sequence[str], dice: random.Random) -> list[str]:
    """Return the command that runs the same `morgue`, which ends itself."""
    own = len(common.morgue_command())
    program = common.ROOT / "tests" / "support" / "self_killing_morgue.py"
    return [sys.executable, str(program), str(dice.randrange(1 << 30)), *command[own:]]


def await_request(journal: Path, before: int, child: subprocess.Popen[bytes]) -> None:
    """Until the crawl has asked the server something; at most 20 seconds."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and child.poll() is None and len(read_journal(journal)) == before:
        time.sleep(0.01)


# -- the verdict ------------------------------------------------------------------------------------------


def judge(site: OneSite, folder: Path, attempts: Sequence[Attempt], last: int, polite: bool) -> list[Check]:
    archive = Archive(folder)
    stored = Counter(urlsplit(row["url"]).path for row in archive.rows("SELECT url FROM articles"))
    expected = {urlsplit(url).path for url in site.urls}
    missing, strange = sorted(expected - stored.keys()), sorted(stored.keys() - expected)
    twice = [path for path, number in stored.items() if number > 1]
    hits = sum(attempt.moment != ENDED for attempt in attempts)
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
    """Check that the site, which never edits, has no second revision: a crash would have invented it."""
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
    options.add_argument("--times", type=int, default=50, help="how often (default 50)")
    options.add_argument("--pages", type=int, default=500, help="articles on the site (default 500)")
    options.add_argument("--latency", type=float, default=0.06, help="seconds the server thinks per page")
    options.add_argument("--seed", type=int, default=1, help="of the moments (default 1)")
    options.add_argument("--keep", metavar="DIR", help="leave archive and logs in this empty folder")
    options.add_argument("--json", metavar="FILE", help="write the verdict as JSON (- for stdout)")
    return options.parse_args()


def main() -> int:
    given = arguments()
    common.seal(required=False)
    common.need_morgue("verify", "rebuild")
    port = free_port()
    site = OneSite(given.pages, made_up_templates(), f"http://127.0.0.1:{port}")
    dice = random.Random(given.seed)
    # So that the work lasts for about all the signals, and none must come before the first article is filed.
    span = max(5.0, 2 * given.pages * given.latency / max(1, given.times))
    polite = given.signal != "kill"
    with common.workshop(given.keep) as folder:
        archive = common.new_archive(folder)
        options = [word for setting in SETTINGS for word in ("-s", setting)]
        command = [*common.crawl_command(archive, f"{site.origin}/"), *options]
        aftermath = Aftermath(archive, SETTINGS)
        attempts = []
        with serving(site.resolve, port=port, journal=folder / "journal.jsonl", latency=given.latency):
            assault = Assault(command, folder, aftermath, SIGNALS[given.signal], dice, span)
            for number in range(given.times):
                attempts.append(assault.attack(number, "group" if polite else WHO[number % len(WHO)]))
                aftermath.killed(f"crawl {number}")
                if dice.random() < 0.75:  # else the next crawl finds it as it is, and is killed too
                    aftermath.started(f"crawl {number}")
                    aftermath.rebuild(f"crawl {number}", folder / "copy")
            run = common.measure(command, folder=folder, env=common.morgue_env(), timeout=300)
        aftermath.started("the end")
        aftermath.rebuild("the end", folder / "copy")
        rows = [(a.number, a.who, a.moment, a.code, a.answers, a.articles, a.left, a.said) for a in attempts]
        common.show_table(("crawl", "hit", "when", "exit", "answers", "articles", "left", "last words"), rows)
        print(f"last crawl: exit {run.code}, {run.wall:.1f} s, {aftermath.articles()} articles\n")
        checks = [*judge(site, archive, attempts, run.code, polite), *after(aftermath)]
        passed = common.show_checks(checks)
        for sentence in aftermath.wrong:
            print(f"\n{sentence}")
    if not passed:
        print("\nthe last crawl's last words:\n" + run.output[-1500:])
    common.write_json(given.json, {check.name: [check.passed, check.detail] for check in checks})
    return 0 if passed else 1


def after(aftermath: Aftermath) -> list[Check]:
    """Return what was seen after each kill."""
    kinds = {
        "committed rows have their records": (": capture ", f"{aftermath.records} right after the kill"),
        "nothing torn, verify finds nothing": ("verify", f"{aftermath.verified} times after the next start"),
        "rebuilt, row for row equal": ("rebuild", f"{aftermath.rebuilt} times, {aftermath.rows} rows"),
    }
    counted = Counter(next((name for name, (word, _) in kinds.items() if word in sentence), "other")
                      for sentence in aftermath.wrong)  # fmt: skip
    checks = [Check(name, not counted[name], f"{counted[name]} wrong; {seen}") for name, (_, seen) in kinds.items()]
    return [*checks, Check("and nothing else", not counted["other"], f"{counted['other']} wrong")]


if __name__ == "__main__":
    sys.exit(main())
