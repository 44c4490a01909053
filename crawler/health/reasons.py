"""Judge the archive and its sources by what was observed. Pure: facts in, reasons out, no clock and no database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from crawler.config.setting_names import COVERAGE_DROP
from crawler.health import volume
from crawler.health.kinds import (
    ARCHIVE,
    ARCHIVE_ID,
    BAD,
    BROKEN_FILE,
    LISTING_KINDS_OF_TROUBLE,
    RANK,
    WARN,
    HealthReason,
    SourceVerdict,
    hidden_by,
)
from crawler.health.last_pass import no_pass
from pipelines.core.plural import counted
from pipelines.database.frontier.rows import is_by_robots
from pipelines.database.health.facts import ArchiveFacts, SourceFacts, WatchedListing

MIN_FAILURES = 3  # in a row before anything is said: a single 502 in a night is no sickness
LONG_TROUBLE = timedelta(hours=12)  # a failure that lasts so long is said after two
MOVED = timedelta(days=7)  # for which a permanent redirect lasts before the listing counts as moved
STALE = {"sitemap": timedelta(days=30), "news sitemap": timedelta(days=7)}  # without a change
# The keys of a source file by the kinds of listings that they name.
KEYS = {
    "feed": "feeds",
    "news sitemap": "news_sitemaps",
    "sitemap": "sitemaps",
    "section": "sections",
    "front": "url",
}
MIN_PAGES = 20  # that a verdict on shares of them needs
NOTHING_SHARE, DUPLICATE_SHARE = 0.6, 0.5  # of pages in the last days
SURE_WALLS = ("consent wall", "login page")  # no single article has one
WALLS = (*SURE_WALLS, "paywall", "error page")
MIN_WALLED = 3  # pages before a wall is a sickness of the source
MANY_WALLED = 10
MAX_AHEAD = timedelta(days=90)  # no listing is planned so far ahead
CLOCK_SLACK = timedelta(minutes=10)
RUNS_OF_CLOCK = 2  # the newest, of which the second mends what the first planned by a wrong clock
LOW_DISK, FULL_DISK = 2_000_000_000, 200_000_000  # bytes free
LOW_DISK_SHARE = 0.05
OFFLINE_RUNS = 3  # in a row in which no server answered


def verdicts(
    facts: ArchiveFacts,
    now: datetime,
    extra: Mapping[str, list[HealthReason]] | None = None,
    coverage_drop: float = COVERAGE_DROP,
) -> list[SourceVerdict]:
    """Return the verdict on the archive and on each source, in the order of `facts`.

    `extra`: reasons that the caller knows, by the name of their source. `coverage_drop`: see `volume.fields`.
    """
    extra = extra or {}
    of_archive = [*archive_reasons(facts, now), *extra.get(ARCHIVE, ())]
    away = any(reason.kind in ("offline", "clock", "no pass") for reason in of_archive)
    found = [SourceVerdict(ARCHIVE_ID, ARCHIVE, tuple(of_archive))]
    for source in facts.sources:
        broken = tuple(reason for reason in extra.get(source.name, ()) if reason.kind == BROKEN_FILE)
        if source.is_paused:  # it goes on only when its file is right
            since = next((pause.began for pause in source.pauses if pause.ended is None), None)
            found.append(SourceVerdict(source.id, source.name, broken, is_paused=True, paused_since=since))
            continue
        reasons = [*source_reasons(source, now, facts.days_with_runs, coverage_drop), *extra.get(source.name, ())]
        # A machine without network says nothing of its sources but that a file is wrong.
        hidden = hidden_by(reasons)
        reasons = [*broken] if away else [reason for reason in one_of_each_kind(reasons) if reason.kind not in hidden]
        lasting = frozenset() if away else volume.lasting_walls(source, now)
        found.append(SourceVerdict(source.id, source.name, tuple(reasons), lasting, is_away=away))
    return found


def one_of_each_kind(reasons: Iterable[HealthReason]) -> list[HealthReason]:
    """Return the worst reason of each kind: a refusal is seen of the host and of its pages."""
    found: dict[str, HealthReason] = {}
    for reason in reasons:
        first = found.setdefault(reason.kind, reason)
        if RANK[reason.status] > RANK[first.status]:
            found[reason.kind] = reason
    return list(found.values())


def archive_reasons(facts: ArchiveFacts, now: datetime) -> Iterator[HealthReason]:
    """Yield what is wrong with the archive itself."""
    if (reason := clock(facts, now) or no_pass(facts, now)) is not None:
        yield reason
    if (reason := disk(facts, now)) is not None:
        yield reason
    ended = [(start, word) for start, word in zip(facts.starts, facts.outcomes, strict=True) if word]
    newest = ended[-OFFLINE_RUNS:]
    if len(newest) == OFFLINE_RUNS and all(word == "nothing reachable" for _, word in newest):
        since = newest[0][0]
        for start, word in reversed(ended):
            if word != "nothing reachable":
                break
            since = start
        yield HealthReason("offline", BAD, since, f"no server answered in the last {OFFLINE_RUNS} passes")


def clock(facts: ArchiveFacts, now: datetime) -> HealthReason | None:
    """Return a reason if the archive was written later than now, was so just before, or waits for a far time."""
    future = [start for start in facts.starts[-RUNS_OF_CLOCK:] if start > now + CLOCK_SLACK]
    if future:
        return HealthReason(
            "clock", BAD, now, f"a crawl began at {max(future):%Y-%m-%d %H:%M} UTC, which is in the future"
        )
    if ahead := max(facts.clock_ahead[-RUNS_OF_CLOCK:], default=0):
        told = f"the clock was {volume.span(timedelta(seconds=ahead))} ahead in a run; what that wrote is put right"
        return HealthReason("clock", BAD, now, told)
    for source in facts.sources:
        for listing in source.listings:
            if listing.next_visit is not None and listing.next_visit > now + MAX_AHEAD and listing.state == "waiting":
                at = f"{listing.next_visit:%Y-%m-%d}"
                return HealthReason(
                    "clock", BAD, now, f"{listing.url} is planned for {at}: the clock was wrong then, or is now"
                )
    return None


def disk(facts: ArchiveFacts, now: datetime) -> HealthReason | None:
    """Return a reason if the disk is nearly full: bytes say little of a small disk, a share little of a large one."""
    if facts.free is None or facts.size is None:
        return None
    full = facts.free < FULL_DISK
    if not full and facts.free >= min(LOW_DISK, LOW_DISK_SHARE * facts.size):
        return None
    told = f"{facts.free / 1e9:.1f} GB of {facts.size / 1e9:.1f} GB are free"
    return HealthReason("disk", BAD if full else WARN, now, told)


def source_reasons(
    facts: SourceFacts, now: datetime, days_with_runs: frozenset[str], coverage_drop: float
) -> Iterator[HealthReason]:
    """Yield what is wrong with a source, causes before consequences."""
    yield from hosts(facts, now)
    yield from refused(facts, now)
    yield from robots(facts, now)
    yield from walls(facts, now)
    yield from listings(facts, now)
    # Between two readings with a pause between them, articles are missed as the owner wished.
    gaps = [gap for gap in facts.gaps if not volume.paused_time(facts, gap.began, gap.ended)]
    for gap in gaps[:1]:
        more = f", and {counted(len(gaps) - 1, 'more gap')}" if len(gaps) > 1 else ""
        capture = f" (capture {gap.capture})" if gap.capture else ""
        when = f"from {gap.began:%Y-%m-%d %H:%M} to {gap.ended:%Y-%m-%d %H:%M} UTC"
        told = f"{gap.url}: no entry in common between two readings, {when}{capture}{more}"
        yield HealthReason("outrun", WARN, gaps[-1].began, told)
    read = [one for one in facts.listings if one.visits]
    if (
        not facts.days
        and not facts.earlier
        and not facts.has_pages
        and read
        and not any(one.failures for one in facts.listings)
    ):
        told = f"{counted(len(read), 'listing')} of it led to no article, ever"
        yield HealthReason("no articles", BAD, facts.added, told)
    for reason in (
        volume.silence(facts, now),
        volume.few_articles(facts, now, days_with_runs),
        volume.fields(facts, now, coverage_drop),
    ):
        if reason is not None:
            yield reason
    yield from shares(facts, now)


def hosts(facts: SourceFacts, now: datetime) -> Iterator[HealthReason]:
    """Yield a reason if a host gives no answer: as noted of the host, else by the visits to its listings."""
    lasting = [one for one in facts.hosts if lasts(one.failures, one.since, now) and not is_by_robots(one.why)]
    if lasting:
        one = min(lasting, key=lambda one: one.since)
        kind = "refused" if one.why.startswith("HTTP 4") else "host down"
        yield HealthReason(kind, BAD, one.since, f"{one.host}: {one.why}, {counted(one.failures, 'probe')} in a row")
        return
    failing = [one for one in facts.listings if one.failures]
    silent = [one for one in failing if (one.status is None or one.status >= 500) and not is_by_robots(one.error)]
    if not silent or len(silent) < len(facts.listings):
        return
    worst = max(silent, key=lambda one: one.failures)
    since = min(one.since or now for one in silent)
    if lasts(worst.failures, since, now):
        told = f"{worst.url}: {worst.error}, {counted(worst.failures, 'time')} in a row"
        yield HealthReason("host down", BAD, since, told)


def lasts(failures: int, since: datetime, now: datetime) -> bool:
    """Return True for trouble that is more than a hiccup."""
    return failures >= MIN_FAILURES or (failures >= 2 and now - since >= LONG_TROUBLE)


def refused(facts: SourceFacts, now: datetime) -> Iterator[HealthReason]:
    """Yield a reason if a source has answered nothing but refusals."""
    found = facts.refusals
    if found is not None and lasts(found.number, found.since, now):
        times = f"{counted(found.number, 'time')} without an answer between"
        told = f"HTTP {found.status} since capture {found.capture}, {times}"
        yield HealthReason("refused", BAD, found.since, told)


def robots(facts: SourceFacts, now: datetime) -> Iterator[HealthReason]:
    """Yield a reason if robots.txt shuts the listings of a source, or all of its articles."""
    shut = [one for one in facts.listings if is_by_robots(one.error)]
    feeds = [one for one in facts.listings if one.kind != "front"] or list(facts.listings)
    if shut and all(one in shut for one in feeds):
        since = min(one.since or one.last_visit or now for one in shut)
        yield HealthReason("robots", BAD, since, f"{shut[0].url}: disallowed {shut[0].error}")
    elif facts.pages.disallowed and not facts.pages.fetched:
        told = f"every article that was due ({facts.pages.disallowed:,} in three days) is disallowed by robots.txt"
        yield HealthReason("robots", BAD, now, told)


def walls(facts: SourceFacts, now: datetime) -> Iterator[HealthReason]:
    """Yield a reason for each kind of wall that stands in the place of articles."""
    seen = set()
    for state in facts.page_states:
        if state.kind in WALLS and state.number >= MIN_WALLED:
            status = BAD if state.number >= MANY_WALLED or state.kind in SURE_WALLS else WARN
            told = f"{counted(state.number, 'page')} of the last days, first in capture {state.capture}"
            seen.add(state.kind)
            yield HealthReason(state.kind, status, state.since, told)
    yield from (reason for reason in volume.walls(facts, now) if reason.kind not in seen)


def listings(facts: SourceFacts, now: datetime) -> Iterator[HealthReason]:
    """Yield a reason for the first listing of each kind of trouble; BAD if no other leads to articles."""
    well = [one for one in facts.listings if not (one.failures or one.trouble) and one.visits]
    found: dict[str, list[tuple[datetime, WatchedListing, str]]] = {}
    for one in facts.listings:
        if (trouble := listing_trouble(one, now)) is not None:
            kind, since, told = trouble
            found.setdefault(kind, []).append((since, one, told))
    for kind, ill in found.items():
        since, one, told = min(ill, key=lambda some: some[0])
        more = f", and {counted(len(ill) - 1, 'more listing')}" if len(ill) > 1 else ""
        status = BAD if kind in LISTING_KINDS_OF_TROUBLE and not well else WARN
        step = moved_step(one, facts.name) if kind == "moved listing" else ""
        yield HealthReason(kind, status, since, f"{one.url}: {told}{more}", step)


def moved_step(one: WatchedListing, name: str) -> str:
    """Return what to write into the source file for a listing that moved or is replaced."""
    new = one.replaced_by or one.moved_to
    return f"write {new} in place of {one.url} into `{KEYS[one.kind]}` of sources/{name}.toml"


def listing_trouble(one: WatchedListing, now: datetime) -> tuple[str, datetime, str] | None:
    """Return the kind of trouble of one listing, since when, and what shows it."""
    since = one.trouble_since or one.since or one.last_visit or now
    why = one.trouble or one.error or ""
    # A trouble without failures: the count began anew, with a rebuilt database for example.
    has_long = one.trouble is not None and now - since >= LONG_TROUBLE
    is_old = has_long and not one.failures
    if one.replaced_by and (one.state == "failed" or has_long or lasts(one.failures, since, now)):
        return "moved listing", one.moved_since or since, f"{why or 'it fails'}; {one.replaced_by} is read in its place"
    if one.state == "failed" or is_old or lasts(one.failures, since, now):
        if is_by_robots(why):
            return None
        answered = one.status is not None and one.status < 400
        if one.status is not None and (one.status >= 500 or one.status in (401, 402, 403, 407, 429, 451)):
            return "dead listing", since, why
        return ("no listing" if answered else "dead listing"), since, why
    if one.moved_to and one.moved_since is not None and now - one.moved_since >= MOVED:
        return "moved listing", one.moved_since, f"leads to {one.moved_to}"
    limit = STALE.get(one.kind)
    if limit is not None and one.last_change is not None and now - one.last_change > limit:
        return "stale sitemap", one.last_change, f"unchanged since {one.last_change:%Y-%m-%d}"
    return None


def shares(facts: SourceFacts, now: datetime) -> Iterator[HealthReason]:
    """Yield a reason if most pages of the last days give no article, or repeat one."""
    pages = facts.pages
    if pages.fetched >= MIN_PAGES and pages.nothing > NOTHING_SHARE * pages.fetched:
        told = f"{pages.nothing:,} of {counted(pages.fetched, 'page')} of the last three days have no article"
        yield HealthReason("nothing to read", WARN, now, told)
    if pages.fetched >= MIN_PAGES and pages.duplicate > DUPLICATE_SHARE * pages.fetched:
        told = f"{pages.duplicate:,} of {counted(pages.fetched, 'page')} of the last three days repeat an article"
        yield HealthReason("duplicates", WARN, now, told)
