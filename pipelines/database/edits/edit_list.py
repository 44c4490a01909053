"""Answer which articles were edited and which vanished. Read-only; rows come back as dicts, the newest first."""

from __future__ import annotations

import heapq
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from operator import itemgetter

from pipelines.core.errors import NotFound, QueryError
from pipelines.core.plural import counted
from pipelines.core.timestamps import parse
from pipelines.database.connection import Row, ask
from pipelines.database.edits.chains import version_of
from pipelines.database.edits.difference import difference, difference_row
from pipelines.database.filters import ArticleFilters
from pipelines.database.page_states import IS_GONE, LAST_ALIVE
from pipelines.database.query_language.days import names_time, parse_day
from pipelines.database.selection import article_selection
from pipelines.database.shards.databases import Database, shards_of

EDIT_KEYS = (
    "seen", "source", "article", "revision", "changes", "change_ratio", "words_added", "words_removed", "silent",
    "alternates", "title", "old_title", "url",
)  # fmt: skip
GONE_KEYS = ("since", "source", "article", "kind", "last_alive", "last_seen", "visits", "back", "title", "url")


@dataclass(frozen=True, slots=True)
class EditFilters:
    """Hold which edits are wanted."""

    min_change: float = 0.0  # share of the words, from 0 to 1
    title_only: bool = False  # edits of the headline
    silent: bool = False  # edits of the text at which the page's time of modification stayed


def edits(
    db: Database, articles: ArticleFilters, wanted: EditFilters, limit: int | None, query: str = ""
) -> Iterator[Row]:
    """Yield edits, the newest first, with the keys EDIT_KEYS. `articles`: its days are those in which one was seen.

    `query`: only of articles that match it now. Raises NotFound for an unknown source, QueryError.
    """
    where, values = _where(db, articles, "r.seen", query)
    sql = f"""
        SELECT r.id, r.seen, s.name AS source, a.id AS article, r.number AS revision, r.changes, r.change_ratio,
               r.words_added, r.words_removed, r.silent, r.alternates, r.title, p.title AS old_title, a.url,
               CASE WHEN r.change_ratio IS NULL THEN p.id END AS before_id
          FROM revisions r JOIN articles a ON a.id = r.article_id
          JOIN revisions p ON p.article_id = r.article_id AND p.number = r.number - 1
          LEFT JOIN sources s ON s.id = a.source_id
         WHERE r.number > 1 {where} ORDER BY r.seen DESC, r.id DESC"""  # noqa: S608 (our own names)
    found = [_wanted_edits(one, ask(one, sql, values), wanted) for one in shards_of(db)]
    in_order = found[0] if len(found) == 1 else heapq.merge(*found, key=itemgetter("seen", "id"), reverse=True)
    for edit in islice(in_order, limit):
        yield {name: edit[name] for name in EDIT_KEYS}


def _wanted_edits(db: sqlite3.Connection, found: Iterable[sqlite3.Row], wanted: EditFilters) -> Iterator[Row]:
    edits_of_one = (_described(db, dict(row)) for row in found)
    return (edit for edit in edits_of_one if _is_wanted(edit, wanted))


def _described(db: sqlite3.Connection, row: Row) -> Row:
    """Return an edit with its changes as a list. Those of an archive of an older version are compared now."""
    if row["change_ratio"] is None:
        moved = "address" in json.loads(row["changes"] or "[]")
        query = "SELECT id, title, text, authors, modified FROM revisions WHERE id IN (?, ?)"
        versions = {one["id"]: version_of(dict(one)) for one in ask(db, query, (row["before_id"], row["id"]))}
        row |= difference_row(difference(versions[row["before_id"]], versions[row["id"]]), moved=moved)
    silent = None if row["silent"] is None else bool(row["silent"])
    return row | {"changes": json.loads(row["changes"]), "silent": silent}


def _is_wanted(edit: Row, wanted: EditFilters) -> bool:
    if not edit["changes"]:  # noise that was filed by an older version; `morgue reextract` takes it out
        return False
    return (
        edit["change_ratio"] >= wanted.min_change
        and (not wanted.title_only or "title" in edit["changes"])
        and (not wanted.silent or edit["silent"] is True)
    )


