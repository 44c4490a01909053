"""Show the figures of quality.py as a table on the terminal, as JSON, and as docs/quality.md. Data first."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from common import show_table
from quality_data import Comparison, SetFigures, Timing

WORST_PAGES = 15  # named in the document


@dataclass(frozen=True, slots=True)
class QualityMeasure:
    """Describe one figure: its name here, and its path in the answer of score.py."""

    name: str
    path: tuple[str, ...]
    counted: tuple[str, ...]  # path of the number of pages that it is of; (): all pages
    low: bool = False  # lower is better


MEASURES = (
    QualityMeasure("body F1", ("body", "shingle4", "f1"), ("body", "n")),
    QualityMeasure("body precision", ("body", "shingle4", "precision"), ("body", "n")),
    QualityMeasure("body recall", ("body", "shingle4", "recall"), ("body", "n")),
    QualityMeasure("exact body", ("body", "shingle4", "accuracy"), ("body", "n")),
    QualityMeasure("snippets F1", ("snippets", "f1"), ()),
    QualityMeasure("title", ("title", "norm"), ("title", "n")),
    QualityMeasure("authors", ("authors", "set"), ("authors", "n")),
    QualityMeasure("date", ("date", "day"), ("date", "n")),
    QualityMeasure("any leak", ("leak", "ANY"), ("leak", "n"), low=True),
    QualityMeasure("comment leak", ("leak", "COMMENTISH"), ("leak", "n"), low=True),
    QualityMeasure("comments by structure", ("comments", "share"), ("comments", "n"), low=True),
)
BY_NAME = {measure.name: measure for measure in MEASURES}
NEWS, COST = "news sets pooled", "CPU a page"
# (set, measure, figure that we want to reach)
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
    ("zyte", "comments by structure", 0.0),
    ("fundus_eval", "comments by structure", 0.0),
    ("fundus_tests", "comments by structure", 0.0),
    ("wcxb_article", "comments by structure", 0.0),
)
COST_AIMS = (1.0, 0.8)  # the limit, and the aim beyond it

HEAD = """\
# How well pages are read

<!-- Made by benchmarks/quality.py (`make quality`); edit that instead. -->

Newsmorgue and plain trafilatura read the same pages in the same run, and one program scores both.

**These are development pages, so these figures flatter us.** The classifier (the models in `pipelines/extraction/body`)
was trained on them, and rules and word lists were tuned with these figures in view. That is the column "newsmorgue".
For the column "unseen domains", the classifier was trained without the domain that is read: five times, each time
without a fifth of the domains (`benchmarks/learn.py`). Rules and word lists are the same there, so this column still
flatters us, but little. trafilatura's authors have tuned on some of these collections, too. What counts in the end
are pages that no author has seen: the other half of each collection is kept apart for that, and its figures are not
on this page. No rule names a page or a paper of these collections. Rules for a single site (`[[rule]]` in the file of
a source) are not used, because no archive is involved.

