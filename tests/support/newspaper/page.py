"""Hold one answer before it becomes bytes on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

HTML = "text/html; charset=utf-8"


@dataclass(frozen=True)
class Page:
    """Hold status, headers and a body that may contain `edition.BASE` where the paper's address belongs."""

    body: bytes
    content_type: str = HTML
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()  # beyond those that every answer has
    last_modified: datetime | None = None  # given: the page also has an ETag and answers 304
    chunked: bool = False  # Transfer-Encoding: chunked when the client speaks HTTP/1.1
    compress: bool = True  # Content-Encoding: gzip when the client accepts it
    gzip_file: bool = False  # the body is itself a gzip file (sitemap .xml.gz)


def moved(location: str, status: int = 301) -> Page:
    """Return a redirect; `location` is absolute or a path."""
    return Page(
        b"<html><body>Moved.</body></html>\n",
        status=status,
        headers=(("Location", location),),
        compress=False,
    )


def not_found() -> Page:
    """Return the paper's 404."""
    return Page(
        b"<!DOCTYPE html>\n<html><head><title>Page not found</title></head><body>\n<h1>Page not found</h1>\n"
        b'<p>The tide has taken this page. Try the <a href="/">home page</a>.</p>\n</body></html>\n',
        status=404,
    )
