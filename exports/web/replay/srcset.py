"""Read and write the candidates of `srcset` (HTML, 4.8.4.2.1). Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

CANDIDATE = re.compile(r"[\s,]*(?P<url>[^\s]+)(?P<rest>[^,(]*(?:\([^)]*\)[^,(]*)*)(?:,|\Z)")


def candidates(text: str) -> list[tuple[str, str]]:
    """Return (address, descriptor) of each candidate, such as ("a.jpg", "640w")."""
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


def rewritten(text: str, rewrite: Callable[[str], str]) -> str:
    """Return the candidates with their addresses rewritten."""
    return ", ".join(f"{rewrite(url)} {rest}".strip() for url, rest in candidates(text))
