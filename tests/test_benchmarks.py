"""Benchmarks, docs generators and the demo import names that exist.

No test runs them, so a rename could break them unseen.
"""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterator

import pytest

from tests.support.command import ROOT
from tests.support.imports import TOP_LEVEL, tree_of

SCRIPTS = [*sorted((ROOT / "benchmarks").glob("*.py")), *sorted((ROOT / "docs").glob("*.py")), ROOT / "demo.py"]
OURS = {*TOP_LEVEL, "tests"}


def trees_of(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield a tree, and those of the programs that its strings hold."""
    yield tree
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "import " in node.value:
            try:
                yield from trees_of(ast.parse(node.value))
            except SyntaxError:
                continue  # prose, or a program in another language


def imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield (module, name) of each import of ours; an empty name is the module itself."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)


def is_there(module: str, name: str) -> bool:
    """Return whether an import would succeed."""
    try:
        if name and not hasattr(importlib.import_module(module), name):
            module = f"{module}.{name}"
        importlib.import_module(module)
    except ModuleNotFoundError:
        return False
    return True


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_script_imports_names_that_exist(path):
    """Also in programs that a script holds in a string, and runs in another process."""
    imports = {pair for tree in trees_of(tree_of(path)) for pair in imported(tree) if pair[0].split(".")[0] in OURS}
    assert [f"{module} {name}" for module, name in sorted(imports) if not is_there(module, name)] == []


def test_import_in_a_string_is_seen():
    """A program in a string of a program is no prose."""
    tree = ast.parse("START = 'import sys\\nfrom crawler.cli import nothing_of_this_name\\n'\nPROSE = 'import it all'")
    assert ("crawler.cli", "nothing_of_this_name") in {pair for each in trees_of(tree) for pair in imported(each)}
    assert not is_there("crawler.cli", "nothing_of_this_name")
    assert is_there("crawler.cli", "main")
    assert is_there("crawler.cli.main", "morgue")


def test_benchmark_has_the_name_of_no_module_of_the_standard_library():
    """A program's folder is the first that Python looks in: a benchmark `queue` broke all others that need threads."""
    assert sorted({path.stem for path in SCRIPTS} & sys.stdlib_module_names) == []


COMMENTS = "".join(
    f"<div class='x'><b>user_{n}</b> <i>{n} hours ago</i><p>The boat of line {n} did not sail today, either.</p></div>"
    for n in (2, 3, 4)
)


@pytest.mark.parametrize(
    "comments",
    [COMMENTS, "<div class='sf-kommentar'><p>The boat of line 2 did not sail today, either.</p></div>"],
)
def test_comment_leaks_are_counted_by_structure(comments, monkeypatch):
    """Lines of the article are none, nor is a line that the true text has."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    from pipelines.core.items import Page

    leaks = importlib.import_module("comment_leaks")
    story = "The ferries of the bay stayed in port on Monday, and nobody in the office reopens talks with the crews."
    body = f"<html><body><h1>Ferry</h1>{f'<p>{story}</p>' * 3}<div>{comments}</div></body></html>"
    found = leaks.comments_on(Page("https://tidereview.example/1", body.encode(), "text/html"))
    said = "The boat of line 2 did not sail today, either."
    assert leaks.leaked(f"{story}\n{said}", story, found) == [said]
    assert leaks.leaked(story, story, found) == []
    assert leaks.leaked(said, said, found) == []
