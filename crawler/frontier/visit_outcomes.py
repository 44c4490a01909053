"""What a visit came to: every way in which a claimed URL ends, written into frontier and tally. One place, so that
nothing claimed is ever forgotten.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from scrapy.exceptions import DropItem
from scrapy.http import Response

from crawler.frontier.crawl_plan import WatchedSite
from crawler.frontier.dispatcher import Dispatcher
from crawler.frontier.queue import Claim, Frontier, FrontierEntry, Validators, VisitResult
from crawler.frontier.revisit_policy import LISTINGS, NextVisit, after_failure, after_success
from pipelines.core.items import Article, NothingToRead, Reading
from pipelines.core.timestamps import now, parse
from pipelines.core.urls import fetchable, url_key
from pipelines.session.context import CrawlContext

GONE = (404, 410)  # RFC 9110, 15.5.5 and 15.5.11
# What a single page may be like for good: counted and named, but no reason to wake anybody.
LASTING = ("too many redirects", "body too large", "body too large when decoded")

# No answer from the host at all: that says nothing about the page.
HOST_DOWN = ("host not found", "connection failed", "TLS failed", "address is not public")
SILENT = ("timed out", "connection lost")  # may be the page; this many in a row are the host
IN_A_ROW = 3
BATCH = 2000  # links written in one go: a sitemap of 50,000 must not hold up the records of other hosts for seconds


class VisitOutcomes:
    """Ends claims. Lives on the event loop; its rows are written by the keeper."""

    def __init__(
        self, context: CrawlContext, frontier: Frontier, dispatcher: Dispatcher, sites: Mapping[int | None, WatchedSite]
    ) -> None:
        self.context, self.frontier, self.dispatcher, self.sites = context, frontier, dispatcher, sites
        self._silence: Counter[str] = Counter()  # answers missed in a row, by host

    def site(self, claim: Claim) -> WatchedSite:
        """The site a claim belongs to."""
        return self.sites.get(claim.source_id) or self.sites[None]

    async def listing(self, claim: Claim, response: Response, found: list[FrontierEntry], problem: str | None) -> None:
        """A feed, sitemap, front or section page was read."""
        site, time = self.site(claim), now()
        count = self.context.stats.by_source[site.name]
        count.listings += claim.kind != "tdmrep"
        for start in range(0, len(found), BATCH):
            new, hosts = await self.context.do(self.frontier.add, found[start : start + BATCH], claim.source_id, time)
            count.found += new
            self.dispatcher.woken_by(hosts)
        if problem:
            count.problems.append(f"{claim.url}: {problem}")
        visit = VisitResult(self._next(claim), response.status, problem, validators=validators(response))
        landed = fetchable(response.url) if claim.kind == "section" else None
        await self._end(claim, visit, landed, pages=int(claim.kind != "tdmrep"))

    async def not_modified(self, claim: Claim, response: Response) -> None:
        """A conditional request was answered 304."""
        site = self.site(claim)
        count = self.context.stats.by_source[site.name]
        count.not_modified += 1
        if claim.kind in LISTINGS:
            count.listings += 1
        else:
            count.fetched += 1
            await self.context.do(self.context.store.confirm_unchanged, claim.url, response.meta["capture"].time)
            self.context.stats.outcome(site.name, "unchanged")
        await self._end(
            claim, VisitResult(self._next(claim), response.status, validators=validators(response)), pages=1
        )

    async def read(self, claim: Claim, reading: Reading, validators: Validators) -> None:
        """An article page was read and, if it holds an article, filed."""
        site = self.site(claim)
        self.context.stats.by_source[site.name].fetched += 1
        error, broke_off = None, False
        if isinstance(reading.outcome, NothingToRead):
            error = reading.outcome.reason
            self.context.stats.outcome(site.name, "nothing", error, claim.url)
            # A page without an article is not looked at again; unless reading it broke off, which may be our fault.
            broke_off = error.startswith("extractor")
            plan = after_failure(claim.kind, now(), claim.failures + 1) if broke_off else NextVisit("done", None, error)
        else:
            self.context.stats.outcome(site.name, reading.change or "new")
            plan = self._next(claim)
        status = reading.page.capture.status if reading.page.capture else None
        # Without validators: "not modified" would be the answer to a page that nobody has read.
        known = Validators() if broke_off else validators
        visit = VisitResult(plan, status, error, answered=not broke_off, validators=known)
        await self._end(claim, visit, None if broke_off else reading.page.url, pages=1)

    async def redirected(self, claim: Claim, target: str, kind: str) -> None:
        """The page is at a URL that has its own row; this one is another name for it."""
        if claim.kind in LISTINGS:
            self.context.stats.by_source[self.site(claim).name].listings += 1
        else:
            self.context.stats.outcome(self.site(claim).name, "duplicate")
        wanted = [FrontierEntry(target, kind, claim.depth, claim.url, claim.hint)]
        _new, hosts = await self.context.do(self.frontier.add, wanted, claim.source_id, now())
        await self.context.do(self.context.store.add_alias_of, target, claim.url)
        await self._end(claim, VisitResult(NextVisit("done", None, "redirects")), pages=int(claim.kind in LISTINGS))
        self.dispatcher.woken_by(hosts)

    async def failed(self, claim: Claim, why: str, status: int | None = None, wait: float | None = None) -> None:
        """No usable answer. `wait`: seconds after which the server wants to be asked again."""
        site = self.site(claim)
        guessed = bool(claim.hint.get("guess"))
        self._silence[claim.host] = self._silence[claim.host] + 1 if why in SILENT else 0
        if why in HOST_DOWN or self._silence[claim.host] >= IN_A_ROW:
            await self.unreachable(claim, why)
            return
        # A page of a site fails now and then, and is tried again; one that the user asked for by name is news.
        asked_for = claim.kind == "page" and status not in GONE and why not in LASTING
        if (claim.kind in LISTINGS and not guessed) or asked_for:
            self.context.stats.by_source[site.name].troubles += 1
        plan = after_failure(
            claim.kind, now(), claim.failures + 1, gone=status in GONE, retry_after=wait, watched=site.watched
        )
        if wait is not None:
            self.dispatcher.leave_alone(claim.host)
            await self.context.do(self.frontier.postpone, claim.host, plan.at or now())
            self.context.stats.outcome(site.name, "postponed", f"{why}, asked to wait {wait:.0f} s", claim.url)
        elif guessed:
            # A common path that we tried; that it is missing is no failure. What is reserved may be said one day.
            plan = self._next(claim) if claim.kind == "tdmrep" else NextVisit("done", None, "not there")
        else:
            self.context.stats.outcome(site.name, "failed", why, claim.url)
        await self._end(claim, VisitResult(plan, status, why, answered=False))

    async def unreachable(self, claim: Claim, why: str) -> None:
        """The host gives no answer: one URL is counted, the others wait as they are for the next crawl."""
        site = self.site(claim)
        if self.dispatcher.is_left_alone(claim.host):  # was in line behind the one that found out
            await self.left(claim)
            return
        self.dispatcher.leave_alone(claim.host)
        count = self.context.stats.by_source[site.name]
        count.troubles += 1
        self.context.stats.outcome(site.name, "failed", why, claim.url)
        kind = claim.kind if claim.kind in LISTINGS else "feed"  # an outage is no reason to give an article up
        plan = after_failure(kind, now(), 1, watched=site.watched or claim.kind not in LISTINGS)
        await self._end(claim, VisitResult(plan, None, why, answered=False))

    async def disallowed(self, claim: Claim, why: str, *, for_now: bool) -> None:
        """robots.txt says no; `for_now`: because it could not be had."""
        self.context.stats.outcome(self.site(claim).name, "disallowed", why, claim.url)
        if for_now:
            self.context.stats.by_source[self.site(claim).name].troubles += 1
            self.dispatcher.leave_alone(claim.host)
            plan = after_failure("front", now(), 1)  # never given up
        else:
            plan = NextVisit("disallowed", None, why) if claim.kind not in LISTINGS else self._next(claim)
        await self._end(claim, VisitResult(plan, None, why, answered=False))

    async def left(self, claim: Claim) -> None:
        """Nothing came of it: it waits for the next crawl as if it had not been claimed."""
        await self.context.do(self.frontier.release, [claim])
        self.dispatcher.filed(claim)

    def _next(self, claim: Claim) -> NextVisit:
        site, time = self.site(claim), now()
        first = parse(claim.first_visit) if claim.first_visit else time
        return after_success(claim.kind, time, first, site.every, site.recheck)

    async def _end(self, claim: Claim, visit: VisitResult, landed: str | None = None, pages: int = 0) -> None:
        """Write it down. `landed`: the URL that redirects led to, if any; `pages`: what the tally counted."""
        if visit.answered:
            self._silence[claim.host] = 0
        await self.context.do(self._write, claim, visit, landed, pages)
        self.dispatcher.filed(claim)

    def _write(self, claim: Claim, visit: VisitResult, landed: str | None, pages: int) -> None:
        if landed is not None and url_key(landed) != url_key(claim.url):
            self.frontier.landed(claim, landed, visit, now())
        else:
            self.frontier.visited(claim, visit, now())
        self.context.stats.ended(self.context.archive_writer.commits, pages)


class CloseVisit:
    """The last item pipeline: the frontier learns what became of the page; only articles go on to Scrapy's feeds."""

    def __init__(self, crawler: Any) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Any) -> CloseVisit:
        return cls(crawler)

    async def process_item(self, item: Reading) -> Article:
        spider = self.crawler.spider
        claim, validators = spider.open.pop(item.page.frontier_id)
        await spider.visits.read(claim, item, validators)
        if isinstance(item.outcome, NothingToRead):
            raise DropItem(item.outcome.reason, log_level="DEBUG")
        return item.outcome


def validators(response: Response) -> Validators:
    """What a later conditional request sends back."""
    return Validators(header(response, "ETag"), header(response, "Last-Modified"))


def header(response: Response, name: str) -> str | None:
    """A header's value as text, or None; latin-1, so that any bytes survive the way into a row and back."""
    value = response.headers.get(name)
    return value.decode("latin-1") if value else None
