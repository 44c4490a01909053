"""Collect what HTTP headers say about the use of the content, as sent, never judged. For the page itself see `rights`.

- X-Robots-Tag (Google, Bing and others): directives of the robots meta, maybe for one robot ("googlebot: noarchive")
- TDM-Reservation, TDM-Policy: W3C Community Group, TDM Reservation Protocol, section 5.2
- Content-Usage: IETF draft-ietf-aipref-attach, section 4; a draft, so its value is kept and not parsed
"""

from __future__ import annotations

from pipelines.warc.http_message import MessageHead

SIGNAL_FIELDS = (b"x-robots-tag", b"tdm-reservation", b"tdm-policy", b"content-usage")
MAX_SIGNALS = 30  # signals of one answer
MAX_SIGNAL_CHARS = 500  # characters of one value


def header_signals(head: MessageHead) -> tuple[str, ...]:
    """Return the signals of a head, "name: value" with the name in lower case, in the order sent, each once."""
    found = (
        f"{name.lower().decode()}: {value.decode('utf-8', 'replace')[:MAX_SIGNAL_CHARS]}"
        for name, value in head.fields
        if name.lower() in SIGNAL_FIELDS
    )
    return tuple(dict.fromkeys(found))[:MAX_SIGNALS]
