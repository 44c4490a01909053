"""Show facets below the matches of a search: the most frequent values of a key, each with its number and a bar."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crawler.cli.counting.bars import DrawingCharacters, bar
from pipelines.core import terminal
from pipelines.core.plural import counted
from pipelines.database.search.facets import Facet

MAX_VALUE_WIDTH = 32  # columns of a terminal
MAX_BAR_WIDTH = 40  # columns
INDENT = "  "


def facet_lines(facets: Sequence[Facet], room: int, drawn: DrawingCharacters) -> Iterator[str]:
    """Yield an empty line for each facet, its key, its values, and what is not among them."""
    for facet in facets:
        if not facet.values and not facet.without:
            continue  # nothing was found
        yield ""
        yield facet.key
        most = max((number for _, number in facet.values), default=0)
        names = [terminal.plain(value).replace("\n", " ") for value, _ in facet.values]
        name_width = min(MAX_VALUE_WIDTH, max(map(terminal.width, names), default=0))
        number_width = len(f"{most:,}")
        bar_room = max(1, min(MAX_BAR_WIDTH, room - name_width - number_width - 3 * len(INDENT)))
        for name, (_, number) in zip(names, facet.values, strict=True):
            parts = (terminal.pad(name, name_width), f"{number:>{number_width},}", bar(number, most, bar_room, drawn))
            yield INDENT + INDENT.join(parts).rstrip()
        if rest := rest_of(facet):
            yield f"{INDENT}({rest})"


def rest_of(facet: Facet) -> str:
    """Return what the values shown leave out; "" if that is nothing."""
    parts = [counted(facet.more_values, "more value")] if facet.more_values else []
    if facet.without:
        parts.append(f"{counted(facet.without, 'article')} without one")
    return ", ".join(parts)
