"""Recognise lines that consist of known phrases and nothing else ("3 Comments · Leave a Reply"), in any language.

A line is compared after `normalized`, and phrases must cover it from end to end. The cost is linear in its length.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from unicodedata import normalize

MAX_LINE_CHARS = 140  # a longer line is a paragraph
KEY_CHARS = 2  # by which phrases are looked up

# "e-mail", "E‑Mail" and "email" are one word. Signs between words, and marks on Arabic and Latin letters, are not
# compared. The apostrophe is: "l'article".
E_HYPHEN = re.compile(r"\be[-‐‑ ](?=(?:mail|post)|поч)")
EMAIL_ADDRESS = re.compile(r"(?<=email)[- ](?=adres)")
SEPARATORS = re.compile(r"(?:[^\w']|[\d_])+")
EQUIVALENTS = str.maketrans(
    {**dict.fromkeys("’‘`´ʼ", "'"), **dict(zip("أإآٱىةёıґ", "اااايهеiг", strict=True)), "ـ": None, "\u200c": " "}
)
COMBINING_MARKS = re.compile("[\u0300-\u036f\u064b-\u0652]+")


@lru_cache(8192)
def normalized(line: str) -> str:
    """Return a line without the differences between two printings of one phrase, and without numbers."""
    text = line.casefold()
    plain = text.isascii()
    text = text.replace("`", "'") if plain else text.translate(EQUIVALENTS)
    if "mail" in text or "post" in text or "поч" in text:  # for most lines, to look first is cheaper
        text = EMAIL_ADDRESS.sub("", E_HYPHEN.sub("e", text))
    if not plain:
        text = normalize("NFC", COMBINING_MARKS.sub("", normalize("NFD", text)))
    return SEPARATORS.sub(" ", text).strip()


class PhraseSet:
    """Hold phrases, each with the name of its rule."""

    def __init__(self, tables: Iterable[tuple[str, Iterable[str]]]) -> None:
        """Take phrases by rule. The first rule that has a phrase gets it."""
        self.rule_by_phrase: dict[str, str] = {}
        by_key: dict[str, set[str]] = defaultdict(set)
        for rule, phrases in tables:
            for phrase in phrases:
                if words := normalized(phrase):
                    self.rule_by_phrase.setdefault(words, rule)
                    by_key[words[:KEY_CHARS]].add(words)
        # The first six characters tell most prose from phrases. A shorter phrase ends with a space, so that "ad" is not
        # the beginning of "address".
        self.heads = {words[:2] if words[0] > "\u3000" else f"{words} "[:6] for words in self.rule_by_phrase}
        self.starts = {head[:3] for head in self.heads}
        self.by_key = {key: tuple(sorted(found, key=len, reverse=True)) for key, found in by_key.items()}

    def rules_of(self, line: str) -> tuple[str, ...]:
        """Return the names of the rules whose phrases make up `line`; none if a part of it is not a phrase."""
        if len(line) > MAX_LINE_CHARS or not self.may_begin(line):
            return ()
        text = normalized(line)
        if rule := self.rule_by_phrase.get(text):
            return (rule,)
        rules: list[str] = []
        at = 0
        while at < len(text):
            phrase = next(self._phrases_at(text, at), None)
            if phrase is None:
                return ()
            rules.append(self.rule_by_phrase[phrase])
            at += len(phrase)
            while at < len(text) and text[at] == " ":
                at += 1
        return tuple(dict.fromkeys(rules))

    def may_begin(self, line: str) -> bool:
        """Return whether `line` may begin with a phrase. This is cheap, and false for most lines that do not."""
        start = line[:3]
        if len(start) == 3 and start.isascii() and start.isalpha() and start.lower() not in self.starts:
            return False
        head, heads = f"{normalized(line[:24])} ", self.heads
        return (
            head[:6] in heads or head[:5] in heads or head[:4] in heads or head[:3] in heads or head[:2] in heads
        )  # fmt: skip

    def _phrases_at(self, text: str, at: int) -> Iterator[str]:
        """Yield the phrases that begin at `at` and end at the end of a word, the longest first."""
        for phrase in self.by_key.get(text[at : at + KEY_CHARS], ()):
            end = at + len(phrase)
            # Chinese and Japanese have no visible ends of words.
            if text.startswith(phrase, at) and (end == len(text) or text[end] == " " or phrase[-1] > "\u3000"):
                yield phrase
