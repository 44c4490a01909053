"""Read the small words of readers' comments: what a class names, times ("2 hours ago"), buttons, headings. Pure.

The words of each language are in the sections comments.* and counter.* of the word tables.
"""

from __future__ import annotations

import re
from functools import lru_cache

from pipelines.extraction.boilerplate.phrases import PhraseSet
from pipelines.extraction.languages import tables

MAX_STAMP_CHARS = 80
MAX_ODD_WORDS = 4  # beside a time: a name

# A class of who wrote a comment, in systems whose other names do not say comment.
READER = re.compile(
    r"(?<![a-z])(?:user-?_?(?:name|info|nick)|nick(?:-?_?name)?|commenter|poster)(?![a-z])", re.IGNORECASE
)
# What the names of an element say of it.
STEM = re.compile(
    r"comm?ent(?!at(?:or|eur)|ar(?:y|ies))|kommentar|kommentt?i|komentar|yorum|reacties|(?<![a-z])cmn?ts?(?![a-z])"
    r"|guest-?_?book|gaestebuch|binh-?_?luan|pinglun|hozzaszolas|otzyv"
)
# One of these is in every name that has the stem, or names an account.
SIGNS = (
    "omm", "oment", "yorum", "reac", "cm", "guest", "gaest", "luan", "lun", "ozza", "otz", "user", "nick", "poster",
)  # fmt: skip
LIST = re.compile(
    r"comments|comment-?_?list|commentaires|comentarios|commenti(?![a-z])|kommentare(?![a-z])|kommentarer"
    r"|komentarze|yorumlar|reacties|kommentit|cmts"
)
PARTS = {
    "author": "author user username name nick nickname poster by who autor auteur autore kullanici isim avatar",
    "date": "date time timestamp ago posted datum fecha data tarih when",
    "text": "text body content message msg copy txt texto texte inhalt metin metni contenido",
    "none": "count counts link links open status button btn icon form toggle number policy closed respond no total num "
    "counter disabled enabled off tab tabs",
}
NAMED = frozenset(("author", "date", "text"))
ANCHORS = NAMED | {"reader"}
PART_OF_WORD = {word: part for part, words in PARTS.items() for word in words.split()}
FILLERS = frozenset(
    [
        "wrap",
        "wrapper",
        "box",
        "inner",
        "outer",
        "info",
        "block",
        "container",
        "area",
        "vcard",
        "js",
        "cell",
        "col",
        "row",
        "main",
    ]
)
CONTAINERS = frozenset(("div", "section", "ol", "ul", "article", "aside", "table", "tbody", "dl"))
WORD = re.compile(r"[A-Z]+[^\W\d_A-Z]*|[^\W\d_A-Z]+")  # "commentFormBox" has three
LIVE = re.compile(r"(?<![a-z])(?:live|ticker|timeline|chronolog|cronolog|key-?event|zeitstrahl)", re.IGNORECASE)

LETTERS = re.compile(r"[^\W\d_]+")
DIGITS = re.compile(r"\d+")
CLOCK = re.compile(
    r"(?<![\d.,$€£¥:/-])(?:[01]?\d|2[0-3])(?: ?[:h時点时시] ?[0-5]\d(?!\d|[/-]\d)"
    r"|\.[0-5]\d(?= ?uhr|$)| ?[ap]\.?m\b| ?[時点时시])"
)
DAY = re.compile(r"\d{1,4} ?[./-] ?\d{1,2} ?[./-] ?\d{2,4}|\d{1,2} ?[月월] ?\d{1,2}")
DATE_LETTERS = re.compile("[年月日時分点时년월일시분上午下午오전후曜火水木金土]+")
STAMP_HEAD = re.compile(
    r"\s{0,20}[\W_]{0,4}?([^()\[\]：]{4,60}?)\s?(?:[)\]】）：]|:(?=\s)|\s[-–—|](?=\s)|$)[\s:：–—-]{0,5}"
)
CONTROLS = PhraseSet([("controls", tables.phrases("comments.controls"))])
HEADING = PhraseSet(
    [
        (
            "heading",
            (*tables.phrases("comments.heading"), *tables.phrases("comments.count"), *tables.phrases("comments.reply")),
        )
    ]
)
# What a short text is, if it is all of an element: a button below a comment, or a heading above all comments.
LABELS = {phrase.casefold(): "button" for phrase in tables.phrases("comments.controls")} | {
    phrase.casefold(): "heading" for phrase in tables.phrases("comments.count")
}
SIGNATURES = frozenset(phrase.casefold() for phrase in tables.phrases("comments.signed"))
SIGNED = tuple(sorted(SIGNATURES, key=lambda phrase: (-len(phrase), phrase)))
ANONYMOUS = frozenset(phrase.casefold() for phrase in tables.phrases("comments.anonymous"))
NUMBERS = " \t\r\n\xa00123456789()[]（）【】:：.,·•|–—-"  # around the words of a heading
AGES = frozenset(word for line in tables.lines("counter.ages") for word in line.casefold().split())
UNITS = frozenset(word for line in tables.lines("counter.units") for word in line.casefold().split())
MONTHS = frozenset(
    prefix + word.strip(".")
    for line in tables.lines("months")
    for word in line.casefold().split()
    if not word.isdigit()
    for prefix in (("", "ב") if "א" <= word[0] <= "ת" else ("",))  # Hebrew writes "in" and the month as one word
)
UNSPACED_AGES = sorted((re.escape(word) for word in AGES if word[0] > "\u3000"), key=len, reverse=True)
AGE_UNSPACED = re.compile(rf"\d+ ?(?:{'|'.join(UNSPACED_AGES)})")
SHORT_AGE = re.compile(r"\d+ ?[^\W\d_]{1,3}\.?")
# Patterns of ages in Latin letters have a number before a word, and so has AGE_UNSPACED.
AGE_PATTERN = tables.compiled(r"{comments.age}")
NUMBER_AND_WORD = re.compile(r"\d ?[^\W\d_]")
SMALL_WORDS = frozenset(
    word
    for section in ("counter.joins", "comments.stamp")
    for line in tables.lines(section)
    for word in line.casefold().split()
)
STAMP_WORDS = AGES | UNITS | MONTHS | SMALL_WORDS
AGE, MOMENT, DATE, TIME = "age", "moment", "day", "time"


