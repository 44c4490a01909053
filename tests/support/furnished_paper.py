"""Give the pages of a small paper their parts: style sheets, a font, an icon and pictures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.small_paper import TEXT, SmallPaper, serving
from tests.support.styled_paper import BLUE, GOLD, GREEN, RED, png

CSS, PNG, FONT = ({"Content-Type": kind} for kind in ("text/css", "image/png", "font/woff2"))
PARTS_OF_FIRST = {"/s.css", "/type.css", "/f.woff2", "/b.png", "/i.png", "/p0.png", "/both.png"}


def page_of(number: int, markup: str = "") -> bytes:
    """Return a story with the style sheet and icon of the paper, a picture of its own, and one that all have."""
    head = '<link rel="stylesheet" href="/s.css"><link rel="icon" href="/i.png">'
    pictures = f'<img src="/p{number}.png"><img src="/small.png" srcset="/small.png 1x, /both.png 2x">'
    return (
        f"<html><head><title>Story {number}</title>{head}</head><body><article><h1>Story {number}</h1>"
        f"<p>{TEXT}</p>{pictures}{markup}</article></body></html>"
    ).encode()


def furnish(paper: SmallPaper, *stories: int, markup: str = "") -> None:
    """Put stories at their addresses, with all parts that they name."""
    for number in stories:
        paper.answers[paper.stories[number].removeprefix(paper.url)] = (200, page_of(number, markup), {})
        paper.answers[f"/p{number}.png"] = (200, png((number, 90, 90)), PNG)
    pictures = {"/b.png": BLUE, "/i.png": RED, "/both.png": GOLD, "/small.png": GREEN}
    for path, colour in pictures.items():
        paper.answers[path] = (200, png(colour), PNG)
    paper.answers["/s.css"] = (200, b'@import "type.css"; body { background: url(/b.png) }', CSS)
    paper.answers["/type.css"] = (200, b"@font-face { font-family: F; src: url(f.woff2) }", CSS)
    paper.answers["/f.woff2"] = (200, b"wOF2 of no use", FONT)


@contextmanager
def furnished_paper() -> Iterator[SmallPaper]:
    """Serve a paper of two stories with their parts; its feed names the first."""
    with serving(2) as paper:
        paper.robots()
        paper.front()
        paper.feed(0)
        furnish(paper, 0, 1)
        yield paper


def watch(paper: SmallPaper, archive: Path, parts: str, more: str = "") -> None:
    """Write the source file of the paper, with [capture]."""
    paper.watch(archive, more=f'[capture]\nparts = "{parts}"\n{more}')


def paths_of_parts(paper: SmallPaper) -> set[str]:
    """Return what was asked for besides listings and stories."""
    asked = set(paper.asked) - {"/robots.txt", "/", "/feed", "/.well-known/tdmrep.json"}
    return {path for path in asked if not path.startswith("/2024/")}
