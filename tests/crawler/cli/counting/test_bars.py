"""Test bars and sparklines."""

from __future__ import annotations

import io

import pytest

from crawler.cli.counting.bars import BLOCKS, PLAIN, bar, characters_for, sparkline


@pytest.mark.parametrize(
    ("number", "shown"), [(0, ""), (1, "▏"), (50, "██▌"), (100, "█████"), (97, "████▉"), (0.001, "▏")]
)
def test_bar_is_as_long_as_its_number(number, shown):
    """A bar is drawn to an eighth of a cell, and a number above zero is always seen."""
    assert bar(number, 100, 5, BLOCKS) == shown


def test_bar_without_blocks_has_whole_cells():
    """ASCII has no eighths."""
    assert bar(50, 100, 4, PLAIN) == "##"
    assert bar(0, 0, 4, PLAIN) == ""


def test_sparkline_has_a_character_for_each_number():
    """The highest number is a full block, zero is a dot, and an unknown number is a space."""
    assert sparkline([8, 4, 1, 0, None, 8], 10, BLOCKS) == "█▄▁· █"
    assert sparkline([0, 0], 10, BLOCKS) == "··"
    assert sparkline([None, None], 10, BLOCKS) == ""


def test_sparkline_fits_its_room():
    """Each character is then the mean of several numbers, of those that are known."""
    assert sparkline([8, 8, 4, None, 0, 0], 3, BLOCKS) == "█▄·"
    assert len(sparkline(list(range(1, 7306)), 60, BLOCKS)) == 60


@pytest.mark.parametrize(
    ("encoding", "is_terminal", "kind", "drawn"),
    [("utf-8", False, None, BLOCKS), ("utf-8", True, "xterm", BLOCKS), ("utf-8", True, "linux", PLAIN),
     ("ascii", False, None, PLAIN), ("latin-1", True, "xterm", PLAIN)],
)  # fmt: skip
def test_output_that_has_no_blocks_gets_ascii(monkeypatch, encoding, is_terminal, kind, drawn):
    """The encoding decides, and on a terminal its kind."""
    monkeypatch.setenv("TERM", kind or "")
    out = io.TextIOWrapper(io.BytesIO(), encoding)
    monkeypatch.setattr(out, "isatty", lambda: is_terminal, raising=False)
    assert characters_for(out) is drawn
