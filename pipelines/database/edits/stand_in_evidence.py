"""Gather the evidence on a page that may stand in the place of an article, and note what it is.

`stand_ins` decides. A site that shows one page at the addresses of three new stories shows a wall, whatever its words
are. The first two are filed before that is known, and taken back then: their captures stay, and are noted in
`page_states` as if the page were met today; the addresses are asked again. So is what was filed of a page that then
shows itself in the place of known articles. Nothing here commits.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from itertools import combinations

from pipelines.core import GONE_KINDS
from pipelines.core.items import Article, Capture, Page, PageState
from pipelines.core.timestamps import later, now, parse, stamp
from pipelines.core.urls import url_key
from pipelines.database import page_states, removals
from pipelines.database.edits.story_identity import story_ids
from pipelines.database.edits.stubs import Stub, lines_of, stub_of
from pipelines.database.frontier.table import FrontierTable
from pipelines.database.schema.numbers import own_first
from pipelines.database.stand_ins import (
    ERROR,
    MIN_SELLING_HELD_SECONDS,
    OTHER_TEXT,
    PART_OF_TEXT,
    ShownText,
    StandInEvidence,
    digest_to_note,
    landing,
    stands_in,
)

MIN_ADDRESSES = 3  # with one headline and text within SHARED_SECONDS, this one included
SHARED_SECONDS = 86_400.0
MIN_WHOLE_ARTICLES = 5  # of a source, seen while one was a stub, that show that the site has no wall
MAX_COMPARED_ARTICLES = 200  # of a source, the newest, whose texts are looked through for a notice
# The newest of a source. Those without a date come first: a source that has stopped giving dates has old ones only.
WHOLE_ARTICLES = """
SELECT * FROM (SELECT text, access FROM articles
                WHERE source_id IS :source AND published_day IS NULL AND id != :article AND last_seen >= :since
                ORDER BY {newest} LIMIT :most)
UNION ALL
SELECT * FROM (SELECT text, access FROM articles
                WHERE source_id IS :source AND published_day IS NOT NULL AND id != :article AND last_seen >= :since
                ORDER BY published_day DESC LIMIT :most)
