"""Make the SURT of an address, a key that sorts by host from the top-level domain: `com,paper)/2026/11/crane?page=2`.

Indexes of web archives (CDX, CDXJ) share this form of the key, so that any tool finds what ours lists. The rules are
those of the Wayback Machine, as pywb and cdxj-indexer apply them, without pywb's fuzzy rules for single sites. The
archive itself uses `urls.url_key`, which keeps the case of a path; SURT does not.
"""

from __future__ import annotations

import re
import socket
from contextlib import suppress
from urllib.parse import quote_from_bytes, unquote_to_bytes

# RFC 3986 appendix B, with the authority taken apart; bytes, because an escaped byte need not be UTF-8
WEB_URL = re.compile(rb"(https?):/*([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#.*)?", re.IGNORECASE | re.DOTALL)
DOUBLED_SCHEME = re.compile(rb"^(https?://)+", re.IGNORECASE)  # http://https://paper.example/
IGNORED_BYTES = re.compile(rb"[\t\r\n]")
PORT = re.compile(rb":(\d*)$")
PORTS = {b"http": b"80", b"https": b"443"}
WWW = re.compile(rb"www\d*\.")
NUMERIC_HOST = re.compile(rb"\d+(?:\.\d+){0,3}")
PLAIN = "".join(map(chr, range(0x21, 0x7F))).replace("#", "").replace("%", "")  # characters that stay unescaped

# Session numbers that name no page (ASP.NET in the path; Java, PHP, ASP, ColdFusion in the query).
IN_PATH = (
    re.compile(rb"(.*/)(?:\((?:[a-z]\([0-9a-z]{24}\))+\)/)([^?]+\.aspx.*)", re.DOTALL),
    re.compile(rb"(.*/)(?:\([0-9a-z]{24}\)/)([^?]+\.aspx.*)", re.DOTALL),
)
IN_QUERY = tuple(
    re.compile(rb"(.*)" + number + rb"(?:&(.*))?", re.IGNORECASE | re.DOTALL)
    for number in (
        rb"jsessionid=[0-9a-z]{32}", rb"phpsessid=[0-9a-z]{32}", rb"sid=[0-9a-z]{32}",
        rb"aspsessionid[a-z]{8}=[a-z]{24}", rb"cfid=[^&]+&cftoken=[^&]+",
    )
)  # fmt: skip


def surt(url: str) -> str:
    """Return the key of a URL; if it is not http(s), its lower case. Never raises: an index lists every capture."""
    raw = IGNORED_BYTES.sub(b"", url.strip().encode("utf-8", "surrogateescape"))
    match = WEB_URL.fullmatch(DOUBLED_SCHEME.sub(lambda found: found[1], raw))
    if match is None or not match[2]:
        return _text(_escaped(_unescaped(raw.partition(b"#")[0])).lower().removesuffix(b"/"))
    scheme, authority, path, query = match.groups()
    port = PORT.search(authority)
    host = _host(authority[: port.start()] if port else authority)
    number = port[1].lstrip(b"0") if port else b""
    shown = b":" + number if number and number != PORTS[scheme.lower()] else b""
    asked = _query(query) if query else b""
    return _text(b",".join(reversed(host.split(b"."))) + shown + b")" + _path(path) + (b"?" + asked if asked else b""))


def _host(authority: bytes) -> bytes:
    host = _unescaped(authority.rpartition(b"@")[2].strip(b"[]"))
    with suppress(ValueError):  # a name without IDNA form is escaped below
        host = host if host.isascii() else host.decode("utf-8", "ignore").encode("idna")
    host = host.replace(b"..", b".").strip(b".")
    if NUMERIC_HOST.fullmatch(host):
        with suppress(OSError, OverflowError):  # it is not an IPv4 address after all
            packed = int(host).to_bytes(4, "big") if host.isdigit() else socket.inet_aton(host.decode())
            host = socket.inet_ntoa(packed).encode()
    host = _escaped(host.lower())
    www = WWW.match(host)
    return host[www.end() :] if www else host


def _path(path: bytes) -> bytes:
    kept: list[bytes] = []
    *folders, last = _unescaped(path).split(b"/")[1:] or [b""]
    for name in (*folders, last):
        if name == b".." and kept:
            kept.pop()
        elif name != b".":
            kept.append(name)
    *folders, last = kept or [b""]
    plain = _escaped(b"/" + b"".join(name + b"/" for name in folders if name) + last).lower()
    for pattern in IN_PATH:
        if match := pattern.fullmatch(plain):
            plain = match[1] + match[2]
    return plain[:-1] if plain.endswith(b"/") and len(plain) > 1 else plain


def _query(query: bytes) -> bytes:
    plain = _escaped(_unescaped(query))
    for pattern in IN_QUERY:
        match = pattern.fullmatch(plain)
        plain = match[1] + (match[2] or b"") if match else plain
    pairs = sorted(plain.lower().split(b"&"), key=lambda pair: pair.split(b"=", 1))
    return b"&".join(pairs)


def _unescaped(raw: bytes) -> bytes:
    while (plain := unquote_to_bytes(raw)) != raw:
        raw = plain
    return raw


def _escaped(raw: bytes) -> bytes:
    return quote_from_bytes(raw, safe=PLAIN).encode()


def _text(key: bytes) -> str:
    return key.decode("ascii", "backslashreplace")
