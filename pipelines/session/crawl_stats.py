"""Count by source what a crawl found, fetched and made of it: the numbers of the closing summary."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pipelines.core.items import QueuedParts
from pipelines.core.plural import counted, most_common_of
from pipelines.core.timestamps import fine_stamp
from pipelines.core.urls import url_key

TOO_MANY_PARTS = "capture.parts_per_page is reached"
PARTS_ELSEWHERE = "on another host (capture.part_hosts allows it)"
PARTS_REFUSED = "as before (asked for again after capture.parts_recheck)"
MAX_SITES_NAMED = 3  # of those on which the listings of a source name addresses
# The outcomes of a page, in the order in which the summary names them.
OUTCOMES = ("new", "edited", "unchanged", "duplicate", "instead", "nothing", "disallowed", "postponed", "failed")


@dataclass(slots=True)
class Trouble:
    """Count the failures of one source that have the same reason and make the exit code 1."""

    number: int = 0
    example: str = ""  # the first URL; empty where the whole source is meant
    cure: str = ""  # what the user can do about it, if that is always the same


@dataclass(slots=True)
class PageOutcome:
    """Hold what became of one page in this crawl."""

    outcome: str = ""  # a word of OUTCOMES
    reason: str = ""
    final_url: str | None = None  # after redirects
    status: int | None = None  # HTTP status of the answer
    captured: str | None = None  # time of its capture, UTC


@dataclass(slots=True)
class PartStats:
    """Count the parts of pages: style sheets, pictures, fonts."""

    fetched: int = 0
    bytes: int = 0  # of their bodies, decoded
    unchanged: int = 0  # asked for again, and answered 304
    known: int = 0  # that new or edited pages have, and that were not asked for: the archive has them, or they wait
    saved: int = 0  # bytes of the known ones, as they are stored
    left_out: Counter[str] = field(default_factory=Counter)  # by the reason
    ended: int = 0  # visits, whatever they brought

    def queued(self, parts: QueuedParts) -> None:
        """Count what became of the parts of a page or style sheet."""
        self.known += parts.known
        self.saved += parts.bytes
        self.left_out += Counter(
            {TOO_MANY_PARTS: parts.too_many, PARTS_ELSEWHERE: parts.other_hosts, PARTS_REFUSED: parts.refused}
        )


@dataclass(slots=True)
class SourceStats:
    """Hold the numbers of one source."""

    found: int = 0  # article URLs that were new to the frontier
    fetched: int = 0  # article pages that were answered
    listings: int = 0  # feeds, sitemaps, front and section pages that were read
    not_modified: int = 0  # of both: answered 304
    tried: int = 0  # common paths that nobody named, at which there is no listing
    outcomes: Counter[str] = field(default_factory=Counter)  # of article pages, words of OUTCOMES
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)  # (outcome, why)
    examples: dict[tuple[str, str], str] = field(default_factory=dict)  # (outcome, why) -> the first URL with it
    disallowed_pages: int = 0  # article pages that robots.txt disallowed
    still_disallowed: int = 0  # of them those that it disallowed before; they have no outcome in this crawl
    troubles: dict[str, Trouble] = field(default_factory=dict)  # why -> what the user has to see to
    problems: list[str] = field(default_factory=list)  # "URL: what was wrong" of listings that were read in part
    named: int = 0  # articles that its feeds, sitemaps and pages name, known ones too
    front_read: bool = False  # its front page was read
    by_shape: Counter[str] = field(default_factory=Counter)  # addresses left out of feeds and sitemaps, by the reason
    shape_examples: dict[str, str] = field(default_factory=dict)  # reason -> the first of them
    off_site: int = 0  # addresses that feeds and sitemaps named on sites which the source does not own
    off_sites: Counter[str] = field(default_factory=Counter)  # the most frequent of these sites
    silent_sites: dict[str, int] = field(default_factory=dict)  # site left alone -> its hosts that gave no answer
    parts: PartStats = field(default_factory=PartStats)  # of its pages
    limits: Counter[str] = field(default_factory=Counter)  # setting that was reached -> URLs left out or for later


def off_site_text(count: SourceStats) -> str:
    """Say how many addresses a source's listings name on other sites, and on which of them most."""
    return f"{counted(count.off_site, 'address')} on other sites ({sites_text(count.off_sites)})"


def sites_text(numbers: Counter[str]) -> str:
    """Return the most frequent sites of a source, with their numbers."""
    return most_common_of(numbers, MAX_SITES_NAMED)


