"""Make the rows of readings: the columns of an export of articles that one page gives, and where its bytes lie."""

from __future__ import annotations

from typing import Any

from pipelines.core.items import Article
from pipelines.core.timestamps import fine_stamp
from pipelines.core.urls import host_of
from pipelines.database.columns import utc_day
from pipelines.database.edits.change_detection import text_digest
from pipelines.database.queries import ARTICLE_KEYS
from pipelines.importing.adopt import adopted, record_id_of, time_of
from pipelines.importing.job import ImportJob
from pipelines.warc.exchange import capture_of
from pipelines.warc.reader import StoredRecord

# What only an archive knows of an article.
OF_ARCHIVE = frozenset(
    ("id", "source", "first_seen", "last_seen", "revision", "gone", "gone_since", "wall", "wall_since")
)
COLUMNS = ("host", *(name for name in ARTICLE_KEYS if name not in OF_ARCHIVE))


def row_of(job: ImportJob, article: Article, address: str, length: int | None) -> dict[str, Any]:
    """Return the row of an article that was read. `length`: stored bytes of its record; None: not known."""
    answer = job.group.answer
    kept = adopted(answer, came_from=address, kind=job.kind, warcinfo_id=None)  # as an import would write it
    capture = capture_of(StoredRecord(answer.offset, length or 0, kept.fields, kept.block), address)
    row = {name: getattr(article, name, None) for name in COLUMNS}
    address = address.encode("utf-8", "backslashreplace").decode()  # a name of a file need not be text
    row |= {name: list(value) for name, value in row.items() if isinstance(value, tuple)}
    return row | {
        "host": host_of(article.url),
        "byline": article.byline or ", ".join(article.authors) or None,
        "published_day": article.published_day or (utc_day(article.published) if article.published else None),
        "text_digest": text_digest(article.title, article.text),
        "header_rights": list(capture.signals) if capture is not None and capture.signals else [],
        "warc_file": f"{address}!{job.member}" if job.member else address,
        "warc_offset": answer.offset,
        "warc_length": length,
        "warc_record_id": record_id_of(answer),
        "payload_digest": capture.payload_digest if capture is not None else None,
        "captured": fine_stamp(time_of(answer)),
    }
