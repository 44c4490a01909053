"""Measure what it would bring to drop from each page the lines that are on other pages of the same domain, too.

    python benchmarks/sitememory.py             # three readers, domains with three pages or more
    python benchmarks/sitememory.py --pages 2   # domains with two pages or more
    python benchmarks/sitememory.py --quick     # without the reader that is trained first
    python benchmarks/sitememory.py --no-rules  # without our boilerplate rules, which were written with these pages
    python benchmarks/sitememory.py --lines     # also each line that would be dropped, and whether the true text has it

Nothing of this is in the product; docs/decisions/0003-no-site-memory.md says why. Each page is read alone. Then the
lines of each page are looked up in a memory: the texts, or all blocks, of the *other* pages of its domain. The readers:
`morgue extract` with models trained without the domain; `morgue extract` as it ships; plain trafilatura, which shows
what memory does for texts with more boilerplate in them. Needs `pip install -e '.[learn]'` unless --quick. Exit code 77
if there are no pages (NEWSMORGUE_PAGES).
"""

from __future__ import annotations

import argparse
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import common
import learn
from quality_data import NEWS, DataFolder, Predictions, plain_trafilatura, read_bytes

from pipelines.extraction.body import training

NO_PAPER = {"", "web.archive.org"}  # pages without a URL, and one host with copies of many papers' pages
MIN_QUOTE_CHARS = 300  # a repeated line of this length may be a statement that several articles quote
EDGE_LINES = 5  # at either end of a text
MIN_SAME_SHARE = 0.5  # with more lines in common, two pages are one article, captured twice
MAX_DROPPED_SHARE = 0.5  # of a text that memory may drop, as in boilerplate/remove.py
CEILING = "every wrong line"  # the result that no memory can exceed


@dataclass(slots=True)
class ReadPage:
    """Hold one page as it was read, and all its blocks."""

    record: dict[str, Any]
    text: list[str]  # lines
    keys: list[str]  # of the lines
    blocks: set[str]  # keys of all blocks of the page, read or not

    def same(self, other: ReadPage) -> bool:
        """Return whether both are one article, captured twice."""
        mine, theirs = set(self.keys), set(other.keys)
        return len(mine & theirs) > MIN_SAME_SHARE * min(len(mine), len(theirs))


@dataclass(frozen=True, slots=True)
class Memory:
    """Describe one way to remember."""

    where: str  # "texts": what was read on the other pages; "pages": every block of them
    least: float  # number of other pages that must have a line; below 1: their share
    guard: str  # "none"; "short": drop only lines below MIN_QUOTE_CHARS; "edges": only such lines near either end

    def __str__(self) -> str:
        often = f"{self.least:.0%}" if self.least < 1 else f"{self.least:.0f}"
        return f"{self.where}, {often}, {self.guard}"

    def dropped(self, page: ReadPage, others: Sequence[ReadPage]) -> list[int]:
        """Return the indexes of the lines of `page` that would be dropped."""
        remembered = [set(other.keys) if self.where == "texts" else other.blocks for other in others]
        least = max(1, math.ceil(self.least * len(others))) if self.least < 1 else self.least
        found = [
            index
            for index, key in enumerate(page.keys)
            if key and self.may_go(page, index) and sum(key in keys for keys in remembered) >= least
        ]
        size = sum(len(page.text[index]) for index in found)
        return found if size <= MAX_DROPPED_SHARE * sum(map(len, page.text)) else []

    def may_go(self, page: ReadPage, index: int) -> bool:
        """Return whether the guard allows this line of `page` to be dropped."""
        if self.guard == "none":
            return True
        near_end = index < EDGE_LINES or index >= len(page.text) - EDGE_LINES
        return len(page.text[index]) < MIN_QUOTE_CHARS and (self.guard == "short" or near_end)


MEMORIES = [
    Memory(where, least, guard)
    for where in ("texts", "pages")
    for least in (1, 2, 3, 0.2)
    for guard in ("none", "short", "edges")
]


@dataclass(frozen=True, slots=True)
class Drop:
    """Hold one line that would be dropped."""

    page: ReadPage
    index: int
    right: bool | None  # the true text does not have it; None: too little of the true text is known


def key(line: str) -> str:
    """Return the words of a line: equal for lines that differ in case, dashes, quotes and white space only."""
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFC", line).casefold()))


def drop_of(page: ReadPage, index: int) -> Drop:
    """Return a line to drop, with the answer whether that is right."""
    expected, line = page.record["expected"], page.text[index]
    if not expected.get("body"):
        label = training.labels_by_snippets([line], expected.get("must") or [], expected.get("must_not") or [])[0]
        return Drop(page, index, None if label is None else not label)
    true, runs = truth(expected["body"])
    words = page.keys[index].split()
    long = len(words) >= training.RUN_WORDS
    in_truth = f" {page.keys[index]} " in true or (long and training.share_of(words, runs) >= training.MIN_SHARED_RUNS)
    return Drop(page, index, not in_truth)


