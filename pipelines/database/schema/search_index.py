"""Put the articles in order of their days, and make the full-text index by which a search stays fast, as m011.

The upgrade of a large archive takes minutes. So it is no single transaction: it goes in steps and batches, each of
which is committed, reports how far it is, and goes on where it stopped.
"""

# ruff: noqa: S608 - SQL is put together here from names of our own schema; every value is bound

from __future__ import annotations

import json
import logging
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from contextvars import ContextVar
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from pipelines.core.errors import ArchiveDamaged, DiskFull
from pipelines.core.languages.spaced_runs import indexed_words, marked_words, spaced_runs
from pipelines.core.timestamps import day_number
from pipelines.database.schema import UNFINISHED
from pipelines.database.schema.archive_tables import WATCHED, watch
from pipelines.database.schema.day_counts import DAYS
from pipelines.database.schema.places import DAY_BITS, MOST_A_DAY, day_is_full

logger = logging.getLogger("morgue.database")

BATCH_ARTICLES = 2000  # copied or indexed in one transaction
MERGED_AT_ONCE = 2000  # pages of the index
SAMPLED_ARTICLES = 200  # by which the size of the table is reckoned
ROOM_FOR_A_COPY = 1.2  # bytes of disk for a byte of columns, with the index on ids and addresses
MAX_LOG_BYTES = 200_000_000  # of the write-ahead log, which holds one batch and what FTS5 merges meanwhile

ARTICLES_BY_DAY = """
-- An article over time, with the text of its newest revision. What `morgue search` and most people read.
CREATE TABLE articles_by_day (
    place          INTEGER PRIMARY KEY, -- days since 0001-01-01 << 20 | number within the day; undated: a small number
    id             INTEGER NOT NULL UNIQUE, -- the number of the article, everywhere
    url_key        TEXT NOT NULL UNIQUE, -- normalised URL: two spellings of one address are one article
    source_id      INTEGER REFERENCES sources(id),
    url            TEXT NOT NULL,   -- where the newest revision was fetched, after redirects
    canonical_url  TEXT,            -- what the page says its address is
    title          TEXT,            -- headline without the site's name
    description    TEXT,            -- standfirst or summary
    authors        TEXT NOT NULL,   -- JSON list of persons, in the byline's order
    byline         TEXT,            -- as printed or declared, before parsing
    published      TEXT,            -- ISO 8601 as precise as the page: a day, or a time with its zone
    published_raw  TEXT,
    published_from TEXT,            -- json-ld, meta, microdata, time, url, htmldate, feed, site rule
    published_day  TEXT,            -- day of `published` in UTC; NULL where that is unknown
    modified       TEXT,
    modified_raw   TEXT,
    modified_from  TEXT,
    language       TEXT,            -- ISO 639-1
    section        TEXT,
    tags           TEXT NOT NULL,   -- JSON list
    site_name      TEXT,
    publisher      TEXT,            -- who publishes it, as declared; else site_name
    issn           TEXT,            -- number of the periodical
    image          TEXT,
    word_count     INTEGER NOT NULL,
    kind           TEXT NOT NULL,   -- article, opinion, live blog, gallery, video
    origin         TEXT,            -- who published the text first, if it was another
    origin_url     TEXT,
    dateline       TEXT,            -- the place that the text is dated from, as printed
    access         TEXT,            -- paywall, truncated, consent wall; NULL: nothing seen
    access_evidence TEXT,
    rights         TEXT NOT NULL DEFAULT '[]', -- JSON list: signals on use, as sent
    extractor      TEXT NOT NULL,   -- name and version of what read it
    text_digest    TEXT NOT NULL,   -- sha256 hex of title and text: what makes a revision
    state_digest   TEXT,
    fields_digest  TEXT,
    capture_id     INTEGER NOT NULL REFERENCES captures(id), -- the WARC record that the newest revision was read from
    revision       INTEGER NOT NULL, -- number of the newest revision, from 1
    first_seen     TEXT NOT NULL,   -- time of the first capture
    last_seen      TEXT NOT NULL,   -- time of the newest capture in which the page still stood (304 counts)
    -- Long columns come last: SQLite reads a row from its beginning.
    text           TEXT NOT NULL,   -- paragraphs, one a line
    spaced         TEXT,            -- what of title, byline, text is in scripts without spaces, one character a word
    comments       TEXT,            -- JSON list, of the newest capture; NULL: not asked for
    found_in       TEXT NOT NULL DEFAULT '{}', -- JSON: field -> where it was found
    -- A word for every article, one for its source, one for its language, one for each word of its kind. No person
    -- types the character by which they begin. A filter is part of a full-text query.
    labels         TEXT NOT NULL GENERATED ALWAYS AS (
        char(57344) || 'a ' || char(57344) || 's' || coalesce(source_id, 0)
        || ' ' || char(57344) || 'l' || coalesce(replace(language, '-', ''), '')
        || ' ' || char(57344) || 'k' || replace(replace(kind, '-', ' '), ' ', ' ' || char(57344) || 'k')) VIRTUAL
) STRICT;
"""
INDEXES = """
CREATE INDEX articles_source_day ON articles(source_id, published_day, id, url_key); -- by source and period; renamed
CREATE INDEX articles_text ON articles(text_digest);
CREATE INDEX articles_language ON articles(language); -- which languages there are, and how many articles of each
"""
FULL_TEXT = """
-- Full text over the newest revision; unicode61 folds case and diacritics. Double quotes: Datasette looks for them.
CREATE VIRTUAL TABLE articles_fts USING fts5(
    title, byline, text, spaced, labels,
    content="articles", content_rowid="place",
    tokenize="unicode61 remove_diacritics 2"
);
-- A word in the headline counts as ten in the text, a word in the byline as five.
INSERT INTO articles_fts(articles_fts, rank) VALUES ('rank', 'bm25(10.0, 5.0, 1.0, 1.0, 0.0)');
"""
INDEXED = ("title", "byline", "text", "spaced", "labels")
NAMES = ", ".join(INDEXED)
ROWID = re.compile(r"\b(rowid|_rowid_|oid)\b", re.IGNORECASE)
PLACE_IS_KEY = "SELECT 1 FROM pragma_table_info('articles') WHERE name = 'place' AND pk"
ADD = f"INSERT INTO articles_fts(rowid, {NAMES}) VALUES (new.place, {', '.join(f'new.{name}' for name in INDEXED)});"
TAKE = f"""INSERT INTO articles_fts(articles_fts, rowid, {NAMES})
    VALUES ('delete', old.place, {", ".join(f"old.{name}" for name in INDEXED)});"""
