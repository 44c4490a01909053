"""Define the first tables of the database as SQL inside sqlite-utils migrations: sources, captures, articles, queue.

These migrations have landed, and are never edited, the comments in their SQL included. `migrations` goes on.
"""

from __future__ import annotations

from uuid import uuid4

from sqlite_utils import Database, Migrations

migrations = Migrations("newsmorgue")


FIRST = """
-- A newspaper that we watch; mirrors sources/<name>.toml (or a site crawled ad hoc).
CREATE TABLE sources (
    id       INTEGER PRIMARY KEY,
    name     TEXT NOT NULL UNIQUE,  -- file name without .toml, or the host of a site crawled ad hoc
    url      TEXT NOT NULL,         -- home page
    title    TEXT,                  -- the paper's own name
    language TEXT,                  -- BCP 47 tag, where the source file says so
    watched  INTEGER NOT NULL DEFAULT 0, -- 1: has, or had, a file in sources/; 0: crawled ad hoc
    added    TEXT NOT NULL          -- when the archive first heard of it
) STRICT;

-- One run of `morgue crawl` (or `morgue add`).
CREATE TABLE crawls (
    id       INTEGER PRIMARY KEY,
    started  TEXT NOT NULL,
    finished TEXT,                  -- NULL while running, or if it was killed
    outcome  TEXT,                  -- done, partly failed, nothing reachable, interrupted, disk full, ...
    command  TEXT NOT NULL,         -- the arguments, as typed
    software TEXT NOT NULL,         -- name and version that ran
    counts   TEXT                   -- JSON: {source: {found, fetched, new, edited, unchanged, ..., failed, why}}
) STRICT;

-- One exchange kept in WARC. (file, offset, length) is the gzip member of its response (or metadata) record.
CREATE TABLE captures (
    id             INTEGER PRIMARY KEY,
    crawl_id       INTEGER REFERENCES crawls(id),
    source_id      INTEGER REFERENCES sources(id), -- NULL where the exchange belongs to no one source
    url            TEXT NOT NULL,   -- WARC-Target-URI
    time           TEXT NOT NULL,   -- WARC-Date: when the request was sent, microseconds
    kind           TEXT NOT NULL,   -- wanted for: robots, feed, news sitemap, sitemap, front, section, article, page
    status         INTEGER,         -- HTTP status; NULL if no response came
    mime           TEXT,            -- media type of Content-Type, without parameters
    file           TEXT NOT NULL,   -- WARC file below warc/ (with .open behind it while being written)
    offset         INTEGER NOT NULL,
    length         INTEGER NOT NULL,
    record_id      TEXT NOT NULL UNIQUE, -- WARC-Record-ID
    record_type    TEXT NOT NULL,   -- response, or metadata for an exchange that failed
    block_digest   TEXT,            -- sha1:BASE32 of the record block
    payload_digest TEXT,            -- sha1:BASE32 of the entity body, transfer-decoded (WARC 1.1, 5.9)
    ip             TEXT,            -- WARC-IP-Address
    error          TEXT             -- why the exchange failed or was cut off
) STRICT;
CREATE INDEX captures_url ON captures(url, time);         -- what stood at this URL on that day
CREATE INDEX captures_file ON captures(file, offset);     -- verify and rebuild walk a file in order
CREATE INDEX captures_crawl ON captures(crawl_id, kind);  -- what one crawl brought home

-- An article over time, with the text of its newest revision. What `morgue search` and most people read.
CREATE TABLE articles (
    id             INTEGER PRIMARY KEY,
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
    published_from TEXT,            -- json-ld, meta, microdata, time, url, htmldate, feed
    published_day  TEXT,            -- day of `published` in UTC, for filters; first_seen's day where unknown
    modified       TEXT,
    modified_raw   TEXT,
    language       TEXT,            -- ISO 639-1
    section        TEXT,
    tags           TEXT NOT NULL,   -- JSON list
    site_name      TEXT,
    image          TEXT,
    text           TEXT NOT NULL,   -- paragraphs, one a line
    word_count     INTEGER NOT NULL,
    kind           TEXT NOT NULL,   -- article, opinion, live blog, gallery, video
    extractor      TEXT NOT NULL,   -- name and version of what read it
    text_digest    TEXT NOT NULL,   -- sha256 hex of title and text: what makes a revision
    capture_id     INTEGER NOT NULL REFERENCES captures(id), -- the WARC record that the newest revision was read from
    revision       INTEGER NOT NULL, -- number of the newest revision, from 1
    first_seen     TEXT NOT NULL,   -- time of the first capture
    last_seen      TEXT NOT NULL    -- time of the newest capture in which the page still stood (304 counts)
) STRICT;
CREATE INDEX articles_source_day ON articles(source_id, published_day); -- search and export by source and period
CREATE INDEX articles_day ON articles(published_day);                   -- newest first; since / until

-- One state of an article's text; number 1 is the first that we saw.
CREATE TABLE revisions (
    id          INTEGER PRIMARY KEY,
    article_id  INTEGER NOT NULL REFERENCES articles(id),
    number      INTEGER NOT NULL,   -- from 1
    capture_id  INTEGER NOT NULL REFERENCES captures(id), -- the record in which this state was first seen
    seen        TEXT NOT NULL,      -- time of that capture
    title       TEXT,
    description TEXT,
    authors     TEXT NOT NULL,      -- JSON list
    modified    TEXT,
    text        TEXT NOT NULL,
    text_digest TEXT NOT NULL,
    extractor   TEXT NOT NULL,
    UNIQUE (article_id, number)
) STRICT;

-- Other addresses under which an article was met: redirects, AMP twins, spellings that normalise differently.
CREATE TABLE aliases (
    url_key    TEXT PRIMARY KEY,
    article_id INTEGER NOT NULL REFERENCES articles(id)
) STRICT, WITHOUT ROWID;

-- The durable queue: every URL the archive knows of, and when to visit it next.
CREATE TABLE frontier (
    id            INTEGER PRIMARY KEY,
    url_key       TEXT NOT NULL UNIQUE, -- normalised URL
    url           TEXT NOT NULL,    -- as first met
    host          TEXT NOT NULL,    -- host:port, the unit of politeness
    source_id     INTEGER REFERENCES sources(id),
    kind          TEXT NOT NULL,    -- feed, news sitemap, sitemap, front, section, article, page (from --urls)
    state         TEXT NOT NULL,    -- waiting, claimed, done (nothing further planned), disallowed, failed (given up)
    next_visit    TEXT,             -- when it falls due; NULL if never again
    priority      INTEGER NOT NULL, -- smaller first: feeds before sections before articles, young before old
    depth         INTEGER NOT NULL, -- links from the source's seeds
    found         TEXT NOT NULL,    -- when it was first met
    found_on      TEXT,             -- URL of the feed or page that linked it
    hint          TEXT,             -- JSON: what that feed or sitemap said: title, published, language, lastmod
    day           TEXT,             -- day of publication or change, as the feed, sitemap or URL said; for --since
    visits        INTEGER NOT NULL DEFAULT 0, -- visits that got an answer
    failures      INTEGER NOT NULL DEFAULT 0, -- failed visits in a row
    first_visit   TEXT,             -- the first that got an answer; ages for looking again count from it
    last_visit    TEXT,
    last_status   INTEGER,
    last_error    TEXT,             -- reason of the last failure, disallowance or empty reading
    etag          TEXT,             -- validators for a conditional request (RFC 9110, 13.1)
    last_modified TEXT,
    claimed_by    INTEGER REFERENCES crawls(id)
) STRICT;
CREATE INDEX frontier_due ON frontier(state, host, priority, next_visit); -- the next URL of a host
CREATE INDEX frontier_source ON frontier(source_id, kind, state);         -- how a source is doing

-- Full text over the newest revision; unicode61 folds case and diacritics.
CREATE VIRTUAL TABLE articles_fts USING fts5(
    title, byline, text,
    content='articles', content_rowid='id',
    tokenize="unicode61 remove_diacritics 2"
);
CREATE TRIGGER articles_fts_insert AFTER INSERT ON articles BEGIN
    INSERT INTO articles_fts(rowid, title, byline, text) VALUES (new.id, new.title, new.byline, new.text);
END;
CREATE TRIGGER articles_fts_delete AFTER DELETE ON articles BEGIN
    INSERT INTO articles_fts(articles_fts, rowid, title, byline, text)
    VALUES ('delete', old.id, old.title, old.byline, old.text);
END;
-- Only when an indexed column changes: a visit that finds the page unchanged must not rewrite the index.
CREATE TRIGGER articles_fts_update AFTER UPDATE OF title, byline, text ON articles BEGIN
    INSERT INTO articles_fts(articles_fts, rowid, title, byline, text)
    VALUES ('delete', old.id, old.title, old.byline, old.text);
    INSERT INTO articles_fts(rowid, title, byline, text) VALUES (new.id, new.title, new.byline, new.text);
END;
"""


