"""Spell a word as texts also spell it, where the full-text index takes the spellings for different words. Pure.

The index (`unicode61 remove_diacritics 2`) folds case, and accents of Latin letters. It holds texts as they are
otherwise, so a query looks for the other spellings besides: `straße` and `strasse`, `ёлка` and `елка`, `Ελλάδα` and
`ΕΛΛΑΔΑ`, `أحمد` and `احمد`, full-width and ordinary letters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

MAX_SPELLED_CHARS = 40  # a longer word is none of a language
MAX_SPELLINGS = 48  # of one word; no word of a language needs more
# Marks that vowels of Arabic and Hebrew are written with: news leaves them out, a query may have them.
VOWEL_MARKS = "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc"
MARKS = re.compile(f"[{VOWEL_MARKS}\u0640]")  # and tatweel, which only stretches a word
# Letters that decompose into nothing, so that the index does not fold them
PLAIN_LETTERS = str.maketrans({
    "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h", "ß": "ss",
    "ё": "е", "ґ": "г",
})  # fmt: skip
ACCENTED_GREEK = dict(zip("αεηιουω", "άέήίόύώ", strict=True))
BARE_GREEK = str.maketrans({accented: bare for bare, accented in ACCENTED_GREEK.items()} | {"ΐ": "ϊ", "ΰ": "ϋ"})
ALEFS = "اأإآٱ"
ARTICLE = re.compile(f"(?:[وف]?[بكل]?(?:ال)|لل|[وفبكل])?(?=[{ALEFS}])")  # a word may begin with, before its alef
WORD_ENDS = {"ة": "ه", "ه": "ة", "ى": "ي", "ي": "ى"}  # written for each other at the end of an Arabic word
PERSIAN = str.maketrans("يكى", "یکی")
ARABIC = str.maketrans("یک", "يك")
DIGITS = ("0123456789", "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹")  # ASCII, Arabic, Persian


def spellings(word: str) -> list[str]:
    """Return a word in lower case, first as it is, then as texts spell it, too."""
    forms = dict.fromkeys([word.lower()])
    if len(word) > MAX_SPELLED_CHARS:
        return list(forms)
    for rule in (_compatible, _without_marks, _plain, _with_sharp_s, _russian, _greek, _arabic, _persian, _digits):
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


def _compatible(word: str) -> Iterator[str]:
    """Yield a word without ligatures, full-width letters and presentation forms."""
    yield unicodedata.normalize("NFKC", word).lower()


def _without_marks(word: str) -> Iterator[str]:
    yield MARKS.sub("", word) or word


def _plain(word: str) -> Iterator[str]:
    yield word.translate(PLAIN_LETTERS)


def _with_sharp_s(word: str) -> Iterator[str]:
    yield word.replace("ss", "ß")


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
