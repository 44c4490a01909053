"""Keep an archive open for the view: open it again when its database was replaced, and end what takes too long."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any, TypeVar, cast

from exports.python_api.archive import Archive
from exports.python_api.connections import DatabaseReplaced
from pipelines.core import timestamps
from pipelines.core.archive_layout import DATABASE_NAME
from pipelines.core.errors import MorgueError
from pipelines.database.connection import connect, data_version
from pipelines.database.filters import titles_of_sources

T = TypeVar("T")

MAX_SECONDS = 20.0  # wall seconds of one answer that are spent in the database
STEPS_BETWEEN_LOOKS = 200_000  # of SQLite's machine, some milliseconds; each look waits for Python's lock
MAX_KNOWN_ANSWERS = 500


class TookTooLong(MorgueError):
    """Report that an answer would take longer than a reader waits."""


class AnswerTime:
    """Hold how long an answer may take. It ends before if its reader goes away."""

    def __init__(self, seconds: float = MAX_SECONDS) -> None:
        self.end = time.monotonic() + seconds

    @property
    def is_over(self) -> bool:
        """Return True if there is no time left."""
        return time.monotonic() > self.end

    def stop(self) -> None:
        """Let it be over now."""
        self.end = 0.0


class ServedArchive:
    """Hold the archive that is served. All threads share it; `Archive` gives each a connection of its own."""

    def __init__(self, path: Path) -> None:
        """Open the archive. Raises NoArchive and other MorgueErrors."""
        self.path = path
        self._lock = threading.Lock()
        self._archive = Archive(path)
        self._known = KnownAnswers(path)

    def ask(self, question: Callable[[Archive], T], left: AnswerTime | None = None) -> T:
        """Return the answer of the archive. Raises TookTooLong, and what the question raises."""
        archive, left = self._archive, left or AnswerTime()
        try:
            return _in_time(archive, question, left)
        except DatabaseReplaced:
            with self._lock:
                if self._archive is archive:  # no other thread was faster
                    self._archive, known = Archive(self.path), self._known
                    self._known = KnownAnswers(self.path)
                    known.close()
            return _in_time(self._archive, question, left)

    def ask_once(self, name: Hashable, question: Callable[[Archive], T], left: AnswerTime | None = None) -> T:
        """Return the answer to a question of this name; that of before if nothing was written since. Raises as `ask`.

        The answer must be a value that nobody changes.
        """
        known = self._known
        name = (name, timestamps.now().date())  # a query may say `published:yesterday`
        version = known.version()
        found = known.get(version, name)
        if found is None:
            found = (self.ask(question, left),)
            known.keep(version, name, found)
        return cast(T, found[0])

    def source_titles(self) -> dict[str, str]:
        """Return how each source that has a title is shown, by name; empty if the archive cannot be asked now.

        It may be called while a page is made of what was asked before, but not in the midst of a question.
        """
        try:
            found = self.ask_once("titles of sources", lambda archive: titles_of_sources(archive.connection))
        except MorgueError:  # a page that has begun goes on with the names
            return {}
        often = Counter(found.values())
        return {name: title if often[title] == 1 else f"{title} ({name})" for name, title in found.items()}

    def close(self) -> None:
        """Close the archive."""
        self._archive.close()
        self._known.close()


class KnownAnswers:
    """Keep answers as long as nobody writes to the database. The least recently asked are dropped."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = connect(path / DATABASE_NAME)
        self._answers: OrderedDict[Hashable, tuple[int, tuple[Any]]] = OrderedDict()

    def version(self) -> int:
        """Return a number that is another one after each commit; -1 once closed."""
        with self._lock:
            return -1 if self._db is None else data_version(self._db)

    def get(self, version: int, name: Hashable) -> tuple[Any] | None:
        """Return an answer that is as good as new."""
        with self._lock:
            if (kept := self._answers.get(name)) is None or kept[0] != version:
                return None
            self._answers.move_to_end(name)
            return kept[1]

    def keep(self, version: int, name: Hashable, answer: tuple[Any]) -> None:
        """Keep the answer to a question that was asked after the version was."""
        with self._lock:
            self._answers[name] = version, answer
            self._answers.move_to_end(name)
            if len(self._answers) > MAX_KNOWN_ANSWERS:
                self._answers.popitem(last=False)

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            if self._db is not None:
                self._db.close()
            self._db = None


def _in_time(archive: Archive, question: Callable[[Archive], T], left: AnswerTime) -> T:
    connection = archive.connection
    connection.set_progress_handler(lambda: left.is_over, STEPS_BETWEEN_LOOKS)
    try:
        return question(archive)
    except DatabaseReplaced:
        raise
    except MorgueError as error:
        if not left.is_over:
            raise
        cause = f"takes longer than {MAX_SECONDS:.0f} s"
        raise TookTooLong("this question", cause, "ask for fewer articles: a source, a period, more words") from error
    finally:
        connection.set_progress_handler(None, 0)
