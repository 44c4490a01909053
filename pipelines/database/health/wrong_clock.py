"""Put right what runs wrote while the clock of the machine was ahead. Commits nothing; times are UTC.

Each of their times is moved back by as much as the clock was ahead at least, so that order and distances stay. Captures
keep the times of their WARC records, which are evidence: `runs.TRUE_TIME` gives the time of such a one as corrected.
Rows of `frontier` are planned again by `pipelines.database.frontier.replanning`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from pipelines.core.timestamps import parse, stamp
from pipelines.core.urls import url_key
from pipelines.database.frontier.replanning import CLOCK_SLACK
from pipelines.database.schema.day_counts import ADDED_UP, COUNTED, DAY_OF_ARTICLE
from pipelines.database.schema.numbers import given_before, newest_first

MAX_BEHIND = timedelta(days=365)  # of a clock by which an archive is still written
MAX_FIRST_RUNS = 3  # if all runs are in the future, and more than these, the clock is rather wrong now

# Times that runs write, by table. Those of articles and revisions are found by the captures of the runs.
TIMES = {
    "sources": ("added",),
    "page_states": ("since", "last_seen", "ended"),
    "listings": ("first_read", "last_read", "last_new", "last_change", "since", "moved_since"),
    "gaps": ("began", "ended"),
    "pauses": ("began", "ended"),
    "backfills": ("begun", "ended"),
    "robots_files": ("checked",),
    "hosts": ("since", "last_request"),
    "changed_lines": ("last_seen",),
    "source_health": ("since", "last_seen", "printed_at", "sent_at"),
}

# The newest runs, each with the latest time that it wrote: one that was killed has no end.
RUNS = """
SELECT id, substr(started, 1, 19) || 'Z',
       max(substr(started, 1, 19),
           substr(coalesce(finished, (SELECT max(time) FROM captures WHERE crawl_id = k.id), started), 1, 19)) || 'Z'
  FROM crawls k WHERE {before} ORDER BY {order}
