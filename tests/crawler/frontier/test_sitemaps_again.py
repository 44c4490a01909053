"""Test a sitemap that was read before: only what is written otherwise is read, and the result is the same."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime

import pytest

from crawler.frontier.listing_links import ListingRules, read_listing, unpacked
from crawler.frontier.ownership import listed_sites
from crawler.frontier.watched_sites import WatchedSite
from pipelines.core.items import Source

HOME = "https://paper.example/"
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def entry(number, day="2026-11-23", more=""):
    """Return an entry as a sitemap writes it."""
    return f"<url><loc>{HOME}2026/11/01/a-story-of-{number}.html</loc><lastmod>{day}</lastmod>{more}</url>"


def sitemap(*entries, head="<urlset>", tail="</urlset>"):
    return "\n".join([head, *entries, tail]).encode()


DAYS = [f"2026-11-{day:02}" for day in range(1, 21)]
FIRST = [entry(number, day) for number, day in enumerate(DAYS)]
CHANGED = [*FIRST[:7], entry(7, "2026-11-28T10:00:00Z"), *FIRST[8:]]
ELSEWHERE = "<url><loc>https://other.example/2026/11/01/a-story-of-theirs.html</loc></url>"
NEXT = {
    "unchanged": (sitemap(*FIRST), 20, 0),
    "one more": (sitemap(entry(99), *FIRST), 20, 1),
    "one changed": (sitemap(*CHANGED), 19, 1),
    "one gone": (sitemap(*FIRST[1:]), 19, 0),
    "other order": (sitemap(*reversed(FIRST)), 20, 0),
    "one twice": (sitemap(*FIRST, FIRST[3]), 20, 0),
    "all changed now": (sitemap(*[entry(n, "2026-11-29T08:00:00Z") for n in range(20)]), 0, 0),
    "all others": (sitemap(*[entry(n) for n in range(50, 70)]), 0, 20),
    "one of another site more": (sitemap(*FIRST, ELSEWHERE), 20, 0),
    "note of the program": (sitemap(*FIRST, tail="</urlset><!-- made by a plugin -->"), 20, 0),
    "comment around an entry": (sitemap(*FIRST[1:], f"<!-- {FIRST[0]} -->"), 0, 0),
    "document type": (sitemap(*CHANGED, head="<!DOCTYPE urlset><urlset>"), 0, 1),
    "packed": (gzip.compress(sitemap(*CHANGED)), 19, 1),
    "packed and cut off": (gzip.compress(sitemap(*CHANGED))[:-20], 0, None),
    "cut off": (sitemap(*CHANGED)[:-60], 18, 1),
    "several changed within a minute": (
        sitemap(*FIRST[6:], *[entry(n, f"2026-11-28T10:00:0{n}Z") for n in range(6)]),
        14,
        6,
    ),
}


def read(body, known=b"", *, whole=False):
    """Read a sitemap; `whole`: without the short cut, which a log of every link excludes."""
    site = WatchedSite(Source("paper", HOME), 1, watched=True, listed=listed_sites(HOME))
    url = HOME + "sitemap.xml"
    return read_listing(body, url, None, ListingRules(url, "sitemap", 0, site, 2000, NOW, known, explain=whole))


@pytest.mark.parametrize(("body", "skipped", "queued"), NEXT.values(), ids=NEXT)
def test_sitemap_read_again_gives_what_reading_all_of_it_gives(body, skipped, queued):
    """Entries to queue, what is kept for the next time, and what is counted."""
    known = read(sitemap(*FIRST)).packed
    found, all_of_it = read(body, known), read(body, known, whole=True)
    assert found.skipped == skipped
    assert queued is None or len(found.entries) == queued
    assert [one.url for one in found.entries] == [one.url for one in all_of_it.entries]
    assert unpacked(found.packed) == unpacked(all_of_it.packed)
    counted = ("problem", "empty", "off_site", "articles", "named", "shared")
    assert [getattr(found, name) for name in counted] == [getattr(all_of_it, name) for name in counted]


def test_newest_day_of_a_sitemap_is_not_forgotten_when_its_entry_is_not_read_again():
    """It says whether the sitemap is still written."""
    known = read(sitemap(*FIRST))
    again = read(sitemap(*FIRST, ELSEWHERE), known.packed)
    assert again.newest_with(known.newest) == known.newest == "2026-11-20"
    assert read(sitemap(entry(50, "2026-01-01")), known.packed).newest_with(known.newest) == "2026-01-01"


def test_third_reading_still_skips_what_the_second_one_skipped():
    """What is kept of an entry that is not read stays whole."""
    second = read(sitemap(*CHANGED), read(sitemap(*FIRST)).packed)
    assert read(sitemap(*CHANGED), second.packed).skipped == 20


def test_sitemap_that_lists_itself_is_queued_once_and_not_as_an_article():
    """An index may name its own address; the frontier knows it."""
    index = f"<sitemapindex>{f'<sitemap><loc>{HOME}sitemap.xml</loc></sitemap>' * 5_000}</sitemapindex>".encode()
    found = read(index)
    assert [(one.url, one.kind) for one in found.entries] == [(f"{HOME}sitemap.xml", "sitemap")]
    assert read(index, found.packed).entries == ()
