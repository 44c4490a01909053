"""Crawl an honest paper beside hostile sites: it gets at least nine tenths of the rate that it gets alone.

    python benchmarks/fairness.py [--articles 160] [--delay 0.25] [--keep DIR] [--json FILE]

Besides the paper, the archive watches a site with 400 subdomains that accept connections and stay silent, a site whose
sitemap names 50,000 addresses on the paper's host, and an aggregator (`sites = "any"`) whose sitemap does the same. All
of it is served inside a network namespace. Exit code 0 if the paper had its rate, 1 if not, 77 if it could not be tried
here.
"""

from __future__ import annotations

import argparse
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import common
from common import Check

from tests.support.journal_server import NOT_FOUND, Exchange, Resource, read_journal, serving

PAPER, EVIL, JUNK, PLANET = "paper.example", "evil.example", "junk.example", "planet.example"
SILENT_ADDRESS = "127.0.0.2"
MIN_SHARE = 0.9  # of the paper's rate when it is crawled alone
PATIENCE = 4  # times as long as the paper needs alone is waited for it
SENTENCE = "The harbour council met on Tuesday evening and decided to rebuild the crane beside the northern pier. " * 6


@dataclass(frozen=True, slots=True)
class Rate:
    """Hold what the paper got in one crawl."""

    articles: int  # of the paper, that were asked for
    seconds: float  # from the first of these requests to the last
    foreign: int  # requests at the paper's host for addresses that others made up, in that time
    output: str  # the end of what the crawl printed

    @property
    def per_second(self) -> float:
        return (self.articles - 1) / self.seconds if self.seconds else 0.0


class Sites:
    """Answer for the four sites."""

    def __init__(self, articles: int, subdomains: int, junk: int) -> None:
        self.articles = [f"/2026/11/{1 + n % 28:02}/story-{n}.html" for n in range(articles)]
        self.silent = [f"s{n}.{EVIL}" for n in range(subdomains)]
        invented = [f"http://{PAPER}/2026/11/28/invented-{n}.html" for n in range(junk)]
        listed = {
            PAPER: [f"http://{PAPER}{path}" for path in self.articles],
            EVIL: [f"http://{host}/2026/11/28/story.html" for host in self.silent],
            JUNK: invented,
            PLANET: invented,
        }
        self.sitemaps = {host: Resource(sitemap(urls), "text/xml") for host, urls in listed.items()}
        self.known = set(self.articles)

    def resolve(self, _scheme: str, host: str, target: str) -> Resource:
        if target == "/sitemap.xml":
            return self.sitemaps[host]
        if target == "/":
            return Resource(page(f"The front page of {host}"))
        if host == PAPER and target in self.known:
            return Resource(page(f"The story at {target}"))
        return NOT_FOUND


def sitemap(urls: list[str]) -> bytes:
    return f"<urlset>{''.join(f'<url><loc>{url}</loc></url>' for url in urls)}</urlset>".encode()


def page(title: str) -> bytes:
    paragraphs = "".join(f"<p>{title}, part {number}. {SENTENCE}</p>" for number in range(3))
    head = f"<!doctype html><html><head><title>{title}</title></head>"
    return f"{head}<body><article><h1>{title}</h1>{paragraphs}</article></body></html>".encode()


def crawl(sites: Sites, folder: Path, hosts: list[str], delay: float) -> Rate:
    """One crawl of the sources of these hosts, stopped when all of the paper's articles were asked for."""
    folder.mkdir()
    archive = common.new_archive(folder)
    for host in hosts:
        any_site = 'sites = "any"\n' if host == PLANET else ""
        text = f'url = "http://{host}/"\nsitemaps = ["http://{host}/sitemap.xml"]\n{any_site}'
        # The hostile sources come first in alphabetical order, and so into the queue.
        name = "paper" if host == PAPER else f"a-{host.partition('.')[0]}"
        (archive / "sources" / f"{name}.toml").write_text(text)
    command = [*common.crawl_command(archive, delay=delay), "-s", "crawl.jitter=0"]
    command.remove("--quiet")
    journal, log = folder / "journal.jsonl", folder / "child.log"
    deadline = time.monotonic() + 30 + PATIENCE * delay * len(sites.articles)
    with serving(sites.resolve, journal=journal, port=80), log.open("wb") as out:
        child = subprocess.Popen(command, stdout=out, stderr=out, env=common.morgue_env(), start_new_session=True)
        while child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.5)
            if len(asked(sites, read_journal(journal))) >= len(sites.articles):
                break
        child.send_signal(signal.SIGINT)
        try:
            child.wait(60)
        except subprocess.TimeoutExpired:
            common.end_session(child.pid)
            child.wait()
    return rate(sites, read_journal(journal), log.read_text(errors="replace")[-1500:])


def asked(sites: Sites, journal: list[Exchange]) -> list[Exchange]:
    return [one for one in journal if one.host == PAPER and one.target in sites.known]


def rate(sites: Sites, journal: list[Exchange], output: str) -> Rate:
    own = asked(sites, journal)
    if not own:
        return Rate(0, 0.0, 0, output)
    first, last = min(one.start for one in own), max(one.start for one in own)
    invented = [one for one in journal if "/invented-" in one.target and first <= one.start <= last]
    return Rate(len(own), last - first, len(invented), output)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--articles", type=int, default=160, help="articles of the honest paper")
    options.add_argument("--delay", type=float, default=0.25, help="seconds between two requests to a host")
    options.add_argument("--subdomains", type=int, default=400, help="silent hosts of one site")
    options.add_argument("--junk", type=int, default=50_000, help="addresses that others name on the paper's host")
    options.add_argument("--keep", metavar="DIR", help="leave archives and journals in this empty folder")
    options.add_argument("--json", metavar="FILE", help="write the figures as JSON (- for stdout)")
    given = options.parse_args()
    common.seal(required=True)
    common.need_morgue()
    sites = Sites(given.articles, given.subdomains, given.junk)
    with common.workshop(given.keep) as folder:
        common.name_hosts([PAPER, EVIL, JUNK, PLANET], folder, dict.fromkeys(sites.silent, SILENT_ADDRESS))
        with socket.create_server((SILENT_ADDRESS, 80), backlog=4096):  # the kernel accepts; nothing ever answers
            alone = crawl(sites, folder / "alone", [PAPER], given.delay)
            beside = crawl(sites, folder / "beside", [EVIL, JUNK, PLANET, PAPER], given.delay)
    share = beside.per_second / alone.per_second if alone.per_second else 0.0
    checks = [
        Check("articles asked for, alone", alone.articles == given.articles, f"{alone.articles} of {given.articles}"),
        Check(
            "articles asked for, beside", beside.articles == given.articles, f"{beside.articles} of {given.articles}"
        ),
        Check("rate alone", None, f"{alone.per_second:.2f} articles/s"),
        Check("rate beside the hostile sites", share >= MIN_SHARE, f"{beside.per_second:.2f} articles/s ({share:.1%})"),
        Check("invented addresses asked for meanwhile", beside.foreign == 0, str(beside.foreign)),
    ]
    passed = common.show_checks(checks)
    if not passed:
        print("\nthe crawl's last words:\n" + beside.output)
    common.write_json(given.json, {"alone": alone.per_second, "beside": beside.per_second, "share": share})
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
