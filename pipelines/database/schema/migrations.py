"""Define the newest tables of the database as SQL inside sqlite-utils migrations: what scheduled crawls learn.

A migration that has landed is never edited, the comments in its SQL included: the next change is the next function.
All since `archive_tables` are registered here, in their order. A module that has the work of one registers nothing.
What tables, columns and indexes mean is in `descriptions`, which becomes `docs/schema.md`. Times are TEXT, ISO 8601
in UTC with `Z`; days are `YYYY-MM-DD`.
"""

from __future__ import annotations

import sqlite3
from functools import cache

from sqlite_utils import Database

from pipelines.database.schema.archive_tables import migrations, watch
from pipelines.database.schema.cluster_tables import CLUSTER_TRIGGERS, CLUSTERS
from pipelines.database.schema.day_counts import COUNT_DAYS, DAYS
from pipelines.database.schema.numbers import SHARD_TABLES
from pipelines.database.schema.part_tables import PAGE_PARTS
from pipelines.database.schema.places import DAY_OF_PLACE
from pipelines.database.schema.scripts import SchemaDatabase
from pipelines.database.schema.search_index import index_marked_words, make_search_index
from pipelines.database.schema.views import COPIES, make_views


@cache
def known_objects() -> dict[str, list[str]]:
    """Return the SQL that each table, index and trigger of ours ever had, by its name in lower case.

    The newest comes last; "" is last for one that is gone. What SQLite makes by itself is in it too.
    """
    db = SchemaDatabase(memory=True)
    known: dict[str, list[str]] = {}
    migrations.ensure_migrations_table(db)
    for migration in migrations.pending(db):
        migration.fn(db)
        now = dict(db.execute("SELECT lower(name), coalesce(sql, '') FROM sqlite_master").fetchall())
        for name in known.keys() | now.keys():
            known.setdefault(name, []).append(now.get(name, ""))
    db.close()
    return known


def foreign_triggers(db: sqlite3.Connection) -> list[str]:
    """Return the triggers on tables of ours that no version of us made: what they do, every command that writes does.

    A trigger on a table of the user's own is the user's business.
    """
    known = known_objects()
    rows = db.execute("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name")
    return [
        name
        for name, table, sql in rows
        if table.casefold() in known and (sql or "") not in known.get(name.casefold(), ())
    ]


