"""Read the facts of all sources at once, at the cost of the sources and the last days, not of the whole archive."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Container, Iterator
from datetime import datetime, timedelta
from typing import Any

from pipelines.core.timestamps import fine_stamp, parse, stamp
from pipelines.database.connection import ask
from pipelines.database.frontier.listing_states import hosts_of_listings, listing_states, sources_with_pages
from pipelines.database.health.facts import (
    ArchiveFacts,
    ListingGap,
    PageCounts,
    PageStates,
    Refusals,
    SilentHost,
    SourceDay,
    SourceFacts,
)
from pipelines.database.health.pauses import pauses_since
from pipelines.database.schema.numbers import newest_first

BASELINE = timedelta(days=36)  # 28 days before the last week
EARLIER_DAYS = 5  # that brought new articles, before the baseline
RECENT = timedelta(days=3)  # of page states and outcomes of pages
RECENT_GAPS = timedelta(days=7)  # a listing that is outrun is so on some days of the week
MAX_RUNS = 3000  # that are read for their times: a month of one each 15 minutes
MAX_COUNTS_CHARS = 1_000_000  # of the counts of runs that are read
ARTICLES = ("new", "edited", "unchanged")


def observe(db: sqlite3.Connection, now: datetime, names: Container[str], paused: Container[str] = ()) -> ArchiveFacts:
    """Return what the database knows of the archive and of the sources with these names; the disk is not its business.

    `paused`: names of the sources that their files pause. One that was resumed is paused until a crawl has asked it.
    Raises MorgueError.
    """
    sources = [row for row in ask(db, "SELECT id, name, added FROM sources ORDER BY name") if row["name"] in names]
    days, earlier = article_days(db, now), earlier_days(db, now)
    with_pages = sources_with_pages(db)
    listings, refusals = listing_states(db), refused(db, now)
    states, gaps, hosts, pages = page_states(db, now), outrun(db, now), hosts_in_trouble(db), page_counts(db, now)
    pauses = pauses_since(db, now - BASELINE)
    order = newest_first(db, "started")
    sql = f"SELECT started, outcome, clock_ahead FROM crawls ORDER BY {order} LIMIT ?"  # noqa: S608 (our own names)
    runs = list(ask(db, sql, (MAX_RUNS,)))[::-1]
    return ArchiveFacts(
        tuple(parse(row["started"]) for row in runs),
        tuple(row["outcome"] or "" for row in runs),
        tuple(row["clock_ahead"] or 0 for row in runs),
        frozenset(row["started"][:10] for row in runs),
        sources=tuple(
            SourceFacts(
                row["id"],
                row["name"],
                parse(row["added"]) if row["added"] else now,
                tuple(days[row["id"]]),
                tuple(earlier[row["id"]]),
                row["id"] in with_pages,
                tuple(listings[row["id"]]),
                refusals.get(row["id"]),
                tuple(states[row["id"]]),
                tuple(gaps[row["id"]]),
                tuple(hosts[row["id"]]),
                pages.get(row["name"], PageCounts()),
                tuple(pauses[row["id"]]),
                row["name"] in paused or any(one.ended is None for one in pauses[row["id"]]),
            )
            for row in sources
        ),
    )


def article_days(db: sqlite3.Connection, now: datetime) -> defaultdict[int, list[SourceDay]]:
    """Return the days of the baseline by source, ascending. What lies in the future belongs to a clock that jumped."""
    found: defaultdict[int, list[SourceDay]] = defaultdict(list)
    first = stamp(now - BASELINE)[:10]
    sql = """SELECT d.* FROM sources s CROSS JOIN source_days d ON d.source_id = s.id AND d.day BETWEEN ? AND ?
              ORDER BY d.source_id, d.day"""
    for row in ask(db, sql, (first, stamp(now)[:10])):
        day, source_id, *rest = tuple(row)
        found[source_id].append(SourceDay(day, *rest))
    return found


def earlier_days(db: sqlite3.Connection, now: datetime) -> defaultdict[int, list[tuple[datetime, datetime]]]:
    """Return by source the first and the last fresh article of the last days before the baseline, ascending.

    A monthly paper has one day in the baseline, and one that has long been silent none.
    """
    found: defaultdict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    sql = """SELECT s.id, d.first, d.last FROM sources s CROSS JOIN source_days d ON d.source_id = s.id
                AND d.day IN (SELECT day FROM source_days WHERE source_id = s.id AND day < ? AND last IS NOT NULL
                               ORDER BY day DESC LIMIT ?) ORDER BY s.id, d.day"""
    for source_id, first, last in ask(db, sql, (stamp(now - BASELINE)[:10], EARLIER_DAYS)):
        found[source_id].append((parse(first), parse(last)))
    return found


def refused(db: sqlite3.Connection, now: datetime) -> dict[int, Refusals]:
    """Return the refusals of each source after its last answer. The indexes captures_answered and captures_refused.

    Captures of the future are of a clock that was wrong.
    """
    sql = """SELECT s.id, count(*), min(c.time), c.id, c.status FROM sources s CROSS JOIN captures c
              WHERE c.source_id = s.id AND c.status IN (401, 402, 403, 407, 429, 451) AND c.time <= :now
                AND c.kind NOT IN ('robots', 'tdmrep', 'part')
                AND c.time > coalesce((SELECT max(time) FROM captures a WHERE a.source_id = s.id AND a.time <= :now
                                          AND a.status BETWEEN 200 AND 399
                                          AND a.kind NOT IN ('robots', 'tdmrep', 'part')), '')
              GROUP BY s.id"""
    return {row[0]: Refusals(row[1], parse(row[2]), row[3], row[4]) for row in ask(db, sql, {"now": fine_stamp(now)})}


def page_states(db: sqlite3.Connection, now: datetime) -> defaultdict[int, list[PageStates]]:
    """Return by source and kind what now is in the place of articles, of what was seen in the last days.

    An error page counts if it was there at two looks, because a site may be out of order for a while. It counts only at
    the address of a known article: others may lead to a page that is none for good.
    """
    found: defaultdict[int, list[PageStates]] = defaultdict(list)
    sql = """SELECT source_id, kind, count(*), min(since), capture_id FROM page_states
              WHERE ended IS NULL AND source_id IS NOT NULL AND last_seen >= ?
                AND (kind != 'error page' OR (visits > 1 AND article_id IS NOT NULL)) GROUP BY source_id, kind"""
    for row in ask(db, sql, (stamp(now - RECENT),)):
        found[row[0]].append(PageStates(row[1], row[2], parse(row[3]), row[4]))
    return found


def outrun(db: sqlite3.Connection, now: datetime) -> defaultdict[int, list[ListingGap]]:
    """Return the gaps of the last days, the newest first."""
    found: defaultdict[int, list[ListingGap]] = defaultdict(list)
    sql = """SELECT source_id, url, began, ended, capture_id FROM gaps
              WHERE ended >= ? AND source_id IS NOT NULL ORDER BY ended DESC"""
    for row in ask(db, sql, (stamp(now - RECENT_GAPS),)):
        found[row[0]].append(ListingGap(row[1], parse(row[2]), parse(row[3]), row[4]))
    return found


def hosts_in_trouble(db: sqlite3.Connection) -> defaultdict[int, list[SilentHost]]:
    """Return the hosts in trouble by the source whose listings are on them."""
    sick = {
        row["host"]: SilentHost(row["host"], row["trouble"], parse(row["since"]), row["failures"])
        for row in ask(db, "SELECT * FROM hosts WHERE trouble IS NOT NULL AND since IS NOT NULL")
    }
    found: defaultdict[int, list[SilentHost]] = defaultdict(list)
    if sick:
        for source_id, host in hosts_of_listings(db):
            if host in sick:
                found[source_id].append(sick[host])
    return found


def page_counts(db: sqlite3.Connection, now: datetime) -> dict[str, PageCounts]:
    """Return what became of pages in the newest runs, by the name of their source."""
    words: defaultdict[str, Counter[str]] = defaultdict(Counter)
    chars = 0
    for text in counts_of_runs(db, now):
        chars += len(text)
        if chars > MAX_COUNTS_CHARS:
            break
        for name, counts in read_counts(text).items():
            words[name].update({word: n for word, n in counts.items() if isinstance(n, int)})
    return {
        name: PageCounts(
            count["fetched"],
            sum(count[word] for word in ARTICLES),
            count["nothing"],
            count["duplicate"],
            count["disallowed"],
        )
        for name, count in words.items()
    }


def counts_of_runs(db: sqlite3.Connection, now: datetime) -> Iterator[str]:
    """Yield the counts of the newest runs, the newest first."""
    since = stamp(now - RECENT)
    sql = f"SELECT started, counts FROM crawls ORDER BY {newest_first(db, 'started')} LIMIT ?"  # noqa: S608
    for row in ask(db, sql, (MAX_RUNS,)):
        if row["started"] < since:
            return
        if row["counts"]:
            yield row["counts"]


def read_counts(text: str) -> dict[str, dict[str, Any]]:
    """Return the counts of a run by source; of a row that is damaged, none: `morgue verify` names it."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return (
        {name: counts for name, counts in found.items() if isinstance(counts, dict)} if isinstance(found, dict) else {}
    )
