"""Queue the parts of pages, and say which pages use which part. Commits nothing.

A part has a row like every address, of the kind `part`. Its state is `idle` while it waits, so that no question about
what is due sees it. It is fetched once, and again only if a new or edited page uses it after a time.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from pipelines.core.items import PagePart, PartRules, QueuedParts, Reading
from pipelines.core.timestamps import stamp
from pipelines.core.urls import host_of, url_key
from pipelines.database.connection import ask
from pipelines.database.frontier.rows import IDLE, PART, PART_KIND
from pipelines.database.schema.numbers import new_id, new_ids

HOME_HINT = "home"  # key of the hint of a part of no source: its page, whose site it may be on
NEW_ROW = new_id("frontier")
ADD_LINK = f"""INSERT INTO page_parts (id, page_id, part_id) VALUES ({new_id("page_parts")}, ?, ?)
               ON CONFLICT DO NOTHING"""  # noqa: S608 (our own names)
FIRST_PRIORITY = 4_000_000  # less the number of the day of the page: those of the newest are first
# Parts that pages outside of these use as well, however many sheets and redirects lead there, do not go with them.
PARTS_OF_THESE_ALONE = f"""WITH RECURSIVE
    gone(id) AS (SELECT value FROM json_each(:ids)),
    reached(id) AS (
        SELECT part_id FROM page_parts WHERE page_id IN (SELECT id FROM gone)
        UNION SELECT p.part_id FROM reached JOIN page_parts p ON p.page_id = reached.id),
    kept(id) AS (
        SELECT p.part_id FROM page_parts p JOIN reached ON reached.id = p.part_id
         WHERE p.page_id NOT IN (SELECT id FROM gone) AND p.page_id NOT IN (SELECT id FROM reached)
        UNION SELECT p.part_id FROM kept JOIN page_parts p ON p.page_id = kept.id)
    SELECT f.id, f.url_key FROM reached JOIN frontier f ON f.id = reached.id
     WHERE f.kind = '{PART}' AND f.id NOT IN (SELECT id FROM kept) AND f.id NOT IN (SELECT id FROM gone)"""  # noqa: S608

PARTS_WAIT_ANEW = f"""WITH RECURSIVE
    reached(id) AS (
        SELECT p.part_id FROM json_each(:keys) k JOIN frontier f ON f.url_key = k.value
          JOIN page_parts p ON p.page_id = f.id
        UNION SELECT p.part_id FROM reached JOIN page_parts p ON p.page_id = reached.id)
    UPDATE frontier SET next_visit = :now
     WHERE state = '{IDLE}' AND next_visit < :now AND id IN (SELECT id FROM reached)"""  # noqa: S608
# A part that a newer page has as well, with what it names: also a sheet that is being fetched, or was.
COMES_EARLIER = f"""WITH RECURSIVE
    reached(id) AS (SELECT :id UNION SELECT p.part_id FROM reached JOIN page_parts p ON p.page_id = reached.id)
    UPDATE frontier SET priority = min(priority, :priority), next_visit = max(next_visit, :now),
           depth = CASE id WHEN :id THEN min(depth, :depth) ELSE depth END
     WHERE kind = '{PART}' AND +state IN ('{IDLE}', 'claimed') AND id IN (SELECT id FROM reached)"""  # noqa: S608
# Pages and parts that are no rows: the trigger page_parts_forgotten lets no link stay whose row is deleted.
LOOSE_LINKS = """
SELECT id, name, number FROM (
    SELECT id, 'page_id' AS name, page_id AS number FROM page_parts
    UNION ALL SELECT id, 'part_id', part_id FROM page_parts
) WHERE number NOT IN (SELECT id FROM frontier) ORDER BY id
"""
# The captures of the parts that pages of the temporary table `selected` have; `key_of` is url_key as a function of SQL.
ADD_CAPTURES_OF_PARTS = f"""WITH RECURSIVE
    reached(id) AS (
        SELECT p.part_id FROM selected s JOIN captures c ON c.id = s.id JOIN frontier f ON f.url_key = key_of(c.url)
          JOIN page_parts p ON p.page_id = f.id WHERE c.kind != '{PART}'
        UNION SELECT p.part_id FROM reached JOIN page_parts p ON p.page_id = reached.id)
    INSERT OR IGNORE INTO selected
    SELECT c.id, :asked FROM reached JOIN frontier f ON f.id = reached.id JOIN captures c ON c.url = f.url
     WHERE c.kind = '{PART}'"""  # noqa: S608


def queue_of_reading(db: sqlite3.Connection, reading: Reading, source_id: int | None, now: datetime) -> Reading:
    """Queue the parts of a page that became an article, or a revision of one. Return the reading with the result."""
    page, found = reading.page, reading.parts
    rules = page.part_rules
    if found is None or rules is None or page.frontier_id is None or reading.change not in ("new", "edited"):
        return reading
    day = getattr(reading.outcome, "published_day", None)
    queued = want(db, page.frontier_id, found.parts, rules, source_id, priority_of(day, now), 1, now, found_on=page.url)
    return replace(reading, queued=queued._replace(too_many=found.too_many, other_hosts=found.other_hosts))


def priority_of(day: str | None, now: datetime) -> int:
    """Return the rank of the parts of a page that was published on a day, smaller first; None: today."""
    number = now.toordinal()
    if day:
        try:
            number = min(date.fromisoformat(day[:10]).toordinal(), number)
        except ValueError:  # a day that the page writes and the calendar has not
            return FIRST_PRIORITY - number
    return FIRST_PRIORITY - number


def priority_of_row(db: sqlite3.Connection, row_id: int) -> int:
    """Return the rank of a part, which those that it names have as well."""
    row = db.execute("SELECT priority FROM frontier WHERE id = ?", (row_id,)).fetchone()
    return int(row[0]) if row is not None else FIRST_PRIORITY


def want(
    db: sqlite3.Connection,
    page_id: int,
    parts: Iterable[PagePart],
    rules: PartRules,
    source_id: int | None,
    priority: int,
    depth: int,
    now: datetime,
    *,
    found_on: str,
) -> QueuedParts:
    """Note the parts of a page or style sheet, and queue those that are new, or were fetched long ago."""
    new, known, refused, saved, hosts = 0, 0, 0, 0, set()
    of_no_source = {HOME_HINT: rules.home} if source_id is None else {}
    due_before = stamp(now - timedelta(seconds=rules.recheck_seconds))
    for part in parts:
        key, host = url_key(part.url), host_of(part.url)
        row = _row_of(db, key)
        if row is None:
            values = (key, part.url, host, source_id, PART, IDLE, stamp(now), priority, depth, stamp(now), found_on)
            cursor = db.execute(
                f"""INSERT INTO frontier (id, url_key, url, host, source_id, kind, state, next_visit, priority, depth,
                                          found, found_on, hint) VALUES ({NEW_ROW}, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    RETURNING id""",  # noqa: S608
                (*values, json.dumps({PART_KIND: part.kind} | of_no_source)),
            )
            row_id, is_new = int(cursor.fetchone()[0]), True
        elif row[1] != PART or row[2] == "removed":
            continue  # an article or listing has its own visits, and what was taken down stays away
        else:
            row_id, is_new = row[0], row[2] == "done" and (row[3] or "") < due_before
            if is_new:
                db.execute(
                    """UPDATE frontier SET state = ?, next_visit = ?, priority = ?, source_id = ?, depth = ?
                        WHERE id = ?""",
                    (IDLE, stamp(now), priority, source_id, depth, row_id),
                )
            else:  # it waits, or is being fetched, or what it names waits; one that failed still waits for its time
                earlier = {"id": row_id, "priority": priority, "depth": depth, "now": stamp(now)}
                db.execute(COMES_EARLIER, earlier)
        if is_new:
            new += 1
        elif row is not None and row[2] == "done" and row[4] is not None:
            refused += 1
        else:
            known += 1
            saved += _bytes_of(db, part.url) if row is not None and row[2] == "done" else 0
        hosts |= {host} if is_new else set()
        link(db, page_id, row_id)
    return QueuedParts(new, known, refused, saved, frozenset(hosts))


def named_by(db: sqlite3.Connection, row_id: int) -> list[PagePart]:
    """Return the parts that a style sheet named when it was read last."""
    rows = db.execute(
        """SELECT f.url, coalesce(json_extract(f.hint, ?), 'image')
             FROM page_parts p JOIN frontier f ON f.id = p.part_id WHERE p.page_id = ? ORDER BY p.id""",
        (f"$.{PART_KIND}", row_id),
    )
    return [PagePart(*row) for row in rows]


def _bytes_of(db: sqlite3.Connection, url: str) -> int:
    """Return the size of the newest record of the part at an address, as it is stored; 0 if there is none."""
    sql = "SELECT length FROM captures WHERE url = ? AND status = 200 AND record_type = 'response' ORDER BY time DESC"
    row = db.execute(f"{sql} LIMIT 1", (url,)).fetchone()
    return int(row[0]) if row is not None else 0


def wait_anew(db: sqlite3.Connection, url_keys: Iterable[str], now: datetime) -> None:
    """Let the parts of these pages that wait belong to the crawl that begins now."""
    db.execute(PARTS_WAIT_ANEW, {"keys": json.dumps(list(url_keys)), "now": stamp(now)})


def copy_links(db: sqlite3.Connection, key: str, new_key: str) -> None:
    """Note that the page to which an address redirects has the parts that were noted of that address."""
    db.execute(
        f"""INSERT INTO page_parts (id, page_id, part_id)
           SELECT {new_ids("page_parts", "p.id")}, new.id, p.part_id
             FROM frontier old JOIN page_parts p ON p.page_id = old.id, frontier new
            WHERE old.url_key = ? AND new.url_key = ? ON CONFLICT DO NOTHING""",  # noqa: S608
        (key, new_key),
    )


def link(db: sqlite3.Connection, page_id: int, part_id: int) -> None:
    """Note that a page has a part."""
    if page_id != part_id:
        db.execute(ADD_LINK, (page_id, part_id))


def landed(db: sqlite3.Connection, part_id: int, url: str, now: datetime) -> int:
    """Note that a part redirects to another address, which is fetched now. Return the id of the row that has the part.

    If an article or listing has that address, the row stays the one that redirects.
    """
    row = _row_of(db, url_key(url))
    if row is None:
        cursor = db.execute(
            f"""INSERT INTO frontier (id, url_key, url, host, source_id, kind, state, priority, depth, found, found_on,
                                      hint, visits, first_visit, last_visit, last_status)
               SELECT {NEW_ROW}, ?1, ?2, ?3, source_id, kind, 'done', priority, depth, ?4, url, hint, 1, ?4, ?4, 200
                 FROM frontier WHERE id = ?5 RETURNING id""",  # noqa: S608
            (url_key(url), url, host_of(url), stamp(now), part_id),
        )
        target = int(cursor.fetchone()[0])
    elif row[1] == PART and row[2] != "removed":
        target = row[0]
        if row[2] in (IDLE, "done"):  # it was queued as well, or fetched long ago
            db.execute(
                """UPDATE frontier SET state = 'done', next_visit = NULL, visits = visits + 1, failures = 0,
                          first_visit = coalesce(first_visit, ?2), last_visit = ?2, last_status = 200, last_error = NULL
                    WHERE id = ?1""",
                (target, stamp(now)),
            )
    else:
        return part_id
    link(db, part_id, target)
    return target


def is_known(db: sqlite3.Connection, part_id: int, url: str, due_before: datetime) -> bool:
    """Return True if a redirect of a part leads to another one that is under way, or was fetched since a time.

    One that waits is fetched now: whoever led there cannot say when its turn comes.
    """
    row = _row_of(db, url_key(url))
    if row is None or row[0] == part_id or row[1] != PART:
        return False
    return row[2] == "claimed" or (row[2] == "done" and (row[3] or "") >= stamp(due_before))


def wait_for(db: sqlite3.Connection, part_id: int, url: str, until: datetime) -> None:
    """Queue the target of a redirect that another part is being led to now; it waits for that, and then is done."""
    db.execute(
        f"""INSERT INTO frontier (id, url_key, url, host, source_id, kind, state, next_visit, priority, depth, found,
                                  found_on, hint)
            SELECT {NEW_ROW}, ?1, ?2, ?3, source_id, kind, 'idle', ?4, priority, depth, found, url, hint
              FROM frontier WHERE id = ?5 ON CONFLICT DO NOTHING""",  # noqa: S608
        (url_key(url), url, host_of(url), stamp(until), part_id),
    )


def redirected(db: sqlite3.Connection, part_id: int, url: str, now: datetime) -> int:
    """Note that a part redirects to another one, which has its own visits. Return the id of that."""
    row = _row_of(db, url_key(url))
    if row is None or row[2] == "removed":  # since it was asked about
        return part_id
    link(db, part_id, row[0])
    return row[0]


def parts_of_these_alone(db: sqlite3.Connection, ids: Collection[int]) -> dict[int, str]:
    """Return id -> url_key of the parts that pages with these ids have, and no other page.

    A database that no version since has upgraded knows of none.
    """
    if not has_parts(db):
        return {}
    return dict(db.execute(PARTS_OF_THESE_ALONE, {"ids": json.dumps(sorted(ids))}).fetchall())


def has_parts(db: sqlite3.Connection) -> bool:
    """Return True if any page has parts. Raises MorgueError."""
    if not [*ask(db, "SELECT 1 FROM sqlite_master WHERE name = 'page_parts'")]:
        return False
    return bool([*ask(db, "SELECT 1 FROM page_parts LIMIT 1")])


def loose_links(db: sqlite3.Connection) -> Iterator[tuple[int, str, int]]:
    """Yield (row of page_parts, column, id) of each link that names a row which does not exist. Raises MorgueError."""
    if has_parts(db):
        yield from map(tuple, ask(db, LOOSE_LINKS))


def forget(db: sqlite3.Connection, ids: Iterable[int]) -> None:
    """Delete the rows of parts, so that a page that has them later brings them again."""
    db.executemany("DELETE FROM frontier WHERE id = ?", [(row_id,) for row_id in ids])


def forget_pages(db: sqlite3.Connection, ids: Iterable[int]) -> None:
    """Delete which parts these pages have."""
    db.executemany("DELETE FROM page_parts WHERE page_id = ?", [(row_id,) for row_id in ids])


def _row_of(db: sqlite3.Connection, key: str) -> tuple[int, str, str, str | None, str | None] | None:
    """Return (id, kind, state, last visit, its error) of an address."""
    sql = "SELECT id, kind, state, last_visit, last_error FROM frontier WHERE url_key = ?"
    found: tuple[int, str, str, str | None, str | None] | None = db.execute(sql, (key,)).fetchone()
    return found
