"""Answer questions about an archive: search, list and show articles, captures, sources and removals. Read-only.

Rows come back as dicts, streamed, with JSON columns decoded. The query plans were measured on 100,000 articles
(docs/searching.md has the figures). Comments say where a simpler form of the SQL is many times slower.
"""

# ruff: noqa: S608 - SQL is put together here from the constants below; every value is bound

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from heapq import merge
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from pipelines.core import GONE_KINDS
from pipelines.core.errors import NotFound, TakenDown
from pipelines.database.connection import (
    JSON_COLUMNS,
    MAX_CACHED_CHARS,
    Row,
    ask,
    decode_json,
    decode_row,
    decode_rows,
    decode_short,
)
from pipelines.database.filters import EVERYTHING, ArticleFilters
from pipelines.database.query_language.addresses import as_given, normalised, spellings
from pipelines.database.schema.places import DAY_BITS, FIRST_DATED_PLACE
from pipelines.database.selection import article_at, article_selection
from pipelines.database.shards.databases import Database, answers, by_shard, shards_of

if TYPE_CHECKING:
    from pipelines.database.frontier.rows import AddressState
    from pipelines.database.frontier.table import FrontierTable


BATCH_ROWS = 200  # rows looked up at once
NOT_AGAIN = "it is not fetched again"


def column_names(columns: str) -> tuple[str, ...]:
    """Return the names under which the columns of a SELECT come back."""
    return tuple(column.replace(".", " ").split()[-1] for column in columns.split(","))


def chosen_columns(columns: str, names: Sequence[str] | None) -> str:
    """Return those columns of a SELECT that have `names`, in their order; all for None."""
    if names is None:
        return columns
    known = dict(zip(column_names(columns), columns.split(","), strict=True))
    return ", ".join(known[name].strip() for name in names)


# A database before m011, which may still be read, holds the day of the first capture for an article without a date.
PUBLISHED_DAY = "CASE WHEN a.published IS NOT NULL THEN a.published_day END AS published_day"
SOURCE_KEYS = (
    "name", "url", "title", "language", "added", "articles", "newest", "last_success", "waiting", "planned", "failed",
    "past", "parts", "last_error", "last_error_time",
)  # fmt: skip

PROVENANCE_COLUMNS = (
    "c.file AS warc_file, c.offset AS warc_offset, c.length AS warc_length, c.record_id AS warc_record_id, "
    "c.payload_digest, c.time AS captured"
)
CAPTURE_SELECT = (
    "c.id, c.url, c.status, c.mime, c.kind, c.record_type, c.error, c.block_digest, c.refers_to, c.body_length, "
    "c.signals AS header_rights, c.imported, c.declared_digest, c.flaws, " + PROVENANCE_COLUMNS
)
CAPTURE_KEYS = column_names(CAPTURE_SELECT)
ARTICLE_COLUMNS = (
    "a.id, s.name AS source, a.url, a.canonical_url, a.title, a.description, a.authors, a.byline, "
    f"a.published, a.published_raw, a.published_from, {PUBLISHED_DAY}, a.modified, a.modified_raw, a.modified_from, "
    "a.language, a.language_declared, a.section, a.tags, a.site_name, a.publisher, a.issn, a.image, "
    "a.text, a.line_kinds, a.word_count, a.kind, a.origin, a.origin_url, a.dateline, a.access, a.access_evidence, "
    "a.rights, a.comments, a.found_in, a.extractor, a.text_digest, a.first_seen, a.last_seen, a.revision, "
    "g.kind AS gone, g.since AS gone_since, w.kind AS wall, w.since AS wall_since, c.signals AS header_rights, "
    + PROVENANCE_COLUMNS
)
ARTICLE_KEYS = column_names(ARTICLE_COLUMNS)
# What the address shows now in the place of the article: it is gone (g), or a wall or error page is there (w).
SHOWN_NOW = "(SELECT max(id) FROM page_states WHERE article_id = a.id AND ended IS NULL AND kind {} IN {})"
FROM_ARTICLES = f"""articles a JOIN captures c ON c.id = a.capture_id LEFT JOIN sources s ON s.id = a.source_id
    LEFT JOIN page_states g ON g.id = {SHOWN_NOW.format("", GONE_KINDS)}
    LEFT JOIN page_states w ON w.id = {SHOWN_NOW.format("NOT", GONE_KINDS)}"""


def articles(
    db: Database,
    filters: ArticleFilters = EVERYTHING,
    query: str | None = None,
    columns: Sequence[str] | None = None,
) -> Iterator[Row]:
    """Yield whole articles by id, streamed from one snapshot: for datasets.

    `columns`: their keys, among ARTICLE_KEYS and with `id`; None: all. Memory holds the ids of a selection, never its
    rows. Raises QueryError, NotFound (of the source).
    """
    found = [decode_rows("articles", rows) for rows in _ask_articles(db, filters, query, columns)]
    return found[0] if len(found) == 1 else merge(*found, key=itemgetter("id"))


