"""Judge the number of a source's articles, and what they hold, by its own last weeks. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from math import sqrt

from crawler.health.kinds import BAD, WARN, HealthReason
from pipelines.core.plural import counted
from pipelines.core.timestamps import parse
from pipelines.database.health.facts import SourceDay, SourceFacts

BASELINE_DAYS = 28
NEW_SOURCE = timedelta(days=7)  # before that, no verdict on how much it publishes
UNEVEN_SOURCE = timedelta(days=14)  # before that, none on the silence of one that does not publish each day of the week
DAYS_OF_WEEK = 7
MIN_KNOWN_DAYS = 4  # with articles; fewer show no habit
NO_HABIT = timedelta(days=45)  # a silence of a source without a habit: it may be a monthly
QUIET_FACTOR = 1.5  # of the longest time without an article
ONE_DAY = timedelta(days=1)
MIN_QUIET = timedelta(hours=12)  # a shorter silence is none, however busy the paper
MIN_MISSED = 4.0  # articles that should have come in a silence: a small paper is often quiet by chance
FEWER = 0.6  # share of its mean below which a day has few articles: 40 % fewer
MAX_DAYS_TOGETHER = 3  # days that are compared together: a small paper shows it only over several
MIN_DEVIATIONS = 2.5  # standard deviations of a count by chance (Poisson), so that healthy papers raise no alarm
MIN_SAMPLE = 10  # articles that a verdict on their fields needs
RECENT_DAYS = 3  # whose fields are compared with those of the weeks before
WALL_RISE = 0.2  # of the share of articles behind a wall
LENGTH_DROP = 0.5  # of the mean length
FIELDS = (("title", "titled"), ("date", "dated"), ("author", "signed"))
WALLS = (("consent wall", "consent"), ("paywall", "paywalled"))


def day_start(day: str) -> datetime:
    """Return the time at which a day begins, UTC."""
    return datetime.combine(date.fromisoformat(day), time(), UTC)


def paused_time(facts: SourceFacts, began: datetime, ended: datetime) -> timedelta:
    """Return for how long of a time the source was paused."""
    shares = (min(one.ended or ended, ended) - max(one.began, began) for one in facts.pauses)
    return sum((share for share in shares if share > timedelta()), timedelta())


def silence(facts: SourceFacts, now: datetime) -> HealthReason | None:
    """Return a reason if the source has been silent for longer than 1.5 times its longest quiet of the last weeks.

    A few articles must be missed by then, as many as these weekdays usually bring: there are few silences to compare
    with in the first weeks, and most of a week's longest ones are at its end. Old articles, as a backfill brings them,
    break no silence.
    """
    fresh = [(parse(day.first), parse(day.last)) for day in facts.days if day.fresh and day.first and day.last]
    known = [*facts.earlier, *fresh]
    if not known or now - facts.added < NEW_SOURCE:
        return None
    if now - facts.added < UNEVEN_SOURCE and len({start.weekday() for start, _ in fresh}) < DAYS_OF_WEEK:
        return None
    last = known[-1][1]
    quiet = now - last - paused_time(facts, last, now)
    if quiet <= MIN_QUIET:
        return None
    usual = None
    if len(known) >= MIN_KNOWN_DAYS:
        spans = ((end, start) for (_, end), (start, _) in pairwise(known))
        usual = max(start - end - paused_time(facts, end, start) for end, start in spans)
    limit = max(usual * QUIET_FACTOR, MIN_QUIET) if usual is not None else NO_HABIT
    if quiet <= limit or (usual is not None and facts.days and missed(facts, now - quiet, now) < MIN_MISSED):
        return None
    habit = f"; its longest quiet of the last weeks was {span(usual)}" if usual is not None else ""
    told = f"no new article for {span(quiet)}{habit}"
    return HealthReason("silent", BAD, last, told)


def missed(facts: SourceFacts, since: datetime, now: datetime) -> float:
    """Return how many articles a time usually brings, by the weekdays that it has parts of."""
    begun = date.fromisoformat(facts.days[0].day)
    known = (since.date() - begun).days + 1
    by_weekday, mean = [0.0] * 7, total(facts.days, "fresh") / known
    for day in facts.days:
        by_weekday[date.fromisoformat(day.day).weekday()] += day.fresh
    found, time = 0.0, since
    while time < now:
        until = min(day_start(str(time.date())) + timedelta(days=1), now)
        days_after_begin = (time.weekday() - begun.weekday()) % 7
        weeks = known // 7 + (days_after_begin < known % 7)  # in which this weekday was seen
        found += (by_weekday[time.weekday()] + mean) / (weeks + 1) * ((until - time) / timedelta(days=1))
        time = until
    return found


def few_articles(facts: SourceFacts, now: datetime, days_with_runs: frozenset[str]) -> HealthReason | None:
    """Return a reason if the last whole days brought 40 % fewer articles than the same weekdays before.

    Days on which no crawl ran, or the source was paused, are not compared: they say nothing of the source.
    """
    if now - facts.added < NEW_SOURCE + timedelta(days=1):
        return None
    fresh = {day.day: day.fresh for day in facts.days}
    days_with_runs -= {day for day in days_with_runs if paused_time(facts, day_start(day), day_start(day) + ONE_DAY)}
    begun = max(facts.added.date(), now.date() - timedelta(days=BASELINE_DAYS + MAX_DAYS_TOGETHER)) + timedelta(days=1)
    found, expected, variance, lows = 0, 0.0, 0.0, 0
    for back in range(1, MAX_DAYS_TOGETHER + 1):
        day = now.date() - timedelta(days=back)
        before = [day - timedelta(weeks=weeks) for weeks in range(1, BASELINE_DAYS // 7 + 1)]
        counts = [fresh.get(str(one), 0) for one in before if one >= begun and str(one) in days_with_runs]
        if str(day) not in days_with_runs or not counts:
            return None
        mean = sum(counts) / len(counts)
        found, expected = found + fresh.get(str(day), 0), expected + mean
        variance += mean + mean / len(counts)  # the mean itself is known from few days
        lows += min(counts)
        if found < FEWER * expected and expected - found > MIN_DEVIATIONS * sqrt(variance) and found < lows:
            names = f"on {day}" if back == 1 else f"from {day} to {now.date() - timedelta(days=1)}"
            told = f"{counted(found, 'new article')} {names}; these weekdays usually bring {expected:.0f}"
            return HealthReason("few articles", WARN, day_start(str(day)), told)
    return None


def fields(facts: SourceFacts, now: datetime, coverage_drop: float) -> HealthReason | None:
    """Return a reason if the articles of the last days lack fields that those before had."""
    first, recent, before = parted(facts, now, RECENT_DAYS)
    if total(recent, "articles") < MIN_SAMPLE or total(before, "articles") < MIN_SAMPLE:
        return None
    lost = []
    for name, column in FIELDS:
        was, now_is = share(before, column), share(recent, column)
        if was - now_is >= coverage_drop:
            lost.append(f"{name} {was:.0%} -> {now_is:.0%}")
    was, now_is = share(before, "words"), share(recent, "words")
    behind_wall = share(recent, "paywalled") - share(before, "paywalled") >= WALL_RISE  # which is told as such
    if now_is < LENGTH_DROP * was and not behind_wall:
        lost.append(f"words {was:.0f} -> {now_is:.0f}")
    if not lost:
        return None
    told = f"{', '.join(lost)} (the weeks before -> the last {RECENT_DAYS} days)"
    return HealthReason("fields", WARN, day_start(first), told)


def walls(facts: SourceFacts, now: datetime) -> list[HealthReason]:
    """Return reasons if more of the new articles are read behind a wall than in the weeks before."""
    _, recent, before = parted(facts, now, 2)
    found = []
    for kind, column in WALLS:
        number, usual = total(recent, column), share(before, column)
        now_is = share(recent, column)
        if number >= 3 and now_is - usual >= WALL_RISE:
            told = f"{now_is:.0%} of the new articles of two days; {usual:.0%} in the weeks before"
            status = BAD if now_is >= 0.5 else WARN
            found.append(
                HealthReason(kind, status, next(day_start(day.day) for day in recent if getattr(day, column)), told)
            )
    return found


def lasting_walls(facts: SourceFacts, now: datetime) -> frozenset[str]:
    """Return the kinds of walls that the last days do not show to be gone.

    Weeks after a paywall began, no older article is looked at that lost its text, and most of the articles that new
    ones are compared with have the paywall, too.
    """
    _, recent, _ = parted(facts, now, RECENT_DAYS)
    return frozenset(kind for kind, column in WALLS if not recent or share(recent, column) >= WALL_RISE)


def parted(facts: SourceFacts, now: datetime, days: int) -> tuple[str, list[SourceDay], list[SourceDay]]:
    """Return the first of the last so many days, what is known of these, and of those before."""
    first = str(now.date() - timedelta(days=days - 1))
    recent = [day for day in facts.days if first <= day.day <= str(now.date())]
    return first, recent, [day for day in facts.days if day.day < first]


def total(days: Sequence[SourceDay], column: str) -> int:
    """Return the sum of a count over some days."""
    return sum(getattr(day, column) for day in days)


def share(days: Sequence[SourceDay], column: str) -> float:
    """Return a count for each article of some days; 0 if there are none."""
    return total(days, column) / max(1, total(days, "articles"))


def span(length: timedelta) -> str:
    """Return a length of time in words: `5 hours`, `3 days`."""
    hours = int(length.total_seconds() // 3600)
    return counted(hours, "hour") if hours < 48 else counted(hours // 24, "day")