def words_of(token: str) -> list[str]:
    """Return the words that a token of a class or an id is made of, in lower case."""
    return [word.lower() for word in WORD.findall(token)]


def _has_sign(value: str) -> bool:
    for sign in SIGNS:  # noqa: SIM110 any() over a generator takes three times as long
        if sign in value:
            return True
    return False


@lru_cache(20_000)
def part_of(value: str) -> str:
    """Return which part of a comment an id or class names: author, date, text, item, list or none of these.

    "": it names no comment; "reader": it names none, but an account.
    """
    lower = value.lower()
    if len(value) > 300 or not _has_sign(lower):  # cheap, and true of few
        return ""
    if not STEM.search(lower):
        return "reader" if READER.search(value) else ""
    found = ""
    for token in value.split():
        words = words_of(token)
        at = next((at for at, word in enumerate(words) if STEM.search(word)), None)
        if at is None:
            continue
        stem = STEM.search(words[at])
        after = [words[at][stem.end() :] if stem else "", *words[at + 1 :]]
        last = next((word for word in reversed(after) if word and word not in FILLERS), "")
        part = PART_OF_WORD.get(last)
        if part and part != "none":
            return part
        found = found or ("none" if part else "list" if LIST.search(token.lower()) else "item")
    return found or "none"


@lru_cache(20_000)
def _stamp(text: str) -> tuple[str, str]:
    """Return (kind of time, other words) of a short text; ("", "") if it names no time."""
    lower = text.casefold()
    words = LETTERS.findall(lower)
    odd = [word for word in words if word not in STAMP_WORDS]
    kind = ""
    may_be_age = not lower.isascii() or NUMBER_AND_WORD.search(lower) is not None
    has_age = not AGES.isdisjoint(words)
    if may_be_age and AGE_UNSPACED.search(lower):
        kind, odd = AGE, LETTERS.findall(AGE_UNSPACED.sub(" ", lower))
    elif may_be_age and AGE_PATTERN.search(lower):
        # "2 h" alone may be how long something takes: it proves as little as a clock does.
        kind, odd = (TIME if SHORT_AGE.fullmatch(lower) else AGE), LETTERS.findall(AGE_PATTERN.sub(" ", lower))
    elif has_age and not UNITS.isdisjoint(words):
        kind = AGE
    else:
        day = has_age or not MONTHS.isdisjoint(words) or DAY.search(lower)
        clock = CLOCK.search(lower)
        kind = (MOMENT if clock else DATE) if day else TIME if clock else ""
        if kind and lower and not text.isascii():
            odd = [word for word in odd if not DATE_LETTERS.fullmatch(word)]
    if not kind or len(odd) > MAX_ODD_WORDS:
        return "", ""
    return kind, " ".join(odd)


def stamp_of(text: str | None) -> tuple[str, str]:
    """Return (kind of time, other words beside it) of a text that is short and names a time; else ("", "")."""
    if not text or len(text) > 200 or not DIGITS.search(text):
        return "", ""
    bare = " ".join(text.split())
    return _stamp(bare) if 2 <= len(bare) <= MAX_STAMP_CHARS else ("", "")


def leading_stamp(text: str | None) -> re.Match[str] | None:
    """Return the match of a time that a text begins with ("(4 March, 18:20): I ..."), or None."""
    if not text or not DIGITS.search(text, 0, 60):
        return None
    found = STAMP_HEAD.match(text, 0, 100)
    if found is None:
        return None
    kind, odd = stamp_of(found[1])
    return found if kind and not odd else None
