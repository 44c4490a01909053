"""Crawl a hundred newspapers at once: every article once, nothing forbidden, one request at a time a host.

    python benchmarks/hundred_hosts.py [--hosts 100] [--keep DIR] [--json FILE]

Real pages at their own hosts and paths, served inside a network namespace (see realpages.py). Exit code 0 if
every check passed, 1 if one failed, 77 if it could not be tried here.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import common
import realpages
from common import MB, Check, Run
from evidence import UNREADABLE, Archive, check_captures, check_files
from realpages import Page, World

from tests.support.journal_server import Exchange, read_journal, serving

ENOUGH = 0.99  # of the articles that can be found must be there
SLACK = 0.9  # a pause counts as kept from this part of it on: clocks and loopback jitter


@dataclass(frozen=True, slots=True)
class Missing:
    """Hold an expected article that is not in the archive, with what the archive says about its URL."""

    url: str
    way: str  # how it could have been found
    reason: str


@dataclass(frozen=True, slots=True)
class Harvest:
    """Articles expected and articles stored, matched by the page whose bytes they were read from."""

    expected: int
    found: int
    twice: tuple[str, ...]  # pages that more than one article row stands for
    strangers: tuple[str, ...]  # articles read from what is no article
    missing: tuple[Missing, ...]


def match(archive: Archive, world: World) -> Harvest:
    """Match pages with the articles that they became.

    By the capture that an article was read from and not by `articles.url`: what counts is that the page's own
    bytes are filed, whatever address the page claims for itself.
    """
    counts: Counter[Page] = Counter()
    strangers = []
    for row in archive.rows("SELECT a.url, c.url AS captured FROM articles a JOIN captures c ON c.id = a.capture_id"):
        page = world.page_at(row["captured"])
        if page:
            counts[page] += 1
        else:
            strangers.append(row["url"])
    pages = list(world.real.values())
    missing = [Missing(page.url, page.way, reason(archive, page)) for page in pages if not counts[page]]
    twice = [page.url for page, count in counts.items() if count > 1]
    return Harvest(len(pages), len(counts), tuple(twice), tuple(strangers), tuple(missing))


def reason(archive: Archive, page: Page) -> str:
    """Return what the database knows of a URL that became no article."""
    like = f"%{urlsplit(page.url).hostname}{urlsplit(page.url).path}%"
    captures = archive.rows("SELECT kind, status, error FROM captures WHERE url LIKE ?", like)
    known = archive.rows("SELECT state, kind, last_status, last_error FROM frontier WHERE url LIKE ?", like)
    told = [f"frontier: {r['state']} {r['kind']} {r['last_status']} {r['last_error'] or ''}".strip() for r in known]
    told += [f"captured: {r['kind']} {r['status']} {r['error'] or ''}".strip() for r in captures]
    return "; ".join(told) or "never heard of"


# -- what the server saw ----------------------------------------------------------------------------------


def check_manners(world: World, journal: Sequence[Exchange]) -> list[Check]:
    """Check what a site's owner would look for in the log."""
    by_host: dict[str, list[Exchange]] = defaultdict(list)
    for exchange in journal:
        by_host[exchange.host].append(exchange)
    forbidden = [e.url for e in journal if e.target.startswith(realpages.PRIVATE) and world.sites[e.host].forbids]
    unasked = [host for host, seen in by_host.items() if seen[0].target != "/robots.txt"]
    at_once = max((e.busy for e in journal), default=0)
    crowded = sorted({e.url for e in journal if e.busy > 1})
    again = Counter((e.host, e.target) for e in journal if e.method == "GET" and world.page_at(e.url))
    more = [f"{host}{target}" for (host, target), count in again.items() if count > 1]
    return [
        Check("disallowed fetched", not forbidden, f"{len(forbidden)} {' '.join(forbidden[:3])}"),
        Check("robots.txt asked first", not unasked, f"{len(unasked)} hosts without {' '.join(unasked[:3])}"),
        Check(
            "requests at once to a host",
            at_once == 1,
            f"most: {at_once}, {len(crowded)} times {' '.join(crowded[:3])}",
        ),
        check_pace(world, by_host),
        Check("article pages fetched twice", None, f"{len(more)} {' '.join(more[:3])}"),
        Check("requests that met a 404", None, str(sum(e.status == 404 for e in journal))),
    ]


def check_pace(world: World, by_host: dict[str, list[Exchange]]) -> Check:
    """Hosts with a Crawl-delay: the pause between two requests, robots.txt itself not counted."""
    shortest, hasty = 9.9, set()
    for host, seen in by_host.items():
        if host not in world.sites or world.sites[host].robots != "crawl-delay":
            continue
        starts = sorted(e.start for e in seen)[1:]
        for earlier, later in pairwise(starts):
            shortest = min(shortest, later - earlier)
            if later - earlier < realpages.PACE * SLACK:
                hasty.add(host)
    detail = f"asked {realpages.PACE:g} s, shortest pause {shortest:.2f} s"
    return Check("Crawl-delay kept", not hasty, f"{detail}, {len(hasty)} hosts hurried")


