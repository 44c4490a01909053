"""Test what a terminal is shown: lines that fit, measured as drawn, and nothing that it would obey."""

from __future__ import annotations

import pytest

from pipelines.core.terminal import cut, pad, plain, width, wrap, wrap_indented


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("plain", 5),
        ("東京", 4),
        ("한국어", 6),
        ("größe", 5),
        ("e\u0301", 1),
        ("🦀", 2),
        ("a\u200b", 1),
        ("", 0),
    ],
)
def test_width_counts_columns_as_drawn(text, columns):
    """East Asian wide characters and emoji take two columns, combining and invisible ones none."""
    assert width(text) == columns


@pytest.mark.parametrize("room", [5, 11, 24, 79])
@pytest.mark.parametrize(
    "text",
    ["", "one two three " * 9, "東京都知事選挙が行われた。" * 5, "https://example.org/" + "x" * 90,
     "a 東京 b 大阪 c" * 8, "Donaudampfschifffahrtsgesellschaftskapitän und Übergrößenträger"],
)  # fmt: skip
def test_wrapped_lines_fit_and_join_to_the_text(text, room):
    """No line is wider than the terminal."""
    lines = list(wrap(text, room))
    assert all(width(line) <= room for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@pytest.mark.parametrize("room", [1, 2, 5, 11, 200])
def test_cut_and_padded_text_has_its_width(room):
    """To the column, also where a wide character would not fit whole."""
    for text in ("Elections are called", "東京都知事選挙", "a東b京c"):
        assert width(cut(text, room)) <= room
        assert width(pad(text, room)) == room
    assert cut("short", 200) == "short"
    assert cut("longer than that", 7) == "longer…"


def test_control_characters_of_a_page_are_disarmed():
    """Escape sequences, C1 controls, bidirectional overrides and isolates, carriage returns."""
    hostile = "a\x1b[31mb\x9b2Jc\x07\r\u202ed\u2066e\u2028f\x00g\x7f"
    shown = plain(hostile)
    assert not set(shown) & set("\x1b\x9b\x07\r\u202e\u2066\u2028\x00\x7f")
    assert plain("line\nline") == "line\nline"


@pytest.mark.parametrize(
    ("text", "room", "hanging", "lines"),
    [
        ("Pos Club   P", 40, 0, ["Pos Club   P"]), ("East |  | 0", 40, 0, ["East |  | 0"]),
        ("  - the old bridge", 13, 2, ["  - the old", "    bridge"]), ("  a  b c", 6, 0, ["  a  b", "  c"]),
    ],
)  # fmt: skip
def test_indented_lines_keep_their_spaces(text, room, hanging, lines):
    """Columns of a timetable, empty cells; the second line of an item is below its words."""
    assert list(wrap_indented(text, room, hanging)) == lines