@cache
def truth(body: str) -> tuple[str, set[tuple[str, ...]]]:
    """Return the words of a true text, with a space at either end, and its four-word runs."""
    words = key(body).split()
    return f" {' '.join(words)} ", {tuple(words[at : at + 4]) for at in range(len(words) - 3)}


def without(drops: Iterable[Drop], readings: Predictions) -> Predictions:
    """Return `readings` without those lines."""
    gone: dict[str, set[int]] = {}
    pages: dict[str, ReadPage] = {}
    for drop in drops:
        name = drop.page.record["id"]
        pages[name] = drop.page
        gone.setdefault(name, set()).add(drop.index)
    left = {
        name: {**readings[name], "text": "\n".join(line for at, line in enumerate(page.text) if at not in gone[name])}
        for name, page in pages.items()
    }
    return {**readings, **left}


@dataclass(frozen=True, slots=True)
class Figures:
    """Hold body F1, number of exact texts and number of leaks of some pages."""

    f1: float
    exact: int
    leaks: int


@dataclass(frozen=True)
class Trial:
    """Hold what the memories are tried on: readings of all news pages, and of the domains with enough pages."""

    data: DataFolder
    news: list[dict[str, Any]]
    papers: dict[str, list[ReadPage]]
    readings: Predictions

    @cached_property
    def records(self) -> list[dict[str, Any]]:
        """Return the records of the domains with enough pages."""
        return [page.record for group in self.papers.values() for page in group]

    @cached_property
    def before(self) -> tuple[Figures, Figures]:
        """Return the figures without memory: of `records`, and of all news."""
        return self.figures(self.records, self.readings), self.figures(self.news, self.readings)

    def drops(self, memory: Memory) -> list[Drop]:
        """Return what one memory would drop. A second capture of the same article does not count as another page."""
        return [
            drop_of(page, index)
            for group in self.papers.values()
            for page in group
            for index in memory.dropped(page, [other for other in group if other is not page and not page.same(other)])
        ]

    def every_wrong_line(self) -> list[Drop]:
        """Return all lines of the texts that are not in the true ones, the limit for any memory."""
        lines = [
            drop_of(page, index)
            for group in self.papers.values()
            for page in group
            for index, words in enumerate(page.keys)
            if words
        ]
        return [drop for drop in lines if drop.right]

    def rows(self, found: dict[str, list[Drop]]) -> list[dict[str, Any]]:
        """Return a row for each memory. Memories that drop the same lines are scored once."""
        known: dict[frozenset[tuple[str, int]], dict[str, Any]] = {}
        rows = []
        for name, drops in found.items():
            lines = frozenset((drop.page.record["id"], drop.index) for drop in drops)
            if lines not in known:
                known[lines] = self.effect(drops)
            rows.append({"memory": name, **known[lines]})
        return rows

    def effect(self, drops: Sequence[Drop]) -> dict[str, Any]:
        """Return how many lines were dropped, and how the scores changed."""
        after = without(drops, self.readings)
        here, news = (self.figures(self.records, after), self.figures(self.news, after)) if drops else self.before
        cut = {drop.page.record["id"]: drop.page.record for drop in drops}
        pages = self.data.per_page(list(cut.values()), self.readings, after)
        moves = [page["ours"]["shingle_f1"] - page["theirs"]["shingle_f1"] for page in pages]
        return {
            "lines": len(drops),
            "right": sum(drop.right is True for drop in drops),
            "wrong": sum(drop.right is False for drop in drops),
            "better": sum(move > 0 for move in moves),
            "worse": sum(move < 0 for move in moves),
            "f1": here.f1 - self.before[0].f1,
            "news_f1": news.f1 - self.before[1].f1,
            "leaks": here.leaks,
            "exact": here.exact,
        }

    def figures(self, records: list[dict[str, Any]], rows: Predictions) -> Figures:
        found = self.data.score.score(records, rows, rouge=False)
        body, leak = found["body"], found["leak"]
        shingle = body["shingle4"]
        return Figures(shingle["f1"], round(shingle["accuracy"] * body["n"]), round(leak["ANY"] * leak["n"]))


