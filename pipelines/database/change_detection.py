"""Is this text news to us? Pure: two digests in, one word out. What is stored, and where, is not decided here.

What counts as an edit is what a reader would see as one: words, figures, punctuation, the order of paragraphs. What
does not: spaces and line breaks, the shape of quotation marks, dashes and dots, and characters that print nothing.
Typesetting varies between two loads of the same page (A/B tests, a CMS upgrade); an archive that calls that an edit
cries wolf.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Literal
from unicodedata import normalize

Change = Literal["new", "edited", "unchanged"]

# One character per family; what a keyboard has. The guillemets and low quotes belong to the same family because
# the same sentence is set with either, depending on which template of a paper renders it.
TYPESETTING = (
    dict.fromkeys("‘’‚‛‹›´`ʼ′＇", "'")
    | dict.fromkeys("“”„‟«»″＂〝〞", '"')
    | dict.fromkeys("‐‑‒–—―−﹣－", "-")
    | {"…": "..."}
    # Soft hyphen, zero width space, joiners, direction marks, word joiner, BOM: they print nothing.
    | dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060", "")
    | dict.fromkeys("\u2066\u2067\u2068\u2069\ufeff", "")
)
# str.translate looks every character up in a dictionary; the pattern finds the few that matter, 20 times as fast.
TYPESETTING_PATTERN = re.compile(f"[{re.escape(''.join(TYPESETTING))}]")
DOUBLED_QUOTES = re.compile("''")  # two single quotes are how some papers type a double one


def comparable(text: str) -> str:
    """`text` as it is compared: NFC, one space for any run of white space, one shape of quote, dash and dots."""
    typed = TYPESETTING_PATTERN.sub(lambda found: TYPESETTING[found[0]], normalize("NFC", text))
    return " ".join(DOUBLED_QUOTES.sub('"', typed).split())


def text_digest(title: str | None, text: str) -> str:
    """SHA-256 (64 hex digits) of what a reader reads: the headline, a line break, the text, both made `comparable`."""
    return sha256(f"{comparable(title or '')}\n{comparable(text)}".encode("utf-8", "surrogatepass")).hexdigest()


MIN_COMMON_WORDS = 0.5  # share of common words from which two texts are taken for one article


def alike(title: str | None, text: str, other_title: str | None, other_text: str) -> bool:
    """Whether two pages tell the same story: the same headline, or at least half of all their words in common.

    Many AMP twins and print views differ in a paragraph; different stories of one site share a fifth of their words.
    """
    if title and other_title and comparable(title).casefold() == comparable(other_title).casefold():
        return True
    mine, others = set(comparable(text).casefold().split()), set(comparable(other_text).casefold().split())
    return bool(mine | others) and len(mine & others) / len(mine | others) >= MIN_COMMON_WORDS


def compare(old_digest: str | None, new_digest: str) -> Change:
    """What a text is, next to the latest revision of the same article; `old_digest` is None if there is none."""
    if old_digest is None:
        return "new"
    return "unchanged" if old_digest == new_digest else "edited"
