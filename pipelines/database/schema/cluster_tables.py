"""Define in SQL the tables of copies: what the articles share with each other, and the clusters that they form.

Nothing of it is in the WARC files or the journal: it is computed from the articles. Triggers note the articles that are
new, changed or gone, and `pipelines.database.clusters` works them off.
"""

from __future__ import annotations

# What decides about copies and their origin.
JUDGED_COLUMNS = (
    "text", "source_id", "url_key", "canonical_url", "origin", "origin_url", "site_name", "publisher", "published",
    "first_seen",
)  # fmt: skip
CLUSTERS = """
-- A sample of the shingles (runs of five words) of each article that was looked at.
CREATE TABLE text_signatures (
    article_id INTEGER PRIMARY KEY, -- the article may be gone: then the row says which rows of text_shingles go, too
    shingles   INTEGER NOT NULL,    -- different ones in the text; 0: too short for a verdict
    hashes     BLOB NOT NULL        -- those sampled, 8 bytes each, big-endian with sign, ascending
) STRICT;
CREATE TABLE text_shingles (
    hash       INTEGER NOT NULL,
    article_id INTEGER NOT NULL,
    PRIMARY KEY (hash, article_id)
) STRICT, WITHOUT ROWID;

-- Two articles that were compared, and that share something: each article is compared with older ones.
CREATE TABLE article_pairs (
    article_id  INTEGER NOT NULL,   -- the smaller number
    other_id    INTEGER NOT NULL,   -- the larger number
    kept        REAL NOT NULL,      -- share of the first text that is in the second, 0 to 1
    other_kept  REAL NOT NULL,      -- share of the second text that is in the first
    kind        TEXT NOT NULL,      -- reprint, shortened, edited: copies; part, template: none
    same_source INTEGER NOT NULL,   -- 1: both are of one source
    PRIMARY KEY (article_id, other_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX article_pairs_other ON article_pairs(other_id);

CREATE TABLE clusters (
    id          INTEGER PRIMARY KEY, -- the smallest number of an article in it
    copies      INTEGER NOT NULL,
    origin_id   INTEGER NOT NULL,   -- the article that the others probably come from, or the earliest
    origin_name TEXT,               -- of an origin that is not in the archive
    evidence    TEXT NOT NULL,      -- link, credit, earliest
    said_by     INTEGER NOT NULL    -- copies that link to the origin or credit it
) STRICT;
CREATE INDEX clusters_copies ON clusters(copies);
CREATE TABLE cluster_members (
    article_id  INTEGER PRIMARY KEY REFERENCES articles(id) ON DELETE CASCADE,
    cluster_id  INTEGER NOT NULL,
    kept        REAL NOT NULL,      -- share of its text that is in the text of origin_id, 0 to 1
    origin_kept REAL NOT NULL       -- share of the text of origin_id that it keeps
) STRICT;
CREATE INDEX cluster_members_cluster ON cluster_members(cluster_id);

-- Articles that are to be compared, or compared again.
CREATE TABLE unclustered (
    article_id INTEGER PRIMARY KEY, -- of an article that may be gone
    changed    INTEGER NOT NULL     -- 1: it is new, changed or gone; 0: an older one that it may share text with is
) STRICT;
INSERT INTO unclustered SELECT id, 1 FROM articles;
"""
NOTE = "INSERT INTO unclustered VALUES ({}, 1) ON CONFLICT (article_id) DO UPDATE SET changed = 1"
NOTE_IF_COPY = """INSERT INTO unclustered SELECT article_id, 1 FROM cluster_members WHERE article_id = {}
        ON CONFLICT (article_id) DO UPDATE SET changed = 1"""
CLUSTER_TRIGGERS = f"""
CREATE TRIGGER unclustered_new AFTER INSERT ON articles BEGIN
    {NOTE.format("new.id")};
END;
CREATE TRIGGER unclustered_changed AFTER UPDATE OF {", ".join(JUDGED_COLUMNS)} ON articles
 WHEN {" OR ".join(f"old.{name} IS NOT new.{name}" for name in JUDGED_COLUMNS)} BEGIN
    {NOTE.format("new.id")};
END;
CREATE TRIGGER unclustered_gone BEFORE DELETE ON articles BEGIN
    {NOTE.format("old.id")};
    INSERT INTO unclustered SELECT article_id, 0 FROM article_pairs WHERE other_id = old.id
     UNION ALL SELECT other_id, 0 FROM article_pairs WHERE article_id = old.id ON CONFLICT DO NOTHING;
    DELETE FROM article_pairs WHERE other_id = old.id;
    DELETE FROM article_pairs WHERE article_id = old.id;
    DELETE FROM cluster_members WHERE article_id = old.id;
END;
-- A link may lead to another address of a copy; a credit may name the title of its source.
CREATE TRIGGER unclustered_alias AFTER INSERT ON aliases BEGIN
    {NOTE_IF_COPY.format("new.article_id")};
END;
CREATE TRIGGER unclustered_alias_gone AFTER DELETE ON aliases BEGIN
    {NOTE_IF_COPY.format("old.article_id")};
END;
CREATE TRIGGER unclustered_title AFTER UPDATE OF title ON sources WHEN old.title IS NOT new.title BEGIN
    INSERT INTO unclustered SELECT m.article_id, 1 FROM cluster_members m JOIN articles a ON a.id = m.article_id
     WHERE a.source_id = new.id ON CONFLICT (article_id) DO UPDATE SET changed = 1;
END;
"""  # noqa: S608 (our own names)
