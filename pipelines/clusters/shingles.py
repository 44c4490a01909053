"""Cut a text into the units that are compared: words, or characters in scripts that put no space between words."""

from __future__ import annotations

import re
from functools import lru_cache

# Chinese, Japanese, Thai, Lao, Burmese, Khmer. Korean has spaces.
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
TOKEN = re.compile(rf"[{UNSPACED}]|[^\W_{UNSPACED}]+")
WORDS_A_SHINGLE = 5
CHARACTERS_A_SHINGLE = 9  # about four words of Chinese, two or three of Thai
MIN_UNSPACED_SHARE = 0.5  # of the tokens that are single characters, for a text to be cut by characters
UNSPACED_TOKEN = re.compile(rf"[{UNSPACED}]")
MAX_CHARS = 1_000_000  # of a text that are compared: a book
MAX_REPLACED = 100  # different characters that are no part of words, each replaced in the whole text
CUT_TEXTS = 2  # kept as they were cut last, because one text is compared with several


@lru_cache(CUT_TEXTS)
def tokens(text: str) -> tuple[str, ...]:
    """Return the words of a text without case and punctuation; each character of an unspaced script is one."""
    folded = text[:MAX_CHARS].casefold()
    characters = set(folded)
    others = [one for one in characters if not one.isalnum()]
    if len(others) > MAX_REPLACED or UNSPACED_TOKEN.search("".join(characters)):
        return tuple(TOKEN.findall(folded))
    for one in others:  # takes half the time of the pattern, which finds the same
        folded = folded.replace(one, " ")
    return tuple(folded.split())


@lru_cache(CUT_TEXTS)
def shingle_length(units: tuple[str, ...]) -> int:
    """Return the number of tokens in each shingle of a text, by the script that most of it is written in."""
    if not units:
        return WORDS_A_SHINGLE
    unspaced = len(UNSPACED_TOKEN.findall("".join(units)))
    return CHARACTERS_A_SHINGLE if unspaced >= MIN_UNSPACED_SHARE * len(units) else WORDS_A_SHINGLE


@lru_cache(CUT_TEXTS)
def shingles(units: tuple[str, ...], length: int) -> tuple[bytes, ...]:
    """Return each run of `length` tokens in UTF-8, in order; a run that occurs twice is there twice."""
    coded = " ".join(units).encode("utf-8", "surrogatepass").split(b" ")  # once for the text, not for each shingle
    return tuple(map(b" ".join, zip(*(coded[start:] for start in range(length)), strict=False)))
