"""Write the states of an article as rows of `revisions`, in order of time, in whatever order captures are filed.

`revision_order.states` decides on the states. The functions use the archive writer's connection and commit nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from pipelines.core.items import Capture
from pipelines.core.timestamps import fine_stamp, parse, stamp
from pipelines.database.columns import REVISION_COLUMNS, update_article
from pipelines.database.edits.chains import describe
from pipelines.database.edits.change_detection import Change
from pipelines.database.edits.difference import NO_DIFFERENCE
from pipelines.database.edits.revision_order import RevisionState, Sighting, states
from pipelines.database.runs import TRUE_TIME
from pipelines.database.schema.numbers import new_id

# Columns of a revision that are read from a page; `articles` has them under the same names.
READING_COLUMNS = ("capture_id", *REVISION_COLUMNS)
WRITTEN_COLUMNS = (*READING_COLUMNS, *NO_DIFFERENCE)


def is_newest(db: sqlite3.Connection, article_id: int, capture: Capture) -> bool:
    """Return True if no later capture of an article is filed.

    What a crawl has fetched is later than what was filed before the crawl, whatever its clock says.
    """
    later = db.execute(
        f"""SELECT 1 FROM captures mine LEFT JOIN crawls run ON run.id = mine.crawl_id
              JOIN revisions r ON r.article_id = :article JOIN sightings s ON s.revision_id = r.id
              JOIN captures c ON c.id = s.capture_id LEFT JOIN crawls k ON k.id = c.crawl_id
             WHERE mine.id = :capture AND ({TRUE_TIME}, c.record_id) > (:time, :record)
               AND (c.crawl_id IS mine.crawl_id OR run.id IS NULL
                    OR substr(mine.time, 1, 19) < substr(run.started, 1, 19)) LIMIT 1""",  # noqa: S608 (our own names)
        {
            "article": article_id,
            "capture": capture.id,
            "time": fine_stamp(capture.time),
            "record": capture.record_id,
        },
    ).fetchone()
    return later is None


def add_sighting(db: sqlite3.Connection, article_id: int, capture_id: int | None) -> None:
    """Note that a capture shows the newest state of an article."""
    db.execute(
        """INSERT OR REPLACE INTO sightings (capture_id, revision_id)
           SELECT ?2, id FROM revisions WHERE article_id = ?1 ORDER BY number DESC LIMIT 1""",
        (article_id, capture_id),
    )


def delete_newest_sightings(db: sqlite3.Connection, article_id: int) -> None:
    """Delete the sightings of the newest state, because they were of another address of the article."""
    db.execute(
        """DELETE FROM sightings WHERE revision_id =
               (SELECT id FROM revisions WHERE article_id = ? ORDER BY number DESC LIMIT 1)""",
        (article_id,),
    )


def file_in_order(db: sqlite3.Connection, article_id: int, values: Mapping[str, Any], capture: Capture) -> Change:
    """File a reading that is older than the newest. `values`: from `columns.article_row`.

    Return "edited" if it shows an unknown state, else "unchanged". The caller updates first_seen and last_seen.
    """
    now = Sighting(fine_stamp(capture.time), capture.record_id, capture.id or 0, None, values["text_digest"])
    rows = db.execute(
        f"""SELECT {TRUE_TIME}, c.record_id, c.id, r.id, r.text_digest
             FROM revisions r JOIN sightings s ON s.revision_id = r.id JOIN captures c ON c.id = s.capture_id
             LEFT JOIN crawls k ON k.id = c.crawl_id
            WHERE r.article_id = ? AND c.id != ?""",  # noqa: S608 (our own names)
        (article_id, now.capture_id),
    )
    chain = states([now, *(Sighting(*row) for row in rows)])
    (first_seen,) = db.execute("SELECT first_seen FROM articles WHERE id = ?", (article_id,)).fetchone()
    db.execute("UPDATE revisions SET number = -number WHERE article_id = ?", (article_id,))
    for number, state in enumerate(chain, 1):
        # The first state may have been seen at another address of the article, before its own.
        seen = first_seen if number == 1 else stamp(parse(state.first.time))
        _write_state(db, article_id, number, state, seen, values if state.first is now else None)
    newest = chain[-1]
    if newest.first is now:
        (comments,) = db.execute("SELECT comments FROM articles WHERE id = ?", (article_id,)).fetchone()
        later = {} if comments is None else {"comments": comments}  # those in the row are of a later capture
        update_article(db, {**values, **later}, article_id)
    db.execute(
        "UPDATE articles SET revision = ?, capture_id = ? WHERE id = ?",
        (len(chain), newest.first.capture_id, article_id),
    )
    describe(db, article_id)
    return "edited" if any(state.revision_id is None for state in chain) else "unchanged"


def _write_state(
    db: sqlite3.Connection,
    article_id: int,
    number: int,
    state: RevisionState,
    seen: str,
    read: Mapping[str, Any] | None,
) -> None:
    """Write the row and the sightings of one state. `read`: the new reading, if it is the state's first sighting."""
    row_id = state.revision_id
    if row_id is None:
        # `hint` belongs to the capture: if a state is split in two, only the first part has it.
        source = f"SELECT {', '.join(READING_COLUMNS)} FROM revisions WHERE id = :like"  # noqa: S608 (our own names)
        if state.like is None:
            source = f"SELECT {', '.join(':' + name for name in READING_COLUMNS)}"
        cursor = db.execute(
            f"""INSERT INTO revisions (id, article_id, number, seen, {", ".join(READING_COLUMNS)})
                SELECT {new_id("revisions")}, :article, :number, :seen, * FROM ({source})""",  # noqa: S608
            {**(read or {}), "article": article_id, "number": number, "seen": seen, "like": state.like},
        )
        row_id = cursor.lastrowid
        db.execute("UPDATE revisions SET capture_id = ? WHERE id = ?", (state.first.capture_id, row_id))
    else:
        db.execute("UPDATE revisions SET number = ?, seen = ? WHERE id = ?", (number, seen, row_id))
        if read is not None:
            sets = ", ".join(f"{name} = :{name}" for name in READING_COLUMNS)
            db.execute(f"UPDATE revisions SET {sets} WHERE id = :where", {**read, "where": row_id})  # noqa: S608
    db.executemany(
        "INSERT OR REPLACE INTO sightings (capture_id, revision_id) VALUES (?, ?)",
        [(capture_id, row_id) for capture_id in state.captures],
    )
