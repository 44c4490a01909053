"""Say in the summary of a crawl which addresses of feeds and sitemaps a guess left out. Returns text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pipelines.core.plural import counted, most_common_of, verb
from pipelines.session.crawl_stats import CrawlStats

MAX_SOURCES_NAMED = 5  # with a line of their own
MAX_REASONS_NAMED = 3  # of each of these sources


def left_out_by_shape(stats: CrawlStats) -> Iterator[str]:
    """Yield a line for each source of which feeds and sitemaps list what does not look like an article."""
    named = {name: count for name, count in stats.by_source.items() if count.by_shape}
    most = sorted(named, key=lambda name: (-named[name].by_shape.total(), name))
    for name in most[:MAX_SOURCES_NAMED]:
        count = named[name]
        number = count.by_shape.total()
        yield (
            f"left out: {counted(number, 'address')} in feeds and sitemaps of {name}, by"
            f" {verb(number, 'its', 'their')} shape: {reasons_text(count.by_shape, count.shape_examples)}"
        )
    if len(most) > MAX_SOURCES_NAMED:
        rest = sum(named[name].by_shape.total() for name in most[MAX_SOURCES_NAMED:])
        sources = counted(len(most) - MAX_SOURCES_NAMED, "more source")
        yield f"left out: {counted(rest, 'address')} in feeds and sitemaps of {sources}"
    if most:
        yield "  if such addresses are articles, `include` in the file of the source says so (docs/discovery.md)"


def reasons_text(numbers: Counter[str], examples: dict[str, str]) -> str:
    """Return the most frequent reasons with their numbers, and an example of the first."""
    first = examples.get(numbers.most_common(1)[0][0], "")
    return most_common_of(numbers, MAX_REASONS_NAMED) + (f"; e.g. {first}" if first else "")