TRIGGERS = f"""
CREATE TRIGGER articles_fts_insert AFTER INSERT ON articles BEGIN
    {ADD}
END;
CREATE TRIGGER articles_fts_delete AFTER DELETE ON articles BEGIN
    {TAKE}
END;
-- Only when what is indexed changes: a visit that finds the page unchanged must not rewrite the index.
CREATE TRIGGER articles_fts_update AFTER UPDATE OF place, title, byline, text, spaced, source_id, language, kind
    ON articles WHEN {" OR ".join(f"old.{name} IS NOT new.{name}" for name in ("place", *INDEXED))} BEGIN
    {TAKE}
    {ADD}
END;
"""
NOTED = {table: (table, key, columns) for table, key, columns in WATCHED}["articles"]
OTHER_TRIGGERS = watch(*NOTED[:2], f"{NOTED[2]}, fields_digest") + DAYS

# Columns of which `fields_digest` is made, as they are at this migration.
FIELD_COLUMNS = (
    "url", "canonical_url", "byline", "published", "published_raw", "published_from", "published_day", "modified_raw",
    "modified_from", "language", "section", "tags", "site_name", "publisher", "issn", "image", "word_count", "kind",
    "origin", "origin_url", "dateline", "access", "access_evidence", "rights", "found_in",
)  # fmt: skip

ReportProgress = Callable[[str, int, int], None]  # what is done ("copied"), articles so far, articles in all


