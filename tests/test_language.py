"""Names and English of the product: one word has one meaning, docstrings begin with a verb, users read plain words."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator

import click

from crawler.cli.main import morgue
from tests.support.command import ROOT
from tests.support.imports import FILES, tree_of

# A limit without unit or object: `MAX_LINE_CHARS` says what `LONGEST` does not.
VAGUE_CONSTANTS = re.compile(r"_?(MOST|LEAST|LONGEST|SHORTEST|NEAR|AROUND|FEW|MANY|LARGEST|SMALLEST|ENOUGH|FAR|LIMIT)")
ARTICLE_OR_QUESTION = re.compile(r"(What|Which|Whether|Who|Whom|Whose|Where|When|How|Why|An?|The)\b")
MAX_SHARE = 0.08  # of docstrings that begin with an article or a question word
RIDDLES = re.compile(
    r"\b((?<!there )is none|(?<!there )are none|nobody|somebody|whoever|whosoever|stands?|told apart"
    r"|behind (?:it|its|them|their|that|each|a|an|one|the))\b",
    re.IGNORECASE,
)
PLAIN_AFTER_ALL = ("behind a proxy", "behind a paywall", "behind the same proxy")
PROSE = sorted([*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])


def definitions() -> Iterator[tuple[str, ast.AST]]:
    """Yield (place, node) of every node of every file of the product."""
    for path in FILES:
        for node in ast.walk(tree_of(path)):
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


def test_docstrings_begin_with_a_verb():
    """PEP 257: a docstring says what is done. A few may name what they describe."""
    owners = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    texts = [(place, ast.get_docstring(node)) for place, node in definitions() if isinstance(node, owners)]
    documented = [(place, text) for place, text in texts if text]
    others = [f"{place}: {text[:60]}" for place, text in documented if ARTICLE_OR_QUESTION.match(text)]
    assert len(others) <= MAX_SHARE * len(documented), "\n".join(others)


def riddles(text: str) -> list[str]:
    """Return the lines of a text that have words which plain English says otherwise."""
    for phrase in PLAIN_AFTER_ALL:
        text = text.replace(phrase, "")
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)  # real output of pages that others wrote
    return [line.strip() for line in text.splitlines() if RIDDLES.search(line)]


def test_pages_for_users_use_plain_words():
    """Output of pages that other people wrote is left out."""
    found = {path.name: riddles(path.read_text(encoding="utf-8")) for path in PROSE if path.exists()}
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_help_texts_use_plain_words():
    """Of every command."""
    root = click.Context(morgue, info_name="morgue")
    found = {}
    for name in morgue.list_commands(root):
        command = morgue.get_command(root, name)
        assert command is not None
        found[name] = riddles(command.get_help(click.Context(command, info_name=name, parent=root)))
    assert {name: lines for name, lines in found.items() if lines} == {}
