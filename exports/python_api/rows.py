"""Hold one row of an answer as Python users expect it: `row.title` and `row["title"]`, with times that are times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from inspect import get_annotations
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from exports.column_types import UnknownColumn, column_advice, typed
from exports.python_api import notebook_html
from exports.python_api.tables import Tabular
from pipelines.core.plural import counted
from pipelines.database.queries import ARTICLE_KEYS

if TYPE_CHECKING:
    from pipelines.database.search.kwic import ContextLines

MAX_REPR_CHARS = 70  # of a value in the repr of a row


class TypedRow(Mapping[str, Any]):
    """Give the values of a row as attributes and by name. Times are datetimes in UTC, days are dates.

    `row` has the same values as plain JSON types, as `morgue show --format json` and exports have them.
    """

    __slots__ = ("row",)
    in_brief: ClassVar[tuple[str, ...]] = ()  # the columns of a table in a notebook

    row: dict[str, Any]

    def __init__(self, row: dict[str, Any]) -> None:
        self.row = row

    def __getitem__(self, name: str) -> Any:
        try:
            return typed(name, self.row[name])
        except KeyError:
            raise UnknownColumn(name, tuple(self)) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.row)

    def __len__(self) -> int:
        return len(self.row)

    def __contains__(self, name: object) -> bool:
        return name in self.row

    if not TYPE_CHECKING:  # type checkers know the attributes below, and report others

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_") or name == "row":  # not there yet, as while it is unpickled
                raise AttributeError(name)
            if name not in self:
                raise AttributeError(f"{type(self).__name__} has no attribute {name!r}; {column_advice(name, [*self])}")
            return self[name]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self]

    def __repr__(self) -> str:
        values = []
        for name in self.in_brief or tuple(self):
            value = self[name]
            text = value.isoformat() if isinstance(value, date) else repr(value)
            values.append(f"{name}={text if len(text) <= MAX_REPR_CHARS else text[: MAX_REPR_CHARS - 1] + '…'}")
        return f"{type(self).__name__}({', '.join(values)})"

    def _repr_html_(self) -> str:
        return notebook_html.properties((name, self[name]) for name in self if self[name] not in (None, []))

    @classmethod
    def column_names(cls) -> tuple[str, ...]:
        """Return the names of all columns: those that the class declares, then those of the classes it extends."""
        kinds = cls.__mro__[: cls.__mro__.index(TypedRow)]
        return tuple(name for kind in kinds for name in get_annotations(kind))

    def cells(self) -> list[object]:
        """Return the values of the columns `in_brief` for a table in a notebook. A title leads to its page."""
        return [
            notebook_html.Link(self[name] or "(no headline)", self["url"])
            if name == "title" and "url" in self
            else self[name]
            for name in self.in_brief
        ]


class RecordedRow(TypedRow):
    """Hold what was read from a WARC record, and the place of that record."""

    __slots__ = ()

    warc_file: str
    warc_offset: int
    warc_length: int
    warc_record_id: str
    payload_digest: str | None
    captured: datetime


class ArticleRow(RecordedRow):
    """Hold an article: the newest revision of its text, and where it was read. The columns are those of exports."""

    __slots__ = ()
    in_brief = ("id", "published_day", "source", "title")

    id: int
    source: str | None
    url: str
    canonical_url: str | None
    title: str | None
    description: str | None
    authors: list[str]
    byline: str | None
    published: str | None
    published_raw: str | None
    published_from: str | None
    published_day: date | None
    modified: str | None
    modified_raw: str | None
    modified_from: str | None
    language: str | None
    language_declared: str | None
    section: str | None
    tags: list[str]
    site_name: str | None
    publisher: str | None
    issn: str | None
    image: str | None
    text: str
    line_kinds: str | None
    word_count: int
    kind: str
    origin: str | None
    origin_url: str | None
    dateline: str | None
    access: str | None
    access_evidence: str | None
    rights: list[str]
    comments: list[str] | None
    found_in: dict[str, str]
    extractor: str
    text_digest: str
    first_seen: datetime
    last_seen: datetime
    revision: int
    gone: str | None
    gone_since: datetime | None
    wall: str | None
    wall_since: datetime | None
    header_rights: list[str]

    @property
    def published_time(self) -> datetime | None:
        """Return the time of publication in UTC; None if the page gives only a day, or no zone."""
        published = self.row["published"]
        try:
            time = datetime.fromisoformat(published or "")
            return time.astimezone(UTC) if time.tzinfo else None
        except (ValueError, OverflowError):
            return None

    def __getitem__(self, name: str) -> Any:
        return self.published_time if name == "published_time" else super().__getitem__(name)

    def _repr_html_(self) -> str:
        shown: dict[str, object] = {name: self[name] for name in self.in_brief}
        shown |= {"title": notebook_html.Link(self.title or "(no headline)", self.url), "byline": self.byline}
        shown |= {"words": self.word_count, "revision": self.revision, "text": self.text}
        return notebook_html.properties((name, value) for name, value in shown.items() if value is not None)


ARTICLE_COLUMNS = tuple(
    name for key in ARTICLE_KEYS for name in ((key, "published_time") if key == "published_day" else (key,))
)  # of tables: those of exports, and the time of publication


class RevisionRow(RecordedRow):
    """Hold one state of the text of an article, and the capture that it was read from."""

    __slots__ = ()
    in_brief = ("revision", "seen", "last_seen", "title", "changes")

    revision: int
    seen: datetime
    last_seen: datetime
    title: str | None
    description: str | None
    authors: list[str]
    modified: str | None
    text: str
    text_digest: str
    extractor: str
    changes: list[str] | None
    change_ratio: float | None
    words_added: int | None
    words_removed: int | None
    silent: int | None
    alternates: int
    imported: str | None


class CaptureRow(RecordedRow):
    """Hold one exchange with a server, and its place in the WARC files."""

    __slots__ = ()
    in_brief = ("id", "captured", "status", "kind", "record_type", "url")

    id: int
    url: str
    status: int | None
    mime: str | None
    kind: str
    record_type: str
    error: str | None
    block_digest: str | None
    refers_to: str | None
    body_length: int | None
    header_rights: list[str]
    imported: str | None
    declared_digest: str | None
    flaws: list[str]


class SourceRow(TypedRow):
    """Hold a source: a newspaper that is watched, or was."""

    __slots__ = ()
    in_brief = ("name", "url", "language", "articles", "newest", "last_success")

    name: str
    url: str
    title: str | None
    language: str | None
    added: datetime
    articles: int
    newest: date | None
    last_success: datetime | None
    waiting: int
    planned: int
    failed: int
    past: int
    parts: int
    last_error: str | None
    last_error_time: datetime | None


class EditRow(TypedRow):
    """Hold one edit of an article."""

    __slots__ = ()
    in_brief = ("seen", "source", "article", "revision", "changes", "old_title", "title")

    seen: datetime
    source: str | None
    article: int
    revision: int
    changes: list[str]
    change_ratio: float
    words_added: int
    words_removed: int
    silent: bool | None
    alternates: int
    title: str | None
    old_title: str | None
    url: str


class GoneRow(TypedRow):
    """Hold one period in which the page of an article was gone."""

    __slots__ = ()
    in_brief = ("since", "source", "article", "kind", "back", "title")

    since: datetime
    source: str | None
    article: int
    kind: str
    last_alive: datetime | None
    last_seen: datetime
    visits: int
    back: datetime | None
    title: str | None
    url: str


class ContextRow(TypedRow):
    """Hold one occurrence of a word with the text on both sides of it: keyword in context."""

    __slots__ = ()
    in_brief = ("id", "published_day", "source", "left", "keyword", "right")

    left: str
    keyword: str
    right: str
    id: int
    source: str | None
    published_day: date | None
    url: str
    field: str
    position: int


class CopyRow(TypedRow):
    """Hold one of the copies in a cluster, and the shares that it has of the text of the probable origin."""

    __slots__ = ()
    in_brief = ("id", "published_day", "source", "title", "kept", "origin_kept")

    id: int
    source: str | None
    url: str
    title: str | None
    published_day: date | None
    first_seen: datetime
    kept: float
    origin_kept: float


class ClusterRow(TypedRow):
    """Hold the copies of one text, and where it probably comes from."""

    __slots__ = ()
    in_brief = ("copies", "papers", "first_day", "last_day", "origin", "evidence", "title")

    copies: int
    papers: int
    first_day: date | None
    last_day: date | None
    origin: str | None
    origin_in_archive: bool
    evidence: str
    said_by: int
    article: int
    title: str | None

    @property
    def members(self) -> TypedRows[CopyRow]:
        """Return the copies, the probable origin or the earliest first. Tables of clusters leave them out."""
        return TypedRows(CopyRow, iter(self.row["members"]))


AnyTypedRow = TypeVar("AnyTypedRow", bound=TypedRow)


class TypedRows(list[AnyTypedRow], Tabular, Generic[AnyTypedRow]):
    """Hold rows of one kind: a list that a notebook shows as a table, with `to_pandas` and its like."""

    def __init__(self, kind: type[AnyTypedRow], rows: Iterator[dict[str, Any]]) -> None:
        super().__init__(map(kind, rows))
        self._kind = kind

    def table_columns(self) -> tuple[str, ...]:
        """Return the names of all columns."""
        return self._kind.column_names()

    def table_rows(self, columns: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        """Yield the rows, with all columns."""
        return iter(self)

    def _caption(self) -> str:
        """Return what a notebook says below the table."""
        most = notebook_html.MAX_ROWS_SHOWN
        return f"{most:,} of {counted(len(self), 'row')}" if len(self) > most else ""

    def _repr_html_(self) -> str:
        shown = self[: notebook_html.MAX_ROWS_SHOWN]
        return notebook_html.table(self._kind.in_brief, (row.cells() for row in shown), self._caption())


class ContextRows(TypedRows[ContextRow]):
    """Hold keywords in context. `sorted_among`, `pool`: of how many articles, if it is not all of them."""

    def __init__(self, kind: type[ContextRow], lines: ContextLines) -> None:
        super().__init__(kind, lines)
        self.sorted_among, self.pool = lines.sorted_among, lines.pool

    def _caption(self) -> str:
        said = [super()._caption()]
        if self.sorted_among is not None:
            said.append(f"sorted among the lines of the first {counted(self.sorted_among, 'article')} by relevance")
        if self.pool is not None:
            said.append(f"ranked among the newest {self.pool.ranked:,} of {self.pool.total:,} matches")
        return "; ".join(filter(None, said))
