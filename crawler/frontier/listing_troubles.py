"""Note that a listing died or moved, and find the one that is read in its place."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from scrapy.http import Response

from crawler.frontier.listing_links import READER_OF_KIND, ListingLinks
from crawler.frontier.queue import GUESS
from crawler.frontier.queue_values import FrontierEntry, Validators
from crawler.frontier.visit_ending import VisitEnding
from crawler.frontier.watched_sites import WatchedSite
from crawler.schedule.revisit_policy import NextVisit
from pipelines.core.timestamps import now, parse, stamp
from pipelines.core.urls import fetchable, url_key
from pipelines.database import listings
from pipelines.database.frontier.replanning import make_listings_due
from pipelines.database.frontier.rows import Claim
from pipelines.database.listings import FEED_KINDS, ListingState

REDIRECT_CHAIN = "redirect_chain"  # key of a request's meta: the redirects that led to its URL
COMPARED_KINDS = ("feed", "news sitemap", "sitemap")  # only what differs from the last reading is queued
NO_VALIDATORS = Validators("", "")  # in place of those that a row has
IN_PLACE = "in place of"  # hint of a feed that is tried because another one is dead
MAX_FEEDS_TRIED = 12  # of those that a front page names, and of common places
NAMED_TRIED_AGAIN_AFTER = timedelta(hours=20)
COMMON_TRIED_AGAIN_AFTER = timedelta(days=7)
MOVED_AFTER = timedelta(days=7)  # of permanent redirects to the same address


class ListingTroubles(VisitEnding):
    """Replace feeds that died or moved. The methods without `async` run on the archive writer's thread."""

    async def seeks_feeds(self, claim: Claim) -> bool:
        """Return True if a feed of a front page's source is dead, and no other was found that carries its articles."""
        return claim.kind == "front" and bool(await self.context.do(self._dead_feeds, claim, brief=True))

    def _dead_feeds(self, claim: Claim) -> list[ListingState]:
        site = self.site(claim)
        if not site.watched or site.source_id is None:
            return []
        known = listings.of_source(self.frontier.db, site.source_id)
        ill = (state for state in known if state.trouble and state.kind in FEED_KINDS)
        return [state for state in ill if state.url_key in site.listings and not self._is_replaced(state)]

    async def misses_feeds(self, claim: Claim) -> bool:
        """Return True if a feed died while the front page of its source was read. It is read again once in a crawl."""
        return claim.source_id not in self._read_again and await self.seeks_feeds(claim)

    def _plan_for_feeds(self, claim: Claim) -> tuple[NextVisit, Validators]:
        """Plan to read a front page again, whole, because a feed died while it was read: it may name another."""
        self._read_again.add(claim.source_id)
        self.dispatcher.add_hosts([claim.host])
        return NextVisit("waiting", now(), "a feed of its source is dead"), NO_VALIDATORS

    async def try_feeds(self, claim: Claim, named: Collection[str], common: Collection[str]) -> None:
        """Try the feeds that a front page names, and common places, in place of a dead feed of its source."""
        hosts = await self.context.do(self._try_feeds, claim, named, common)
        self.dispatcher.add_hosts(hosts)

    def _try_feeds(self, claim: Claim, named: Collection[str], common: Collection[str]) -> set[str]:
        site, time = self.site(claim), now()
        hint = {GUESS: "1", IN_PLACE: "a dead feed"}
        hosts: set[str] = set()
        for urls, pause in ((named, NAMED_TRIED_AGAIN_AFTER), (common, COMMON_TRIED_AGAIN_AFTER)):
            wanted = [url for url in urls if url_key(url) not in site.listings][:MAX_FEEDS_TRIED]
            entries = [FrontierEntry(url, "feed", 1, claim.url, hint) for url in wanted]
            hosts |= self.frontier.add(entries, claim.source_id, time)[1]
            hosts |= self.frontier.try_again(entries, claim.source_id, time, time - pause)
        return hosts

    async def is_replaced(self, claim: Claim, why: str) -> bool:
        """Note that a listing is in trouble. Return True if another one is read in its place, so that nothing is lost.

        If a feed or news sitemap falls ill that has none, the front page is read now: it may name another.
        """
        site = self.site(claim)
        if not site.watched or claim.kind not in READER_OF_KIND:
            return False
        replaced, hosts = await self.context.do(self._note_trouble, claim, site, why)
        self.dispatcher.add_hosts(hosts)
        return bool(replaced)

    def _note_trouble(self, claim: Claim, site: WatchedSite, why: str) -> tuple[bool, set[str]]:
        db, key, time = self.frontier.db, url_key(claim.url), now()
        state = listings.listing(db, key) or ListingState(key, claim.url, claim.kind, site.source_id)
        if key not in site.listings and state.replaces is None:  # a link of another listing
            return False, set()
        listings.write(db, state._replace(trouble=why, since=state.since or stamp(time)))
        if self._is_replaced(state):
            return True, set()
        if claim.kind not in FEED_KINDS or state.trouble is not None:  # the front page was read when it fell ill
            return False, set()
        return False, make_listings_due(db, site.source_id, ("front",), time, unconditional=True)

    def _is_replaced(self, state: ListingState) -> bool:
        """Return True if another listing is read in place of this one."""
        other = listings.listing(self.frontier.db, url_key(state.moved_to)) if state.moved_to else None
        return other is not None and other.replaces == state.url_key and not other.trouble

    def _dead_that_is_replaced(self, claim: Claim, found: ListingLinks, new: int) -> ListingState | None:
        """Return the dead feed of its source whose articles this listing carries, the most of them; None: of none."""
        if self.site(claim).source_id is None or found.named <= new:  # it shows no known article
            return None
        db, rules = self.frontier.db, self.site(claim).rules
        dead = self._dead_feeds(claim)
        in_common = {
            state.url_key: found.in_common(listings.entries_at_last_reading(db, state.url_key, rules)) for state in dead
        }
        return max(dead, key=lambda state: in_common[state.url_key], default=None)

    def _replace(self, dead: ListingState, url: str, key: str, time: datetime) -> None:
        """Read a listing from now on in place of one that died."""
        listings.write(self.frontier.db, dead._replace(moved_to=url, moved_since=stamp(time)))
        self.frontier.add([FrontierEntry(url, "feed", 1, dead.url)], dead.source_id, time)  # it is no guess any more
        self.frontier.confirmed.add(key)

    def _note_redirect(
        self, state: ListingState, claim: Claim, target: str | None, time: datetime
    ) -> tuple[ListingState, list[str]]:
        """Note where permanent redirects lead. After a week of them, the listing has moved there: it is read there."""
        if target is None or claim.kind not in COMPARED_KINDS:
            is_redirect = state.moved_to is not None and not self._is_replaced(state)
            return (state._replace(moved_to=None, moved_since=None) if is_redirect else state), []
        if state.moved_to is None or url_key(state.moved_to) != url_key(target) or state.moved_since is None:
            return state._replace(moved_to=target, moved_since=stamp(time)), []
        moved_key = url_key(target)
        if time - parse(state.moved_since) < MOVED_AFTER or listings.listing(self.frontier.db, moved_key) is not None:
            return state, []
        if self.frontier.owners.is_foreign(target, claim.source_id):
            return state, []
        self.frontier.add([FrontierEntry(target, claim.kind, claim.depth + 1, claim.url)], claim.source_id, time)
        moved = ListingState(moved_key, target, claim.kind, claim.source_id, replaces=state.url_key)
        listings.write(self.frontier.db, moved)
        days = MOVED_AFTER.days
        return state, [f"has moved to {target} (a permanent redirect for {days} days), and is read there from now on"]


def moved_for_good(claim: Claim, response: Response) -> str | None:
    """Return where permanent redirects alone led (RFC 9110, 15.4.2 and 15.4.9); None if none or others did."""
    chain = response.meta.get(REDIRECT_CHAIN)
    target = fetchable(response.url)
    if chain is None or not chain.permanent or target is None or url_key(target) == url_key(claim.url):
        return None
    return target