@migrations()
def m001_first(db: Database) -> None:
    """Create the first tables."""
    db.executescript(FIRST)


READING = """
ALTER TABLE articles ADD COLUMN modified_from TEXT;   -- as published_from; both may say site rule too
ALTER TABLE articles ADD COLUMN publisher TEXT;       -- who publishes it, as declared; else site_name
ALTER TABLE articles ADD COLUMN issn TEXT;            -- the periodical's number, "2049-3630"; its check digit is right
ALTER TABLE articles ADD COLUMN origin TEXT;          -- who published the text first, if somebody else: paper, agency
ALTER TABLE articles ADD COLUMN origin_url TEXT;      -- where they published it; NULL if the page does not link it
ALTER TABLE articles ADD COLUMN dateline TEXT;        -- the place that the text is dated from, as printed: "BERLIN"
ALTER TABLE articles ADD COLUMN access TEXT;          -- paywall, truncated, consent wall; NULL: nothing seen
ALTER TABLE articles ADD COLUMN access_evidence TEXT; -- what on the page says so; NULL where access is
ALTER TABLE articles ADD COLUMN rights TEXT NOT NULL DEFAULT '[]';   -- JSON list: signals on use, as sent
ALTER TABLE articles ADD COLUMN comments TEXT;        -- JSON list, of the newest capture; NULL: not asked for
ALTER TABLE articles ADD COLUMN found_in TEXT NOT NULL DEFAULT '{}'; -- JSON: field -> where it was found
"""


