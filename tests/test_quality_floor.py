"""How well pages are read cannot sink silently: one table of floors, which may only be raised.

Our own page pairs are measured everywhere. Real pages with ground truth are measured where NEWSMORGUE_PAGES (or
../shared/extraction) holds them, with that folder's own score.py; `make quality` measures all of them.

pipelines/extraction/body/model.json was grown on these very pages: the floors guard the code.
What it is worth on domains that it never saw is measured by `make quality`, and stands in docs/quality.md.
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

import pytest

from pipelines.core.items import Article, Page
from pipelines.extraction.extract import read
from tests.support.command import ROOT

OWN = "our own pages"
NEWS = ("zyte", "fundus_eval", "fundus_tests")  # measured whole, and pooled
SAMPLED = {"trafilatura_eval": 4, "wcxb_article": 4}  # every fourth page, from the first

# A set's measures and their floors; for leaks, ceilings. `python -m tests.test_quality_floor` prints today's table.
FLOORS = {
    "our own pages": {"body F1": 1.0, "exact body": 1.0, "title": 1.0, "authors": 1.0, "date": 1.0, "any leak": 0.0},
    "news": {
        "body F1": 0.984,
        "exact body": 0.488,
        "title": 0.891,
        "authors": 0.905,
        "date": 0.992,
        "any leak": 0.0,
        "comment leak": 0.0,
    },
    "zyte": {"body F1": 0.986, "exact body": 0.494, "any leak": 0.0, "comment leak": 0.0},
    "fundus_eval": {"body F1": 0.987, "exact body": 0.468, "any leak": 0.0, "comment leak": 0.0},
    "fundus_tests": {
        "body F1": 0.981,
        "exact body": 0.488,
        "title": 0.891,
        "authors": 0.905,
        "date": 0.992,
        "any leak": 0.0,
        "comment leak": 0.0,
    },
    "trafilatura_eval": {
        "snippets F1": 0.967,
        "title": 0.894,
        "authors": 0.81,
        "date": 0.833,
        "any leak": 0.0,
        "comment leak": 0.0,
    },
    "wcxb_article": {
        "body F1": 0.959,
        "exact body": 0.228,
        "snippets F1": 0.923,
        "title": 0.879,
        "authors": 0.816,
        "date": 0.775,
        "any leak": 0.069,
        "comment leak": 0.0,
    },
}
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


def prediction(page: Page) -> dict[str, Any]:
    """What is read from a page, as score.py wants it."""
    article = read(page)
    if not isinstance(article, Article):
        return {"text": "", "title": None, "authors": [], "date": None}
    day = (article.published or "")[:10]
    return {"text": article.text, "title": article.title, "authors": list(article.authors), "date": day}


# -- our own pages, by measures of the same names -------------------------------------------------------


def shingles(text: str) -> Counter[tuple[str, ...]]:
    """Runs of four words."""
    words = re.findall(r"\w+", text)
    return Counter(tuple(words[at : at + 4]) for at in range(max(1, len(words) - 3)))


def own_page(truth: dict[str, Any], found: dict[str, Any]) -> dict[str, float]:
    """The measures of one of our own pages."""
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
    """The means over tests/pages."""
    pages = []
    for path in sorted((ROOT / "tests" / "pages").glob("*.html")):
        truth = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        pages.append(own_page(truth, prediction(Page(truth["url"], path.read_bytes(), "text/html"))))
    return {name: fmean(page[name] for page in pages) for name in pages[0]}


# -- real pages -----------------------------------------------------------------------------------------


def real_figures(name: str) -> dict[str, float]:
    """The figures of a set, or of the news sets pooled, by score.py."""
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
    with (PAGES / name / "dev.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines][:: SAMPLED.get(name, 1)]


@cache
def read_set(name: str) -> dict[str, dict[str, Any]]:
    """Every page of a set, read once."""
    return {
        row["id"]: prediction(Page(row["url"] or "", gzip.decompress((PAGES / row["html"]).read_bytes()), "text/html"))
        for row in records_of(name)
    }


def at(figures: Any, path: tuple[str, ...]) -> float | None:
    for name in path:
        figures = figures.get(name) if isinstance(figures, dict) else None
    return figures


@cache
def figures_of(name: str) -> dict[str, float]:
    return own_figures() if name == OWN else real_figures(name)


CASES = [(name, measure) for name, floors in FLOORS.items() for measure in floors]


@pytest.mark.parametrize(("name", "measure"), CASES, ids=[f"{name}: {measure}" for name, measure in CASES])
def test_no_figure_sinks(name, measure):
    """Each figure is at least its floor, each share of leaks at most its ceiling."""
    if name != OWN and not ((PAGES / "score.py").exists() and (PAGES / "zyte" / "dev.jsonl").exists()):
        pytest.skip("no real pages with ground truth here: NEWSMORGUE_PAGES names their folder (benchmarks/README.md)")
    found, floor = figures_of(name)[measure], FLOORS[name][measure]
    if "leak" in measure:
        assert found <= floor, f"{name}, {measure}: {found:.4f} rose above its ceiling of {floor}"
    else:
        assert found >= floor, f"{name}, {measure}: {found:.4f} sank below its floor of {floor}"


def bound(measure: str, figure: float) -> float:
    """A figure as a floor, or a ceiling: rounded away from where it stands."""
    return (math.ceil if "leak" in measure else math.floor)(round(figure * 1000, 6)) / 1000


if __name__ == "__main__":
    for one in (OWN, "news", *NEWS, *SAMPLED):
        row = ", ".join(f'"{what}": {bound(what, figure)}' for what, figure in figures_of(one).items())
        print(f"    {json.dumps(one)}: {{{row}}},")
