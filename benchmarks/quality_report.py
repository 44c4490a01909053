"""The figures of quality.py as a table on the terminal, as JSON, and as docs/quality.md. Data first."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from common import show_table
from quality_data import Comparison, Result, Timing

WORST = 15  # pages named in the document


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure: what we call it, and where score.py puts it."""

    name: str
    path: tuple[str, ...]
    counted: tuple[str, ...]  # where score.py says on how many pages; () : all
    low: bool = False  # a small figure is the good one


MEASURES = (
    Measure("body F1", ("body", "shingle4", "f1"), ("body", "n")),
    Measure("body precision", ("body", "shingle4", "precision"), ("body", "n")),
    Measure("body recall", ("body", "shingle4", "recall"), ("body", "n")),
    Measure("exact body", ("body", "shingle4", "accuracy"), ("body", "n")),
    Measure("snippets F1", ("snippets", "f1"), ()),
    Measure("title", ("title", "norm"), ("title", "n")),
    Measure("authors", ("authors", "set"), ("authors", "n")),
    Measure("date", ("date", "day"), ("date", "n")),
    Measure("any leak", ("leak", "ANY"), ("leak", "n"), low=True),
    Measure("comment leak", ("leak", "COMMENTISH"), ("leak", "n"), low=True),
)
BY_NAME = {measure.name: measure for measure in MEASURES}
NEWS, COST = "news sets pooled", "CPU a page"
# (set, measure, what we mean to reach)
AIMS = (
    ("zyte", "body F1", 0.975),
    ("fundus_eval", "body F1", 0.965),
    ("fundus_tests", "body F1", 0.970),
    ("wcxb_article", "body F1", 0.955),
    ("trafilatura_eval", "snippets F1", 0.940),
    (NEWS, "body F1", 0.960),
    (NEWS, "exact body", 0.40),
    ("fundus_tests", "title", 0.93),
    ("fundus_tests", "authors", 0.92),
    ("fundus_tests", "date", 0.99),
    ("trafilatura_eval", "title", 0.92),
    ("trafilatura_eval", "authors", 0.75),
    ("trafilatura_eval", "date", 0.90),
    ("zyte", "any leak", 0.01),
    ("fundus_eval", "any leak", 0.01),
    ("fundus_tests", "any leak", 0.01),
    ("trafilatura_eval", "any leak", 0.01),
    ("wcxb_article", "any leak", 0.01),
    ("zyte", "comment leak", 0.0),
    ("fundus_eval", "comment leak", 0.0),
    ("fundus_tests", "comment leak", 0.0),
    ("trafilatura_eval", "comment leak", 0.0),
    ("wcxb_article", "comment leak", 0.0),
)
COST_AIMS = (1.0, 0.8)  # at most; and where we would like to be

HEAD = """\
# How well pages are read

<!-- Made by benchmarks/quality.py (`make quality`); edit that instead. -->

Newsmorgue and plain trafilatura over the same pages in the same run, scored by the same program.

**These are development pages.** The trees that weigh blocks (`model.json`) were grown from them, and rules
and word lists were tuned while looking at these figures, so the column "newsmorgue" flatters us. The trees behind the
column "unseen domains" were grown without the domain that is read: five times, each time without a fifth of the domains
(benchmarks/learn.py). Rules and word lists are the same there, so it flatters us still, but little; trafilatura's
authors have tuned on some of these collections, too. What counts is pages that nobody looked at: another half of each
collection is kept apart for that, and its figures are not in this document. No rule names a page or a paper of these
collections, and rules that belong to one site (`[[rule]]` in a source's file) are off: no archive is involved.

The pages belong to their publishers and are not in this repository;
[benchmarks/README.md](../benchmarks/README.md#the-pages) names the collections.
"""