def article_batches(
    db: Database,
    size: int,
    filters: ArticleFilters = EVERYTHING,
    query: str | None = None,
    columns: Sequence[str] | None = None,
) -> Iterator[dict[str, Sequence[Any]]]:
    """Yield the same as `articles`, but by column, the values of `size` articles at a time; equal ones may be shared.

    No row becomes a dict of its own. An export to Parquet, which is written by column, takes a fifth less time.
    """
    shards = _ask_articles(db, filters, query, columns)
    rows = shards[0] if len(shards) == 1 else merge(*shards, key=itemgetter("id"))
    while batch := list(islice(rows, size)):
        found: dict[str, Sequence[Any]] = dict(zip(batch[0].keys(), zip(*batch, strict=True), strict=True))
        for name, kind in JSON_COLUMNS.items():
            if name in found:
                texts = zip(found["id"], found[name], strict=True)
                found[name] = [None if text is None else _decoded(text, kind, row, name) for row, text in texts]
        yield found


def _decoded(text: Any, kind: type, row: int, column: str) -> Any:
    if type(text) is str and len(text) <= MAX_CACHED_CHARS and (known := decode_short(text, kind)) is not None:
        return known
    return decode_json(text, kind, "articles", row, column)


def _ask_articles(
    db: Database, filters: ArticleFilters, query: str | None, columns: Sequence[str] | None
) -> list[Iterator[sqlite3.Row]]:
    """Return the rows of each shard, by id."""
    which = article_selection(db, query, filters)
    # A set of row ids is read in order, so that whole rows need no sorting, whichever index finds them.
    ids = f"a.id IN (SELECT a.id FROM articles a WHERE {which.condition()})"
    every = which.is_everything
    chosen = chosen_columns(ARTICLE_COLUMNS, columns)
    sql = f"SELECT {chosen} FROM {FROM_ARTICLES} WHERE {'1' if every else ids} ORDER BY a.id"
    return [ask(one, sql, which.values) for one in shards_of(db)]


def articles_at(db: Database, places: Sequence[int], columns: Sequence[str] | None) -> list[Row]:
    """Return the articles that are at these places, in the order of the places. `columns`: as for `articles`."""
    chosen = chosen_columns(ARTICLE_COLUMNS, columns)
    found: dict[int, sqlite3.Row] = {}
    for one, given in by_shard(db, places):
        sql = f"SELECT {chosen}, a.place FROM {FROM_ARTICLES} WHERE a.place IN ({', '.join(map(str, given))})"
        found |= {given[row["place"]]: row for row in ask(one, sql)}
    rows = [decode_row(found[place], "articles") for place in places if place in found]
    for row in rows:
        del row["place"]
    return rows


def article(db: Database, wanted: str) -> Row:
    """Return the article with a number (row id) or an address, in any spelling.

    Its keys are ARTICLE_KEYS, and `imported`: FILE@OFFSET that its record was copied from, None if this archive
    captured it. Raises NotFound, which says what the archive knows of the address instead.
    """
    url, wanted = wanted, as_given(wanted.strip())
    number = int(wanted) if re.fullmatch("[0-9]{1,18}", wanted) else article_at(db, url)
    sql = f"SELECT {ARTICLE_COLUMNS}, c.imported FROM {FROM_ARTICLES} WHERE a.id = ?"
    found = next((row for one in shards_of(db) for row in ask(one, sql, (number,))), None)
    if found is None:
        raise _not_found(db, wanted)
    return decode_row(found, "articles")


def _frontier(db: sqlite3.Connection) -> FrontierTable:
    from pipelines.database.frontier.table import FrontierTable  # takes some milliseconds, which a search need not pay

    return FrontierTable(db)


def _not_found(db: Database, wanted: str) -> NotFound:
    subject = f"article {wanted}"
    if wanted.isdigit():
        newest = _last_number(db, "articles")
        if not newest:
            return NotFound(subject, "the archive has no article yet", "`morgue crawl` brings articles in")
        cause = f"no such number (they go up to {newest})"
        if int(wanted) < newest:
            cause += "; its article was removed, or has another number"
        return NotFound(subject, cause, "`morgue search WORDS` shows the numbers")
    known, removal = address_state(db, wanted), takedown_of(db, wanted)
    if removal is not None and (known is None or known.state == "removed"):
        return TakenDown(subject, removal, NOT_AGAIN)
    if known is None:
        return NotFound(subject, "not in this archive", "`morgue search WORDS` finds articles and their addresses")
    if known.state == "removed":
        return TakenDown(subject, "was removed", NOT_AGAIN)
    cause = f"the address is known: {known.why_no_article()}"
    return NotFound(subject, cause, known.next_step())


