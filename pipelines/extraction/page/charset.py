"""Bytes of a page -> its characters, decoded once.

The order is the WHATWG Encoding Standard's with one repair: bytes that are valid UTF-8 and hold at least one
multi-byte sequence are UTF-8 whatever the page declares (chance makes that in no other encoding), and a declaration
that the bytes contradict is not believed.
"""

from __future__ import annotations

import re
from unicodedata import combining, normalize

from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding, read_bom, resolve_encoding

SAMPLE = 20_000  # bytes that guessing looks at; statistics need no more
DAMAGE = 0.1  # share of broken characters among the non-ASCII ones up to which an encoding is believed
WESTERN = 0.2  # share of non-ASCII bytes among letters below which an unknown text is in a Western language
# ASCII bytes that are no ASCII text: the escape sequences of ISO-2022 and the tilde codes of HZ.
SEVEN_BIT = ("iso2022", "iso-2022", "hz")

# What to assume when nothing is declared: the encodings by language of HTML 13.2.3.2 (step 9).
LEGACY = {
    "ar": "cp1256", "be": "cp1251", "bg": "cp1251", "cs": "cp1250", "el": "cp1253", "et": "cp1257",
    "fa": "cp1256", "he": "cp1255", "hr": "cp1250", "hu": "iso8859_2", "ja": "cp932", "ko": "cp949",
    "lt": "cp1257", "lv": "cp1257", "mk": "cp1251", "pl": "iso8859_2", "ru": "cp1251", "sk": "cp1250",
    "sl": "iso8859_2", "sr": "cp1251", "th": "cp874", "tr": "cp1254", "uk": "cp1251", "vi": "cp1258",
    "zh": "gb18030",
}  # fmt: skip
LANG = re.compile(rb"<html[^>]{0,500}?\blang\s*=\s*[\"']?([a-zA-Z]{2})(-(?:TW|HK|Hant))?", re.IGNORECASE)


def decode(body: bytes, content_type: str | None = None) -> str | None:
    """The characters of `body`; None if no encoding makes text of it. `content_type` is the HTTP header."""
    encoding, mark = read_bom(body)
    if encoding and mark:
        return body[len(mark) :].decode(encoding, "replace")
    if encoding := _wide(body):
        return body.decode(encoding, "replace")
    declared = [http_content_type_encoding(content_type), html_body_declared_encoding(body)]
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return _decode_legacy(body, [name for name in declared if name])
    seven_bit = next((name for name in declared if name and name.startswith(SEVEN_BIT)), None)
    if seven_bit and (b"\x1b" in body or b"~{" in body):
        return body.decode(seven_bit, "replace")
    return TWICE.sub(_once, text) if C1_TWICE.search(body) else text


# UTF-8 that was taken for Latin-1 and written as UTF-8 once more. Only where a C1 control, which no text has, shows it.
C1_TWICE = re.compile(rb"\xc3[\x82-\xb4]\xc2[\x80-\x9f]")
TWICE = re.compile("[\u00c2-\u00f4][\u0080-\u00bf]{1,3}")


def _once(found: re.Match[str]) -> str:
    """The character that was encoded twice; what was found as it stands if it is none."""
    try:
        return found[0].encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return found[0]


def _wide(body: bytes) -> str | None:
    """UTF-16 without a byte order mark: markup has NUL in every other byte."""
    start = body[:200]
    if start.count(0) < len(start) // 3:
        return None
    return "utf-16-le" if start[1::2].count(0) > start[0::2].count(0) else "utf-16-be"


def _decode_legacy(body: bytes, declared: list[str]) -> str | None:
    """`body`, which is not valid UTF-8, by the first encoding that it does not contradict."""
    for name in dict.fromkeys([*declared, "utf-8", *_guesses(body)]):
        try:
            text = body.decode(name, "replace")
        except (LookupError, UnicodeError):
            continue
        if _plausible(text):
            return text
    text = body.decode("cp1252", "replace")  # the web's own last resort
    return text if _plausible(text) else None


def _guesses(body: bytes) -> list[str]:
    """Encodings for a page that declares none, or a wrong one: by its language, else by statistics."""
    found = LANG.search(body[:2000])
    if found:
        language = found[1].decode().lower()
        if language == "zh" and found[2]:
            return ["big5hkscs"]
        return [LEGACY.get(language, "cp1252")]
    sample = re.sub(rb"<[^>]*>|[^a-zA-Z\x80-\xff]+", b" ", body[: SAMPLE * 5])[:SAMPLE]
    letters = len(sample) - sample.count(b" ")
    if sum(byte > 127 for byte in sample) < WESTERN * letters:
        return ["cp1252"]
    from charset_normalizer import from_bytes  # slow, so only here: a page in thousands

    best = from_bytes(sample).best()
    return [resolve_encoding(best.encoding) or best.encoding] if best else []


def _plausible(text: str) -> bool:
    """Nearly every character beyond ASCII came out whole, and there are no control characters to speak of."""
    broken = text.count("\ufffd") + len(CONTROLS.findall(text))
    return broken <= DAMAGE * (len(text) - len(text.encode("ascii", "ignore")))


CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x80-\x9f]")

HIGHEST = 30  # marks on one letter that a "stream-safe" text may have (Unicode UAX 15, section 13)
STACKS = re.compile(rf"[^\w\s\x00-\u02ff]{{{HIGHEST + 1},}}")  # marks, and whatever else is no letter


def composed(text: str) -> str:
    """`text` as NFC, without marks stacked beyond HIGHEST: composing sorts them, in quadratic time."""
    return normalize("NFC", text if text.isascii() else STACKS.sub(_lowered, text))


def _lowered(run: re.Match[str]) -> str:
    kept, height = [], 0
    for character in run[0]:
        height = height + 1 if combining(character) else 0
        if height <= HIGHEST:
            kept.append(character)
    return "".join(kept)
