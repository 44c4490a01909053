"""Keep an archive open for the view: open it again when its database was replaced, and end what takes too long."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

from exports.python_api.archive import Archive
from exports.python_api.connections import DatabaseReplaced
from pipelines.core import timestamps
from pipelines.core.archive_layout import DATABASE_NAME
from pipelines.core.errors import ArchiveDamaged, MorgueError, from_os_error, read_error
from pipelines.database.connection import applied_migrations, connect, data_version
from pipelines.database.filters import titles_of_sources
from pipelines.database.schema import newest
from pipelines.database.shards.databases import shards_of

T = TypeVar("T")
Version = tuple[int, ...]  # of the databases: others after each commit

MAX_SECONDS = 20.0  # wall seconds of one answer that are spent in the database
STEPS_BETWEEN_LOOKS = 200_000  # of SQLite's machine, some milliseconds; each look waits for Python's lock
MAX_REPLACED = 3  # times that the database may be replaced while one question is asked
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


class OpenedArchive:
    """Hold an archive, the answers that are known, and how many ask it."""

    def __init__(self, path: Path) -> None:
        """Open the archive. Raises ArchiveDamaged if an older version wrote it, because most pages would be errors."""
        self.archive, self.users = Archive(path), 0
        for shard in self.archive.shards:
            if set(newest.MIGRATIONS) - set(applied_migrations(shard.connection)):
                self.archive.close()
                subject, cure = str(shard.path / DATABASE_NAME), "`morgue upgrade` brings it up to date"
                raise ArchiveDamaged(subject, "written by an older version of Newsmorgue", cure)
        self.known = KnownAnswers([shard.path for shard in self.archive.shards])

    def close(self) -> None:
        """Close the database."""
        self.archive.close()
        self.known.close()


class ServedArchive:
    """Hold the archive that is served. All threads share it; `Archive` gives each a connection of its own."""

    def __init__(self, path: Path) -> None:
        """Open the archive. Raises NoArchive, ArchiveDamaged (of another version) and other MorgueErrors."""
        self.path = path
        self._lock = threading.Lock()
        self._opened = OpenedArchive(path)
        self._is_stopping = threading.Event()

    def ask(self, question: Callable[[Archive], T], left: AnswerTime | None = None) -> T:
        """Return the answer of the archive. Raises TookTooLong, and what the question raises, as `told` has it."""
        left = left or AnswerTime()
        with self.told():
            for _ in range(MAX_REPLACED):
                try:
                    with self._using() as opened:
                        return _in_time(opened.archive, question, left, self._is_stopping)
                except DatabaseReplaced as error:
                    replaced = error
                    self._open_again(opened)
            raise replaced

    def ask_once(self, name: Hashable, question: Callable[[Archive], T], left: AnswerTime | None = None) -> T:
        """Return the answer to a question of this name; that of before if nothing was written since. Raises as `ask`.

        The answer must be a value that nobody changes.
        """
        name = (name, timestamps.now().date())  # a query may say `published:yesterday`
        with self.told(), self._using() as opened:
            version = opened.known.version()
            found = opened.known.get(version, name)
            if found is None:
                found = (self.ask(question, left),)
                opened.known.keep(version, name, found)
            return cast(T, found[0])

    @contextmanager
    def opened(self) -> Iterator[Archive]:
        """Give the archive for a longer work. It stays open until the block ends, also if its database is replaced."""
        with self._using() as opened:
            yield opened.archive

    @contextmanager
    def _using(self) -> Iterator[OpenedArchive]:
        """Keep what is open from being closed until the block ends."""
        with self._lock:
            opened = self._opened
            opened.users += 1
        try:
            yield opened
        finally:
            with self._lock:
                opened.users -= 1
                is_done = opened is not self._opened and not opened.users
            if is_done:
                opened.close()

    def _open_again(self, replaced: OpenedArchive) -> None:
        """Open the database that took the place of another one, unless another thread did. The last user closes it."""
        with self._lock:
            if self._opened is not replaced:
                return
            self._opened = OpenedArchive(self.path)
            is_done = not replaced.users
        if is_done:
            replaced.close()

    @contextmanager
    def told(self) -> Iterator[None]:
        """Raise errors of the block as readers may see them: MorgueErrors, with names relative to the archive.

        An error of another kind than those of SQLite and of the system is our fault, and is raised as it is.
        """
        try:
            yield
        except MorgueError as error:
            for name in ("subject", "cause", "cure"):
                setattr(error, name, self.without_path(getattr(error, name)))
            raise
        except sqlite3.DatabaseError as error:
            raise read_error(error, Path(DATABASE_NAME)) from error
        except OSError as error:
            raise from_os_error(error, self.without_path(str(error.filename or DATABASE_NAME))) from error

    def without_path(self, text: str) -> str:
        """Return a text without where the archive is on the disk."""
        for folder in sorted({str(self.path.absolute()), str(self.path.resolve())}, key=len, reverse=True):
            text = text.replace(f"{folder}/", "").replace(folder, "the archive")
        return text

    def stop(self) -> None:
        """End what is asked, so that the server can stop."""
        self._is_stopping.set()

    def source_titles(self) -> dict[str, str]:
        """Return how each source that has a title is shown, by name; empty if the archive cannot be asked now.

        It may be called while a page is made of what was asked before, but not in the midst of a question.
        """
        try:
            found = self.ask_once("titles of sources", lambda archive: titles_of_sources(archive.database))
        except MorgueError:  # a page that has begun goes on with the names
            return {}
        often = Counter(found.values())
        return {name: title if often[title] == 1 else f"{title} ({name})" for name, title in found.items()}

    def close(self) -> None:
        """Close the archive."""
        self._opened.close()


class KnownAnswers:
    """Keep answers as long as nobody writes to the databases. The least recently asked are dropped."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._lock = threading.Lock()
        self._dbs = [connect(path / DATABASE_NAME) for path in paths]
        self._answers: OrderedDict[Hashable, tuple[Version, tuple[Any]]] = OrderedDict()

    def version(self) -> Version:
        """Return numbers that are others after each commit; none once closed."""
        with self._lock:
            return tuple(map(data_version, self._dbs))

    def get(self, version: Version, name: Hashable) -> tuple[Any] | None:
        """Return an answer that is as good as new."""
        with self._lock:
            if (kept := self._answers.get(name)) is None or kept[0] != version:
                return None
            self._answers.move_to_end(name)
            return kept[1]

    def keep(self, version: Version, name: Hashable, answer: tuple[Any]) -> None:
        """Keep the answer to a question that was asked after the version was."""
        with self._lock:
            self._answers[name] = version, answer
            self._answers.move_to_end(name)
            if len(self._answers) > MAX_KNOWN_ANSWERS:
                self._answers.popitem(last=False)

    def close(self) -> None:
        """Close the databases."""
        with self._lock:
            while self._dbs:
                self._dbs.pop().close()


def _in_time(archive: Archive, question: Callable[[Archive], T], left: AnswerTime, is_stopping: threading.Event) -> T:
    connections = shards_of(archive.database)
    for one in connections:
        one.set_progress_handler(lambda: left.is_over or is_stopping.is_set(), STEPS_BETWEEN_LOOKS)
    try:
        return question(archive)
    except DatabaseReplaced:
        raise
    except (MorgueError, sqlite3.OperationalError) as error:
        if not left.is_over:
            raise
        cause = f"takes longer than {MAX_SECONDS:.0f} s"
        raise TookTooLong("this question", cause, "ask for fewer articles: a source, a period, more words") from error
    finally:
        for one in connections:
            one.set_progress_handler(None, 0)
