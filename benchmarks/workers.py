"""Crawl 200 hosts of slow pages with one worker and with eight: how much faster eight are, and how polite.

    python benchmarks/workers.py [--hosts 200] [--pages 6] [--workers 8] [--seconds 1.5]

A worker is the pass of one shard of a fleet, which has four requests under way at most. The papers are served on
addresses of the loopback network, each page after some time; every fifth paper has its feed on one host that all of
these share. The rates come from the server's log, between the first and the last page. Exit code 1 if eight workers
have less than `--ratio` (7) times the rate of one, if a host was ever asked twice at once or sooner than its delay
after an answer, or if an article is not there once.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import common

from exports import Archive

DELAY = 0.5  # seconds between an answer and the next request to its host
CONCURRENCY = 4  # requests of a worker at once
SHARING = 5  # every so many-th paper has its feed on the shared host
SHARED = "127.9.9.9"
TEXT = "The harbour board met on Tuesday and spoke for three hours about the wall, the cranes and the fish market. " * 9


@dataclass
class PaperServer:
    """Serve papers, and keep a log of what was asked: host, path, beginning and end by the monotonic clock."""

    hosts: list[str]
    pages: int
    seconds: float
    port: int = 0
    log: list[tuple[str, str, float, float]] = field(default_factory=list)

    def start(self) -> None:
        """Serve in a thread of its own until the program ends."""
        ready = threading.Event()

        async def serve() -> None:
            first = await asyncio.start_server(self._answer, SHARED, 0, backlog=1000)
            self.port = first.sockets[0].getsockname()[1]
            await asyncio.start_server(self._answer, self.hosts, self.port, backlog=1000)
            ready.set()
            await asyncio.Event().wait()

        threading.Thread(target=asyncio.run, args=[serve()], daemon=True).start()
        ready.wait()

    def url(self, host: str) -> str:
        """Return the address of a paper."""
        return f"http://{host}:{self.port}"

    def feed(self, number: int) -> str:
        """Return the address of the feed of a paper."""
        host = SHARED if number % SHARING == 0 else self.hosts[number]
        return f"{self.url(host)}/feed/{number}"

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await reader.readuntil(b"\r\n\r\n"):
                began = time.monotonic()
                path = request.split(b" ", 2)[1].decode()
                host = next(
                    line[5:].decode().strip().rpartition(":")[0]
                    for line in request.split(b"\r\n") if line.lower().startswith(b"host:")
                )  # fmt: skip
                kind, body = self._page(host, path)
                if path.startswith("/story"):
                    await asyncio.sleep(self.seconds)
                self.log.append((host, path, began, time.monotonic()))
                head = f"HTTP/1.1 {'200 OK' if body else '404 Not Found'}\r\nContent-Type: {kind}\r\n"
                writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _page(self, host: str, path: str) -> tuple[str, bytes]:
        if path.startswith("/feed/"):
            number = int(path.rpartition("/")[2])
            home = self.url(self.hosts[number])
            links = "".join(
                f"<item><title>Story {n}</title><link>{home}/story-{n}-of-the-harbour.html</link></item>"
                for n in range(self.pages)
            )
            return (
                "application/rss+xml",
                f"<rss version='2.0'><channel><title>P</title>{links}</channel></rss>".encode(),
            )
        if path.startswith("/story"):
            title = f"Story {path.split('-')[1]} of {host}"
            head = f"<html><head><title>{title}</title></head><body><article><h1>{title}</h1>"
            return "text/html", f"{head}<p>{host} {path} {TEXT}</p></article></body></html>".encode()
        return "text/html", b"<html><body><h1>Paper</h1></body></html>" if path == "/" else b""


def main() -> int:
    """Run the benchmark; return an exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    for name, kind, value in (("hosts", int, 200), ("pages", int, 6), ("workers", int, 8), ("seconds", float, 1.5)):
        parser.add_argument(f"--{name}", type=kind, default=value)
    parser.add_argument("--ratio", type=float, default=7.0)
    asked = parser.parse_args()
    server = PaperServer([f"127.1.{n // 200}.{n % 200 + 1}" for n in range(asked.hosts)], asked.pages, asked.seconds)
    server.start()
    with tempfile.TemporaryDirectory(prefix="newsmorgue-workers-") as folder:
        fleet = make_fleet(Path(folder) / "fleet", server, asked.workers + 1)
        alone = crawl(fleet, server, "--shard", "0")
        together = crawl(fleet, server, "--at-once", str(asked.workers))
        found = Counter(article.url for article in Archive(fleet).search())
    print(f"one worker: {alone:.2f} pages/s; {asked.workers}: {together:.2f} pages/s, {together / alone:.1f} times")
    wrong = [*impolite(server.log)]
    expected = {f"{server.url(h)}/story-{n}-of-the-harbour.html" for h in server.hosts for n in range(asked.pages)}
    if found != Counter(expected):
        wrong.append(f"{len(expected - found.keys())} of {len(expected)} articles are missing, "
                     f"{sum(number > 1 for number in found.values())} are there twice")  # fmt: skip
    if together < asked.ratio * alone:
        wrong.append(f"{asked.workers} workers have less than {asked.ratio:g} times the rate of one")
    for line in wrong[:20]:
        print(f"FAILED: {line}")
    shared = sum(host == SHARED for host, *_ in server.log)
    print(f"{len(server.log)} requests to {asked.hosts} hosts, {shared} of them to the shared one; delay {DELAY} s")
    return 1 if wrong else 0


