"""The advice for a mistyped name."""

from __future__ import annotations

import pytest

from pipelines.core.errors import near_names


@pytest.mark.parametrize(
    ("name", "names", "advice"),
    [
        ("theguardain", ["theguardian", "faz", "waz"], "did you mean theguardian?"),
        ("FAZ", ["faz", "theguardian"], "did you mean faz?"),
        ("xyz", ["Bild", "Welt"], "sources: Bild, Welt"),
        ("xyz", [], "there are no sources yet"),
        ("xyz", [f"paper-{number:02}" for number in range(14)], "paper-11 and 2 more"),
    ],
)
def test_advice_names_what_is_like_it_or_what_there_is(name, names, advice):
    """Whatever their case; a long list is cut."""
    assert near_names(name, names, "source").endswith(advice)
