"""End claims: write every way in which a visit can end into the frontier and the counts.

All endings are in this one module, so that no claim is ever forgotten.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from typing import Any

from scrapy.exceptions import DropItem
from scrapy.http import Response

from crawler.frontier.crawl_plan import WatchedSite
from crawler.frontier.dispatcher import Dispatcher
from crawler.frontier.queue import GONE_STATUSES, Frontier, FrontierEntry, Validators, VisitResult
from crawler.frontier.revisit_policy import LISTING_KINDS, NextVisit, after_failure, after_success
from pipelines.core.items import Article, NothingToRead, Reading
from pipelines.core.timestamps import now, parse, stamp
from pipelines.core.urls import fetchable, url_key
from pipelines.database.frontier.rows import Claim
from pipelines.session.context import CrawlContext

logger = logging.getLogger("morgue.frontier")

# Failures that a single page may have for good: counted and named, but they do not change the exit code.
PERMANENT_REASONS = ("body too large", "body too large when decoded")
PERMANENT_BEGINNINGS = ("too many ", "redirect ")  # redirects, header lines, content codings, ...; loop, to no address
# There was no answer from the host at all, which says nothing about the page.
HOST_DOWN_REASONS = ("host not found", "connection failed", "TLS failed", "address is not public")
UNANSWERED_REASONS = ("timed out", "connection lost")  # the page may be the cause
MAX_UNANSWERED_IN_A_ROW = 3  # after so many of them the host is taken to be down
LINKS_PER_TASK = 2000  # links written at once: a sitemap of 50,000 must not delay the records of other hosts by seconds


class VisitOutcomes:
    """End the claims of one crawl. Lives on the event loop; the archive writer's thread writes the rows."""

    def __init__(
        self, context: CrawlContext, frontier: Frontier, dispatcher: Dispatcher, sites: Mapping[int | None, WatchedSite]
    ) -> None:
        self.context, self.frontier, self.dispatcher, self.sites = context, frontier, dispatcher, sites
        self._unanswered: Counter[str] = Counter()  # UNANSWERED_REASONS in a row, by host
        # Pages in the item pipelines, by frontier id. A response is kept for the count of bytes held (BodyBudget).
        self._pages: dict[int, tuple[Claim, Validators, Response]] = {}

    def site(self, claim: Claim) -> WatchedSite:
        """Return the site that a claim belongs to."""
        return self.sites.get(claim.source_id) or self.sites[None]

    def page_sent(self, claim: Claim, response: Response) -> None:
        """Remember the claim of a page that enters the item pipelines. `page_read` ends it, or `take_page`."""
        self._pages[claim.id] = claim, validators(response), response

    def take_page(self, frontier_id: int) -> Claim | None:
        """Forget a page in the item pipelines and return its claim, which the caller must end."""
        return self._pages.pop(frontier_id, (None,))[0]

    async def listing_read(
        self, claim: Claim, response: Response, links: list[FrontierEntry], problem: str | None
    ) -> None:
        """End the visit of a feed, sitemap, front or section page that was read: queue its links."""
        site, time = self.site(claim), now()
        count = self.context.stats.by_source[site.name]
        count.listings += claim.kind != "tdmrep"
        before = count.found
        for start in range(0, len(links), LINKS_PER_TASK):
            some = links[start : start + LINKS_PER_TASK]
            new, hosts = await self.context.do(self.frontier.add, some, claim.source_id, time)
            count.found += new
            self.dispatcher.add_hosts(hosts)
        if problem:
            count.problems.append(f"{claim.url}: {problem}")
        read = {"kind": claim.kind, "links": len(links), "new": count.found - before, "problem": problem}
        part = ", read in part: %(problem)s" if problem else ""
        self._log("read %(kind)s %(url)s (links: %(links)d, new articles: %(new)d)" + part, claim, read)
        visit = VisitResult(self._plan_after_success(claim), response.status, problem, validators=validators(response))
        final_url = fetchable(response.url) if claim.kind == "section" else None
        await self._end(claim, visit, final_url, pages=int(claim.kind != "tdmrep"))

    async def not_modified(self, claim: Claim, response: Response) -> None:
        """End the visit of a URL whose conditional request was answered 304."""
        site = self.site(claim)
        count = self.context.stats.by_source[site.name]
        count.not_modified += 1
        self._log("not modified since the last visit: %(url)s", claim, level=logging.DEBUG)
        if claim.kind in LISTING_KINDS:
            count.listings += 1
        else:
            count.fetched += 1
            await self.context.do(self.context.store.confirm_unchanged, claim.url, response.meta["capture"].time)
            self.context.stats.outcome(site.name, "unchanged")
        visit = VisitResult(self._plan_after_success(claim), response.status, validators=validators(response))
        await self._end(claim, visit, pages=1)

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
            plan = after_failure(claim.kind, now(), claim.failures + 1) if broke_off else NextVisit("done", None, error)
        else:
            self.context.stats.outcome(site.name, reading.change or "new")
            filed = {"change": reading.change or "new", "article": reading.article_id}
            self._log("filed %(url)s: %(change)s, article %(article)s", claim, filed)
            plan = self._plan_after_success(claim)
        status = reading.page.capture.status if reading.page.capture else None
        # Without validators: "not modified" would be the answer for a page that was never read.
        known = Validators() if broke_off else validators
        visit = VisitResult(plan, status, error, answered=not broke_off, validators=known)
        await self._end(claim, visit, None if broke_off else reading.page.url, pages=1)

    async def redirected(self, claim: Claim, target: str, kind: str) -> None:
        """End the visit of a URL that redirects to a page with a row of its own, and is now another name for it."""
        to = {"target": target}
        self._log("skipped %(url)s: it redirects to %(target)s, which is visited for itself", claim, to)
        if claim.kind in LISTING_KINDS:
            self.context.stats.by_source[self.site(claim).name].listings += 1
        else:
            self.context.stats.outcome(self.site(claim).name, "duplicate")
        entry = FrontierEntry(target, kind, claim.depth, claim.url, claim.hint)
        _new, hosts = await self.context.do(self.frontier.add, [entry], claim.source_id, now())
        await self.context.do(self.context.store.add_alias_of, target, claim.url)
        await self._end(
            claim, VisitResult(NextVisit("done", None, "redirects")), pages=int(claim.kind in LISTING_KINDS)
        )
        self.dispatcher.add_hosts(hosts)

    async def failed(self, claim: Claim, why: str, status: int | None = None, wait: float | None = None) -> None:
        """End a visit that brought no usable answer. `wait`: seconds that the server asks us to wait."""
        site = self.site(claim)
        guessed = bool(claim.hint.get("guess"))
        self._unanswered[claim.host] = self._unanswered[claim.host] + 1 if why in UNANSWERED_REASONS else 0
        if why in HOST_DOWN_REASONS or self._unanswered[claim.host] >= MAX_UNANSWERED_IN_A_ROW:
            await self.unreachable(claim, why)
            return
        # Some pages of a site always fail, and are tried again. A page that the user asked for by name is trouble.
        permanent = status in GONE_STATUSES or why in PERMANENT_REASONS or why.startswith(PERMANENT_BEGINNINGS)
        asked_for = claim.kind == "page" and not permanent
        if (claim.kind in LISTING_KINDS and not guessed) or asked_for:
            self.context.stats.by_source[site.name].troubles += 1
        plan = after_failure(
            claim.kind, now(), claim.failures + 1, gone=status in GONE_STATUSES, retry_after=wait, watched=site.watched
        )
        if wait is not None:
            self.dispatcher.close_host(claim.host)
            await self.context.do(self.frontier.postpone, claim.host, plan.at or now())
            self.context.stats.outcome(site.name, "postponed", f"{why}, asked to wait {wait:.0f} s", claim.url)
            about = {"why": why, "wait": wait}
            self._log("postponed %(url)s: %(why)s, its host asks to wait %(wait).0f s", claim, about)
        elif guessed:
            # A common path that we tried; that it is missing is no failure. A site may add its tdmrep.json one day.
            watched = claim.kind == "tdmrep"
            plan = self._plan_after_success(claim) if watched else NextVisit("done", None, "no such page")
            self._log("not there: %(url)s, a guess (%(why)s)", claim, {"why": why}, logging.DEBUG)
        else:
            self.context.stats.outcome(site.name, "failed", why, claim.url)
            self._log("failed %(url)s: %(why)s, %(plan)s", claim, {"why": why, "plan": plan.why})
        await self._end(claim, VisitResult(plan, status, why, answered=False))

    async def unreachable(self, claim: Claim, why: str) -> None:
        """End a visit whose host gives no answer. One URL is counted; the others wait for the next crawl."""
        site = self.site(claim)
        if self.dispatcher.is_closed(claim.host):  # it was in line after the URL that counted
            await self.not_tried(claim)
            return
        self._log("failed %(url)s: %(why)s, so its host is taken to be down", claim, {"why": why})
        self.dispatcher.close_host(claim.host)
        count = self.context.stats.by_source[site.name]
        count.troubles += 1
        self.context.stats.outcome(site.name, "failed", why, claim.url)
        kind = claim.kind if claim.kind in LISTING_KINDS else "feed"  # an outage is no reason to give up an article
        plan = after_failure(kind, now(), 1, watched=site.watched or claim.kind not in LISTING_KINDS)
        await self._end(claim, VisitResult(plan, None, why, answered=False))

    async def disallowed(self, claim: Claim, why: str, *, for_now: bool) -> None:
        """End a visit that robots.txt disallows; `for_now`: because robots.txt could not be fetched."""
        self._log("skipped %(url)s: disallowed, %(why)s", claim, {"why": why})
        self.context.stats.outcome(self.site(claim).name, "disallowed", why, claim.url)
        if for_now:
            self.context.stats.by_source[self.site(claim).name].troubles += 1
            self.dispatcher.close_host(claim.host)
            plan = after_failure("front", now(), 1)  # never given up
        elif claim.kind in LISTING_KINDS:
            plan = self._plan_after_success(claim)
        else:
            plan = NextVisit("disallowed", None, why)
        await self._end(claim, VisitResult(plan, None, why, answered=False))

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

    async def _end(self, claim: Claim, visit: VisitResult, final_url: str | None = None, pages: int = 0) -> None:
        """Write the result of a visit. `final_url`: where redirects led to; `pages`: how many were counted for it."""
        if visit.answered:
            self._unanswered[claim.host] = 0
        plan = {"state": visit.plan.state, "next": visit.plan.at and stamp(visit.plan.at), "why": visit.plan.why}
        at = ", next visit %(next)s" if visit.plan.at else ""
        self._log("%(url)s: %(state)s (%(why)s)" + at, claim, plan, logging.DEBUG)
        await self.context.do(self._write, claim, visit, final_url, pages)
        self.dispatcher.filed(claim)

    def _write(self, claim: Claim, visit: VisitResult, final_url: str | None, pages: int) -> None:
        """Write the result of a visit. Runs on the archive writer's thread."""
        if final_url is not None and url_key(final_url) != url_key(claim.url):
            self.frontier.landed(claim, final_url, visit, now())
        else:
            self.frontier.visited(claim, visit, now())
        self.context.stats.ended(self.context.archive_writer.commits, pages)


class CloseVisit:
    """End the visit of a page, as the last item pipeline. Only articles go on to Scrapy's feeds."""

    def __init__(self, context: CrawlContext) -> None:
        self.context = context

    @classmethod
    def from_crawler(cls, crawler: Any) -> CloseVisit:
        return cls(CrawlContext.of(crawler))

    async def process_item(self, item: Reading) -> Article:
        await self.context.part(VisitOutcomes).page_read(item)
        if isinstance(item.outcome, NothingToRead):
            raise DropItem(item.outcome.reason, log_level="DEBUG")
        return item.outcome


def validators(response: Response) -> Validators:
    """Return what a later conditional request sends back."""
    return Validators(header(response, "ETag"), header(response, "Last-Modified"))


def header(response: Response, name: str) -> str | None:
    """Return a header's value as text, or None. Latin-1, so that any bytes survive the way into a row and back."""
    value = response.headers.get(name)
    return value.decode("latin-1") if value else None
