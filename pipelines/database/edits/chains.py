"""Mend the revisions of articles that are filed: say how each differs from the one before, and take out noise.

`morgue reextract` does this after it has read pages again. A revision that is noise becomes sightings of the one before
it, and its text becomes a reading of that one. No capture changes. Commits nothing.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple

from pipelines.core.timestamps import parse
from pipelines.core.urls import url_key
from pipelines.database.columns import REVISION_COLUMNS, update_row
from pipelines.database.connection import decode_json, dicts
from pipelines.database.edits.difference import (
    ALTERNATE,
    NO_DIFFERENCE,
    Difference,
    Noise,
    TextVersion,
    difference,
    difference_row,
    is_alternate,
)
from pipelines.database.edits.template_lines import (
    MIN_ARTICLES,
    TEMPLATE_DAYS,
    articles_looked_at,
    is_of_template,
)
from pipelines.database.readings import keep_reading

ChainRow = Mapping[str, Any]


class NoiseRevision(NamedTuple):
    """Hold a revision that is noise."""

    article_id: int
    number: int
    revision_id: int
    kept_id: int  # the revision whose sightings take in those of this one
    noise: Noise


def chain_of(db: sqlite3.Connection, article_id: int) -> list[ChainRow]:
    """Return the revisions of an article from the first on, with what is compared of them."""
    cursor = db.execute(
        f"""SELECT r.id, r.number, r.seen, {", ".join(f"r.{name}" for name in REVISION_COLUMNS)},
                   {", ".join(f"r.{name}" for name in NO_DIFFERENCE)}, c.payload_digest, c.time, c.url,
                   coalesce((SELECT max(s.time) FROM sightings JOIN captures s ON s.id = sightings.capture_id
                              WHERE sightings.revision_id = r.id), c.time) AS last_time,
                   (SELECT min(looks.time) FROM captures looks
                     WHERE looks.url = c.url AND looks.status = 200 AND looks.time <= c.time AND looks.time > (
                           SELECT max(s.time) FROM revisions p JOIN sightings ON sightings.revision_id = p.id
                             JOIN captures s ON s.id = sightings.capture_id
                            WHERE p.article_id = r.article_id AND p.number = r.number - 1)) AS away_since
              FROM revisions r JOIN captures c ON c.id = r.capture_id
             WHERE r.article_id = ? ORDER BY r.number""",  # noqa: S608 (our own names)
        (article_id,),
    )
    return list(dicts(cursor))


def version_of(row: Mapping[str, Any]) -> TextVersion:
    """Return what is compared of a row of `revisions`."""
    authors = row["authors"]
    if isinstance(authors, str):
        authors = decode_json(authors, list, "revisions", row["id"], "authors")
    return TextVersion(row["title"], row["text"], authors, row["modified"])


def has_moved(before: ChainRow, row: ChainRow) -> bool:
    """Return True if an article has another address than at the revision before."""
    return url_key(before["url"]) != url_key(row["url"])


def describe(db: sqlite3.Connection, article_id: int) -> None:
    """Write into each revision of an article how it differs from the one before."""
    before: ChainRow | None = None
    for row in chain_of(db, article_id):
        found: Mapping[str, Any] = NO_DIFFERENCE
        if before is not None:
            found = difference_row(difference(version_of(before), version_of(row)), moved=has_moved(before, row))
        if any(row[name] != value for name, value in found.items()):
            update_row(db, "revisions", found, row["id"])
        before = row


def source_template(db: sqlite3.Connection, source_id: int | None) -> Callable[[str], bool]:
    """Return a test for lines of a source's template: they came or went on most of its pages within a day."""
    changes: dict[str, list[tuple[str, int]]] = defaultdict(list)
    query = "SELECT id FROM articles WHERE source_id IS ? AND revision > 1"
    for (article_id,) in db.execute(query, (source_id,)).fetchall():
        before: ChainRow | None = None
        for row in chain_of(db, article_id):
            if before is not None:
                for line in difference(version_of(before), version_of(row)).changed_lines:
                    changes[line].append((row["time"], article_id))
            before = row
    template = {line for line, times in changes.items() if _is_template(db, source_id, line, sorted(times))}
    return template.__contains__


