"""End claims: every way in which a visit can end, and the ends of article pages.

Each ending is a method of VisitOutcomes, its own or inherited, so that no claim is ever forgotten.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from scrapy.http import Response

from crawler.frontier import queue
from crawler.frontier.failed_visits import FailedVisits
from crawler.frontier.queue import (
    FrontierEntry,
    Validators,
    VisitResult,
)
from crawler.schedule.revisit_policy import LISTING_KINDS, NextVisit, after_failure
from pipelines.core.items import NothingToRead, Reading
from pipelines.core.timestamps import now
from pipelines.core.urls import host_or_empty, site_of
from pipelines.database.frontier.rows import Claim

logger = logging.getLogger("morgue.frontier")


class VisitOutcomes(FailedVisits):
    """End the claims of one crawl."""

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
        plan = await self._noted(claim, self._plan_after_success(claim), None)
        known = queue.validators(response)
        if await self.misses_feeds(claim):
            plan, known = self._plan_for_feeds(claim)
        visit = VisitResult(plan, response.status, validators=known)
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
