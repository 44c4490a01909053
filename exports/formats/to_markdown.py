"""Write a folder of Markdown: a file for each article, its fields as YAML front matter (Obsidian, Hugo, pandoc)."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from exports import Content, Row
from exports.folder_output import FolderOutput
from exports.formats.article_files import file_name

name = "markdown"
media_type = "text/markdown"
suffix = ""
reads = ("id", "source", "published_day", "revision", "title", "text")
refused_suffixes = (".md",)

# CommonMark 0.31: what makes markup within a line, and what makes it at the beginning of one.
INLINE = re.compile(r"([\\`*_\[\]<>&~|$])")
NUMBERED = re.compile(r"^(\s*\d{1,9})([.)])", re.MULTILINE)
# What a YAML file cannot hold as it is (YAML 1.2.2 section 5.1, outside c-printable), what YAML 1.1 takes for a line
# end, and the byte order mark. Within quotes, an escape stands for it; no escape is needed beyond U+FFFF.
NOT_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def escape(text: str) -> str:
    """Return plain text as Markdown that shows exactly this text."""
    text = INLINE.sub(r"\\\1", text)
    text = NUMBERED.sub(r"\1\\\2", text)
    return re.sub(r"^(\s*)([#+=-])", r"\1\\\2", text, flags=re.MULTILINE)


def yaml_value(value: Any) -> str:
    """Return a value as YAML on one line. JSON is YAML, too, as far as YAML can hold its characters."""
    text = json.dumps(value, ensure_ascii=False)
    return NOT_IN_YAML.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text)


def page(row: Row, columns: Sequence[str]) -> str:
    """Return an article as Markdown, with its fields as front matter."""
    fields = [
        f"{column}: {yaml_value(row[column])}" for column in columns if column != "text" and row[column] is not None
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
