"""Test what commands print: tables that fit the terminal, and style only where it is wanted."""

from __future__ import annotations

import io
import json

import pytest

from crawler.cli import output
from pipelines.core.terminal import UNSAFE_CHARACTERS, width


def test_table_fits_the_terminal_and_aligns_numbers():
    """Numbers are aligned on the right; lists and line feeds are printed on one line."""
    rows = [
        {"name": "東京新聞", "articles": 5, "authors": ["A", "B"], "last_error": None},
        {"name": "courier", "articles": 12345, "authors": [], "last_error": "HTTP 503\nfive times " * 9},
    ]
    for total in (60, 100):
        lines = list(output.table(rows, ("name", "articles", "authors", "last_error"), total))
        assert all(width(line) <= total for line in lines)
        assert len(lines) > 3, "the longest column is wrapped"
        assert "".join(line[31:] for line in lines[2:]).count("times") == 9, "and nothing of it is cut"
    assert "last error" in lines[0]
    assert "A, B" in lines[1]
    assert width(lines[1][: lines[1].index("5")]) == lines[2].index("12345") + 4, "numbers stand right"
    assert list(output.table([], ("name",), 80)) == ["name"]


@pytest.mark.parametrize("total", [20, 34, 50])
def test_table_on_a_narrow_terminal_is_a_list_of_values(total):
    """If the columns do not fit, each row is its first value, then a line for each other value. No line wraps."""
    columns = ("name", "articles", "newest", "last_success", "waiting", "failed", "last_error")
    row = dict.fromkeys(columns, "a value that is long enough") | {"name": "theguardian", "articles": 9, "newest": None}
    lines = list(output.table([row, row], columns, total))
    assert all(width(line) <= total for line in lines)
    assert lines[0] == "theguardian"
    assert lines[1] == "  articles      9"
    assert "".join(lines).replace(" ", "").count("avaluethatislongenough") == 8, "no value is cut"
    assert not any("newest" in line for line in lines), "a value that is not known has no line"
    assert lines.count("") == 1, "an empty line parts the rows"


LOG_ROW = {"run": 12, "begun": "2026-11-28 20:03:11", "took": "3 min 12 s", "outcome": "partly failed", "new": 3}
SOURCE_ROW = {"name": "a", "last_success": "2026-11-28 20:03", "last_error": "an HTML page, not a feed"}


@pytest.mark.parametrize("row", [LOG_ROW, SOURCE_ROW])
@pytest.mark.parametrize("total", [46, 56, 66, 80, None])
def test_times_and_outcomes_are_shown_whole_at_every_width(row, total):
    """A table that is too narrow becomes a list of values; a program gets lines of any length."""
    row |= {"command": "crawl --urls list.csv --report out.csv " * 3}
    text = "\n".join(output.table([row], tuple(row), total))
    assert all(str(value) in text for name, value in row.items() if name != "command")
    assert text.count("--report") == 3
    assert (total is None) == (row["command"].strip() in text)


def test_table_for_a_program_is_as_wide_as_its_values(monkeypatch):
    """$COLUMNS is obeyed, also there."""
    monkeypatch.delenv("COLUMNS", raising=False)
    assert output.table_width(io.StringIO()) is None
    monkeypatch.setenv("COLUMNS", "72")
    assert output.table_width(io.StringIO()) == 72


def test_style_is_for_terminals_only(monkeypatch):
    """NO_COLOR, a dumb terminal and a pipe get plain text."""
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert output.supports_style(terminal)
    assert not output.supports_style(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not output.supports_style(terminal)
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert not output.supports_style(terminal)


def test_width_is_that_of_columns_or_the_terminal(monkeypatch):
    """COLUMNS first; 100 where there is neither; never so narrow that nothing fits."""
    monkeypatch.setenv("COLUMNS", "72")
    assert output.terminal_width(io.StringIO()) == 72
    monkeypatch.setenv("COLUMNS", "3")
    assert output.terminal_width(io.StringIO()) == 20
    monkeypatch.setenv("COLUMNS", "wide")
    assert output.terminal_width(io.StringIO()) == 100
    monkeypatch.delenv("COLUMNS")
    assert output.terminal_width(io.StringIO()) == 100


EVIL_TEXT = "bell \x07, escape \x1b[2J, C1 \x9b31m, override \u202e, isolate \u2066, mark \u061c, delete \x7f"


class TextTerminal(io.TextIOWrapper):
    """Be a terminal that remembers what it was given."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), "utf-8", newline="")

    def isatty(self) -> bool:
        return True

    def shown(self) -> str:
        self.flush()
        return self.buffer.getvalue().decode()  # type: ignore[attr-defined]


@pytest.mark.parametrize(("form", "answer"), [("json", [{"title": EVIL_TEXT}]), ("jsonl", {"title": EVIL_TEXT})])
def test_json_on_a_terminal_has_escapes_and_means_the_same(monkeypatch, form, answer):
    """A title cannot clear the screen or turn a line around."""
    terminal = TextTerminal()
    monkeypatch.setattr("sys.stdout", terminal)
    output.write_rows([{"title": EVIL_TEXT}], ("title",), form)
    assert not UNSAFE_CHARACTERS.search(terminal.shown())
    assert json.loads(terminal.shown()) == answer
    assert json.loads(output.json_text({"title": EVIL_TEXT})) == {"title": EVIL_TEXT}
    assert not UNSAFE_CHARACTERS.search(output.json_text({"title": EVIL_TEXT}))


def test_csv_on_a_terminal_has_escapes(monkeypatch):
    """Its line ends are those of a terminal."""
    terminal = TextTerminal()
    monkeypatch.setattr("sys.stdout", terminal)
    output.write_rows([{"title": EVIL_TEXT}], ("title",), "csv")
    assert not UNSAFE_CHARACTERS.search(terminal.shown())
    assert "\\u001b[2J" in terminal.shown()


def test_character_that_comes_in_two_pieces_is_shown_whole():
    """A format may write the bytes of a character with two calls."""
    terminal = TextTerminal()
    out = output.TerminalBytes(terminal)
    for byte in "ü\x9b東".encode():
        out.write(bytes([byte]))
    assert terminal.shown() == "ü\\u009b東"


def test_json_in_a_pipe_stays_as_it_is(monkeypatch):
    """Programs get the characters."""
    pipe = io.TextIOWrapper(io.BytesIO(), "utf-8")
    monkeypatch.setattr("sys.stdout", pipe)
    output.write_rows([{"title": "a\u202eb"}], ("title",), "jsonl")
    assert "a\u202eb" in pipe.buffer.getvalue().decode()  # type: ignore[attr-defined]
