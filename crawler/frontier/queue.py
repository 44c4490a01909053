"""Hold the durable queue of one crawl: the rules by which rows of the table `frontier` are added, claimed and planned.

What was fetched is not fetched again; what a crawl had claimed when it died waits again when the next one begins. The
SQL is in `pipelines.database.frontier.table`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from crawler.frontier.entry_dates import changed_at, day_in, day_of
from crawler.frontier.ownership import SiteOwners
from crawler.frontier.queue_values import NOTHING_THERE, FrontierEntry, QueueRoom, Validators, VisitResult
from crawler.schedule.article_ages import MAX_CLAIM_AGE, are_claims_believed
from crawler.schedule.past_articles import PastRule
from crawler.schedule.revisit_policy import (
    FOREIGN_PRIORITY,
    LISTING_KINDS,
    MAX_BACKOFF,
    PAGE_KINDS,
    NextVisit,
    failures_in_row,
    priority,
    probe_at,
)
from pipelines.core import timestamps
from pipelines.core.timestamps import stamp
from pipelines.core.urls import host_of, url_key
from pipelines.database.frontier import backfills, looks, parts, replanning
from pipelines.database.frontier.host_troubles import HostTroubles
from pipelines.database.frontier.rows import Claim, ClaimScope, FrontierRow, PartChoice, SourceChoice, is_by_robots
from pipelines.database.frontier.table import FrontierTable
from pipelines.takedown.register import TakedownRegister

ASSUMED_SCHEME = "assumed scheme"  # hint of a URL that the user gave without a scheme
HINT_OF_ASSUMED_HTTPS: Mapping[str, str] = {ASSUMED_SCHEME: "https"}
GUESS = "guess"  # hint of a common path of a site at which there may be nothing
GUESSED_KINDS = ("feed", "sitemap", "news sitemap")
GONE_STATUSES = (404, 410)  # RFC 9110, 15.5.5 and 15.5.11
ANY_SOURCE = SourceChoice()


class Frontier:
    """Add, claim and plan URLs for one crawl. Every method runs on the archive writer's thread."""

    def __init__(self, db: sqlite3.Connection, crawl_id: int, began: datetime | None = None) -> None:
        self.db, self.crawl_id = db, crawl_id
        self.table = FrontierTable(db)  # for questions to which no rule of the crawl applies
        self.pass_interval = timedelta(0)  # usual time between passes; `crawl_plan.prepare` sets it
        self.hosts = HostTroubles(db, self._probe_at)
        self.began = stamp(began or timestamps.now())
        self.doubted = looks.hosts_with_false_304(db, began or timestamps.now())
        self.confirmed: set[str] = set()  # url_keys of listings that were guesses until this crawl found them named
        self.owners = SiteOwners({}, {})  # `crawl_plan.prepare` sets it once the sources are known

    def add(
        self,
        entries: Iterable[FrontierEntry],
        source_id: int | None,
        now: datetime,
        room: QueueRoom | None = None,
        past: PastRule | None = None,
        recheck: Sequence[float] = (),
    ) -> tuple[int, set[str]]:
        """Put URLs into the queue. Return how many articles were new to it, and the hosts that have new work.

        A known URL stays as it is, with three exceptions. A feed or sitemap that was a guess is due once the site names
        it. An article that changed after our last visit, as its feed or sitemap says, is due at once, if most earlier
        times of change were true. A URL that another source found first becomes the source's that owns its site, as it
        is given there; one that has no plan, as after its source was forgotten, is looked at again at the next of the
        ages `recheck`, in seconds. New articles for which `past` holds wait for a backfill. New URLs beyond `room` are
        left out.
        """
        new, hosts, removed, believed = 0, set(), TakedownRegister(self.db), None
        for entry in (entries := [*entries]):
            if entry.url in removed:
                continue
            of_past = None if entry.kind in LISTING_KINDS else past
            row = self._row(entry, source_id, now, of_past.listed_on if of_past else None)
            if of_past is not None and of_past.holds_for(row.day):
                row = replace(row, past=True)
            if room is not None and not room.has_room(entry.kind) and not self.table.is_known(row.url_key):
                room.refused[room.word(entry.kind)] += 1
                continue
            if self.table.insert(row):
                if room is not None:
                    room.take(entry.kind)
                if past is not None and row.past:
                    past.left += 1
                    continue
                new += entry.kind not in LISTING_KINDS
            elif self._corrected(row, recheck, now):
                new += entry.kind not in LISTING_KINDS
            elif not row.past and (past is None or row.day) and backfills.wanted_now(self.db, row, now):
                new += 1
            elif not self._confirmed(entry, row, now):
                believed = self._are_changes_believed(entries, now) if believed is None else believed
                if not (believed and self._changed(row, now)):
                    continue
            hosts.add(row.host)
        return new, hosts

    def _row(
        self, entry: FrontierEntry, source_id: int | None, now: datetime, listed_on: str | None = None
    ) -> FrontierRow:
        """Return the row of a URL that is to be visited now. `listed_on`: ISO day, unless it has one of its own."""
        day = day_of(entry.hint, now) or day_in(entry.url) or listed_on
        foreign = self.owners.is_foreign(entry.url, source_id)
        return FrontierRow(
            url_key(entry.url),
            entry.url,
            host_of(entry.url),
            source_id,
            entry.kind,
            priority(entry.kind, day, now) + FOREIGN_PRIORITY * foreign,
            entry.depth,
            found=now,
            next_visit=now,
            found_on=entry.found_on,
            hint=entry.hint,
            day=day,
        )

    def _corrected(self, row: FrontierRow, recheck: Sequence[float], now: datetime) -> bool:
        """Give a known URL to the source that owns its site, if another source has it. Return True if it is due then.

        An article of the URL that is filed already becomes that source's, too.
        """
        owners = self.owners.of(row.url)
        if row.source_id not in owners:
            return False
        corrected, is_due = self.table.correct(row, owners)
        if corrected:
            from pipelines.database.store import ArticleStore  # an idle pass corrects nothing

            ArticleStore(self.db).give_to_owner(row.url_key, row.source_id, owners)
            replanning.plan_look(self.db, row.url_key, recheck, now)
        return is_due

    def _confirmed(self, entry: FrontierEntry, row: FrontierRow, now: datetime) -> bool:
        """Make a feed or sitemap due that was tried as a guess, if the site names it now. Return True if so."""
        is_named = entry.kind in GUESSED_KINDS and GUESS not in entry.hint
        if not is_named or not replanning.confirm_guess(self.db, row.url_key, now):
            return False
        self.confirmed.add(row.url_key)
        return True

    def _changed(self, row: FrontierRow, now: datetime) -> bool:
        """Make a known URL due if the page that links it says that it changed since our last visit. Return True if so.

        A time that was given last time already is not believed, nor one for a URL that was visited in this crawl: two
        sitemaps that name each other as changed must not make it endless.
        """
        changed, kinds = changed_at(row.hint, now), (*PAGE_KINDS, "sitemap")
        return changed is not None and self.table.make_changed_due(
            row.url_key, row.hint, now, kinds=kinds, changed=changed, began=self.began
        )

    def _are_changes_believed(self, entries: Iterable[FrontierEntry], now: datetime) -> bool:
        """Return True if the times of change in a listing say anything, by what was found after earlier ones."""
        keys = [url_key(entry.url) for entry in entries if entry.kind in PAGE_KINDS and changed_at(entry.hint, now)]
        return are_claims_believed(looks.claims_of_change(self.db, keys, now - MAX_CLAIM_AGE))

    def claim(
        self, host: str, number: int, scope: ClaimScope, now: datetime, choice: SourceChoice = ANY_SOURCE
    ) -> list[Claim]:
        """Claim up to `number` due URLs of one host, the most urgent first; `choice` narrows them to some sources.

        Of a host that is in trouble this is one URL, a probe, if one is due.
        """
        trouble = self.hosts.of(host)
        if trouble is None:
            return self.table.claim(self.crawl_id, host, number, scope, now, choice)
        if trouble.pages_only:
            listings = replace(choice, no_pages=True)
            if claims := self.table.claim(self.crawl_id, host, number, scope, now, listings):
                return claims
        if self.hosts.is_shut(host, now):
            return []
        if claims := self.table.claim(self.crawl_id, host, 1, scope, now, choice, probe=True):
            self.hosts.probe(host, now)
        return claims

    def claim_parts(self, host: str, number: int, scope: ClaimScope, now: datetime, choice: PartChoice) -> list[Claim]:
        """Claim parts of pages on one host; of a host that is in trouble one, if a probe is due."""
        trouble = self.hosts.of(host)
        if trouble is not None and (trouble.pages_only or self.hosts.is_shut(host, now)):
            return []
        claims = self.table.claim_parts(self.crawl_id, host, number if trouble is None else 1, scope, now, choice)
        if claims and trouble is not None:
            self.hosts.probe(host, now)
        return claims

    def _probe_at(self, now: datetime, failures: int, retry_after: float | None) -> datetime:
        return probe_at(now, failures, retry_after, self.pass_interval)

    def release(self, claims: Iterable[Claim]) -> None:
        """Give URLs back unvisited."""
        self.table.release([claim.id for claim in claims])

    def visited(self, claim: Claim, visit: VisitResult, now: datetime) -> None:
        """Write down the result of a visit, and when the next one is planned.

        Visits that fail, and those from which robots.txt keeps us, are counted apart: neither makes the other give up.
        A guess that the site came to name while it was visited is visited again.
        """
        if self.is_named_meanwhile(claim, visit):
            visit = replace(visit, plan=NextVisit("waiting", now, "the site names it"))
        by_robots = is_by_robots(visit.error)
        failures = claim.disallowed + 1 if by_robots else failures_in_row(claim.failed, claim.last_time, now)
        self.table.record_visit(
            claim.id,
            now,
            state=visit.plan.state,
            next_visit=visit.plan.at,
            answered=visit.answered,
            failures=failures,
            status=visit.status,
            error=visit.error,
            etag=visit.validators.etag,
            last_modified=visit.validators.last_modified,
        )

    def is_named_meanwhile(self, claim: Claim, visit: VisitResult) -> bool:
        """Return True if nothing was there at a guessed path, and the site came to name it in this crawl."""
        return visit.plan == NOTHING_THERE and url_key(claim.url) in self.confirmed

    def landed(self, claim: Claim, url: str, visit: VisitResult, now: datetime) -> None:
        """Record a visit that redirects led to `url`: from now on that URL is visited.

        The old one is done, unless it is asked again because the redirect may be for a time: see `VisitResult.detour`.
        """
        old_plan = visit.detour or NextVisit("done", None, "redirects")
        error = "redirects" if visit.detour else visit.error
        self.visited(claim, replace(visit, plan=old_plan, error=error, validators=Validators()), now)
        entry = FrontierEntry(url, claim.kind, claim.depth, claim.url)
        self.table.insert(replace(self._row(entry, self.owners.file_under(url, claim.source_id), now), next_visit=None))
        parts.copy_links(self.db, url_key(claim.url), url_key(url))
        if visit.detour is None:
            replanning.continue_visits(self.db, url_key(claim.url), url_key(url))
        row = self.table.unclaimed(url_key(url))
        if row is not None:
            self.visited(row, visit, now)

    def mend_times(self, now: datetime, longest: timedelta, last_time: str | None) -> int:
        """Plan again what a wrong clock planned, if anything shows that one did. Return the number of URLs.

        `longest`: how far ahead a visit may be planned. `last_time`: when one of the last runs began or ended.
        """
        jumped = last_time is not None and last_time > stamp(now + replanning.CLOCK_SLACK)
        self.hosts.mend(now, MAX_BACKOFF)
        return replanning.mend_times(self.db, now, longest) if jumped or self.table.has_plan_after(now + longest) else 0

    def is_known(self, url: str, besides: Claim) -> bool:
        """Return True if `url` has a row of its own that was or is being visited; that of `besides` does not count."""
        return self.table.is_visited(url_key(url), besides=besides.id)

    def is_unread_page(self, url: str) -> bool:
        """Return True if `url` has the row of an article page that was not answered yet."""
        known, row = self.known_as(url), self.table.row_of(url_key(url))
        return known is not None and known[0] in PAGE_KINDS and row is not None and row[1] == 0

    def set_seeds(self, source_id: int | None, seeds: Iterable[FrontierEntry], now: datetime) -> None:
        """Give a watched source exactly these listings as seeds; those that it had besides are not visited again.

        A listing that was met under another source or as another kind before becomes this one's: its file has the last
        word.
        """
        rows = {row.url_key: row for row in (self._row(seed, source_id, now) for seed in reversed([*seeds]))}
        for row in rows.values():
            self.table.make_seed(row)
        self.table.retire_seeds(source_id, but=rows)

    def make_due(self, source_id: int | None, now: datetime, interrupted: str | None = None) -> int:
        """Make a source's listings due now, whenever they were planned, and its pages that failed or were disallowed.

        Left out are guessed paths that were not there, and pages that are gone. `interrupted`: the stamp of the time
        since which no crawl came to its end. If articles of the source are due, the listings that were read since then
        are left out, too: return how many these are.
        """
        has_due_pages = interrupted is not None and replanning.has_due_pages(self.db, source_id, now)
        since = interrupted if has_due_pages else None
        kinds = [kind for kind in LISTING_KINDS if kind != "tdmrep"]
        replanning.make_failures_due(self.db, source_id, now, but=GONE_STATUSES)
        self.table.make_kinds_due(source_id, kinds, now, unless_read_since=since)
        return replanning.count_read_since(self.db, source_id, kinds, since) if since is not None else 0

    def known_as(self, url: str) -> tuple[str, int | None] | None:
        """Return the kind and the source of a URL; None if it is unknown or was taken down."""
        return self.table.kind_and_source(url_key(url))

    def try_again(
        self, entries: Iterable[FrontierEntry], source_id: int | None, now: datetime, since: datetime
    ) -> set[str]:
        """Make listings of a source due that were given up, and not asked for since then. Return their hosts."""
        rows = [self._row(entry, source_id, now) for entry in entries]
        return {row.host for row in rows if replanning.try_again(self.db, row, since)}

    def try_http(self, claim: Claim) -> None:
        """Let a URL that the user gave without a scheme, and whose host does not speak HTTPS, wait as http."""
        replanning.set_url(self.db, claim.id, "http" + claim.url.removeprefix("https"))
        self.table.release([claim.id])

    def reconsider(self, source_id: int | None, is_article: Callable[[str], bool], now: datetime) -> None:
        """Make articles of links that were taken for section pages, if the source's file now says that they are."""
        links = self.table.found_urls(source_id, "section")
        articles = [(row_id, priority("article", day_in(url), now)) for row_id, url in links if is_article(url)]
        self.table.make_articles(articles, now)

    def want(
        self,
        urls: Iterable[str],
        kind: str,
        source_of: Callable[[str], int | None],
        now: datetime,
        *,
        again: bool = True,
        assumed_https: Collection[str] = (),
    ) -> tuple[frozenset[int], int]:
        """Queue these URLs for a visit now, as `kind` if they are new. Return their row ids, and how many are left out.

        A page that was fetched before is left out unless `again` is set, so that a long list can be resumed.
        `source_of` says which source a page belongs to.
        """
        rows = (self._queued(url, kind, source_of(url), now, url in assumed_https) for url in urls)
        found = dict(row for row in rows if row is not None)  # a row that was taken down is None
        wanted = frozenset(row_id for row_id, visits in found.items() if again or not visits)
        for row_id in wanted:
            self.table.make_due(row_id, now)
        return wanted, len(found) - len(wanted)

    def _queued(
        self, url: str, kind: str, source_id: int | None, now: datetime, assumed_https: bool
    ) -> tuple[int, int] | None:
        """Queue a URL as `kind` if it is new. Return its row id and its number of visits; None if it was taken down."""
        self.add([FrontierEntry(url, kind, hint=HINT_OF_ASSUMED_HTTPS if assumed_https else {})], source_id, now)
        return self.table.row_of(url_key(url))
