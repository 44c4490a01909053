"""Read JSON that is damaged: what publishers' templates write by hand, and what `json` refuses.

One pass over the text with a stack and no recursion, so that the time grows with the length only. Objects are closed
where they must have ended; a value that is cut off is left out. The caller asks `json` first.
"""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from pipelines.core.languages.lazy_patterns import lazy_pattern

MAX_CHARS = 300_000  # of a damaged text that are read
MAX_DEPTH = 40  # of brackets; no description of an article is as deep

# Skipped between values: white space, comments of JavaScript, the marks that hide a script from old browsers, and
# places of a template that were not filled: "{{ page.words }}".
SKIPPED = re.compile(
    r"(?:[\s\ufeff\u200b\xa0;\x00-\x1f]++|<!--(?:[^{}\[\]<>]{0,500}+>)?+|-->|<!\[CDATA\[|\]\]>|//(?=\s*+(?:<!|-->|\]\]>))|//[^\n]*+"
    r"|/\*(?=\s*+(?:<!|-->|\]\]>|\*/))|\*/|/\*.*?(?:\*/|\Z)|</?(?:br|p|script)\b[^<>]{0,100}+>"
    r"|\{\{[^{}\"':]{0,80}+\}\}|<\?[^<>]{0,200}+\?>)*+",
    re.DOTALL,
)
QUOTES = {"'": "'", '"': '"', "`": "`"} | dict.fromkeys("“”„‟″", "“”‟″") | dict.fromkeys("‘’‚‛", "‘’‛")
_QUOTED_KEY = r"""["'“”„″][\w@$:./#-]{1,60}+["'“”″]\s*+:"""
KEY = re.compile(_QUOTED_KEY)
ODD_KEY = lazy_pattern(r"""["'“”„″]([^"'“”„″]{1,200}+)["'“”″]\s*+:""")
BARE_KEY = lazy_pattern(r"([A-Za-z_@$][\w@$.-]{0,60}+)\s*+:")
# A text without quotation marks around its keys shows it at its first key.
HAS_BARE_KEYS = lazy_pattern(r"[^\"'{]*+\{\s*+[A-Za-z_@$]")
HAS_BARE_NAMES = lazy_pattern(r"[{,]\s*+(?:name|headline|author|datePublished|description|publisher)\s*+:\s*+[\"'\[{]")
HAS_ESCAPED_QUOTES = re.compile(r"[^{]{0,200}+\{(?:\s|\\n)*+\\[\"']")
HAS_DOUBLED_QUOTES = lazy_pattern(r'[^{]{0,200}+\{\s*+""[@\w]')
HAS_ENTITIES = lazy_pattern(r"[^\"'{]*+\{\s*+&(?:quot|#0*34|#x0*22|#0*39|apos|amp;quot);")
_COMMENT = r"(?:/[/*]|<!--)"
_CLOSED = (
    rf"[}}\]][\s}}\]]*+(?:[;<>{{/&\u200b\ufeff]|[\"']?\)|,(?![\s,]*+\w)|,[\s,]*+(?:KEY|\w+[\"']\s*+:)|-->|\Z"
    rf"|{_QUOTED_KEY}|(?<=\n)[a-z])"
)
# What may follow the last quotation mark of a value in an object. Inside a text, no mark is followed by any of these.
_AFTER_VALUE = rf"\s*+(?:\Z|{_CLOSED}|{_COMMENT}|(?:(?:[,;]|<br ?/?>)\s*+)*+(?:\Z|{_CLOSED}|{_COMMENT}|KEY))"
_ANY_KEY = rf"(?:{_QUOTED_KEY}|[A-Za-z_@$][\w@$.-]{{0,60}}+\s*+:)"
ENDS_VALUE = lazy_pattern(_AFTER_VALUE.replace("KEY", _QUOTED_KEY))
ENDS_VALUE_BARE = lazy_pattern(_AFTER_VALUE.replace("KEY", _ANY_KEY))
# The value of such a key is one word, and its first quotation mark ends it.
WORD_KEYS = frozenset(("@type", "@id", "@context", "url", "datePublished", "dateModified", "dateCreated"))
ONE_WORD = lazy_pattern(r"[\"']([^\s\"'{}\[\]<>,]++)[\"']")
ENDS_ITEM = lazy_pattern(
    rf"\s*+(?:\Z|{_CLOSED}|{_COMMENT}|[,;][\s,;]*+(?:\Z|[\"'“”„{{\[}}\]]|-?\d|true\b|false\b|null\b|/[/*])|\n\s*+[\"'])".replace(
        "KEY", _ANY_KEY
    )
)
# A key and the beginning of its value, after a text of which the last quotation mark is missing.
NEXT_PAIR = lazy_pattern(rf"{_QUOTED_KEY}\s*+[\"'“”„\[{{\dtfn-]")
BEFORE_NEXT_PAIR = re.compile(r"[\s}\]]*,[\s,]*\Z|[}\]]*\n\s*\Z")
MARK = {close: re.compile(rf"\\.|[{close}]", re.DOTALL) for close in set(QUOTES.values())}
ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": " ", "f": " ", "u": ""}
BARE_VALUE = re.compile(r"[^,}\]\n{\[]*+")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
CONSTANTS = {"true": True, "false": False} | dict.fromkeys(
    ("null", "none", "nan", "undefined", "infinity", "-infinity", "")
)
BEGINNING = re.compile(r"(?:\[[\"'][^\[\]{}\"']{1,60}+[\"']\]\s*+=[^{\[]{0,40}+)?+[{\[]")  # window["data"] = {
ALIASES = {"type": "@type", "id": "@id", "graph": "@graph", "list": "@list"}  # of keys without quotation marks
UNKNOWN = object()  # a value that is not there


