"""Rules of the tests themselves: what a test module may use, what a test is called, and where it is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.support.command import ROOT
from tests.support.imports import TOP_LEVEL, imports_of, nodes_of, strings_of

TESTS = ROOT / "tests"
MODULES = sorted(TESTS.rglob("test_*.py"))
BENCHMARKS = {path.stem for path in (ROOT / "benchmarks").glob("*.py")}
TEST_MODULE = re.compile(r"\btests\.(?:\w+\.)*test_\w+")
WHOLE_SYSTEM = TESTS / "system"
# Modules with rules of the repository itself.
RULES = {
    f"test_{name}"
    for name in ("law", "architecture", "language", "docs", "doc_examples", "packaging", "suite", "benchmarks")
}


def functions_of(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield the test functions of a module."""
    for node in nodes_of(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node


def place(path: Path, line: int) -> str:
    """Return where something is, as editors understand it."""
    return f"{path.relative_to(ROOT)}:{line}"


def test_no_test_module_uses_another():
    """What several modules share is in tests/support/: by import, and in code that a test runs from a string."""
    by_import = [
        f"{place(path, line)} imports {name}"
        for path in MODULES
        for line, name in imports_of(path)
        if TEST_MODULE.match(name)
    ]
    by_string = [
        f"{place(path, node.lineno)} names {found[0]}"
        for path in MODULES
        for node in strings_of(path)
        if (found := TEST_MODULE.search(node.value))
    ]
    assert by_import + by_string == []


def test_no_test_runs_a_benchmark():
    """Code that tests and benchmarks both need is in tests/support/ or in the product."""
    by_import = [
        f"{place(path, line)} imports {name}"
        for path in MODULES
        for line, name in imports_of(path)
        if name.split(".")[0] in BENCHMARKS | {"benchmarks"}
    ]
    by_path = [
        f"{place(path, node.lineno)} names {node.value}"
        for path in MODULES
        if path not in (Path(__file__), TESTS / "test_benchmarks.py", TESTS / "test_language.py")  # they only read them
        for node in strings_of(path)
        if re.match(r"benchmarks(?:/|\.|$)", node.value)
    ]
    assert by_import + by_path == []


def parameters_of(test: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """Return the names of the arguments that a test gets by `pytest.mark.parametrize`."""
    names: set[str] = set()
    for mark in test.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.parametrize":
            given = ast.literal_eval(mark.args[0])
            names.update(given.split(", ") if isinstance(given, str) else given)
    return names


def compares(condition: ast.expr, names: set[str]) -> bool:
    """Return True if a condition compares one of these names with a constant."""
    for node in ast.walk(condition):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            named = {inner.id for side in sides for inner in ast.walk(side) if isinstance(inner, ast.Name)}
            constant = any(isinstance(side, ast.Constant | ast.Tuple | ast.List | ast.Set) for side in sides)
            if named & names and constant:
                return True
    return False


def test_no_parametrised_test_branches_on_its_case():
    """What differs between two cases is a parameter, or there are two tests."""
    branching = [
        f"{place(path, node.lineno)} {test.name}: if {ast.unparse(node.test)}"
        for path in MODULES
        for test in functions_of(path)
        if (names := parameters_of(test))
        for node in ast.walk(test)
        if isinstance(node, ast.If | ast.IfExp) and compares(node.test, names)
    ]
    assert branching == []


def test_name_begins_with_its_subject_and_docstring_states_the_rule():
    """`test_cancelled_waiter_releases_its_slot`, not `test_who_gives_up_waiting_leaves_no_gap`."""
    riddle = re.compile(r"test_(?:an?|the|what|which|who|whose|whatever|where|when|how|it|of)_")
    wrong = [
        f"{place(path, test.lineno)} {test.name}"
        for path in MODULES
        for test in functions_of(path)
        if riddle.match(test.name) or not ast.get_docstring(test)
    ]
    assert wrong == []


def test_tests_are_in_the_folder_of_what_they_test():
    """Each folder mirrors a package; tests of the whole system and of the repository have places of their own."""
    misplaced = [
        str(path.relative_to(ROOT))
        for path in MODULES
        if path.parent != WHOLE_SYSTEM
        and not (path.parent == TESTS and path.stem in RULES)
        and not (path.relative_to(TESTS).parts[0] in TOP_LEVEL and (ROOT / path.parent.relative_to(TESTS)).is_dir())
        and path.parent != TESTS / "support"
    ]
    assert misplaced == []
