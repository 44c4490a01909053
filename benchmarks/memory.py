"""Peak memory of a crawl of many hosts that all send pages of the largest size at once.

    python benchmarks/memory.py [--hosts 40] [--megabytes 20] [--page paragraphs|text|noise]
                                [--coding plain|gzip|chunked] [--limit 600] [-s KEY=VALUE ...]

The hosts are addresses of 127.0.0.0/8, served by this program; nothing leaves the machine. Exit code 0 if the resident
memory of all processes of the crawl together stayed below the limit (megabytes), 1 if not.
"""

from __future__ import annotations

import argparse
import gzip
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import common

MB = 1_000_000
SAMPLE_SECONDS = 0.02  # between two looks at the memory
MAX_SECONDS = 900.0  # for the whole crawl
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
SENTENCE = "The ferry stops at the northern pier from Monday, the council said, and the crane turns again. "
MORGUE = [sys.executable, "-c", "import sys; from crawler.cli.main import main; sys.exit(main())"]


def page(kind: str, size: int) -> bytes:
    """Return an HTML page of `size` bytes."""
    chance = random.Random(1)
    start, end = f"<html><head><title>Ferry</title></head><body><h1>Ferry</h1><p>{SENTENCE}</p>", "</body></html>"
    parts = {
        "paragraphs": lambda: f"<p>{SENTENCE}</p>\n",
        "text": lambda: SENTENCE,
        "noise": lambda: "".join(chance.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=1000)),
    }
    part = parts[kind]() if kind != "noise" else ""
    room = size - len(start) - len(end)
    filling = part * (room // len(part)) if part else "".join(parts[kind]() for _ in range(room // 1000))
    return (start + filling.ljust(room) + end).encode()


def serve(body: bytes, coding: str) -> ThreadingHTTPServer:
    """Serve a page at every path of every address of this machine, but no robots.txt."""
    sent = gzip.compress(body, 1) if coding == "gzip" else body

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found = self.path.startswith("/page")
            self.send_response(200 if found else 404)
            if not found:
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header(
                *(("Transfer-Encoding", "chunked") if coding == "chunked" else ("Content-Length", str(len(sent))))
            )
            if coding == "gzip":
                self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            for at in range(0, len(sent), 65_536):
                piece = sent[at : at + 65_536]
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if coding == "chunked" else piece)
            if coding == "chunked":
                self.wfile.write(b"0\r\n\r\n")

        def log_message(self, *_arguments: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("0.0.0.0", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def resident(process: int) -> int:
    """Return the resident bytes of a process, 0 if it is gone."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE_BYTES
    except (OSError, IndexError):
        return 0


def children(process: int) -> list[int]:
    """Return the processes that a process has started."""
    try:
        texts = [path.read_text() for path in Path(f"/proc/{process}/task").glob("*/children")]
    except OSError:
        return []
    found = [int(number) for text in texts for number in text.split()]
    return [child for child in found if command_of(child) != command_of(process)]  # a fork that has not begun to run


def command_of(process: int) -> bytes:
    """Return the command line of a process."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def main() -> int:
    """Crawl, and print the peaks."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--hosts", type=int, default=40)
    parser.add_argument("--megabytes", type=float, default=20)
    parser.add_argument("--page", choices=("paragraphs", "text", "noise"), default="paragraphs")
    parser.add_argument("--coding", choices=("plain", "gzip", "chunked"), default="plain")
    parser.add_argument("--limit", type=int, default=600)
    parser.add_argument("--json", metavar="FILE", help="also write the peaks there")
    parser.add_argument("-s", dest="settings", action="append", default=[])
    options = parser.parse_args()
    server = serve(page(options.page, int(options.megabytes * MB) - 1000), options.coding)
    with tempfile.TemporaryDirectory() as folder:
        archive, urls = Path(folder) / "archive", Path(folder) / "urls.txt"
        subprocess.run([*MORGUE, "init", str(archive), "--contact", "me@example.org"], check=True, capture_output=True)
        urls.write_text(
            "".join(f"http://127.0.0.{n + 1}:{server.server_port}/page{n}.html\n" for n in range(options.hosts))
        )
        settings = ["crawl.allow_private_ips=true", "crawl.delay=0", *options.settings]
        command = [*MORGUE, "-C", str(archive), "crawl", "--urls", str(urls), *(a for s in settings for a in ("-s", s))]
        began, peak_main, peak_all, at_peak = time.monotonic(), 0, 0, ""
        crawl = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        while crawl.poll() is None and time.monotonic() - began < MAX_SECONDS:
            own, others = resident(crawl.pid), [resident(child) for child in children(crawl.pid)]
            peak_main = max(peak_main, own)
            if own + sum(others) > peak_all:
                peak_all, at_peak = own + sum(others), ", ".join(f"{n // MB}" for n in (own, *others))
            time.sleep(SAMPLE_SECONDS)
        crawl.kill()
        said = crawl.communicate()[0]
    server.shutdown()
    counts = re.findall(r"^.*(?:page|article|fail).*$", said, re.MULTILINE)
    print("\n".join(counts[-6:]))
    print(f"{options.hosts} hosts, {options.megabytes:g} MB, {options.page}, {options.coding}: "
          f"main process {peak_main // MB} MB, all processes {peak_all // MB} MB ({at_peak}), "
          f"{time.monotonic() - began:.0f} s")  # fmt: skip
    common.write_json(options.json, {"main_bytes": peak_main, "all_bytes": peak_all})
    return 0 if peak_all <= options.limit * MB else 1


if __name__ == "__main__":
    sys.exit(main())