class CrawlStats:
    """Hold the counts of one run, by source name. Not thread-safe: used on the event loop, but for two methods."""

    def __init__(self) -> None:
        self.by_source: dict[str, SourceStats] = defaultdict(SourceStats)
        self._ended: Counter[int] = Counter()  # pages by the number of commits before their visit ended
        self.parts_waiting = 0  # parts of pages that are left to later crawls
        self.revisits = 0  # responses whose body was in the archive already
        self.bytes_saved = 0  # of these bodies
        self.exchanges = 0  # with any server, also such as brought no answer
        self.answers = 0  # exchanges in which a server sent anything, whatever became of it
        self.bytes_kept = 0  # size of the records of all exchanges
        self.bytes_of_site: Counter[str] = Counter()  # the same by site (registrable domain)
        self.bytes_of_source: Counter[int | None] = Counter()  # and by the source for which it was fetched
        self.page_outcomes: dict[str, PageOutcome] | None = None  # by url_key; None: nobody asks for them

    def outcome(self, source: str, word: str, why: str = "", url: str = "") -> None:
        """Count the outcome of a page (a word of OUTCOMES), with the reason and the URL."""
        count = self.by_source[source]
        count.outcomes[word] += 1
        if self.page_outcomes is not None and url:
            page = self.page_outcomes.setdefault(url_key(url), PageOutcome())
            page.outcome, page.reason = word, why
        if why:
            count.reasons[word, why] += 1
            count.examples.setdefault((word, why), url)

    def listed(
        self, source: str, named: int, left_out: Iterable[tuple[str, int, str]] = (), *, front: bool = False
    ) -> None:
        """Count what one listing names: articles, and (reason, number, example) of addresses that are left out.

        `front`: the listing is the front page.
        """
        count = self.by_source[source]
        count.front_read |= front
        count.named += named
        for why, number, example in left_out:
            count.by_shape[why] += number
            count.shape_examples.setdefault(why, example)

    def left_out(self, source: str, number: int, sites: Mapping[str, int]) -> None:
        """Count addresses that a feed or sitemap of a source named on sites which the source does not own."""
        count = self.by_source[source]
        count.off_site += number
        count.off_sites.update(sites)

    def exchanged(self, *, answered: bool) -> None:
        """Count an exchange; `answered`: the server sent something."""
        self.exchanges += 1
        self.answers += answered

    def kept(self, site: str, source_id: int | None, length: int) -> None:
        """Count the record of an exchange with a host of a site, for a source."""
        self.bytes_kept += length
        self.bytes_of_site[site] += length
        self.bytes_of_source[source_id] += length

    def answered(self, url: str, final_url: str, status: int, captured: datetime | None) -> None:
        """Note where redirects of a page led to, and what was answered there."""
        if self.page_outcomes is not None:
            page = self.page_outcomes.setdefault(url_key(url), PageOutcome())
            page.final_url, page.status, page.captured = final_url, status, fine_stamp(captured) if captured else None

    def read_as_listing(self, url: str) -> None:
        """Note that a page was read for its links, because the archive knows it as a listing."""
        if self.page_outcomes is not None:
            page = self.page_outcomes.setdefault(url_key(url), PageOutcome())
            page.outcome, page.reason = "nothing", "a listing, which was read for its links"

    def trouble(self, source: str, why: str, url: str = "", cure: str = "") -> None:
        """Count a failure that the user has to see to: it makes the exit code 1."""
        trouble = self.by_source[source].troubles.setdefault(why, Trouble(example=url, cure=cure))
        trouble.number += 1

    def saved(self, length: int) -> None:
        """Count a response whose body of `length` bytes was not stored again. Called on the writer's thread only."""
        self.revisits += 1
        self.bytes_saved += length

    def ended(self, commits: int, pages: int) -> None:
        """Count pages whose visit was written after so many commits. Called on the writer's thread only."""
        self._ended[commits] += pages

    def lost(self, commits: int) -> int:
        """Return the number of counted pages whose visit did not end within the first so many commits."""
        return self.pages - sum(pages for before, pages in self._ended.items() if before < commits)

    @property
    def pages(self) -> int:
        """Number of articles and listings that were answered."""
        return sum(count.fetched + count.listings for count in self.by_source.values())

    def total(self, word: str) -> int:
        """Return the number of pages with this outcome."""
        return sum(count.outcomes[word] for count in self.by_source.values())

    def reasons(self) -> set[tuple[str, str]]:
        """Return every (outcome, why) that was counted."""
        return {reason for count in self.by_source.values() for reason in count.reasons}

    @property
    def listings(self) -> int:
        """Number of feeds, sitemaps, front and section pages that were read."""
        return sum(count.listings for count in self.by_source.values())

    @property
    def not_modified(self) -> int:
        return sum(count.not_modified for count in self.by_source.values())

    @property
    def fetched(self) -> int:
        return sum(count.fetched for count in self.by_source.values())

    @property
    def articles(self) -> int:
        """Number of pages that hold an article, new or known."""
        return sum(self.total(word) for word in ("new", "edited", "unchanged"))

    def as_dict(self) -> dict[str, dict[str, object]]:
        """Return plain values, for the column `counts` and for JSON."""
        return {
            source: {
                "found": count.found,
                "fetched": count.fetched,
                "listings": count.listings,
                "not_modified": count.not_modified,
                "tried": count.tried,
                **{word: count.outcomes[word] for word in OUTCOMES},
                "left_out": count.by_shape.total(),
                "why": {f"{word}: {why}": number for (word, why), number in sorted(count.reasons.items())},
                "trouble": {why: trouble.number for why, trouble in sorted(count.troubles.items())},
            }
            for source, count in self.by_source.items()
        }
