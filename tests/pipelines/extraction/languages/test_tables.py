"""Test the word tables: their format, what each file must have, and which language has how much of what."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.resources import files
from unicodedata import normalize

import pytest

from pipelines.extraction.languages import tables
from tests.support.command import ROOT, environment

TEXTS = {
    file.name.removesuffix(".txt"): file.read_text(encoding="utf-8")
    for file in files(tables.__package__).iterdir()
    if file.name.endswith(".txt")
}
PARSED = {code: tables.parse(f"{code}.txt", text) for code, text in TEXTS.items()}


def test_file_gives_phrases_and_patterns_by_section():
    """Comments, empty lines and spaces around a line do not count; quotation marks keep spaces."""
    text = '# Polish.\n\n[share]\n# buttons\nudostępnij \n"ten "\n\n[line.share]\n/udost\\w+:?/\n/\n[empty]\n'
    parsed = tables.parse("pl.txt", text)
    assert parsed == {"share": ("udostępnij", "ten "), "line.share": (r"udost\w+:?", "/"), "empty": ()}
    assert [isinstance(line, tables.LinePattern) for line in parsed["line.share"]] == [True, False]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("del\n[share]\n", "pl.txt:1: 'del'"),
        ("# Polish.\n\n[share]\ndel\n[tools\nlistwa\n", "pl.txt:5: 'tools'"),
        ("[share]\ndel\n\n[share]\ndela\n", "pl.txt:4: 'share]'"),
        ("[share]\n# buttons\n\n/del\n", "pl.txt:4: '/del'"),
        ("[share]\n//\n", "pl.txt:2: '//'"),
        ('[share]\ndel\n"ten\n', "pl.txt:3: '\"ten'"),
    ],
)
def test_malformed_line_is_reported_with_file_and_line(text, where):
    """Before the first section, a header without its end, a section twice, a mark without its second."""
    with pytest.raises(ValueError, match=re.escape(f"languages/{where} is malformed: ")):
        tables.parse("pl.txt", text)


@pytest.mark.parametrize("code", TEXTS)
def test_file_names_its_language_and_repeats_nothing(code):
    """The first line names the language; text is in NFC, no line has spaces at its ends, no section a line twice."""
    text = TEXTS[code]
    assert re.match(r"# [A-Z][\w, ]+\.", text)
    assert normalize("NFC", text) == text
    assert [line for line in text.split("\n") if line != line.strip()] == []
    assert [name for name, lines in PARSED[code].items() if len(set(lines)) < len(lines)] == []


@pytest.mark.parametrize("code", TEXTS)
def test_section_of_any_file_is_explained_in_english(code):
    """en.txt has every section, in the order that all files keep; a comment says what it holds."""
    assert list(PARSED[code]) == [name for name in PARSED["en"] if name in PARSED[code]]
    silent = re.findall(r"^\[(.+)\]\n(?!# )", TEXTS["en"], re.MULTILINE)
    assert [name for name in silent if not name.endswith(".cues") and not name.startswith("topic.")] == []


@pytest.mark.parametrize("code", TEXTS)
def test_pattern_compiles_and_is_bounded(code):
    """Slots name sections, or what `credit_lines` fills in; "." or [^...] repeats without end only at the end."""
    patterns = [line for lines in PARSED[code].values() for line in lines if isinstance(line, tables.LinePattern)]
    for pattern in patterns:
        assert tables.compiled(pattern, name="x", end="x").pattern  # its first use compiles it
        without_classes = re.sub(r"\[[^\]]*\]", "x", re.sub(r"\[\^[^\]]*\]", ".", re.sub(r"\\.", "x", pattern)))
        assert not re.search(r"\.[*+](?!$)", without_classes), pattern


def test_section_that_no_language_has_is_an_error():
    """A name with a typing mistake must not be an empty table."""
    with pytest.raises(KeyError):
        tables.phrases("label.shares")
    with pytest.raises(ValueError, match="takes phrases only"):
        tables.phrases("line.follow")


def test_slots_are_filled_with_alternatives():
    """A slot is a section in all languages, or a part that the caller gives; phrases are literal text."""
    assert tables.alternatives("line.home", "en", "tr") == r"home|home\ page|anasayfa|ana\ sayfa"
    assert tables.expand(r"{place}\d{1,2}", place="x") == r"x\d{1,2}"
    home = tables.compiled(r"{line.home}:")
    assert home.fullmatch("startseite:")
    assert home.fullmatch("トップ:")
    assert not home.fullmatch("homepage:")


def test_every_section_is_used():
    """Extractor, URL classifier, counters and stubs read every section: a table that nothing asks for is dead."""
    code = """
from pipelines.core.languages import lazy_patterns
lazy_patterns.lazily = lambda compiled: compiled()
from pipelines.extraction.languages import tables
class Recorder(dict):
    def __getitem__(self, name):
        used.add(name)
        return super().__getitem__(name)
used, all = set(), Recorder(tables.tables())
tables.tables = lambda: all
import pipelines.extraction.extract, crawler.discovery.url_words
from pipelines.database.edits.counters import vocabulary
from pipelines.database.edits.stubs import stub_of
vocabulary(), stub_of("", "known")
print("unused:", *sorted(set(all) - used))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment(), capture_output=True, text=True)
    assert done.stdout == "unused:\n", done.stdout + done.stderr


def test_matrix_of_languages_and_sections_is_pinned():
    """docs/languages.md shows how many lines each language has in each section: what is new or lost is seen there."""
    block = re.search(r"<!-- matrix -->\n```text\n(.*?)```", (ROOT / "docs/languages.md").read_text("utf-8"), re.DOTALL)
    assert block
    head, *rows = (line.split() for line in block[1].splitlines() if line)
    pinned = {
        (name, code): int(count) for name, *row in rows for code, count in zip(head, row, strict=True) if count != "·"
    }
    actual = {(name, code): len(lines) for name in PARSED["en"] for code, lines in tables.by_language(name).items()}
    print(block[1])
    changed = [
        f"[{name}] {code}: {pinned.get((name, code), 0)} -> {actual.get((name, code), 0)}"
        for name, code in sorted(pinned.keys() | actual.keys())
        if pinned.get((name, code)) != actual.get((name, code))
    ]
    assert changed == [], "if this is what you meant: make docs"