def address_state(db: Database, wanted: str) -> AddressState | None:
    """Return what is known of the visits to an address in any spelling, or None."""
    keys = _keys_of(wanted)
    return next(filter(None, (_frontier(one).state_of(keys) for one in shards_of(db))), None)


def _keys_of(wanted: str) -> list[str]:
    return list({*spellings(wanted), *normalised(spellings(wanted))})


def takedown_of(db: Database, wanted: str) -> str | None:
    """Return when and why an address, its host, or all addresses that begin so were taken down; None if none was."""
    from pipelines.database.schema.numbers import newest_first  # which a search need not load

    keys = _keys_of(as_given(wanted.strip()))
    hosts = [f"*{key.removeprefix('//').partition('/')[0]}" for key in keys if key.startswith("//")]
    names = [*keys, *hosts, *(host.partition(":")[0] for host in hosts)]
    marks = ", ".join("?" * len(names))
    sql = f"""SELECT time, reason FROM removals r WHERE url_key IN ({marks}) OR (url_key LIKE '%*' AND EXISTS (
                  SELECT 1 FROM json_each(?) k WHERE instr(k.value, substr(r.url_key, 1, length(r.url_key) - 1)) = 1))
               ORDER BY """
    values = [*names, json.dumps(keys)]
    found = (row for one in shards_of(db) for row in ask(one, f"{sql}{newest_first(one, 'time')} LIMIT 1", values))
    row = next(found, None)
    return f"was removed at {row['time']}: {row['reason']}" if row else None


def revisions(db: Database, article_id: int) -> Iterator[Row]:
    """Yield every state of an article's text from the first on, with the WARC record that each was read from.

    `seen`, `last_seen`: times of the first and the last capture that showed it. For the newest state, 304 counts.
    """
    return _from_shards(db, "revisions", f"""
        SELECT r.number AS revision, r.seen, CASE WHEN r.number = a.revision THEN a.last_seen ELSE max(r.seen, coalesce(
                   (SELECT max(substr(c.time, 1, 19)) || 'Z' FROM sightings s JOIN captures c ON c.id = s.capture_id
                     WHERE s.revision_id = r.id), '')) END AS last_seen,
               r.title, r.description, r.authors, r.modified, r.text, r.text_digest, r.extractor, r.changes,
               r.change_ratio, r.words_added, r.words_removed, r.silent, r.alternates, c.imported, {PROVENANCE_COLUMNS}
          FROM revisions r JOIN captures c ON c.id = r.capture_id JOIN articles a ON a.id = r.article_id
         WHERE r.article_id = ? ORDER BY r.number""", (article_id,))  # fmt: skip


def _from_shards(db: Database, table: str, sql: str, values: Sequence[Any] | Mapping[str, Any]) -> Iterator[Row]:
    """Yield the rows that one shard after the other has."""
    return (row for one in shards_of(db) for row in decode_rows(table, ask(one, sql, values)))


def _last_number(db: Database, table: str) -> int:
    return max((row[0] or 0 for one in shards_of(db) for row in ask(one, f"SELECT max(id) FROM {table}")), default=0)


def captures(db: Database, url: str) -> Iterator[Row]:
    """Yield every exchange recorded for exactly this URL, oldest first, failed ones included."""
    sql = f"SELECT {CAPTURE_SELECT} FROM captures c WHERE c.url = ? ORDER BY c.time"
    return _in_time(db, sql, (url,))


def _in_time(db: Database, sql: str, values: Sequence[Any] | Mapping[str, Any]) -> Iterator[Row]:
    """Yield captures in the order of time, also those of several shards."""
    found = _from_shards(db, "captures", sql, values)
    return found if len(shards_of(db)) == 1 else iter(sorted(found, key=itemgetter("captured", "id")))


def captures_of(db: Database, wanted: str) -> list[Row]:
    """Return every exchange recorded for an address in any spelling, or for all addresses of an article's number.

    Oldest first, failed ones included; keys CAPTURE_KEYS.
    """
    given, wanted = as_given(wanted), as_given(wanted.strip())
    if re.fullmatch("[0-9]{1,18}", wanted):
        urls = """SELECT url FROM captures WHERE id IN (SELECT capture_id FROM revisions WHERE article_id = :number)
                   UNION SELECT url FROM articles WHERE id = :number
                   UNION SELECT canonical_url FROM articles WHERE id = :number"""
        values: Row = {"number": int(wanted)}
        sql = "SELECT url_key FROM aliases WHERE article_id = :number"
        keys = [row[0] for one in shards_of(db) for row in ask(one, sql, values)]
    else:
        from pipelines.core.urls import fetchable

        spelled = spellings(wanted)
        # The very address of a capture may hold a fragment, or control characters at its end. Our crawls store escapes.
        forms = list(dict.fromkeys([given, *spelled, *filter(None, map(fetchable, spelled))]))
        urls, values = "SELECT value FROM json_each(:spelled)", {"spelled": json.dumps(forms)}
        keys = [*forms, *normalised(forms)]
    urls += " UNION SELECT value FROM json_each(:met)"
    values["met"] = json.dumps([url for one in shards_of(db) for url in _frontier(one).urls_of(keys)])
    sql = f"SELECT {CAPTURE_SELECT} FROM captures c WHERE c.url IN ({urls}) ORDER BY c.time, c.id"
    return list(_in_time(db, sql, values))


