"""Test the closing summary of a crawl."""

from __future__ import annotations

import pytest

from crawler.cli.crawl_summary import attention, parts, size, summary
from crawler.cli.left_out import left_out
from pipelines.core.items import QueuedParts
from pipelines.session.crawl_stats import CrawlStats


def lines(**counts: int) -> list[str]:
    stats = CrawlStats()
    stats.by_source["paper"].listings = 1
    stats.by_source["paper"].not_modified = counts.get("not_modified", 0)
    for length in range(1, counts.get("revisits", 0) + 1):
        stats.saved(1000 * length)
    return list(summary(stats))[2:]


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({}, []),
        ({"not_modified": 1}, ["1 page has not changed since the last visit (HTTP 304)"]),
        ({"not_modified": 2}, ["2 pages have not changed since the last visit (HTTP 304)"]),
        ({"revisits": 1}, ["1 response has a body that the archive holds already: 1.0 kB not stored twice"]),
        ({"revisits": 3}, ["3 responses have a body that the archive holds already: 6.0 kB not stored twice"]),
    ],
)
def test_unchanged_pages_and_repeated_bodies_are_counted(counts, said):
    """The server says so (304), or the digest of the body does. A count of zero is not printed."""
    assert lines(**counts) == said


def test_addresses_on_other_sites_are_one_line():
    """Grouped by source, the most frequent first, with the key that follows them."""
    stats = CrawlStats()
    stats.left_out("paper", 2, {"video.example": 2})
    stats.left_out("aevil", 3000, {"b.example": 2990, "c.example": 10})
    line, cure = list(left_out(stats))
    assert line.startswith("left out: 3,002 addresses")
    assert line.endswith("aevil 3,000 (b.example 2,990, c.example 10); paper 2 (video.example 2)")
    assert "`sites`" in cure


def test_limit_that_was_reached_names_source_setting_and_number():
    """And sites whose hosts gave no answer."""
    stats = CrawlStats()
    stats.by_source["paper"].limits["pages_per_host"] = 1200
    stats.by_source["paper"].silent_sites["evil.example"] = 20
    limit, silent = list(left_out(stats))
    assert limit == "limit: paper reached crawl.pages_per_host: 1,200 addresses left for the next crawl"
    assert silent.startswith("left alone: evil.example (paper), because 20 of its hosts")


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1.0 kB"), (999_950, "1.0 MB"), (2.5e12, "2,500.0 GB")],
)
def test_size_is_printed_in_powers_of_ten(number, text):
    """Units are those of SI."""
    assert size(number) == text


def test_equal_reasons_are_one_line_over_all_sources():
    """It has the sum, the number of sources and an example: 120 papers that disallow a link are one line."""
    stats = CrawlStats()
    for number in range(120):
        stats.outcome(f"paper {number:03}", "disallowed", "by robots.txt", f"http://{number}.example/private/")
    stats.outcome("paper 001", "disallowed", "by robots.txt", "http://1.example/search/")
    assert list(summary(stats))[-1] == ("121 disallowed: by robots.txt, of 120 sources, e.g. http://0.example/private/")


def test_attention_names_the_sources_of_each_reason():
    """The reason of most sources comes first; of many sources, it names the first few."""
    stats = CrawlStats()
    stats.trouble("faz", "HTTP 500", "http://faz.example/feed")
    stats.trouble("faz", "HTTP 500", "http://faz.example/sitemap.xml")
    stats.trouble("abc", "no article found in 3 listings", cure="look for a feed")
    for number in range(12):
        stats.trouble(f"p{number:02}", "host not found", f"http://p{number}.example/")
    assert list(attention(stats)) == [
        "needs attention: p00, p01, p02, p03, p04, p05, p06, p07, p08, p09 and 2 more: host not found:"
        " http://p0.example/ and 11 more",
        "needs attention: faz: HTTP 500: http://faz.example/feed and 1 more",
        "needs attention: abc: no article found in 3 listings",
        "  look for a feed",
    ]


def test_parts_that_were_left_out_before_are_none_that_are_known():
    """And the summary says how much was not fetched again."""
    stats = CrawlStats()
    stats.by_source["paper"].parts.queued(QueuedParts(new=1, known=3, refused=2, bytes=41_000))
    said = list(parts(stats))
    assert said[0] == "parts: 0 fetched (0 bytes), 3 known already (41.0 kB not fetched again)"
    assert said[1] == "2 parts left out: as before (asked for again after capture.parts_recheck)"
