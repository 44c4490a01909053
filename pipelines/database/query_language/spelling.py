"""Spell a word as texts also spell it, where the full-text index takes the spellings for different words. Pure.

The index (`unicode61 remove_diacritics 2`) folds case, and accents of Latin letters. It holds texts as they are
otherwise, so a query looks for the other spellings besides: `straße` and `strasse`, `Łódź` and `lodz`, `ёлка` and
`елка`, `Ελλάδα` and `ΕΛΛΑΔΑ`, `أحمد` and `احمد`, full-width and ordinary letters. A spelling that no text has
costs one look-up, while folded words in the index would make it larger for each Polish or Turkish text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import combinations_with_replacement

from pipelines.core.languages.lazy_patterns import lazy_pattern
from pipelines.core.languages.spaced_runs import MARKS

MAX_SPELLED_CHARS = 40  # a longer word is none of a language
MAX_SPELLINGS = 48  # of one word; no word of a language needs more
# Letters that decompose into nothing, so that the index does not fold them
PLAIN_LETTERS = str.maketrans({
    "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h", "ŋ": "n", "ß": "ss",
    "ё": "е", "ґ": "г",
})  # fmt: skip
# Of each language what people type without its letters, the likeliest first; a word is of one language.
LETTERS_MEANT = (
    {"ffi": "ﬃ", "ffl": "ﬄ", "ff": "ﬀ", "fi": "ﬁ", "fl": "ﬂ"}, {"ss": "ß"},
    {"oe": "œ", "ae": "æ"}, {"ae": "æ", "o": "ø"}, {"ae": "æ", "d": "ð", "th": "þ"}, {"l": "ł"}, {"d": "đ"}, {"i": "ı"},
    {"h": "ħ"}, {"d": "đ", "n": "ŋ"},
)  # fmt: skip
LETTERS_TYPED = [lazy_pattern("|".join(meant)) for meant in LETTERS_MEANT]
MAX_LETTERS_MEANT = 5  # in one word of one language
ACCENTED_GREEK = dict(zip("αεηιουω", "άέήίόύώ", strict=True))
BARE_GREEK = str.maketrans({accented: bare for bare, accented in ACCENTED_GREEK.items()} | {"ΐ": "ϊ", "ΰ": "ϋ"})
ALEFS = "اأإآٱ"
ARTICLE = lazy_pattern(f"(?:[وف]?[بكل]?(?:ال)|لل|[وفبكل])?(?=[{ALEFS}])")  # a word may begin with, before its alef
WORD_ENDS = {"ة": "ه", "ه": "ة", "ى": "ي", "ي": "ى"}  # written for each other at the end of an Arabic word
PERSIAN = str.maketrans("يكى", "یکی")
ARABIC = str.maketrans("یک", "يك")
DIGITS = ("0123456789", "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹")  # ASCII, Arabic, Persian


def spellings(word: str) -> list[str]:
    """Return a word in lower case, first as it is, then as texts spell it, too."""
    forms = dict.fromkeys([word.lower()])
    if len(word) > MAX_SPELLED_CHARS:
        return list(forms)
    for rule in (_compatible, _without_marks, _plain, _russian, _greek, _arabic, _persian, _digits, _meant):
        for form in tuple(forms):
            forms |= dict.fromkeys(rule(form))
    return list(forms)[:MAX_SPELLINGS]


def as_indexed(word: str) -> str:
    """Return a word as the index has it: in lower case, Latin letters without accents."""
    found = []
    for character in unicodedata.normalize("NFC", word.lower()):
        bare = unicodedata.normalize("NFD", character)[0]
        found.append(bare if "a" <= bare <= "z" else character)
    return "".join(found).replace("\u0307", "")  # of the Turkish İ


def folded(word: str) -> str:
    """Return a word without ligatures and marks, in plain letters: what may stand for it in a text has the same."""
    bare = MARKS.sub("", unicodedata.normalize("NFKC", word)) or word
    return as_indexed(bare).translate(PLAIN_LETTERS)


def _compatible(word: str) -> Iterator[str]:
    """Yield a word without ligatures, full-width letters and presentation forms."""
    yield unicodedata.normalize("NFKC", word).lower()


def _without_marks(word: str) -> Iterator[str]:
    yield MARKS.sub("", word) or word


def _plain(word: str) -> Iterator[str]:
    yield word.translate(PLAIN_LETTERS)


def _meant(word: str) -> Iterator[str]:
    """Yield a word with the letters that a language has for what was typed: all, one, or several that follow."""
    for meant, typed in zip(LETTERS_MEANT, LETTERS_TYPED, strict=True):
        found = list(typed.finditer(word))[:MAX_LETTERS_MEANT]
        ranges = combinations_with_replacement(range(len(found)), 2)
        for first, last in sorted(ranges, key=lambda ends: ends[0] - ends[1]):
            begin, end = found[first].start(), found[last].end()
            yield word[:begin] + typed.sub(lambda match: meant[match[0]], word[begin:end]) + word[end:]  # noqa: B023


def _russian(word: str) -> Iterator[str]:
    """Yield a word with each е in turn as ё: it is the stressed vowel, so a word has one. The index has both."""
    return _one_at_a_time(word, {"е": "ё"}) if "ё" not in word else iter(())


def _greek(word: str) -> Iterator[str]:
    """Yield a Greek word without its accent, as capitals are written; one without an accent, with it on each vowel."""
    bare = word.translate(BARE_GREEK)
    yield bare
    if bare == word:
        yield from _one_at_a_time(word, ACCENTED_GREEK)


def _one_at_a_time(word: str, letters: dict[str, str]) -> Iterator[str]:
    return (word[:at] + letters[one] + word[at + 1 :] for at, one in enumerate(word) if one in letters)


def _arabic(word: str) -> Iterator[str]:
    """Yield an Arabic word with each kind of alef at its beginning, and with the other letter at its end."""
    begin = ARTICLE.match(word)
    alefs = [word[: begin.end()] + alef + word[begin.end() + 1 :] for alef in ALEFS] if begin else [word]
    for form in alefs:
        yield form
        if len(form) > 2 and form[-1] in WORD_ENDS:
            yield form[:-1] + WORD_ENDS[form[-1]]


def _persian(word: str) -> Iterator[str]:
    """Yield a word with the yeh and kaf of the other alphabet: keyboards and sites mix Arabic and Persian ones."""
    yield from (word.translate(PERSIAN), word.translate(ARABIC))


def _digits(word: str) -> Iterator[str]:
    """Yield a number in the other digits that Arabic and Persian papers use; of a word with ASCII letters, nothing."""
    if any(map(str.isdecimal, word)) and not re.search("[a-z]", word):
        ascii_digits = "".join(str(int(one)) if one.isdecimal() else one for one in word)
        for digits in DIGITS:
            yield ascii_digits.translate(str.maketrans(DIGITS[0], digits))


def is_within(edits: int, word: str, other: str) -> bool:
    """Return True if at most so many letters must be added, left out, changed or swapped with the next one."""
    if abs(len(word) - len(other)) > edits:
        return False
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, letter in enumerate(word, 1):
        older, before, row = before, row, [at]
        for place, there in enumerate(other, 1):
            cost = min(before[place] + 1, row[-1] + 1, before[place - 1] + (letter != there))
            if at > 1 and place > 1 and letter == other[place - 2] and word[at - 2] == there:
                cost = min(cost, older[place - 2] + 1)
            row.append(cost)
        if min(row) > edits:
            return False
    return row[-1] <= edits
