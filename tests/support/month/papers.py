"""Make up the papers of the simulated month: what each publishes, edits and takes away, when, and where it falls ill.

Everything follows from a seed. Nothing here knows HTML, HTTP or Newsmorgue: this is the truth that the archive is
measured against. Times are seconds since the month began (a Monday, 00:00 UTC); articles of the days before have
negative times.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

HOUR, DAY = 3600.0, 86_400.0  # seconds
PAST_DAYS = 6  # days of articles that are there before the month begins
FOREVER = 1e12  # seconds; an illness that lasts until the end

EDITED_SHARE = 0.25  # of articles that are edited at least once
AGAIN_SHARE = 0.4  # of edits that another edit follows
EARLY_SHARE = 0.81  # of edits within 24 hours of publication or of the edit before (GDELT); the rest within 14 days
MEDIAN_EDIT_HOURS, EDIT_SIGMA = 2.5, 1.2  # log-normal
MIN_EDIT_GAP = 300.0  # seconds between two edits
SILENT_SHARE = 0.3  # of edits that leave the page's date of change as it was
TITLE_SHARE = 0.15  # of edits that change the headline

# Share of a day's articles by hour (UTC), and of a week's by day from Monday.
HOURS = (1, 1, 1, 1, 2, 4, 6, 7, 7, 6, 6, 6, 6, 5, 5, 6, 6, 6, 5, 4, 3, 2, 2, 1)
WEEKDAYS = (1.15, 1.15, 1.1, 1.15, 1.2, 0.65, 0.6)

# Kinds of illness. OUTRUN and the others of NAMED are what the owner must hear of; a redesign is none.
OUTRUN, FEED_GONE, FEED_HTML, SILENT = "feed outrun", "feed gone", "feed is HTML", "silent"
CONSENT, PAYWALL, ROBOTS = "consent wall", "paywall", "robots.txt shut"
FORBIDDEN, UNAVAILABLE, DEAD, REDESIGN = "403", "503", "host dead", "redesign"
NAMED = (OUTRUN, FEED_GONE, FEED_HTML, SILENT, CONSENT, PAYWALL, ROBOTS, FORBIDDEN, UNAVAILABLE, DEAD)


@dataclass(frozen=True, slots=True)
class Illness:
    """One thing that is wrong with a paper for a time."""

    kind: str
    begins: float
    ends: float = FOREVER

    def at(self, time: float) -> bool:
        return self.begins <= time < self.ends


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of an article that its editors made."""

    time: float
    silent: bool
    title: bool  # the headline changed; else a paragraph


@dataclass(frozen=True, slots=True)
class Article:
    """One article of one paper over time."""

    number: int
    published: float
    edits: tuple[Edit, ...] = ()
    gone: float = FOREVER
    gone_kind: str = ""  # 404, 410, soft 404, front page
    amp: bool = False
    pages: int = 1
    original: tuple[str, int] | None = None  # (paper, number) of the article that this one is a copy of

    def state_at(self, time: float) -> int:
        """Return how many edits were made by then: 0 is the article as published."""
        return bisect_right([edit.time for edit in self.edits], time)


