"""Write runs of a script without spaces as one character a word, so that a full-text index finds any part of them.

The index takes what is between two spaces or signs for a word. In Chinese, Japanese, Thai, Lao, Khmer and Burmese that
is half a sentence. With a space after each character, any run of characters is a phrase.
"""

from __future__ import annotations

import re
import unicodedata

BREAK = "\ue000"  # a word between two runs, which no person types: no phrase goes across it
# Marks (vowels, tones) separate words for the index. These letters of private use, from here on, are in their place.
FIRST_STAND_IN = 0xE100
MARK_BITS = 0xFFF  # of a mark, by which its stand-in is known; no two marks of these scripts share them
UNSPACED = re.compile(
    "["
    "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"  # Han
    "\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # Hiragana, Katakana
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e50-\u0e59"  # Thai
    "\u0e80-\u0eff"  # Lao
    "\u1780-\u17d3\u17d7\u17dc\u17dd\u17e0-\u17e9"  # Khmer
    "\u1000-\u1049\u1050-\u109f\ua9e0-\ua9fe\uaa60-\uaa7f"  # Myanmar
    "]+"
)


def spaced_runs(*texts: str | None) -> str | None:
    """Return the runs of scripts without spaces in some texts, one character a word; None if there are none.

    The order is that of the texts. Compatibility forms (half-width Katakana) are as their ordinary ones. Of a query,
    the words of one run are a phrase.
    """
    runs = [run for text in texts if text and not text.isascii() for run in UNSPACED.findall(text)]
    return f" {BREAK} ".join(map(_spaced, runs)) or None


def _spaced(run: str) -> str:
    return " ".join(map(_word, unicodedata.normalize("NFKC", run)))


def _word(character: str) -> str:
    if unicodedata.category(character).startswith("M"):
        return chr(FIRST_STAND_IN + (ord(character) & MARK_BITS))
    return character
