"""End the visits of parts: what was fetched is kept, what a style sheet names is queued, failures are counted."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from functools import partial

from scrapy.http import Response

from crawler.frontier.queue_values import Validators, VisitResult, header, validators
from crawler.frontier.visit_outcomes import CONDITIONS, VisitOutcomes
from crawler.middleware.failure_reasons import reason_of
from crawler.middleware.known_redirects import PartKnown
from crawler.middleware.robots import DisallowedByRobots
from crawler.parts.part_requests import NAMES, STYLE, is_of_type, kind_of, rules_of_part
from crawler.schedule.failure_kinds import HOST_DOWN_REASONS, UNASKED_304, is_permanent
from crawler.schedule.revisit_policy import NextVisit
from pipelines.core.items import PartList, PartRules, QueuedParts
from pipelines.core.media_types import media_type
from pipelines.core.timestamps import now
from pipelines.core.urls import host_or_empty, url_key
from pipelines.core.worker_pool import WorkerFailure
from pipelines.database.frontier import parts
from pipelines.database.frontier.rows import BY_ROBOTS, IDLE, Claim
from pipelines.extraction.entry import sheet_parts
from pipelines.session.crawl_stats import PartStats
from pipelines.takedown.register import taken_down_on
from pipelines.warc.http_message import REDIRECTS

logger = logging.getLogger("morgue.parts")

MAX_SHEET_DEPTH = 3  # style sheets that import each other
MAX_FAILURES = 3  # visits in a row without an answer; after that a part is given up
PAUSE = timedelta(days=1)  # after the first of them; it doubles
FETCHED = NextVisit("done", None, "fetched")


class PartVisits:
    """End the claims of parts of one crawl. Lives on the event loop; the archive writer's thread writes the rows."""

    def __init__(self, visits: VisitOutcomes) -> None:
        self.visits, self.context = visits, visits.context
        self.frontier, self.dispatcher = visits.frontier, visits.dispatcher

    def stats(self, claim: Claim) -> PartStats:
        """Return the counts of the source that a part is fetched for."""
        return self.context.stats.by_source[self.visits.site(claim).name].parts

    async def is_taken_down(self, claim: Claim) -> bool:
        """Return True if a takedown keeps us from a part, whose visit is ended then: it may be one of a whole host."""
        day = await self.context.do(taken_down_on, self.frontier.db, claim.url)
        if day is None:
            return False
        self.dispatcher.fetched(claim, requested=False)
        await self._leave_out(claim, f"taken down on {day}", None)
        return True

    async def answered(self, claim: Claim, response: Response) -> None:
        """End the visit of a part that was answered."""
        status, count = response.status, self.stats(claim)
        if status == 304:
            # Only a request with conditions may be answered so (RFC 9110, 15.4.5).
            if response.request is None or not CONDITIONS & response.request.headers.keys():
                await self._unanswered(claim, UNASKED_304, status)
                return
            count.unchanged += 1
            sheet = PartList() if kind_of(claim) == STYLE else None  # what it names is what it named before
            await self._end(claim, VisitResult(FETCHED, status, validators=validators(response)), found=sheet)
            return
        if not 200 <= status < 300:
            wait, host = response.meta.get("retry_after"), host_or_empty(response.url)
            if wait is not None and not self.visits.is_alone_in_asking(claim, status, host):
                await self.visits.host_in_trouble(host, f"HTTP {status}", wait)
            await self._unanswered(claim, f"HTTP {status}", status)
            return
        kind, mime = kind_of(claim), media_type(header(response, "Content-Type"))
        if not is_of_type(kind, mime, response.body):
            await self._leave_out(claim, f"{mime or 'no media type'} in the place of {NAMES[kind]}", status)
            return
        count.fetched += 1
        count.bytes += len(response.body)
        found = await self._parts_of_sheet(claim, response) if kind == STYLE else None
        await self._end(claim, VisitResult(FETCHED, status, validators=validators(response)), response.url, found)

    async def failed(self, claim: Claim, error: BaseException, at: str) -> None:
        """End the visit of a part that brought no answer. `at`: the URL that failed, if redirects led there."""
        host, wait = host_or_empty(at), None
        if isinstance(error, PartKnown):
            self.stats(claim).known += 1
            await self._end(claim, VisitResult(FETCHED, error.status), error.target)
            return
        if not isinstance(error, DisallowedByRobots):
            why, is_down = reason_of(error), reason_of(error) in HOST_DOWN_REASONS
        elif error.unreachable is not None:
            why, is_down = error.unreachable, error.unreachable in HOST_DOWN_REASONS
        elif error.for_now:
            why, wait, is_down = error.why, error.wait, True
        else:
            await self._leave_out(claim, BY_ROBOTS, None)
            return
        if is_down:
            await self.visits.host_in_trouble(host, why, wait)
        await self._unanswered(claim, why)

    async def _unanswered(self, claim: Claim, why: str, status: int | None = None) -> None:
        """End a visit without a usable answer: it is made again later if the reason may pass."""
        may_pass = not is_permanent(why) and (status in (None, 304, 408, 429) or status >= 500)
        if not may_pass or claim.failed + 1 >= MAX_FAILURES:
            await self._leave_out(claim, why, status)
            return
        self.stats(claim).left_out[why] += 1
        at = now() + PAUSE * 2**claim.failed
        await self._end(claim, VisitResult(NextVisit(IDLE, at, why), status, why, answered=False))

    async def _leave_out(self, claim: Claim, why: str, status: int | None) -> None:
        """End a visit for good, until a later page has the part."""
        self.stats(claim).left_out[why] += 1
        await self._end(claim, VisitResult(NextVisit("done", None, why), status, why, answered=status is not None))

    async def _parts_of_sheet(self, claim: Claim, response: Response) -> PartList | None:
        """Return the parts of a style sheet, read in a worker process, because it comes from strangers."""
        rules = self._rules(claim)
        if rules is None:
            return None
        body, content_type = response.body, header(response, "Content-Type")
        try:
            found: PartList = await self.context.read(
                claim.source_id, len(body), sheet_parts, body, content_type, response.url, rules
            )
        except WorkerFailure as failure:
            self.stats(claim).left_out[f"reading a style sheet {failure.reason}"] += 1
            return None
        return found

    def _rules(self, claim: Claim) -> PartRules | None:
        """Return the rules by which parts of a style sheet are fetched."""
        rules = rules_of_part(self.visits.site(claim), claim)
        return replace(rules, sheets=claim.depth < MAX_SHEET_DEPTH) if rules is not None else None

    async def _end(
        self, claim: Claim, visit: VisitResult, final_url: str | None = None, found: PartList | None = None
    ) -> None:
        """Write the result of a visit, and queue what a style sheet names."""
        about = {"url": claim.url, "kind": kind_of(claim), "why": visit.plan.why, "host": claim.host}
        logger.debug("part %(url)s (%(kind)s): %(why)s", about)
        is_over, queued = await self.context.do(partial(self._write, claim, visit, final_url, found))
        self.stats(claim).ended += 1
        if found is not None:
            self.stats(claim).queued(queued)
        if is_over:
            self.dispatcher.open_host(claim.host)
        self.dispatcher.add_hosts(queued.hosts)
        self.dispatcher.filed(claim)

    def _write(
        self, claim: Claim, visit: VisitResult, final_url: str | None, found: PartList | None
    ) -> tuple[bool, QueuedParts]:
        """Write the result of a visit. Return if it ends a trouble of its host, and what became of the parts.

        Runs on the archive writer's thread, as one task: no crash comes between.
        """
        db, time, queued, row_id = self.frontier.db, now(), QueuedParts(), claim.id
        is_over = visit.answered and self.frontier.hosts.answered(claim.host, time, is_page=False)
        moved = final_url is not None and url_key(final_url) != url_key(claim.url)
        self.frontier.visited(claim, visit if not moved else _without_validators(visit), time)
        if moved and final_url is not None:
            # A visit whose status is that of a redirect ended at a part that has its own visits.
            follow = parts.redirected if visit.status in REDIRECTS else parts.landed
            row_id = follow(db, claim.id, final_url, time)
        rules = self._rules(claim)
        if found is not None and rules is not None:
            named = found.parts if visit.status != 304 else parts.named_by(db, row_id)
            queued = parts.want(
                db, row_id, named, rules, claim.source_id, parts.priority_of_row(db, claim.id), claim.depth + 1,
                time, found_on=final_url or claim.url,
            )  # fmt: skip
            queued = queued._replace(too_many=found.too_many, other_hosts=found.other_hosts)
        return is_over, queued


def _without_validators(visit: VisitResult) -> VisitResult:
    """Return a visit without validators: those of its answer belong to the address that redirects led to."""
    return replace(visit, validators=Validators())
