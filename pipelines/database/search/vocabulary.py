"""Ask the full-text index for its words and in how many articles each is. Read-only, and bounded.

It reads words of one range of the alphabet, never the whole vocabulary: a word costs as much as its articles are many.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from pipelines.database.connection import ask
from pipelines.database.shards.databases import Database, shards_of

MAX_WORDS_READ = 2_000  # of one range
MAX_MATCHES_READ = 2_000_000  # articles of the words of one range, added up: about 0.1 s
LAST_CHARACTER = "\U0010ffff"


class IndexWord(NamedTuple):
    """Hold a word of the index."""

    word: str  # as the index has it: in lower case, without accents of Latin letters
    articles: int  # that have it


def is_there(db: Database, expression: str) -> bool:
    """Return True if any article has a word or phrase, which costs the same whatever their number."""
    sql = "SELECT 1 FROM articles_fts WHERE articles_fts MATCH ? LIMIT 1"
    return any(next(ask(one, sql, (expression,)), None) is not None for one in shards_of(db))


def indexed_articles(db: sqlite3.Connection) -> int:
    """Return how many articles the index has. FTS5 keeps the number, as a varint, for its ranks (fts5_index.c)."""
    number = 0
    for byte in next((row[0] for row in ask(db, "SELECT block FROM articles_fts_data WHERE id = 1")), b""):
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return number


class IndexVocabulary:
    """Read the words of the index of an archive, or of all shards of a fleet."""

    def __init__(self, db: Database) -> None:
        self.shards = shards_of(db)
        self.cut_off: list[str] = []  # beginnings of words of which there were too many to read all
        for one in self.shards:
            if "index_words" not in {row[0] for row in ask(one, "SELECT name FROM sqlite_temp_master")}:
                _make_table(one)

    def articles(self, word: str) -> int:
        """Return how many articles have a word, given as the index has it."""
        sql = "SELECT doc FROM temp.index_words WHERE term = ?"
        return sum(row[0] for one in self.shards for row in ask(one, sql, (word,)))

    def starting_with(self, beginning: str) -> Iterator[IndexWord]:
        """Yield the words that begin so, in the order of the alphabet, up to the bounds above."""
        sql = "SELECT term, doc FROM temp.index_words WHERE term >= ? AND term <= ?"
        bounds, matches = (beginning, beginning + LAST_CHARACTER), 0
        found = [ask(one, sql, bounds) for one in self.shards]
        for number, row in enumerate(found[0] if len(found) == 1 else _added(found)):
            if number >= MAX_WORDS_READ or matches > MAX_MATCHES_READ:
                self.cut_off.append(beginning)
                return
            matches += row[1]
            yield IndexWord(*row)


def _make_table(db: sqlite3.Connection) -> None:
    """Make the table that fts5vocab fills as it is read. It is in the connection's own memory, not in the file."""
    reads_only = next(ask(db, "PRAGMA query_only"))[0]
    try:
        db.execute("PRAGMA query_only = OFF")
        list(ask(db, "CREATE VIRTUAL TABLE temp.index_words USING fts5vocab(main, articles_fts, row)"))
    finally:
        db.execute(f"PRAGMA query_only = {reads_only}")


def _added(found: Sequence[Iterator[sqlite3.Row]]) -> Iterator[tuple[str, int]]:
    """Yield the words of several indexes in the order of the alphabet, each once, with its articles in all of them."""
    pairs = merge(*(map(tuple, rows) for rows in found), key=_in_bytes)
    for word, same in groupby(pairs, key=itemgetter(0)):
        yield word, sum(number for _, number in same)


def _in_bytes(pair: tuple[str, int]) -> bytes:
    return pair[0].encode()  # the order of an index is that of bytes
