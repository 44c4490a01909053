"""Write the end of a visit into the frontier and the counts: what every way in which a visit can end has in common."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from typing import Any

from scrapy.http import Response

from crawler.frontier.dispatcher import Dispatcher
from crawler.frontier.queue import (
    GUESS,
    Frontier,
    Validators,
    VisitResult,
)
from crawler.frontier.watched_sites import WatchedSite
from crawler.schedule.revisit_policy import NextVisit, after_success
from pipelines.core.timestamps import now, parse, stamp
from pipelines.core.urls import host_or_empty, site_or_none, url_key
from pipelines.database.frontier.rows import Claim
from pipelines.session.context import CrawlContext

logger = logging.getLogger("morgue.frontier")


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
        # Pages in the item pipelines, by frontier id. A response is kept for the count of bytes held (BodyBudget).
        self._pages: dict[int, tuple[Claim, Validators, Response]] = {}

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
        return self._plan_after_success(claim) if is_kept else NextVisit("done", None, "no such page")

    async def _end(self, claim: Claim, visit: VisitResult, final_url: str | None = None, pages: int = 0) -> None:
        """Write the result of a visit. `final_url`: where redirects led to; `pages`: how many were counted for it."""
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
