"""The house's laws, read off the source: who may import whom, what stays light, how long a file may be."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.command import ROOT, environment, make_archive

LAW = {
    "pipelines": {"pipelines"},
    "exports": {"exports", "pipelines"},
    "crawler": {"crawler", "exports", "pipelines"},
}
DOTTED = re.compile(r"(crawler|pipelines|exports)(\.\w+)+")
LONGEST_FILE = 400
HEAVY = (
    "scrapy",
    "trafilatura",
    "sqlite_utils",
    "pydantic",
    "lxml",
    "rich",
    "twisted",
)  # 0.1 s and more to import

FILES = sorted(path for room in LAW for path in (ROOT / room).rglob("*.py"))
COMMANDS = sorted(path for path in (ROOT / "crawler" / "commands").glob("*.py") if path.stem != "__init__")


def name_of(path: Path) -> str:
    """The dotted name of a file of ours."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in FILES}


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported(node: ast.AST, module: str, *, package: bool) -> list[str]:
    """The dotted names that an import statement of `module` names, relative ones made absolute."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    base = node.module or ""
    if node.level:
        parts = module.split(".")
        parts = parts[: len(parts) - node.level + package]
        base = ".".join([*parts, base] if base else parts)
    return [base, *(f"{base}.{alias.name}" for alias in node.names)]


def docstrings(tree: ast.Module) -> set[int]:
    """The nodes that are prose."""
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    bodies = [node.body for node in ast.walk(tree) if isinstance(node, owners) and node.body]
    return {id(body[0].value) for body in bodies if isinstance(body[0], ast.Expr)}


def names_used(path: Path) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of whatever a file imports, by statement or by a string (a Scrapy setting)."""
    tree, module = tree_of(path), name_of(path)
    prose = docstrings(tree)
    for node in ast.walk(tree):
        for name in imported(node, module, package=path.stem == "__init__"):
            yield node.lineno, name
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            found = DOTTED.fullmatch(node.value.replace(":", "."))
            if found:
                yield node.lineno, found[0]


def run_at_import(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """What runs when a module is imported: not what is in functions, not what is for type checkers."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from run_at_import(node.orelse)
            continue
        yield node
        for inner in ("body", "orelse", "finalbody", "handlers"):
            for child in getattr(node, inner, []):
                yield from run_at_import(child.body if isinstance(child, ast.ExceptHandler) else [child])


def needs(module: str) -> set[str]:
    """The modules of ours that importing `module` imports first."""
    path = MODULES[module]
    names: set[str] = set()
    for node in run_at_import(tree_of(path).body):
        names.update(imported(node, module, package=path.stem == "__init__"))
    return (names & MODULES.keys()) - {module}


def ids(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_rooms_import_downwards_only(path):
    """crawler may import exports and pipelines, exports pipelines, pipelines neither; strings count."""
    room = path.relative_to(ROOT).parts[0]
    broken = [
        f"{path.relative_to(ROOT)}:{line} uses {name}"
        for line, name in names_used(path)
        if (other := name.split(".")[0]) in LAW and other not in LAW[room]
    ]
    assert not broken


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_what_is_named_is_there(path):
    """A dotted string that names nothing is a setting that silently does nothing."""
    missing = []
    for line, name in names_used(path):
        if name.split(".")[0] not in LAW:
            continue
        module, _, attribute = name.rpartition(".")
        known = name in MODULES or (module in MODULES and re.search(rf"\b{attribute}\b", MODULES[module].read_text()))
        if not known:
            missing.append(f"{path.relative_to(ROOT)}:{line} names {name}")
    assert not missing


def test_no_import_goes_in_a_circle():
    """Modules have an order in which they can be read."""
    done: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, " -> ".join([*above[above.index(module) :], module])
        if module not in done:
            for other in sorted(needs(module)):
                visit(other, (*above, module))
            done.add(module)

    for module in MODULES:
        visit(module, ())


def test_one_file_knows_trafilatura():
    """Only pipelines/extraction/extract.py imports it, so that another extractor is one file's work."""
    users = {ids(path) for path in FILES for _, name in names_used(path) if name.split(".")[0] == "trafilatura"}
    assert users == {"pipelines/extraction/extract.py"}


def test_the_archive_runs_without_scrapy():
    """pipelines and exports import neither Scrapy nor Twisted, at no time."""
    users = {
        ids(path)
        for path in FILES
        for _, name in names_used(path)
        if name.split(".")[0] in ("scrapy", "twisted") and not ids(path).startswith("crawler/")
    }
    assert users == set()


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_a_file_has_one_noun(path):
    """A file that outgrows 400 lines has two in it."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_a_file_says_what_it_is(path):
    """Its first line is a docstring; an empty file needs none."""
    assert ast.get_docstring(tree_of(path)) or not path.read_text().strip()


@pytest.mark.parametrize("path", COMMANDS, ids=ids)
def test_a_command_is_a_file(path):
    """The folder is the registry: each file has its `command`."""
    source = path.read_text(encoding="utf-8")
    assert re.search(r"^(async )?def command\(|^command\b", source, re.MULTILINE)


def limit(number: ast.FormattedValue) -> bool:
    """A constant of ours: never one."""
    return isinstance(number.value, ast.Name) and number.value.id.isupper()


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_a_number_agrees_with_its_noun(path):
    """No "1 articles": whatever is counted for people goes through `pipelines.core.plural`."""
    nouns = r" (?:more |WARC |page )?(?:articles|captures|files|records|pages|revisions|addresses|rows|URLs)\b(?!/)"
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.JoinedStr):
            for number, text in pairwise(node.values):
                if isinstance(number, ast.FormattedValue) and isinstance(text, ast.Constant) and not limit(number):
                    assert not re.match(nouns, text.value), f"line {node.lineno}: {text.value!r}"


def loaded_by(code: str) -> set[str]:
    """Which heavy packages are loaded after `code` has run in a Python of its own."""
    script = f"import sys\n{code}\nprint('loaded:', *sorted(set({HEAVY!r}) & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", script], env=environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rpartition("loaded:")[2].split())


@pytest.mark.parametrize("path", COMMANDS, ids=ids)
def test_a_command_starts_fast(path):
    """Heavy packages are imported where they are needed: --help and shell completion load every command."""
    # Not by a statement: `import` is no name that one could name.
    assert loaded_by(f"import crawler.cli.main, importlib; importlib.import_module({name_of(path)!r})") == set()


def test_questions_are_light():
    """Whoever only reads the archive pays for click and sqlite3."""
    assert loaded_by("import pipelines.database.queries, pipelines.database.connection") == set()


def test_a_search_is_light(tmp_path):
    """From the command line to the answer."""
    archive = make_archive(tmp_path / "a")
    code = f"""
from crawler.cli.main import main
try:
    main(["-C", {str(archive)!r}, "search", "nothing"])
except SystemExit:
    pass
"""
    assert loaded_by(code) == set()
