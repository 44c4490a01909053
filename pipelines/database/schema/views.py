"""Define the views: the tables as people want to see them in Datasette, DuckDB, sqlite-utils or a spreadsheet.

Nothing of ours reads them. DuckDB runs their SQL itself, and a connection that does not trust the schema refuses
json_extract, so they call only a few functions of text. Times are as SQLite's datetime() writes them, so that both
compare. A later migration that renames or drops a column drops the views first, and makes them again.
"""

# ruff: noqa: S608 - SQL is put together here from names of our own schema; every value is bound

from __future__ import annotations

from sqlite_utils import Database

from pipelines.core.errors import ArchiveDamaged

FIRST_NAMES = ("stories", "edits", "vanished", "captures_of_articles", "per_day", "health", "failures")
NAMES = (*FIRST_NAMES, "copies")


def _time(column: str) -> str:
    return f"replace(substr({column}, 1, 19), 'T', ' ')"


def _listed(column: str) -> str:
    """Return SQL that makes `A, B` of a JSON list of texts, and NULL of an empty one."""
    inside = f"""replace(replace(substr({column}, 3, length({column}) - 4), '", "', ', '), '","', ', ')"""
    return f"""CASE WHEN {column} != '[]' THEN replace(replace({inside}, '\\"', '"'), '\\\\', '\\') END"""


VIEWS = f"""
CREATE INDEX revisions_edits ON revisions(seen) WHERE number > 1; -- edits, without reading every text
CREATE INDEX articles_day ON articles(published_day);             -- SQL that names days; a search uses places

CREATE VIEW stories AS
SELECT a.id, a.published_day AS day, s.name AS source, a.title, {_listed("a.authors")} AS authors,
       a.word_count AS words, a.url, a.section, a.language, a.kind, a.revision - 1 AS edits, a.origin, a.access,
       {_time("a.first_seen")} AS first_seen, {_time("a.last_seen")} AS last_seen, a.published, a.description,
       {_listed("a.tags")} AS tags, a.text, a.place
  FROM articles a LEFT JOIN sources s ON s.id = a.source_id;

CREATE VIEW edits AS
SELECT {_time("r.seen")} AS seen, s.name AS source, r.title, p.title AS old_title,
       {_listed("r.changes")} AS changes, r.words_added, r.words_removed,
       round(100 * r.change_ratio, 1) AS percent, r.silent, r.number AS revision, r.article_id AS article, a.url
  FROM revisions r JOIN revisions p ON p.article_id = r.article_id AND p.number = r.number - 1
  JOIN articles a ON a.id = r.article_id LEFT JOIN sources s ON s.id = a.source_id
 WHERE r.number > 1 AND coalesce(r.changes, '') != '[]';

CREATE VIEW vanished AS
SELECT {_time("p.since")} AS since, s.name AS source, a.title, p.kind AS shows, {_time("p.last_seen")} AS last_seen,
       {_time("p.ended")} AS back, p.article_id AS article, p.url
  FROM page_states p JOIN articles a ON a.id = p.article_id LEFT JOIN sources s ON s.id = a.source_id
 WHERE p.kind IN ('404', '410', 'soft 404', 'front page');

CREATE VIEW captures_of_articles AS
SELECT r.article_id AS article, {_time("c.time")} AS time, c.status, r.number AS revision, r.title, c.url,
       c.record_type, c.file, c.offset, c.length, c.record_id, c.id AS capture
  FROM sightings g JOIN captures c ON c.id = g.capture_id JOIN revisions r ON r.id = g.revision_id
 UNION ALL
SELECT a.id, {_time("c.time")}, c.status, NULL, NULL, c.url, c.record_type, c.file, c.offset, c.length, c.record_id,
       c.id
  FROM articles a JOIN captures c ON c.url = a.url
 WHERE NOT EXISTS (SELECT 1 FROM sightings g WHERE g.capture_id = c.id);

CREATE VIEW per_day AS
SELECT n.day, s.name AS source, n.articles
  FROM (SELECT published_day AS day, source_id, count(*) AS articles FROM articles GROUP BY source_id, published_day) n
  LEFT JOIN sources s ON s.id = n.source_id;

CREATE VIEW health AS
SELECT CASE WHEN h.source_id = 0 THEN 'the archive' ELSE s.name END AS source, h.status, h.kind AS reason,
       {_time("h.since")} AS since, h.evidence, {_time("h.last_seen")} AS last_seen
  FROM source_health h LEFT JOIN sources s ON s.id = h.source_id
 WHERE h.ended IS NULL AND h.kind != 'files';

CREATE VIEW failures AS
SELECT {_time("f.last_visit")} AS last_visit, s.name AS source, f.kind, f.last_error AS error, f.failures AS times,
       {_time("f.next_visit")} AS next_visit, f.url
  FROM frontier f LEFT JOIN sources s ON s.id = f.source_id
 WHERE f.last_error IS NOT NULL AND f.failures > 0 AND f.state IN ('waiting', 'claimed', 'failed')
   AND f.kind != 'tdmrep' AND coalesce(instr(f.hint, '"guess":'), 0) = 0
   AND NOT (coalesce(f.last_status, 0) IN (404, 410)
            AND (f.kind IN ('article', 'page') OR (f.depth > 0 AND f.visits = 0)))
   AND NOT (f.last_status IS NULL AND f.last_error = 'by robots.txt'
            AND (f.depth > 0 OR f.kind IN ('article', 'page') OR f.kind = 'front' AND EXISTS (
                SELECT 1 FROM frontier o WHERE o.source_id = f.source_id AND o.depth = 0
                   AND o.kind IN ('feed', 'news sitemap', 'sitemap', 'section'))));
"""


COPIES = """
CREATE VIEW copies AS
SELECT m.cluster_id AS cluster, c.copies, m.article_id AS article, a.published_day AS day, s.name AS source, a.title,
       CASE WHEN c.origin_id = m.article_id AND c.origin_name IS NULL THEN 1 ELSE 0 END AS is_origin,
       coalesce(c.origin_name, o.name) AS origin, c.evidence, round(100 * m.kept, 1) AS percent,
       round(100 * m.origin_kept, 1) AS percent_of_origin, a.url
  FROM cluster_members m JOIN clusters c ON c.id = m.cluster_id JOIN articles a ON a.id = m.article_id
  LEFT JOIN sources s ON s.id = a.source_id
  LEFT JOIN articles f ON f.id = c.origin_id LEFT JOIN sources o ON o.id = f.source_id;
"""


def make_views(db: Database, names: tuple[str, ...] = FIRST_NAMES, views: str = VIEWS) -> None:
    """Make the views and their indexes. Raises ArchiveDamaged if the user has made something of that name."""
    marks = ", ".join("?" * len(names))
    taken = db.execute(f"SELECT type, name FROM sqlite_master WHERE lower(name) IN ({marks})", names).fetchone()
    if taken is not None:
        kind, name = taken
        cause = f"holds a {kind} {name} that you made, and this version makes a view of that name"
        cure = f'give yours another name: make it again under that name, then DROP {kind.upper()} "{name}"'
        raise ArchiveDamaged(db.execute("PRAGMA database_list").fetchone()[2], cause, cure)
    db.executescript(views)
