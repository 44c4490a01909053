"""Serve a newspaper of a few fixed pages, whose listings a test changes between two crawls."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.http_server import Answers, answering

TEXT = "The council met on Tuesday and talked about the harbour wall, which needs repair. " * 8
RSS = {"Content-Type": "application/rss+xml"}
HTML_WALL = (200, b"<!DOCTYPE html><html><body><h1>We value your privacy</h1></body></html>", {})


@dataclass(slots=True)
class SmallPaper:
    """Hold the address, the answers by path, and the paths that were requested."""

    url: str
    answers: Answers
    asked: list[str]
    stories: list[str] = field(default_factory=list)  # URLs

    def feed(self, *numbers: int) -> None:
        """List these stories in the feed."""
        items = "".join(f"<item><title>{n}</title><link>{self.stories[n]}</link></item>" for n in numbers)
        rss = f"<rss version='2.0'><channel><title>Small</title>{items}</channel></rss>"
        self.answers["/feed"] = (200, rss.encode(), RSS)

    def front(self, *hrefs: str) -> None:
        """Link these from the front page."""
        links = "".join(f'<a href="{href}">A headline of some length</a>' for href in hrefs)
        self.answers["/"] = (200, f"<html><body><h1>Small</h1>{links}</body></html>".encode(), {})

    def robots(self, *disallowed: str) -> None:
        rules = "".join(f"Disallow: {path}\n" for path in disallowed)
        self.answers["/robots.txt"] = (200, f"User-agent: *\n{rules}".encode(), {"Content-Type": "text/plain"})

    def write_story(self, number: int, text: str = TEXT) -> None:
        """Put a story at its address, in place of what was there."""
        page = f"<html><head><title>Story {number}</title></head><body><article><h1>Story {number}</h1><p>{text}</p>"
        path = self.stories[number].removeprefix(self.url)
        self.answers[path] = (200, f"{page}</article></body></html>".encode(), {})

    def watch(self, archive: Path, name: str = "paper", more: str = "") -> None:
        """Write the source file of the paper: front page and feed."""
        text = f'url = "{self.url}/"\nfeeds = ["{self.url}/feed"]\n{more}'
        (archive / "sources" / f"{name}.toml").write_text(text)


@contextmanager
def serving(stories: int = 3) -> Iterator[SmallPaper]:
    """Serve a healthy paper with so many stories in its feed; its front page links a dead and a disallowed page."""
    answers: Answers = {}
    with answering(answers) as (url, asked):
        paper = SmallPaper(url, answers, asked)
        paper.stories = [f"{url}/2024/01/{n + 1:02}/story-number-{n}.html" for n in range(stories)]
        for number in range(stories):
            paper.write_story(number)
        paper.feed(*range(stories))
        paper.front("/private/a-story-of-the-archive-2024.html", "/2024/01/30/dead-story-of-the-day.html")
        paper.robots("/private")
        yield paper