SCHEDULED = """
ALTER TABLE sources ADD COLUMN former_names TEXT; -- by `morgue sources rename`, separated by spaces, the newest last
-- A period in which an address did not show its article: a wall, an error page, nothing at all.
CREATE TABLE page_states (
    id              INTEGER PRIMARY KEY,
    url_key         TEXT NOT NULL,
    url             TEXT NOT NULL,
    source_id       INTEGER REFERENCES sources(id),
    article_id      INTEGER REFERENCES articles(id), -- NULL: no article was ever read at this address
    kind            TEXT NOT NULL, -- consent wall, paywall, ...; gone: 404, 410, soft 404, front page
    since           TEXT NOT NULL, -- time of the first capture that shows it
    capture_id      INTEGER NOT NULL REFERENCES captures(id), -- that capture
    last_seen       TEXT NOT NULL, -- time of the newest capture that shows it
    last_capture_id INTEGER NOT NULL REFERENCES captures(id), -- that capture
    visits          INTEGER NOT NULL DEFAULT 1, -- visits that met it
    text_digest     TEXT,          -- of the headline and text that it shows; NULL: it has none
    ended           TEXT,          -- time of the capture that shows the article again; NULL: it still lasts
    ended_capture_id INTEGER REFERENCES captures(id)
) STRICT;
CREATE UNIQUE INDEX page_states_now ON page_states(url_key) WHERE ended IS NULL;
CREATE INDEX page_states_article ON page_states(article_id);
CREATE INDEX page_states_source ON page_states(source_id, since);
CREATE INDEX page_states_text ON page_states(text_digest);
CREATE INDEX articles_text ON articles(text_digest);

-- A host that has trouble, and when it was last asked: kept from one crawl to the next.
CREATE TABLE hosts (
    host              TEXT PRIMARY KEY, -- host or host:port, as in frontier
    trouble           TEXT,             -- why only a probe is sent; NULL: nothing is wrong
    since             TEXT,             -- when the trouble began
    failures          INTEGER NOT NULL DEFAULT 0, -- failed probes in a row
    retry_at          TEXT,             -- when the next probe is due
    pages_only        INTEGER NOT NULL DEFAULT 0, -- 1: its listings answer, only pages are refused
    last_request      TEXT,             -- when the last request was sent, microseconds
    delay             REAL,             -- seconds between two requests that the last crawl had come to
    unconditional_until TEXT            -- asked without validators until then: a 304 of it hid an edit
) STRICT, WITHOUT ROWID;

-- The robots.txt of a site: scheme, host and port (RFC 9309, 2.3).
CREATE TABLE robots_files (
    site       TEXT PRIMARY KEY,  -- https://paper.example
    capture_id INTEGER NOT NULL REFERENCES captures(id), -- newest answer that was no failure
    checked    TEXT NOT NULL,     -- when it last answered
    retry_at   TEXT               -- when it is asked for again after a failure; NULL: it answered last time
) STRICT, WITHOUT ROWID;

-- What is known of a feed, sitemap, front or section page from its readings.
CREATE TABLE listings (
    url_key      TEXT PRIMARY KEY,
    url          TEXT NOT NULL,
    kind         TEXT NOT NULL,    -- as in frontier
    source_id    INTEGER REFERENCES sources(id),
    interval     REAL,             -- seconds to the next reading, as last planned
    readings     INTEGER NOT NULL DEFAULT 0, -- readings that were answered
    entries      INTEGER,          -- links to articles at the newest reading
    new_entries  INTEGER,          -- of them not known before
    newest_entry TEXT,             -- newest day that an entry gave
    first_read   TEXT,
    last_read    TEXT,
    last_body    TEXT,             -- when its body was last sent
    last_new     TEXT,             -- when a reading last brought an article that was not known
    last_change  TEXT,             -- when it last named or said something else
    rhythm       TEXT,             -- JSON: new articles by hour of the week
    digest       TEXT,             -- payload digest of the newest reading
    trouble      TEXT,             -- what is wrong with it; NULL: nothing
    since        TEXT,             -- when the trouble began
    moved_to     TEXT,             -- where a permanent redirect leads, or the listing that replaces it
    moved_since  TEXT,             -- since when
    replaces     TEXT              -- url_key of the listing that this one replaces
) STRICT, WITHOUT ROWID;
CREATE INDEX listings_source ON listings(source_id);

-- The entries of a feed or sitemap at its newest reading, as hashes. They are learnt again.
CREATE TABLE listing_entries (
    url_key TEXT PRIMARY KEY,
    rules   TEXT NOT NULL,         -- digest of the rules by which entries were taken
    entries BLOB NOT NULL
) STRICT;

-- A time in which a listing may have shown articles that were gone from it at the next reading.
CREATE TABLE gaps (
    id         INTEGER PRIMARY KEY,
    source_id  INTEGER REFERENCES sources(id),
    url_key    TEXT NOT NULL,      -- of the listing
    url        TEXT NOT NULL,
    began      TEXT NOT NULL,      -- the reading before
    ended      TEXT NOT NULL,      -- the reading that shows no entry of the one before
    capture_id INTEGER REFERENCES captures(id), -- of that reading
    found      INTEGER NOT NULL DEFAULT 0 -- articles of that time that other listings brought later
) STRICT;
CREATE INDEX gaps_source ON gaps(source_id, ended);

-- The health of a source as last told, so that each change is told once.
CREATE TABLE source_health (
    source_id INTEGER NOT NULL,    -- 0: the archive itself: its disk, its clock, its passes
    kind      TEXT NOT NULL,       -- kind of reason: silent, outrun, dead listing, refused, ...
    status    TEXT NOT NULL,       -- warn, bad
    since     TEXT NOT NULL,       -- when it began
    evidence  TEXT,                -- what shows it, in words
    last_seen TEXT NOT NULL,       -- when it was last found
    ended     TEXT,                -- when it was found to be over; NULL: it lasts
    relapses  INTEGER NOT NULL DEFAULT 0, -- how often it came back within two days of its end
    printed    TEXT,               -- what passes last printed of it: warn, bad, ok (it is over); NULL: nothing
    printed_at TEXT,
    sent       TEXT,               -- what was last sent of it: warn, bad, ok; NULL: nothing
    sent_at    TEXT,
    PRIMARY KEY (source_id, kind)
) STRICT, WITHOUT ROWID;

-- How many articles of a source were first seen on each day, and which of their fields were found.
CREATE TABLE source_days (
    day       TEXT NOT NULL,       -- of the first capture, UTC
    source_id INTEGER NOT NULL,
    articles  INTEGER NOT NULL,
    fresh     INTEGER NOT NULL,    -- of them those published in the two days before, as far as is known
    titled    INTEGER NOT NULL,    -- with a headline
    dated     INTEGER NOT NULL,    -- with a date of publication
    signed    INTEGER NOT NULL,    -- with an author
    words     INTEGER NOT NULL,    -- of all texts
    consent   INTEGER NOT NULL,    -- read behind a consent wall
    paywalled INTEGER NOT NULL,    -- read behind a paywall
    first     TEXT,                -- time of the first fresh one; NULL: there was none, as on days of a backfill
    last      TEXT,                -- time of the last fresh one
    PRIMARY KEY (source_id, day)
) STRICT, WITHOUT ROWID;
-- Refusals of a source since its last answer.
CREATE INDEX captures_refused ON captures(source_id, time)
 WHERE status IN (401, 402, 403, 407, 429, 451) AND kind NOT IN ('robots', 'tdmrep');

-- The backfill of a source: articles of its past (state `past` in frontier) are fetched, so many a day.
CREATE TABLE backfills (
    source_id INTEGER PRIMARY KEY REFERENCES sources(id),
    since     TEXT,                -- ISO day: older articles are left; NULL: none
    until     TEXT,                -- ISO day: newer articles are left; NULL: none
    a_day     INTEGER NOT NULL,    -- articles that are queued in a day at most
    begun     TEXT NOT NULL,
    day       TEXT,                -- the last day on which articles were queued (UTC)
    taken     INTEGER NOT NULL DEFAULT 0, -- that were queued on that day
    ended     TEXT                 -- when it was done or stopped; NULL: it goes on
) STRICT;
-- A time in which the owner let a source rest: its silence then is no sickness.
CREATE TABLE pauses (
    id        INTEGER PRIMARY KEY,
    source_id INTEGER NOT NULL REFERENCES sources(id),
    began     TEXT NOT NULL,       -- of the first crawl that left it alone
    ended     TEXT                 -- of the first crawl that asked it again; NULL: it lasts
) STRICT;
CREATE INDEX pauses_source ON pauses(source_id, began);
CREATE INDEX frontier_past ON frontier(source_id, day) WHERE state = 'past';
-- With the address: a page at a new address is compared with the articles of those days that have the same number.
DROP INDEX articles_source_day;
CREATE INDEX articles_source_day ON articles(source_id, published_day, id, url_key);

ALTER TABLE crawls ADD COLUMN clock_ahead INTEGER; -- seconds by which its clock was ahead; NULL: nothing shows that

ALTER TABLE revisions ADD COLUMN changes TEXT;  -- JSON list: what differs from the one before: title, text, ...
ALTER TABLE revisions ADD COLUMN change_ratio REAL; -- share of the words of both texts that differ, 0 to 1
ALTER TABLE revisions ADD COLUMN words_added INTEGER;
ALTER TABLE revisions ADD COLUMN words_removed INTEGER;
ALTER TABLE revisions ADD COLUMN silent INTEGER; -- 1: the text changed, and the page's time of change did not
ALTER TABLE revisions ADD COLUMN alternates INTEGER NOT NULL DEFAULT 0; -- looks that showed an earlier text in turn

-- A line that came to, or went from, articles of a source: on many articles within a day it is the site's template.
CREATE TABLE changed_lines (
    source_id   INTEGER NOT NULL REFERENCES sources(id) ON DELETE CASCADE,
    line        TEXT NOT NULL,     -- digest of the line
    article_id  INTEGER NOT NULL,  -- an article in which it came or went
    last_seen   TEXT NOT NULL,     -- when it did so last
    is_template INTEGER NOT NULL,  -- 1: it is known to be the template's; then this is the only row of the line
    PRIMARY KEY (source_id, line, article_id)
) STRICT, WITHOUT ROWID;
"""

