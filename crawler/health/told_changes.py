"""Decide what of the verdicts is news to the owner, so that each change is told once. Pure.

The book (table `source_health`) holds what was found, and what each audience has heard of it: the reader of what
passes print, and the receiver of messages. A message that could not be sent is news to its receiver only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from crawler.health.kinds import (
    BY_DAYS,
    FAMILIES,
    OF_CRAWL,
    OK,
    RANK,
    HealthReason,
    SourceVerdict,
    hidden_by,
)
from pipelines.core.timestamps import stamp
from pipelines.database.health.told import Audience, Heard, ToldReason

BEGAN, WORSE, CHANGED, REMINDER, ENDED = "began", "worse", "changed", "reminder", "ended"
RELAPSE = timedelta(days=1)  # a reason that returns within it is the same one, and is told only if it lasts longer
STEADY = timedelta(days=2)  # for which a reason is not found before its end is told, if it is judged by whole days
FORGOTTEN = timedelta(days=30)  # after its end, if the one who heard of its beginning is not told any more

Book = Mapping[tuple[int, str], ToldReason]


@dataclass(frozen=True, slots=True)
class HealthChange:
    """Hold one change that an audience is to hear of, and the rows of the book once it has heard."""

    name: str
    change: str  # began, worse, changed, reminder, ended
    reason: HealthReason
    rows: tuple[ToldReason, ...]
    was: str | None = None  # the kind as which the same sickness was told before

    def as_dict(self) -> dict[str, str | None]:
        """Return the change as the receiver of a message gets it."""
        return {
            "name": self.name,
            "change": self.change,
            "status": OK if self.change == ENDED else self.reason.status,
            "kind": self.reason.kind,
            "was": self.was,
            "since": stamp(self.reason.since),
            "evidence": self.reason.evidence,
            "next_step": None if self.change == ENDED else self.reason.next_step(self.name),
        }

    def text(self) -> str:
        """Return the change in a line for people."""
        since = f"since {self.reason.since:%Y-%m-%d %H:%M} UTC"
        if self.change == ENDED:
            return f"{self.name}: well again: {self.reason.kind}, {since}, is over"
        word = {BEGAN: "", WORSE: "worse: ", CHANGED: "still: ", REMINDER: "still: "}[self.change]
        was = f", before: {self.was}" if self.was else ""
        step = self.reason.next_step(self.name)
        told = f"{word}{self.reason.kind} ({self.reason.status}{was}) {since}: {self.reason.evidence}"
        return f"{self.name}: {told}\n  {step}"


def noted(
    known: Iterable[ToldReason], verdicts: Sequence[SourceVerdict], now: datetime, unseen: frozenset[str] = OF_CRAWL
) -> dict[tuple[int, str], ToldReason]:
    """Return the book with what was found now. Rows that are of no more use are not in it.

    `unseen`: kinds that the caller cannot see. What was noted of them stays.
    """
    of = {verdict.source_id: verdict for verdict in verdicts}
    found = {(one.source_id, reason.kind): reason for one in verdicts for reason in one.reasons}
    book = {}
    for row in known:
        verdict = of.get(row.source_id)
        if verdict is None:
            continue  # the source is not watched any more
        if row.key in found or row.kind in unseen or verdict.is_unjudged(row.kind):
            book[row.key] = row
        elif row.ended is None:
            if row.is_heard:
                book[row.key] = replace(row, ended=now)
        elif not is_forgotten(row, now):
            book[row.key] = row
    for key, reason in found.items():
        old = book.get(key)
        since, relapses = reason.since, 0
        if old is not None and (old.ended is None or is_recent(old.ended, now, STEADY)):
            since, relapses = min(old.since, since), old.relapses + (old.ended is not None)
        new = ToldReason(*key, reason.status, since, reason.evidence, now, relapses=relapses)
        book[key] = replace(new, printed=old.printed, sent=old.sent) if old is not None else new
    return book


def is_forgotten(row: ToldReason, now: datetime) -> bool:
    """Return True if nothing more depends on a reason that is over."""
    if row.ended is None or is_recent(row.ended, now, STEADY):
        return False
    waits = any(heard is not None and heard.status != OK for heard in (row.printed, row.sent))
    ends_told = (heard.time for heard in (row.printed, row.sent) if heard is not None and heard.status == OK)
    return not is_recent(row.ended, now, FORGOTTEN) if waits else not any(is_recent(time, now) for time in ends_told)


def is_recent(time: datetime, now: datetime, within: timedelta = RELAPSE) -> bool:
    """Return True if a time is not longer ago than that. A time in the future is of a wrong clock."""
    return timedelta(0) <= now - time < within


def news(
    book: Book,
    verdicts: Sequence[SourceVerdict],
    audience: Audience,
    now: datetime,
    remind: float = 0,
    unseen: frozenset[str] = OF_CRAWL,
) -> tuple[HealthChange, ...]:
    """Return what an audience has not heard. `book`: as `noted` returns it. `unseen`: see there.

    `remind`: seconds after which what lasts is told again; 0: never.
    """
    changes: list[HealthChange] = []
    for verdict in verdicts:
        rows = {row.kind: row for row in book.values() if row.source_id == verdict.source_id}
        for reason in verdict.reasons:
            if (change := unheard(verdict, reason, rows, audience, now, remind)) is not None:
                changes.append(change)
                rows |= {row.kind: row for row in change.rows}
        for row in rows.values():
            heard = row.heard(audience)
            if row.ended is None or heard is None or heard.status == OK:
                continue
            if row.kind in unseen or verdict.is_unjudged(row.kind) or is_recent(row.ended, now, quiet_time(row)):
                continue
            reason = HealthReason(row.kind, row.status, row.since, row.evidence)
            changes.append(HealthChange(verdict.name, ENDED, reason, (row.told(audience, Heard(OK, now)),)))
    return tuple(changes)


def quiet_time(row: ToldReason) -> timedelta:
    """Return for how long a reason is not found before its end is told: what flaps is not over each time."""
    return max(STEADY if row.kind in BY_DAYS else timedelta(0), RELAPSE if row.relapses else timedelta(0))


def unheard(
    verdict: SourceVerdict,
    reason: HealthReason,
    rows: Mapping[str, ToldReason],
    audience: Audience,
    now: datetime,
    remind: float,
) -> HealthChange | None:
    """Return what is news of a reason that holds now; None if nothing is. `rows`: of its source, by their kind."""
    row = rows[reason.kind]
    heard = row.heard(audience)
    told = row.told(audience, Heard(reason.status, now))
    if heard is None or heard.status == OK:
        if (was := heard_before(verdict, reason, rows, audience)) is not None:
            before = was.heard(audience)
            assert before is not None
            change = WORSE if RANK[reason.status] > RANK[before.status] else CHANGED
            told = replace(told, since=min(row.since, was.since))
            reason = replace(reason, since=told.since)
            return HealthChange(verdict.name, change, reason, (told, was.told(audience, None)), was.kind)
        if heard is not None and is_recent(heard.time, now):
            return None
        change = BEGAN
    elif RANK[reason.status] > RANK[heard.status]:
        change = WORSE
    elif remind and (now - heard.time).total_seconds() >= remind:
        change = REMINDER
    else:
        return None
    return HealthChange(verdict.name, change, replace(reason, since=row.since), (told,))


def heard_before(
    verdict: SourceVerdict, reason: HealthReason, rows: Mapping[str, ToldReason], audience: Audience
) -> ToldReason | None:
    """Return the row of another kind as which an audience has heard of the same sickness, and which holds no more."""
    family = next((kinds for kinds in FAMILIES if reason.kind in kinds), ())
    hidden = hidden_by(verdict.reasons)
    for kind in family:
        row = rows.get(kind)
        heard = row.heard(audience) if row is not None else None
        if row is None or heard is None or heard.status == OK:
            continue
        if row.ended is not None or kind in hidden:
            return row
    return None


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
                if verdict.is_paused and verdict.is_unjudged(row.kind):
                    continue
                reasons.append(HealthReason(row.kind, row.status, row.since, row.evidence))
        found.append(replace(verdict, reasons=tuple(reasons)))
    return found
