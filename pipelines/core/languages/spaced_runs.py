"""Write runs of a script without spaces as one character a word, so that a full-text index finds any part of them.

The index takes what is between two spaces or signs for a word. In Chinese, Japanese, Thai, Lao, Khmer and Burmese that
is half a sentence. With a space after each character, any run of characters is a phrase. A word of another script
next to a run (`COVID疫情`, `2024年`) belongs to it: the index would take it and the run for one word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

BREAK = "\ue000"  # a word between two runs, which no person types: no phrase goes across it
# Marks (vowels, tones) separate words for the index. These letters of private use, from here on, are in their place.
FIRST_STAND_IN = 0xE100
MARK_BITS = 0xFFF  # of a mark, by which its stand-in is known; no two marks of these scripts share them
MAX_JOINED_CHARS = 40  # of a word of another script that belongs to a run
LETTERS = (
    "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"  # Han
    "\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # Hiragana, Katakana
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e50-\u0e59"  # Thai
    "\u0e80-\u0eff"  # Lao
    "\u1780-\u17d3\u17d7\u17dc\u17dd\u17e0-\u17e9"  # Khmer
    "\u1000-\u1049\u1050-\u109f\ua9e0-\ua9fe\uaa60-\uaa7f"  # Myanmar
)
UNSPACED = re.compile(f"[{LETTERS}]+")
SIMPLE = re.compile("[\u3005-\u3007\u3041-\u3096\u30a1-\u30fa\u30fc\u3400-\u4dbf\u4e00-\u9fff]+")  # without marks
OTHER = rf"(?:(?![{LETTERS}])[^\W_])+"  # a word of another script
WORD_BEFORE = re.compile(rf"{OTHER} ?\Z")
WORD_AFTER = re.compile(f" ?({OTHER})")
WORD_BETWEEN = re.compile(f" ?{OTHER} ?")
VOICE_MARKS = "\uff9e\uff9f"  # half-width: they are one character with the one before them


class RunWord(NamedTuple):
    """Hold a word as the index gets it, and its place in the text."""

    word: str
    start: int
    end: int


def spaced_runs(*texts: str | None) -> str | None:
    """Return the runs of scripts without spaces in some texts, one character a word; None if there are none.

    The order is that of the texts. Compatibility forms (half-width Katakana, full-width letters) are as their ordinary
    ones. Of a query, the words of one run are a phrase.
    """
    words: list[str] = []
    for text in texts:
        if text and not text.isascii():
            for run in runs_of(text):
                words += [BREAK] * bool(words)
                words += [word.word for word in run]
    return " ".join(words) or None


def runs_of(text: str) -> Iterator[list[RunWord]]:
    """Yield the words of each run of a text: its characters, and the words of other scripts that belong to it."""
    words: list[RunWord] = []
    end = 0  # of what is in `words`
    for match in UNSPACED.finditer(text):
        start = match.start()
        if words and start - end <= MAX_JOINED_CHARS + 2 and WORD_BETWEEN.fullmatch(text, end, start):
            words.append(_other(text, end, start))
        else:
            if words:
                yield words + _after(text, end)
            words = _before(text, end, start)
        words += _characters(text, start, match.end())
        end = match.end()
    if words:
        yield words + _after(text, end)


def _before(text: str, least: int, start: int) -> list[RunWord]:
    near = max(least, start - MAX_JOINED_CHARS - (text[start - 1] == " "))
    found = WORD_BEFORE.search(text, near, start)
    return [_other(text, found.start(), start)] if found else []


def _after(text: str, end: int) -> list[RunWord]:
    found = WORD_AFTER.match(text, end, end + MAX_JOINED_CHARS + (text[end : end + 1] == " "))
    return [_other(text, end, found.end(1))] if found else []


def _other(text: str, start: int, end: int) -> RunWord:
    """Return the word of another script that is at a place, where a space may be around it."""
    start += text[start] == " "
    end -= text[end - 1] == " "
    return RunWord(unicodedata.normalize("NFKC", text[start:end]), start, end)


def _characters(text: str, start: int, end: int) -> Iterator[RunWord]:
    """Yield the characters of a run. A letter and its marks have one place, because a reader sees one sign."""
    if SIMPLE.fullmatch(text, start, end):
        yield from (RunWord(text[at], at, at + 1) for at in range(start, end))
        return
    at = start
    while at < end:
        after = at + 1
        while after < end and (text[after] in VOICE_MARKS or unicodedata.category(text[after]).startswith("M")):
            after += 1
        for character in unicodedata.normalize("NFKC", text[at:after]):
            yield RunWord(_word(character), at, after)
        at = after


def _word(character: str) -> str:
    if unicodedata.category(character).startswith("M"):
        return chr(FIRST_STAND_IN + (ord(character) & MARK_BITS))
    return character
