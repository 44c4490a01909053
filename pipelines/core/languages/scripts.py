"""Find the script of a text, and what it says of the language: Greek letters are Greek, Arabic ones one of several."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter

# First code point of a range, and its script; "" for what no script is told by (signs, digits, marks of all).
RANGES = (
    (0x41, "Latin"), (0x5B, ""), (0x61, "Latin"), (0x7B, ""), (0xC0, "Latin"), (0x250, ""), (0x370, "Greek"),
    (0x400, "Cyrillic"), (0x530, "Armenian"), (0x590, "Hebrew"), (0x600, "Arabic"), (0x660, ""), (0x66E, "Arabic"),
    (0x6F0, ""), (0x6FA, "Arabic"), (0x700, "Syriac"), (0x750, "Arabic"), (0x780, "Thaana"), (0x7C0, "Nko"),
    (0x800, ""), (0x8A0, "Arabic"), (0x900, "Devanagari"), (0x964, ""), (0x970, "Devanagari"), (0x980, "Bengali"),
    (0xA00, "Gurmukhi"), (0xA80, "Gujarati"), (0xB00, "Oriya"), (0xB80, "Tamil"), (0xC00, "Telugu"),
    (0xC80, "Kannada"), (0xD00, "Malayalam"), (0xD80, "Sinhala"), (0xE00, "Thai"), (0xE80, "Lao"), (0xF00, "Tibetan"),
    (0x1000, "Myanmar"), (0x10A0, "Georgian"), (0x1100, "Hangul"), (0x1200, "Ethiopic"), (0x13A0, "Cherokee"),
    (0x1400, "Canadian"), (0x1680, ""), (0x1780, "Khmer"), (0x1800, "Mongolian"), (0x18B0, ""), (0x1C90, "Georgian"),
    (0x1CC0, ""), (0x1E00, "Latin"), (0x1F00, "Greek"), (0x2000, ""), (0x2D00, "Georgian"), (0x2D30, "Tifinagh"),
    (0x2D80, "Ethiopic"), (0x2DE0, ""), (0x3041, "Kana"), (0x3097, ""), (0x30A1, "Kana"), (0x30FB, ""),
    (0x3131, "Hangul"), (0x3190, ""), (0x3400, "Han"), (0x4DC0, ""), (0x4E00, "Han"), (0xA000, ""), (0xAC00, "Hangul"),
    (0xD7B0, ""), (0xF900, "Han"), (0xFB00, ""), (0xFB1D, "Hebrew"), (0xFB50, "Arabic"), (0xFE00, ""),
    (0xFE70, "Arabic"), (0xFF00, ""), (0xFF66, "Kana"), (0xFFA0, ""), (0x20000, "Han"), (0x32000, ""),
)  # fmt: skip
FIRSTS = [first for first, _ in RANGES]
# A character of these says as much as two or three letters of an alphabet.
DENSE = {"Han": 3, "Kana": 2, "Hangul": 2}
MIN_KANA_SHARE = 0.05  # of the characters of a Japanese text; headlines of names and numbers have least

# Languages of a script by which one is the only one that matters: the usual one, then others that a page may declare.
LANGUAGES_OF_SCRIPT = {
    "Greek": ("el",), "Armenian": ("hy", "hyw"), "Hebrew": ("he", "yi", "lad"), "Thaana": ("dv",), "Syriac": ("syr",),
    "Bengali": ("bn", "as"), "Gurmukhi": ("pa",), "Gujarati": ("gu",), "Oriya": ("or",), "Tamil": ("ta",),
    "Telugu": ("te",), "Kannada": ("kn",), "Malayalam": ("ml",), "Sinhala": ("si",), "Thai": ("th",), "Lao": ("lo",),
    "Tibetan": ("bo", "dz"), "Myanmar": ("my", "shn", "mnw"), "Georgian": ("ka", "xmf"), "Hangul": ("ko",),
    "Ethiopic": ("am", "ti"), "Cherokee": ("chr",), "Canadian": ("iu", "cr", "oj"), "Khmer": ("km",),
    "Mongolian": ("mn",), "Tifinagh": ("zgh",), "Kana": ("ja",), "Han": ("zh", "yue", "wuu", "ja"), "Nko": ("nqo",),
}  # fmt: skip
# Letters and words that only one of them has.
MARKS_OF_LANGUAGE = {
    "yi": ("\u05f0", "\u05f1", "\u05f2", "\u05d0\u05b7", "\u05d0\u05b8", "אויף", "איז"),
    "as": ("\u09f0", "\u09f1"),
    "ti": ("ኣ",),
}


def script_of(text: str) -> str:
    """Return the script that most of a text is written in; "" if it has no letters."""
    if text.isascii():
        return "Latin" if any(map(str.isalpha, text)) else ""
    found: Counter[str] = Counter()
    for character, times in Counter(text).items():
        script = RANGES[at - 1][1] if (at := bisect_right(FIRSTS, ord(character))) else ""
        if script:
            found[script] += times * DENSE.get(script, 1)
    if not found:
        return ""
    kana, han = found.pop("Kana", 0) / DENSE["Kana"], found["Han"] / DENSE["Han"]
    if kana > MIN_KANA_SHARE * (kana + han):
        found["Kana"] = round(kana * DENSE["Kana"]) + found.pop("Han")
    return found.most_common(1)[0][0]


def language_by_script(text: str, script: str, declared: str | None) -> str:
    """Return the language of a text in a script of LANGUAGES_OF_SCRIPT. `declared` decides where letters do not."""
    usual, *others = LANGUAGES_OF_SCRIPT[script]
    for language in others:
        marks = MARKS_OF_LANGUAGE.get(language)
        if marks and sum(map(text.count, marks)) > len(text) / 200:
            return language
    return declared if declared and declared in others else usual