"""

# ruff: noqa: S608 - SQL is put together from the constants above; every value is bound


class WrongRuns(NamedTuple):
    """Hold the newest runs of an archive, all of which lie in the future, and by how much their clock was ahead."""

    ids: tuple[int, ...]
    ahead: int  # seconds, at least
    latest: str  # stamp of the latest time that they wrote


def _runs(db: sqlite3.Connection) -> str:
    return RUNS.format(before=given_before(db), order=newest_first(db, "started"))


def wrong_runs(db: sqlite3.Connection, before: int, now: datetime) -> WrongRuns | None:
    """Return the runs before the one with the id `before` that lie in the future; None if there are none.

    None also if they followed on earlier ones without a jump: then the clock is rather wrong now, and they were right.
    """
    late, found, latest, first, earlier = stamp(now + CLOCK_SLACK), [], "", "", ""
    for run_id, started, ended in db.execute(_runs(db), (before,)):
        if ended <= late:
            earlier = ended
            break
        found.append(run_id)
        latest, first = max(latest, ended), started
    if not found or (not earlier and len(found) > MAX_FIRST_RUNS):
        return None
    lead = parse(latest) - now
    if earlier and first > late and parse(first) - parse(earlier) < lead:
        return None
    return WrongRuns(tuple(found), int(lead.total_seconds()) + 1, latest)


def written_years_after(db: sqlite3.Connection, now: datetime) -> str | None:
    """Return the stamp of the latest time that runs wrote, if the clock is years behind it now; else None.

    None also if the runs were rather ahead: `mend` puts right what they wrote.
    """
    (newest,) = db.execute("SELECT coalesce(max(id), 0) FROM crawls").fetchone()
    try:
        latest = max((str(row[2]) for row in db.execute(f"{_runs(db)} LIMIT 1", (newest + 1,))), default="")
        is_behind = latest > stamp(now + MAX_BEHIND) and wrong_runs(db, newest + 1, now) is None
    except (ValueError, TypeError, OverflowError):
        return None  # `morgue verify` names a damaged row
    return latest if is_behind else None


def mend(db: sqlite3.Connection, before: int, now: datetime) -> int:
    """Move back the times that runs before the one with the id `before` wrote in the future. Return how many runs."""
    wrong = wrong_runs(db, before, now)
    if wrong is None:
        return 0
    values = {"late": stamp(now + CLOCK_SLACK), "ago": f"-{wrong.ahead} seconds", "runs": json.dumps(wrong.ids)}
    db.execute(
        f"""UPDATE crawls SET clock_ahead = coalesce(clock_ahead, 0) + :ahead, {_moved(("started", "finished"))}
             WHERE id IN (SELECT value FROM json_each(:runs))""",
        values | {"ahead": wrong.ahead},
    )
    _mend_articles(db, values)
    # What ended by the wrong clock is of no more use: if it is back, it is news.
    db.execute("DELETE FROM source_health WHERE ended > :late", values)
    for table, columns in TIMES.items():
        db.execute(
            f"UPDATE {table} SET {_moved(columns)} WHERE {' OR '.join(f'{name} > :late' for name in columns)}", values
        )
    db.execute("UPDATE backfills SET day = NULL WHERE day > ?", (stamp(now)[:10],))
    # Always in the future; what lies after the wrong time was written by it.
    db.execute(
        f"UPDATE hosts SET {_moved(('unconditional_until',))} WHERE unconditional_until > :late",
        values | {"late": wrong.latest},
    )
    return len(wrong.ids)


def _moved(columns: Iterable[str]) -> str:
    """Return SQL that moves back the times of these columns that lie in the future."""
    moved = "coalesce(strftime('%Y-%m-%dT%H:%M:%S', {0}, :ago) || substr({0}, 20), {0})"
    return ", ".join(f"{name} = iif({name} > :late, {moved.format(name)}, {name})" for name in columns)


def _mend_articles(db: sqlite3.Connection, values: dict[str, str]) -> None:
    """Mend articles at the addresses that the wrong runs fetched, and their revisions, and count their days anew."""
    urls = db.execute("SELECT url FROM captures WHERE crawl_id IN (SELECT value FROM json_each(:runs))", values)
    keys = json.dumps(sorted({url_key(url) for (url,) in urls}))
    rows = db.execute(
        """SELECT id FROM articles WHERE last_seen > :late AND url_key IN (SELECT value FROM json_each(:keys))
           UNION SELECT a.id FROM aliases JOIN articles a ON a.id = aliases.article_id
                  WHERE a.last_seen > :late AND aliases.url_key IN (SELECT value FROM json_each(:keys))""",
        values | {"keys": keys},
    )
    values = values | {"articles": json.dumps([row[0] for row in rows])}
    new = "a.id IN (SELECT value FROM json_each(:articles)) AND a.source_id IS NOT NULL"
    ids = [row[0] for row in db.execute(f"SELECT a.id FROM articles a WHERE {new} AND a.first_seen > :late", values)]
    _count_days(db, ids, "-")
    db.execute(
        f"""UPDATE articles SET {_moved(("first_seen", "last_seen"))}
             WHERE id IN (SELECT value FROM json_each(:articles))""",
        values,
    )
    db.execute(
        f"""UPDATE revisions SET {_moved(("seen",))}
             WHERE article_id IN (SELECT value FROM json_each(:articles)) AND seen > :late""",
        values,
    )
    db.execute("DELETE FROM source_days WHERE articles <= 0 OR day > substr(:late, 1, 10)", values)
    db.execute(f"UPDATE source_days SET {_moved(('first', 'last'))} WHERE last > :late", values)
    _count_days(db, ids, "+")


def _count_days(db: sqlite3.Connection, ids: Collection[int], sign: str) -> None:
    """Take articles out of the counts of the days on which they were first seen, or add them."""
    added = ADDED_UP
    for name in COUNTED if sign == "-" else ():
        added = added.replace(f"{name} = {name} + ", f"{name} = {name} - ")
    db.execute(
        f"""INSERT INTO source_days SELECT {DAY_OF_ARTICLE.format("a")} FROM articles a
             WHERE a.id IN (SELECT value FROM json_each(?)) {added}""",
        (json.dumps(list(ids)),),
    )
