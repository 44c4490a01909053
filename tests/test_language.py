"""Test names and English: one word has one meaning, docstrings begin with a verb, users read plain words."""

from __future__ import annotations

import ast
import importlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
import pytest

from crawler.cli.main import morgue
from tests.support.command import ROOT
from tests.support.imports import FILES, MODULES, nodes_of

# A limit without unit or object: `MAX_LINE_CHARS` says what `LONGEST` does not.
VAGUE_CONSTANTS = re.compile(r"_?(MOST|LEAST|LONGEST|SHORTEST|NEAR|AROUND|FEW|MANY|LARGEST|SMALLEST|ENOUGH|FAR|LIMIT)")
ARTICLE_OR_QUESTION = re.compile(r"(What|Which|Whether|Who|Whom|Whose|Where|When|How|Why|An?|The)\b")
MAX_SHARE = 0.01  # of docstrings that begin with an article or a question word
RIDDLES = re.compile(
    r"\b((?<!there )is none|(?<!there )are none|nobody|somebody|whoever|whosoever|stands?|told apart|anew|mends? it"
    r"|behind (?:it|its|them|their|that|each|a|an|one|the))\b",
    re.IGNORECASE,
)
BENCHMARKS, TESTS = (sorted((ROOT / folder).rglob("*.py")) for folder in ("benchmarks", "tests"))
PROSE = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "benchmarks" / "README.md"])


def definitions(files: Iterable[Path] = FILES) -> Iterator[tuple[str, ast.AST]]:
    """Yield (place, node) of every node of some files: by default, those of the product."""
    for path in files:
        for node in nodes_of(path):
            yield f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}", node


def test_type_names_are_unique():
    """Two types of one name make every sentence about them ambiguous."""
    places = defaultdict(list)
    for place, node in definitions():
        if isinstance(node, ast.ClassDef):
            places[node.name].append(place)
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_constants_say_unit_and_role():
    """`MAX_LINE_CHARS`, not `LONGEST`."""
    vague = [
        f"{place} {target.id}"
        for place, node in definitions()
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name) and VAGUE_CONSTANTS.fullmatch(target.id)
    ]
    assert vague == []


@pytest.mark.parametrize("files", [FILES, BENCHMARKS, TESTS], ids=["product", "benchmarks", "tests"])
def test_docstrings_begin_with_a_verb(files):
    """PEP 257: a docstring says what is done. A few may name what they describe; that of a test states its rule."""
    owners = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    nodes = [(place, node) for place, node in definitions(files) if isinstance(node, owners)]
    texts = [(place, ast.get_docstring(node)) for place, node in nodes if not is_test(node)]
    documented = [(place, text) for place, text in texts if text]
    others = [f"{place}: {text[:60]}" for place, text in documented if ARTICLE_OR_QUESTION.match(text)]
    assert len(others) <= MAX_SHARE * len(documented), "\n".join(others)


def is_test(node: ast.AST) -> bool:
    """Return True for the function of a test (tests/test_suite.py says how its docstring reads)."""
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")


def riddles(text: str) -> list[str]:
    """Return what is around each word of a text that plain English says otherwise."""
    text = re.sub(r"^```[^`]*^```|^    .*$", "", text, flags=re.MULTILINE)  # output and quotations
    text = " ".join(text.split())
    return [text[max(0, found.start() - 40) : found.end() + 40] for found in RIDDLES.finditer(text)]


def test_pages_for_users_use_plain_words():
    """Output of pages that other people wrote is left out."""
    found = {str(path.relative_to(ROOT)): riddles(path.read_text(encoding="utf-8")) for path in PROSE if path.exists()}
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_help_texts_use_plain_words():
    """Of every command."""
    root = click.Context(morgue, info_name="morgue")
    found = {}
    for name in morgue.list_commands(root):
        command = morgue.get_command(root, name)
        assert command is not None
        context = click.Context(command, info_name=name, parent=root)
        found[name] = riddles(command.get_help(context))
        for inner, below in getattr(command, "commands", {}).items():
            found[f"{name} {inner}"] = riddles(below.get_help(click.Context(below, info_name=inner, parent=context)))
    assert {name: lines for name, lines in found.items() if lines} == {}


REFERENCE = re.compile(r"`([a-z_]\w*(?:\.\w+)+)(?:\(\))?`")
FILE_ENDINGS = {"py", "json", "jsonl", "toml", "txt", "md", "db"}
TABLES = {
    "captures",
    "crawl",
    "crawls",
    "record",
    "revisions",
    "storage",
}  # of the database and of morgue.toml: their columns and keys are no modules


def resolves(reference: str) -> bool:
    """Return whether the end of a module's dotted name, and attributes after it, are something of ours."""
    parts = reference.split(".")
    for count in range(1, len(parts) + 1):
        end = "." + ".".join(parts[:count])
        for module in (name for name in MODULES if f".{name}".endswith(end)):
            found: object = importlib.import_module(module)
            for name in parts[count:]:
                annotations = getattr(found, "__annotations__", {})
                found = getattr(found, name, annotations.get(name))
            if found is not None:
                return True
    return False


def test_reference_to_a_module_names_what_exists():
    """`queries.article`, in a docstring or a comment. Each rename leaves some behind."""
    stems = {part for module in MODULES for part in module.split(".")} - TABLES
    stale = [
        f"{path.relative_to(ROOT)}:{number} {reference}"
        for path in FILES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for reference in REFERENCE.findall(line)
        if reference.split(".")[0] in stems and reference.split(".")[-1] not in FILE_ENDINGS
        if not resolves(reference)
    ]
    assert stale == []
