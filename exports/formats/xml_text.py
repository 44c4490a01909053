"""Write text into XML 1.0, which cannot hold every character."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

# XML 1.0 section 2.2: everything outside the production Char. Not even a character reference may stand for it.
NO_CHAR = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    """Return a text without the characters that XML cannot hold."""
    return NO_CHAR.sub("", text)


def text_of(text: str) -> str:
    """Return a text as the content of an element."""
    return escape(clean(text))


def element(tag: str, text: str | None = None, **attributes: str | None) -> str:
    """Return an element with a text, or an empty element. A name such as `xml_lang` is written `xml:lang`."""
    start = "".join(
        f" {name.rstrip('_').replace('_', ':')}={quoteattr(clean(value))}"
        for name, value in attributes.items()
        if value
    )
    return f"<{tag}{start}/>" if text is None else f"<{tag}{start}>{text_of(text)}</{tag}>"
