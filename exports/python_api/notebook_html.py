"""Write small HTML tables for notebooks. Every value is escaped: a headline from the web is text, never markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from pipelines.core.terminal import cut, plain

MAX_ROWS_SHOWN = 10  # of a table in a notebook
MAX_CELL_COLUMNS = 320  # of text in a cell, as a terminal would count them
# Private-use characters around the words found, which no article has.
FOUND_MARKS = ("\ue000", "\ue001")
MARK_TAGS = str.maketrans({FOUND_MARKS[0]: "<mark>", FOUND_MARKS[1]: "</mark>"})
# Classes that keep MathJax, which notebooks load, from setting "$5 to $10" as a formula.
TABLE = '<table class="newsmorgue tex2jax_ignore mathjax_ignore">'


def escape(text: str) -> str:
    """Return a text that HTML shows as it is, between tags and in an attribute."""
    import html  # takes more than a millisecond, which a search need not pay

    return html.escape(text)


class Link:
    """Hold a text that leads to a page of the web."""

    def __init__(self, text: object, url: object) -> None:
        self.text, self.url = text, str(url)


def cell(value: object) -> str:
    """Return a value as the HTML of a cell. Only addresses of the web become links."""
    if isinstance(value, Link):
        text = cell(value.text)
        if not value.url.lower().startswith(("https://", "http://")):
            return text
        return f'<a href="{escape(plain(value.url))}" rel="noopener noreferrer" target="_blank">{text}</a>'
    if value is None:
        return ""
    if isinstance(value, datetime):
        return escape(value.isoformat(sep=" ", timespec="seconds").replace("+00:00", "Z"))
    if isinstance(value, list | tuple):
        value = ", ".join(map(str, value))
    line = cut(" ".join(plain(value).split()), MAX_CELL_COLUMNS)
    unclosed = line.count(FOUND_MARKS[0]) > line.count(FOUND_MARKS[1])
    return escape(line + FOUND_MARKS[1] * unclosed).translate(MARK_TAGS)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], caption: str = "") -> str:
    """Return a table. `caption` is said below it."""
    head = "".join(f"<th>{cell(column)}</th>" for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{cell(value)}</td>" for value in row) + "</tr>" for row in rows)
    said = f"<p>{escape(caption)}</p>" if caption else ""
    return f"{TABLE}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{said}"


def properties(rows: Iterable[tuple[str, object]]) -> str:
    """Return a table of names and values."""
    body = "".join(f"<tr><th>{cell(name)}</th><td>{cell(value)}</td></tr>" for name, value in rows)
    return f"{TABLE}<tbody>{body}</tbody></table>"
