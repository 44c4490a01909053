"""End the visits of listings that were read: queue what they name."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import timedelta

from scrapy.http import Response

from crawler.frontier import queue_values
from crawler.frontier.listing_links import ListingLinks
from crawler.frontier.queue_values import PastRule, Validators, VisitResult
from crawler.frontier.visit_ending import VisitEnding
from crawler.schedule.revisit_policy import NextVisit
from pipelines.core.timestamps import now
from pipelines.core.urls import fetchable
from pipelines.database.frontier.rows import Claim

logger = logging.getLogger("morgue.frontier")

LINKS_PER_TASK = 250  # links written at once: a sitemap of 50,000 must not delay the records of other hosts


class ListingVisits(VisitEnding):
    """End visits of feeds, sitemaps, front and section pages."""

    async def listing_read(self, claim: Claim, response: Response, found: ListingLinks) -> None:
        """End the visit of a feed, sitemap, front or section page that was read: queue its links."""
        site, time = self.site(claim), now()
        count = self.context.stats.by_source[site.name]
        self.context.stats.read_as_listing(claim.url)
        found_before, refused = count.found, Counter[str]()
        room_of_listing = self.dispatcher.used.of(claim.source_id).addresses_per_listing
        past = None
        if claim.kind == "sitemap" and site.new_within is not None:
            before = (time - timedelta(seconds=site.new_within)).date().isoformat()
            past = PastRule(before, undated=claim.visits == 0)
        for start in range(0, len(found.entries), LINKS_PER_TASK):
            some = found.entries[start : start + LINKS_PER_TASK]
            room = self.dispatcher.used.room(claim.source_id, room_of_listing)
            new, hosts = await self.context.do(self.frontier.add, some, claim.source_id, time, room, past)
            self.dispatcher.used.count_added(claim.source_id, room.added)
            room_of_listing -= room.added.total()
            refused += room.refused
            count.found += new
            self.dispatcher.add_hosts(hosts)
        if past is not None and past.left:
            count.limits["new_within"] += past.left
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
        read = {"kind": claim.kind, "links": len(found.entries), "new": count.found - found_before, "problem": problem}
        read |= {"off_site": found.off_site}
        part = (", read in part: %(problem)s" if is_read else ", no listing: %(problem)s") if problem else ""
        part += ", entries on other sites: %(off_site)d" if found.off_site else ""
        self._log("read %(kind)s %(url)s (links: %(links)d, new articles: %(new)d)" + part, claim, read)
        # Without validators: "not modified" would be the answer to the next visit, and hide that it gives nothing.
        plan = self._plan_of_guess(claim) if no_listing else self._plan_after_success(claim)
        known = queue_values.validators(response) if is_read or claim.kind == "tdmrep" else Validators()
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
