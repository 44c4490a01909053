"""Name the files of formats that write one file for each article."""

from __future__ import annotations

import re

from exports import ExportInfo, Row

ID_DIGITS = 8  # of a file name, so that names sort as numbers do
UNKNOWN = "unknown"  # folder of articles without a source, or without a day


def file_name(row: Row, part: str, suffix: str, about: ExportInfo) -> str:
    """Return the path of an article in the folder: split, source, month, number, revision."""
    source, month = _folder(row["source"]), _folder((row["published_day"] or "")[:7])
    revision = f"-r{row['revision']}" if about.get("revisions") == "all" else ""
    return f"{part}/{source}/{month}/{row['id']:0{ID_DIGITS}}{revision}{suffix}".lstrip("/")


def _folder(text: str | None) -> str:
    """Return a text as the name of one folder. The database may be forged by the archive's author."""
    return re.sub(r"[^\w.-]+", "-", text or "").lstrip(".") or UNKNOWN