LEGEND = """\
- *body*: runs of four words shared with the true text, as scrapinghub/article-extraction-benchmark counts them:
  precision and recall a page, their means, F1 of the means. *exact body*: share of pages whose words are exactly the
  true ones.
- *snippets F1*: phrases that must and must not be in the text, as trafilatura's own evaluation counts them.
- *title*: the same words. *authors*: the same set of names. *date*: the same day. A missing answer is a wrong one.
- *any leak*: share of pages with a line that looks like furniture (newsletter, share, related, advertisement, ...) and
  is not in the true text; *comment leak*: the same for comment forms and what stands around them. The patterns are
  rough: they take some sentences of articles for furniture, and miss furniture in most languages. Lower is better.
"""


def value(figures: dict[str, Any], path: Sequence[str]) -> Any:
    """The figure at `path`; None where the set does not know it."""
    found: Any = figures
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def rows_of(result: Result) -> Iterator[tuple[str, str, str, str, str]]:
    """(measure, pages, trafilatura, ours, difference) for whatever is known of these pages."""
    for measure in MEASURES:
        theirs, ours = value(result.theirs, measure.path), value(result.ours, measure.path)
        if theirs is not None and ours is not None:
            pages = value(result.ours, measure.counted) if measure.counted else result.pages
            yield measure.name, str(pages), figure(theirs), figure(ours), f"{ours - theirs:+.3f}"


def figure(number: float) -> str:
    return f"{number:.3f}"


def aims(found: Comparison) -> Iterator[tuple[str, str, str, str, str, str, str]]:
    """(set, measure, trafilatura, ours, ours unseen, aim, reached) for every aim whose pages were read."""
    results = {**found.sets, NEWS: found.news}
    for name, what, aim in AIMS:
        result, measure = results.get(name), BY_NAME[what]
        ours = value(result.ours, measure.path) if result else None
        if result and ours is not None:
            blind = value(found.unseen.get(name, {}), measure.path)
            judged = ours if blind is None else blind
            reached = judged <= aim if measure.low else judged >= aim
            yield (name, what, figure(value(result.theirs, measure.path)), figure(ours),
                   "-" if blind is None else figure(blind),
                   f"{'<=' if measure.low else '>='} {aim:.3f}", "yes" if reached else "no")  # fmt: skip
    if found.timing:
        ratio = found.timing.of_sums
        for aim in COST_AIMS:
            yield "all pages", COST, "1", figure(ratio), "-", f"<= {aim:.3f}", "yes" if ratio <= aim else "no"


def timing_rows(timing: Timing) -> Iterator[tuple[str, str, str, str]]:
    """(what, trafilatura, ours, ratio) of the processor time."""
    (mean, median), (our_mean, our_median) = timing.milliseconds(timing.theirs), timing.milliseconds(timing.ours)
    yield "mean, ms", f"{mean:.1f}", f"{our_mean:.1f}", f"{timing.of_sums:.3f}"
    yield "median, ms", f"{median:.1f}", f"{our_median:.1f}", f"{timing.of_medians:.3f}"


def worst(pages: list[dict[str, Any]]) -> Iterator[tuple[str, str, str, str, str, str]]:
    """The pages that we read worst, by number only."""
    for page in pages[:WORST]:
        ours = page["ours"]
        fields = (("title", "norm"), ("authors", "set"), ("date", "day"))
        marks = [{1.0: "right", None: "-"}.get(value(ours, path), "wrong") for path in fields]
        yield page["id"], figure(page["theirs"]["shingle_f1"]), figure(ours["shingle_f1"]), *marks


SET_HEAD = ("measure", "pages", "trafilatura", "newsmorgue", "difference")
AIM_HEAD = ("pages of", "measure", "trafilatura", "newsmorgue", "unseen domains", "aim", "reached")
COST_HEAD = ("a page", "trafilatura", "newsmorgue", "ratio")
WORST_HEAD = ("page", "trafilatura F1", "newsmorgue F1", "title", "authors", "date")


