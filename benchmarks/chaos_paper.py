"""Serve the small papers of `chaos.py`: they publish new stories in each round, and note who asked for what."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PER_ROUND = 8  # new stories of each paper
TEXT = "The council met on Tuesday and talked about the harbour wall, which needs repair. " * 6


class Paper:
    """Serve a paper on a loopback address of its own, and note each request."""

    def __init__(self, number: int) -> None:
        self.name, self.stories = f"paper{number}", 0
        self.asked: list[tuple[float, str]] = []  # when, and the path
        paper = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                paper.asked.append((time.monotonic(), self.path))
                time.sleep(0.03)
                body, kind = paper.page(self.path)
                self.send_response(200 if body else 404)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                with suppress(ConnectionError):  # a machine that was killed
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer((f"127.0.0.{10 + number}", 0), Answer)
        self.url = f"http://127.0.0.{10 + number}:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def page(self, path: str) -> tuple[bytes, str]:
        """Return what lies at a path, and its type."""
        if path == "/feed":
            items = "".join(f"<item><title>Story {n}</title><link>{self.story(n)}</link></item>"
                            for n in range(self.stories))  # fmt: skip
            return (
                f"<rss version='2.0'><channel><title>P</title>{items}</channel></rss>".encode(),
                "application/rss+xml",
            )
        if path == "/":
            return f"<html><body><h1>{self.name}</h1></body></html>".encode(), "text/html"
        number = path.rpartition("-")[2].removesuffix(".html")
        if "/story-number-" not in path or not number.isdecimal() or int(number) >= self.stories:
            return b"", "text/plain"
        text = f"<p>{self.name} tells story {number}. {TEXT}</p>"
        page = f"<html><head><title>Story {number}</title></head><body><article><h1>Story {number}</h1>{text}</article>"
        return f"{page}</body></html>".encode(), "text/html"

    def story(self, number: int) -> str:
        """Return the URL of a story."""
        return f"{self.url}/2024/01/{1 + number % 28:02}/story-number-{number}.html"

    def requests(self) -> Counter[str]:
        """Return how often each story was asked for."""
        return Counter(path for _, path in self.asked if "/story-number-" in path)
