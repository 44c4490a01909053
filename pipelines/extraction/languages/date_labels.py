"""Find the words beside a date that say what it is the date of: "Published", "Aktualisiert", 公開日."""

from __future__ import annotations

import re
from typing import NamedTuple

from pipelines.extraction.languages import tables

PUBLISHED, UPDATED, OTHER, NO_LABEL = "published", "updated", "other", ""
UNSURE = "unsure"  # in the place of a label: beside other words or another date


class Label(NamedTuple):
    """Hold a word of a line that says what the date beside it is."""

    start: int
    end: int
    name: str  # PUBLISHED, UPDATED or OTHER


def _labels_by_first_word() -> dict[str, list[tuple[str, str]]]:
    """Return the labels of scripts with spaces by their first word: (label, name), the longest first."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name in (PUBLISHED, UPDATED, OTHER):
        for phrase in tables.phrases(f"date.{name}"):
            if word := WORD.match(phrase):
                found.setdefault(word[0], []).append((phrase, name))
    return {word: sorted(labels, key=lambda label: -len(label[0])) for word, labels in found.items()}


WORD = re.compile(r"[^\W\d_\u3040-\U0010ffff][^\d\s:,.;|()\u3040-\U0010ffff]*")
CJK = re.compile("[\u3040-\U0010ffff]")
LABELS = _labels_by_first_word()
CJK_LABEL = re.compile(
    "|".join(
        f"(?P<{name}>"
        + "|".join(sorted((one for one in tables.phrases(f"date.{name}") if CJK.match(one)), key=len, reverse=True))
        + ")"
        for name in (OTHER, UPDATED, PUBLISHED)
    )
)


def labels_in(text: str) -> list[Label]:
    """Return the labels in a line, in its order."""
    folded = text.casefold()
    if len(folded) != len(text):
        folded = text.lower()
    found: list[Label] = []
    for word in WORD.finditer(folded):
        for phrase, name in LABELS.get(word[0], ()):
            end = word.start() + len(phrase)
            if folded.startswith(phrase, word.start()) and not folded[end : end + 1].isalpha():
                if not (found and found[-1].end > word.start()):
                    found.append(Label(word.start(), end, name))
                break
    if CJK.search(text):
        found += [Label(one.start(), one.end(), one.lastgroup or OTHER) for one in CJK_LABEL.finditer(text)]
        found.sort()
    return found


def label_behind(text: str, labels: list[Label], end: int, following: int) -> Label | None:
    """Return the label behind the date that ends at `end`: "3 May 2024 published", "3 May 2024 (updated)".

    `following`: where the next date begins. "3 May 2024 (updated 4 May 2024)" has none: the label is that of the next
    date, unless each date of the line has its label behind it.
    """
    one = next((one for one in labels if end <= one.start < following), None)
    if one is None:
        return None
    gap, behind = text[end : one.start], text[one.end : following]
    if gap.rstrip().endswith(OPENING):
        inside = CLOSING.split(text[one.end :], maxsplit=1)[0]
        of_another = DIGIT.search(inside) or (one.name == OTHER and inside.strip())  # "(updated 11:00)"
        return None if of_another or len(gap) > MAX_GAP_CHARS else one
    if not GAP.fullmatch(gap):
        return None
    cjk = bool(CJK.match(text[one.start])) and not HIRAGANA.match(behind)  # "更新された" is a sentence
    if following < len(text) and not behind.strip(" :："):
        joined = cjk and not gap.strip("日일") and behind == " "  # 3月5日更新 3月6日
        return one if joined or not text[labels[-1].end :].strip(ENDS) else None
    return one if cjk or ENDS_LABEL.match(behind) or not behind.strip(ENDS) else None


MAX_GAP_CHARS = 40  # between a date and a bracket with a label
OPENING = ("(", "[", "{", "（", "［", "【", "〔", "「")
CLOSING = re.compile(r"[)\]}）］】〕」]")
DIGIT = re.compile(r"\d")
HIRAGANA = re.compile("[\u3041-\u309f]")
ENDS = " .)]}）］】〕」"
ENDS_LABEL = re.compile(rf"\s?[|/,;、，；•·{re.escape(ENDS[2:])}]")
# Between a date and the label behind it: the end of the date, a day of the week in brackets, a time.
GAP = re.compile(
    r"[日일]?\.?\s?(?:[(（][^\W\d_]{1,3}\.?[)）])?"
    r"(?:[\s,、]{0,2}(?:[^\W\d_]{1,5}\s)?\d\d?\s?[:：.h時시点點]\s?\d\d(?:\s?[:：분分]\s?(?:\d\d)?)?(?:\s?(?:[ap]\.?m\.?|uhr|h|น\.))?(?:\s[a-z]{2,4})?)?\s?",
    re.IGNORECASE,
)


def language_of_label(text: str) -> str | None:
    """Return the language of the first label in a line that no English page has; one of them, if several have it."""
    for one in labels_in(text):
        codes = LANGUAGES_OF_LABELS.get(text[one.start : one.end].casefold(), ())
        if codes and "en" not in codes:
            return codes[0]
    return None


def _languages_of_labels() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in (PUBLISHED, UPDATED, OTHER):
        for code, phrases in tables.by_language(f"date.{name}").items():
            for phrase in phrases:
                found.setdefault(phrase, []).append(code)
    return found


LANGUAGES_OF_LABELS = _languages_of_labels()
