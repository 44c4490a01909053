"""Decode the bytes of a page, once.

The order is that of the WHATWG Encoding Standard, with one repair. Bytes that are valid UTF-8 and contain at least one
multi-byte sequence are UTF-8, whatever the page declares, because no other encoding gives that by chance. And a
declaration that the bytes contradict does not count.
"""

from __future__ import annotations

import re
from unicodedata import combining, normalize

from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding, read_bom, resolve_encoding

MAX_BROKEN_SHARE = 0.1  # of the non-ASCII characters; an encoding that breaks more is wrong
MAX_FOREIGN_SHARE = 0.5  # of them that are not whole in UTF-8, of a page that is UTF-8 for the rest, and ...
MIN_WHOLE = 8  # ... of those that are; of bytes in another encoding, a quarter is whole at most, by chance
# Encodings that write other text in ASCII bytes: the escape sequences of ISO-2022 and the tilde codes of HZ.
SEVEN_BIT_PREFIXES = ("iso2022", "iso-2022", "hz")

# Assumed when nothing is declared: the encodings by language of HTML 13.2.3.2 (step 9).
ENCODING_OF_LANGUAGE = {
    "ar": "cp1256", "be": "cp1251", "bg": "cp1251", "cs": "cp1250", "el": "cp1253", "et": "cp1257",
    "fa": "cp1256", "he": "cp1255", "hr": "cp1250", "hu": "iso8859_2", "ja": "cp932", "ko": "cp949",
    "lt": "cp1257", "lv": "cp1257", "mk": "cp1251", "pl": "iso8859_2", "ru": "cp1251", "sk": "cp1250",
    "sl": "iso8859_2", "sr": "cp1251", "th": "cp874", "tr": "cp1254", "uk": "cp1251", "vi": "cp1258",
    "zh": "gb18030",
}  # fmt: skip
# Labels that w3lib does not know.
FURTHER_LABELS = {
    "iso-8859-8-i": "iso8859_8", "logical": "iso8859_8", "x-mac-ukrainian": "mac_cyrillic", "koi8-ru": "koi8_u",
    "koi": "koi8_r", "koi8": "koi8_r", "mac": "macintosh", "dos-874": "cp874", "gb_2312": "gb18030",
    "cn-big5": "big5hkscs", "x-x-big5": "big5hkscs", "ksc_5601": "cp949", "windows-949": "cp949",
    "iso88592": "iso8859_2",
}  # fmt: skip
HTML_LANG = re.compile(rb"<html[^>]{0,500}?\blang\s*=\s*[\"']?([a-zA-Z]{2})(-(?:TW|HK|Hant))?", re.IGNORECASE)


def decode(body: bytes, content_type: str | None = None) -> str | None:
    """Return the text of `body`; None if no encoding makes text of it. `content_type`: the HTTP header."""
    text = _text_of(body, content_type)
    return text.decode("utf-8") if isinstance(text, bytes) else text


def as_utf8(body: bytes, content_type: str | None = None) -> bytes | None:
    """Return `body` as UTF-8, nearly always itself; None if no encoding makes text of it."""
    text = _text_of(body, content_type)
    return text.encode("utf-8", "ignore") if isinstance(text, str) else text


def _text_of(body: bytes, content_type: str | None) -> str | bytes | None:
    """Return the text of `body`, or `body` itself if it is UTF-8; None if no encoding makes text of it."""
    encoding, mark = read_bom(body)
    if encoding and mark:
        return body[len(mark) :].decode(encoding, "replace")
    if encoding := _utf16_encoding(body):
        return body.decode(encoding, "replace")
    declared = [http_content_type_encoding(content_type), html_body_declared_encoding(body)]
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return _decode_legacy(body, [name for name in declared if name])
    seven_bit = next((name for name in declared if name and name.startswith(SEVEN_BIT_PREFIXES)), None)
    if seven_bit and (b"\x1b" in body or b"~{" in body):
        return body.decode(seven_bit, "replace")
    if b"\x1b" in body and (b"\x1b$B" in body or b"\x1b$@" in body):
        return body.decode("iso2022_jp", "replace")
    is_double = b"\xc3" in body and DOUBLE_ENCODED_C1.search(body)
    return DOUBLE_ENCODED.sub(_decoded_once, text) if is_double else body


