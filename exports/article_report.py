"""Put together what the archive knows of one article, for `morgue show` and for the view in a browser."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pipelines.core.errors import NotFound
from pipelines.core.plural import counted
from pipelines.database import page_states, queries
from pipelines.database.clusters.cluster_list import cluster_of
from pipelines.database.connection import Row
from pipelines.database.shards.databases import Database

OF_TEXT = ("text", "description", "authors", "modified")  # of a revision: a report of that revision has them

OF_BOTH = (
    "revision",
    "last_seen",
    "title",
    "captured",
    "text_digest",
    "payload_digest",
    "extractor",
    "imported",
    "warc_file",
    "warc_offset",
    "warc_length",
    "warc_record_id",
)  # of an article and of its newest revision
UNKNOWN = dict.fromkeys(("changes", "change_ratio", "words_added", "words_removed", "silent")) | {"alternates": 0}


def states_of(db: Database, row: Row) -> list[Row]:
    """Return every state of an article's text; the newest as the article has it if its own row is lost."""
    found = list(queries.revisions(db, row["id"]))
    if all(one["revision"] != row["revision"] for one in found):
        found.append({"seen": row["first_seen"]} | {name: row[name] for name in (*OF_BOTH, *OF_TEXT)} | UNKNOWN)
    return found


def as_dict(db: Database, row: Row, states: Iterable[Row]) -> dict[str, Any]:
    """Return everything for programs: the article as of a revision, all its revisions, captures, copies and states."""
    return {
        **row,
        "page_states": page_states.of_article(db, row["id"]),
        "cluster": cluster_of(db, row["id"]),
        "revisions": [{name: state[name] for name in state if name not in OF_TEXT} for state in states],
        "captures": queries.captures_of(db, str(row["id"])),
    }


def as_of_revision(row: Row, states: Sequence[Row], number: int | None) -> Row:
    """Return the article as of a revision. What revisions do not store (byline, tags, ...) is the newest value.

    Raises NotFound.
    """
    if number is None or number == row["revision"]:
        return row
    for state in states:
        if state["revision"] == number:
            return row | {name: value for name, value in state.items() if name in row} | {"word_count": None}
    subject = f"revision {number} of article {row['id']}"
    if number < row["revision"]:
        cause = "is lost: its WARC record is damaged, or its WARC file is missing"
        raise NotFound(subject, cause, "restore the file from a copy, then run `morgue rebuild`")
    cause = f"does not exist; the article has {counted(len(states), 'revision')}"
    raise NotFound(subject, cause, "leave out --revision to see the newest")


def place_among(row: Row, states: Sequence[Row]) -> str:
    """Return which of the revisions is shown, and how many are lost."""
    newest = states[-1]["revision"]
    lost = newest - len(states)
    return f"revision {row['revision']} of {newest}" + (f" ({lost} lost)" if lost else "")


def change(state: Row) -> str:
    """Return what a revision changed and how much; empty for the first, and if it is not known."""
    if not state["changes"] or state["change_ratio"] is None:
        return ""
    words = f"+{state['words_added']} -{state['words_removed']} words, {state['change_ratio']:.1%}"
    silent = "; silent: the page's time of change stayed" if state["silent"] else ""
    turns = f"; an earlier text was shown in turn {counted(state['alternates'], 'time')}" if state["alternates"] else ""
    return f"{', '.join(state['changes'])} ({words}){silent}{turns}"


def instead(periods: Iterable[Row]) -> Iterator[tuple[str, str]]:
    """Yield (name, value) of what the address shows, or showed, in the place of the article."""
    for period in periods:
        kind, since, ended = period["kind"], period["since"], period["ended"]
        if ended:
            yield "was away", f"{since} to {ended} ({kind})"
        elif period["gone"]:
            yield "gone", f"since {since} ({kind}), last seen alive {period['last_alive']}"
        else:
            yield "now", f"{kind} since {since}; the text above is the article's, last seen {period['last_alive']}"


def imported_from(row: Row) -> str | None:
    """Return the file that a record was copied from, and where in it; None if this archive captured it."""
    if not row["imported"]:
        return None
    file, _, offset = row["imported"].rpartition("@")
    return f"{file}, offset {offset}" if offset.isdigit() else str(row["imported"])
