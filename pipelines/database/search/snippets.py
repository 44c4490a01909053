"""Make the passages of texts that show the words found.

FTS5 would look for each hit of a page in the index again, which takes long for a prefix. So the texts of a page are
indexed by themselves, in memory, and the same query is asked there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

# As in schema/search_index.py: a query means the same here.
INDEXED_COLUMNS = ("title", "byline", "text", "spaced", "labels")
TOKENIZER = "unicode61 remove_diacritics 2"
SNIPPET_WORDS = 24
SNIPPET_CHARS = 320  # if words are not separated (CJK), 24 "words" are a page
NAMES = ", ".join(INDEXED_COLUMNS)
INSERT = f"INSERT INTO articles_fts(rowid, {NAMES}) VALUES (?{', ?' * len(INDEXED_COLUMNS)})"  # noqa: S608 - our names
SNIPPET = f"snippet(articles_fts, {INDEXED_COLUMNS.index('text')}, ?, ?, '…', {SNIPPET_WORDS})"


class PassageIndex:
    """Index some texts in memory to mark the words of a query in them."""

    def __init__(self, match: str, markers: tuple[str, str]) -> None:
        """`match`: FTS5 expression."""
        self.match, self.markers = match, markers
        self.db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self.db.execute(f'CREATE VIRTUAL TABLE articles_fts USING fts5({NAMES}, tokenize="{TOKENIZER}")')

    def close(self) -> None:
        """Free the memory."""
        self.db.close()

    def passages(self, texts: Iterable[Sequence[object]]) -> dict[int, str]:
        """Return a passage of each text that matches. `texts`: a number, and the columns of the index."""
        self.db.execute("BEGIN")
        self.db.executemany(INSERT, texts)
        sql = f"SELECT rowid, {SNIPPET} FROM articles_fts WHERE articles_fts MATCH ?"  # noqa: S608 - our names
        found = dict(self.db.execute(sql, (*self.markers, self.match)).fetchall())
        self.db.execute("ROLLBACK")
        return found


def clip_snippet(snippet: str, markers: tuple[str, str]) -> str:
    """Return a snippet on one line of at most SNIPPET_CHARS, cut around the first word that was found."""
    line = " ".join(snippet.split())
    if len(line) <= SNIPPET_CHARS:
        return line
    start = max(0, min(line.find(markers[0]) - SNIPPET_CHARS // 3, len(line) - SNIPPET_CHARS))
    cut = line[start : start + SNIPPET_CHARS]
    unclosed = cut.count(markers[0]) > cut.count(markers[1])
    return ("…" if start else "") + cut + (markers[1] if unclosed else "") + "…"
