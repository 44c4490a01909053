"""Exchanges with a newspaper, and their recording in an archive."""

from __future__ import annotations

from datetime import UTC, datetime

from pipelines.archive.writer import ArchiveWriter
from pipelines.core.items import Capture, Exchange
from pipelines.database.store import ArticleStore
from pipelines.warc.exchange import write_exchange

STARTED = datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=UTC)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: Text/HTML; charset=x\r\n\r\n"
PLAIN = Exchange(
    url="https://example.org/a?b=c",
    started=STARTED,
    request=b"GET /a?b=c HTTP/1.1\r\nHost: example.org\r\n\r\n",
    response=HEAD + b"<p>hello",
    ip="192.0.2.1",
    tls="tls/1.3",
    cipher="TLS_AES_128_GCM_SHA256",
    head_length=len(HEAD),
    status=200,
    kind="article",
)
CHUNKED_HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def record(archive_writer: ArchiveWriter) -> Capture:
    """Record an exchange, as a crawl does. Runs on the archive writer's thread."""
    return ArticleStore(archive_writer.db).capture(write_exchange(PLAIN, archive_writer.writer), None, None)
