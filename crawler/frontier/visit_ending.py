"""Write the end of a visit into the frontier and the counts: what every way in which a visit can end has in common."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from scrapy.http import Response

from crawler.frontier.dispatcher import Dispatcher
from crawler.frontier.entry_dates import dated, day_in_name, day_of, day_or_none
from crawler.frontier.listing_links import NAMED_AFTER, SITEMAP_KINDS, ListingLinks, packed_key
from crawler.frontier.queue import GONE_STATUSES, GUESS, Frontier
from crawler.frontier.queue_values import NOTHING_THERE, Validators, VisitResult
from crawler.frontier.watched_sites import WatchedSite
from crawler.schedule.article_ages import earned_ages, hides_edit, is_first_look_after_a_day, sooner_after_edit
from crawler.schedule.failure_kinds import UNASKED_304
from crawler.schedule.listing_intervals import is_body_old
from crawler.schedule.past_articles import PastRule, past_rule
from crawler.schedule.revisit_policy import LISTING_KINDS, PAGE_KINDS, NextVisit, after_failure, after_success
from crawler.schedule.stand_in_visits import after_stand_in
from pipelines.core.items import PageState
from pipelines.core.timestamps import now, parse, stamp
from pipelines.core.urls import host_or_empty, site_or_none, url_key
from pipelines.database import listings
from pipelines.database.frontier.forgetting import forget_dropped_sitemap
from pipelines.database.frontier.looks import last_edit, note_false_304, watched_articles
from pipelines.database.frontier.rows import BY_ROBOTS, PART, Claim
from pipelines.session.context import CrawlContext

logger = logging.getLogger("morgue.frontier")

DOUBT_OF_304 = timedelta(days=14)  # in which a host is asked without validators after a 304 that was false
GUESS_INTERVAL = timedelta(days=7)  # until a tdmrep.json is asked for again that was not there


class SentPage(NamedTuple):
    """Hold what is needed to end the visit of a page that is being read."""

    claim: Claim
    response: Response
    links: ListingLinks | None  # of a listing, which may be an article as well


class VisitEnding:
    """End claims of one crawl. Lives on the event loop; the archive writer's thread writes the rows."""

    def __init__(
        self,
        context: CrawlContext,
        frontier: Frontier,
        dispatcher: Dispatcher,
        sites: Mapping[int | None, WatchedSite],
        typed: frozenset[int] = frozenset(),
    ) -> None:
        """`typed`: ids of the rows whose URLs the user typed: it is trouble if one of them gives nothing."""
        self.context, self.frontier, self.dispatcher = context, frontier, dispatcher
        self.sites, self.typed = sites, typed
        self._unanswered: Counter[str] = Counter()  # UNANSWERED_REASONS in a row, by host
        self._down_hosts: Counter[str | None] = Counter()  # hosts in a row that gave no answer, by site
        self._read_again: set[int | None] = set()  # sources whose front page this crawl reads once more, for its feeds
        self._ages: dict[int | None, tuple[float, ...]] = {}  # those that a source earns, by its id
        # Pages in the item pipelines, by frontier id. A response is kept for the count of bytes held (BodyBudget).
        self._pages: dict[int, SentPage] = {}

    def site(self, claim: Claim) -> WatchedSite:
        """Return the site that a claim belongs to."""
        return self.sites.get(claim.source_id) or self.sites[None]

    def answered(self, url: str) -> None:
        """Note that a host answered, at this URL."""
        self._unanswered.pop(host_or_empty(url), None)
        self._down_hosts.pop(site_or_none(url), None)

    def _log(self, message: str, claim: Claim, values: Mapping[str, Any] = {}, level: int = logging.INFO) -> None:
        """Log how a visit ended, with what is known of its claim."""
        if logger.isEnabledFor(level):
            about = {"url": claim.url, "host": claim.host, "source": self.site(claim).name}
            logger.log(level, message, {**about, **values})

    def _plan_after_success(self, claim: Claim) -> NextVisit:
        site, time = self.site(claim), now()
        first = parse(claim.first_visit) if claim.first_visit else time
        ages = self._ages.get(site.source_id, site.recheck)
        return after_success(claim.kind, time, first, site.every, ages, due=claim.due)

    def _plan_after_failure(self, claim: Claim, *, gone: bool = False, retry_after: float | None = None) -> NextVisit:
        """Return the future of a claim that brought no usable answer."""
        return after_failure(
            claim.kind,
            now(),
            claim.failed,
            last_visit=claim.last_time,
            gone=gone,
            retry_after=retry_after,
            watched=self.site(claim).watched,
        )

    async def is_conditional(self, claim: Claim) -> bool:
        """Return True if a visit may be answered 304: not where such an answer was false, nor each time.

        Some servers answer 304 whatever has changed. So a page is asked for whole at the age of a day, and a listing
        once its body is a day old.
        """
        if claim.host in self.frontier.doubted or not (claim.etag or claim.last_modified):
            return False
        if claim.kind == PART:  # it was not asked for since it was fetched
            return True
        if claim.kind in LISTING_KINDS:
            state = await self.context.do(listings.listing, self.frontier.db, url_key(claim.url), brief=True)
            last_body = parse(state.last_body) if state is not None and state.last_body else None
            return not is_body_old(claim.kind, now(), last_body)
        first, last = (parse(time) if time else None for time in (claim.first_visit, claim.last_visit))
        return not is_first_look_after_a_day(now(), first, last)

    def hid_news(self, claim: Claim, found: ListingLinks, new: int, after: Validators) -> bool:
        """Return True if a reading shows that its server answers 304 to a listing that changed: see `hides_edit`.

        `new`: articles that were not known; `after`: what the answer gave.
        """
        shown = found.named - found.shared if claim.kind in listings.FEED_KINDS else new
        if claim.visits == 0 or shown <= 0:
            return False
        newest = max(dated(found.entries), default=None)
        before, last_304 = (claim.etag, claim.last_modified), claim.last_visit if claim.last_status == 304 else None
        return hides_edit(before, (after.etag, after.last_modified), newest.isoformat() if newest else None, last_304)

    async def past_rule(self, claim: Claim, found: ListingLinks) -> PastRule | None:
        """Return which articles of a sitemap wait for a backfill; None if none do."""
        new_within = self.site(claim).new_within
        if claim.kind != "sitemap" or new_within is None:
            return None
        state = await self.context.do(listings.listing, self.frontier.db, url_key(claim.url), brief=True)
        last_read = (state.last_read if state else None) or (claim.last_visit if claim.visits else None)
        return past_rule(
            now(),
            timedelta(seconds=new_within),
            last_read=parse(last_read) if last_read else None,
            named_after=day_or_none(claim.hint.get(NAMED_AFTER)),
            entries=found.named,
            named_day=day_in_name(claim.url, now()),
            changed=day_of(claim.hint, now()),
        )

    async def doubt(self, claim: Claim) -> None:
        """Ask a host without validators for a while: a 304 of it was false."""
        self._log("%(host)s answers 304 to what has changed: it is asked without validators for now", claim)
        self.frontier.doubted.add(claim.host)
        await self.context.do(note_false_304, self.frontier.db, claim.host, now() + DOUBT_OF_304)

    async def _plan_of_page(self, claim: Claim) -> NextVisit:
        """Return the future of an article page that was just answered."""
        site, time = self.site(claim), now()
        if not site.explicit_recheck and site.source_id not in self._ages:
            watched = await self.context.do(watched_articles, self.frontier.db, site.source_id)
            self._ages[site.source_id] = earned_ages(site.recheck, watched)
        plan = self._plan_after_success(claim)
        if site.explicit_recheck or claim.first_visit is None:
            return plan
        edit = await self.context.do(last_edit, self.frontier.db, url_key(claim.url))
        if edit is None:
            return plan
        first, ages = parse(claim.first_visit), self._ages[site.source_id]
        return sooner_after_edit(plan, time, first, edit, claim.visits + 1, ages, due=claim.due)

    def plan_after_stand_in(self, claim: Claim, state: PageState) -> NextVisit:
        """Return the future of a claim that shows something in the place of its article."""
        return after_stand_in(state, now(), self._plan_after_success(claim))

    def _is_guess(self, claim: Claim) -> bool:
        """Return True for a common path that neither the user nor the site named: it is no news if nothing is there."""
        if not claim.hint.get(GUESS) or claim.id in self.typed:
            return False
        key = url_key(claim.url)
        return key not in self.site(claim).listings and key not in self.frontier.confirmed

    def _plan_of_guess(self, claim: Claim) -> NextVisit:
        """Return the future of a common path that brought nothing. A site may add its tdmrep.json one day."""
        if claim.kind != "tdmrep":
            return NOTHING_THERE
        planned = self._plan_after_success(claim)
        at = now() + GUESS_INTERVAL
        return planned if planned.at is None or planned.at > at else NextVisit("waiting", at, "nothing was there")

    async def _end(self, claim: Claim, visit: VisitResult, final_url: str | None = None, pages: int = 0) -> None:
        """Write the result of a visit. `final_url`: where redirects led to; `pages`: how many were counted for it."""
        plan = {"state": visit.plan.state, "next": visit.plan.at and stamp(visit.plan.at), "why": visit.plan.why}
        at = ", next visit %(next)s" if visit.plan.at else ""
        self._log("%(url)s: %(state)s (%(why)s)" + at, claim, plan, logging.DEBUG)
        is_over = await self.context.do(self._write, claim, visit, final_url, pages)
        if is_over:
            logger.info("%(host)s answers again: all that is due of it is asked for", {"host": claim.host})
            self.dispatcher.open_host(claim.host)
        if self.frontier.is_named_meanwhile(claim, visit):
            self.dispatcher.add_hosts([claim.host])
        self.dispatcher.filed(claim)

    def _write(self, claim: Claim, visit: VisitResult, final_url: str | None, pages: int) -> bool:
        """Write the result of a visit. Return True if it ends a trouble of its host. Runs on the archive writer's
        thread.
        """
        # A page that is not there shows that its host answers; so do a robots.txt with rules, and an empty listing.
        is_page = claim.kind in PAGE_KINDS and visit.error != BY_ROBOTS
        good = visit.status is not None and (visit.status < 400 or visit.status in GONE_STATUSES)
        is_good = good and visit.error != UNASKED_304
        answers = visit.answered or is_good or visit.error == BY_ROBOTS
        # First, because it makes rows due again: the row of this visit has just been asked for.
        is_over = answers and self.frontier.hosts.answered(claim.host, now(), is_page=is_page)
        if final_url is not None and url_key(final_url) != url_key(claim.url):
            self.frontier.landed(claim, final_url, visit, now())
        else:
            self.frontier.visited(claim, visit, now())
        if claim.kind in SITEMAP_KINDS and self.site(claim).watched:
            forget_dropped_sitemap(self.frontier.db, claim.id, packed_key(claim.url))
        self.context.stats.ended(self.context.archive_writer.commits, pages)
        return is_over