# A change in one of these columns is noted in the journal.
NOTED_REVISION_COLUMNS = (
    "number, capture_id, seen, hint, text_digest, extractor, state_digest, "
    "changes, change_ratio, words_added, words_removed, silent, alternates"
)
# Rows of `frontier` as this version plans them.
DUE = """
CREATE INDEX frontier_time ON frontier(state, host, next_visit); -- what of a host falls due
CREATE INDEX hosts_trouble ON hosts(host) WHERE failures > 0;    -- the hosts that refuse us
DROP INDEX frontier_source;
CREATE INDEX frontier_source ON frontier(source_id, kind, state, next_visit); -- how a source is doing
CREATE INDEX frontier_failing ON frontier(source_id, last_visit) -- what fails
 WHERE last_error IS NOT NULL AND failures > 0;
-- Given up by earlier versions for a reason that can pass: each is due again.
UPDATE frontier SET state = 'waiting', next_visit = coalesce(last_visit, found), failures = 1
 WHERE state IN ('failed', 'disallowed') AND kind IN ('article', 'page')
   AND coalesce(last_status, 0) NOT IN (404, 410) AND coalesce(last_error, '') NOT IN ('damaged row', 'forgotten');
-- The rank of an article is the number of its day, taken from 4,000,000; 10,000,000 is for one on the site of another.
UPDATE frontier SET priority = 10000000 * (priority >= 100000) + CASE WHEN kind IN ('article', 'page')
    THEN 4000000 - CAST(coalesce(min(julianday(substr(day, 1, 10)), julianday(substr(found, 1, 10))),
                                 julianday(substr(found, 1, 10)) - 30, 2440587.5) - 1721424.5 AS INTEGER)
    ELSE priority % 100000 END;
"""
# After the triggers: these rows go into the journal.
GONE = """
-- Articles that earlier versions gave up at the first 404 or 410 are known to be gone, and asked again.
INSERT INTO page_states (url_key, url, source_id, article_id, kind, since, capture_id,
                         last_seen, last_capture_id, visits)
WITH dead AS (
    SELECT f.url_key, f.url, f.source_id, a.id AS article_id, f.last_status,
           (SELECT max(c.time) FROM captures c WHERE c.url = f.url AND c.status IN (200, 304)) AS alive
      FROM frontier f JOIN articles a ON a.url_key = f.url_key
     WHERE f.state = 'failed' AND f.kind IN ('article', 'page') AND f.last_status IN (404, 410)),
shown AS (
    SELECT d.*, c.id, c.time, row_number() OVER (PARTITION BY d.url_key ORDER BY c.time, c.id) AS nth,
           row_number() OVER (PARTITION BY d.url_key ORDER BY c.time DESC, c.id DESC) AS nth_last,
           count(*) OVER (PARTITION BY d.url_key) AS visits
      FROM dead d JOIN captures c ON c.url = d.url AND c.status IN (404, 410) AND c.time > coalesce(d.alive, ''))
SELECT b.url_key, b.url, b.source_id, b.article_id, CAST(e.last_status AS TEXT), substr(b.time, 1, 19) || 'Z', b.id,
       substr(e.time, 1, 19) || 'Z', e.id, b.visits
  FROM shown b JOIN shown e ON e.url_key = b.url_key AND e.nth_last = 1 WHERE b.nth = 1;
UPDATE frontier SET state = 'waiting', next_visit = strftime('%Y-%m-%dT%H:%M:%SZ', last_visit, '+1 day')
 WHERE state = 'failed' AND last_visit IS NOT NULL AND last_status IN (404, 410)
   AND url_key IN (SELECT url_key FROM page_states);
"""