def log_progress(what: str, done: int, total: int) -> None:
    """Write to the log how far the upgrade is."""
    logger.info(
        "upgrading the database: %(what)s %(done)d of %(total)d articles", {"what": what, "done": done, "total": total}
    )


# Told after each batch. A migration has no parameter but the database.
reporting: ContextVar[ReportProgress] = ContextVar("reporting", default=log_progress)


def make_search_index(db: Database) -> None:
    """Bring a database of the schema before to this one, from wherever an earlier run stopped."""
    if not _exists(db, UNFINISHED) and db.execute(PLACE_IS_KEY).fetchone():
        return  # it was stopped between its last step and the note that it is done
    (keys,) = db.execute("PRAGMA foreign_keys").fetchone()
    db.execute("PRAGMA foreign_keys = OFF")
    # Tables and views that name `articles` go on naming it, and views of the user's need not be right meanwhile.
    db.execute("PRAGMA legacy_alter_table = ON")
    try:
        _must_have_room(db)
        (count,) = db.execute("SELECT count(*) FROM articles").fetchone()
        with nullcontext() if count else db.atomic():  # a new database waits for the disk once
            for step in (_begin, _copy, _replace, _index, _merge, _finish):
                step(db)
    finally:
        db.execute("PRAGMA legacy_alter_table = OFF")
        db.execute(f"PRAGMA foreign_keys = {keys}")


def _begin(db: Database) -> None:
    if _exists(db, UNFINISHED):
        return
    (count,) = db.execute("SELECT count(*) FROM articles").fetchone()
    if count > MOST_A_DAY:
        sql = "SELECT published_day, count(*) FROM articles WHERE published IS NOT NULL GROUP BY 1"
        for day, number in db.execute(sql).fetchall():
            if number > MOST_A_DAY and day_number(day):
                raise day_is_full(day)
    with db.atomic():
        db.execute(f"CREATE TABLE {UNFINISHED} (indexed INTEGER NOT NULL) STRICT")  # the last place in the index
        db.execute(f"INSERT INTO {UNFINISHED} VALUES (0)")
        triggers = db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'articles'")
        for (name,) in triggers.fetchall():
            db.execute(f'DROP TRIGGER "{name}"')
        db.executescript(ARTICLES_BY_DAY)
        for column in _columns_of_user(db):
            db.execute(f"ALTER TABLE articles_by_day ADD COLUMN {column}")


def _columns_of_user(db: Database) -> Iterator[str]:
    """Yield the definitions of the columns that the user added. Raises ArchiveDamaged for one that cannot be copied."""
    columns = 'SELECT name, type, "notnull", dflt_value, hidden FROM pragma_table_xinfo(?)'
    ours = {name for name, *_ in db.execute(columns, ["articles_by_day"]).fetchall()}
    for name, kind, required, default, hidden in db.execute(columns, ["articles"]).fetchall():
        new = name in ("place", "spaced", "labels")
        if new or hidden:
            cause = f"you added a column {name} to articles, " + (
                "and this version makes one of that name" if new else "which is generated and cannot be copied"
            )
            cure = f'ALTER TABLE articles {{}} COLUMN "{name}"'
            cure = cure.format("RENAME") + " TO another name" if new else cure.format("DROP") + "; add it afterwards"
            raise ArchiveDamaged(db.execute("PRAGMA database_list").fetchone()[2], cause, cure)
        if name not in ours:
            yield f'"{name}" {kind}{" NOT NULL" * required}' + ("" if default is None else f" DEFAULT ({default})")


