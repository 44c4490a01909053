"""Drop the boilerplate of a text, as a page's reading does."""

from __future__ import annotations

from pipelines.extraction.boilerplate.remove import boilerplate_lines


def without_boilerplate(lines: list[str], authors: tuple[str, ...] = ()) -> list[str]:
    """Return `lines` without boilerplate, and without those that name or present the `authors`."""
    dropped = boilerplate_lines(lines, authors)
    return [line for index, line in enumerate(lines) if index not in dropped]
