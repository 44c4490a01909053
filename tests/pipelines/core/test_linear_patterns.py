"""Patterns of a source: what they cost grows with the text, and no pattern is refused that a source needs."""

from __future__ import annotations

import pytest

from pipelines.core.linear_patterns import MAX_PATTERN_STEPS, compiled, matching

EXPONENTIAL = (r"(a+)+$", r"(a|aa)+$", r"(x+x+)+y", r"((a*)*)*b", r"(\w+\s?)*!$", r"^(([a-z])+.)+[A-Z]([a-z])+$")


@pytest.mark.parametrize("pattern", EXPONENTIAL)
def test_pattern_never_goes_back(pattern):
    """2^2000 steps would not end; an engine that never goes back needs at most its own size for each letter."""
    assert compiled(pattern).programsize <= MAX_PATTERN_STEPS
    assert not matching([pattern], "https://paper.example/" + "a" * 2000 + "#")


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(", "RE2"), (r"(a)\1", "RE2"), ("(?!x)y", "look-ahead"), ("(?<=x)y", "look-behind"),
        ("(?:(?:a{500}){500}){500}", "RE2"), ("(?:a?){900}", "repetitions"), ("a" * 1001, "longer than 1,000"),
        ("\ud800", "RE2"),
    ],
)  # fmt: skip
def test_pattern_that_cannot_be_bounded_is_refused(pattern, why):
    """With the reason."""
    with pytest.raises(ValueError, match=why):
        compiled(pattern)


@pytest.mark.parametrize(
    ("pattern", "url", "found"),
    [
        ("/story/[0-9]+", "https://paper.example/story/12", True),
        (r"\.html?$", "https://paper.example/a.html", True),
        (r"(?i)/SPORT/", "https://paper.example/sport/", True),
        (r"^https://[^/]+/(?P<year>\d{4})/", "https://paper.example/2026/a", True),
        ("/quiz/", "https://paper.example/story/12", False),
        ("ü", "https://paper.example/\udcff", False),
    ],
)
def test_usual_patterns_match_as_in_python(pattern, url, found):
    """Also in an address that is no Unicode."""
    assert matching(["never", pattern], url) == found
