"""What a newer extractor, or a newer rule of a source, reads otherwise, and taking it: edits of ours, not the paper's.

A revision stays the revision that it is: number, capture, time. Its text is replaced, and the text that stood there
goes into `readings`, with the name of the extractor that read it. The journal carries both into the WARC files.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any

from pipelines.core.items import Article
from pipelines.core.timestamps import now, stamp
from pipelines.database.columns import REVISION_COLUMNS, article_row, update_row
from pipelines.rebuild.reread import REVISIONS, RereadPage

NOT_READ = ("capture_id", "comments", "found_in", "text_digest", "extractor")  # of an article: not what a reader sees


@dataclass(frozen=True, slots=True)
class RevisionChange:
    """One revision that is read otherwise now."""

    revision_id: int
    article_id: int
    number: int
    newest: bool
    url: str
    before: dict[str, Any]  # fields that differ, as they are filed
    after: dict[str, Any]  # the same fields, as they are read now
    values: dict[str, Any]  # all columns of `articles`, as they are read now

    def diff(self) -> Iterator[str]:
        """The text before and after, as lines of a unified diff without its head."""
        if "text" in self.before:
            before, after = self.before["text"].split("\n"), self.after["text"].split("\n")
            yield from list(unified_diff(before, after, lineterm="", n=1))[2:]


def selection(db: sqlite3.Connection, condition: str, values: Mapping[str, Any], extractor: str | None) -> list[int]:
    """Revisions of the articles that an SQL condition on `articles a` means, in the order of their files.

    `extractor`: only those that another one has read; None: all.
    """
    other = "AND r.extractor != :extractor" if extractor is not None else ""
    rows = db.execute(
        f"""SELECT r.id FROM revisions r JOIN articles a ON a.id = r.article_id JOIN captures c ON c.id = r.capture_id
             WHERE {condition} {other} ORDER BY c.file, c.offset""",  # noqa: S608 (the condition is one of ours)
        {**values, "extractor": extractor},
    )
    return [row[0] for row in rows]


def revisions(db: sqlite3.Connection, ids: list[int]) -> Iterator[dict[str, Any]]:
    """Rows of REVISIONS, one at a time."""
    for one in ids:
        yield dict(db.execute(f"{REVISIONS} WHERE r.id = ?", (one,)).fetchone())


def change_of(db: sqlite3.Connection, read: RereadPage) -> RevisionChange | None:
    """How a new reading differs from what is filed; None if a reader would see no difference."""
    row, article = read.row, read.outcome
    if not isinstance(article, Article) or read.page is None or read.page.capture is None:
        return None
    values = article_row(article, read.page.capture)
    if row["newest"]:
        names = [name for name in values if name not in NOT_READ]
        query = f"SELECT {', '.join(names)} FROM articles WHERE id = ?"  # noqa: S608 (our own names)
        filed = dict(zip(names, db.execute(query, (row["article_id"],)).fetchone(), strict=True))
    else:
        filed = {name: row[name] for name in REVISION_COLUMNS if name not in NOT_READ}
    differ = [name for name in filed if filed[name] != values[name]]
    return RevisionChange(
        row["id"], row["article_id"], row["number"], bool(row["newest"]), row["url"],
        {name: filed[name] for name in differ}, {name: values[name] for name in differ}, values,
    ) if differ else None  # fmt: skip


def take(db: sqlite3.Connection, read: RereadPage, change: RevisionChange | None) -> None:
    """File a new reading: what it replaces is kept in `readings`. On the keeper's thread; commits nothing."""
    if not isinstance(read.outcome, Article):
        return
    revision = {"id": read.row["id"]}
    if change is not None:
        if any(name in change.before for name in REVISION_COLUMNS):
            db.execute(
                f"""INSERT INTO readings (revision_id, replaced, {", ".join(REVISION_COLUMNS)})
                    SELECT id, :replaced, {", ".join(REVISION_COLUMNS)} FROM revisions WHERE id = :id""",  # noqa: S608 (our names)
                revision | {"replaced": stamp(now())},
            )
        update_row(db, "revisions", {name: change.values[name] for name in REVISION_COLUMNS}, change.revision_id)
        if change.newest:
            values = {name: value for name, value in change.values.items() if name not in ("capture_id", "comments")}
            update_row(db, "articles", values, change.article_id)
        return
    if read.outcome.extractor == read.row["extractor"]:
        return
    # The same text: the next run need not read it again.
    for table, where in (("revisions", read.row["id"]), ("articles", read.row["article_id"])):
        if table == "revisions" or read.row["newest"]:
            update_row(db, table, {"extractor": read.outcome.extractor}, where)


def shown(name: str, value: Any) -> str:
    """A field's value on one line, for people."""
    if value is None:
        return "(none)"
    if name in ("authors", "tags", "rights"):
        return ", ".join(json.loads(value)) or "(none)"
    return " ".join(str(value).split())