def gone(db: Database, articles: ArticleFilters, limit: int | None, query: str = "") -> Iterator[Row]:
    """Yield articles that vanished, the newest first, with the keys GONE_KEYS. `back`: when it was there again."""
    where, values = _where(db, articles, "p.since", query)
    sql = f"""
        SELECT p.id, p.since, s.name AS source, a.id AS article, p.kind, {LAST_ALIVE} AS last_alive, p.last_seen,
               p.visits, p.ended AS back, a.title, p.url
          FROM page_states p JOIN articles a ON a.id = p.article_id LEFT JOIN sources s ON s.id = a.source_id
         WHERE {IS_GONE} {where} ORDER BY p.since DESC, p.id DESC LIMIT :limit"""  # noqa: S608 (our own names)
    values |= {"limit": -1 if limit is None else limit}
    found = [map(dict, ask(one, sql, values)) for one in shards_of(db)]
    in_order = found[0] if len(found) == 1 else heapq.merge(*found, key=itemgetter("since", "id"), reverse=True)
    return ({name: row[name] for name in GONE_KEYS} for row in islice(in_order, limit))


def _where(db: Database, articles: ArticleFilters, time: str, query: str) -> tuple[str, Row]:
    """Return a condition for the articles and the days of a time column, which begins with AND."""
    # Only the meaning of the days differs from that of a search.
    which = article_selection(db, query, replace(articles, since=None, until=None))
    where, values = f"AND {which.condition()}", which.values
    if articles.since:
        where, values["since"] = f"{where} AND {time} >= :since", articles.since
    if articles.until:
        where, values["until"] = f"{where} AND {time} <= :until", f"{articles.until}T23:59:59Z"
    return where, values


def chosen(states: Sequence[Row], wanted: str, article: int) -> Row:
    """Return the revision that a user means: by its number, or by a time at which it was the newest.

    `states`: from `queries.revisions`. Raises NotFound, QueryError.
    """
    subject = f"revision {wanted} of article {article}"
    if wanted.isdigit() and len(wanted) < 4:
        for state in states:
            if state["revision"] == int(wanted):
                return state
        raise NotFound(subject, "does not exist", f"it has {counted(len(states), 'revision')}: morgue show {article}")
    day = parse_day("revision", wanted, last=True)
    try:
        end = parse(wanted) if names_time(wanted) else parse(f"{day}") + timedelta(days=1, seconds=-1)
    except (ValueError, OverflowError) as error:
        raise QueryError(f"revision {wanted!r}", str(error), "say a number, a day or an ISO 8601 time") from None
    before = [state for state in states if parse(state["seen"]) <= end]
    if not before:
        raise NotFound(subject, f"the first was seen later, at {states[0]['seen']}", "name a later time, or a number")
    return before[-1]


def compared(states: Sequence[Row], article: int, first: str | None, second: str | None) -> tuple[Row, Row]:
    """Return the two revisions that a user wants to compare: the last two if none is named. Raises NotFound."""
    if first is None:
        if len(states) < 2:
            cause = "has one revision, so there is nothing to compare"
            raise NotFound(f"article {article}", cause, "`morgue edits` lists the articles that were edited")
        return states[-2], states[-1]
    old, new = chosen(states, first, article), states[-1] if second is None else chosen(states, second, article)
    if old is new:
        old = _at_beginning(states, first) or old
    return old, new


def _at_beginning(states: Sequence[Row], day: str) -> Row | None:
    """Return the revision that was the newest when a day, month or year began, or else the first.

    None for a number or a time.
    """
    if names_time(day) or (day.isdigit() and len(day) < 4):
        return None
    begin = parse(f"{parse_day('revision', day, last=False)}")
    return next((state for state in reversed(states) if parse(state["seen"]) < begin), states[0])


def has_moved(states: Sequence[Row], old: Row, new: Row) -> bool:
    """Return True if the article got another address between two of its revisions."""
    first, last = sorted((old["revision"], new["revision"]))
    return any("address" in (state["changes"] or ()) for state in states if first < state["revision"] <= last)
