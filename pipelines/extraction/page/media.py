"""Decide by media type and bytes whether a response is a page that is worth reading: the one answer for all commands.

A crawl asks when it reads a page, an import before it does, an export when it looks for rights in pages. To import this
module is cheap.
"""

from __future__ import annotations

import re

from pipelines.core.media_types import HTML_TYPES, media_type

NOT_HTML = "not HTML"  # the reason, as summaries count it
NEEDED_BYTES = 20_000  # of the beginning of a decoded body; no more are looked at
SNIFFED_BYTES = 2048  # of these, in which markup must begin
NEVER_HTML = ("image/", "audio/", "video/", "font/")  # top-level types
NEVER_HTML_TYPES = frozenset((
    "application/json", "application/pdf", "text/css", "text/javascript", "application/javascript",
    "application/x-javascript", "text/ecmascript", "application/ecmascript",
))  # fmt: skip
BINARY = {
    b"%PDF-": "PDF", b"\x89PNG": "PNG", b"GIF8": "GIF", b"\xff\xd8\xff": "JPEG", b"PK\x03\x04": "a ZIP file",
    b"\x1f\x8b": "gzip", b"RIFF": "RIFF", b"OggS": "Ogg", b"ID3": "MP3", b"\x00asm": "WebAssembly", b"wOF": "a font",
    b"\x7fELF": "a program", b"MZ\x90": "a program",
}  # fmt: skip
MARKUP = re.compile(
    rb"<(?:!doctype\s+html|html|head|body|title|meta|article|main|div|p|h1|span|table)\b", re.IGNORECASE
)
OTHER_XML = re.compile(
    rb"\A\s*(?:<\?xml[^>]*>)?\s*(?:(?><!--.*?-->)\s*)*<(rss|feed|urlset|sitemapindex|svg|rdf:RDF)\b", re.DOTALL
)
MAX_NUL_SHARE = 0.02  # of the bytes at the start; a page with more is no text with a flaw, but binary data


def is_never_html(mime: str | None) -> bool:
    """Return True if a body of this media type is no page, whatever its bytes are."""
    return mime is not None and (mime.startswith(NEVER_HTML) or mime.endswith("+json") or mime in NEVER_HTML_TYPES)


def why_not_html(body: bytes, content_type: str | None, *, served: bool) -> str | None:
    """Return what a body is instead of HTML, by its type or its bytes, in a few words; None if it is HTML.

    `body`: at least the first NEEDED_BYTES of it, decoded. `content_type`: the header as sent. `served`: a server gave
    the type; the type of a file on disk is only presumed.
    """
    start = body[:SNIFFED_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n")
    for magic, name in BINARY.items():
        if start.startswith(magic):
            return f"{name}, served as {content_type or 'no type'}" if served else name
    if found := OTHER_XML.match(start):
        return f"an XML document <{found[1].decode()}>"
    wide = body[:2] in (b"\xff\xfe", b"\xfe\xff") or 0.3 < start.count(0) / (len(start) or 1) < 0.6
    if start[:1024].count(0) > MAX_NUL_SHARE * len(start[:1024]) and not wide:
        return "binary data (NUL bytes)"
    mime = media_type(content_type)
    if mime in HTML_TYPES:
        return "JSON" if start[:1] in (b"{", b"[") and not MARKUP.search(body[:NEEDED_BYTES]) else None
    if not wide and not MARKUP.search(start):
        return mime or "no markup"
    return mime if is_never_html(mime) else None
