"""Test what the summary of a crawl says about addresses that a guess left out."""

from __future__ import annotations

from crawler.cli.left_out import left_out_by_shape
from pipelines.session.crawl_stats import CrawlStats

ADVICE = "  if such addresses are articles, `include` in the file of the source says so (docs/discovery.md)"


def test_addresses_left_out_by_shape_are_counted_by_source_and_reason():
    """Over all listings of a source, the most frequent reason first, with its first example."""
    stats = CrawlStats()
    stats.listed("paper", 9, [("short names", 2, "https://p.example/a"), ("/tag/", 1, "https://p.example/tag/b")])
    stats.listed("paper", 9, [("/tag/", 1500, "https://p.example/tag/c")])
    stats.listed("other", 0, [("a file", 1, "https://o.example/a.mp3")])
    assert list(left_out_by_shape(stats)) == [
        "left out: 1,503 addresses in feeds and sitemaps of paper, by their shape: /tag/ 1,501, short names 2;"
        " e.g. https://p.example/tag/b",
        "left out: 1 address in feeds and sitemaps of other, by its shape: a file 1; e.g. https://o.example/a.mp3",
        ADVICE,
    ]


def test_many_sources_with_addresses_left_out_have_one_line_together():
    """The summary of a crawl of 120 sources stays short."""
    stats = CrawlStats()
    for number in range(8):
        stats.listed(f"paper{number}", 1, [(f"reason {at}", 10 * number + at, "") for at in range(1, 6)])
    lines = list(left_out_by_shape(stats))
    assert len(lines) == 7
    assert lines[0].endswith("paper7, by their shape: reason 5 75, reason 4 74, reason 3 73, ...")
    assert lines[5] == "left out: 195 addresses in feeds and sitemaps of 3 more sources"