@dataclass(frozen=True)
class Paper:
    """Hold a paper's habits. `seed` and `days` are those of the month."""

    name: str
    seed: int
    days: float
    a_day: float = 3.0  # articles, on average
    feed: str = "rss"  # rss, atom, none
    entries: int = 30  # of the feed
    always_now: bool = False  # every entry of the feed says that it was updated just now
    news_sitemap: bool = False
    sitemap: bool = False
    sections: bool = True  # the front page links sections; without, it lists articles only if there is no feed
    noon_share: float = 0.0  # of a day's articles that appear within ten minutes at noon
    counter: bool = False  # "Read 4,321 times" in the column of the text
    widgets: bool = False  # ads, related articles, "3 hours ago", counts of comments and shares
    validators: bool = True  # ETag and 304
    vanishing: tuple[str, ...] = ()  # ways in which some articles vanish
    moving: bool = False  # a new headline moves the address; the old one redirects
    twins: bool = False  # AMP twins and articles of two pages
    copies_of: str = ""  # paper whose articles some of this one's are copies of
    illnesses: tuple[Illness, ...] = field(default=())

    @property
    def host(self) -> str:
        return f"{self.name}.example"

    @property
    def healthy(self) -> bool:
        return not self.illnesses and not self.vanishing and not self.noon_share

    def ill(self, kind: str, time: float) -> bool:
        return any(one.kind == kind and one.at(time) for one in self.illnesses)

    def random(self, *what: object) -> random.Random:
        """Return a source of chance that gives the same for the same question, whatever was asked before."""
        return random.Random("/".join(map(str, (self.seed, self.name, *what))))

    @cached_property
    def articles(self) -> tuple[Article, ...]:
        """Return all articles in the order of publication."""
        times = sorted(time for time in self._times() if not self.ill(SILENT, time))
        return tuple(self._article(number, time) for number, time in enumerate(times, 1))

    @cached_property
    def _published(self) -> list[float]:
        return [article.published for article in self.articles]

    def out_at(self, time: float, most: int | None = None) -> tuple[Article, ...]:
        """Return the articles that are out by then and not gone, newest first."""
        end = bisect_right(self._published, time)
        start = 0 if most is None else max(0, end - most)
        return tuple(one for one in reversed(self.articles[start:end]) if time < one.gone)

    def _times(self) -> Iterator[float]:
        for day in range(-PAST_DAYS, int(self.days + 1)):
            chance = self.random("day", day)
            mean = self.a_day * WEEKDAYS[day % 7]
            for _ in range(max(1, round(chance.gauss(mean, mean**0.5 / 2)))):
                if chance.random() < self.noon_share:
                    second = 12 * HOUR + chance.uniform(0, 600)
                else:
                    second = (chance.choices(range(24), HOURS)[0] + chance.random()) * HOUR
                yield float(int(day * DAY + second))

    def _article(self, number: int, published: float) -> Article:
        chance = self.random("article", number)
        gone, gone_kind = FOREVER, ""
        if self.vanishing and chance.random() < 0.12:
            gone, gone_kind = published + chance.uniform(0.2, 6) * DAY, chance.choice(self.vanishing)
        original = (self.copies_of, number) if self.copies_of and chance.random() < 0.1 else None
        edits = () if original else tuple(self._edits(chance, published))
        amp = self.twins and chance.random() < 0.3
        pages = 2 if self.twins and chance.random() < 0.15 else 1
        return Article(number, published, edits, gone, gone_kind, amp, pages, original)

    def _edits(self, chance: random.Random, published: float) -> Iterator[Edit]:
        more, last = EDITED_SHARE, published
        while chance.random() < more:
            if chance.random() < EARLY_SHARE:
                hours = min(24.0, chance.lognormvariate(0, EDIT_SIGMA) * MEDIAN_EDIT_HOURS)
            else:
                hours = chance.uniform(24, 14 * 24)
            last += max(MIN_EDIT_GAP, float(int(hours * HOUR)))
            yield Edit(last, chance.random() < SILENT_SHARE, chance.random() < (0.6 if self.moving else TITLE_SHARE))
            more = AGAIN_SHARE


def papers(seed: int, days: float) -> list[Paper]:
    """Return the twenty papers: some 65 articles a day. In less than 30 days illnesses come earlier in proportion."""
    part = min(1.0, days / 30) * DAY

    def ill(kind: str, begins: float, lasts: float | None = None) -> tuple[Illness, ...]:
        """Days of a month of thirty; a short month has the illness earlier, and no longer than a third of it."""
        end = FOREVER if lasts is None else begins * part + min(lasts * DAY, max(lasts, 10.0) * part)
        return (Illness(kind, begins * part, end),)

    every = {"seed": seed, "days": days}
    return [
        Paper("p01", **every, a_day=3, widgets=True),
        Paper("p02", **every, a_day=4, feed="atom", entries=40, widgets=True),
        Paper(
            "p03", **every, a_day=14, entries=10, noon_share=0.8, sections=False, counter=True,
            illnesses=ill(OUTRUN, 0.5),
        ),
        Paper("p04", **every, a_day=4, feed="none", news_sitemap=True, widgets=True),
        Paper("p05", **every, a_day=2.5, feed="none", sitemap=True, sections=False, counter=True, vanishing=("404",)),
        Paper("p06", **every, a_day=2.5, feed="none", counter=True, vanishing=("410",)),
        Paper("p07", **every, a_day=3, counter=True, illnesses=ill(FEED_GONE, 8)),
        Paper("p08", **every, a_day=3, widgets=True, illnesses=ill(FEED_HTML, 9)),
        Paper("p09", **every, a_day=3, counter=True, illnesses=ill(SILENT, 7, 20)),
        Paper("p10", **every, a_day=2.5, widgets=True, illnesses=ill(CONSENT, 10, 3)),
        Paper("p11", **every, a_day=2.5, illnesses=ill(PAYWALL, 10)),
        Paper("p12", **every, a_day=2.5, counter=True, vanishing=("soft 404",)),
        Paper("p13", **every, a_day=2.5, widgets=True, vanishing=("404", "410", "front page")),
        Paper("p14", **every, a_day=2.5, counter=True, illnesses=ill(ROBOTS, 8, 2)),
        Paper("p15", **every, a_day=2.5, illnesses=ill(FORBIDDEN, 9, 3)),
        Paper("p16", **every, a_day=2, counter=True, validators=False, illnesses=ill(UNAVAILABLE, 12, 2)),
        Paper("p17", **every, a_day=2, entries=10, widgets=True, illnesses=ill(DEAD, 13, 5)),
        Paper("p18", **every, a_day=2.5, entries=50, moving=True, vanishing=("404",)),
        Paper("p19", **every, a_day=2.5, twins=True, widgets=True, copies_of="p02", illnesses=ill(REDESIGN, 14)),
        Paper("p20", **every, a_day=5, feed="atom", always_now=True, entries=50, counter=True, vanishing=("404",)),
    ]  # fmt: skip
