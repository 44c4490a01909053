"""Hold the answer to a search: articles that are read when they are asked for, and what can be counted of them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields as fields_of
from dataclasses import replace
from operator import index
from typing import TYPE_CHECKING, Any, Literal, SupportsIndex, overload

from exports.column_types import arrow_schema, chosen_columns
from exports.extras import load_extra
from exports.python_api import notebook_html
from exports.python_api.rows import ARTICLE_COLUMNS, ArticleRow, ClusterRow, ContextRow, ContextRows, TypedRows
from exports.python_api.tables import Columns, Tabular
from pipelines.core.errors import QueryError
from pipelines.core.plural import counted
from pipelines.database import queries
from pipelines.database.filters import ArticleFilters
from pipelines.database.query_language.addresses import is_address
from pipelines.database.query_language.values import given_query
from pipelines.database.search import counts
from pipelines.database.search.hits import SORTS, RankedPool, SearchHits, search
from pipelines.database.search.periods import PERIODS
from pipelines.database.selection import article_selection
from pipelines.database.shards.databases import Database

if TYPE_CHECKING:
    import pyarrow

    from exports.fleet.connections import FleetConnections
    from exports.python_api.connections import ArchiveConnections
    from exports.python_api.counts import AttentionTable, Counts

Sort = Literal["relevance", "newest", "oldest"]
LineSort = Literal["relevance", "newest", "oldest", "left", "right"]
ClusterSort = Literal["size", "newest"]
HEAD_ROWS = 5  # that `head` gives, as pandas does
FACET_KEYS = ("source", "language", "year")  # of `facets`, if none is named
MAX_FACET_VALUES = 10  # of each key
ARROW_ROWS = 5000  # that become Arrow arrays at once: about 20 MB of text
MAX_ROWS = 10**14  # more than any archive has; a greater number, such as sys.maxsize, means all and may not fit SQLite
FROM_COLUMN = {"published_time": "published"}  # that a column is made from


class Articles(Tabular):
    """Find articles when they are asked for: `for article in articles`, `len`, `articles[0]`, `articles[:100]`.

    Each iteration asks the archive again. Which articles match is decided when it begins; each is read shortly before
    it is yielded, 200 at a time, and no transaction stays open in between, so that a crawl can go on. An article that
    was taken down, or got another day of publication, in the meantime is left out.
    """

    def __init__(
        self,
        connections: ArchiveConnections | FleetConnections,
        query: str | None,
        filters: ArticleFilters,
        sort: Sort = "relevance",
        limit: int | None = None,
        offset: int = 0,
    ) -> None:
        """Check the question. Raises QueryError, NotFound (of the source)."""
        if query is not None and not isinstance(query, str):
            raise TypeError(f"expected a query as text, not {query!r}; for one of several words, write OR between them")
        given_query(query)
        if sort not in SORTS:
            raise QueryError(f"sort {sort!r}", "unknown order", f"say {', '.join(SORTS)}")
        limit, offset = checked_number("limit", limit), checked_number("offset", offset) or 0
        self._connections = connections
        self.query, self.filters, self.sort, self.limit, self.offset = query, filters, sort, limit, offset
        self._counted: int | None = None  # for the repr, which must not take the time to count
        asked = query if query is not None and not is_address(query) else None
        # It can be asked; which articles are copies of others takes time, and is found when they are read.
        article_selection(self._db, asked, replace(filters, unique=False))

    @property
    def _db(self) -> Database:
        return self._connections.get()

    def __iter__(self) -> Iterator[ArticleRow]:
        return map(ArticleRow, self._rows())

    def rows(self, columns: Columns = None) -> Iterator[dict[str, Any]]:
        """Yield the articles as dicts of plain JSON types, as exports have them; `columns`: with these only.

        Raises QueryError for an unknown column.
        """
        if columns is None:
            return self._rows()
        names = chosen_columns(columns, queries.ARTICLE_KEYS)
        return ({name: row[name] for name in names} for row in self._rows(names))

    def _rows(self, names: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
        from pipelines.database.search.matches import article_places  # a page of hits does not need it

        columns = None if names is None else list(dict.fromkeys(("id", *(FROM_COLUMN.get(n, n) for n in names))))
        places = article_places(self._db, self.query, self.filters, self.sort, self.limit, self.offset)
        for start in range(0, len(places), queries.BATCH_ROWS):
            yield from queries.articles_at(self._db, places[start : start + queries.BATCH_ROWS], columns)

    def hits(self, markers: tuple[str, str] = ("[", "]")) -> SearchHits:
        """Return short rows as `morgue search --format json` has them: with `snippet`, the words found in `markers`.

        They come from one transaction, which stays open until the last one: take a page of them, such as
        `articles[:20].hits()`. Their attribute `pool` says whether only a part of the matches was ranked.
        """
        return search(self._db, self.query, self.filters, self.sort, self.limit, self.offset, markers)

    @property
    def total(self) -> int:
        """Return how many articles match, whatever `limit` and slices leave out."""
        return counts.count(self._db, self.query, self.filters)

    @property
    def pool(self) -> RankedPool | None:
        """Return how many matches are ranked, if there are too many to rank all; the others follow, the newest first.

        None if all are ranked, or if the order is that of days.
        """
        return search(self._db, self.query, self.filters, self.sort, 0).pool

    @property
    def undated_left_out(self) -> int:
        """Return how many more match but have no day of publication, so that `since` and `until` leave them out."""
        return counts.count_undated(self._db, self.query, self.filters)

    def __len__(self) -> int:
        there = max(self.total - self.offset, 0)
        self._counted = there if self.limit is None else min(there, self.limit)
        return self._counted

    @overload
    def __getitem__(self, which: int) -> ArticleRow: ...
    @overload
    def __getitem__(self, which: slice) -> Articles: ...
    def __getitem__(self, which: int | slice) -> ArticleRow | Articles:
        """Return one article, or a part of them, which is found when it is asked for. Raises IndexError."""
        if isinstance(which, slice):
            if which.step not in (None, 1):
                raise ValueError("a slice of articles has no step; list(articles)[::step] has")
            backwards = any(end is not None and end < 0 for end in (which.start, which.stop))
            start, stop, _ = which.indices(len(self)) if backwards else (which.start or 0, which.stop, 1)
            return self._part(start, None if stop is None else max(stop - start, 0))
        if isinstance(which, str):
            raise TypeError(
                f"articles have numbers from 0, not names: `articles[0][{which!r}]` is a field of the first"
            )
        which = index(which)
        place = which + len(self) if which < 0 else which
        found = next(iter(self._part(place, 1)), None) if place >= 0 else None
        if found is None:
            raise IndexError(f"there is no article {which} among {counted(len(self), 'article')}")
        return found

    def _part(self, start: int, number: int | None) -> Articles:
        left = None if self.limit is None else max(self.limit - start, 0)
        limit = min((n for n in (number, left) if n is not None), default=None)
        return Articles(self._connections, self.query, self.filters, self.sort, limit, self.offset + start)

    def head(self, number: int = HEAD_ROWS) -> Articles:
        """Return the first articles."""
        return self[: max(number, 0)]

    @overload
    def count(self) -> int: ...
    @overload
    def count(self, by: str | Sequence[str]) -> Counts: ...
    def count(self, by: str | Sequence[str] | None = None) -> int | Counts:
        """Return how many articles there are; with `by`, for each value of a key, or of several: `("month", "source")`.

        Keys are day, week, month, year, source, language, section, kind, origin, access, author and tag. Days, weeks,
        months and years come in the order of time, the undated (None) last; other values by their number, the largest
        first. Values without an article are left out. Raises QueryError.
        """
        if by is None:
            return len(self)
        from exports.python_api.counts import Counts  # a search need not load it

        self._check_whole("count by a key")
        keys = _keys(by)
        return Counts(keys, counts.counts(self._db, keys, self.query, self.filters))

    def facets(self, *keys: str, top: int = MAX_FACET_VALUES) -> dict[str, Counts]:
        """Return the largest counts of each key, by its name; those by day, week, month or year in full."""
        counted_by = {key: self.count(by=key) for key in keys or FACET_KEYS}
        return {key: found if key in PERIODS else found.top(top) for key, found in counted_by.items()}

    def attention(
        self, queries: str | Sequence[str] = (), by: str | Sequence[str] = (), top: int = 0
    ) -> AttentionTable:
        """Return how many of these articles each query finds, and their share, over time or by other keys.

        It is what `morgue count` shows, for articles that filters chose, not a query. `by`: one or two keys; without
        one, a unit of time that suits the span. `top`: only so many sources (authors, ...), the most frequent; 0: all.
        Raises QueryError, NotFound (of the source).
        """
        from exports.python_api.counts import AttentionTable
        from pipelines.database.search.attention import attention  # a search need not load it

        self._check_whole("attention")
        if self.query:
            cause = "compares queries among all articles that pass some filters, and these articles have a query"
            raise QueryError("attention", cause, "say archive.search(since=...).attention([QUERY, ...])")
        texts = (queries,) if isinstance(queries, str) else tuple(queries)
        for text in texts:
            given_query(text)
        return AttentionTable(attention(self._db, texts, _keys(by), self.filters, checked_number("top", top) or 0))

    def kwic(self, width: int = 40, sort: LineSort | None = None, limit: int | None = None) -> ContextRows:
        """Return a line for each occurrence of the words: keyword in context, `width` characters on each side.

        `sort` "left" or "right" sorts by the context; None: lines in the order of these articles. `limit`: at most so
        many lines; without it, all, for which there must be memory. `sorted_among` and `pool` of the answer say if only
        a part of the articles was sorted or ranked; of the first, a warning tells too. Raises QueryError.
        """
        from pipelines.database.search.kwic import lines_in_context

        self._check_whole("kwic")
        most, context = checked_number("limit", limit), checked_number("width", width) or 0
        found = lines_in_context(self._db, self.query or "", self.filters, sort or self.sort, most, width=context)
        lines = ContextRows(ContextRow, found)
        if lines.sorted_among is not None:
            cause = f"only the lines of the first {counted(lines.sorted_among, 'article')} by relevance are sorted"
            warnings.warn(f"kwic: {cause}; filters, such as since, select fewer articles", stacklevel=2)
        return lines

    def clusters(self, sort: ClusterSort = "size", limit: int | None = None) -> TypedRows[ClusterRow]:
        """Return the groups of copies of one text that one of these articles is in, the largest or newest first.

        A crawl or import compares its articles at its end; until then, they are in no cluster. Raises QueryError.
        """
        from pipelines.database.clusters import cluster_list

        self._check_whole("clusters")
        most = checked_number("limit", limit)
        return TypedRows(ClusterRow, cluster_list.clusters(self._db, self.query, self.filters, sort, most))

    def _check_whole(self, what: str) -> None:
        """Raise QueryError if these are a part of the articles that match."""
        if self.limit is not None or self.offset:
            cause = "takes all articles that match, and these are a part of them"
            raise QueryError(what, cause, "ask before you set a limit or take a slice")

    def table_columns(self) -> tuple[str, ...]:
        """Return the columns of exports, and `published_time`."""
        return ARTICLE_COLUMNS

    def table_rows(self, columns: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        """Yield the articles with these columns."""
        return map(ArticleRow, self._rows(columns))

    def to_arrow(self, columns: Columns = None) -> pyarrow.Table:
        """Return an Arrow table with the types of `morgue export parquet`. Raises ConfigError, QueryError."""
        arrow, names = load_extra("pyarrow", "parquet"), chosen_columns(columns, ARTICLE_COLUMNS)
        schema, batches, group = arrow_schema(names), [], list[ArticleRow]()
        for article in map(ArticleRow, self._rows(names)):
            group.append(article)
            if len(group) == ARROW_ROWS:
                batches.append(_arrow_batch(arrow, schema, group))
                group = []
        return arrow.Table.from_batches([*batches, _arrow_batch(arrow, schema, group)], schema=schema)

    def __repr__(self) -> str:
        said = [f"query={self.query!r}"] if self.query else []
        for field in fields_of(self.filters):
            if value := getattr(self.filters, field.name):
                said.append(f"{field.name}={value!r}")
        said += [f"sort={self.sort!r}"] if self.sort != "relevance" else []
        said += [f"limit={self.limit}"] if self.limit is not None else []
        said += [f"offset={self.offset}"] if self.offset else []
        said.append("not counted yet" if self._counted is None else counted(self._counted, "article"))
        return f"Articles({', '.join(said)})"

    def _repr_html_(self) -> str:
        marks, number = notebook_html.FOUND_MARKS, len(self)
        hits = self[: notebook_html.MAX_ROWS_SHOWN].hits(marks)
        rows = [
            (
                hit["id"],
                hit["published_day"] or "undated",
                hit["source"],
                notebook_html.Link(hit["title"] or "(no headline)", hit["url"]),
                hit["snippet"],
            )
            for hit in hits
        ]
        caption = f"{len(rows):,} of {counted(number, 'article')}" if len(rows) < number else counted(number, "article")
        if pool := hits.pool:
            caption += f"; ranked among the newest {pool.ranked:,} of {pool.total:,} matches"
        if undated := self.undated_left_out:
            caption += f"; {counted(undated, 'undated article')} left out by since or until"
        return notebook_html.table(("id", "day", "source", "title", "passage"), rows, caption)


def checked_number(name: str, number: int | None) -> int | None:
    """Return a number of rows; None: all. Raises QueryError if it is negative, TypeError if it is no whole number."""
    if number is None:
        return None
    if not isinstance(number, SupportsIndex):
        raise TypeError(f"expected a whole number for {name}, not {number!r}")
    if (rows := index(number)) < 0:
        raise QueryError(f"{name} {rows}", "less than nothing", "give a number from 0")
    return min(rows, MAX_ROWS)


def _keys(by: str | Sequence[str]) -> tuple[str, ...]:
    return tuple(key.strip() for key in by.split(",")) if isinstance(by, str) else tuple(by)


def _arrow_batch(arrow: Any, schema: Any, group: Sequence[ArticleRow]) -> Any:
    """Return articles as a record batch. `found_in` is a JSON object as text, as in exports."""
    from pipelines.database.columns import as_json

    arrays = []
    for field in schema:
        values = [article[field.name] for article in group]
        if field.name == "found_in":
            values = [None if value is None else as_json(value) for value in values]
        arrays.append(arrow.array(values, type=field.type))
    return arrow.RecordBatch.from_arrays(arrays, schema=schema)
