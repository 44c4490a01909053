"""The closing summary of a crawl."""

from __future__ import annotations

import pytest

from crawler.cli.crawl_summary import size, summary
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
    """By the server's word (304), and by the digest of the body; a count of zero is not printed."""
    assert lines(**counts) == said


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1.0 kB"), (999_950, "1.0 MB"), (2.5e12, "2,500.0 GB")],
)
def test_size_is_printed_in_powers_of_ten(number, text):
    """In powers of ten."""
    assert size(number) == text