def check_bytes(archive: Archive, journal: Sequence[Exchange], sample: int) -> Check:
    """Records hold, byte for byte, what the server sent: status line, headers, body."""
    sent, bodies = {(e.url, e.wire) for e in journal}, {(e.url, e.body) for e in journal}
    captures = archive.rows("SELECT * FROM captures WHERE record_type = 'response' ORDER BY id")
    captures = captures[:: max(1, len(captures) // sample)]
    whole, body_only, other = 0, 0, []
    for capture in captures:
        try:
            record = archive.read(capture)
        except UNREADABLE:
            other.append(capture["url"])
            continue
        parts = urlsplit(record.url)
        url = f"{parts.scheme}://{parts.hostname}{parts.path}" + (f"?{parts.query}" if parts.query else "")
        if (url, record.wire) in sent:
            whole += 1
        elif (url, record.body) in bodies:
            body_only += 1
        else:
            other.append(record.url)
    detail = f"{whole} of {len(captures)} byte for byte, {body_only} by body only, {len(other)} different"
    return Check("bytes served = bytes kept", whole == len(captures) > 0, f"{detail} {' '.join(other[:3])}")


# -- the run ----------------------------------------------------------------------------------------------


def crawl(world: World, folder: Path, timeout: float) -> tuple[Run, Path, list[Exchange]]:
    """One crawl of all hosts against the server."""
    context, authority = realpages.certificates(world.sites, folder)
    common.name_hosts(world.sites, folder)
    archive = common.new_archive(folder)
    command = common.crawl_command(archive, *(site.home for site in world.sites.values()))
    env = common.morgue_env(SSL_CERT_FILE=str(authority))
    journal = folder / "journal.jsonl"
    with serving(world.resolve, journal=journal, latency=0.01, port=80, tls=(443, context)):
        run = common.measure(command, folder=folder, env=env, timeout=timeout)
    return run, archive, read_journal(journal)


def judge(world: World, run: Run, folder: Path, journal: Sequence[Exchange]) -> tuple[Harvest, list[Check]]:
    archive = Archive(folder)
    harvest = match(archive, world)
    part = harvest.found / harvest.expected
    silent = sorted(set(world.sites) - {e.host for e in journal})
    checks = [
        Check("crawl ended by itself, exit 0", run.code == 0 and not run.timed_out, f"exit {run.code}"),
        Check("hosts visited", not silent, f"{len(world.sites) - len(silent)} of {len(world.sites)}"),
        Check(
            "articles stored",
            part >= ENOUGH,
            f"{harvest.found} of {harvest.expected} ({part:.2%}, need 99 %)",
        ),
        Check("stored more than once", not harvest.twice, f"{len(harvest.twice)}"),
        Check(
            "articles made of no article",
            None,
            f"{len(harvest.strangers)} {' '.join(harvest.strangers[:3])}",
        ),
        *check_manners(world, journal),
        *check_files(archive),
        check_captures(archive, limit=400),
        check_bytes(archive, journal, sample=400),
    ]
    return harvest, checks


def report(run: Run, harvest: Harvest, checks: Sequence[Check], journal: Sequence[Exchange]) -> bool:
    passed = common.show_checks(checks)
    for article in harvest.missing:
        print(f"missing ({article.way}): {article.url}\n    {article.reason}")
    print()
    found = max(1, harvest.found)
    figures = [
        ("articles/s", f"{harvest.found / run.wall:.1f}"),
        ("requests/s", f"{len(journal) / run.wall:.1f}"),
        ("CPU ms/article", f"{run.cpu * 1000 / found:.1f}"),
        ("peak RSS MB", f"{run.peak / MB:.0f}"),
        ("wall s", f"{run.wall:.1f}"),
    ]
    common.show_table(("figure", "value"), figures)
    if not passed:
        print("\nthe crawl's last words:\n" + run.output[-1500:])
    return passed


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--hosts", type=int, default=100, help="how many hosts, those with most pages first")
    options.add_argument("--keep", metavar="DIR", help="leave archive and journal in this empty folder")
    options.add_argument("--json", metavar="FILE", help="write the figures as JSON (- for stdout)")
    options.add_argument("--timeout", type=float, default=900, help="seconds the crawl may take")
    given = options.parse_args()
    sites = realpages.build(given.hosts)
    common.seal(required=True)
    common.need_morgue()
    world = World(sites)
    print(f"{len(sites)} hosts, {len(world.real)} articles, one crawl\n", flush=True)
    with common.workshop(given.keep) as folder:
        run, archive, journal = crawl(world, folder, given.timeout)
        harvest, checks = judge(world, run, archive, journal)
        passed = report(run, harvest, checks, journal)
        figures = {"wall": run.wall, "cpu": run.cpu, "peak_rss": run.peak, "requests": len(journal)}
        data = {"harvest": asdict(harvest), "checks": [asdict(check) for check in checks], "run": figures}
        common.write_json(given.json, data)
        if given.keep:
            (folder / "report.json").write_text(json.dumps(data, indent=1))
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
