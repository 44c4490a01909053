"""Signals taken apart: to which robot, what, with which value; and which of them a name means."""

from __future__ import annotations

import pytest

from pipelines.selection.directives import RequestedSignal, parse_signals

SAID = {
    "header, to all": ("x-robots-tag: NoArchive, nosnippet", [(None, "noarchive", ""), (None, "nosnippet", "")]),
    "header, to one": ("x-robots-tag: Googlebot: noarchive, nosnippet",
                       [("googlebot", "noarchive", ""), ("googlebot", "nosnippet", "")]),
    "header, to all and then to one": ("x-robots-tag: noai, otherbot: noindex",
                                       [(None, "noai", ""), ("otherbot", "noindex", "")]),
    "value is no robot": ("x-robots-tag: max-snippet: 0", [(None, "max-snippet", "0")]),
    "a date is no robot": ("x-robots-tag: unavailable_after: 25 Jun 2030 15:00:00 PST",
                           [(None, "unavailable_after", "25 jun 2030 15:00:00 pst")]),
    "none is two": ("robots: none", [(None, "none", ""), (None, "noindex", ""), (None, "nofollow", "")]),
    "meta, to one": ("gptbot: noarchive", [("gptbot", "noarchive", "")]),
    "usage": ("content-usage: train-ai=n;x=1, search=y", [(None, "train-ai", "n"), (None, "search", "y")]),
    "an address": ("license: https://x.example/by?a,b", [(None, "license", "https://x.example/by?a,b")]),
    "header, to all by a star": ("x-robots-tag: *: noai", [(None, "noai", "")]),
    "by semicolons": ("robots: noai; noimageai", [(None, "noai", ""), (None, "noimageai", "")]),
    "by blanks": ("robots: noindex noai", [(None, "noindex", ""), (None, "noai", "")]),
    "nothing": ("x-robots-tag: ", []),
}  # fmt: skip


@pytest.mark.parametrize("case", SAID)
def test_signal_is_split_into_robot_directive_and_value(case):
    """The name of a robot holds for the directives after it; directives with values and dates are no robots."""
    signal, meant = SAID[case]
    assert [(one.robot, one.name, one.value) for one in parse_signals([signal])] == meant


MEANT = {
    "a directive": ("noarchive", "robots: noindex, noarchive", True),
    "in capitals": ("NoArchive", "robots: noarchive", True),
    "not another": ("noarchive", "robots: noindex", False),
    "no part of a word": ("noarchive", "robots: noarchives", False),
    "to another robot": ("noarchive", "x-robots-tag: googlebot: noarchive", False),
    "to us": ("noarchive", "x-robots-tag: newsmorgue: noarchive", True),
    "to a robot that is asked for": ("googlebot:noarchive", "googlebot: noarchive", True),
    "to that robot, something else": ("googlebot:noarchive", "googlebot: noindex", False),
    "all that is said to it": ("gptbot", "gptbot: noindex", True),
    "none is noindex": ("noindex", "robots: none", True),
    "a whole header": ("x-robots-tag", "x-robots-tag: noai", True),
    "a whole header, to another": ("x-robots-tag", "x-robots-tag: otherbot: noai", False),
    "a header's directive": ("x-robots-tag:noai", "x-robots-tag: noai", True),
    "only in the header": ("x-robots-tag:noai", "robots: noai", False),
    "a value": ("max-snippet:0", "robots: max-snippet:0", True),
    "another value": ("max-snippet:0", "robots: max-snippet:160", False),
    "usage": ("content-usage:train-ai=n", "content-usage: train-ai=n", True),
    "usage, short": ("train-ai=n", "content-usage: search=n, train-ai=n", True),
    "usage, allowed": ("train-ai=n", "content-usage: train-ai=y", False),
    "any policy": ("tdm-policy", "tdm-policy: https://paper.example/tdm.json", True),
    "an address": ("license:https://x.example/", "license: https://x.example/", True),
}  # fmt: skip


@pytest.mark.parametrize("case", MEANT)
def test_name_means_a_directive_a_signal_or_a_robot(case):
    """Rules addressed to another robot count only where that robot is named."""
    name, signal, meant = MEANT[case]
    assert any(map(RequestedSignal(name).matches, parse_signals([signal]))) is meant


@pytest.mark.parametrize("name", ["", " ", ":", ":n", "noarchive:", "="])
def test_empty_name_is_refused(name):
    """It would match everything or nothing."""
    with pytest.raises(ValueError, match="names no signal"):
        RequestedSignal(name)
