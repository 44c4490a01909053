"""Define the table of page parts as SQL, for a migration."""

from __future__ import annotations

PAGE_PARTS = """
-- Which parts (style sheets, pictures, fonts) a page has. Pages and parts are rows of frontier.
CREATE TABLE page_parts (
    id      INTEGER PRIMARY KEY,
    page_id INTEGER NOT NULL, -- a page; or a style sheet, or an address that redirects, which is itself a part
    part_id INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX page_parts_page ON page_parts(page_id, part_id); -- the parts of a page
CREATE INDEX page_parts_part ON page_parts(part_id);                 -- which pages have a part
CREATE TRIGGER page_parts_forgotten AFTER DELETE ON frontier BEGIN
    DELETE FROM page_parts WHERE page_id = old.id;
    DELETE FROM page_parts WHERE part_id = old.id;
END;
CREATE INDEX frontier_idle ON frontier(host, priority, next_visit) WHERE state = 'idle'; -- the next part of a host
-- A picture that is there, or refused, says nothing about the paper.
DROP INDEX captures_answered;
CREATE INDEX captures_answered ON captures(source_id, time)
 WHERE status BETWEEN 200 AND 399 AND kind NOT IN ('robots', 'tdmrep', 'part');
DROP INDEX captures_refused;
CREATE INDEX captures_refused ON captures(source_id, time)
 WHERE status IN (401, 402, 403, 407, 429, 451) AND kind NOT IN ('robots', 'tdmrep', 'part');
"""