def read_damaged(text: str) -> list[Any]:
    """Return the values of a damaged JSON text, one after another; none if it has no object and no list."""
    text = text[:MAX_CHARS]
    if HAS_ENTITIES.match(text):
        text = unescape(unescape(text))
    elif HAS_ESCAPED_QUOTES.match(text):
        text = text.replace('\\\\"', "'").replace('\\"', '"').replace("\\n", "\n")
    elif HAS_DOUBLED_QUOTES.match(text):
        text = text.replace('""', '"')
    return _Reader(text).read()


class _Reader:
    """Hold the place in a text, and the objects and lists that are open there."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.roots: list[Any] = []
        self.open: list[Any] = []  # from the root to the innermost
        self.key: str | None = None  # of the innermost object, its value being expected
        self.keys: list[str | None] = []  # those of the objects around it
        self.ends_value = ENDS_VALUE_BARE if HAS_BARE_KEYS.match(text) or HAS_BARE_NAMES.search(text) else ENDS_VALUE

    def read(self) -> list[Any]:
        """Return the values of the text."""
        start = self._start()
        if start is None:
            return []
        self.at = start
        length = len(self.text)
        while True:
            skipped = SKIPPED.match(self.text, self.at)
            self.at = skipped.end() if skipped else self.at
            if self.at >= length:
                return self.roots
            self._step(self.text[self.at])

    def _start(self) -> int | None:
        """Return where the first value begins: at a bracket, or at a key if the bracket before it is missing."""
        skipped = SKIPPED.match(self.text)
        at = skipped.end() if skipped else 0
        if KEY.match(self.text, at):
            self.open.append({})
            self.keys.append(None)
            self.roots.append(self.open[0])
            return at
        found = BEGINNING.search(self.text, at)
        return found.end() - 1 if found else None

    def _step(self, mark: str) -> None:
        """Read what begins with `mark`: a bracket, a key or a value."""
        if mark in "{[":
            self._open({} if mark == "{" else [])
        elif mark in "}]":
            self._close(mark)
        elif mark == ",":
            self.at += 1
            self.key = None
        elif not self.open:
            self._reopen(mark)
        elif mark in QUOTES and self._is_unclosed_list() and KEY.match(self.text, self.at):
            self._leave()
        elif isinstance(self.open[-1], dict) and self.key is None:
            self._read_key(mark)
        elif mark in QUOTES:
            self._add(self._string(self.ends_value if isinstance(self.open[-1], dict) else ENDS_ITEM))
        else:
            self._add(self._bare_value())

    def _is_unclosed_list(self) -> bool:
        """Return whether the innermost value is a list inside an object. A key there shows that the list has ended."""
        return len(self.open) > 1 and isinstance(self.open[-1], list) and isinstance(self.open[-2], dict)

    def _open(self, value: Any) -> None:
        self.at += 1
        if len(self.open) >= MAX_DEPTH:
            return
        if not self.open:
            self.roots.append(value)
        elif isinstance(self.open[-1], dict) and self.key is None:
            return  # a bracket too many
        else:
            self._put(value)
        self.open.append(value)
        self.keys.append(self.key)
        self.key = None

    def _close(self, bracket: str) -> None:
        """Close what this bracket closes, and what is still open inside it. One that closes nothing is skipped."""
        self.at += 1
        wanted: type = dict if bracket == "}" else list
        if not self.open or not any(isinstance(value, wanted) for value in self.open):
            return
        if not isinstance(self.open[-1], wanted) and bracket == "}":
            after = SKIPPED.match(self.text, self.at)
            if after and self.text[after.end() : after.end() + 1] == "]":
                return  # "[{...}}]": the second one is one too many
        while not isinstance(self.open[-1], wanted):
            self._leave()
        self._leave()

    def _leave(self) -> None:
        self.open.pop()
        self.keys.pop()
        self.key = None

    def _reopen(self, mark: str) -> None:
        """Go on with the last object if a key follows it: its bracket came too early."""
        last = self.roots[-1] if self.roots else None
        if mark in QUOTES and KEY.match(self.text, self.at) and isinstance(last, dict):
            self.open.append(last)
            self.keys.append(None)
        else:
            found = BEGINNING.search(self.text, self.at + 1)
            self.at = found.end() - 1 if found else len(self.text)

    def _read_key(self, mark: str) -> None:
        if mark in QUOTES and (found := KEY.match(self.text, self.at)):
            self.key = found[0].rstrip(": \t\r\n")[1:-1]
        elif found := BARE_KEY.match(self.text, self.at) or ODD_KEY.match(self.text, self.at):
            self.key = ALIASES.get(found[1], found[1])
        self.at = found.end() if found else self.at + 1

    def _string(self, ends: re.Pattern[str]) -> Any:
        """Return the string that begins here. A quotation mark inside it does not end it, for want of what follows."""
        if self.key in WORD_KEYS and (word := ONE_WORD.match(self.text, self.at)):
            self.at = word.end()
            return _unescaped(word[1])
        start = self.at + 1
        close = QUOTES[self.text[self.at]]
        for mark in MARK[close].finditer(self.text, start):
            if mark[0][0] == "\\":
                continue
            if ends.match(self.text, mark.end()):
                self.at = mark.end()
                return _unescaped(self.text[start : mark.start()])
            if NEXT_PAIR.match(self.text, mark.start()):
                around = max(start, mark.start() - 40)
                if before := BEFORE_NEXT_PAIR.search(self.text, around, mark.start()):
                    self.at = before.start()
                    return _unescaped(self.text[start : before.start()])
        self.at = len(self.text)
        return UNKNOWN

    def _bare_value(self) -> Any:
        """Return a value without quotation marks: a constant, a number, or words of which the marks are missing."""
        found = BARE_VALUE.match(self.text, self.at)
        end = found.end() if found else self.at
        words = self.text[self.at : end].strip()
        self.at = max(end, self.at + 1)
        if words.casefold() in CONSTANTS:
            return CONSTANTS[words.casefold()]
        if NUMBER.fullmatch(words):
            return float(words) if not words.lstrip("-").isdigit() else int(words[:20])
        return words.strip("\"'“”") or UNKNOWN

    def _add(self, value: Any) -> None:
        if value is not UNKNOWN:
            self._put(value)
        self.key = None

    def _put(self, value: Any) -> None:
        """Put a value into the innermost object or list. The first value of a key stays, unless it is empty."""
        inside = self.open[-1]
        if isinstance(inside, list):
            inside.append(value)
        elif self.key is not None and not inside.get(self.key):
            inside[self.key] = value


def _unescaped(raw: str) -> str:
    """Return a string without its escapes; one that is no escape stands for its character."""
    if "\\" not in raw:
        return raw
    plain = ESCAPE.sub(lambda escape: chr(int(escape[1], 16)) if escape[1] else ESCAPED.get(escape[2], escape[2]), raw)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "ignore")
