"""Read the source of the product as modules, and the names that each uses, for the tests of architecture."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from tests.support.command import ROOT

TOP_LEVEL = ("pipelines", "exports", "crawler")
DOTTED = re.compile(r"(crawler|pipelines|exports)(\.\w+)+")
FILES = sorted(path for folder in TOP_LEVEL for path in (ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    """Return the dotted name of a file of ours."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in FILES}


def package_of(module: str) -> str:
    """Return the package of a module: `exports`, or the first two names of it, as in `pipelines.warc`."""
    return "exports" if module.startswith("exports") else ".".join(module.split(".")[:2])


@cache
def tree_of(path: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """Return all nodes of the syntax tree of a file."""
    return tuple(ast.walk(tree_of(path)))


def imported(node: ast.AST, module: str, *, package: bool) -> list[str]:
    """Return the dotted names that an import statement of `module` names; relative ones are made absolute."""
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


def docstrings(path: Path) -> set[int]:
    """Return the ids of the nodes of a file that are prose."""
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    bodies = [node.body for node in nodes_of(path) if isinstance(node, owners) and node.body]
    return {id(body[0].value) for body in bodies if isinstance(body[0], ast.Expr)}


@cache
def strings_of(path: Path) -> tuple[ast.Constant, ...]:
    """Return the strings of a file that are not docstrings."""
    prose = docstrings(path)
    return tuple(
        node
        for node in nodes_of(path)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose
    )


@cache
def imports_of(path: Path) -> tuple[tuple[int, str], ...]:
    """Return (line, dotted name) of everything that a file imports by a statement anywhere in it."""
    module, package = name_of(path), path.stem == "__init__"
    return tuple((node.lineno, name) for node in nodes_of(path) for name in imported(node, module, package=package))


@cache
def registries_used(path: Path) -> tuple[tuple[int, str], ...]:
    """Return (line, package) of each f-string that names a module of a package, as f"crawler.commands.{name}" does."""
    strings = [node for node in nodes_of(path) if isinstance(node, ast.JoinedStr) and node.values]
    beginnings = ((node.lineno, node.values[0]) for node in strings)
    dotted = (
        (line, DOTTED.fullmatch(str(beginning.value).rpartition(".")[0]))
        for line, beginning in beginnings
        if isinstance(beginning, ast.Constant)
    )
    return tuple((line, found[0]) for line, found in dotted if found)


@cache
def names_used(path: Path) -> tuple[tuple[int, str], ...]:
    """Return (line, dotted name) of everything that a file imports, by a statement anywhere in it or by a string."""
    dotted = ((node.lineno, DOTTED.fullmatch(node.value.replace(":", "."))) for node in strings_of(path))
    return imports_of(path) + tuple((line, found[0]) for line, found in dotted if found) + registries_used(path)


def module_named(name: str) -> str:
    """Return the longest beginning of a dotted name that is a module of ours, or an empty text."""
    while name and name not in MODULES:
        name = name.rpartition(".")[0]
    return name


@cache
def modules_used(module: str) -> frozenset[str]:
    """Return the modules of ours that a module uses anywhere: in functions, for type checkers, by strings.

    An f-string that names a module of a package may name each of them.
    """
    names = {module_named(name) for _, name in names_used(MODULES[module])}
    # `from pipelines.warc import reader` names the package too; a package is used only for what its own file holds.
    used = {name for name in names if name and not (MODULES[name].stem == "__init__" and _holds_nothing(name))}
    for _, package in registries_used(MODULES[module]):
        used |= {name for name in MODULES if name.startswith(f"{package}.")}
    return frozenset(used - {module})


@cache
def _holds_nothing(package: str) -> bool:
    """Return True if a package's `__init__` is prose only."""
    return all(isinstance(node, ast.Expr) for node in tree_of(MODULES[package]).body)


@cache
def packages_used() -> dict[str, set[str]]:
    """Return each package with the other packages that its modules use, without those that they find by name."""
    found: dict[str, set[str]] = {}
    for module in MODULES:
        here = package_of(module)
        if here in ("crawler", "pipelines"):
            continue
        registries = {package_of(package) for _, package in registries_used(MODULES[module])}
        others = {package_of(other) for other in modules_used(module)} - {here, "crawler", "pipelines"} - registries
        found.setdefault(here, set()).update(others)
    return found
