"""Summarise a crawl: a row per source, then reasons, then what the user has to see to. Returns text or plain values.

The words are explained in docs/scheduling.md ("What the summary says").
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from crawler.cli.left_out import left_out, left_out_by_shape
from pipelines.core.plural import counted, first_of, verb
from pipelines.session.crawl_stats import OUTCOMES, CrawlStats, SourceStats

COLUMNS = ("listings", "found", "fetched", *OUTCOMES)
MAX_NAMES = 10  # sources that one line names
MAX_PROBLEMS = 10  # listings of a crawl that are named because they were read in part


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
    yield from left_out_by_shape(stats)


def reasons(stats: CrawlStats) -> Iterator[str]:
    """Yield the reasons why pages gave no article, the most frequent first, each with an example."""
    totals: Counter[tuple[str, str]] = Counter()
    sources: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, count in sorted(stats.by_source.items()):
        totals.update(count.reasons)
        for reason in count.reasons:
            sources[reason].append(name)
    if totals:
        yield ""
    for (outcome, why), number in sorted(totals.items(), key=lambda item: (-item[1], item[0])):
        what = {"nothing": "without an article", "instead": "in the place of an article"}.get(outcome, outcome)
        names = sources[outcome, why]
        of_many = f", of {counted(len(names), 'source')}" if len(names) > 1 else ""
        example = stats.by_source[names[0]].examples[outcome, why]
        yield f"{number:,} {what}: {why}{of_many}, e.g. {example}"
    problems = [problem for count in stats.by_source.values() for problem in count.problems]
    for problem in problems[:MAX_PROBLEMS]:
        yield f"problem in a listing: {problem}"
    if len(problems) > MAX_PROBLEMS:
        yield f"problems in {counted(len(problems) - MAX_PROBLEMS, 'more listing')}"
    yield from left_out(stats)
    if still := sum(count.still_disallowed for count in stats.by_source.values()):
        yield f"robots.txt still forbids {counted(still, 'page')} that it forbade before: it is asked again later"
    yield from parts(stats)
    if stats.not_modified:
        had = verb(stats.not_modified, "has", "have")
        yield f"{counted(stats.not_modified, 'page')} {had} not changed since the last visit (HTTP 304)"
    if stats.revisits:
        has = verb(stats.revisits, "has", "have")
        responses, saved = counted(stats.revisits, "response"), size(stats.bytes_saved)
        yield f"{responses} {has} a body that the archive holds already: {saved} not stored twice"


def parts(stats: CrawlStats) -> Iterator[str]:
    """Yield a line on the parts of pages (pictures, style sheets, fonts), and one for each reason to leave some out."""
    counts = [count.parts for count in stats.by_source.values()]
    fetched, unchanged = sum(count.fetched for count in counts), sum(count.unchanged for count in counts)
    known, left = sum(count.known for count in counts), sum((count.left_out for count in counts), Counter[str]())
    saved = sum(count.saved for count in counts)
    if fetched or unchanged or known or left:
        line = f"parts: {fetched:,} fetched ({size(sum(count.bytes for count in counts))}), {known:,} known already"
        line += f" ({size(saved)} not fetched again)" if saved else ""
        yield line + (f", {unchanged:,} unchanged (HTTP 304)" if unchanged else "")
    for why, number in left.most_common():
        yield f"{counted(number, 'part')} left out: {why}"
    if stats.parts_waiting:
        yield f"{counted(stats.parts_waiting, 'part')} {verb(stats.parts_waiting, 'waits', 'wait')} for a later crawl"


def attention(stats: CrawlStats) -> Iterator[str]:
    """Yield a line for each reason that makes the exit code 1, with the sources that it concerns and an example."""
    of_reason: dict[str, list[str]] = defaultdict(list)
    for name, count in sorted(stats.by_source.items()):
        for why in count.troubles:
            of_reason[why].append(name)
    for why, names in sorted(of_reason.items(), key=lambda item: (-len(item[1]), item[0])):
        troubles = [stats.by_source[name].troubles[why] for name in names]
        more = sum(trouble.number for trouble in troubles) - 1
        example = next((trouble.example for trouble in troubles if trouble.example), "")
        where = (f": {example}" if example else "") + (f" and {more:,} more" if more and example else "")
        yield f"needs attention: {first_of(names, MAX_NAMES)}: {why}{where}"
        if troubles[0].cure:
            yield f"  {troubles[0].cure}"


def as_json(stats: CrawlStats) -> dict[str, Any]:
    """Return the summary for programs: sources with their counts, and what needs attention."""
    return {
        "sources": stats.as_dict(),
        "total": {
            column: sum(numbers(count)[at] for count in stats.by_source.values()) for at, column in enumerate(COLUMNS)
        },
        "attention": [
            {"source": name, "why": why, "number": trouble.number, "example": trouble.example or None}
            for name, count in sorted(stats.by_source.items())
            for why, trouble in count.troubles.items()
        ],
        "problems": [problem for count in stats.by_source.values() for problem in count.problems],
        "parts": parts_as_json(stats),
        "not_modified": stats.not_modified,
        "bodies_not_stored_twice": stats.revisits,
        "bytes_not_stored_twice": stats.bytes_saved,
    }


def parts_as_json(stats: CrawlStats) -> dict[str, Any]:
    """Return the counts of the parts of pages for programs."""
    counts = [count.parts for count in stats.by_source.values()]
    numbers = {
        name: sum(getattr(count, name) for count in counts)
        for name in ("fetched", "bytes", "unchanged", "known", "saved")
    }
    numbers["waiting"] = stats.parts_waiting
    return numbers | {"left_out": dict(sum((count.left_out for count in counts), Counter[str]()).most_common())}


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
    """Return True for a source that this crawl visited, or would have if it had not been at a limit."""
    return any((*numbers(count), count.tried, count.still_disallowed, count.limits, count.parts.ended))
