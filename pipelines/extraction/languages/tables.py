"""Read the word tables: one file a language, `pl.txt`, and `mul.txt` for all of them. `en.txt` explains the format.

The files are read once a process. A malformed line is a ValueError that names file and line.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from pipelines.core.languages.lazy_patterns import lazily

SHARED = "mul"  # ISO 639-2: multiple languages
MARKED = re.compile(r'\n[#/"\s]')  # a line that is not simply a phrase
SLOT = re.compile(r"\{([a-z]+(?:[.-][a-z]+)*)\}")  # in a pattern; a repetition begins with a digit

Lines = dict[str, tuple[str, ...]]  # section of one language, or language of one section -> its lines


class LinePattern(str):
    """Hold a line between slashes: a regular expression, without the slashes. Any other line is a phrase."""

    __slots__ = ()


def parse(name: str, text: str) -> Lines:
    """Return the sections of one file. `name` is for messages."""
    found: Lines = {}
    parts = f"\n{text}".split("\n[")  # what precedes the first section, then one part a section
    if stray := _phrases(parts[0].split("\n")):
        raise _malformed(name, parts, 0, stray[0], "it precedes the first section")
    for index, part in enumerate(parts[1:], 1):
        head, bracket, body = f"{part}\n".partition("]\n")
        if not bracket or head in found:
            why = "this section is there twice" if bracket else "a section begins with a line such as [share]"
            raise _malformed(name, parts, index, part.partition("\n")[0], why)
        body = body.strip("\n")
        entries = lines = body.split("\n") if body else []
        if MARKED.search(part):
            lines = _phrases(lines)
            entries = [_entry(line) if line[0] in '/"' else line for line in lines]
            if "" in entries:
                why = "it must end with the mark that it begins with"
                raise _malformed(name, parts, index, lines[entries.index("")], why)
        found[head] = tuple(entries)
    return found


def _phrases(lines: list[str]) -> list[str]:
    """Return lines without comments, empty lines and spaces at their ends."""
    return [line for raw in lines if (line := raw.strip()) and line[0] != "#"]


def _entry(line: str) -> str:
    """Return a line that begins with a slash or a quotation mark without its marks; "" if it is malformed."""
    if line == "/":
        return line
    inside = line[1:-1] if line[-1] == line[0] else ""
    return LinePattern(inside) if line[0] == "/" else inside


def _malformed(name: str, parts: list[str], index: int, line: str, why: str) -> ValueError:
    """Return the error for a line of the part with this index."""
    above = sum(part.count("\n") + 1 for part in parts[:index])
    number = above + [raw.strip() for raw in parts[index].split("\n")].index(line.strip())
    return ValueError(f"pipelines/extraction/languages/{name}:{number}: {line!r} is malformed: {why}")


@cache
def tables() -> dict[str, Lines]:
    """Return every section that has lines, by language code: `mul` first, the others in alphabetical order."""
    texts = {
        file.name.removesuffix(".txt"): file.read_text(encoding="utf-8")
        for file in files(__package__).iterdir()
        if file.name.endswith(".txt")
    }
    found: dict[str, Lines] = {}
    for code in sorted(texts, key=lambda code: (code != SHARED, code)):
        for section, entries in parse(f"{code}.txt", texts[code]).items():
            if entries:
                found.setdefault(section, {})[code] = entries
    return found


def by_language(section: str) -> Lines:
    """Return the lines of a section by language code. Raise KeyError if no language has lines in it."""
    return tables()[section]


def lines(section: str, *codes: str) -> tuple[str, ...]:
    """Return the lines of a section in these languages, or in all; each line once."""
    found = by_language(section)
    return tuple(dict.fromkeys(line for code in codes or found for line in found.get(code, ())))


def phrases(section: str, *codes: str) -> tuple[str, ...]:
    """Return the lines of a section that holds phrases only. Raise ValueError if there is a pattern among them."""
    found = lines(section, *codes)
    for line in found:
        if isinstance(line, LinePattern):
            raise ValueError(f"section [{section}] takes phrases only, not /{line}/")
    return found


def alternatives(section: str, *codes: str) -> str:
    """Return a regular expression that matches any line of a section, without a group around it."""
    return "|".join(
        [expand(line) if isinstance(line, LinePattern) else re.escape(line) for line in lines(section, *codes)]
    )


def expand(pattern: str, **parts: str) -> str:
    """Return a regular expression with its slots filled: `{name}` with `parts["name"]`, else with that section."""

    def fill(slot: re.Match[str]) -> str:
        return parts[slot[1]] if slot[1] in parts else f"(?:{alternatives(slot[1])})"

    return SLOT.sub(fill, pattern) if "{" in pattern else pattern


def compiled(pattern: str, flags: int = 0, **parts: str) -> re.Pattern[str]:
    """Return a regular expression with its slots filled, as `expand` fills them. Its first use compiles it."""
    return lazily(lambda: re.compile(expand(pattern, **parts), flags))
