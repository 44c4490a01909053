"""Read and write the candidates of `srcset` (HTML, 4.8.4.2.1), and choose one of them. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

# Possessive: a candidate that does not end takes time in proportion to its length, not to the square of it.
CANDIDATE = re.compile(r"[\s,]*+(?P<url>[^\s]++)(?P<rest>[^,(]*+(?:\([^)]*+\)[^,(]*+)*+)(?:,|\Z)")
SIZE = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)([wx])(?:\s|\Z)")
WANTED_WIDTH = 1200  # pixels; enough for the text column of a paper on most screens
WANTED_DENSITY = 2
Candidate = tuple[str, str]  # (address, descriptor), such as ("a.jpg", "640w")


def candidates(text: str) -> list[Candidate]:
    """Return the candidates as written, in order."""
    found, at = [], 0
    while at < len(text):
        match = CANDIDATE.match(text, at)
        if match is None:
            break
        url, rest = match["url"], match["rest"].strip()
        at = match.end()
        if url.endswith(","):  # the commas end the candidate, so that what follows is the next one
            url, rest, at = url.rstrip(","), "", match.end("url")
        if url:
            found.append((url, rest))
    return found


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
    if size is None:
        return 1 / WANTED_DENSITY  # as 1x (HTML, 4.8.4.2.1)
    return float(size[1]) / (WANTED_WIDTH if size[2] == "w" else WANTED_DENSITY)


def rewritten(text: str, rewrite: Callable[[str], str]) -> str:
    """Return the candidates with their addresses rewritten."""
    return written([(rewrite(url), rest) for url, rest in candidates(text)])


def written(found: Iterable[Candidate]) -> str:
    """Return candidates as the value of the attribute."""
    return ", ".join(f"{url} {rest}".strip() for url, rest in found)