def show(found: Comparison) -> None:
    """The figures on the terminal."""
    for name, result in (*found.sets.items(), (NEWS, found.news)):
        if result:
            print(f"\n{name}, {result.pages} pages")
            show_table(SET_HEAD, list(rows_of(result)))
    for half, result in found.halves.items():
        print(f"\n{NEWS}, domains of the half called {half!r}, {result.pages} pages")
        show_table(SET_HEAD, list(rows_of(result)))
    if found.timing:
        print(f"\nCPU, {len(found.timing.ours)} pages, {found.timing.rounds} rounds")
        show_table(COST_HEAD, list(timing_rows(found.timing)))
    print("\nworst pages")
    show_table(WORST_HEAD, list(worst(found.pages)))
    print("\naims")
    show_table(AIM_HEAD, list(aims(found)))


def as_json(found: Comparison) -> dict[str, Any]:
    """The same for a program, with score.py's whole answer and a row for each page."""

    def pair(result: Result | None) -> dict[str, Any] | None:
        return result and {"pages": result.pages, "trafilatura": result.theirs, "newsmorgue": result.ours}

    timing = found.timing and {
        "rounds": found.timing.rounds,
        "ratio_of_sums": found.timing.of_sums,
        "ratio_of_medians": found.timing.of_medians,
    }
    return {
        "versions": versions(),
        "sets": {name: pair(result) for name, result in found.sets.items()},
        "news": pair(found.news),
        "domain_halves": {half: pair(result) for half, result in found.halves.items()},
        "unseen_domains": found.unseen,
        "cpu": timing,
        "pages": found.pages,
    }


def versions() -> dict[str, str]:
    """What was compared, and on what."""
    from pipelines.extraction.extract import extractor

    known = {"newsmorgue": extractor().split()[1], "Python": platform.python_version()}
    for name in ("trafilatura", "htmldate", "justext", "lxml"):
        try:
            known[name] = version(name)
        except PackageNotFoundError:
            known[name] = "?"
    return known | {"system": f"{sys.platform} {platform.machine()}"}


def document(found: Comparison) -> str:
    """docs/quality.md."""
    return "\n".join(_document(found)) + "\n"


def _document(found: Comparison) -> Iterator[str]:
    yield HEAD
    yield "Command: `make quality`, which is `python benchmarks/quality.py`. Versions:"
    yield ", ".join(f"{name} {number}" for name, number in versions().items()) + ".\n"
    yield "## What we aim at, and where we are\n"
    yield "An aim counts as reached where the figure on unseen domains reaches it.\n"
    yield from markdown(AIM_HEAD, aims(found))
    yield "\n## Set by set\n"
    yield LEGEND
    for name, result in (*found.sets.items(), (NEWS, found.news)):
        if result:
            yield f"### {name}\n"
            yield from markdown(SET_HEAD, rows_of(result))
            yield ""
    if found.halves:
        yield "## By halves of the domains\n"
        yield ("The news sets pooled, divided by domain so that no paper is in both halves. If we were ahead of "
               "trafilatura on one\nhalf only, rules would have been fitted to its papers.\n")  # fmt: skip
        for half, result in found.halves.items():
            yield f'### Half "{half}", {result.pages} pages\n'
            yield from markdown(SET_HEAD, rows_of(result))
            yield ""
    if found.timing:
        yield "## Cost\n"
        yield (
            "CPU time of `extract.read(page)` and of `trafilatura.bare_extraction(bytes, with_metadata=True)`, in one "
            f"process,\npage by page in turns: {len(found.timing.ours)} pages, {found.timing.rounds} rounds, bytes in. "
            "Milliseconds are one machine's; the ratio can be compared.\n"
        )
        yield from markdown(COST_HEAD, timing_rows(found.timing))
        yield ""
    yield f"## The {WORST} pages that we read worst\n"
    yield "By body F1; `-` where the collection does not know the field. An id begins with its set.\n"
    yield from markdown(WORST_HEAD, worst(found.pages))


def markdown(head: Sequence[str], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
