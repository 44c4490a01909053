"""Lines that consist of nothing but known phrases ("3 Comments · Leave a Reply"), in any language.

A line is compared as `plain` makes it and must be tiled by phrases from end to end: linear in its length, no patterns.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from unicodedata import normalize

LONGEST = 140  # characters; a longer line is a paragraph
KEY = 2  # characters that phrases are looked up by

# "e-mail", "E‑Mail" and "email" are one word; what stands between words, and marks on Arabic and Latin letters, is not
# compared. The apostrophe is: "l'article".
E_WORD = re.compile(r"\be[-‐‑ ](?=(?:mail|post)|поч)")
JOINED = re.compile(r"(?<=email)[- ](?=adres)")
BETWEEN = re.compile(r"(?:[^\w']|[\d_])+")
SAME = str.maketrans(
    {**dict.fromkeys("’‘`´ʼ", "'"), **dict(zip("أإآٱىةёıґ", "اااايهеiг", strict=True)), "ـ": None, "\u200c": " "}
)
MARKS = re.compile("[\u0300-\u036f\u064b-\u0652]+")


@lru_cache(8192)
def plain(line: str) -> str:
    """`line` without what two printings of one phrase differ in; numbers are left out."""
    text = JOINED.sub("", E_WORD.sub("e", line.casefold().translate(SAME)))
    if not text.isascii():
        text = normalize("NFC", MARKS.sub("", normalize("NFD", text)))
    return BETWEEN.sub(" ", text).strip()


class PhraseSet:
    """Phrases by the name of their rule."""

    def __init__(self, tables: Iterable[tuple[str, Iterable[str]]]) -> None:
        self.rules: dict[str, str] = {}  # phrase -> name
        starts: dict[str, set[str]] = defaultdict(set)
        for name, phrases in tables:
            for phrase in phrases:
                if key := plain(phrase):
                    self.rules.setdefault(key, name)
                    starts[key[:KEY]].add(key)
        # Six characters tell most prose from phrases. A shorter phrase ends with a space: "address" begins with none.
        self.heads = {key[:2] if key[0] > "\u3000" else f"{key} "[:6] for key in self.rules}
        self.starts = {key: tuple(sorted(found, key=len, reverse=True)) for key, found in starts.items()}

    def names(self, line: str) -> tuple[str, ...]:
        """Names of the rules whose phrases make up all of `line`; none if a part of it is no phrase."""
        if len(line) > LONGEST or not self.begins(line):
            return ()
        text = plain(line)
        if name := self.rules.get(text):
            return (name,)
        found: list[str] = []
        at = 0
        while at < len(text):
            phrase = next(self._at(text, at), None)
            if phrase is None:
                return ()
            found.append(self.rules[phrase])
            at += len(phrase)
            while at < len(text) and text[at] == " ":
                at += 1
        return tuple(dict.fromkeys(found))

    def begins(self, line: str) -> bool:
        """Could `line` begin with a phrase? Cheap, and says yes to few that do not."""
        head, heads = f"{plain(line[:24])} ", self.heads
        return (
            head[:6] in heads or head[:5] in heads or head[:4] in heads or head[:3] in heads or head[:2] in heads
        )  # fmt: skip

    def _at(self, text: str, at: int) -> Iterator[str]:
        """Phrases that stand at `at` and end where a word ends, the longest first."""
        for phrase in self.starts.get(text[at : at + KEY], ()):
            end = at + len(phrase)
            # In Chinese and Japanese, words have no ends that one could see.
            if text.startswith(phrase, at) and (end == len(text) or text[end] == " " or phrase[-1] > "\u3000"):
                yield phrase
