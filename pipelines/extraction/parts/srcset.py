"""Read and write the candidates of `srcset` (HTML, 4.8.4.2.1), and choose one of them. Pure.

The attributes in which pages keep addresses for scripts that load pictures later are listed here, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

LAZY_SOURCES = ("data-src", "data-lazy-src", "data-original", "data-lazy", "data-original-src", "data-lazyload",
                "data-echo")  # fmt: skip
# The others may name a page, or a far larger picture: they are followed only if there is no address but a placeholder.
LAZY = (*LAZY_SOURCES, "data-url", "data-hi-res-src", "data-full-src", "data-image", "data-orig-file")
LAZY_SETS = ("data-srcset", "data-lazy-srcset")
# Commas at the end of an address end the candidate. No part is tried twice, however the text is written.
CANDIDATE = re.compile(
    r"[\s,]*+(?P<url>\S++)(?:(?<=,)|(?P<rest>[^,(]*+(?:\([^)]*+(?:\)|\Z)[^,(]*+)*+)(?:,|\Z))",
)
SIZE = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)([wxh])(?:\s|\Z)")
WANTED_WIDTH = 1200  # pixels; enough for the text column of a paper on most screens
WANTED_DENSITY = 2
Candidate = tuple[str, str]  # (address, descriptor), such as ("a.jpg", "640w")


def candidates(text: str) -> list[Candidate]:
    """Return the candidates as written, in order."""
    return [(found["url"].rstrip(","), (found["rest"] or "").strip()) for found in CANDIDATE.finditer(text)]


def chosen(found: Iterable[Candidate]) -> str | None:
    """Return the address of the one candidate that an archive keeps; None if there is none.

    It is the smallest that is large enough to read (WANTED_WIDTH, WANTED_DENSITY), else the largest.
    """
    sizes = [(_enough(rest), url) for url, rest in found if not url.lower().startswith("data:")]
    large = [(share, url) for share, url in sizes if share >= 1]
    if large:
        return min(large, key=lambda one: one[0])[1]
    return max(sizes, key=lambda one: one[0])[1] if sizes else None


def _enough(rest: str) -> float:
    """Return a candidate's size as a share of the one that is wanted."""
    size = SIZE.match(rest)
    if size is None or size[2] == "h":
        return 1 / WANTED_DENSITY  # as 1x (HTML, 4.8.4.2.1)
    return float(size[1]) / (WANTED_WIDTH if size[2] == "w" else WANTED_DENSITY)


def largest(found: Iterable[Candidate]) -> str | None:
    """Return the address of the largest candidate, by its width, height or density; None if there is none."""
    sizes = [(SIZE.match(rest), url) for url, rest in found if not url.lower().startswith("data:")]
    best = max(sizes, key=lambda one: _pixels(one[0]), default=None)
    return best[1] if best else None


def _pixels(size: re.Match[str] | None) -> float:
    if size is None:
        return 1
    return float(size[1]) * (1000 if size[2] == "x" else 1)


def written(found: Iterable[Candidate]) -> str:
    """Return candidates as the value of the attribute."""
    return ", ".join(f"{url} {rest}".strip() for url, rest in found)
