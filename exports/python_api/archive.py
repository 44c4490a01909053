"""Open an archive for reading from Python: `from exports import Archive`.

Nothing is written, also while a crawl writes. Errors are those of the command line, as exceptions: MorgueError and its
classes in `pipelines.core.errors`, which `exports` has, too.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import date
from operator import index
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeAlias

from exports.python_api import notebook_html
from exports.python_api.articles import MAX_ROWS, Articles, Sort, checked_number
from exports.python_api.connections import ArchiveConnections, database_file
from exports.python_api.rows import (
    ArticleRow,
    CaptureRow,
    ClusterRow,
    EditRow,
    GoneRow,
    RevisionRow,
    SourceRow,
    TypedRow,
    TypedRows,
)
from pipelines.core.errors import ArchiveDamaged, MorgueError, NoArchive, NotFound, QueryError
from pipelines.database import queries
from pipelines.database.filters import ArticleFilters
from pipelines.database.query_language.tokens import with_stems
from pipelines.database.shards.databases import Database
from pipelines.fleet.layout import fleet_at

if TYPE_CHECKING:
    from exports.fleet.connections import FleetConnections
    from pipelines.warc.storage import WarcStorage

Day: TypeAlias = "str | date"  # as for --since: "2024-03", "last week", a date
Names: TypeAlias = "str | Sequence[str]"
Wanted: TypeAlias = (
    "SupportsIndex | str | ArticleRow"  # the number of an article, its address in any spelling, or itself
)
# An article, for the capture that its text was read from, one of its revisions, or a capture.
Captured: TypeAlias = "SupportsIndex | str | ArticleRow | RevisionRow | CaptureRow"
HAS_SHARDS = "ask one of its shards: archive.shards[0]"


class Archive:
    """Read an archive or a fleet: search it, count, and read articles, revisions and captures.

    `path` is the folder of the archive, or its `morgue.db`, or the folder of a fleet, whose shards are read as one
    archive. One object serves all threads; each has a connection of its
    own. `close`, or a `with` statement, closes them.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open the archive. Raises NoArchive, ArchiveDamaged, ArchiveLocked and other MorgueErrors."""
        if not os.fspath(path):
            raise NoArchive("path of the archive", "is empty", "name the folder of an archive, '.' for the current one")
        self._hold(_connections(Path(path).expanduser().absolute()))

    def _hold(self, connections: ArchiveConnections | FleetConnections) -> None:
        self._connections = connections
        self._fleet = None if isinstance(connections, ArchiveConnections) else connections
        self.path = connections.path.parent if self._fleet is None else connections.path
        self._shards: tuple[Archive, ...] = ()

    @property
    def connection(self) -> sqlite3.Connection:
        """Return this thread's connection to the database, for SQL of your own.

        It only reads: SQLite refuses any other statement with an OperationalError. Commands such as `morgue remove` and
        `morgue reextract` change an archive. Its own errors are those of sqlite3, not MorgueErrors. A fleet has a
        database for each shard: `archive.shards[0].connection`. Raises MorgueError.
        """
        db = self.database
        if isinstance(db, sqlite3.Connection):
            return db
        raise MorgueError(str(self.path), "is a fleet, which has a database for each shard", HAS_SHARDS)

    @property
    def database(self) -> Database:
        """Return what functions of `pipelines.database` read: this thread's connection, or those to all shards."""
        return self._connections.get()

    @property
    def shards(self) -> tuple[Archive, ...]:
        """Return the archives that a fleet is made of, as far as they can be read; of an archive, itself."""
        if self._fleet is None:
            return (self,)
        if not self._shards:
            self._shards = tuple(map(_archive_of, self._fleet.shards))
        return self._shards

    @property
    def unreadable(self) -> Mapping[Path, MorgueError]:
        """Return why shards of a fleet cannot be read, by their folders: what they hold is missing in all answers."""
        return {} if self._fleet is None else self._fleet.unreadable

    def moving(self) -> str:
        """Return which site is between two shards of a fleet: its articles may be counted twice. "": none is."""
        return "" if self._fleet is None else self._fleet.moving()

    def must_be_still(self) -> None:
        """Raise ArchiveLocked if a site is between two shards of a fleet."""
        if self._fleet is not None:
            self._fleet.must_be_still()

    def must_be_whole(self, cure: str) -> None:
        """Raise ArchiveDamaged if a shard cannot be read."""
        if self._fleet is not None:
            self._fleet.must_be_whole(cure)

    def shard_of(self, row: Mapping[str, Any]) -> Archive:
        """Return the shard that holds the WARC record of an article, revision or capture; of an archive, itself."""
        if self._fleet is None:
            return self
        from pipelines.database.captures import location_of

        for one in self.shards:
            if location_of(one.connection, row["warc_record_id"]) is not None:
                return one
        raise ArchiveDamaged(row["warc_record_id"], "no shard has this record any more", "ask for its article again")

    @property
    def warc_storage(self) -> WarcStorage:
        """Return the WARC files of the archive. A fleet has some for each shard. Raises MorgueError."""
        if self._fleet is not None:
            raise MorgueError(str(self.path), "is a fleet, whose shards have WARC files of their own", HAS_SHARDS)
        from pipelines.bucket.opening import warc_storage  # takes milliseconds, which a search need not pay

        return warc_storage(self.path)

    def close(self) -> None:
        """Close the database. What is asked afterwards raises MorgueError."""
        self._connections.close()

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[type[Archive], tuple[Path]]:
        return Archive, (self._connections.path,)  # another process opens it for itself

    def _facts(self) -> dict[str, object]:
        """Return what a user sees of the archive: how much there is, or why it cannot be read."""
        try:
            return queries.extent(self.database)
        except MorgueError as error:
            return {"error": error.cause}

    def __repr__(self) -> str:
        facts = ", ".join(f"{name}={value}" for name, value in self._facts().items())
        return f"Archive({str(self.path)!r}, {facts})"

    def _repr_html_(self) -> str:
        return notebook_html.properties({"path": self.path, **self._facts()}.items())

    def search(
        self,
        query: str | None = None,
        *,
        source: Names = (),
        since: Day | None = None,
        until: Day | None = None,
        language: Names = (),
        seen_since: Day | None = None,
        seen_until: Day | None = None,
        undated: bool = False,
        unique: bool = False,
        stem: bool = False,
        sort: Sort = "relevance",
        limit: int | None = None,
    ) -> Articles:
        """Return the articles that match: all of them unless `limit` is given; without a query, the newest first.

        The query language and the filters are those of `morgue search`; days are UTC days. `unique`: of the copies of
        one text, only the probable origin, or the earliest. `stem`: also words with the same stem as a plain word of
        the query. Raises QueryError, NotFound (of the source).
        """
        filters = ArticleFilters(
            source=source,
            since=_day(since),
            until=_day(until),
            language=language,
            seen_since=_day(seen_since),
            seen_until=_day(seen_until),
            undated=undated,
            unique=unique,
        )
        return self.matching(with_stems(query) if stem and query else query, filters, sort, limit)

    def matching(
        self,
        query: str | None,
        filters: ArticleFilters,
        sort: Sort = "relevance",
        limit: int | None = None,
        offset: int = 0,
    ) -> Articles:
        """Return the articles that match, as `search` does, for a program that has made its filters already."""
        return Articles(self._connections, query, filters, sort, limit, offset)

    def article(self, wanted: Wanted) -> ArticleRow:
        """Return the article with a number, or at an address in any spelling. Raises NotFound."""
        row = queries.article(self.database, _argument(wanted))
        return ArticleRow({name: row[name] for name in queries.ARTICLE_KEYS})  # equal to the row of a search

    def cluster(self, wanted: Wanted) -> ClusterRow | None:
        """Return the copies of the text of an article; None if none is known. Raises NotFound.

        A crawl or import compares its articles at its end; until then, they are in no cluster.
        """
        from pipelines.database.clusters.cluster_list import cluster_of

        found = cluster_of(self.database, self._number(wanted))
        return None if found is None else ClusterRow(found)

    def revisions(self, wanted: Wanted) -> TypedRows[RevisionRow]:
        """Return every state of the text of an article, from the first on. Raises NotFound."""
        return TypedRows(RevisionRow, queries.revisions(self.database, self._number(wanted)))

    def _number(self, wanted: Wanted) -> int:
        return wanted.id if isinstance(wanted, ArticleRow) else self.article(wanted).id

    def captures(self, wanted: Wanted) -> TypedRows[CaptureRow]:
        """Return every exchange that was recorded for an address, or for all addresses of an article, oldest first.

        Also for what is no article: a feed, robots.txt, a redirect, a failed fetch. An address that only leads to an
        article has the captures of that article. Raises NotFound, which says what is known of the address.
        """
        found = queries.captures_of(self.database, _argument(wanted))
        return TypedRows(CaptureRow, iter(found or queries.captures_of(self.database, str(self.article(wanted).id))))

    def capture(self, number: int) -> CaptureRow:
        """Return the exchange with a number, as `morgue show --captures` shows them. Raises NotFound.

        It is the only method that takes the number of a capture; in all others, a number is that of an article.
        """
        wanted = index(number)
        if abs(wanted) > MAX_ROWS:  # SQLite takes 64 bits
            raise NotFound(f"capture {wanted}", "there is no such number", "`captures` of an article has their numbers")
        return CaptureRow(queries.capture(self.database, wanted))

    def html(self, capture: Captured) -> str:
        """Return the page of an article, a revision or a capture as text, decoded as the archive reads it.

        For an article (its number, address or row) or a revision, it is the page that the text was read from; for the
        capture of a visit that found the page unchanged, the page that it repeats. Raises NotFound, ArchiveDamaged,
        MorgueError.
        """
        from pipelines.archive.replay import replay
        from pipelines.extraction.page.charset import decode

        row = self._answered(capture)
        shard = self.shard_of(row)
        answer = replay(shard.connection, shard.warc_storage, row)
        text = decode(answer.body, answer.content_type)
        if text is None:
            cause = "no character encoding makes text of it"
            raise MorgueError(row["warc_record_id"], cause, "Archive.body gives the bytes")
        return text

    def body(self, capture: Captured) -> bytes:
        """Return what the server sent, without transfer and content codings. Raises as `html` does."""
        from pipelines.archive.replay import replay

        row = self._answered(capture)
        shard = self.shard_of(row)
        return replay(shard.connection, shard.warc_storage, row).body

    def record(self, capture: Captured) -> bytes:
        """Return the WARC record of what `html` takes, as it is in its file: a gzip member. Raises as `html` does."""
        from pipelines.warc.reader import whole_member

        row = self._captured(capture)
        return whole_member(self.shard_of(row).warc_storage, row["warc_file"], row["warc_offset"], row["warc_length"])

    def _answered(self, capture: Captured) -> Mapping[str, Any]:
        """Return the row of a capture that has a response. Raises NotFound, which says what happened instead."""
        row = self._captured(capture)
        if row.get("record_type") == "metadata":
            cure = f"for its record: morgue show --capture {row['id']} --format warc > FILE"
            raise NotFound(f"capture {row['id']} of {row['url']}", f"there was no response: {row['error']}", cure)
        return row

    def _captured(self, capture: Captured) -> Mapping[str, Any]:
        if isinstance(capture, TypedRow) and "warc_record_id" in capture:
            return capture.row
        if isinstance(capture, SupportsIndex | str):
            return self.article(capture).row
        kinds = "an article (its number, its address or itself), a revision or a capture"
        raise TypeError(f"expected {kinds}, not {type(capture).__name__}")

    def sources(self) -> TypedRows[SourceRow]:
        """Return every source by name, with its number of articles, the newest day, and its health."""
        return TypedRows(SourceRow, queries.sources(self.database))

    def edits(
        self,
        *,
        source: Names = (),
        since: Day | None = None,
        until: Day | None = None,
        language: Names = (),
        min_change: float = 0.0,
        title_only: bool = False,
        silent: bool = False,
        limit: int | None = None,
    ) -> TypedRows[EditRow]:
        """Return the edits of articles, the newest first; the days (UTC) are those on which an edit was seen.

        `min_change`: share of the words, from 0 to 1. Raises QueryError, NotFound (of the source).
        """
        from pipelines.database.edits import edit_list

        filters = ArticleFilters(source=source, since=_day(since), until=_day(until), language=language)
        if not 0 <= min_change <= 1:
            raise QueryError(f"min_change {min_change}", "is no share of the words", "give a number from 0 to 1")
        wanted = edit_list.EditFilters(min_change, title_only, silent)
        return TypedRows(EditRow, edit_list.edits(self.database, filters, wanted, checked_number("limit", limit)))

    def gone(
        self,
        *,
        source: Names = (),
        since: Day | None = None,
        until: Day | None = None,
        language: Names = (),
        limit: int | None = None,
    ) -> TypedRows[GoneRow]:
        """Return the articles whose page vanished, the newest first; the days (UTC) are those on which that was seen.

        Raises QueryError, NotFound (of the source).
        """
        from pipelines.database.edits import edit_list

        filters = ArticleFilters(source=source, since=_day(since), until=_day(until), language=language)
        return TypedRows(GoneRow, edit_list.gone(self.database, filters, checked_number("limit", limit)))


def _connections(path: Path) -> ArchiveConnections | FleetConnections:
    """Return the connections to what a user means by a path: an archive, its database, or a fleet. Raises NoArchive."""
    if (fleet := fleet_at(path)) is not None:
        from exports.fleet.connections import FleetConnections  # one archive does not need it

        return FleetConnections(path, fleet.shard_paths())
    return ArchiveConnections(database_file(path))


def _archive_of(connections: ArchiveConnections) -> Archive:
    archive = Archive.__new__(Archive)
    archive._hold(connections)
    return archive


def _day(given: Day | None) -> str | None:
    """Return a day as `ArticleFilters` takes it. Raises TypeError."""
    if given is None or isinstance(given, str):
        return given
    if isinstance(given, date):
        return given.isoformat()
    raise TypeError(f"expected a day or a period as text, such as '2026-03', or a date, not {given!r}")


def _argument(wanted: Wanted) -> str:
    """Return a number or an address as `queries` take it."""
    if isinstance(wanted, ArticleRow):
        return str(wanted.id)
    if isinstance(wanted, str):
        return wanted
    if not isinstance(wanted, SupportsIndex):
        raise TypeError(f"expected the number or the address of an article, not {type(wanted).__name__}")
    return str(index(wanted))
