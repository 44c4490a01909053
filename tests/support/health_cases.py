"""Make facts of a source from a few words: how many articles each day brought, and how its listings went."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from pipelines.core.timestamps import stamp
from pipelines.database.health.facts import ArchiveFacts, SourceDay, SourceFacts, WatchedListing

NOW = datetime(2026, 3, 11, 12, 0, tzinfo=UTC)  # a Wednesday
FEED = "https://paper.example/feed"


def ago(**length: float) -> datetime:
    """Return a time before NOW: `ago(days=3)`."""
    return NOW - timedelta(**length)


def source_day(day: datetime, articles: int, **counts: int) -> SourceDay:
    """Return a day whose articles have all fields, but for those that `counts` says."""
    start = day.replace(hour=8, minute=0)
    every = {"fresh": articles, "titled": articles, "dated": articles, "signed": articles, "words": 400 * articles}
    last = min(start.replace(hour=20), NOW)
    return SourceDay(
        str(day.date()),
        articles,
        **{**every, "consent": 0, "paywalled": 0, **counts},
        first=stamp(start),
        last=stamp(last),
    )


def paper(per_day: Callable[[datetime], int] = lambda day: 20, quiet_days: int = 0, **more: Any) -> SourceFacts:
    """Return a source that is watched for 100 days, and was silent for the last `quiet_days`."""
    days = [
        source_day(ago(days=back), per_day(ago(days=back)))
        for back in range(36, quiet_days - 1, -1)
        if per_day(ago(days=back))
    ]
    given = {"days": tuple(days), "has_pages": True, **more}
    return SourceFacts(1, "paper", given.pop("added", ago(days=100)), **given)


def listing(**more: Any) -> WatchedListing:
    """Return a feed that was read half an hour ago."""
    known: dict[str, Any] = {
        "url": FEED,
        "kind": "feed",
        "state": "waiting",
        "failures": 0,
        "visits": 900,
        "status": 200,
        "error": None,
        "last_visit": ago(hours=0.5),
        "next_visit": NOW + timedelta(hours=0.5),
        "since": None,
    }
    return WatchedListing(**{**known, **more})


def archive(*sources: SourceFacts, **more: Any) -> ArchiveFacts:
    """Return an archive with a pass each quarter of an hour."""
    starts = tuple(ago(minutes=15 * back) for back in range(3000, 0, -1))
    known: dict[str, Any] = {
        "starts": starts,
        "outcomes": ("done",) * len(starts),
        "free": 10**12,
        "size": 4 * 10**12,
        "sources": sources,
        "days_with_runs": frozenset(str(ago(days=back).date()) for back in range(40)),
    }
    return ArchiveFacts(**{**known, **more})
