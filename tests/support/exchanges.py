"""Hold exchanges of every kind, as the HTTP client returns them; write one into an archive."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from pipelines.archive.writer import ArchiveWriter
from pipelines.core.items import Exchange
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
CHUNKED = replace(
    PLAIN,
    response=CHUNKED_HEAD + b"5;x\r\nhello\r\n0\r\nT: 1\r\n\r\n",
    head_length=len(CHUNKED_HEAD),
    chunked=True,
)
CUT = replace(PLAIN, truncated="disconnect", error="closed before\r\nWARC-Type: response")
NO_ANSWER = replace(PLAIN, response=b"", head_length=0, status=None, error="refused")
NOT_EVEN_SENT = replace(NO_ANSWER, request=b"", ip=None, tls=None, cipher=None, error="no such host")
NOT_HTTP = replace(NO_ANSWER, response=b"SSH-2.0\r\n\x00", truncated="unspecified", error="not HTTP")
ODD_HEAD = "HTTP/1.1 200 Gr\u00fc\u00dfe\nX : \u00e9\r\nno colon\r\n folded\r\n\r\n".encode("latin-1")
ODD = replace(PLAIN, response=ODD_HEAD + b"\x00\xff", head_length=len(ODD_HEAD))
ALL = {
    "plain": PLAIN,
    "chunked": CHUNKED,
    "cut": CUT,
    "no answer": NO_ANSWER,
    "not even sent": NOT_EVEN_SENT,
    "not http": NOT_HTTP,
    "odd": ODD,
}
SMALL = Exchange(
    "http://paper.example/",
    datetime(2026, 11, 23, tzinfo=UTC),
    b"GET / HTTP/1.1\r\nHost: paper.example\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
    head_length=38,
    status=200,
)


def write_small_exchange(archive_writer: ArchiveWriter) -> int:
    """Write the same small exchange, record and row, as a crawl does; return the id of its capture."""
    return ArticleStore(archive_writer.db).capture(write_exchange(SMALL, archive_writer.writer), None, None)