def _copy(db: Database) -> None:
    """Copy the articles in order of their places."""
    if not _exists(db, "articles_by_day"):
        return
    (total,) = db.execute("SELECT count(*) FROM articles").fetchone()
    done, last = db.execute("SELECT count(*), coalesce(max(place), 0) FROM articles_by_day").fetchone()
    db.conn.create_function("day_number", 1, day_number, deterministic=True)
    db.conn.create_function("spaced_runs", -1, spaced_runs, deterministic=True)
    db.conn.create_function("undated_digest", -1, undated_digest, deterministic=True)
    db.execute("DROP TABLE IF EXISTS temp.places_in_order")
    db.execute("CREATE TEMP TABLE places_in_order (place INTEGER PRIMARY KEY, id INTEGER NOT NULL)")
    db.execute(
        f"""INSERT INTO temp.places_in_order
            SELECT (day << {DAY_BITS}) + row_number() OVER (PARTITION BY day ORDER BY id), id
              FROM (SELECT id, day_number(iif(published IS NULL, NULL, published_day)) AS day FROM articles)"""
    )
    columns = {f'"{name}"': f'a."{name}"' for name in _columns(db, "articles")}
    columns |= {
        "place": "p.place",
        '"published_day"': "iif(a.published IS NULL, NULL, a.published_day)",
        "spaced": "spaced_runs(a.title, a.byline, a.text)",
        '"fields_digest"': f"""iif(a.published IS NULL AND a.fields_digest IS NOT NULL,
            undated_digest(a.fields_digest, {", ".join(f"a.{name}" for name in FIELD_COLUMNS)}), a.fields_digest)""",
    }
    sql = f"""INSERT INTO articles_by_day ({", ".join(columns)}) SELECT {", ".join(columns.values())}
                FROM temp.places_in_order p CROSS JOIN articles a ON a.id = p.id
               WHERE p.place > ? ORDER BY p.place LIMIT {BATCH_ARTICLES}"""
    while done < total:
        with db.atomic():
            done += db.execute(sql, [last]).rowcount
            (last,) = db.execute("SELECT max(place) FROM articles_by_day").fetchone()
        reporting.get()("copied", done, total)
    db.execute("DROP TABLE temp.places_in_order")


def _replace(db: Database) -> None:
    """Put the copy in the place of the table. Indexes that the user made are made again."""
    if not _exists(db, "articles_by_day"):
        return
    ours = ("articles_source_day", "articles_day", "articles_text", "articles_language")
    indexes = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'articles'")
    users = [sql for name, sql in indexes.fetchall() if sql and name not in ours]
    with db.atomic():
        db.execute("DROP TABLE IF EXISTS articles_fts")
        db.execute("DROP TABLE articles")
        db.execute("ALTER TABLE articles_by_day RENAME TO articles")
        db.executescript(INDEXES + FULL_TEXT)
        for sql in users:
            db.execute(sql)
        # Their digest is another now that the day of the capture is no day of theirs: the journal must hear of it.
        db.execute(
            """INSERT INTO changes (name, key) SELECT 'articles', id FROM articles
                WHERE published IS NULL AND fields_digest IS NOT NULL ON CONFLICT DO NOTHING"""
        )


def _index(db: Database) -> None:
    (last,) = db.execute(f"SELECT indexed FROM {UNFINISHED}").fetchone()
    done, total = db.execute("SELECT count(*) FILTER (WHERE place <= ?), count(*) FROM articles", [last]).fetchone()
    batch = f"SELECT place, {NAMES} FROM articles WHERE place > ? ORDER BY place LIMIT {BATCH_ARTICLES}"
    while done < total:
        with db.atomic():
            done += db.execute(f"INSERT INTO articles_fts(rowid, {NAMES}) {batch}", [last]).rowcount
            sql = f"UPDATE {UNFINISHED} SET indexed = (SELECT max(place) FROM ({batch})) RETURNING indexed"
            ((last,),) = db.execute(sql.replace(f"place, {NAMES}", "place"), [last]).fetchall()
        reporting.get()("indexed", done, total)


def _merge(db: Database) -> None:
    """Merge the parts of the index, so that a search reads one."""
    changed = 2
    while changed > 1:  # less: there was nothing to do (sqlite.org/fts5, "The 'merge' command")
        before = db.conn.total_changes
        with db.atomic():
            db.execute(f"INSERT INTO articles_fts(articles_fts, rank) VALUES ('merge', -{MERGED_AT_ONCE})")
        changed = db.conn.total_changes - before


def _finish(db: Database) -> None:
    with db.atomic():
        db.executescript(TRIGGERS + OTHER_TRIGGERS)
        db.execute(f"DROP TABLE {UNFINISHED}")
    if views := views_by_rowid(db.conn):
        logger.warning("views that name a rowid mean another number now: %(views)s", {"views": ", ".join(views)})