# UTF-8 that was taken for Latin-1 and encoded as UTF-8 again. It is repaired only if a C1 control, which no text has,
# proves it.
DOUBLE_ENCODED_C1 = re.compile(rb"\xc3[\x82-\xb4]\xc2[\x80-\x9f]")
DOUBLE_ENCODED = re.compile("[\u00c2-\u00f4][\u0080-\u00bf]{1,3}")


def _decoded_once(found: re.Match[str]) -> str:
    """Return the character that was encoded twice; the match unchanged if it is no such character."""
    try:
        return found[0].encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return found[0]


def _utf16_encoding(body: bytes) -> str | None:
    """Return the name of the encoding if it is UTF-16 without a byte order mark: every other byte of markup is NUL."""
    start = body[:64]  # markup; the text may be in letters without NUL
    if start.count(0) < len(start) // 3:
        return None
    return "utf-16-le" if start[1::2].count(0) > start[0::2].count(0) else "utf-16-be"


def _decode_legacy(body: bytes, declared: list[str]) -> str | None:
    """Decode `body`, which is not valid UTF-8, with the first encoding that it does not contradict."""
    from pipelines.extraction.page import charset_guess  # needed for one page in hundreds

    text = body.decode("utf-8", "replace")
    # UTF-8 with some broken bytes, or with a part in another encoding.
    if _plausible(text) or _is_mostly_utf8(text):
        return text
    if not declared and (late := _resolved(charset_guess.late_declaration(body) or "")):
        declared = [late]
    best = charset_guess.best_encoding(body, next((name for name in declared if name != "utf-8"), None))
    for name in dict.fromkeys([*([best] if best else ()), *declared, _usual_encoding(body)]):
        try:
            text = body.decode(name, "replace")
        except (LookupError, UnicodeError):
            continue
        if _plausible(text):
            return text
    text = body.decode("cp1252", "replace")  # the web's own last resort
    return text if _plausible(text) else None


def _usual_encoding(body: bytes) -> str:
    """Return the encoding that a page without a declaration has by its language."""
    found = HTML_LANG.search(body[:2000])
    if found is None:
        return "cp1252"
    language = found[1].decode().lower()
    return "big5hkscs" if language == "zh" and found[2] else ENCODING_OF_LANGUAGE.get(language, "cp1252")


def _resolved(label: str) -> str | None:
    """Return the encoding of a label of the WHATWG Encoding Standard; None for an unknown one."""
    label = label.lower()
    spellings = (label, label.removeprefix("x-"), FURTHER_LABELS.get(label, ""))
    return next((found for one in spellings if (found := resolve_encoding(one))), None)


def _plausible(text: str) -> bool:
    """Return whether nearly all characters beyond ASCII are whole and hardly any is a control character."""
    broken, every = _broken_of(text)
    return broken <= MAX_BROKEN_SHARE * every


def _is_mostly_utf8(text: str) -> bool:
    """Return whether a page decoded as UTF-8 is that for the most part, and has parts in another encoding."""
    broken, every = _broken_of(text)
    return every - broken >= max(MIN_WHOLE, (1 - MAX_FOREIGN_SHARE) * every)


def _broken_of(text: str) -> tuple[int, int]:
    """Return how many characters are broken or controls, and how many are beyond ASCII."""
    return text.count("\ufffd") + len(CONTROLS.findall(text)), len(text) - len(text.encode("ascii", "ignore"))


CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x80-\x9f]")

MAX_STACKED_MARKS = 30  # on one letter of a "stream-safe" text (Unicode UAX 15, section 13)
MARK_RUNS = re.compile(rf"[^\w\s\x00-\u02ff]{{{MAX_STACKED_MARKS + 1},}}")  # marks and other characters but letters


def composed(text: str) -> str:
    """Return `text` as NFC, without marks beyond MAX_STACKED_MARKS: composition sorts marks in quadratic time."""
    return normalize("NFC", text if text.isascii() else MARK_RUNS.sub(_without_high_stacks, text))


def _without_high_stacks(run: re.Match[str]) -> str:
    kept, height = [], 0
    for character in run[0]:
        height = height + 1 if combining(character) else 0
        if height <= MAX_STACKED_MARKS:
            kept.append(character)
    return "".join(kept)