@migrations()
def m002_reading(db: Database) -> None:
    """Add what extraction learned: origin, dateline, access, rights, and where each value was found."""
    db.executescript(READING)


ARCHIVE = """
ALTER TABLE captures ADD COLUMN refers_to TEXT;   -- of a revisit: WARC-Record-ID of the response that has its body
ALTER TABLE captures ADD COLUMN body_length INTEGER; -- bytes of the body as received, chunk framing included
ALTER TABLE captures ADD COLUMN body_digest TEXT; -- sha1:BASE32 of that body, where framing makes it another
ALTER TABLE captures ADD COLUMN signals TEXT NOT NULL DEFAULT '[]'; -- JSON list: "header: value" on use, as sent
ALTER TABLE captures ADD COLUMN imported TEXT;    -- where it was copied from: "FILE@OFFSET"; NULL: our own crawl
-- Have we kept this body before? Only whole answers can be referred to.
CREATE INDEX captures_payload ON captures(payload_digest) WHERE record_type = 'response' AND status = 200;

ALTER TABLE revisions ADD COLUMN hint TEXT;       -- JSON: what the feed or sitemap said; for reading it again

-- A state of a text as an earlier extractor read it, kept when `morgue reextract` took a newer reading in its place.
CREATE TABLE readings (
    id          INTEGER PRIMARY KEY,
    revision_id INTEGER NOT NULL REFERENCES revisions(id),
    replaced    TEXT NOT NULL,      -- when the newer reading was taken
    title       TEXT,
    description TEXT,
    authors     TEXT NOT NULL,      -- JSON list
    modified    TEXT,
    text        TEXT NOT NULL,
    text_digest TEXT NOT NULL,
    extractor   TEXT NOT NULL
) STRICT;
CREATE INDEX readings_revision ON readings(revision_id);

-- The captures in which each state of an article was seen, at its own address: an import may bring one from between.
CREATE TABLE sightings (
    capture_id  INTEGER PRIMARY KEY REFERENCES captures(id) ON DELETE CASCADE,
    revision_id INTEGER NOT NULL REFERENCES revisions(id) ON DELETE CASCADE
) STRICT;
CREATE INDEX sightings_revision ON sightings(revision_id); -- all captures of a state
INSERT OR IGNORE INTO sightings (capture_id, revision_id) SELECT capture_id, id FROM revisions;

-- What was taken down (`morgue remove`): the bytes are gone from the WARC files, a tombstone stands in their place.
-- frontier.state of such an address is removed; it is not asked for again.
CREATE TABLE removals (
    id        INTEGER PRIMARY KEY,
    time      TEXT NOT NULL,        -- when it was taken down
    url_key   TEXT NOT NULL,        -- normalised address, or a host with "*" before it
    reason    TEXT NOT NULL,        -- as given
    captures  INTEGER NOT NULL      -- records whose bytes are gone
) STRICT;
CREATE INDEX removals_url ON removals(url_key);

-- How far the WARC files have been told of what this database holds (pipelines/journal.py). One row.
CREATE TABLE journal (
    last INTEGER NOT NULL           -- number of the last journal record whose rows are in here
) STRICT;
INSERT INTO journal (last) VALUES (0);

-- Rows that changed since then: the next journal record tells the WARC files of them. Kept by triggers.
CREATE TABLE changes (
    name TEXT NOT NULL,             -- of the table
    key  ANY NOT NULL,              -- id of the row; url_key in aliases
    PRIMARY KEY (name, key)
) STRICT, WITHOUT ROWID;
"""