LINE_KINDS = """
ALTER TABLE articles ADD COLUMN line_kinds TEXT;  -- what each line of text is: "p h2 p u1 u1 t t+"; NULL: not known
ALTER TABLE revisions ADD COLUMN line_kinds TEXT; -- as in articles
ALTER TABLE readings ADD COLUMN line_kinds TEXT;  -- as in articles
"""
# Their rows go into the journal. What is known of hosts is learnt again, and days are counted again.
JOURNALED = (
    ("page_states", "id", ""),
    ("listings", "url_key", ""),
    ("gaps", "id", ""),
    ("backfills", "source_id", ""),
    ("pauses", "id", ""),
)

NEW_DAY, OLD_DAY = DAY_OF_PLACE.format("new.place"), DAY_OF_PLACE.format("old.place")
ADD_TO_DAY = f"""INSERT INTO article_days VALUES ({NEW_DAY}, 1)
        ON CONFLICT (day) DO UPDATE SET articles = articles + 1;"""  # noqa: S608 (our own names)
TAKE_FROM_DAY = f"""UPDATE article_days SET articles = articles - 1 WHERE day = {OLD_DAY};
    DELETE FROM article_days WHERE day = {OLD_DAY} AND articles = 0;"""  # noqa: S608
ARTICLE_DAYS = f"""
-- How many articles were published on each day. Of a frequent word, the articles without it are counted.
CREATE TABLE article_days (
    day      INTEGER PRIMARY KEY, -- days since 0001-01-01; 0: undated
    articles INTEGER NOT NULL
) STRICT;
INSERT INTO article_days SELECT {DAY_OF_PLACE.format("place")}, count(*) FROM articles GROUP BY 1;
CREATE INDEX articles_place ON articles(place, source_id, language); -- of each match, without reading its row
CREATE TRIGGER article_days_insert AFTER INSERT ON articles BEGIN
    {ADD_TO_DAY}
END;
CREATE TRIGGER article_days_delete AFTER DELETE ON articles BEGIN
    {TAKE_FROM_DAY}
END;
CREATE TRIGGER article_days_update AFTER UPDATE OF place ON articles BEGIN
    {TAKE_FROM_DAY}
    {ADD_TO_DAY}
END;
"""  # noqa: S608 (our own names)


