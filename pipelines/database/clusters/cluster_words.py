"""Say in words where a cluster of copies probably comes from."""

from __future__ import annotations

from pipelines.core.plural import counted, verb
from pipelines.core.terminal import plain
from pipelines.database.connection import Row


def origin(cluster: Row) -> str:
    """Return the probable origin and what speaks for it."""
    said_by = cluster["said_by"]
    copies = counted(said_by, "copy")
    name = plain(cluster["origin"] or "a page of no source")
    if cluster["evidence"] == "earliest":
        return f"probably from {name}, which is the earliest"
    how = verb(said_by, "links to", "link to") if cluster["evidence"] == "link" else verb(said_by, "credits", "credit")
    where = "" if cluster["origin_in_archive"] else "; it is not in this archive, so shares are of the earliest copy"
    return f"probably from {name}: {copies} {how} it{where}"