def _is_template(db: sqlite3.Connection, source_id: int | None, line: str, times: list[tuple[str, int]]) -> bool:
    """Return True if a line changed as one of the template. `times`: (time, article), in order."""
    if source_id is None or len({article for _, article in times}) < MIN_ARTICLES:
        return False
    day = timedelta(days=TEMPLATE_DAYS)
    for at, (time, _) in enumerate(times):
        within = [(later, article) for later, article in times[at:] if parse(later) - parse(time) <= day]
        looked_at = partial(articles_looked_at, db, source_id, time, parse(within[-1][0]))
        if is_of_template(line, len({article for _, article in within}), looked_at):
            return True
    return False


def noise_in(article_id: int, chain: Iterable[ChainRow], is_template: Callable[[str], bool]) -> Iterator[NoiseRevision]:
    """Yield the revisions of an article that are noise, from the first on, each against the last that is kept.

    The newest text is kept even if only lines of the template differ: the article must not lose its last state.
    """
    kept: list[ChainRow] = []
    last_time, rows = "", list(chain)
    for row in rows:
        noise = _noise_of(kept, last_time, row, is_template) if kept else None
        if noise is None or (noise == "template" and row is rows[-1]):
            kept.append(row)
        else:
            yield NoiseRevision(article_id, row["number"], row["id"], kept[-1]["id"], noise)
        if noise != ALTERNATE:
            last_time = row["last_time"]


def _noise_of(kept: list[ChainRow], last_time: str, row: ChainRow, is_template: Callable[[str], bool]) -> Noise | None:
    """Return why a revision is noise; None if it is an edit. Two revisions that became equal are noise too."""
    newest = kept[-1]
    if has_moved(newest, row):
        return None
    if newest["payload_digest"] is not None and newest["payload_digest"] == row["payload_digest"]:
        return "same bytes"
    digests = [one["text_digest"] for one in kept]
    other = row["text_digest"] != digests[-1]
    if other and is_alternate(digests, row["text_digest"], last_time, parse(row["last_time"]), row["away_since"]):
        return ALTERNATE
    found: Difference = difference(version_of(newest), version_of(row), is_template)
    return None if found.changes else found.noise or "same text"


def merge(db: sqlite3.Connection, article_id: int, found: Iterable[NoiseRevision], replaced: str) -> None:
    """Turn revisions that are noise into sightings and readings of those that are kept, and number the rest again.

    If the newest is taken out, the caller has to read the kept one's capture again for the row of the article.
    """
    rows = {row["id"]: row for row in chain_of(db, article_id)}
    for one in found:
        keep_reading(db, one.kept_id, replaced, rows[one.revision_id])
        db.execute("UPDATE readings SET revision_id = ? WHERE revision_id = ?", (one.kept_id, one.revision_id))
        if one.noise == ALTERNATE:
            db.execute("DELETE FROM sightings WHERE revision_id = ?", (one.revision_id,))
            db.execute("UPDATE revisions SET alternates = alternates + 1 WHERE id = ?", (one.kept_id,))
        else:
            db.execute("UPDATE sightings SET revision_id = ? WHERE revision_id = ?", (one.kept_id, one.revision_id))
        db.execute("DELETE FROM revisions WHERE id = ?", (one.revision_id,))
    left = chain_of(db, article_id)
    for number, row in enumerate(left, 1):
        if row["number"] != number:  # numbers only become smaller, so each new one is free
            db.execute("UPDATE revisions SET number = ? WHERE id = ?", (number, row["id"]))
    db.execute(
        """UPDATE articles SET revision = ?, capture_id = (SELECT capture_id FROM revisions WHERE id = ?)
            WHERE id = ?""",
        (len(left), left[-1]["id"], article_id),
    )
    describe(db, article_id)
