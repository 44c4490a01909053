"""Measure how well pages are read: our own page pairs, and real pages with ground truth where they are at hand.

`python -m tests.support.reading_quality` prints the table of floors that test_quality_floor.py holds.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import math
import os
import re
from collections import Counter
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Any

from pipelines.core.items import Article, Page
from pipelines.extraction.extract import read
from tests.support.command import ROOT

OWN = "our own pages"
NEWS = ("zyte", "fundus_eval", "fundus_tests")  # measured whole, and pooled
SAMPLED = {"trafilatura_eval": 4, "wcxb_article": 4}  # every fourth page, from the first
PATHS = {
    "body F1": ("body", "shingle4", "f1"),
    "exact body": ("body", "shingle4", "accuracy"),
    "snippets F1": ("snippets", "f1"),
    "title": ("title", "norm"),
    "authors": ("authors", "set"),
    "date": ("date", "day"),
    "any leak": ("leak", "ANY"),
    "comment leak": ("leak", "COMMENTISH"),
}
PAGES = Path(os.environ.get("NEWSMORGUE_PAGES") or ROOT.parent / "shared" / "extraction")


def has_real_pages() -> bool:
    """Return True if the folder of real pages and its score.py are at hand."""
    return (PAGES / "score.py").exists() and (PAGES / "zyte" / "dev.jsonl").exists()


def prediction(page: Page) -> dict[str, Any]:
    """Return what is read from a page, as score.py wants it."""
    article = read(page)
    if not isinstance(article, Article):
        return {"text": "", "title": None, "authors": [], "date": None}
    day = (article.published or "")[:10]
    return {"text": article.text, "title": article.title, "authors": list(article.authors), "date": day}


# -- our own pages, by measures of the same names -------------------------------------------------------


def shingles(text: str) -> Counter[tuple[str, ...]]:
    """Return the runs of four words of a text, counted."""
    words = re.findall(r"\w+", text)
    return Counter(tuple(words[at : at + 4]) for at in range(max(1, len(words) - 3)))


def own_page(truth: dict[str, Any], found: dict[str, Any]) -> dict[str, float]:
    """Return the measures of one of our own pages."""
    text = "\n".join(truth["text"])
    true, read_as = shingles(text), shingles(found["text"])
    return {
        "body F1": 2 * (true & read_as).total() / (true.total() + read_as.total()),
        "exact body": found["text"] == text,
        "title": found["title"] == truth["title"],
        "authors": set(found["authors"]) == set(truth.get("authors", ())),
        "date": (found["date"] or "") == (truth.get("published") or "")[:10],
        "any leak": any(line in found["text"] for line in truth.get("leaks", {}).values()),
    }


def own_figures() -> dict[str, float]:
    """Return the means over tests/pages."""
    pages = []
    for path in sorted((ROOT / "tests" / "pages").glob("*.html")):
        truth = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        pages.append(own_page(truth, prediction(Page(truth["url"], path.read_bytes(), "text/html"))))
    return {name: fmean(page[name] for page in pages) for name in pages[0]}


# -- real pages -----------------------------------------------------------------------------------------


def real_figures(name: str) -> dict[str, float]:
    """Return the figures of a set, or of the news sets pooled, by score.py."""
    spec = importlib.util.spec_from_file_location("newsmorgue_score", PAGES / "score.py")
    assert spec
    assert spec.loader
    score = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(score)
    sets = NEWS if name == "news" else (name,)
    records = [record for one in sets for record in records_of(one)]
    figures = score.score(records, {key: row for one in sets for key, row in read_set(one).items()}, rouge=False)
    return {what: value for what, path in PATHS.items() if (value := at(figures, path)) is not None}


def records_of(name: str) -> list[dict[str, Any]]:
    """Return the rows of a set, or every fourth."""
    with (PAGES / name / "dev.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines][:: SAMPLED.get(name, 1)]


@cache
def read_set(name: str) -> dict[str, dict[str, Any]]:
    """Return what is read from every page of a set, by the id of the page."""
    return {
        row["id"]: prediction(Page(row["url"] or "", gzip.decompress((PAGES / row["html"]).read_bytes()), "text/html"))
        for row in records_of(name)
    }


def at(figures: Any, path: tuple[str, ...]) -> float | None:
    """Return the figure at a path of nested names, or None."""
    for name in path:
        figures = figures.get(name) if isinstance(figures, dict) else None
    return figures


@cache
def figures_of(name: str) -> dict[str, float]:
    """Return the figures of a set by measure."""
    return own_figures() if name == OWN else real_figures(name)


def bound(measure: str, figure: float) -> float:
    """Return a figure as a floor, or a ceiling: rounded so that today's figure passes."""
    return (math.ceil if "leak" in measure else math.floor)(round(figure * 1000, 6)) / 1000


if __name__ == "__main__":
    for one in (OWN, "news", *NEWS, *SAMPLED):
        row = ", ".join(f'"{what}": {bound(what, figure)}' for what, figure in figures_of(one).items())
        print(f"    {json.dumps(one)}: {{{row}}},")
