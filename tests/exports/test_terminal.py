"""What a terminal is shown: lines that fit, measured as drawn, and nothing that it would obey."""

from __future__ import annotations

import io

import pytest

from exports import terminal as table


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
def test_width_is_what_is_drawn(text, columns):
    """East Asian wide characters and emoji take two columns, combining and invisible ones none."""
    assert table.width(text) == columns


@pytest.mark.parametrize("room", [5, 11, 24, 79])
@pytest.mark.parametrize(
    "text",
    ["", "one two three " * 9, "東京都知事選挙が行われた。" * 5, "https://example.org/" + "x" * 90,
     "a 東京 b 大阪 c" * 8, "Donaudampfschifffahrtsgesellschaftskapitän und Übergrößenträger"],
)  # fmt: skip
def test_wrapped_lines_fit_and_lose_nothing(text, room):
    """No line is wider than the terminal, and joined they are the text."""
    lines = list(table.wrap(text, room))
    assert all(table.width(line) <= room for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@pytest.mark.parametrize("room", [1, 2, 5, 11, 200])
def test_cut_and_padded_text_has_its_width(room):
    """To the column, also where a wide character would not fit whole."""
    for text in ("Elections are called", "東京都知事選挙", "a東b京c"):
        assert table.width(table.cut(text, room)) <= room
        assert table.width(table.pad(text, room)) == room
    assert table.cut("short", 200) == "short"
    assert table.cut("longer than that", 7) == "longer…"


def test_nothing_in_a_page_reaches_the_terminal_as_a_command():
    """Escape sequences, C1 controls, bidirectional overrides and isolates, carriage returns."""
    hostile = "a\x1b[31mb\x9b2Jc\x07\r\u202ed\u2066e\u2028f\x00g\x7f"
    shown = table.plain(hostile)
    assert not set(shown) & set("\x1b\x9b\x07\r\u202e\u2066\u2028\x00\x7f")
    assert table.plain("line\nline") == "line\nline"


def test_a_table_fits_and_aligns():
    """Every line within the terminal; numbers stand right; lists and line feeds are shown on one line."""
    rows = [
        {"name": "東京新聞", "articles": 5, "authors": ["A", "B"], "last_error": None},
        {"name": "courier", "articles": 12345, "authors": [], "last_error": "HTTP 503\nfive times " * 9},
    ]
    for total in (40, 60, 100):
        lines = list(table.table(rows, ("name", "articles", "authors", "last_error"), total))
        assert all(table.width(line) <= total for line in lines)
        assert len(lines) == 3
    assert "last error" in lines[0]
    assert "A, B" in lines[1]
    assert table.width(lines[1][: lines[1].index("5")]) == lines[2].index("12345") + 4, "numbers stand right"
    assert list(table.table([], ("name",), 80)) == ["name"]


def test_style_only_for_terminals(monkeypatch):
    """NO_COLOR, a dumb terminal and a pipe get plain text."""
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert table.styled(terminal)
    assert not table.styled(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not table.styled(terminal)
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert not table.styled(terminal)


def test_the_width_is_the_terminals_or_what_columns_says(monkeypatch):
    """COLUMNS first; 100 where there is neither; never so narrow that nothing fits."""
    monkeypatch.setenv("COLUMNS", "72")
    assert table.columns_of(io.StringIO()) == 72
    monkeypatch.setenv("COLUMNS", "3")
    assert table.columns_of(io.StringIO()) == 20
    monkeypatch.setenv("COLUMNS", "wide")
    assert table.columns_of(io.StringIO()) == 100
    monkeypatch.delenv("COLUMNS")
    assert table.columns_of(io.StringIO()) == 100
