"""Test that how well pages are read cannot sink silently: one table of floors, which may only be raised.

Our own page pairs are measured everywhere. Real pages with ground truth are measured where NEWSMORGUE_PAGES (or
../shared/extraction) holds them, with that folder's own score.py; `make quality` measures all of them.

pipelines/extraction/body/model.json was grown on these very pages: the floors guard the code. How well it reads domains
that it never saw is measured by `make quality`; docs/quality.md has the figures.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.reading_quality import OWN, figures_of, has_real_pages

# The measures of each set with their floors; for leaks, ceilings.
# `python -m tests.support.reading_quality` prints today's table.
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
    "zyte": {"body F1": 0.985, "exact body": 0.494, "any leak": 0.0, "comment leak": 0.0},
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
        "body F1": 0.957,  # the numbers of lists are in our texts, and not in those of the set
        "exact body": 0.228,
        "snippets F1": 0.923,
        "title": 0.879,
        "authors": 0.816,
        "date": 0.755,  # the set takes "Updated" alone as the date of publication
        "any leak": 0.069,
        "comment leak": 0.0,
    },
}


def cases(*, leaks: bool) -> list[Any]:
    """Return (set, measure) of the table: those with a ceiling, or those with a floor."""
    return [
        pytest.param(name, measure, marks=() if name == OWN else pytest.mark.exhaustive)
        for name, floors in FLOORS.items() for measure in floors if ("leak" in measure) == leaks
    ]  # fmt: skip


def figure(name: str, measure: str) -> float:
    """Return today's figure; skip the test where the pages of the set are not at hand."""
    if name != OWN and not has_real_pages():
        pytest.skip("no real pages with ground truth here: NEWSMORGUE_PAGES names their folder (benchmarks/README.md)")
    return figures_of(name)[measure]


@pytest.mark.parametrize(("name", "measure"), cases(leaks=False))
def test_figure_is_not_below_its_floor(name, measure):
    """How well a set of pages is read may only rise."""
    assert figure(name, measure) >= FLOORS[name][measure]


@pytest.mark.parametrize(("name", "measure"), cases(leaks=True))
def test_share_of_leaks_is_not_above_its_ceiling(name, measure):
    """The share of pages that bring boilerplate along may only sink."""
    assert figure(name, measure) <= FLOORS[name][measure]
