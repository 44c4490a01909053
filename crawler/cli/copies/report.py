"""Print clusters of copies for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from crawler.cli import output
from pipelines.core.plural import counted
from pipelines.core.terminal import pad, plain, width, wrap
from pipelines.database.clusters.cluster_words import origin
from pipelines.database.connection import Row

MAX_SHOWN_COPIES = 10  # of each cluster in a list
MOSTLY = 0.95  # share of a text from which on nearly all of it is the other's


def lines(clusters: Iterable[Row], room: int, *, styled: bool, every: bool = False) -> Iterator[str]:
    """Yield each cluster: its headline, where it comes from, and a line for each copy with the share that it keeps.

    `every`: all copies, however many.
    """
    bold, reset = (output.BOLD, output.RESET) if styled else ("", "")
    for cluster in clusters:
        for line in wrap(plain(cluster["title"] or "(no headline)"), room):
            yield f"{bold}{line}{reset}"
        for line in wrap(f"{summary(cluster)}; {origin(cluster)}", room - 2):
            yield f"  {line}"
        copies = cluster["members"]
        shown = copies if every else copies[:MAX_SHOWN_COPIES]
        yield from _copies(shown, cluster["article"])
        if more := len(copies) - len(shown):
            yield f"  and {more:,} more: morgue clusters {cluster['article']}"
        yield ""


def summary(cluster: Row) -> str:
    """Return how many copies there are, in how many papers, and when they appeared."""
    papers = f"{counted(cluster['copies'], 'copy')} in {counted(cluster['papers'], 'paper')}"
    first, last = cluster["first_day"], cluster["last_day"]
    if first is None:
        return f"{papers}, undated"
    return f"{papers}, {first}" if first == last else f"{papers}, {first} to {last}"


def _copies(copies: list[Row], first: int) -> Iterator[str]:
    number = max(len(str(one["id"])) for one in copies)
    source = max(width(plain(one["source"] or "")) for one in copies)
    for one in copies:
        share = "" if one["id"] == first else _share(one)
        paper = pad(plain(one["source"] or ""), source)
        yield f"  {one['id']:>{number}}  {one['published_day'] or output.UNDATED:10}  {paper}  {share}".rstrip()


def _share(copy: Row) -> str:
    """Return what a copy keeps of the first text, and how much of its own text is from it if that is not all."""
    kept = f"keeps {copy['origin_kept']:.0%}"
    return kept if copy["kept"] >= MOSTLY else f"{kept}, which is {copy['kept']:.0%} of its text"
