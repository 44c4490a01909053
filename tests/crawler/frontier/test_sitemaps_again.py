"""Test a sitemap that was read before: only what is written otherwise is read, and the result is the same."""

from __future__ import annotations

import gzip
import re
from datetime import UTC, datetime

import pytest

from crawler.frontier.entry_dates import MAX_CHANGED_IN_A_DAY
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


def dated_anew(number, day):
    """Return a sitemap of so many entries, each of which says that it changed in the last hours of a day."""
    seconds = ((index * 7919 + day) % 80_000 for index in range(number))
    times = (f"2026-11-{day}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z" for second in seconds)
    return sitemap(*[entry(index, time) for index, time in enumerate(times)])


def test_sitemap_that_dates_all_of_its_pages_anew_each_day_queues_none_again():
    """So one of 50,000 costs its reading only. A page that is new is queued, without a time that says nothing."""
    first = read(dated_anew(60, 28))
    assert len(first.entries) == 60
    second = read(dated_anew(61, 29), first.packed)
    assert [(one.url[-8:], "modified" in one.hint) for one in second.entries] == [("-60.html", False)]
    third = read(dated_anew(61, 28), second.packed)
    assert (third.entries, third.differs_from(second.packed)) == ((), False)
    one_changed = re.sub(rb"(-of-5.html</loc><lastmod>)[^<]+", rb"\g<1>2026-11-29T11:00:00Z", dated_anew(61, 28))
    honest = read(one_changed, third.packed)
    assert [(one.url[-7:], one.hint["modified"]) for one in honest.entries] == [
        ("-5.html", "2026-11-29T11:00:00+00:00")
    ]


def test_more_pages_than_a_paper_writes_have_not_all_changed_today():
    """Else all of them would be news at the first reading of a sitemap that dates them now."""
    found = read(dated_anew(MAX_CHANGED_IN_A_DAY + 1, 29))
    assert {"modified" in one.hint for one in found.entries} == {False}


@pytest.mark.parametrize(
    ("others", "believed"),
    [([], 0), ([entry(40, "2026-01-01T00:00:00Z")], 1), ([entry(40 + n, DAYS[n]) for n in range(2)], 2)],
    ids=["none", "a front page", "days"],
)
def test_time_that_most_pages_of_a_sitemap_have_says_nothing(others, believed):
    """Some of its entries may keep another."""
    now = [entry(number, f"2026-11-29T08:00:{number:02}Z") for number in range(12)]
    found = read(sitemap(*now, *others))
    assert sum("modified" in one.hint for one in found.entries) == believed


def test_index_gives_the_newest_sitemaps_first():
    """Of thousands, only so many are queued in one crawl."""
    days = {f"{year}-{month:02}-15": f"{HOME}{year}-{month:02}.xml" for year in range(1999, 2026) for month in (2, 9)}
    parts = "".join(f"<sitemap><loc>{url}</loc><lastmod>{day}</lastmod></sitemap>" for day, url in days.items())
    found = read(f"<sitemapindex>{parts}</sitemapindex>".encode())
    assert [one.url for one in found.entries] == [*reversed(days.values())]
    assert found.is_index


def test_day_that_is_yet_to_come_is_not_the_newest_of_a_sitemap():
    """Else a sitemap of a past month would seem to be written for ever."""
    found = read(sitemap(entry(1, "2026-11-20"), entry(2, "2099-01-01"), entry(3, "2026-11-30")))
    assert found.newest == "2026-11-30"
