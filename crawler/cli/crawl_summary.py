"""Summarise a crawl: a table with a row per source, then the reasons why pages gave no article. Returns text."""

from __future__ import annotations

from collections.abc import Iterator

from crawler.cli.left_out import left_out
from pipelines.core.plural import counted, verb
from pipelines.session.crawl_stats import OUTCOMES, CrawlStats, SourceStats

COLUMNS = ("listings", "found", "fetched", *OUTCOMES)


def summary(stats: CrawlStats) -> Iterator[str]:
    """Yield the lines of the summary: the table, then the reasons with an example each."""
    rows = [(name, numbers(count)) for name, count in sorted(stats.by_source.items()) if worth_a_row(count)]
    if not rows:
        return
    if len(rows) > 1:
        rows.append(("all", [sum(column) for column in zip(*(row for _, row in rows), strict=True)]))
    # A column of zeros says nothing. The first three are always shown.
    shown = [i for i in range(len(COLUMNS)) if i < 3 or any(row[i] for _, row in rows)]
    width = max(len(name) for name, _ in rows)
    head = "  ".join(COLUMNS[i] for i in shown)
    yield f"{'source':<{width}}  {head}"
    for name, row in rows:
        cells = "  ".join(f"{row[i]:>{len(COLUMNS[i])}}" for i in shown)
        yield f"{name:<{width}}  {cells}"
    yield from reasons(stats)


def reasons(stats: CrawlStats) -> Iterator[str]:
    """Yield the reasons why pages gave no article, the most frequent first, each with an example."""
    lines: list[tuple[int, str, str]] = []
    for name, count in stats.by_source.items():
        for (outcome, why), number in count.reasons.items():
            example = count.examples[outcome, why]
            what = {"nothing": "without an article"}.get(outcome, outcome)
            lines.append((number, name, f"{number} {what}: {why}, e.g. {example}"))
    if lines:
        yield ""
    for _number, _name, line in sorted(lines, key=lambda item: (-item[0], item[1:])):
        yield line
    for count in stats.by_source.values():
        for problem in count.problems:
            yield f"problem in a listing: {problem}"
    yield from left_out(stats)
    if stats.not_modified:
        had = verb(stats.not_modified, "has", "have")
        yield f"{counted(stats.not_modified, 'page')} {had} not changed since the last visit (HTTP 304)"
    if stats.revisits:
        has = verb(stats.revisits, "has", "have")
        responses, saved = counted(stats.revisits, "response"), size(stats.bytes_saved)
        yield f"{responses} {has} a body that the archive holds already: {saved} not stored twice"


def size(count: float) -> str:
    """Return a number of bytes for people, in powers of ten."""
    for unit in ("bytes", "kB", "MB"):
        if round(count, 1) < 1000:
            return counted(round(count), "byte") if unit == "bytes" else f"{count:,.1f} {unit}"
        count /= 1000
    return f"{count:,.1f} GB"


def numbers(count: SourceStats) -> list[int]:
    """Return the cells of a row."""
    return [count.listings, count.found, count.fetched, *(count.outcomes[word] for word in OUTCOMES)]


def worth_a_row(count: SourceStats) -> bool:
    """Return True for a source that this crawl visited."""
    return bool(count.answered or any(numbers(count)))
