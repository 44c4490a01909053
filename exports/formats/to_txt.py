"""Write a folder of plain text: a file for each article with its headline and text, and a table of all files.

This is what corpus tools read (AntConc, quanteda, Voyant). All other fields are in metadata.csv.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from exports import Content, Row
from exports.folder_output import FolderOutput
from exports.formats import to_csv
from exports.formats.article_files import file_name

name = "txt"
media_type = "text/plain"
suffix = ""
reads = ("id", "source", "published_day", "revision", "title", "text")
takes_raw = True  # in its table

METADATA_NAME = "metadata.csv"


def fill(content: Content, folder: FolderOutput) -> dict[str, Any]:
    """Write a file for each row, and a row of metadata.csv."""
    listed = ["file", *(column for column in content.columns if column != "text")]

    def written() -> Iterator[Row]:
        for part, rows in content.parts:
            for row in rows:
                path = file_name(row, part, ".txt", content.about)
                text = "\n\n".join(filter(None, (row["title"], row["text"])))
                folder.add(path, text.encode("utf-8", "replace") + b"\n")
                yield row | {"file": path}

    with folder.open(METADATA_NAME) as out:
        to_csv.write(written(), out, listed, raw=content.raw)
    return {"metadata": METADATA_NAME}
