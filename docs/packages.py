"""Parts of docs/architecture.md that are read off the source: the packages, and which of them import which."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT)]

from tests.support import imports  # noqa: E402  (importable only now)

ORDER = ("pipelines", "exports", "crawler")


def paragraph(package: str) -> str:
    """Return what a package says of itself in its first line."""
    return (ast.get_docstring(imports.tree_of(imports.MODULES[package])) or "").split("\n")[0]


def folders() -> list[str]:
    """Return every package with files of its own, in the order of a reader: the archive, the exports, the crawler."""
    names = {name for name, path in imports.MODULES.items() if path.stem == "__init__" and "." in name} | {"exports"}
    return sorted(names, key=lambda name: (ORDER.index(name.split(".")[0]), level(name), name))


def level(package: str) -> int:
    """Return how many packages lie below the one that holds this, along the longest way down."""
    used = imports.packages_used()

    def depth(name: str) -> int:
        return 1 + max(map(depth, used.get(name, ())), default=0)

    return depth(imports.package_of(package))


def packages() -> str:
    """Return the table of packages: what each is for, and its files."""
    rows = []
    for package in folders():
        folder = imports.MODULES[package].parent
        files = ", ".join(path.stem for path in sorted(folder.glob("*.py")) if path.stem != "__init__")
        rows.append(f"| `{package}` | {paragraph(package)} | {files} |\n")
    return "".join(["| package | what it is for | files |\n", "| --- | --- | --- |\n", *rows])


def diagram() -> str:
    """Return which package imports which, as a Mermaid graph without the arrows that follow from others."""
    used = imports.packages_used()

    def below(name: str) -> set[str]:
        return {other for near in used.get(name, ()) for other in {near} | below(near)}

    lines = []
    for package in sorted(used):
        if package in ("crawler.cli", "crawler.commands", "crawler.settings", "crawler.__main__"):
            continue  # they may import anything
        implied = {far for near in used[package] for far in below(near)}
        lines += [f"    {package} --> {other}\n" for other in sorted(used[package] - implied)]
    return "".join(["```mermaid\ngraph TD\n", *lines, "```\n"])