def make_fleet(path: Path, server: PaperServer, shards: int) -> Path:
    """Make a fleet that watches all papers."""
    morgue("init", str(path), "--shards", str(shards), "--contact", "bench@example.org")
    (path / "morgue.toml").write_text(
        f"[crawl]\nallow_private_ips = true\ndelay = {DELAY}\njitter = 0.0\nautothrottle = false\nrobots = false\n"
        f"concurrency = {CONCURRENCY}\n[extract]\nworkers = 1\n"
    )
    for number, host in enumerate(server.hosts):
        text = f'url = "{server.url(host)}/"\nfeeds = ["{server.feed(number)}"]\n'
        (path / "sources" / f"paper{number}.toml").write_text(text)
    return path


def crawl(fleet: Path, server: PaperServer, *options: str) -> float:
    """Crawl what is due; return the pages a second from the first page of this crawl to the last, without the ends."""
    before = len(server.log)
    morgue("-C", str(fleet), "crawl", "--quiet", *options, allowed=(0, 1))
    ends = sorted(end for _, path, _, end in server.log[before:] if path.startswith("/story"))
    cut = len(ends) // 10
    ends = ends[cut : len(ends) - cut]
    return (len(ends) - 1) / (ends[-1] - ends[0])


def impolite(log: list[tuple[str, str, float, float]]) -> list[str]:
    """Return what was asked too soon."""
    by_host = defaultdict(list)
    for host, path, began, ended in log:
        by_host[host].append((began, ended, path))
    found = []
    for host, asked in by_host.items():
        for (_, ended, _), (began, _, path) in pairwise(sorted(asked)):
            if began < ended:
                found.append(f"{host}{path} was asked while another answer was under way")
            elif host == SHARED and began - ended < 0.9 * DELAY:
                found.append(f"{host}{path} was asked {began - ended:.2f} s after an answer")
        starts = sorted(began for began, _, _ in asked)
        found += [f"{host} was asked after {b - a:.2f} s" for a, b in pairwise(starts) if b - a < 0.9 * DELAY]
    return found


def morgue(*args: str, allowed: tuple[int, ...] = (0,)) -> None:
    """Run the command. Raises RuntimeError if it failed."""
    done = subprocess.run(
        [sys.executable, "-m", "crawler", *args], env=common.morgue_env(), capture_output=True, text=True, check=False
    )
    if done.returncode not in allowed:
        raise RuntimeError(f"morgue {' '.join(args)}: {done.returncode}\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    sys.exit(main())
