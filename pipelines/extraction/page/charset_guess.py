"""Guess the encoding of a page that declares none, or a wrong one: by whether its bytes make words.

Each encoding is tried on those parts of the text that are not ASCII. The one that gives most of the frequent words of a
language wins; in scripts without spaces, most of the frequent characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipelines.core.languages.text_language import naturalness

MAX_SCANNED = 2_000_000  # bytes of a page that are searched
SAMPLE_BYTES = 4_000  # of text that is not ASCII; statistics need no more
PIECE_BYTES = 1_000  # of one piece of text
SURE_SENSE = 1000.0  # more than `naturalness` gives
MIN_SENSE = 0.3  # of a guess, and ...
MIN_GAIN = 0.15  # ... by how much it must be above that under the declared encoding
MAX_BROKEN_SHARE = 0.02  # of the characters

# Encodings by which pages are read; of two that do equally well, the first.
WORD_ENCODINGS = (
    "cp1252", "cp1250", "iso8859_2", "cp1254", "cp1257", "cp1251", "koi8_u", "cp1253", "cp1255", "cp1256", "cp866",
    "iso8859_5", "iso8859_6",
)  # fmt: skip
# The most frequent characters of the languages that are written without spaces, and of Korean.
KANA = "".join(map(chr, range(0x3041, 0x3094))) + "ンスルトーラリクアイシレジタッドフプマロテコ"
SIMPLIFIED = (
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过说产种面而方后多学家"
)
TRADITIONAL = (
    "的一是在不了有和人這中大為上個國我以要他時來用們生到作地於出就分對成會可主發年動同工也能下過說產種面而方後多學家"
)
HANGUL = (
    "이다는에의을가고하지한로은기사를도어인자대서정시리일있라그나해보부여전수조제장구동상경원주공관과적신으성스아안무"
)
THAI = ("การ", "ที่", "และ", "ของ", "ใน", "เป็น", "ไม่", "ได้", "ว่า", "จะ", "มี", "ให้", "จาก", "ความ", "คน")
COMMON = {
    "cp932": frozenset(KANA), "euc_jp": frozenset(KANA), "gb18030": frozenset(SIMPLIFIED),
    "big5hkscs": frozenset(TRADITIONAL), "cp949": frozenset(HANGUL),
}  # fmt: skip
THAI_ENCODING = "cp874"
# Names that resolve to other codecs of the same characters.
FAMILIES = {
    "shift_jis": "cp932", "shift-jis": "cp932", "iso2022_jp": "cp932", "euc-jp": "euc_jp", "gbk": "gb18030",
    "gb2312": "gb18030", "big5": "big5hkscs", "big5-hkscs": "big5hkscs", "euc_kr": "cp949", "euc-kr": "cp949",
    "cp874": THAI_ENCODING, "tis-620": THAI_ENCODING, "windows-874": THAI_ENCODING,
}  # fmt: skip
CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x80-\x9f]")
MIN_COMMON_SHARE = 0.12  # of characters; Chinese news has .25, Japanese and Korean .4


# Which no language writes: a sign within a word or glued to its first letter, another script after a Latin letter.
TORN = re.compile(
    "(?<=[^\\W\\d_])[\xa1-\xa9\xab\xac\xae-\xb4\xb6\xb8\xb9\xbb-\xbf\xd7\xf7\u02c7\u02d8-\u02dd\u200e\u200f](?=[^\\W\\d_])|(?<!\\w)[\xa6\xac\xb1\xb3\xb6\xb9\xbc\xbe](?=[^\\W\\d_])|[a-z\xe0-\u024f][\u0370-\u06ff]|[\u0370-\u06ff][a-z\xe0-\u024f]|[\u2500-\u259f]"
)
TAG = re.compile(rb"<[^>]*>?")
BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
HIDDEN = re.compile(rb"<(script|style)\b|<!--", re.IGNORECASE)
META = re.compile(rb"<meta\b[^<>]{0,300}?\bcharset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)


def best_encoding(body: bytes, declared: str | None) -> str | None:
    """Return the encoding of a page that is not UTF-8; None if nothing shows that it is another than the declared."""
    sample = sample_of(body)
    if not sample:
        return None
    own = sense(sample, declared) if declared else 0
    if own >= SURE_SENSE:
        return declared
    tried = {name: sense(sample, name) for name in (*COMMON, THAI_ENCODING, *WORD_ENCODINGS)}
    best = max(tried, key=tried.__getitem__)
    return best if tried[best] >= max(MIN_SENSE, own + MIN_GAIN) else None


def sense(sample: bytes, encoding: str) -> float:
    """Return how much sense a sample makes in an encoding: 0 for none, SURE_SENSE or more if of COMMON."""
    try:
        text = sample.decode(encoding, "replace")
    except (LookupError, UnicodeError):
        return 0
    beyond = sum(character > "\x7f" for character in text)
    family = FAMILIES.get(encoding, encoding)
    characters = COMMON.get(family)
    broken = text.count("\ufffd") + len(CONTROLS.findall(text)) + (0 if characters else len(TORN.findall(text)))
    if not beyond or broken > MAX_BROKEN_SHARE * beyond:
        return 0
    if family == THAI_ENCODING:
        share = sum(len(word) * text.count(word) for word in THAI) / beyond
    elif characters:
        share = sum(map(characters.__contains__, text)) / beyond
    else:
        return naturalness(text)
    return SURE_SENSE + share if share >= MIN_COMMON_SHARE else 0


def sample_of(body: bytes) -> bytes:
    """Return the pieces of a page's text that are not ASCII, up to SAMPLE_BYTES, one a line."""
    pieces: list[bytes] = []
    size = 0
    for part in visible_parts(body):
        for text in TAG.split(part):
            if BEYOND_ASCII.search(text):
                piece = text.strip()[:PIECE_BYTES]
                pieces.append(piece)
                size += len(piece)
                if size > SAMPLE_BYTES:
                    return b"\n".join(pieces)
    return b"\n".join(pieces)


def late_declaration(body: bytes) -> str | None:
    """Return the charset that a meta declares, wherever on the page it is, but not in a script or comment."""
    return next((found[1].decode() for part in visible_parts(body) if (found := META.search(part))), None)


def visible_parts(body: bytes) -> Iterator[bytes]:
    """Yield the parts of a page that are between its scripts, style sheets and comments. It takes linear time."""
    page = body[:MAX_SCANNED]
    lower = page.lower()
    start = 0
    while found := HIDDEN.search(lower, start):
        yield page[start : found.start()]
        end = b"</" + found[1] if found[1] else b"-->"
        start = lower.find(end, found.end())
        if start < 0:
            return
    yield page[start:]
