"""Compare texts as a reader sees them. Pure: nothing is read or stored here. `edits.difference` decides on edits.

A difference is what a reader would see: words, figures, punctuation, the order of paragraphs. These do not
count: spaces and line breaks, the shape of quotation marks, dashes and dots, invisible characters. Typesetting varies
between two loads of a page (A/B tests, an upgrade of the CMS), and would drown the real edits.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Literal
from unicodedata import normalize

Change = Literal["new", "edited", "unchanged"]

# One character for each family: the one on a keyboard. Guillemets and low quotes are in one family, because different
# templates of a newspaper set the same sentence with either.
TYPESETTING = (
    dict.fromkeys("‘’‚‛‹›´`ʼ′＇", "'")
    | dict.fromkeys("“”„‟«»″＂〝〞", '"')
    | dict.fromkeys("‐‑‒–—―−﹣－", "-")
    | {"…": "..."}
    # Soft hyphen, zero width space, joiners, direction marks, word joiner, BOM: they are invisible.
    | dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060", "")
    | dict.fromkeys("\u2066\u2067\u2068\u2069\ufeff", "")
)
# str.translate looks up every character in a dictionary. The pattern finds the few that matter, 20 times as fast.
TYPESETTING_PATTERN = re.compile(f"[{re.escape(''.join(TYPESETTING))}]")
DOUBLED_QUOTES = re.compile("''")  # some newspapers type a double quote as two single ones


def comparable(text: str) -> str:
    """Return a text as it is compared: NFC, one space for white space, one shape of quotes, dashes and dots."""
    typed = TYPESETTING_PATTERN.sub(lambda found: TYPESETTING[found[0]], normalize("NFC", text))
    return " ".join(DOUBLED_QUOTES.sub('"', typed).split())


def text_digest(title: str | None, text: str) -> str:
    """Return the SHA-256 (64 hex digits) of headline, line break and text, both made `comparable`."""
    return sha256(f"{comparable(title or '')}\n{comparable(text)}".encode("utf-8", "surrogatepass")).hexdigest()


MAX_WORD_CHARS = 20  # mean length of words; longer ones are of a script without spaces, and characters are compared
MIN_COMMON_WORDS = 0.5  # share of words that two texts of one article have in common
MIN_CONTAINED_WORDS = 0.5  # share of the words of the shorter text that the other has too, if the headlines are equal
RUN_WORDS, RUN_LETTERS = 3, 6  # in a row that are compared; letters in a script without spaces
MIN_COMMON_RUNS = 0.7  # share of the runs of the shorter text that the other has too
MIN_COMMON_RUNS_OF_DAYS = 0.85  # the same of pages that give different days of publication
MIN_TEXT_WORDS = 10  # different words; a shorter text says nothing against equal headlines


def different_words(text: str) -> set[str]:
    """Return the different words of a text; of a script without spaces, all pairs of characters."""
    plain = comparable(text).casefold()
    words = plain.split()
    if words and len(plain) / len(words) > MAX_WORD_CHARS:
        letters = "".join(words)
        return {letters[at : at + 2] for at in range(len(letters) - 1)}
    return set(words)


def runs(text: str) -> set[str]:
    """Return the different runs of words in a row of a text; of a script without spaces, those of letters."""
    words = comparable(text).casefold().split()
    if words and sum(map(len, words)) / len(words) > MAX_WORD_CHARS:
        letters = "".join(words)
        return {letters[at : at + RUN_LETTERS] for at in range(max(1, len(letters) - RUN_LETTERS + 1))}
    return {" ".join(words[at : at + RUN_WORDS]) for at in range(max(1, len(words) - RUN_WORDS + 1))}


def common_runs(text: str, other_text: str) -> float:
    """Return the share of the runs of the shorter text that the other has, too.

    It tells two texts of one column, which say other things in the same words, from two versions of one text.
    """
    mine, others = runs(text), runs(other_text)
    return len(mine & others) / min(len(mine), len(others))


def alike(title: str | None, text: str, other_title: str | None, other_text: str, *, other_day: bool = False) -> bool:
    """Return True if two pages tell the same story: at least half of all words are common, most of them in rows.

    Many AMP pages and print views lack paragraphs. So with the same headline, half of the words of the shorter text
    suffice. A headline alone does not, because newsletters and series share theirs. Different stories of one site share
    a fifth of their words, and those of one column more than half. `other_day`: they give different days of
    publication.
    """
    mine, others = different_words(text), different_words(other_text)
    common, least = len(mine & others), min(len(mine), len(others))
    if title and other_title and comparable(title).casefold() == comparable(other_title).casefold():
        if least < MIN_TEXT_WORDS:
            return True
        is_near = common >= MIN_CONTAINED_WORDS * least
    else:
        is_near = bool(common) and common / len(mine | others) >= MIN_COMMON_WORDS
    return is_near and common_runs(text, other_text) >= (MIN_COMMON_RUNS_OF_DAYS if other_day else MIN_COMMON_RUNS)
