"""What a crawl found, fetched and made of it, counted by source: the numbers of the closing summary."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

# What can become of a page, in the order in which the summary names them.
OUTCOMES = ("new", "edited", "unchanged", "duplicate", "nothing", "disallowed", "postponed", "failed")


@dataclass(slots=True)
class SourceStats:
    """The numbers of one source."""

    found: int = 0  # article URLs that were new to the frontier
    fetched: int = 0  # article pages that were answered
    listings: int = 0  # feeds, sitemaps, front and section pages that were read
    not_modified: int = 0  # of both: a conditional request was answered 304
    answered: int = 0  # exchanges of any kind that a server answered
    outcomes: Counter[str] = field(default_factory=Counter)  # of article pages, words of OUTCOMES
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)  # (outcome, why)
    examples: dict[tuple[str, str], str] = field(default_factory=dict)  # (outcome, why) -> the first URL it befell
    troubles: int = 0  # failures that somebody should know of: not a page that is simply gone
    problems: list[str] = field(default_factory=list)  # feeds and sitemaps that could only be read in part


class CrawlStats:
    """Counts of one run, by source name. Not thread-safe: it lives on the event loop."""

    def __init__(self) -> None:
        self.by_source: dict[str, SourceStats] = defaultdict(SourceStats)
        self._ended: Counter[int] = Counter()  # pages by the number of commits that there had been when a visit ended
        self.revisits = self.bytes_saved = 0  # answers whose body was kept already, and the bytes of those bodies

    def outcome(self, source: str, word: str, why: str = "", url: str = "") -> None:
        """Count one page's outcome (a word of OUTCOMES), why, and for which URL."""
        count = self.by_source[source]
        count.outcomes[word] += 1
        if why:
            count.reasons[word, why] += 1
            count.examples.setdefault((word, why), url)

    def saved(self, length: int) -> None:
        """An answer's body of `length` bytes was not kept again. Called on the keeper's thread, and only there."""
        self.revisits += 1
        self.bytes_saved += length

    def ended(self, commits: int, pages: int) -> None:
        """The visit of counted pages was written, after so many commits. On the keeper's thread, and only there."""
        self._ended[commits] += pages

    def lost(self, commits: int) -> int:
        """Pages that are counted, but the end of whose visit is not in the first so many commits."""
        return self.pages - sum(pages for before, pages in self._ended.items() if before < commits)

    @property
    def pages(self) -> int:
        """Articles and listings that were answered."""
        return sum(count.fetched + count.listings for count in self.by_source.values())

    def total(self, word: str) -> int:
        """How many pages of all sources had this outcome."""
        return sum(count.outcomes[word] for count in self.by_source.values())

    def reasons(self) -> set[tuple[str, str]]:
        """Every (outcome, why) there was."""
        return {reason for count in self.by_source.values() for reason in count.reasons}

    @property
    def not_modified(self) -> int:
        return sum(count.not_modified for count in self.by_source.values())

    @property
    def fetched(self) -> int:
        return sum(count.fetched for count in self.by_source.values())

    @property
    def articles(self) -> int:
        """Pages that hold an article, whether new to us or not."""
        return sum(self.total(word) for word in ("new", "edited", "unchanged"))

    def as_dict(self) -> dict[str, dict[str, object]]:
        """Plain values, for the `counts` column and for JSON."""
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