@migrations()
def m003_archive(db: Database) -> None:
    """Add revisits, signals in headers, imports, takedowns, readings by earlier extractors, and the journal."""
    db.executescript(ARCHIVE + "".join(watch(*watched) for watched in WATCHED))
    for table, key, _columns in WATCHED:  # the journal must contain the rows of an older archive, too
        db.execute(f"INSERT INTO changes (name, key) SELECT ?, {key} FROM {table}", [table])  # noqa: S608 (our names)


JOURNAL = """
ALTER TABLE journal ADD COLUMN archive TEXT NOT NULL DEFAULT ''; -- UUID of this archive, in each of its WARC files
ALTER TABLE journal ADD COLUMN used INTEGER NOT NULL DEFAULT 0; -- highest number given; > last after a lost commit
UPDATE journal SET used = last;
"""


@migrations()
def m004_journal(db: Database) -> None:
    """Give the archive an id, and give each number of its journal only once."""
    db.executescript(JOURNAL)
    db.execute("UPDATE journal SET archive = ?", [str(uuid4())])


# Tables in the journal: name, key, and the columns whose change is noted ("": any). A claim of a URL is not noted.
WATCHED = (
    ("sources", "id", ""), ("crawls", "id", ""), ("captures", "id", "crawl_id, source_id, file, offset"),
    ("articles", "id", "url_key, source_id, capture_id, revision, first_seen, last_seen, comments"),
    ("revisions", "id", "number, capture_id, seen, hint, text_digest, extractor"),
    ("sightings", "capture_id", ""), ("readings", "id", ""), ("removals", "id", ""),
    ("aliases", "url_key", ""),
    ("frontier", "id", "url_key, url, source_id, kind, next_visit, priority, hint, visits, failures, last_visit"),
)  # fmt: skip


def watch(table: str, key: str, columns: str) -> str:
    """Return triggers that note which rows of a table are new, changed or deleted.

    They do not use INSERT OR IGNORE: in a trigger, the conflict clause of the statement that fired it applies instead.
    """
    events = (("INSERT", "new"), (f"UPDATE OF {columns}" if columns else "UPDATE", "new"), ("DELETE", "old"))
    return "".join(
        f"CREATE TRIGGER {table}_{event[:6].lower()}_noted AFTER {event} ON {table} BEGIN\n"  # noqa: S608 (our names)
        f"    INSERT INTO changes (name, key) VALUES ('{table}', {row}.{key}) ON CONFLICT DO NOTHING;\n"
        "END;\n"
        for event, row in events
    )


