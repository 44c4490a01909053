"""End the visits of listings that were read: queue what they name, and plan their next readings."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from scrapy.http import Response

from crawler.frontier import queue_values
from crawler.frontier.entry_dates import dated, day_or_none
from crawler.frontier.listing_links import PAGE_LISTINGS, READER_OF_KIND, ListingLinks, packed_key, size_of, unpacked
from crawler.frontier.listing_troubles import COMPARED_KINDS, IN_PLACE, ListingTroubles, moved_for_good
from crawler.frontier.queue_values import Validators, VisitResult
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

LINKS_PER_TASK = 250  # links written at once: a sitemap of 50,000 must not delay the records of other hosts
FILLING_KINDS = ("front", "section", "sitemap")  # are read at once to fill the gap of a feed that was outrun
FILLED_AGAIN_AFTER = timedelta(hours=1)  # so that a feed of ever new addresses does not keep a source busy
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


class ListingVisits(ListingTroubles):
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

    async def listing_read(
        self, claim: Claim, response: Response, found: ListingLinks, *, is_article: bool = False
    ) -> None:
        """End the visit of a feed, sitemap, front or section page that was read: queue its links.

        `is_article`: it is an article as well, which was filed; so it is of use even if it lists nothing.
        """
        site, time = self.site(claim), now()
        count = self.context.stats.by_source[site.name]
        self.context.stats.read_as_listing(claim.url)
        if found.unchanged and claim.kind in PAGE_LISTINGS and response.meta.get("capture") is not None:
            await self.context.do(self.context.store.confirm_unchanged, claim.url, response.meta["capture"])
        found_before, refused = count.found, Counter[str]()
        room_of_listing = self.dispatcher.used.of(claim.source_id).addresses_per_listing
        past = await self.past_rule(claim, found)
        for start in range(0, len(found.entries), LINKS_PER_TASK):
            some = found.entries[start : start + LINKS_PER_TASK]
            room = self.dispatcher.used.room(claim.source_id, room_of_listing)
            new, hosts = await self.context.do(self.frontier.add, some, claim.source_id, time, room, past, site.recheck)
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
        useless = empty and not is_article and site.relies_on(claim.url, well_formed=problem is None)
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
        if useless and found.problem is not None:  # an empty one may be filled within the hour
            plan = self._plan_after_failure(claim)
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
            dead = self._dead_that_is_replaced(claim, reading.found, reading.new)
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
        if is_counted and claim.kind in FEED_KINDS and since is not None and shown > new:
            self._take_from_pages(state, shown - new)
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

    def _take_from_pages(self, feed: ListingState, number: int) -> None:
        """Take so many articles, which a feed shows now, from the rhythms of the pages that showed them before it did.

        The feed brings them in any case: the pages of its source are read for what it lacks.
        """
        known = listings.of_source(self.frontier.db, feed.source_id) if feed.source_id is not None else []
        for page in known:
            since_then = (page.last_read or "") >= (feed.last_read or "")
            if page.kind in ("front", "section") and page.new_entries and since_then:
                taken = min(page.new_entries, number)
                rhythm = Rhythm.from_json(page.rhythm).without(taken).to_json()
                listings.write(self.frontier.db, page._replace(rhythm=rhythm, new_entries=page.new_entries - taken))
                number -= taken

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
                if state.kind == "front":  # it shows first what section pages and sitemaps bring
                    for one in others:
                        rhythm += Rhythm() if one.kind in FEED_KINDS else Rhythm.from_json(one.rhythm)
                    dead = [Rhythm.from_json(one.rhythm) for one in others if one.kind in FEED_KINDS]
                    rhythm = max([rhythm, *dead], key=Rhythm.an_hour)  # a feed counted all that, until it died
        entries = state.entries if state.kind in FEED_KINDS else None
        return listing_intervals.next_reading(rhythm, time, site.adaptive.bounds, entries=entries, prior_hours=hours)

    def _fill_gap(self, state: ListingState, since: datetime, time: datetime, capture_id: int | None) -> set[str]:
        """Note that a listing was outrun, and make the other listings of its source due. Return their hosts."""
        db, source_id = self.frontier.db, state.source_id
        filled = listings.gaps(db, source_id, time - FILLED_AGAIN_AFTER)
        listings.add_gap(db, state, stamp(since), stamp(time), capture_id)
        return set() if filled else make_listings_due(db, source_id, FILLING_KINDS, time)