LIMIT :most
"""
DATES_BESIDE_PAGE = ("url", "feed", "script", "htmldate")  # sources of a date that a wall at the address has, too


def stand_in(
    db: sqlite3.Connection,
    article: Article,
    page: Page,
    asked: str,
    digest: str,
    source_id: int | None,
    article_id: int | None,
) -> PageState | None:
    """Note what a page shows in the place of an article, and return it; None if it shows an article.

    `digest`: of what it shows. `article_id`: the article that was read at this address; None if none was.
    """
    assert page.capture is not None
    known, key, before = None, url_key(asked), page_states.shown_now(db, url_key(asked))
    if article_id is not None:
        known, payload = page_states.filed_text(db, article_id)
        if payload is not None and payload == page.capture.payload_digest:
            return None  # the same bytes, which an earlier version read differently
    is_said = article.found_in.get("published", "").partition(" ")[0] not in DATES_BESIDE_PAGE
    published = article.published if is_said else None
    shown = ShownText(article.title, article.text, digest, article.access, article.modified, published)
    noted = digest_to_note(shown, known)
    held = unrelated = None
    if before is not None and before.kind == OTHER_TEXT:
        unrelated = (page.capture.time - parse(before.since)).total_seconds()
        held = unrelated if before.text_digest == noted else None
    evidence = StandInEvidence(
        landed=landing(asked, page.url),
        is_redirected=url_key(page.url) != key,
        kind_elsewhere=page_states.kind_of_text(db, source_id, noted, key),
        is_text_of_others=article_id is not None and page_states.is_text_of_others(db, source_id, digest, article_id),
        held_seconds=held,
        unrelated_seconds=unrelated,
        others_are_whole=(
            known is not None
            and before is not None
            and article_id is not None
            and held is not None
            and held >= MIN_SELLING_HELD_SECONDS
            and _others_are_whole(db, source_id, article_id, before.since, stub_of(article.text, known.text))
        ),
    )
    kind = stands_in(shown, known, evidence)
    if kind is None and known is None:
        kind = _take_back_shared_text(db, page, digest, source_id)
    if kind is None:
        return None
    state = page_states.note(
        db, asked, kind, page.capture, source_id=source_id, article_id=article_id, text_digest=noted
    )  # fmt: skip
    if kind == ERROR and noted == digest:
        _take_back_wall(db, page.capture, digest, source_id)
    return state


def _take_back_wall(db: sqlite3.Connection, capture: Capture, digest: str, source_id: int | None) -> None:
    """Take back what was filed of a page within a day that stands in the place of several articles now.

    The first of them may have led to an address of its own, of which no article was known.
    """
    since = stamp(later(capture.time, -SHARED_SECONDS))
    stories: list[str] = []
    for key in page_states.addresses_with_text(db, source_id, digest, since):
        if not any(_may_be_one_story(key, other) for other in stories):
            stories.append(key)
    if len(stories) < MIN_ADDRESSES:
        return
    filed = db.execute(
        "SELECT id FROM articles WHERE text_digest = ? AND source_id IS ? AND revision = 1 AND first_seen >= ?",
        (digest, source_id, since),
    ).fetchall()
    for (article_id,) in filed:
        take_back_article(db, article_id, ERROR, capture, source_id=source_id, digest=digest)


def _others_are_whole(
    db: sqlite3.Connection, source_id: int | None, article_id: int, since: str, stub: Stub | None
) -> bool:
    """Return True if no article of a source but this one shows a wall or the notice of the stub since a time.

    False also if too few were seen. Articles that were only ever seen behind a wall say nothing.
    """
    if stub is None:
        return False
    walled = db.execute(
        """SELECT 1 FROM page_states WHERE source_id IS ? AND ended IS NULL AND last_seen >= ? AND article_id IS NOT ?
              AND kind NOT IN (SELECT value FROM json_each(?)) LIMIT 1""",
        (source_id, since, article_id, json.dumps(GONE_KINDS)),
    ).fetchone()
    if walled is not None:
        return False
    rows = db.execute(
        WHOLE_ARTICLES.format(newest=own_first(db)),
        {"source": source_id, "article": article_id, "since": since, "most": MAX_COMPARED_ARTICLES},
    ).fetchall()
    lines = set(stub.notice.split("\n"))
    if any(not lines.isdisjoint(lines_of(text)) for text, _ in rows):
        return False
    return sum(access not in PART_OF_TEXT for _, access in rows) >= MIN_WHOLE_ARTICLES


def _take_back_shared_text(db: sqlite3.Connection, page: Page, digest: str, source_id: int | None) -> str | None:
    """Return the kind of a page at a new address if its text stands at several; take back the articles with it."""
    assert page.capture is not None
    found = _new_articles_with(db, source_id, digest, url_key(page.url), page.capture)
    for article_id in found:
        take_back_article(db, article_id, ERROR, page.capture, source_id=source_id, digest=digest)
    return ERROR if found else None


def _new_articles_with(
    db: sqlite3.Connection, source_id: int | None, digest: str, key: str, capture: Capture
) -> list[int]:
    """Return the new articles of a source that have the headline and text that a capture shows at another address.

    Empty if there are too few, or if two of the addresses may be of one story: papers file a story in two sections.
    """
    since = stamp(later(capture.time, -SHARED_SECONDS))
    rows = db.execute(
        """SELECT id, url_key FROM articles
            WHERE text_digest = ? AND source_id IS ? AND url_key != ? AND revision = 1 AND first_seen >= ?""",
        (digest, source_id, key, since),
    ).fetchall()
    keys = [key, *(other for _, other in rows)]
    if len(keys) < MIN_ADDRESSES or any(_may_be_one_story(*pair) for pair in combinations(keys, 2)):
        return []
    return [article_id for article_id, _ in rows]


def _may_be_one_story(key: str, other: str) -> bool:
    """Return True if two addresses have the same last segment or a number in common."""
    names = [one.partition("?")[0].rstrip("/").rpartition("/")[2] for one in (key, other)]
    return names[0] == names[1] or not story_ids(key).isdisjoint(story_ids(other))


def take_back_article(
    db: sqlite3.Connection, article_id: int, kind: str, pattern: Capture, *, source_id: int | None, digest: str | None
) -> None:
    """Take back an article whose only revision is no article, and ask its address again. `pattern`: any capture."""
    (key, revision_id) = db.execute(
        "SELECT a.url_key, r.id FROM articles a JOIN revisions r ON r.article_id = a.id WHERE a.id = ?", (article_id,)
    ).fetchone()
    captures = captures_of(db, revision_id, pattern)
    removals.delete_rows(db, captures=(), articles=[article_id], revisions=[revision_id])
    frontier = FrontierTable(db)
    if (row := frontier.row_of(key)) is not None:
        frontier.make_due(row[0], now())
    for capture in captures:
        page_states.note(
            db, capture.url, kind, capture, source_id=source_id, article_id=None, text_digest=digest
        )  # fmt: skip


def captures_of(db: sqlite3.Connection, revision_id: int, pattern: Capture) -> list[Capture]:
    """Return the captures that show a revision, the oldest first. `pattern`: a capture, for what is not asked here."""
    rows = db.execute(
        """SELECT c.id, c.url, c.time FROM sightings s JOIN captures c ON c.id = s.capture_id
            WHERE s.revision_id = ? ORDER BY c.time, c.id""",
        (revision_id,),
    ).fetchall()
    return [replace(pattern, id=row[0], url=row[1], time=parse(row[2])) for row in rows]
