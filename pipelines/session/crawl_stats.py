"""Count by source what a crawl found, fetched and made of it: the numbers of the closing summary."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

# The outcomes of a page, in the order in which the summary names them.
OUTCOMES = ("new", "edited", "unchanged", "duplicate", "nothing", "disallowed", "postponed", "failed")


@dataclass(slots=True)
class SourceStats:
    """Hold the numbers of one source."""

    found: int = 0  # article URLs that were new to the frontier
    fetched: int = 0  # article pages that were answered
    listings: int = 0  # feeds, sitemaps, front and section pages that were read
    not_modified: int = 0  # of both: answered 304
    answered: int = 0  # exchanges of any kind that a server answered
    outcomes: Counter[str] = field(default_factory=Counter)  # of article pages, words of OUTCOMES
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)  # (outcome, why)
    examples: dict[tuple[str, str], str] = field(default_factory=dict)  # (outcome, why) -> the first URL with it
    troubles: int = 0  # failures that the user should know of: not a page that is simply gone
    problems: list[str] = field(default_factory=list)  # feeds and sitemaps that could only be read in part
    off_site: int = 0  # addresses that feeds and sitemaps named on sites which the source does not own
    off_sites: Counter[str] = field(default_factory=Counter)  # the most frequent of these sites
    silent_sites: dict[str, int] = field(default_factory=dict)  # site left alone -> its hosts that gave no answer
    limits: Counter[str] = field(default_factory=Counter)  # setting that was reached -> URLs left out or for later


class CrawlStats:
    """Hold the counts of one run, by source name. Not thread-safe: used on the event loop, but for two methods."""

    def __init__(self) -> None:
        self.by_source: dict[str, SourceStats] = defaultdict(SourceStats)
        self._ended: Counter[int] = Counter()  # pages by the number of commits before their visit ended
        self.revisits = 0  # responses whose body was in the archive already
        self.bytes_saved = 0  # of these bodies
        self.bytes_kept = 0  # size of the records of all exchanges
        self.bytes_of_site: Counter[str] = Counter()  # the same by site (registrable domain)
        self.bytes_of_source: Counter[int | None] = Counter()  # and by the source for which it was fetched

    def outcome(self, source: str, word: str, why: str = "", url: str = "") -> None:
        """Count the outcome of a page (a word of OUTCOMES), with the reason and the URL."""
        count = self.by_source[source]
        count.outcomes[word] += 1
        if why:
            count.reasons[word, why] += 1
            count.examples.setdefault((word, why), url)

    def left_out(self, source: str, number: int, sites: Mapping[str, int]) -> None:
        """Count addresses that a feed or sitemap of a source named on sites which the source does not own."""
        count = self.by_source[source]
        count.off_site += number
        count.off_sites.update(sites)

    def kept(self, site: str, source_id: int | None, length: int) -> None:
        """Count the record of an exchange with a host of a site, for a source."""
        self.bytes_kept += length
        self.bytes_of_site[site] += length
        self.bytes_of_source[source_id] += length

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
                **{word: count.outcomes[word] for word in OUTCOMES},
                "why": {f"{word}: {why}": number for (word, why), number in sorted(count.reasons.items())},
            }
            for source, count in self.by_source.items()
        }
