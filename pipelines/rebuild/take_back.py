"""Take back a revision that is no state of its article: a wall or an error page that an older version filed.

Its captures stay. They are noted in `page_states`, as if the page were met today. An article that has no other revision
is taken back as a whole, and its address is asked again.
"""

from __future__ import annotations

import sqlite3
from math import inf

from pipelines.core.items import Article, NothingToRead
from pipelines.core.languages.spaced_runs import indexed_words
from pipelines.database import page_states, readings, removals
from pipelines.database.columns import update_row
from pipelines.database.edits.change_detection import text_digest
from pipelines.database.edits.stand_in_evidence import captures_of, take_back_article
from pipelines.database.stand_ins import ALWAYS_STANDS_IN, ShownText, StandInEvidence, stands_in
from pipelines.rebuild.reread import RereadPage


def stand_in_kind(db: sqlite3.Connection, read: RereadPage) -> str | None:
    """Return the kind of a filed revision that is something in the place of its article; None for a state of it."""
    outcome, article_id = read.outcome, read.row["article_id"]
    if isinstance(outcome, NothingToRead):
        return outcome.reason if outcome.reason in ALWAYS_STANDS_IN else None
    before = db.execute(
        """SELECT title, text, text_digest, NULL, modified FROM revisions WHERE article_id = ?1
                AND number < (SELECT number FROM revisions WHERE id = ?2) ORDER BY number DESC LIMIT 1""",
        (article_id, read.row["id"]),
    ).fetchone()
    known, digest = None if before is None else ShownText(*before), text_digest(outcome.title, outcome.text)
    is_others = known is not None and page_states.is_text_of_others(db, read.row["source_id"], digest, article_id)
    # An unrelated text that was filed has lasted; only what is known to be no article is taken back.
    evidence = StandInEvidence(is_text_of_others=is_others, held_seconds=inf, unrelated_seconds=inf)
    shown = ShownText(outcome.title, outcome.text, digest, outcome.access, outcome.modified)
    return stands_in(shown, known, evidence)


def take_back(db: sqlite3.Connection, read: RereadPage, kind: str) -> int | None:
    """Take a revision back. Return the revision that is the newest now and must be read again, if there is one.

    Runs on the writer's thread; commits nothing.
    """
    assert read.page is not None
    assert read.page.capture is not None
    revision_id, article_id = read.row["id"], read.row["article_id"]
    source_id, capture = read.row["source_id"], read.page.capture
    digest = text_digest(read.outcome.title, read.outcome.text) if isinstance(read.outcome, Article) else None
    (revisions,) = db.execute("SELECT count(*) FROM revisions WHERE article_id = ?", (article_id,)).fetchone()
    if revisions == 1:
        take_back_article(db, article_id, kind, capture, source_id=source_id, digest=digest)
        return None
    captures = captures_of(db, revision_id, capture) or [capture]
    removals.delete_rows(db, captures=(), articles=(), revisions=[revision_id])
    newest = _close_the_gap(db, article_id)
    for one in captures:
        page_states.note(
            db, one.url, kind, one, source_id=source_id, article_id=article_id, text_digest=digest
        )  # fmt: skip
    return newest


def _close_the_gap(db: sqlite3.Connection, article_id: int) -> int:
    """Number the revisions of an article anew, and make one of neighbours with the same text. Return the newest."""
    chain = db.execute(
        "SELECT id, text_digest FROM revisions WHERE article_id = ? ORDER BY number", (article_id,)
    ).fetchall()
    kept: list[tuple[int, str]] = []
    for revision_id, digest in chain:
        if kept and kept[-1][1] == digest:
            db.execute("UPDATE sightings SET revision_id = ? WHERE revision_id = ?", (kept[-1][0], revision_id))
            removals.delete_rows(db, captures=(), articles=(), revisions=[revision_id])
        else:
            kept.append((revision_id, digest))
    db.execute("UPDATE revisions SET number = -number WHERE article_id = ?", (article_id,))
    for number, (revision_id, _) in enumerate(kept, 1):
        db.execute("UPDATE revisions SET number = ? WHERE id = ?", (number, revision_id))
    newest = kept[-1][0]
    db.execute(
        """UPDATE articles SET (revision, capture_id, title, description, authors, modified, text, line_kinds,
                            text_digest) =
               (SELECT number, capture_id, title, description, authors, modified, text, line_kinds, text_digest
                  FROM revisions WHERE id = ?), access = NULL, access_evidence = NULL
            WHERE id = ?""",
        (newest, article_id),
    )
    texts = readings.article_values(db, article_id, ("title", "byline", "text"))
    update_row(db, "articles", {"spaced": indexed_words(*texts.values())}, article_id)
    return newest
