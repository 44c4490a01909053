"""Ask the full-text index for its words and in how many articles each is. Read-only, and bounded.

It reads words of one range of the alphabet, never the whole vocabulary: a word costs as much as its articles are many.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from pipelines.database.connection import ask

MAX_WORDS_READ = 2_000  # of one range
MAX_MATCHES_READ = 2_000_000  # articles of the words of one range, added up: about 0.1 s
LAST_CHARACTER = "\U0010ffff"


class IndexWord(NamedTuple):
    """Hold a word of the index."""

    word: str  # as the index has it: in lower case, without accents of Latin letters
    articles: int  # that have it


def is_there(db: sqlite3.Connection, expression: str) -> bool:
    """Return True if any article has a word or phrase, which costs the same whatever their number."""
    sql = "SELECT 1 FROM articles_fts WHERE articles_fts MATCH ? LIMIT 1"
    return next(ask(db, sql, (expression,)), None) is not None


class IndexVocabulary:
    """Read the words of the index of an archive."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db
        self.cut_off: list[str] = []  # beginnings of words of which there were too many to read all
        if "index_words" not in {row[0] for row in ask(db, "SELECT name FROM sqlite_temp_master")}:
            self._make_table()

    def _make_table(self) -> None:
        """Make the table that fts5vocab fills as it is read. It is in the connection's own memory, not in the file."""
        reads_only = next(ask(self.db, "PRAGMA query_only"))[0]
        try:
            self.db.execute("PRAGMA query_only = OFF")
            list(ask(self.db, "CREATE VIRTUAL TABLE temp.index_words USING fts5vocab(main, articles_fts, row)"))
        finally:
            self.db.execute(f"PRAGMA query_only = {reads_only}")

    def articles(self, word: str) -> int:
        """Return how many articles have a word, given as the index has it."""
        return sum(row[0] for row in ask(self.db, "SELECT doc FROM temp.index_words WHERE term = ?", (word,)))

    def starting_with(self, beginning: str) -> Iterator[IndexWord]:
        """Yield the words that begin so, in the order of the alphabet, up to the bounds above."""
        sql = "SELECT term, doc FROM temp.index_words WHERE term >= ? AND term <= ?"
        matches = 0
        for number, row in enumerate(ask(self.db, sql, (beginning, beginning + LAST_CHARACTER))):
            if number >= MAX_WORDS_READ or matches > MAX_MATCHES_READ:
                self.cut_off.append(beginning)
                return
            matches += row[1]
            yield IndexWord(*row)