def block_keys(data: DataFolder, record: dict[str, Any]) -> set[str]:
    """Return the keys of all blocks of a page."""
    from pipelines.core import items
    from pipelines.extraction.body import blocks
    from pipelines.extraction.page import parse

    try:
        tree = parse.parse(items.Page(record["url"] or "", read_bytes(data, record), "text/html"))
    except parse.PageRefused:
        return set()
    return {found for block in blocks.blocks(tree.find(".//body")) if (found := key(block.text))}


def papers(records: Iterable[dict[str, Any]], least: int) -> dict[str, list[dict[str, Any]]]:
    """Return the records of each domain with at least `least` pages."""
    found: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        found.setdefault(record["domain"], []).append(record)
    return {domain: rows for domain, rows in found.items() if len(rows) >= least and domain not in NO_PAPER}


def tried(data: DataFolder, records: Sequence[dict[str, Any]], readings: Predictions, least: int) -> Trial:
    """Return a trial of memories on `readings`, for domains with at least `least` pages."""
    found: dict[str, list[ReadPage]] = {}
    for domain, rows in papers(records, least).items():
        for record in rows:
            text = (readings[record["id"]].get("text") or "").split("\n")
            page = ReadPage(record, text, [key(line) for line in text], block_keys(data, record))
            found.setdefault(domain, []).append(page)
    news = [record for record in records if data.set_of(record) in NEWS]
    return Trial(data, news, found, readings)


def by_trafilatura(data: DataFolder, records: Sequence[dict[str, Any]]) -> Predictions:
    return {record["id"]: plain_trafilatura(read_bytes(data, record), record["url"]) for record in records}


def as_shipped(data: DataFolder, records: Sequence[dict[str, Any]]) -> Predictions:
    return {record["id"]: learn.prediction(data, record) for record in records}


def forget_rules() -> None:
    """Read pages, and train models, without the rules from now on in this process: they were tuned on these pages."""
    from pipelines.extraction.boilerplate import remove

    for name, nothing in (("prune", []), ("boilerplate_lines", {})):
        setattr(remove, name, lambda *_page, nothing=nothing, **_more: nothing)


READERS: dict[str, Callable[[DataFolder, Sequence[dict[str, Any]]], Predictions]] = {
    "models trained without the domain": learn.unseen,
    "the model that ships": as_shipped,
    "plain trafilatura": by_trafilatura,
}


def show(reader: str, trial: Trial, lines: bool) -> list[dict[str, Any]]:
    """Print what each memory does to the texts of one reader; return the rows of the table."""
    here, news = trial.before
    count = sum(len(page.text) for group in trial.papers.values() for page in group)
    print(f"\n{reader}: {len(trial.papers)} domains, {len(trial.records)} pages, {count:,} lines; "
          f"without memory body F1 {here.f1:.4f} ({len(trial.news)} news pages: {news.f1:.4f}), "
          f"{here.exact} exact, {here.leaks} leak\n")  # fmt: skip
    found = {str(memory): trial.drops(memory) for memory in MEMORIES} | {CEILING: trial.every_wrong_line()}
    rows = trial.rows(found)
    common.show_table(
        ["remembered, seen on, guard", "lines", "right", "wrong", "better", "worse", "F1", "news F1", "leak", "exact"],
        [[*(row[name] for name in ("memory", "lines", "right", "wrong", "better", "worse")),
          *(f"{row[name]:+.4f}" for name in ("f1", "news_f1")), row["leaks"], row["exact"]] for row in rows],
    )  # fmt: skip
    if lines:
        del found[CEILING]
        unique = {(drop.page.record["id"], drop.index): drop for drops in found.values() for drop in drops}
        for (name, index), drop in unique.items():
            answer = {True: "right", False: "wrong", None: "unknown"}[drop.right]
            print(f"{answer:<8}{name[-40:]:<41}{drop.page.text[index][:140]}")
    return rows


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--pages", type=int, default=3, help="domains with at least N pages (default 3)", metavar="N")
    options.add_argument("--quick", action="store_true", help="without the reader that is trained first")
    options.add_argument("--no-rules", action="store_true", help="our texts without our boilerplate rules")
    options.add_argument("--lines", action="store_true", help="also each line that some memory would drop")
    options.add_argument("--json", metavar="FILE", help="write the figures as JSON (- for stdout)")
    asked = options.parse_args()
    data = DataFolder.found()
    records = [record for name in data.names() for record in data.records(name)]
    if asked.no_rules:
        forget_rules()
    found = {}
    for name, read in READERS.items():
        if read is learn.unseen and asked.quick:
            continue
        found[name] = show(name, tried(data, records, read(data, records), asked.pages), asked.lines)
    print("\nright, wrong: lines that the true text lacks, or has. better, worse: pages whose body F1 rose or fell.")
    common.write_json(asked.json, found)


if __name__ == "__main__":
    main()
