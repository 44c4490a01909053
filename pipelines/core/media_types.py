"""Read the media type out of a Content-Type header, as servers really send it."""

from __future__ import annotations

import re

HTML_TYPES = frozenset(("text/html", "application/xhtml+xml", "application/vnd.wap.xhtml+xml"))
# RFC 6838 section 4.2: names of at most 127 characters. What follows a name may be anything but a comma.
MEDIA_TYPE = re.compile(
    r"[\s\"']*([a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126})", re.IGNORECASE | re.ASCII
)
QUOTED_VALUE = re.compile(r'="[^"]*"')  # of a parameter; it may hold commas


def media_type(header: str | None) -> str | None:
    """Return the media type in a Content-Type header in lower case, without parameters; None if it names none.

    Of several types the last one counts, as in browsers (Fetch Standard, "extract a MIME type"). `html` and `*/*` name
    no type. `text/html charset=utf-8`, without its semicolon, names one.
    """
    for part in reversed(QUOTED_VALUE.sub("", header or "").split(",")):
        if found := MEDIA_TYPE.match(part):
            return found[1].lower()
    return None
