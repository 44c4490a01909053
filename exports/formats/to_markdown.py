"""Write a folder of Markdown: a file for each article, its fields as YAML front matter (Obsidian, Hugo, pandoc)."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from exports import Content, Row
from exports.folder_output import FolderOutput
from exports.formats.article_files import file_name
from exports.formats.to_jsonl import LINE_ENDS

name = "markdown"
media_type = "text/markdown"
suffix = ""
reads = ("id", "source", "published_day", "revision", "title", "text")
refused_suffixes = (".md",)

# CommonMark 0.31: what makes markup within a line, and what makes it at the beginning of one.
INLINE = re.compile(r"([\\`*_\[\]<>&~|$])")
NUMBERED = re.compile(r"^(\s*\d{1,9})([.)])", re.MULTILINE)
ESCAPES = str.maketrans(LINE_ENDS)


def escape(text: str) -> str:
    """Return plain text as Markdown that shows exactly this text."""
    text = INLINE.sub(r"\\\1", text)
    text = NUMBERED.sub(r"\1\\\2", text)
    return re.sub(r"^(\s*)([#+=-])", r"\1\\\2", text, flags=re.MULTILINE)


def page(row: Row, columns: Sequence[str]) -> str:
    """Return an article as Markdown. JSON is YAML, too, so that each field of the front matter is JSON."""
    fields = [
        f"{column}: {json.dumps(row[column], ensure_ascii=False).translate(ESCAPES)}"
        for column in columns
        if column != "text" and row[column] is not None
    ]
    paragraphs = [escape(line.strip()) for line in row["text"].split("\n") if line.strip()]
    title = [f"# {escape(' '.join(row['title'].split()))}"] if row["title"] else []
    return "\n".join(("---", *fields, "---", "", "\n\n".join([*title, *paragraphs]))) + "\n"


def fill(content: Content, folder: FolderOutput) -> dict[str, Any]:
    """Write a file for each row."""
    for part, rows in content.parts:
        for row in rows:
            folder.add(
                file_name(row, part, ".md", content.about), page(row, content.columns).encode("utf-8", "replace")
            )
    return {}
