"""Join links with the address of the page that holds them, as browsers do (WHATWG URL, 4.4)."""

from __future__ import annotations

import re

from pipelines.core.urls import IGNORED_CHARS, PORTS, SURROUNDING_CHARS, parts_of, same_site, without_dots

SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)  # RFC 3986, 3.1
PATH_END = re.compile(r"[?#]|$")
WEB_URL_START = re.compile(r"https?:[/\\]*[^/\\?]*", re.IGNORECASE)  # scheme and authority


def resolve(reference: str, base: str) -> str | None:
    """Return a link as an absolute http(s) URL; None if it leads elsewhere (`mailto:`) or has no base that it needs.

    Browsers decide what a link means, so this is the WHATWG URL standard (4.4): backslashes are slashes, `///host/` and
    `http:host/` on an https page name a host, tabs and line ends do not count. In one case more is read than browsers
    do: `https:/paper.example/a` on a page of paper.example names that host, and not a folder called paper.example.

    The result is not checked further: `fetchable` does that. It is the only function of ours that joins addresses.
    """
    reference = IGNORED_CHARS.sub("", reference.strip(SURROUNDING_CHARS))
    try:
        home = parts_of(base)
    except ValueError:
        home = None
    if named := SCHEME.match(reference):
        scheme = named[1].lower()
        if scheme not in PORTS:
            return None
        reference = _forward_slashes(reference[named.end() :])
        relative = home is not None and scheme == home.scheme and not reference.startswith("//")
        if home is None or not relative or _names_site_of(home.host, reference):
            return f"{scheme}://{reference.lstrip('/')}"
    if home is None:
        return None
    reference = _forward_slashes(reference)
    if reference.startswith("//"):
        return f"{home.scheme}://{reference.lstrip('/')}"
    end = PATH_END.search(reference).start()  # type: ignore[union-attr] # it matches at the end at least
    path, rest = reference[:end], reference[end:]
    origin = f"{home.scheme}://{home.host}"
    if not path:
        query = f"?{home.query}" if home.query and not rest.startswith("?") else ""
        return origin + (home.path or "/") + query + rest
    if not path.startswith("/"):
        path = f"{home.path.rpartition('/')[0]}/{path}"
    return origin + without_dots(path) + rest


def resolve_location(location: bytes, base: str) -> str | None:
    """Return the http(s) URL that a Location field names (RFC 9110 section 10.2.2); None if it names none.

    The host is normalised; path and query stay as sent, because a changed parameter can turn a redirect into a loop.
    """
    try:
        text = location.decode()
    except UnicodeDecodeError:  # a header is UTF-8 in practice, else Latin-1
        text = location.decode("latin-1")
    joined = resolve(text, base) or "" if text.strip(SURROUNDING_CHARS) else ""
    try:
        parts = parts_of(joined)
    except ValueError:
        return None
    rest = WEB_URL_START.sub("", joined.partition("#")[0], count=1)
    return f"{parts.scheme}://{parts.host}{rest if rest.startswith('/') else '/' + rest}"


def _forward_slashes(reference: str) -> str:
    """Return a reference with slashes for the backslashes of its path."""
    path, mark, query = reference.partition("?")
    return path.replace("\\", "/") + mark + query


def _names_site_of(host: str, reference: str) -> bool:
    """Return True if a reference (`/paper.example/a`, without its scheme) begins with a host of the site of `host`."""
    first = reference.removeprefix("/").partition("/")[0]
    return "." in first and same_site(f"http://{first}/", f"http://{host}/")
