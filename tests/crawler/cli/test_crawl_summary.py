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
        ({"not_modified": 1}, ["1 answer was 304: not modified since the last visit, not sent again"]),
        ({"not_modified": 2}, ["2 answers were 304: not modified since the last visit, not sent again"]),
        ({"revisits": 1}, ["1 answer with a body that is kept already: 1.0 kB not stored again"]),
        ({"revisits": 3}, ["3 answers with a body that is kept already: 6.0 kB not stored again"]),
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
