"""Test how the candidates of `srcset` are read, and which of them is chosen."""

from __future__ import annotations

from time import process_time

import pytest

from pipelines.extraction.parts import srcset

SETS = {
    "a.jpg": [("a.jpg", "")],
    "a.jpg, b.jpg 2x": [("a.jpg", ""), ("b.jpg", "2x")],
    "a.jpg 1x,b.jpg 2x": [("a.jpg", "1x"), ("b.jpg", "2x")],
    "https://x.example/w,h=3/a.jpg 100w, b.jpg 200w": [("https://x.example/w,h=3/a.jpg", "100w"), ("b.jpg", "200w")],
    " , a.jpg 1x , ": [("a.jpg", "1x")],
    "a.jpg (x, y) 1x, b.jpg": [("a.jpg", "(x, y) 1x"), ("b.jpg", "")],
    "a.jpg (x, b.jpg": [("a.jpg", "(x, b.jpg")],
    "": [],
}
LARGEST = {
    "s.jpg 320w, l.jpg 1280w, m.jpg 640w": "l.jpg",
    "s.jpg, l.jpg 2x": "l.jpg",
    "s.jpg 100h, l.jpg 300h": "l.jpg",
    "data:image/gif;base64,AA 9000w, s.jpg 1w": "s.jpg",
    "": None,
}


@pytest.mark.parametrize("text", SETS)
def test_candidates(text):
    """A comma belongs to the address unless white space follows it; parentheses that stay open go to the end."""
    assert srcset.candidates(text) == SETS[text]


@pytest.mark.parametrize("text", LARGEST)
def test_largest(text):
    """By width, height or density; a placeholder within the page is no candidate."""
    assert srcset.largest(srcset.candidates(text)) == LARGEST[text]


@pytest.mark.parametrize("text", ["a" * 200_000 + " (", "a, (," * 40_000, "a " * 100_000])
def test_hostile_srcset_takes_time_in_proportion_to_its_length(text):
    """A page may write anything."""
    began = process_time()
    srcset.candidates(text)
    assert process_time() - began < 2