@migrations()
def m010_scheduled(db: Database) -> None:
    """Add what is no article at an article's address, the state of hosts and listings, and how revisions differ."""
    db.executescript(SCHEDULED + DUE + COUNT_DAYS + DAYS + "".join(watch(*watched) for watched in JOURNALED) + GONE)
    update = watch("revisions", "id", NOTED_REVISION_COLUMNS).split("END;\n")[1]
    db.executescript(f"DROP TRIGGER revisions_update_noted;\n{update}END;\n")


@migrations(transactional=False)
def m011_search_index(db: Database) -> None:
    """Put articles in order of their days, and index them so that filters and periods are part of a full-text query."""
    make_search_index(db)


@migrations()
def m012_clusters(db: Database) -> None:
    """Add the copies of one text, and note all articles: they are compared afterwards, a group at a time."""
    db.executescript(CLUSTERS + CLUSTER_TRIGGERS)


@migrations()
def m013_views(db: Database) -> None:
    """Add views with plain names."""
    make_views(db)


@migrations()
def m014_article_days(db: Database) -> None:
    """Add how many articles each day has, and keep that right from now on."""
    db.executescript(ARTICLE_DAYS)


@migrations()
def m015_view_of_copies(db: Database) -> None:
    """Add the view of the articles that are copies of one text."""
    make_views(db, ("copies",), COPIES)


@migrations(transactional=False)
def m016_marked_words(db: Database) -> None:
    """Find the words of Arabic and Hebrew texts that have vowel marks, as people type them."""
    index_marked_words(db)


@migrations()
def m017_language_declared(db: Database) -> None:
    """Add the language that a page declares, beside that of its text."""
    db.executescript("ALTER TABLE articles ADD COLUMN language_declared TEXT; -- as the page declares it: de-AT")


@migrations()
def m018_line_kinds(db: Database) -> None:
    """Add what each line of a text is: a paragraph, a heading, an item of a list, a row of a table."""
    db.executescript(LINE_KINDS)


@migrations()
def m019_page_parts(db: Database) -> None:
    """Add which parts a page has, and the queue of parts."""
    db.executescript(PAGE_PARTS + watch("page_parts", "id", ""))


@migrations()
def m020_shards(db: Database) -> None:
    """Add which shard of a fleet an archive is, and which numbers are given no more."""
    db.executescript(SHARD_TABLES + watch("shard", "fleet", "") + watch("number_floors", "name", ""))
