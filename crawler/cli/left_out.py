"""Say in the summary of a crawl what was left out of it, or for later: by which rule or setting, and how much."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pipelines.core.plural import counted, most_common_of, verb
from pipelines.session.crawl_stats import CrawlStats, sites_text

MAX_SOURCES_NAMED = 5  # on the line about other sites, and with a line about shapes of their own
MAX_REASONS_NAMED = 3  # of each of these
# What becomes of what a setting leaves out; "out": until it is changed, or the listing is read again.
LEFT_FOR = {
    "pages_per_host": "for the next crawl",
    "pages_per_source": "for the next crawl",
    "listings_per_host": "for the next crawl",
    "listings_per_source": "for the next crawl",
    "bytes_per_site": "for the next crawl",
    "bytes_per_crawl": "for the next crawl",
    "addresses_per_source": "for the next crawl",
    "addresses_per_listing": "out",
    "pages_per_day": "for the next day",
    "bytes_per_day": "for the next day",
}


def left_out(stats: CrawlStats) -> Iterator[str]:
    """Yield a line about addresses on other sites, and one about each limit that a source reached."""
    named = {name: count for name, count in stats.by_source.items() if count.off_site}
    if named:
        total = sum(count.off_site for count in named.values())
        most = sorted(named, key=lambda name: (-named[name].off_site, name))
        by_source = [f"{name} {named[name].off_site:,} ({sites_text(named[name].off_sites)})" for name in most]
        more = f", and {len(most) - MAX_SOURCES_NAMED:,} more sources" if len(most) > MAX_SOURCES_NAMED else ""
        yield (
            f"left out: {counted(total, 'address')} on other sites: {'; '.join(by_source[:MAX_SOURCES_NAMED])}{more}"
        )
        yield "  to take those of a site, add it to `sites` in sources/NAME.toml"
    for name, count in sorted(stats.by_source.items()):
        for setting, number in sorted(count.limits.items()):
            yield limit_line(name, setting, number)
        for site, hosts in count.silent_sites.items():
            yield (
                f"left alone: {site} ({name}), because {hosts} of its hosts in a row gave no answer;"
                " its other hosts are tried by the next crawl"
            )


def limit_line(name: str, setting: str, number: int) -> str:
    """Return the line on the addresses of a source that a setting leaves for later."""
    what, are = counted(number, "address"), verb(number, "is", "are")
    if setting == "new_within":
        return f"past: {what} of {name} {are} older than crawl.new_within; `morgue backfill {name}` fetches them"
    if setting == "hours":
        return f"hours: those of {name} (crawl.hours) are over; {what} {are} left until they begin again"
    return f"limit: {name} reached crawl.{setting}: {what} left {LEFT_FOR[setting]}"


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