def capture(db: Database, number: int) -> Row:
    """Return the exchange with a number (row id of `captures`); keys CAPTURE_KEYS. Raises NotFound."""
    sql = f"SELECT {CAPTURE_SELECT} FROM captures c WHERE c.id = ?"
    found = next((row for one in shards_of(db) for row in ask(one, sql, (number,))), None)
    if found is None:
        newest = _last_number(db, "captures")
        cure = "`morgue show URL --captures` shows the numbers"
        raise NotFound(f"capture {number}", f"no such number (they go up to {newest})", cure)
    return decode_row(found, "captures")


def sources(db: Database, *, of_lists: bool = False) -> Iterator[Row]:
    """Yield every source by name, with its number of articles, the newest day of publication, and its health.

    With `of_lists`, the hosts of pages that the user listed follow. They are no sources, and have fewer values.
    """
    from pipelines.core.timestamps import now
    from pipelines.database.frontier import health

    if not isinstance(db, sqlite3.Connection):
        found = [row for one in db.shards for row in sources(one, of_lists=of_lists)]
        yield from sorted(found, key=lambda row: (row["url"] is None, row["name"] or ""))  # those of lists have none
        return
    time = now()
    states, hidden = health.health(db, time), set() if of_lists else health.sources_of_lists(db)
    for row in ask(db, """
        SELECT id, name, url, title, language, added,
               (SELECT count(*) FROM articles WHERE source_id = sources.id) AS articles,
               (SELECT max(published_day) FROM articles WHERE source_id = sources.id) AS newest
          FROM sources ORDER BY name"""):  # fmt: skip
        source = dict(row)
        if (number := source.pop("id")) not in hidden:
            yield source | states[number]._asdict()
    if of_lists:
        for site in health.sites_of_lists(db, time):
            yield dict.fromkeys(SOURCE_KEYS) | site


def extent(db: Database) -> Row:
    """Return how much an archive holds: articles, sources that have some, first and last day of publication."""
    if not isinstance(db, sqlite3.Connection):
        return _added(answers(db, extent))
    dated = f"FROM articles WHERE place >= {FIRST_DATED_PLACE}"
    row = next(ask(db, f"""
        SELECT (SELECT count(*) FROM articles) AS articles,
               (SELECT count(*) FROM sources WHERE EXISTS (SELECT 1 FROM articles WHERE source_id = sources.id))
               AS sources, (SELECT min(place) {dated}) >> {DAY_BITS} AS first_day,
               (SELECT max(place) {dated}) >> {DAY_BITS} AS last_day"""))  # fmt: skip
    return dict(row) | {name: row[name] and date.fromordinal(row[name]) for name in ("first_day", "last_day")}


def _added(extents: Sequence[Row]) -> Row:
    """Return how much several shards hold together. A source counts once for each shard that has articles of it."""
    days = [one[name] for one in extents for name in ("first_day", "last_day") if one[name]]
    return {
        "articles": sum(one["articles"] for one in extents),
        "sources": sum(one["sources"] for one in extents),
        "first_day": min(days, default=None),
        "last_day": max(days, default=None),
    }


def removals(db: Database) -> Iterator[Row]:
    """Yield what was taken down, in order of time: kind (page, host, prefix), what, reason, captures."""
    sql = """
        SELECT id, time, CASE WHEN url_key LIKE '*%' THEN 'host' WHEN url_key LIKE '%*' THEN 'prefix' ELSE 'page' END
               AS kind, ltrim(url_key, CASE WHEN url_key LIKE '*%' THEN '*' ELSE '/' END) AS what, reason, captures
          FROM removals ORDER BY id"""
    found = (dict(row) for one in shards_of(db) for row in ask(one, sql))
    return found if len(shards_of(db)) == 1 else iter(sorted(found, key=itemgetter("time", "id")))


def languages(db: Database) -> list[str]:
    """Return the languages of the archive's articles, the most frequent first."""
    sql = "SELECT language, count(*) AS n FROM articles WHERE language IS NOT NULL GROUP BY language"
    found = Counter[str]()
    for one in shards_of(db):
        found.update({row["language"]: row["n"] for row in ask(one, sql)})
    return [language for language, _ in found.most_common()]
