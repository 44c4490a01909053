"""Make the passages of texts that show the words found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.database.search.spans import INDEXED_COLUMNS, PageIndex, Span

SNIPPET_WORDS = 24
SNIPPET_CHARS = 320  # if words are not separated (CJK), 24 "words" are a page
SNIPPET = f"snippet(page, {INDEXED_COLUMNS.index('text')}, ?, ?, '…', {SNIPPET_WORDS})"
CHARS_BEFORE = 40  # of a passage in a script without spaces, before the first word found
PASSAGE_CHARS = 120  # of such a passage: as much as 24 words


def passages(index: PageIndex, articles: Sequence[Mapping[str, Any]], markers: tuple[str, str]) -> dict[int, str]:
    """Return by its place a passage of each article that matches. `articles`: with `place` and INDEXED_COLUMNS.

    Runs in scripts without spaces are indexed in a column of their own, which is nothing to read: passages of what is
    found there only are cut out of the text.
    """
    rows = [[article[key] for key in ("place", *INDEXED_COLUMNS)] for article in articles]
    found = {place: shown[0] for place, shown in index.matches(INDEXED_COLUMNS, rows, SNIPPET, *markers).items()}
    runs = [one for one in articles if one["spaced"] and markers[0] not in found.get(one["place"], "")]
    for article, spans in zip(runs, index.spans(runs), strict=True):
        if in_text := [span for span in spans if span.field == "text"]:
            found[article["place"]] = _passage(article["text"], in_text, markers)
    return found


def _passage(text: str, spans: Sequence[Span], markers: tuple[str, str]) -> str:
    start = max(0, spans[0].start - CHARS_BEFORE)
    end = start + PASSAGE_CHARS
    parts, at = ["…" * (start > 0)], start
    for span in spans:
        if span.start < end:
            parts += [text[at : span.start], markers[0], text[span.start : span.end], markers[1]]
            at = span.end
    return "".join([*parts, text[at : max(at, end)], "…" * (max(at, end) < len(text))])


def clip_snippet(snippet: str, markers: tuple[str, str]) -> str:
    """Return a snippet on one line of at most SNIPPET_CHARS, cut around the first word that was found."""
    line = " ".join(snippet.split())
    if len(line) <= SNIPPET_CHARS:
        return line
    start = max(0, min(line.find(markers[0]) - SNIPPET_CHARS // 3, len(line) - SNIPPET_CHARS))
    cut = line[start : start + SNIPPET_CHARS]
    unclosed = cut.count(markers[0]) > cut.count(markers[1])
    return ("…" if start else "") + cut + (markers[1] if unclosed else "") + "…"