The pages belong to their publishers and are not in this repository;
[benchmarks/README.md](../benchmarks/README.md#the-pages) names the collections.
"""

LEGEND = """\
- *body*: runs of four words that our text shares with the true text, as scrapinghub/article-extraction-benchmark
  counts them: precision and recall of each page, their means, and F1 of the means. *exact body*: share of pages whose
  words are exactly the true ones.
- *snippets F1*: phrases that must be in the text and phrases that must not, as trafilatura's own evaluation counts
  them.
- *title*: the same words. *authors*: the same set of names. *date*: the same day. A missing answer counts as wrong.
- *any leak*: share of pages with a line that looks like boilerplate (newsletter, share, related, advertisement, ...)
  and is not in the true text. *comment leak*: the same for comment forms and the lines around them. Lower is better.
  The patterns are rough: they match some sentences of articles, and miss boilerplate in most languages.
- *comments by structure*: share of pages with a line that is in an element named as a comment, or in an item of a list
  that has the shape of comments, and is not in the true text (`benchmarks/comment_leaks.py`). No words are needed.
"""


def value(figures: dict[str, Any], path: Sequence[str]) -> Any:
    """Return the figure at `path`; None if the set does not have it."""
    found: Any = figures
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def rows_of(result: SetFigures) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield (measure, pages, trafilatura, ours, difference) for all that is known of these pages."""
    for measure in MEASURES:
        theirs, ours = value(result.theirs, measure.path), value(result.ours, measure.path)
        if theirs is not None and ours is not None:
            pages = value(result.ours, measure.counted) if measure.counted else result.pages
            yield measure.name, str(pages), figure(theirs), figure(ours), f"{ours - theirs:+.3f}"


def figure(number: float) -> str:
    return f"{number:.3f}"


def aims(found: Comparison) -> Iterator[tuple[str, str, str, str, str, str, str]]:
    """Yield (set, measure, trafilatura, ours, ours unseen, aim, reached) for every aim whose pages were read."""
    results = {**found.sets, NEWS: found.news}
    for name, what, aim in AIMS:
        result, measure = results.get(name), BY_NAME[what]
        ours = value(result.ours, measure.path) if result else None
        if result and ours is not None:
            unseen = value(found.unseen.get(name, {}), measure.path)
            counted = ours if unseen is None else unseen
            reached = counted <= aim if measure.low else counted >= aim
            yield (name, what, figure(value(result.theirs, measure.path)), figure(ours),
                   "-" if unseen is None else figure(unseen),
                   f"{'<=' if measure.low else '>='} {aim:.3f}", "yes" if reached else "no")  # fmt: skip
    if found.timing:
        ratio = found.timing.of_sums
        for aim in COST_AIMS:
            yield "all pages", COST, "1", figure(ratio), "-", f"<= {aim:.3f}", "yes" if ratio <= aim else "no"


def timing_rows(timing: Timing) -> Iterator[tuple[str, str, str, str]]:
    """Yield (what, trafilatura, ours, ratio) of the CPU time."""
    (mean, median), (our_mean, our_median) = timing.milliseconds(timing.theirs), timing.milliseconds(timing.ours)
    yield "mean, ms", f"{mean:.1f}", f"{our_mean:.1f}", f"{timing.of_sums:.3f}"
    yield "median, ms", f"{median:.1f}", f"{our_median:.1f}", f"{timing.of_medians:.3f}"


def worst(pages: list[dict[str, Any]]) -> Iterator[tuple[str, str, str, str, str, str]]:
    """Yield the pages that we read worst, by number only."""
    for page in pages[:WORST_PAGES]:
        ours = page["ours"]
        fields = (("title", "norm"), ("authors", "set"), ("date", "day"))
        marks = [{1.0: "right", None: "-"}.get(value(ours, path), "wrong") for path in fields]
        yield page["id"], figure(page["theirs"]["shingle_f1"]), figure(ours["shingle_f1"]), *marks


SET_HEAD = ("measure", "pages", "trafilatura", "newsmorgue", "difference")
AIM_HEAD = ("pages of", "measure", "trafilatura", "newsmorgue", "unseen domains", "aim", "reached")
COST_HEAD = ("a page", "trafilatura", "newsmorgue", "ratio")
WORST_HEAD = ("page", "trafilatura F1", "newsmorgue F1", "title", "authors", "date")


def show(found: Comparison) -> None:
    """Print the figures on the terminal."""
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
    """Return the figures as JSON, with the whole answer of score.py and a row for each page."""

    def pair(result: SetFigures | None) -> dict[str, Any] | None:
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
    """Return the versions of the programs compared, and the system."""
    from pipelines.extraction.extract import extractor

    known = {"newsmorgue": extractor().split()[1].rstrip(","), "Python": platform.python_version()}
    for name in ("trafilatura", "htmldate", "justext", "lxml"):
        try:
            known[name] = version(name)
        except PackageNotFoundError:
            known[name] = "?"
    return known | {"system": f"{sys.platform} {platform.machine()}"}


def document(found: Comparison) -> str:
    """Return docs/quality.md."""
    return "\n".join(_document(found)) + "\n"


def _document(found: Comparison) -> Iterator[str]:
    yield HEAD
    yield "Command: `make quality`, which is `python benchmarks/quality.py`. Versions:"
    yield ", ".join(f"{name} {number}" for name, number in versions().items()) + ".\n"
    yield "## Aims\n"
    yield "An aim is reached if the figure on unseen domains reaches it.\n"
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
        yield ("The news sets pooled, divided by domain, so that no paper is in both halves. If we were better than "
               "trafilatura on\none half only, our rules would be fitted to the papers of that half.\n")  # fmt: skip
        for half, result in found.halves.items():
            yield f'### Half "{half}", {result.pages} pages\n'
            yield from markdown(SET_HEAD, rows_of(result))
            yield ""
    if found.timing:
        yield "## Cost\n"
        yield (
            "CPU time of `extract.read(page)` and of `trafilatura.bare_extraction(bytes, with_metadata=True)`, in one "
            f"process,\npage by page in turns: {len(found.timing.ours)} pages, {found.timing.rounds} rounds. Both "
            "start from bytes. The\nmilliseconds are those of one machine; the ratio can be compared.\n"
        )
        yield from markdown(COST_HEAD, timing_rows(found.timing))
        yield ""
    yield f"## The {WORST_PAGES} pages that we read worst\n"
    yield "By body F1. `-`: the collection does not have the field. An id begins with its set.\n"
    yield from markdown(WORST_HEAD, worst(found.pages))


def markdown(head: Sequence[str], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
