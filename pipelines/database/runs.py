"""Ask for the runs of an archive: a row of `crawls` for each `morgue crawl`, `add` and `import`, the newest first."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from pipelines.core.timestamps import now, parse
from pipelines.database.connection import Row, ask, decode_json

# What became of pages: of the counts that a run leaves, those that have a key of their own.
PAGE_COUNTS = ("new", "edited", "unchanged", "duplicate", "instead", "nothing", "disallowed", "postponed", "failed")
RUN_KEYS = ("run", "begun", "finished", "seconds", "outcome", "pages", *PAGE_COUNTS, "command", "software")
RUNNING, NEVER_ENDED = "running", "never ended"
ENDED = ("done", "partly failed", "nothing reachable")  # outcomes of crawls that did all that was due
COMMANDS_OF_RUNS = ("crawl", "add", "import", "sample", "sources")
NOT_BEGUN = "not begun"  # the outcome of a crawl that fetched nothing, because its arguments were wrong
LOCK_SLACK_SECONDS = 2.0  # by which a lock may seem younger than the run under it: times of runs are whole seconds
# When a capture `c` was made, by the clock of its run `k` as corrected. An import keeps the times of the records.
SHIFTED = "strftime('%Y-%m-%dT%H:%M:%S', c.time, -k.clock_ahead || ' seconds')"
TRUE_TIME = f"""CASE WHEN k.clock_ahead IS NOT NULL AND {SHIFTED} >= substr(k.started, 1, 19)
    THEN {SHIFTED} || substr(c.time, 20) ELSE c.time END"""
PASSWORD = re.compile(r"(//)[^/@\s]+@")  # in the address of a proxy


def runs(db: sqlite3.Connection, limit: int | None, locked_since: datetime | None) -> Iterator[Row]:
    """Yield the newest runs with the keys RUN_KEYS and `by_source`: their counts as `crawls.counts` has them.

    `locked_since`: when the process took the archive's lock that holds it now; None: no process writes. A run without
    an end is `running` if it is the newest and began under that lock, else it `never ended`: its process was killed,
    or the machine went down. `seconds` of such a run is None, and so are the counts of a run without an end.
    """
    newest = None
    # A negative LIMIT is none (SQLite, SELECT).
    for row in ask(db, "SELECT * FROM crawls ORDER BY id DESC LIMIT ?", (-1 if limit is None else limit,)):
        newest = newest or row["id"]
        begun, finished, outcome = parse(row["started"]), row["finished"], row["outcome"]
        if finished is None:
            under_lock = locked_since is not None and (locked_since - begun).total_seconds() < LOCK_SLACK_SECONDS
            outcome = RUNNING if under_lock and row["id"] == newest else NEVER_ENDED
        ended = parse(finished) if finished else now() if outcome == RUNNING else None
        by_source = decode_json(row["counts"] or "{}", dict, "crawls", row["id"], "counts", values=dict)
        yield {
            "run": row["id"],
            "begun": row["started"],
            "finished": finished,
            "seconds": int((ended - begun).total_seconds()) if ended else None,
            "outcome": outcome,
            "pages": total(by_source, "fetched") + total(by_source, "listings") if finished else None,
            **{word: total(by_source, word) if finished else None for word in PAGE_COUNTS},
            "command": PASSWORD.sub(r"\1", row["command"]),
            "software": row["software"],
            "by_source": by_source,
        }


def total(by_source: Mapping[str, Mapping[str, Any]], word: str) -> int:
    """Return a count of a run over all its sources; 0 where a source has none, or something that is no number."""
    found = (counts.get(word) for counts in by_source.values())
    return sum(count for count in found if isinstance(count, int))


def interrupted_since(db: sqlite3.Connection, crawl_id: int) -> str | None:
    """Return the stamp of the time since which no crawl before `crawl_id` came to its end; None if the last one did."""
    began = None
    for outcome, started in db.execute(
        """SELECT outcome, started FROM crawls WHERE id < ? AND outcome IS NOT ?
            ORDER BY id DESC""",
        (crawl_id, NOT_BEGUN),
    ):
        if outcome in ENDED:
            break
        began = started
    return began


def beginnings(db: sqlite3.Connection, before: int, limit: int) -> list[datetime]:
    """Return when the newest crawls before the one with the id `before` began, the newest first."""
    sql = """SELECT started, command FROM crawls WHERE id < ? AND outcome IS NOT ? AND command LIKE '%crawl%'
              ORDER BY id DESC"""
    found: list[datetime] = []
    for started, command in db.execute(sql, (before, NOT_BEGUN)):
        if len(found) == limit:
            break
        if is_crawl(command):
            with suppress(ValueError, TypeError, OverflowError):  # `morgue verify` names a damaged row
                found.append(parse(started))
    return found


def is_crawl(command: str) -> bool:
    """Return True for the command of a crawl. Its words are not quoted: "crawl" may be part of a file's name, too."""
    return next((word for word in command.split() if word in COMMANDS_OF_RUNS), "") == "crawl"


def last_time(db: sqlite3.Connection, before: int, limit: int) -> str | None:
    """Return the stamp of the latest time at which one of the newest runs before that one began or ended."""
    sql = """SELECT max(max(started, coalesce(finished, started)))
               FROM (SELECT started, finished FROM crawls WHERE id < ? ORDER BY id DESC LIMIT ?)"""
    return db.execute(sql, (before, limit)).fetchone()[0]


def rename_source(db: sqlite3.Connection, source_id: int, old: str, new: str) -> None:
    """Give a source another name, also in the counts of the runs, by which `morgue health` judges it.

    The old one is remembered, so that it can be answered with the new one.
    """
    sql = "UPDATE sources SET former_names = trim(coalesce(former_names, '') || ' ' || name), name = ? WHERE id = ?"
    db.execute(sql, (new, source_id))
    rows = db.execute("SELECT id, counts FROM crawls WHERE instr(counts, ?)", (json.dumps(old, ensure_ascii=False),))
    for run_id, text in rows.fetchall():
        try:
            counts = json.loads(text)
        except (ValueError, RecursionError):
            continue  # `morgue verify` names a damaged row
        if isinstance(counts, dict) and old in counts:
            renamed = {new if name == old else name: count for name, count in counts.items()}
            db.execute("UPDATE crawls SET counts = ? WHERE id = ?", (json.dumps(renamed, ensure_ascii=False), run_id))