def index_marked_words(db: Database) -> None:
    """Index words with vowel marks also without them, as m016. Where it is stopped, it writes only what is missing."""
    (total,) = db.execute("SELECT count(*) FROM articles").fetchone()
    (trusted,) = db.execute("PRAGMA trusted_schema").fetchone()
    db.execute("PRAGMA trusted_schema = ON")  # old versions of SQLite let no trigger write to an index without
    done, last = 0, 0
    batch = (
        f"SELECT place, spaced, title, byline, text FROM articles WHERE place > ? ORDER BY place LIMIT {BATCH_ARTICLES}"
    )
    try:
        while rows := db.execute(batch, [last]).fetchall():
            with db.atomic():
                for place, spaced, *texts in rows:
                    is_marked = any(text and next(marked_words(text), None) for text in texts)
                    if is_marked and (new := indexed_words(*texts)) != spaced:
                        db.execute("UPDATE articles SET spaced = ? WHERE place = ?", [new, place])
            done, last = done + len(rows), rows[-1][0]
            reporting.get()("read", done, total)
    finally:
        db.execute(f"PRAGMA trusted_schema = {trusted}")


def views_by_rowid(db: sqlite3.Connection) -> list[str]:
    """Return the views that name the rowid of `articles` or `articles_fts`. It was the id, and is the place now."""
    views = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'view' ORDER BY name")
    return [name for name, sql in views if ROWID.search(sql) and "articles" in sql.lower()]


def undated_digest(digest: str, *values: Any) -> str:
    """Return the `fields_digest` of an article without its day, which was that of a capture; `values`: FIELD_COLUMNS.

    If it is not the digest of these values now, it stays as it is, so that `morgue verify` still finds that.
    """
    row = {name: value for name, value in zip(FIELD_COLUMNS, values, strict=True) if value is not None}
    if _digest(row) != digest:
        return digest
    row.pop("published_day", None)
    return _digest(row)


def _digest(row: dict[str, Any]) -> str:
    text = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _must_have_room(db: Database) -> None:
    """Raise DiskFull, with what is missing, if the disk has no room for the copies of the articles still to be made."""
    file = db.execute("PRAGMA database_list").fetchone()[2]
    if _exists(db, UNFINISHED) and not _exists(db, "articles_by_day"):
        return  # they are all made; the index goes where the old table was
    (articles,) = db.execute("SELECT count(*) FROM articles").fetchone()
    if _exists(db, "articles_by_day"):
        articles -= db.execute("SELECT count(*) FROM articles_by_day").fetchone()[0]
    if not file or not articles:
        return
    lowest, highest = db.execute("SELECT min(id), max(id) FROM articles").fetchone()
    ids = {lowest + (highest - lowest) * number // SAMPLED_ARTICLES for number in range(SAMPLED_ARTICLES)}
    rows = [db.execute("SELECT * FROM articles WHERE id >= ? ORDER BY id LIMIT 1", [one]).fetchone() for one in ids]
    sizes = [sum(len(str(value).encode("utf-8", "surrogatepass")) for value in row) for row in rows]
    page, unused = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_size", "freelist_count"))
    copies = articles * sum(sizes) / len(sizes) * ROOM_FOR_A_COPY
    needed = copies + min(MAX_LOG_BYTES, 2 * copies) - page * unused
    free = shutil.disk_usage(Path(file).parent).free
    if needed > free:
        cause = f"to upgrade it takes {needed / 1e6:,.1f} MB of free disk for a while, and there are {free / 1e6:,.1f}"
        cure = f"free {(needed - free) / 1e6:,.1f} MB more and run the same command again; nothing is lost meanwhile"
        raise DiskFull(file, cause, cure)


def _exists(db: Database, table: str) -> bool:
    return db.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [table]).fetchone() is not None


def _columns(db: Database, table: str) -> dict[str, str]:
    """Return the type of each column by its name. A generated column is not among them."""
    return dict(db.execute("SELECT name, type FROM pragma_table_info(?)", [table]).fetchall())