NOTING = """
DROP TRIGGER captures_insert_noted; -- one capture is one insert, and its trigger would cost more than that
ALTER TABLE journal ADD COLUMN captures INTEGER NOT NULL DEFAULT 0; -- newer rows there are not yet in changes
UPDATE journal SET captures = (SELECT coalesce(max(id), 0) FROM captures);
"""


@migrations()
def m005_noting(db: Database) -> None:
    """Note changes without reading those that are noted already, and new captures a group at a time."""
    for table, key, columns in WATCHED:
        db.executescript("".join(f"DROP TRIGGER {table}_{event}_noted;\n" for event in ("insert", "update", "delete")))
        db.executescript(watch(table, key, columns))
    db.executescript(NOTING)


HEALTH = """
ALTER TABLE sources ADD COLUMN planned_by TEXT; -- JSON: the settings by which its visits were planned
CREATE INDEX captures_answered ON captures(source_id, time)
 WHERE status BETWEEN 200 AND 399 AND kind NOT IN ('robots', 'tdmrep');
"""


@migrations()
def m006_health(db: Database) -> None:
    """Remember by which settings visits were planned; find the newest answer of a source quickly."""
    db.executescript(HEALTH)


DECLARED_DIGESTS = """
ALTER TABLE captures ADD COLUMN declared_digest TEXT; -- WARC-Payload-Digest as written, if it is not payload_digest
ALTER TABLE captures ADD COLUMN flaws TEXT NOT NULL DEFAULT '[]'; -- JSON list: what was wrong when it was imported
-- Revisits that name their original by its digest alone.
CREATE INDEX captures_declared ON captures(declared_digest) WHERE declared_digest IS NOT NULL;
-- Of some imported revisits, earlier versions stored the digest and the length of the empty body that such a record has
-- instead of what it declares. NULL: not known; a rebuild reads it from the record.
UPDATE captures SET payload_digest = NULL, body_length = NULL
 WHERE record_type = 'revisit' AND imported IS NOT NULL AND payload_digest = 'sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ';
"""


@migrations()
def m007_declared_digests(db: Database) -> None:
    """Keep the payload digest that a record declares beside the computed one, and what was wrong with an import."""
    db.executescript(DECLARED_DIGESTS)


DISALLOWED_AGAIN = """
-- Earlier versions never asked again for what robots.txt had disallowed.
UPDATE frontier SET state = 'waiting',
       next_visit = strftime('%Y-%m-%dT%H:%M:%SZ', coalesce(last_visit, found), '+1 day')
 WHERE state = 'disallowed' AND kind IN ('article', 'page');
UPDATE frontier SET state = 'disallowed'
 WHERE state = 'done' AND last_error = 'by robots.txt' AND kind NOT IN ('article', 'page') AND last_status IS NULL;
"""


@migrations()
def m008_disallowed_again(db: Database) -> None:
    """Plan visits of the pages that robots.txt disallowed; listings wait until the user asks for them."""
    db.executescript(DISALLOWED_AGAIN)


@migrations()
def m009_read_digests(db: Database) -> None:
    """Keep digests of all that is read from a page, and note in the journal when one changes. NULL: not known."""
    for table in ("articles", "revisions", "readings"):
        db.execute(f"ALTER TABLE {table} ADD COLUMN state_digest TEXT")
    db.execute("ALTER TABLE articles ADD COLUMN fields_digest TEXT")
    for table, key, columns in WATCHED:
        if digest := {"articles": "fields_digest", "revisions": "state_digest"}.get(table):
            update = watch(table, key, f"{columns}, {digest}").split("END;\n")[1]
            db.executescript(f"DROP TRIGGER {table}_update_noted;\n{update}END;\n")
