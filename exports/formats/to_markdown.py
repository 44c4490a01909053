"""Write a folder of Markdown: a file for each article, its fields as YAML front matter (Obsidian, Hugo, pandoc)."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import pairwise
from operator import add
from typing import Any

from exports import Content, Row
from exports.folder_output import FolderOutput
from exports.formats.article_files import file_name
from exports.line_kinds import HEADINGS, KindOfLine, bare_item, cells, lines_of, runs

name = "markdown"
media_type = "text/markdown"
suffix = ""
reads = ("id", "source", "published_day", "revision", "title", "text", "line_kinds")
refused_suffixes = (".md",)

IN_BODY = ("text", "line_kinds")  # what is below the front matter

# CommonMark 0.31: what makes markup within a line, and what makes it at the beginning of one.
INLINE = re.compile(r"([\\`*_\[\]<>&~|$])")
NUMBERED = re.compile(r"^(\s*\d{1,9})([.)])(?=\s|$)", re.MULTILINE)
SIGNED = re.compile(r"^(\s*)(?=#|[+-](?:\s|$)|(?:-[- ]*|=+)\s*$)", re.MULTILINE)  # heading, item, ruled line
CLOSED = re.compile(r"#(?=\s*$)")  # at the end of a heading, it is none of its signs
# What a YAML file cannot hold as it is (YAML 1.2.2 section 5.1, outside c-printable), what YAML 1.1 takes for a line
# end, and the byte order mark. Within quotes, an escape stands for it; no escape is needed beyond U+FFFF.
NOT_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def escape(text: str) -> str:
    """Return plain text as Markdown that shows exactly this text."""
    return SIGNED.sub(r"\1\\", NUMBERED.sub(r"\1\\\2", escape_within(text)))


def escape_within(text: str) -> str:
    """Return plain text as Markdown for a place where no list and no heading can begin: a cell, a heading."""
    return INLINE.sub(r"\\\1", text)


def yaml_value(value: Any) -> str:
    """Return a value as YAML on one line. JSON is YAML, too, as far as YAML can hold its characters."""
    text = json.dumps(value, ensure_ascii=False)
    return NOT_IN_YAML.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text)


def body(row: Row) -> str:
    """Return headline and text of an article as Markdown: CommonMark, with the tables of GitHub."""
    title = [_heading(1, row["title"])] if row["title"] else []
    return "\n\n".join([*title, *(_block(run) for run in runs(lines_of(row)))])


def _block(run: list[KindOfLine]) -> str:
    """Return lines that belong together as a block of Markdown."""
    kind = run[0].kind
    if kind in ("t", "th"):
        return _table(run)
    if kind in ("u", "o"):
        return _list(run)
    if kind == "c":
        text = "\n".join(line.text if line.goes_on or line is run[0] else f"\n{line.text}" for line in run)
        fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
        return f"{fence}\n{text}\n{fence}"
    if kind in HEADINGS:
        return _heading(max(2, int(kind[1])), run[0].text)  # the headline is the only one of the first level
    lines = [escape(line.text.strip()) for line in run]
    if kind == "v":
        return "\\\n".join(lines)
    if kind in ("q", "qv"):
        verse = [before.kind == after.kind == "qv" and after.goes_on for before, after in pairwise(run)]
        ends = ["\\\n> " if is_verse else "\n>\n> " for is_verse in verse]
        return "".join(map(add, ("> ", *ends), lines))
    return "\n\n".join(lines)


def _heading(level: int, text: str) -> str:
    text = escape_within(" ".join(text.split()))
    return f"{'#' * level} " + CLOSED.sub(r"\\#", text)


def _table(run: list[KindOfLine]) -> str:
    """Return a table. Without a row of headings, that row is empty: Markdown has no table without one."""
    rows = [[escape_within(cell.strip()) for cell in cells(line)] for line in run]
    width = max(map(len, rows))
    if run[0].kind != "th":
        rows.insert(0, [])
    filled = [row + [""] * (width - len(row)) for row in rows]
    lines = [f"| {' | '.join(row)} |" for row in filled]
    return "\n".join([lines[0], "|" + " --- |" * width, *lines[1:]])


def _list(run: list[KindOfLine]) -> str:
    """Return a list with its inner lists. What follows a mark is indented by the width of the marks around it."""
    lines: list[str] = []
    indents = [0]  # of the items of each level
    for line in run:
        mark, text = bare_item(line)
        level = min(line.level, len(indents))
        if line.goes_on and lines:
            lines += ["", " " * indents[min(level, len(indents) - 1)] + escape(text)]
            continue
        del indents[level:]
        if line.kind == "u" or not mark.rstrip(".").isdecimal():  # or no mark
            mark, text = "-", text if mark == "-" else f"{mark} {text}"  # Markdown numbers no item with letters
        lines.append(f"{' ' * indents[-1]}{mark} {escape(text)}")
        indents.append(indents[-1] + len(mark) + 1)
    return "\n".join(lines)


def page(row: Row, columns: Sequence[str]) -> str:
    """Return an article as Markdown, with its fields as front matter."""
    fields = [
        f"{column}: {yaml_value(row[column])}"
        for column in columns
        if column not in IN_BODY and row[column] is not None
    ]
    return "\n".join(("---", *fields, "---", "", body(row))) + "\n"


def fill(content: Content, folder: FolderOutput) -> dict[str, Any]:
    """Write a file for each row."""
    for part, rows in content.parts:
        for row in rows:
            folder.add(
                file_name(row, part, ".md", content.about), page(row, content.columns).encode("utf-8", "replace")
            )
    return {}
