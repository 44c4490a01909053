"""Decide what of the verdicts is news to the owner, so that each change is told once. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from crawler.health.kinds import OF_CRAWL, RANK, HealthReason, SourceVerdict
from pipelines.core.timestamps import stamp
from pipelines.database.health.told import ToldReason

BEGAN, WORSE, REMINDER, ENDED = "began", "worse", "reminder", "ended"
RELAPSE = timedelta(days=1)  # a reason that returns within it is the same one, and is not told again


@dataclass(frozen=True, slots=True)
class HealthChange:
    """Hold one change that the owner is to hear of, and the rows to keep once it was told, and if it could not be."""

    name: str
    change: str  # began, worse, reminder, ended
    reason: HealthReason
    told: ToldReason
    untold: ToldReason

    def as_dict(self) -> dict[str, str | None]:
        """Return the change as the receiver of a message gets it."""
        return {
            "name": self.name,
            "change": self.change,
            "status": "ok" if self.change == ENDED else self.reason.status,
            "kind": self.reason.kind,
            "since": stamp(self.reason.since),
            "evidence": self.reason.evidence,
            "next_step": None if self.change == ENDED else self.reason.next_step(self.name),
        }

    def text(self) -> str:
        """Return the change in a line for people."""
        since = f"since {self.reason.since:%Y-%m-%d %H:%M} UTC"
        if self.change == ENDED:
            return f"{self.name}: well again: {self.reason.kind}, {since}, is over"
        word = {BEGAN: "", WORSE: "worse: ", REMINDER: "still: "}[self.change]
        step = self.reason.next_step(self.name)
        return f"{self.name}: {word}{self.reason.kind} ({self.reason.status}) {since}: {self.reason.evidence}\n  {step}"


@dataclass(frozen=True, slots=True)
class HealthNews:
    """Hold what is to be told, and what else changes in the notes."""

    changes: tuple[HealthChange, ...] = ()
    kept: tuple[ToldReason, ...] = ()  # rows to write whether or not anything is told
    dropped: tuple[ToldReason, ...] = ()  # rows that are of no more use


def news(
    known: Sequence[ToldReason],
    verdicts: Sequence[SourceVerdict],
    now: datetime,
    remind: float = 0,
    unseen: frozenset[str] = OF_CRAWL,
) -> HealthNews:
    """Return what changed. `remind`: seconds after which what lasts is told again; 0: never.

    `unseen`: kinds that the caller cannot see. What was noted of them stays.
    """
    rows = {(row.source_id, row.kind): row for row in known}
    changes: list[HealthChange] = []
    kept: list[ToldReason] = []
    dropped: list[ToldReason] = []
    for verdict in verdicts:
        for reason in verdict.reasons:
            row = rows.pop((verdict.source_id, reason.kind), None)
            change, told, untold = seen(verdict, reason, row, now, remind)
            if change is None:
                kept.append(told)
            else:
                changes.append(HealthChange(verdict.name, change, replace(reason, since=told.since), told, untold))
    of = {verdict.source_id: verdict for verdict in verdicts}
    for row in rows.values():
        one = of.get(row.source_id)
        if one is None:
            dropped.append(row)  # the source is not watched any more
        elif row.kind in unseen or one.is_unjudged(row.kind):
            continue
        elif row.ended is not None:
            if not is_recent(row.ended, now):
                dropped.append(row)
        elif row.told is None:
            dropped.append(row)
        elif not row.relapses or not is_recent(row.last_seen, now):
            reason = HealthReason(row.kind, row.status, row.since, row.evidence)
            changes.append(HealthChange(one.name, ENDED, reason, replace(row, ended=now), row))
        elif row.kind in OF_CRAWL:  # its relapse was not told, nor is its end; `morgue health` goes by this row
            kept.append(replace(row, ended=now))
    return HealthNews(tuple(changes), tuple(kept), tuple(dropped))


def is_recent(time: datetime, now: datetime) -> bool:
    """Return True if a reason that ended at a time has not ended for good. A time in the future is of a wrong clock."""
    return timedelta(0) <= now - time < RELAPSE


def seen(
    verdict: SourceVerdict, reason: HealthReason, row: ToldReason | None, now: datetime, remind: float
) -> tuple[str | None, ToldReason, ToldReason]:
    """Return (the change, the row once it was told, the row if it was not) for a reason that holds now."""
    if row is None or (row.ended is not None and not is_recent(row.ended, now)):
        new = ToldReason(verdict.source_id, reason.kind, reason.status, reason.since, reason.evidence, None, now)
        return BEGAN, replace(new, told=now), new
    newer = replace(row, evidence=reason.evidence, since=min(row.since, reason.since), last_seen=now)
    if row.ended is not None:
        newer = replace(newer, ended=None, relapses=row.relapses + 1)
        return None, newer, newer
    told = replace(newer, status=reason.status, told=now)
    if row.told is None:
        return BEGAN, told, newer
    if RANK[reason.status] > RANK[row.status]:
        return WORSE, told, newer
    if remind and (now - row.told).total_seconds() >= remind:
        return REMINDER, told, newer
    return None, newer, newer


def with_history(
    verdicts: Sequence[SourceVerdict], known: Sequence[ToldReason], unseen: frozenset[str] = OF_CRAWL
) -> list[SourceVerdict]:
    """Return verdicts with what earlier ones know: since when, what is not over, and what the caller cannot see."""
    rows = {(row.source_id, row.kind): row for row in known if row.ended is None}
    found = []
    for verdict in verdicts:
        reasons = []
        for reason in verdict.reasons:
            row = rows.get((verdict.source_id, reason.kind))
            reasons.append(replace(reason, since=min(row.since, reason.since)) if row else reason)
        have = {reason.kind for reason in reasons}
        for row in rows.values():
            if row.source_id == verdict.source_id and row.kind in (unseen | verdict.lasting) - have:
                reasons.append(HealthReason(row.kind, row.status, row.since, row.evidence))
        found.append(replace(verdict, reasons=tuple(reasons)))
    return found
