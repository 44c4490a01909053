"""End claims: write every way in which a visit can end into the frontier and the counts.

All endings are in this one module, so that no claim is ever forgotten.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from scrapy.http import Response

from crawler.frontier import queue
from crawler.frontier.crawl_plan import WatchedSite
from crawler.frontier.dispatcher import Dispatcher
from crawler.frontier.failure_kinds import HOST_DOWN_REASONS, NO_HTTPS_REASONS, UNANSWERED_REASONS, is_permanent
from crawler.frontier.listing_links import ListingLinks
from crawler.frontier.queue import (
    ASSUMED_SCHEME,
    GONE_STATUSES,
    GUESS,
    NOTHING_THERE,
    Frontier,
    FrontierEntry,
    Validators,
    VisitResult,
)
from crawler.frontier.revisit_policy import LISTING_KINDS, NextVisit, after_disallowed, after_failure, after_success
from pipelines.core.items import NothingToRead, Reading
from pipelines.core.timestamps import now, parse, stamp
from pipelines.core.urls import fetchable, host_or_empty, site_of, site_of_host, site_or_none, url_key
from pipelines.database.frontier.rows import DAMAGED_ROW, Claim
from pipelines.session.context import CrawlContext

logger = logging.getLogger("morgue.frontier")

MAX_UNANSWERED_IN_A_ROW = 3  # after so many of them the host is taken to be down
MAX_DOWN_HOSTS_IN_A_ROW = 20  # of one site; after so many its other hosts are not tried in this crawl
LINKS_PER_TASK = 250  # links written at once: a sitemap of 50,000 must not delay the records of other hosts


class VisitOutcomes:
    """End the claims of one crawl. Lives on the event loop; the archive writer's thread writes the rows."""

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
        # Pages in the item pipelines, by frontier id. A response is kept for the count of bytes held (BodyBudget).
        self._pages: dict[int, tuple[Claim, Validators, Response]] = {}

    def site(self, claim: Claim) -> WatchedSite:
        """Return the site that a claim belongs to."""
        return self.sites.get(claim.source_id) or self.sites[None]

    def filing(self, claim: Claim, url: str) -> tuple[int | None, Mapping[str, str]]:
        """Return the source under which a page at `url` is filed, and what its feed or sitemap said about it.

        If redirects led out of the sites of the claim's source, the listing of that source has nothing to say.
        """
        source_id = self.frontier.owners.file_under(url, claim.source_id)
        own = source_id == claim.source_id and (
            host_or_empty(url) == claim.host or claim.source_id is None or self.site(claim).listed.may_list(url)
        )
        return source_id, claim.hint if own else {}

    def page_sent(self, claim: Claim, response: Response) -> None:
        """Remember the claim of a page that enters the item pipelines. `page_read` ends it, or `take_page`."""
        self._pages[claim.id] = claim, queue.validators(response), response

    def take_page(self, frontier_id: int) -> Claim | None:
        """Forget a page in the item pipelines and return its claim, which the caller must end."""
        return self._pages.pop(frontier_id, (None,))[0]

    async def listing_read(self, claim: Claim, response: Response, found: ListingLinks) -> None:
        """End the visit of a feed, sitemap, front or section page that was read: queue its links."""
        site, time = self.site(claim), now()
        count = self.context.stats.by_source[site.name]
        self.context.stats.read_as_listing(claim.url)
        before, refused = count.found, Counter[str]()
        room_of_listing = self.dispatcher.used.of(claim.source_id).addresses_per_listing
        for start in range(0, len(found.entries), LINKS_PER_TASK):
            some = found.entries[start : start + LINKS_PER_TASK]
            room = self.dispatcher.used.room(claim.source_id, room_of_listing)
            new, hosts = await self.context.do(self.frontier.add, some, claim.source_id, time, room)
            self.dispatcher.used.count_added(claim.source_id, room.added)
            room_of_listing -= room.added.total()
            refused += room.refused
            count.found += new
            self.dispatcher.add_hosts(hosts)
        if found.off_site:
            self.context.stats.left_out(site.name, found.off_site, dict(found.off_sites))
        # Whether a site without a file lists anything, in feeds or sitemaps perhaps, is known when the crawl ends.
        may_have_more = claim.kind == "front" and not site.watched
        problem, empty = found.problem, found.empty and not may_have_more
        # Many sites answer every path with a page.
        no_listing = claim.kind == "tdmrep" or (empty and self._is_guess(claim))
        useless = empty and site.relies_on(claim.url, well_formed=problem is None)
        is_read = not (no_listing or useless)  # otherwise it counts as one that gave no answer
        count.listings += is_read
        count.tried += no_listing
        if useless:
            is_page, left_out = claim.kind in ("front", "section"), sum(some.number for some in found.left_out)
            nothing = "it lists only addresses that do not look like articles" if left_out else "it lists nothing"
            problem = problem or ("no link to an article or a section" if is_page else nothing)
            self.context.stats.outcome(site.name, "failed", problem, claim.url)
            self.context.stats.trouble(site.name, problem, claim.url)
        elif problem and is_read:
            count.problems.append(f"{claim.url}: {problem}")
        read = {"kind": claim.kind, "links": len(found.entries), "new": count.found - before, "problem": problem}
        read |= {"off_site": found.off_site}
        part = (", read in part: %(problem)s" if is_read else ", no listing: %(problem)s") if problem else ""
        part += ", entries on other sites: %(off_site)d" if found.off_site else ""
        self._log("read %(kind)s %(url)s (links: %(links)d, new articles: %(new)d)" + part, claim, read)
        # Without validators: "not modified" would be the answer to the next visit, and hide that it gives nothing.
        plan = self._plan_of_guess(claim) if no_listing else self._plan_after_success(claim)
        known = queue.validators(response) if is_read or claim.kind == "tdmrep" else Validators()
        if refused:
            # Without validators: "not modified" would be the answer although addresses are still to be queued.
            plan, known = self._plan_after_refusal(claim, refused, plan, room_of_listing), Validators()
        visit = VisitResult(plan, response.status, problem, answered=not useless, validators=known)
        moved = claim.kind == "section" and site.listed.owns(response.url)
        final_url = fetchable(response.url) if moved else None
        await self._end(claim, visit, final_url, pages=int(is_read))

    def _plan_after_refusal(self, claim: Claim, refused: Counter[str], plan: NextVisit, room: int) -> NextVisit:
        """Count what a listing named beyond a limit, and return when it is read again. `room`: of this listing."""
        used, limits = self.dispatcher.used, self.context.stats.by_source[self.site(claim).name].limits
        if used.room(claim.source_id, 1).addresses > 0:
            setting = "addresses_per_listing" if room <= 0 else "listings_per_source"
            limits[setting] += refused.total()
            return plan
        limits["addresses_per_source"] += refused.total()
        used.close_listings(claim.source_id)  # what they name could not be queued
        return NextVisit("waiting", now(), "names more addresses than one crawl queues")

    async def not_modified(self, claim: Claim, response: Response) -> None:
        """End the visit of a URL whose conditional request was answered 304."""
        site = self.site(claim)
        count = self.context.stats.by_source[site.name]
        count.not_modified += 1
        self._log("not modified since the last visit: %(url)s", claim, level=logging.DEBUG)
        is_tdmrep = claim.kind == "tdmrep"  # no listing, and no article
        count.tried += is_tdmrep
        if claim.kind in LISTING_KINDS:
            count.listings += not is_tdmrep
            self.context.stats.read_as_listing(claim.url)
        else:
            count.fetched += 1
            await self.context.do(self.context.store.confirm_unchanged, claim.url, response.meta["capture"].time)
            self.context.stats.outcome(site.name, "unchanged", url=claim.url)
        visit = VisitResult(self._plan_after_success(claim), response.status, validators=queue.validators(response))
        await self._end(claim, visit, pages=int(not is_tdmrep))

    async def page_read(self, reading: Reading) -> None:
        """End the visit of a page that went through the item pipelines; an article of it is stored already."""
        assert reading.page.frontier_id is not None
        claim, validators, _ = self._pages.pop(reading.page.frontier_id)
        site = self.site(claim)
        self.context.stats.by_source[site.name].fetched += 1
        error, broke_off = None, False
        if isinstance(reading.outcome, NothingToRead):
            error = reading.outcome.reason
            self.context.stats.outcome(site.name, "nothing", error, claim.url)
            self._log("skipped %(url)s: nothing to read, %(why)s", claim, {"why": error})
            # A page without an article is not visited again, unless the extractor broke off: that may be our mistake.
            broke_off = error.startswith("extractor")
            plan = after_failure(claim.kind, now(), claim.failed + 1) if broke_off else NextVisit("done", None, error)
        else:
            self.context.stats.outcome(site.name, reading.change or "new", url=claim.url)
            filed = {"change": reading.change or "new", "article": reading.article_id}
            self._log("filed %(url)s: %(change)s, article %(article)s", claim, filed)
            plan = self._plan_after_success(claim)
        status = reading.page.capture.status if reading.page.capture else None
        # Without validators: "not modified" would be the answer for a page that was never read.
        known = Validators() if broke_off else validators
        visit = VisitResult(plan, status, error, answered=not broke_off, validators=known)
        await self._end(claim, visit, None if broke_off else reading.page.url, pages=1)

    async def redirected(self, claim: Claim, target: str, kind: str) -> None:
        """End the visit of a URL that redirects to a page with a row of its own, and is now another name for it.

        A page of a site that other sources own is queued like any address, and filed under them. Nothing that was said
        of the URL is passed on to it.
        """
        to = {"target": target}
        self._log("skipped %(url)s: it redirects to %(target)s, which is visited for itself", claim, to)
        is_listing = claim.kind in LISTING_KINDS
        foreign = self.frontier.owners.is_foreign(target, claim.source_id)
        is_guess, count = self._is_guess(claim), self.context.stats.by_source[self.site(claim).name]
        count.tried += is_guess
        count.listings += is_listing and not is_guess
        if not is_listing:
            self.context.stats.outcome(self.site(claim).name, "duplicate", url=claim.url)
        plan = NextVisit("done", None, "redirects")
        if foreign and is_listing:
            self.context.stats.left_out(self.site(claim).name, 1, {site_of(target): 1})
        else:
            hint = claim.hint if self.site(claim).listed.may_list(target) and not foreign else {}
            entry = FrontierEntry(target, kind, claim.depth, claim.url, hint)
            room = self.dispatcher.used.room(claim.source_id, 1)
            _new, hosts = await self.context.do(self.frontier.add, [entry], claim.source_id, now(), room)
            self.dispatcher.used.count_added(claim.source_id, room.added)
            await self.context.do(self.context.store.add_alias_of, target, claim.url)
            self.dispatcher.add_hosts(hosts)
            if room.refused:  # the next crawl has room for it
                count.limits["addresses_per_source"] += 1
                plan = after_failure("feed", now(), 1)
        await self._end(claim, VisitResult(plan), pages=int(is_listing and not is_guess))

    def answered(self, url: str) -> None:
        """Note that a host answered, at this URL."""
        self._unanswered.pop(host_or_empty(url), None)
        self._down_hosts.pop(site_or_none(url), None)

    async def failed(
        self, claim: Claim, why: str, status: int | None = None, wait: float | None = None, at: str | None = None
    ) -> None:
        """End a visit that brought no usable answer.

        `wait`: seconds that the server asks us to wait. `at`: the URL that failed, if redirects led there. Only its
        host has to do with the failure: the host that was asked first did answer, with the redirect.
        """
        site, host = self.site(claim), host_or_empty(at or claim.url)
        is_https = claim.url.startswith("https:") and host == claim.host
        if why in NO_HTTPS_REASONS and claim.hint.get(ASSUMED_SCHEME) and is_https:
            self._log("no answer over HTTPS from %(url)s: %(why)s; it is tried over HTTP", claim, {"why": why})
            await self.context.do(self.frontier.try_http, claim)
            self.dispatcher.filed(claim)
            self.dispatcher.add_hosts([claim.host])
            return
        redirected = host != claim.host
        # What one source lists on the site of another says nothing about that site: it may be a port that is closed.
        foreign = self.frontier.owners.is_foreign(claim.url, claim.source_id)
        guessed = self._is_guess(claim)
        self._unanswered[host] = self._unanswered[host] + 1 if why in UNANSWERED_REASONS else 0
        if (why in HOST_DOWN_REASONS or self._unanswered[host] >= MAX_UNANSWERED_IN_A_ROW) and not foreign:
            if not redirected:
                await self.unreachable(claim, why)
                return
            self._note_down(claim, host)
        gone = status in GONE_STATUSES
        # Some pages of a site always fail, and are tried again. A page that the user asked for by name is trouble.
        permanent = gone or is_permanent(why)
        asked_for = claim.kind == "page" and not permanent
        dead_link = gone and claim.visits == 0 and claim.depth > 0 and url_key(claim.url) not in site.listings
        if (claim.kind in LISTING_KINDS and not guessed and not dead_link) or asked_for or claim.id in self.typed:
            self.context.stats.trouble(site.name, why, claim.url)
        own_wait = None if redirected else wait
        failures, watched = claim.failed + 1, site.watched
        plan = after_failure(claim.kind, now(), failures, gone=gone, retry_after=own_wait, watched=watched)
        if dead_link:
            plan = NextVisit("failed", None, "gone")
        if wait is not None:
            await self._postpone_host(host, after_failure("feed", now(), 1, retry_after=wait).at or now())
        if own_wait is not None:
            self.context.stats.outcome(site.name, "postponed", f"{why}, asked to wait {own_wait:.0f} s", claim.url)
            about = {"why": why, "wait": own_wait}
            self._log("postponed %(url)s: %(why)s, its host asks to wait %(wait).0f s", claim, about)
        elif guessed:
            plan = self._plan_of_guess(claim)
            self.context.stats.by_source[site.name].tried += 1
            self._log("not there: %(url)s, a guess (%(why)s)", claim, {"why": why})
        else:
            reason = f"{why}, after a redirect to another host" if redirected else why
            self.context.stats.outcome(site.name, "failed", reason, claim.url)
            about = {"why": reason, "plan": plan.why, "at": at or claim.url}
            self._log("failed %(url)s: %(why)s, %(plan)s", claim, about)
        await self._end(claim, VisitResult(plan, status, why, answered=False))

    async def damaged(self, claim: Claim, what: str) -> None:
        """End a claim of which no request can be made. `what`: the column that is damaged, or the error."""
        self.dispatcher.fetched(claim, requested=False)
        name = self.site(claim).name
        about = {"url": claim.url, "row": claim.id, "what": what}
        logger.warning("failed %(url)s: row %(row)d of frontier is damaged (%(what)s)", about)
        self.context.stats.outcome(name, "failed", DAMAGED_ROW, claim.url)
        self.context.stats.trouble(name, f"{DAMAGED_ROW}, `morgue rebuild` makes new ones", claim.url)
        await self._end(claim, VisitResult(NextVisit("failed", None, DAMAGED_ROW), None, DAMAGED_ROW, answered=False))

    async def unreachable(self, claim: Claim, why: str) -> None:
        """End a visit whose host gives no answer. One URL is counted; the others wait for the next crawl."""
        site = self.site(claim)
        if self.dispatcher.is_closed(claim.host):  # it was in line after the URL that counted
            await self.not_tried(claim)
            return
        self._log("failed %(url)s: %(why)s, so its host is taken to be down", claim, {"why": why})
        self._note_down(claim, claim.host)
        self.context.stats.trouble(site.name, why, claim.url)
        self.context.stats.outcome(site.name, "failed", why, claim.url)
        kind = claim.kind if claim.kind in LISTING_KINDS else "feed"  # an outage is no reason to give up an article
        plan = after_failure(kind, now(), 1, watched=site.watched or claim.kind not in LISTING_KINDS)
        await self._end(claim, VisitResult(plan, None, why, answered=False))

    def _note_down(self, claim: Claim, host: str) -> None:
        """Leave a host alone that gives no answer; after several of one site, with no answer between, all of it."""
        self.dispatcher.close_host(host)
        site = site_of_host(host)
        self._down_hosts[site] += 1
        if self._down_hosts[site] >= MAX_DOWN_HOSTS_IN_A_ROW and not self.dispatcher.is_closed_site(site):
            about = {"site": site, "hosts": self._down_hosts[site]}
            logger.info("%(site)s: no answer from %(hosts)d of its hosts in a row; the others are not tried", about)
            self.context.stats.by_source[self.site(claim).name].silent_sites[site] = self._down_hosts[site]
            self.dispatcher.close_site(site)

    async def disallowed(self, claim: Claim, why: str, *, for_now: bool, at: str | None = None) -> None:
        """End a visit that robots.txt, or `for_now` its failure, disallows; `at`: where redirects led, if they did."""
        site, listing = self.site(claim), claim.kind in LISTING_KINDS
        host = host_or_empty(at or claim.url)
        if for_now and host == claim.host and self.dispatcher.is_closed(host):  # it was in line after one that counted
            await self.not_tried(claim)
            return
        outcome, guessed = "postponed" if for_now else "disallowed", self._is_guess(claim)
        self._log("skipped %(url)s: %(outcome)s, %(why)s", claim, {"outcome": outcome, "why": why})
        count = self.context.stats.by_source[site.name]
        count.disallowed_pages += not (for_now or listing)
        needed = (for_now and host == claim.host) or claim.id in self.typed or site.relies_on(claim.url)
        # A link that a site disallows has its reason named once, not again in each crawl that asks whether it still is.
        if needed or not (guessed or (claim.depth > 0 and claim.disallowed)):
            self.context.stats.outcome(site.name, outcome, why, claim.url)
        elif not listing:
            count.still_disallowed += 1
        else:
            count.tried += guessed
        if needed:
            trouble = f"{why}, so its host is asked for nothing for now" if for_now else f"disallowed {why}"
            self.context.stats.trouble(site.name, trouble, claim.url)
        if for_now:
            plan = after_failure("front", now(), claim.disallowed + 1)  # never given up
            await self._postpone_host(host, plan.at or now())
        elif listing and site.every.get(claim.kind) is not None:
            plan = self._plan_after_success(claim)
        else:
            plan = after_disallowed(claim.kind, now(), claim.disallowed + 1, watched=site.watched)
        await self._end(claim, VisitResult(plan, None, why, answered=False))

    async def _postpone_host(self, host: str, until: datetime) -> None:
        """Ask a host for nothing more in this crawl, and before `until`."""
        self.dispatcher.close_host(host)
        await self.context.do(self.frontier.postpone, host, until)

    async def not_tried(self, claim: Claim) -> None:
        """Give a claim back: it waits for the next crawl as if it had not been claimed."""
        self._log("left for the next crawl: %(url)s", claim)
        await self.context.do(self.frontier.release, [claim])
        self.dispatcher.filed(claim)

    def _log(self, message: str, claim: Claim, values: Mapping[str, Any] = {}, level: int = logging.INFO) -> None:
        """Log how a visit ended, with what is known of its claim."""
        if logger.isEnabledFor(level):
            about = {"url": claim.url, "host": claim.host, "source": self.site(claim).name}
            logger.log(level, message, {**about, **values})

    def _plan_after_success(self, claim: Claim) -> NextVisit:
        site, time = self.site(claim), now()
        first = parse(claim.first_visit) if claim.first_visit else time
        return after_success(claim.kind, time, first, site.every, site.recheck)

    def _is_guess(self, claim: Claim) -> bool:
        """Return True for a common path that neither the user nor the site named: it is no news if nothing is there."""
        if not claim.hint.get(GUESS) or claim.id in self.typed:
            return False
        key = url_key(claim.url)
        return key not in self.site(claim).listings and key not in self.frontier.confirmed

    def _plan_of_guess(self, claim: Claim) -> NextVisit:
        """Return the future of a common path that brought nothing. A site may add its tdmrep.json one day."""
        is_kept = claim.kind == "tdmrep"
        return self._plan_after_success(claim) if is_kept else NOTHING_THERE

    async def _end(self, claim: Claim, visit: VisitResult, final_url: str | None = None, pages: int = 0) -> None:
        """Write the result of a visit. `final_url`: where redirects led to; `pages`: how many were counted for it."""
        plan = {"state": visit.plan.state, "next": visit.plan.at and stamp(visit.plan.at), "why": visit.plan.why}
        at = ", next visit %(next)s" if visit.plan.at else ""
        self._log("%(url)s: %(state)s (%(why)s)" + at, claim, plan, logging.DEBUG)
        await self.context.do(self._write, claim, visit, final_url, pages)
        if visit.plan == NOTHING_THERE and url_key(claim.url) in self.frontier.confirmed:
            self.dispatcher.add_hosts([claim.host])
        self.dispatcher.filed(claim)

    def _write(self, claim: Claim, visit: VisitResult, final_url: str | None, pages: int) -> None:
        """Write the result of a visit. Runs on the archive writer's thread."""
        if final_url is not None and url_key(final_url) != url_key(claim.url):
            self.frontier.landed(claim, final_url, visit, now())
        else:
            self.frontier.visited(claim, visit, now())
        self.context.stats.ended(self.context.archive_writer.commits, pages)
