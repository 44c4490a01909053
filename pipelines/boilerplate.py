"""Blocks and lines that are no part of an article, as named rules."""

from __future__ import annotations

from typing import Any


def prune(tree: Any, xpaths: tuple[str, ...] = ()) -> list[str]:
    """Cut the blocks that the rules and `xpaths` (the source's own) name out of the page."""
    return []


def tidy(lines: list[str], title: str | None) -> str:
    """The text of an article from its lines."""
    return "\n".join(lines)
