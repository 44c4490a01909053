"""End the visits of listings that were read: queue what they name, and plan their next readings."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from scrapy.http import Response

from crawler.frontier import queue_values
from crawler.frontier.entry_dates import dated, day_or_none
from crawler.frontier.listing_links import READER_OF_KIND, ListingLinks, packed_key, size_of, unpacked
from crawler.frontier.queue import GUESS
from crawler.frontier.queue_values import FrontierEntry, Validators, VisitResult
from crawler.frontier.visit_ending import VisitEnding
from crawler.frontier.watched_sites import WatchedSite
from crawler.schedule import listing_intervals
from crawler.schedule.listing_intervals import Rhythm
from crawler.schedule.revisit_policy import NextVisit
from pipelines.core.timestamps import now, parse, stamp
from pipelines.core.urls import fetchable, url_key
from pipelines.database import listings
from pipelines.database.frontier.forgetting import plan_dropped_sitemaps
from pipelines.database.frontier.replanning import make_listings_due
from pipelines.database.frontier.rows import Claim
from pipelines.database.listings import FEED_KINDS, ListingState

logger = logging.getLogger("morgue.frontier")

REDIRECT_CHAIN = "redirect_chain"  # key of a request's meta: the redirects that led to its URL
LINKS_PER_TASK = 250  # links written at once: a sitemap of 50,000 must not delay the records of other hosts
COMPARED_KINDS = ("feed", "news sitemap", "sitemap")  # only what differs from the last reading is queued
NO_VALIDATORS = Validators("", "")  # in place of those that a row has
FILLING_KINDS = ("front", "section", "sitemap")  # are read at once to fill the gap of a feed that was outrun
FILLED_AGAIN_AFTER = timedelta(hours=1)  # so that a feed of ever new addresses does not keep a source busy
IN_PLACE = "in place of"  # hint of a feed that is tried because another one is dead
MAX_FEEDS_TRIED = 12  # of those that a front page names, and of common places
NAMED_TRIED_AGAIN_AFTER = timedelta(hours=20)
COMMON_TRIED_AGAIN_AFTER = timedelta(days=7)
MOVED_AFTER = timedelta(days=7)  # of permanent redirects to the same address
LAST_READING_AFTER = timedelta(days=1)  # of a sitemap that its index dropped: the index may be cut off today
REPLACED_INTERVAL = timedelta(days=1)  # between two visits to a listing that another one replaces
NEW_LISTING_HOURS = {"feed": 1.0, "news sitemap": 1.0, "sitemap": 24.0}  # in which one article is expected
PAGE_HOURS, PAGE_HOURS_WITHOUT_FEED = 24.0, 1.0  # the same of front and section pages


@dataclass(frozen=True, slots=True)
class ListingReading:
    """Hold what one reading of a listing showed."""

    found: ListingLinks
    new: int  # articles that were not known
    digest: str | None  # of the payload
    capture_id: int | None
    whole: bool = True  # everything that it names is queued
    moved_to: str | None = None  # where permanent redirects led


class ListingVisits(VisitEnding):
    """End visits of feeds, sitemaps, front and section pages."""

    async def last_reading(self, claim: Claim) -> tuple[ListingState | None, bytes]:
        """Return what is known of a listing, and its packed entries if only what differs from them is of interest."""
        return await self.context.do(self._last_reading, claim, brief=True)

    def _last_reading(self, claim: Claim) -> tuple[ListingState | None, bytes]:
        key, site = url_key(claim.url), self.site(claim)
        if not site.watched:
            return None, b""
        is_compared = claim.kind in COMPARED_KINDS
        known = listings.entries_at_last_reading(self.frontier.db, key, site.rules) if is_compared else b""
        return listings.listing(self.frontier.db, key), known

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

    async def listing_read(self, claim: Claim, response: Response, found: ListingLinks) -> None:
        """End the visit of a feed, sitemap, front or section page that was read: queue its links."""
        site, time = self.site(claim), now()
        count = self.context.stats.by_source[site.name]
        self.context.stats.read_as_listing(claim.url)
        found_before, refused = count.found, Counter[str]()
        room_of_listing = self.dispatcher.used.of(claim.source_id).addresses_per_listing
        past = await self.past_rule(claim, found)
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
            if not await self.is_replaced(claim, problem):
                self.context.stats.trouble(site.name, problem, claim.url)
        elif problem and is_read:
            count.problems.append(f"{claim.url}: {problem}")
        new = count.found - found_before
        read = {"kind": claim.kind, "links": found.named or len(found.entries), "new": new, "problem": problem}
        read |= {"off_site": found.off_site}
        part = (", read in part: %(problem)s" if is_read else ", no listing: %(problem)s") if problem else ""
        part += ", entries on other sites: %(off_site)d" if found.off_site else ""
        self._log("read %(kind)s %(url)s (links: %(links)d, new articles: %(new)d)" + part, claim, read)
        # Without validators: "not modified" would be the answer to the next visit, and hide that it gives nothing.
        plan = self._plan_of_guess(claim) if no_listing else self._plan_after_success(claim)
        if is_read:
            capture, moved_to = response.meta.get("capture"), moved_for_good(claim, response)
            digest, capture_id = (capture.payload_digest, capture.id) if capture else (None, None)
            new += past.left if past is not None else 0
            plan = await self._noted(claim, plan, ListingReading(found, new, digest, capture_id, not refused, moved_to))
        known = queue_values.validators(response) if is_read or claim.kind == "tdmrep" else Validators()
        if is_read and self.hid_news(claim, found, new, known):
            await self.doubt(claim)
        if not found.sought_feeds and await self.misses_feeds(claim):
            plan, known = self._plan_for_feeds(claim)
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

    # What is learnt of a listing. The methods without `async` run on the archive writer's thread.

    async def _noted(self, claim: Claim, plan: NextVisit, reading: ListingReading | None) -> NextVisit:
        """Write down a reading, None if the listing had not changed. Return when the next one is due."""
        site = self.site(claim)
        if not site.watched or site.source_id is None or claim.kind not in READER_OF_KIND:
            return plan
        plan, hosts, said = await self.context.do(self._note, claim, site, plan, reading)
        self.dispatcher.add_hosts(hosts)
        for text in said:
            self.context.stats.by_source[site.name].problems.append(f"{claim.url}: {text}")
            self._log("%(url)s: %(said)s", claim, {"said": text}, logging.WARNING)
        return plan

    def _note(
        self, claim: Claim, site: WatchedSite, plan: NextVisit, reading: ListingReading | None
    ) -> tuple[NextVisit, set[str], list[str]]:
        """Return the plan of the next reading, hosts that have new work, and what the user is told."""
        db, key, time = self.frontier.db, url_key(claim.url), now()
        state = listings.listing(db, key) or ListingState(key, claim.url, claim.kind, site.source_id)
        known = listings.entries_at_last_reading(db, key, site.rules) if claim.kind in COMPARED_KINDS else b""
        had_trouble, said = state.trouble is not None, []
        if reading is not None and claim.hint.get(IN_PLACE) and self._is_guess(claim):
            dead = self._dead_that_is_replaced(claim, reading)
            if dead is None:
                return NextVisit("done", None, "carries no article of the listing that it could replace"), set(), []
            self._replace(dead, claim.url, key, time)
            state = state._replace(replaces=dead.url_key)
            said = [f"is read from now on in place of {dead.url} ({dead.trouble}): it carries the same articles"]
        bounds, since = site.adaptive.bounds, parse(state.last_read) if state.last_read else None
        new = reading.new if reading else 0
        entries = reading.found.named if reading else state.entries
        pins = 0
        if reading is not None and claim.kind == "feed":
            pins = listing_intervals.pinned([*unpacked(known)], [*unpacked(reading.found.packed)])
        outrun = reading is not None and listing_intervals.is_outrun(
            claim.kind, size_of(known), reading.found.named, reading.found.shared - pins, new
        )
        # Of a feed counts what it shows since its last reading, also if a front page was read before it: else the page
        # would be read ever more often and the feed ever less. Of an index, its new sitemaps count. If a feed was
        # outrun, as many were lost as were found, for want of a better guess.
        is_counted = reading is not None and bool(known) and (claim.kind in FEED_KINDS or reading.found.is_index)
        shown = reading.found.named - reading.found.shared if reading and is_counted else new
        counted_new = shown * (1 + outrun)
        rhythm = listing_intervals.after_reading(
            Rhythm.from_json(state.rhythm), since, time, counted_new, dated(reading.found.entries) if reading else ()
        )
        changed = reading is not None and (
            reading.found.differs_from(known) if claim.kind in COMPARED_KINDS else reading.digest != state.digest
        )
        state = state._replace(
            url=claim.url,
            kind=claim.kind,
            source_id=site.source_id,
            readings=state.readings + 1,
            entries=entries,
            new_entries=new,
            newest_entry=reading.found.newest_with(state.newest_entry) if reading else state.newest_entry,
            first_read=state.first_read or stamp(time),
            last_read=stamp(time),
            last_body=stamp(time) if reading else state.last_body,
            last_new=stamp(time) if new else state.last_new,
            last_change=stamp(time) if changed else state.last_change or stamp(time),
            rhythm=rhythm.to_json(),
            digest=reading.digest if reading else state.digest,
            trouble=None,
            since=None,
        )
        if had_trouble:  # what was read in its place stays: it costs little, for it brings nothing new
            state = state._replace(moved_to=None, moved_since=None)
        hosts: set[str] = set()
        if reading is not None:
            if new:
                filling_since = time - timedelta(hours=listings.FILLING_HOURS)
                listings.count_found_of_gaps(db, state, new, filling_since)
            if outrun and since is not None:
                hosts = self._fill_gap(state, since, time, reading.capture_id)
                kept = f"only {pins} that it keeps in place" if pins else "none"
                lost = f"was outrun: it has {kept} of the {size_of(known)} entries that it had at {stamp(since)}"
                said.append(f"{lost}, so articles may have been missed; the source's other listings are read")
            state, more = self._note_redirect(state, claim, reading.moved_to, time)
            said += more
            if claim.kind in COMPARED_KINDS and reading.whole and reading.found.named:
                listings.write_entries(db, key, site.rules, reading.found.packed)
                if reading.found.is_index:
                    named = unpacked(reading.found.packed)
                    plan_dropped_sitemaps(
                        db, claim.url, site.source_id, lambda url: packed_key(url) in named, time + LAST_READING_AFTER
                    )
        if claim.kind in site.adaptive.kinds and plan.state == "waiting":
            wait = self._interval(site, state, rhythm, time)
            if outrun:
                before = timedelta(seconds=state.interval) if state.interval else None
                wait = listing_intervals.after_outrun(wait, before, bounds)
            if state.moved_to and self._is_replaced(state):
                wait = max(wait, REPLACED_INTERVAL)
            state = state._replace(interval=wait.total_seconds())
            plan = NextVisit("waiting", time + wait, f"read again after {wait}, by the news that it brought")
        listings.write(db, state)
        return plan, hosts, said

    def _interval(self, site: WatchedSite, state: ListingState, rhythm: Rhythm, time: datetime) -> timedelta:
        """Return the time to the next reading of an adaptive listing, by its news."""
        last_change = parse(state.last_change) if state.last_change and state.readings > 1 else None
        faded = listing_intervals.faded_interval(state.kind, time, last_change, day_or_none(state.newest_entry))
        if faded is not None:
            return max(faded, site.adaptive.bounds.longest)
        hours = NEW_LISTING_HOURS.get(state.kind, PAGE_HOURS)
        if state.kind in ("front", "section") and site.source_id is not None and state.entries:
            of_source = listings.of_source(self.frontier.db, site.source_id)
            others = [one for one in of_source if one.url_key != state.url_key]
            if not any(one.kind in FEED_KINDS and one.readings and not one.trouble for one in others):
                hours = PAGE_HOURS_WITHOUT_FEED
                # The front page shows first what section pages and sitemaps bring, and what the feed did until it died.
                for one in others if state.kind == "front" else ():
                    rhythm += Rhythm.from_json(one.rhythm)
        entries = state.entries if state.kind in FEED_KINDS else None
        return listing_intervals.next_reading(rhythm, time, site.adaptive.bounds, entries=entries, prior_hours=hours)

    def _fill_gap(self, state: ListingState, since: datetime, time: datetime, capture_id: int | None) -> set[str]:
        """Note that a listing was outrun, and make the other listings of its source due. Return their hosts."""
        db, source_id = self.frontier.db, state.source_id
        filled = listings.has_gap(db, source_id, time - FILLED_AGAIN_AFTER)
        listings.add_gap(db, state, stamp(since), stamp(time), capture_id)
        return set() if filled else make_listings_due(db, source_id, FILLING_KINDS, time)

    # Listings that died or moved.

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

        If it is a feed or news sitemap without one, the front page is read now: it may name another.
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
        if claim.kind not in FEED_KINDS:
            return False, set()
        return False, make_listings_due(db, site.source_id, ("front",), time, unconditional=True)

    def _is_replaced(self, state: ListingState) -> bool:
        """Return True if another listing is read in place of this one."""
        other = listings.listing(self.frontier.db, url_key(state.moved_to)) if state.moved_to else None
        return other is not None and other.replaces == state.url_key and not other.trouble

    def _dead_that_is_replaced(self, claim: Claim, reading: ListingReading) -> ListingState | None:
        """Return the dead feed of its source whose articles this listing carries, the most of them; None: of none."""
        if self.site(claim).source_id is None or reading.found.named <= reading.new:  # it shows no known article
            return None
        db, rules = self.frontier.db, self.site(claim).rules
        dead = self._dead_feeds(claim)
        in_common = {
            state.url_key: reading.found.in_common(listings.entries_at_last_reading(db, state.url_key, rules))
            for state in dead
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
