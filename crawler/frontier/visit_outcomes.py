"""End claims: every way in which a visit can end, and the ends of article pages.

Each ending is a method of VisitOutcomes, its own or inherited, so that no claim is ever forgotten.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace

from scrapy.http import Response

from crawler.frontier import queue_values
from crawler.frontier.failed_visits import FailedVisits
from crawler.frontier.listing_links import PAGE_LISTINGS, ListingLinks
from crawler.frontier.listing_troubles import REDIRECT_CHAIN
from crawler.frontier.queue_values import FrontierEntry, Validators, VisitResult
from crawler.frontier.visit_ending import SentPage
from crawler.schedule.article_ages import hides_edit, sooner_after_alternate
from crawler.schedule.failure_kinds import UNASKED_304
from crawler.schedule.revisit_policy import LISTING_KINDS, PAGE_KINDS, NextVisit, after_copy, after_failure
from crawler.schedule.stand_in_visits import after_no_article, names_same_page
from pipelines.core.items import Article, Capture, NothingToRead, PageState, Reading
from pipelines.core.timestamps import now, parse
from pipelines.core.urls import host_or_empty, site_of, url_key
from pipelines.database.edits.difference import ALTERNATE, NOISE_IN_WORDS
from pipelines.database.edits.story_identity import is_one_article
from pipelines.database.frontier import replanning
from pipelines.database.frontier.rows import Claim
from pipelines.database.stand_ins import ALWAYS_STANDS_IN, ANOTHER, CONSENT, FRONT, NO_TEXT, SECTION, landing
from pipelines.extraction.page.media import NOT_HTML
from pipelines.extraction.page.parse import TOO_LARGE

logger = logging.getLogger("morgue.frontier")

MAX_MESSAGE_BYTES = 50_000  # of an answer that is no page: a longer one is a document, and no error message
CONDITIONS = {b"If-None-Match", b"If-Modified-Since"}  # header fields of a conditional request (RFC 9110, 13.1)


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

    def page_sent(self, claim: Claim, response: Response, links: ListingLinks | None) -> None:
        """Remember the claim of a page that enters the item pipelines. `page_read` ends it, or `take_page`."""
        self._pages[claim.id] = SentPage(claim, response, links)

    def take_page(self, frontier_id: int) -> Claim | None:
        """Forget a page in the item pipelines and return its claim, which the caller must end."""
        sent = self._pages.pop(frontier_id, None)
        return sent.claim if sent is not None else None

    async def not_modified(self, claim: Claim, response: Response) -> None:
        """End the visit of a URL whose request was answered 304.

        Only a request with conditions may be (RFC 9110, 15.4.5): otherwise nothing is known to be unchanged.
        """
        if response.request is None or not CONDITIONS & response.request.headers.keys():
            await self.doubt(claim)
            await self.failed(claim, UNASKED_304, response.status, at=response.url)
            return
        site = self.site(claim)
        count = self.context.stats.by_source[site.name]
        count.not_modified += 1
        self._log("not modified since the last visit: %(url)s", claim, level=logging.DEBUG)
        is_tdmrep = claim.kind == "tdmrep"  # no listing, and no article
        count.tried += is_tdmrep
        if claim.kind not in LISTING_KINDS or claim.kind in PAGE_LISTINGS:
            await self.context.do(self.context.store.confirm_unchanged, claim.url, response.meta["capture"])
        if claim.kind in LISTING_KINDS:
            count.listings += not is_tdmrep
            self.context.stats.read_as_listing(claim.url)
        else:
            count.fetched += 1
            self.context.stats.outcome(site.name, "unchanged", url=claim.url)
        plan = self._plan_after_success(claim) if claim.kind in LISTING_KINDS else await self._plan_of_page(claim)
        plan, known = await self._noted(claim, plan, None), queue_values.validators(response)
        if await self.misses_feeds(claim):
            plan, known = self._plan_for_feeds(claim)
        visit = VisitResult(plan, response.status, validators=known)
        await self._end(claim, visit, pages=int(not is_tdmrep))

    async def page_read(self, reading: Reading) -> None:
        """End the visit of a page that went through the item pipelines; an article of it is stored already."""
        assert reading.page.frontier_id is not None
        claim, response, links = self._pages.pop(reading.page.frontier_id)
        if links is not None:
            await self._page_of_listing_read(claim, response, links, reading)
            return
        validators, site = queue_values.validators(response), self.site(claim)
        self.context.stats.by_source[site.name].fetched += 1
        error, broke_off, state, detour = None, False, reading.state, None
        if state is None and isinstance(reading.outcome, NothingToRead):
            state = await self._state_without_text(claim, reading)
        if state is not None:
            error, plan = state.kind, self.plan_after_stand_in(claim, state)
            self.context.stats.outcome(site.name, "instead", error, claim.url)
            about = {"why": error, "since": state.since, "plan": plan.why}
            self._log("not filed: %(url)s, %(why)s in the place of an article since %(since)s; %(plan)s", claim, about)
        elif isinstance(reading.outcome, NothingToRead):
            error = reading.outcome.reason
            self.context.stats.outcome(site.name, "nothing", error, claim.url)
            self._log("skipped %(url)s: nothing to read, %(why)s", claim, {"why": error})
            broke_off = error.startswith("extractor")
            plan = (
                self._plan_after_failure(claim)
                if broke_off
                else self._plan_after_nothing(claim, reading.page.capture, error)
            )
        else:
            why = NOISE_IN_WORDS[reading.noise] if reading.noise else ""
            self.context.stats.outcome(site.name, reading.change or "new", why, claim.url)
            filed = {"change": reading.change or "new", "article": reading.article_id, "was": reading.back_from}
            back = "; it is back, after: %(was)s" if reading.back_from else ""
            self._log("filed %(url)s: %(change)s, article %(article)s" + back, claim, filed)
            self._note_parts(claim, reading)
            if reading.change == "edited":
                await self._note_false_304(claim, reading, validators)
            if reading.moved_from is not None:
                own = url_key(reading.page.asked or reading.page.url)
                before = await self.context.do(replanning.continue_visits, self.frontier.db, reading.moved_from, own)
                first, last = before or (claim.first_visit, claim.last_visit)
                claim = replace(claim, first_visit=first, last_visit=last)
            detour = await self._detour_after(claim, reading, response)
            # The page that it led to for now has a life of its own.
            plan = await self._plan_of_page(replace(claim, first_visit=None, last_visit=None) if detour else claim)
            if reading.noise == ALTERNATE and self.site(claim).recheck:
                plan = sooner_after_alternate(plan, now())
            if reading.change == "duplicate" and not await self.context.do(self.context.store.is_article, claim.url):
                plan = after_copy(now(), claim.visits)
        status = reading.page.capture.status if reading.page.capture else None
        # Without validators: "not modified" would be the answer for a page that was never read.
        # The page of an alternate text is not the newest that is filed: a 304 would confirm the wrong one.
        is_missing = broke_off or state is not None or isinstance(reading.outcome, NothingToRead)
        known = Validators() if is_missing or reading.noise == ALTERNATE else validators
        visit = VisitResult(plan, status, error, answered=not broke_off, validators=known, detour=detour)
        # The address that was asked for is asked again, not the wall or error page that it redirects to.
        await self._end(claim, visit, None if is_missing else reading.page.url, pages=1)

    async def _page_of_listing_read(
        self, claim: Claim, response: Response, links: ListingLinks, reading: Reading
    ) -> None:
        """End the visit of a listing that was read as a page, too; it counts as an article if it is one."""
        is_article = isinstance(reading.outcome, Article) and reading.state is None
        await self.listing_read(claim, response, links, is_article=is_article)
        if isinstance(reading.outcome, NothingToRead):
            about = {"why": reading.outcome.reason}
            self._log("%(url)s was read as a page: no article, %(why)s", claim, about, level=logging.DEBUG)
            return
        self._note_parts(claim, reading)
        change, why = reading.change or "new", reading.state.kind if reading.state is not None else ""
        self.context.stats.outcome(self.site(claim).name, change, why, claim.url)
        filed = {"change": change, "article": reading.article_id}
        self._log("filed %(url)s, which lists articles as well: %(change)s, article %(article)s", claim, filed)

    def _note_parts(self, claim: Claim, reading: Reading) -> None:
        """Count the parts of a page that was filed, and let their hosts have their turn."""
        if reading.queued is not None:
            self.context.stats.by_source[self.site(claim).name].parts.queued(reading.queued)
            self.dispatcher.add_hosts(reading.queued.hosts)

    async def _state_without_text(self, claim: Claim, reading: Reading) -> PageState | None:
        """Note that there is nothing to read at the address of a known article, or that the page says what it is.

        Return None at other addresses: a page without text is no article.
        """
        assert isinstance(reading.outcome, NothingToRead)
        capture, store, reason = reading.page.capture, self.context.store, reading.outcome.reason
        if capture is None or reason.startswith("extractor"):
            return None
        kind = reason if reason in ALWAYS_STANDS_IN else NO_TEXT
        if landing(claim.url, reading.page.url) == CONSENT:
            kind = CONSENT
        if not await self.context.do(store.is_article, claim.url):
            if kind == NO_TEXT:
                return None
        elif landing(claim.url, reading.page.url) in (FRONT, SECTION):
            kind = FRONT
        return await self.context.do(store.note_state, claim.url, kind, capture, claim.source_id)

    def _plan_after_nothing(self, claim: Claim, capture: Capture | None, why: str) -> NextVisit:
        """Return the future of an address without an article. One that was listed as an article's is asked again."""
        length = (capture.body_length if capture is not None else None) or 0
        is_document = why == TOO_LARGE or (why == NOT_HTML and length > MAX_MESSAGE_BYTES)
        if claim.kind != "article" or is_document:
            return NextVisit("done", None, why)
        return after_no_article(why, now(), parse(claim.first_visit) if claim.first_visit else None)

    async def _detour_after(self, claim: Claim, reading: Reading, response: Response) -> NextVisit | None:
        """Return when an address is asked again from which redirects led to an article that was filed; None: never."""
        chain, url = response.meta.get(REDIRECT_CHAIN), reading.page.url
        canonical = reading.outcome.canonical_url if isinstance(reading.outcome, Article) else None
        if chain is None or chain.permanent or url_key(url) == url_key(claim.url) or reading.moved_from is not None:
            return None
        if canonical is not None and url_key(canonical) == url_key(claim.url):
            return None
        return await self._detour(claim, url, reading.page.capture)

    async def _detour(self, claim: Claim, target: str, capture: Capture | None) -> NextVisit | None:
        """Return when the address of an article is asked again that a temporary redirect leads to another page.

        Return None if it is an address of that page. A known article keeps its visits.
        """
        if claim.kind not in PAGE_KINDS or names_same_page(claim.url, target):
            return None
        store, keys = self.context.store, (url_key(claim.url), url_key(target))
        if capture is not None and await self.context.do(store.is_article, claim.url):
            if await self.context.do(is_one_article, store.db, *keys) and not await self.context.do(
                self.frontier.is_unread_page, target
            ):
                return None
            return self.plan_after_stand_in(
                claim, await self.context.do(store.note_state, claim.url, ANOTHER, capture, claim.source_id)
            )
        plan = self._plan_after_nothing(claim, None, "redirects")
        return plan if plan.at else None

    def _continue_at(self, claim: Claim, target: str) -> bool:
        """Let the article of a URL that redirects continue at the target. Return True if it does.

        Runs on the archive writer's thread.
        """
        unread = self.frontier.is_unread_page(target)
        continues = self.context.store.redirected(claim.url, target, unread=unread)
        if continues:
            replanning.continue_visits(self.frontier.db, url_key(claim.url), url_key(target))
            replanning.resume_visits(self.frontier.db, url_key(target), now(), unless_visited_since=self.frontier.began)
        return continues

    async def _note_false_304(self, claim: Claim, reading: Reading, validators: Validators) -> None:
        """Ask a host without validators for a while if an edit shows that it answers 304 to a page that changed.

        Either the changed page has the validators of the one before, or it says that it changed before a 304.
        """
        modified = reading.outcome.modified if isinstance(reading.outcome, Article) else None
        before, after = (claim.etag, claim.last_modified), (validators.etag, validators.last_modified)
        if not hides_edit(before, after, modified, claim.last_visit if claim.last_status == 304 else None):
            return
        await self.doubt(claim)

    async def redirected(
        self, claim: Claim, target: str, kind: str, capture: Capture | None, *, permanent: bool
    ) -> None:
        """End the visit of a URL that redirects to a page with a row of its own, and is now another name for it.

        The address of an article is asked again if a temporary redirect leads it to another page.

        A page of a site that other sources own is queued like any address, and filed under them. Nothing that was said
        of the URL is passed on to it. An article that redirects to a section page is gone. `capture`: of the redirect.
        """
        if capture is not None and await self._is_gone_to_listing(claim, target, capture):
            return
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
            continues = await self.context.do(self._continue_at, claim, target)
            detour = None if permanent or continues else await self._detour(claim, target, capture)
            plan = detour or plan
            self.dispatcher.add_hosts(hosts)
            if room.refused:  # the next crawl has room for it
                count.limits["addresses_per_source"] += 1
                plan = after_failure("feed", now())
        error = "redirects" if plan.at else None
        await self._end(claim, VisitResult(plan, error=error), pages=int(is_listing and not is_guess))

    async def _is_gone_to_listing(self, claim: Claim, target: str, capture: Capture) -> bool:
        """End the visit of a known article that redirects to a listing. Return False for any other address."""
        store = self.context.store
        known_as = await self.context.do(self.frontier.known_as, target)
        if claim.kind in LISTING_KINDS or known_as is None or known_as[0] not in LISTING_KINDS:
            return False
        if not await self.context.do(store.is_article, claim.url):
            return False
        state = await self.context.do(store.note_state, claim.url, FRONT, capture, claim.source_id)
        plan = self.plan_after_stand_in(claim, state)
        self.context.stats.outcome(self.site(claim).name, "instead", FRONT, claim.url)
        about = {"target": target, "plan": plan.why}
        self._log("gone: %(url)s redirects to %(target)s, which lists articles; %(plan)s", claim, about)
        await self._end(claim, VisitResult(plan, capture.status, FRONT), pages=1)
        return True
