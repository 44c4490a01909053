"""Find what a newer extractor, or a newer rule of a source, reads differently, and file it.

A revision stays what it is: capture and time. Its text is replaced, because the change is ours and not the
newspaper's. The old text goes into `readings`, with the name of the extractor that read it. The journal carries both
into the WARC files. A revision that is noise (`database.edits`) becomes sightings of the one before it.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any, NamedTuple

from pipelines.core.errors import ArchiveDamaged
from pipelines.core.items import Article
from pipelines.core.timestamps import now, stamp
from pipelines.database import readings
from pipelines.database.columns import REVISION_COLUMNS, article_row, update_article, update_row
from pipelines.database.connection import JSON_COLUMNS, decode_json
from pipelines.database.edits import chains
from pipelines.database.edits.chains import NoiseRevision
from pipelines.database.edits.difference import NOISE_IN_WORDS
from pipelines.rebuild.reread import RereadPage
from pipelines.rebuild.take_back import stand_in_kind, take_back

logger = logging.getLogger("morgue.rebuild")

# Columns that are not compared: they do not come from the text of the page.
NOT_COMPARED = (  # they follow from what is compared, or are not of the page
    "capture_id", "found_in", "text_digest", "extractor", "state_digest", "fields_digest", "spaced",
)  # fmt: skip
NO_COMMENTS = "[]"  # value of the column of a page that was searched for comments and has none


@dataclass(frozen=True, slots=True)
class RevisionChange:
    """Hold a revision that is read differently now."""

    revision_id: int
    article_id: int
    number: int
    newest: bool
    url: str
    before: dict[str, Any]  # fields that differ, as they are filed
    after: dict[str, Any]  # the same fields, as they are read now
    values: dict[str, Any]  # all columns of `articles`, as they are read now

    def diff(self) -> Iterator[str]:
        """Yield the lines of a unified diff of the text, without its header."""
        if "text" in self.before:
            before, after = self.before["text"].split("\n"), self.after["text"].split("\n")
            yield from list(unified_diff(before, after, lineterm="", n=1))[2:]


class FiledReading(NamedTuple):
    """Say what became of a new reading."""

    taken_back: str | None  # kind of what stood in the place of the article; None: it is filed
    read_next: int | None  # revision that is its article's newest now, and must be read again


def change_of(db: sqlite3.Connection, read: RereadPage) -> RevisionChange | None:
    """Return how a new reading differs from what is filed; None if a reader would see no difference."""
    row, article = read.row, read.outcome
    if not isinstance(article, Article) or read.page is None or read.page.capture is None:
        return None
    values = article_row(article, read.page.capture)
    if row["newest"]:
        names = [name for name in values if name not in NOT_COMPARED]
        filed = readings.article_values(db, row["article_id"], names)
        if filed["comments"] is not None or values["comments"] == NO_COMMENTS:
            del filed["comments"]  # those that are filed may be of a later capture
    else:
        filed = {name: row[name] for name in REVISION_COLUMNS if name not in NOT_COMPARED}
    differ = [name for name in filed if filed[name] != values[name]]
    return RevisionChange(
        row["id"], row["article_id"], row["number"], bool(row["newest"]), row["url"],
        {name: filed[name] for name in differ}, {name: values[name] for name in differ}, values,
    ) if differ else None  # fmt: skip


def file_reading(db: sqlite3.Connection, read: RereadPage, change: RevisionChange | None) -> FiledReading:
    """File a new reading, and keep the one that it replaces. Runs on the writer's thread; commits nothing.

    A reading of a wall or error page is not filed: its revision is taken back.
    """
    if next(readings.revisions(db, [read.row["id"]]), None) is None:
        return FiledReading(None, None)  # it was the same as its neighbour once a wall between them was taken back
    kind = kind_of(db, read)
    if kind is not None:
        logger.info("taken back: %(url)s, %(why)s", {"url": read.row["url"], "why": kind})
        return FiledReading(kind, take_back(db, read, kind))
    _file(db, read, change)
    return FiledReading(None, None)


def kind_of(db: sqlite3.Connection, read: RereadPage) -> str | None:
    """Return what a revision is, if it is no state of its article but something in its place; else None."""
    return None if read.page is None else stand_in_kind(db, read)


def _file(db: sqlite3.Connection, read: RereadPage, change: RevisionChange | None) -> None:
    if not isinstance(read.outcome, Article):
        logger.info("no text any more: %(url)s, %(why)s", {"url": read.row["url"], "why": read.outcome.reason})
        return
    if change is None:
        _note_reading(db, read)
        return
    fields = {"url": change.url, "revision": change.number, "fields": ", ".join(change.before)}
    logger.info("read differently: %(url)s, revision %(revision)d: %(fields)s", fields)
    if any(name in change.before for name in REVISION_COLUMNS):
        readings.keep_reading(db, change.revision_id, stamp(now()), read.row)
    update_row(db, "revisions", {name: change.values[name] for name in REVISION_COLUMNS}, change.revision_id)
    if change.newest:
        values = {name: value for name, value in change.values.items() if name not in ("capture_id", "comments")}
        update_article(db, values, change.article_id)
        _add_comments(db, read, change.values["comments"])


def _note_reading(db: sqlite3.Connection, read: RereadPage) -> None:
    """Note that this extractor reads the same text, so that the next run need not read it again, and its digests."""
    assert isinstance(read.outcome, Article)
    assert read.page is not None
    assert read.page.capture is not None
    values = article_row(read.outcome, read.page.capture)
    of_article = {name: values[name] for name in ("extractor", "state_digest", "fields_digest")}
    of_revision = {name: values[name] for name in ("extractor", "state_digest")}
    if any(read.row[name] != value for name, value in of_revision.items()):
        update_row(db, "revisions", of_revision, read.row["id"])
    if read.row["newest"] and any(read.row[name] != value for name, value in of_article.items()):
        update_article(db, of_article, read.row["article_id"])
    _add_comments(db, read, values["comments"])


def _add_comments(db: sqlite3.Connection, read: RereadPage, comments: str | None) -> None:
    """File the readers' comments of an article that has none filed; those that are may be of a later capture."""
    article_id = read.row["article_id"]
    if comments is not None and readings.article_values(db, article_id, ["comments"])["comments"] is None:
        update_article(db, {"comments": comments}, article_id)


def take_out_noise(
    db: sqlite3.Connection, article_id: int, found: Sequence[NoiseRevision], read: RereadPage | None
) -> None:
    """Merge revisions that are noise into those before them. Runs on the writer's thread; commits nothing.

    `read`: the page of the revision that becomes the newest, read again, if the newest is noise.
    """
    values = None
    if read is not None:
        assert isinstance(read.outcome, Article)
        assert read.page is not None
        assert read.page.capture is not None
        _file(db, read, change_of(db, read))
        values = article_row(read.outcome, read.page.capture)
    for one in found:
        fields = {"article": article_id, "revision": one.number, "why": NOISE_IN_WORDS[one.noise]}
        logger.info("no edit: article %(article)d, revision %(revision)d: %(why)s", fields)
    chains.merge(db, article_id, found, stamp(now()))
    if values is not None:
        update_article(db, {name: values[name] for name in values if name != "comments"}, article_id)


def in_words(name: str, value: Any) -> str:
    """Return a field's value on one line, for people."""
    if value is None:
        return "(none)"
    if name in JSON_COLUMNS:
        try:
            return ", ".join(decode_json(value, list, "articles", "", name)) or "(none)"
        except ArchiveDamaged:  # the new reading takes its place
            return f"(damaged) {value}"
    return " ".join(str(value).split())
