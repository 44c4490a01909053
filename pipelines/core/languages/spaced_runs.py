"""Write runs of a script without spaces as one character a word, so that a full-text index finds any part of them.

The index takes what is between two spaces or signs for a word. In Chinese, Japanese, Thai, Lao, Khmer and Burmese that
is half a sentence. With a space after each character, any run of characters is a phrase. A word of another script
next to a run (`COVID疫情`, `2024年`) belongs to it: the index would take it and the run for one word.

The index also takes a vowel mark within an Arabic or Hebrew word for its end. Such words are written without marks.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pipelines.core.languages.lazy_patterns import lazy_pattern

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
UNSPACED = lazy_pattern(f"[{LETTERS}]+")
SIMPLE = lazy_pattern("[\u3005-\u3007\u3041-\u3096\u30a1-\u30fa\u30fc\u3400-\u4dbf\u4e00-\u9fff]+")  # without marks
OTHER = rf"(?:(?![{LETTERS}])[^\W_])+"  # a word of another script
WORD_BEFORE = lazy_pattern(rf"{OTHER} ?\Z")
WORD_AFTER = lazy_pattern(f" ?({OTHER})")
WORD_BETWEEN = lazy_pattern(f" ?{OTHER} ?")
# Marks that vowels of Arabic and Hebrew are written with: most news leaves them out, a text or query may have them.
VOWEL_MARKS = "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc"
MARKS = lazy_pattern(f"[{VOWEL_MARKS}\u0640]")  # and tatweel, which only stretches a word
PRESENTATION = "\ufb1d-\ufdff\ufe70-\ufefc"  # forms of letters by their place in a word, of old programs
MARKED = lazy_pattern(f"[{VOWEL_MARKS}\u0640{PRESENTATION}]")
SEMITIC_WORD = lazy_pattern(
    f"[\u05d0-\u05f2\u0620-\u065f\u066e-\u06d3\u06d5-\u06dc\u06fa-\u06ff{VOWEL_MARKS}{PRESENTATION}]+"
)
# A word without its marks is in the index twice: as it is, and after the letter of its title, byline or text.
FIELD_LETTERS = "\ue002\ue003\ue004"
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


def indexed_words(*texts: str | None) -> str | None:
    """Return what the column `spaced` has of title, byline and text: runs, then words without their marks."""
    return f" {BREAK} ".join(" ".join(word.word for word in run) for _, run in indexed_runs(texts)) or None


def indexed_runs(texts: Sequence[str | None]) -> Iterator[tuple[int, list[RunWord]]]:
    """Yield the words that belong together in the column `spaced`, with the number of the text that they are from."""
    known = [(number, text) for number, text in enumerate(texts) if text and not text.isascii()]
    for number, text in known:
        yield from ((number, run) for run in runs_of(text))
    for number, text in known:
        for words in marked_words(text):
            yield number, words
            yield number, [word._replace(word=FIELD_LETTERS[number] + word.word) for word in words]


def marked_words(text: str) -> Iterator[list[RunWord]]:
    """Yield the Arabic and Hebrew words with marks, written without them. Neighbours are together, for phrases."""
    if not MARKED.search(text):
        return
    words: list[RunWord] = []
    for match in SEMITIC_WORD.finditer(text):
        if MARKED.search(match[0]) and (bare := MARKS.sub("", unicodedata.normalize("NFKC", match[0])).strip()):
            if words and text[words[-1].end : match.start()] != " ":
                yield words
                words = []
            words.append(RunWord(bare, match.start(), match.end()))
    if words:
        yield words


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
