"""Test patterns that are compiled when they are first used."""

import re

import pytest

from pipelines.core.languages.lazy_patterns import lazily, lazy_pattern


def test_pattern_is_compiled_once_and_at_its_first_use():
    """Its methods and attributes are those of the pattern that is made then."""
    made: list[re.Pattern[str]] = []

    def compiled() -> re.Pattern[str]:
        made.append(re.compile("(?P<word>a+)b", re.IGNORECASE))
        return made[0]

    pattern = lazily(compiled)
    assert made == []
    assert [pattern.search("xAAb")["word"], pattern.sub("-", "xAAb"), pattern.fullmatch("b")] == ["AA", "x-", None]
    assert (pattern.pattern, pattern.groupindex, len(made)) == ("(?P<word>a+)b", {"word": 1}, 1)


def test_malformed_pattern_raises_at_its_first_use():
    """Nothing is hidden: the error is that of `re`."""
    pattern = lazy_pattern("(a")
    with pytest.raises(re.error, match="unterminated"):
        pattern.search("a")
