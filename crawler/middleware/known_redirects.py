"""Stop redirects to pages that the frontier knows, so that a page with many old addresses is visited once.

Redirects to an address that was taken down are stopped first: otherwise its text would be stored again.

Redirects to the site of another source are stopped, too: a source that has a thousand of them would otherwise use up
the requests that the other site gets. Such a page is queued, to be visited when that site has nothing of its own due.
This middleware is nearer the wire than `redirects`, which follows all other redirects.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from crawler.discovery.url_classifier import classify
from crawler.frontier.listing_troubles import REDIRECT_CHAIN
from crawler.frontier.queue import Frontier
from crawler.schedule.revisit_policy import PAGE_KINDS
from pipelines.core.items import PartRules
from pipelines.core.links import resolve_location
from pipelines.core.timestamps import now
from pipelines.core.urls import fetchable, same_site, url_key
from pipelines.database.frontier import parts
from pipelines.database.frontier.rows import PART, Claim
from pipelines.session.context import CrawlContext
from pipelines.takedown.register import taken_down_on
from pipelines.warc.http_message import PERMANENT_REDIRECTS, REDIRECTS

PART_RULES = "part_rules"  # key of the meta of a request for a part of a page: the PartRules of its source
UNDER_WAY = timedelta(hours=1)  # longer than a redirect is followed
FOLLOW_KNOWN = "follow_known_redirects"  # key of the meta of a request whose redirects are followed to known pages
CHECKED_KINDS = (*PAGE_KINDS, "section")  # feeds and sitemaps are few; they are followed wherever they moved


class RobotsRedirected(IgnoreRequest):
    """Report a robots.txt that redirects to the site of another source."""


class RedirectNotFollowed(IgnoreRequest):
    """Report a redirect to a URL that has, or is to have, its own row in the frontier; `kind` is that of the row.

    `permanent`: this redirect and those before it are (RFC 9110, 15.4.2 and 15.4.9).
    """

    def __init__(self, target: str, kind: str, *, permanent: bool) -> None:
        super().__init__(f"redirected to {target}, which is visited on its own")
        self.target, self.kind, self.permanent = target, kind, permanent


class RedirectTakenDown(IgnoreRequest):
    """Report a redirect to an address that was taken down; `reason` says when, in words that can be counted."""

    def __init__(self, day: str, target: str) -> None:
        self.reason = f"redirect to an address that was taken down on {day}"
        super().__init__(f"{self.reason}: {target}")


class PartRedirected(IgnoreRequest):
    """Report a redirect of a part of a page to a host from which no parts are fetched."""

    reason = "redirect to another host"


class PartKnown(IgnoreRequest):
    """Report a redirect of a part of a page to an address that is fetched as a part on its own."""

    def __init__(self, target: str, status: int) -> None:
        super().__init__(f"redirected to {target}, which is a part on its own")
        self.target, self.status = target, status


class KnownRedirectsMiddleware:
    """End a request that is redirected to a page known or taken down, or from a section page to an article."""

    def __init__(self, context: CrawlContext) -> None:
        self.context = context
        self._followed = set[str]()  # url_keys to which parts were led; their rows come with their answers

    @classmethod
    def from_crawler(cls, crawler: Any) -> KnownRedirectsMiddleware:
        return cls(CrawlContext.of(crawler))

    async def process_response(self, request: Request, response: Response) -> Response:
        location = response.headers.get(b"Location")
        if response.status not in REDIRECTS or not location:
            return response
        target = fetchable(resolve_location(location, request.url) or "")
        if target is None:
            return response
        claim: Claim | None = request.cb_kwargs.get("claim")
        frontier = self.context.part(Frontier)
        # Every hop of every request is asked about, also of an address that the user typed.
        if (day := await self.context.do(taken_down_on, frontier.db, target)) is not None:
            raise RedirectTakenDown(day, target)
        if claim is not None and claim.kind == PART:
            rules: PartRules | None = request.meta.get(PART_RULES)
            if rules is not None:
                await self._check_part(claim, target, rules, response.status)
            return response
        if request.meta.get(FOLLOW_KNOWN):
            return response
        if claim is None:
            if request.meta.get("kind") == "robots" and frontier.owners.is_foreign(
                target, request.meta.get("source_id")
            ):
                raise RobotsRedirected
            return response
        chain = request.meta.get(REDIRECT_CHAIN)
        permanent = response.status in PERMANENT_REDIRECTS and (chain is None or chain.permanent)
        if is_found(claim) and frontier.owners.is_foreign(target, claim.source_id):
            raise RedirectNotFollowed(target, claim.kind, permanent=permanent)
        if claim.kind not in CHECKED_KINDS:
            return response
        if claim.kind == "section" and classify(target) == "article" and same_site(target, claim.url):
            raise RedirectNotFollowed(target, "article", permanent=permanent)
        if await self.context.do(frontier.is_known, target, claim):
            raise RedirectNotFollowed(target, claim.kind, permanent=permanent)
        return response

    async def _check_part(self, claim: Claim, target: str, rules: PartRules, status: int) -> None:
        """Raise PartRedirected or PartKnown if a redirect of a part is not followed: one of many to a part is."""
        if not rules.allows(target):
            raise PartRedirected
        db, due_before = self.context.part(Frontier).db, now() - timedelta(seconds=rules.recheck_seconds)
        if await self.context.do(parts.is_known, db, claim.id, target, due_before):
            raise PartKnown(target, status)
        key = url_key(target)
        if key in self._followed:
            await self.context.do(parts.wait_for, db, claim.id, target, now() + UNDER_WAY)
            raise PartKnown(target, status)
        self._followed.add(key)


def is_found(claim: Claim) -> bool:
    """Return True for a URL that was found in a listing; False for one that the user named."""
    return claim.depth > 0 and claim.kind != "page" and claim.source_id is not None
