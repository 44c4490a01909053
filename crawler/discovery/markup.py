"""Prepare a stranger's XML for a parser: bytes to text, and character references to characters that exist. Linear."""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

UTF_8_MARK = b"\xef\xbb\xbf"
# The byte order marks, the longer first, and what an XML document without one begins with (XML 1.0, appendix F.1).
WIDE_ENCODINGS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"<\x00?\x00", "utf-16-le"),
    (b"\x00<\x00?", "utf-16-be"),
)
DECLARED_ENCODING = re.compile(rb"<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([\w.:-]{2,40})[\"']")
# The names of encodings of two or four bytes a character ("unicode" is UTF-16, Encoding Standard section 4.2).
WIDE_NAME = re.compile(rb"utf[-_]?(?:16|32)|u(?:cs|nicode)|iso-10646-ucs|csunicode", re.IGNORECASE)
DECLARATION = re.compile(r"<\?xml\b[^>]{0,200}\?>")
# Several references in a row, because two may be one character: JavaScript and Java write an emoji as two surrogates.
REFERENCES = re.compile(r"(?:&#(?:[xX][0-9a-fA-F]+|[0-9]+);?)+")
REFERENCE = re.compile(r"&#([xX]?)([0-9a-fA-F]+);?")
MAX_REFERENCE_DIGITS = 7  # U+10FFFF is 1114111
REPLACEMENT = 0xFFFD
DOCTYPE = "DOCTYPE"
MAX_DOCTYPE_CHARS = 2_000  # between "<!DOCTYPE" and "[", names and addresses
# One element around everything: then a file that holds two documents, or one in another element, is read as well.
WRAPPER = "newsmorgue-documents"


def wide_encoding(data: bytes) -> str | None:
    """Return the encoding of a document that has two or four bytes a character; None for all others."""
    return next((encoding for start, encoding in WIDE_ENCODINGS if data.startswith(start)), None)


def is_wrongly_wide(data: bytes) -> bool:
    """Return True if a document declares two or four bytes a character, in a declaration that has one byte for each.

    A program changed its encoding, and not its first line. It is UTF-8 (so says the HTML Standard of such pages, too).
    """
    declared = DECLARED_ENCODING.match(data.removeprefix(UTF_8_MARK).lstrip()[:200])
    return declared is not None and WIDE_NAME.match(declared[1]) is not None


def decoded(data: bytes) -> str:
    """Decode by byte order mark, else by the XML declaration, else as UTF-8; damaged bytes become U+FFFD."""
    if data.startswith(UTF_8_MARK):
        return data[len(UTF_8_MARK) :].decode("utf-8", "replace")
    if wide := wide_encoding(data):
        return data.decode(wide, "replace").removeprefix("\ufeff")
    declared = DECLARED_ENCODING.match(data.lstrip()[:200])
    name = declared[1].decode("ascii") if declared and not is_wrongly_wide(data) else "utf-8"
    try:
        return data.decode(name, "replace")
    except (LookupError, UnicodeError):
        return data.decode("utf-8", "replace")


def with_real_characters(text: str) -> tuple[str, int]:
    """Return text whose character references all name characters of XML, and how many did not.

    Two references that are a pair of surrogates become one. Any other number that is none of a character (XML 1.0,
    section 2.2) becomes U+FFFD.
    """
    wrong = 0

    def mended(run: re.Match[str]) -> str:
        nonlocal wrong
        parts: list[str] = []
        high = 0  # the first half of a pair, if it is the last of `parts`
        for reference in REFERENCE.finditer(run[0]):
            code = _code_point(reference[2], 16 if reference[1] else 10)
            if high and 0xDC00 <= code < 0xE000:
                parts[-1] = f"&#{0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00)};"
                high = 0
                continue
            good = _is_xml_character(code)
            wrong += not good
            parts.append(reference[0] if good else f"&#{REPLACEMENT};")
            high = code if 0xD800 <= code < 0xDC00 else 0
        return "".join(parts)

    return REFERENCES.sub(mended, text), wrong


def _code_point(digits: str, base: int) -> int:
    digits = digits.lstrip("0")
    return int(digits or "0", base) if len(digits) <= MAX_REFERENCE_DIGITS else -1


def _is_xml_character(code: int) -> bool:
    return code in (9, 10, 13) or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code <= 0x10FFFF


def without_doctypes(text: str) -> str:
    """Return text without document type declarations and the entities in them, but with as many lines.

    Looks at each character a few times at most.
    """
    kept, at, search = [], 0, 0
    while (start := text.find("<!", search)) > -1:
        search = start + 2
        if text[search : search + len(DOCTYPE)].upper() != DOCTYPE:
            continue
        end, subset = text.find(">", search), text.find("[", search, search + MAX_DOCTYPE_CHARS)
        if -1 < subset < end:
            close = text.find("]", subset)
            end = text.find(">", close) if close > -1 else -1
        kept.append(text[at:start])
        if end == -1:  # it does not end: all the rest belongs to it
            return "".join(kept)
        at = search = end + 1
        kept.append("\n" * text.count("\n", start, at))
    return "".join([*kept, text[at:]]) if kept else text


def with_elements(text: str, names: frozenset[str]) -> bytes:
    """Return an XML document, as far as it can be read, with these elements alone and their text, in UTF-8.

    `names` are local names in lower case. There is one element around all.
    """
    text = without_doctypes(DECLARATION.sub("", text))
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    root = etree.fromstring(f"<{WRAPPER}>{text}</{WRAPPER}>".encode("utf-8", "replace"), parser)
    for element in list(root.iter()):
        parent = element.getparent()
        if parent is not None and local_name(element) not in names:
            parent.remove(element)  # with what follows it up to the next tag, which is no element's text
    return etree.tostring(root, encoding="utf-8")


def local_name(element: Any) -> str:
    """Return an element's name in lower case without its namespace, which many documents get wrong."""
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""
