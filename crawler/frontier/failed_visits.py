"""End the visits that brought no usable answer, or were not made."""

from __future__ import annotations

import logging
from functools import partial

from crawler.frontier.listing_visits import ListingVisits
from crawler.frontier.queue import ASSUMED_SCHEME, GONE_STATUSES
from crawler.frontier.queue_values import VisitResult
from crawler.schedule.failure_kinds import (
    HOST_DOWN_REASONS,
    NO_HTTPS_REASONS,
    UNANSWERED_REASONS,
    is_permanent,
    is_refusal,
)
from crawler.schedule.revisit_policy import LISTING_KINDS, PAGE_KINDS, NextVisit, after_disallowed, after_failure
from pipelines.core.items import Capture, PageState
from pipelines.core.timestamps import now
from pipelines.core.urls import host_or_empty, site_of_host, url_key
from pipelines.database.frontier.rows import DAMAGED_ROW, Claim

logger = logging.getLogger("morgue.frontier")

MAX_UNANSWERED_IN_A_ROW = 3  # after so many of them the host is taken to be down
MAX_DOWN_HOSTS_IN_A_ROW = 20  # of one site; after so many its other hosts are not tried in this crawl


class FailedVisits(ListingVisits):
    """End visits that failed, were disallowed, or were left for later."""

    async def failed(
        self,
        claim: Claim,
        why: str,
        status: int | None = None,
        wait: float | None = None,
        at: str | None = None,
        capture: Capture | None = None,
    ) -> None:
        """End a visit that brought no usable answer.

        `wait`: seconds that the server asks us to wait. `at`: the URL that failed, if redirects led there. Only its
        host has to do with the failure: the host that was asked first did answer, with the redirect. `capture`: of the
        answer, if there was one.
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
        is_ill = claim.kind in LISTING_KINDS and not guessed and not dead_link
        replaced = is_ill and permanent and await self.is_replaced(claim, why)
        if (is_ill and not replaced) or asked_for or claim.id in self.typed:
            self.context.stats.trouble(site.name, why, claim.url)
        own_wait = None if redirected else wait
        plan = self._plan_after_failure(claim, gone=gone, retry_after=own_wait)
        state = await self._gone(claim, status, capture) if gone and not guessed else None
        if state is not None:
            plan = self.plan_after_stand_in(claim, state)
        elif dead_link:
            plan = NextVisit("failed", None, "gone")
        if wait is not None and not self.is_alone_in_asking(claim, status, host):
            await self.host_in_trouble(host, why, wait)
            plan = plan if redirected else self._due_with_host(claim, plan)
        elif wait is None and is_refusal(why, status) and not (redirected or foreign or guessed):
            is_page = claim.kind in PAGE_KINDS
            if await self.context.do(partial(self.frontier.hosts.refused, host, why, now(), is_page=is_page)):
                plan = self._due_with_host(claim, plan)
                await self._stop_asking(host)
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

    async def _gone(self, claim: Claim, status: int | None, capture: Capture | None) -> PageState | None:
        """Note that an article is gone, and return since when; None for an address at which no article is expected."""
        store = self.context.store
        if capture is None or claim.kind not in PAGE_KINDS:
            return None
        if claim.kind != "article" and not await self.context.do(store.is_article, claim.url):
            return None
        return await self.context.do(store.note_state, claim.url, str(status), capture, claim.source_id)

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
        await self.context.do(partial(self.frontier.hosts.begin, claim.host, why, now()))
        plan = self._due_with_host(claim, self._plan_after_failure(claim))
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

    async def disallowed(
        self, claim: Claim, why: str, *, for_now: bool, at: str | None = None, wait: float | None = None
    ) -> None:
        """End a visit that robots.txt, or `for_now` its failure, disallows; `at`: where redirects led, if they did.

        `wait`: seconds for which the failing robots.txt asks us to stay away.
        """
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
            await self.host_in_trouble(host, why, wait)
            # If redirects led to that host, its own host did answer.
            plan = after_failure("front", now(), claim.disallowed, last_visit=claim.last_time)
            plan = self._due_with_host(claim, plan) if host == claim.host else plan
        elif listing and site.every.get(claim.kind) is not None:
            plan = self._plan_after_success(claim)
        else:
            plan = after_disallowed(claim.kind, now(), claim.disallowed + 1, watched=site.watched)
        await self._end(claim, VisitResult(plan, None, why, answered=False))

    async def host_in_trouble(self, host: str, why: str, wait: float | None) -> None:
        """Ask a host for nothing more in this crawl, and but for a probe until one is answered."""
        await self.context.do(partial(self.frontier.hosts.begin, host, why, now(), wait=wait))
        await self._stop_asking(host)

    async def _stop_asking(self, host: str) -> None:
        """Hand out nothing more of a host that is in trouble, or no page of it if its listings answer."""
        trouble = self.frontier.hosts.of(host)
        about = {"host": host, "why": trouble.trouble if trouble else None, "at": trouble.retry_at if trouble else None}
        logger.info("%(host)s: %(why)s, so it is left alone until %(at)s, and then asked for one URL", about)
        if trouble is not None and trouble.pages_only:
            self.dispatcher.set_pages_aside(host)
        else:
            self.dispatcher.close_host(host)

    def is_alone_in_asking(self, claim: Claim, status: int | None, host: str) -> bool:
        """Return True if a URL asks us to wait twice in a row, while its host has answered others: then it waits alone.

        One page or feed that always asks for a day must not make a day of each pause of its paper.
        """
        return claim.failed > 0 and claim.last_status == status and self.frontier.hosts.of(host) is None

    def _due_with_host(self, claim: Claim, plan: NextVisit) -> NextVisit:
        """Return the plan of a URL whose host is in trouble: it stays due, unless it is given up anyway."""
        return NextVisit("waiting", claim.due or now(), "due when its host answers") if plan.at else plan

    async def not_tried(self, claim: Claim) -> None:
        """Give a claim back: it waits for the next crawl as if it had not been claimed."""
        self._log("left for the next crawl: %(url)s", claim)
        await self.context.do(self.frontier.release, [claim])
        self.dispatcher.filed(claim)
