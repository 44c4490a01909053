"""Write an Atom feed (RFC 4287): an entry for each article with its text. Feed readers and feedparser read it."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import BinaryIO

from exports import Row
from exports.formats.xml_text import element
from pipelines.core.timestamps import stamp

name = "atom"
media_type = "application/atom+xml"
suffix = ".atom"
other_suffixes = (".xml",)
fixed_columns = True

START = '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n<title>Articles</title>\n'
NO_TIME = "1970-01-01T00:00:00Z"  # of a feed without entries: RFC 4287, 4.1.1 demands a time of the last change


def date_time(text: str | None) -> str | None:
    """Return a day or time of ours as RFC 3339 demands it, in UTC; None for what is neither."""
    try:
        time = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return stamp(time if time.tzinfo else time.replace(tzinfo=UTC))


def urn(text: str) -> str:
    """Return an identifier made of a text: the same for the same text."""
    return uuid.uuid5(uuid.NAMESPACE_URL, text.encode("utf-8", "replace").decode()).urn


def entry(row: Row, identity: str, updated: str) -> Iterator[str]:
    """Yield the elements of the entry of an article."""
    yield element("id", identity)
    yield element("title", row["title"] or row["url"])
    yield element("updated", updated)
    if (published := date_time(row["published"])) is not None:
        yield element("published", published)
    yield element("link", rel="alternate", href=row["url"])
    # RFC 4287, 4.2.1: an entry has an author unless its feed has one.
    for author in row["authors"] or [row["site_name"] or row["source"] or "unknown"]:
        yield f"<author>{element('name', author)}</author>"
    for tag in filter(None, row["tags"] or ()):
        yield element("category", term=tag)
    if row["description"]:
        yield element("summary", row["description"])
    yield element("content", row["text"] or "", type="text", xml_lang=row["language"])


def _updated(row: Row) -> str:
    return date_time(row["modified"]) or _met(row)


def _met(row: Row) -> str:
    return date_time(row["captured"]) or NO_TIME


def write(rows: Iterable[Row], out: BinaryIO, columns: Sequence[str], *, raw: bool = False) -> int:
    """Write the feed. The id of an entry is made of the address of its article: a reader replaces an earlier state."""
    return _write(rows, out, _updated)


class RevisionFeed:
    """Write an entry for each revision. The revisions of an article have one id, and each the time of its capture.

    RFC 4287, 4.1.1: entries of one id are states of one entry, and should differ in `updated`. The time that a page
    gives itself need not: it may be the same after an edit.
    """

    name, media_type, suffix, other_suffixes, fixed_columns = name, media_type, suffix, other_suffixes, fixed_columns

    @staticmethod
    def write(rows: Iterable[Row], out: BinaryIO, columns: Sequence[str], *, raw: bool = False) -> int:
        """Write the feed."""
        return _write(rows, out, _met)


for_revisions = RevisionFeed


def _write(rows: Iterable[Row], out: BinaryIO, updated: Callable[[Row], str]) -> int:
    """Write the feed. What is known of it only at the end is at its end: RFC 4287 leaves the order open."""
    count, newest, identities = 0, NO_TIME, hashlib.sha256()
    out.write(START.encode())
    for row in rows:
        identity = urn(row["url"])
        identities.update(identity.encode())
        newest = max(newest, updated(row))
        out.write("\n".join(("<entry>", *entry(row, identity, updated(row)), "</entry>\n")).encode("utf-8", "replace"))
        count += 1
    end = (element("id", urn(identities.hexdigest())), element("updated", newest), "</feed>\n")
    out.write("\n".join(end).encode())
    return count
