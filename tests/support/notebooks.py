"""Run the cells of a notebook as Jupyter does, without Jupyter, and compare or write their outputs.

python -m tests.support.notebooks     writes the outputs of the notebooks in docs/ again
"""

from __future__ import annotations

import ast
import io
import json
import os
import tempfile
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from tests.support.article_archive import build
from tests.support.command import ROOT

NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
ARCHIVE_NAME = "my-archive"  # that notebooks open, in the current folder


def outputs_of(source: str, names: dict[str, Any]) -> list[dict[str, Any]]:
    """Run a cell with the variables `names`; return what it prints, and what its last line shows."""
    tree, shown, printed = ast.parse(source), None, io.StringIO()
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    with redirect_stdout(printed):
        exec(compile(tree, "cell", "exec"), names)
        if last is not None:
            shown = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
    outputs: list[dict[str, Any]] = []
    if text := printed.getvalue():
        outputs.append({"name": "stdout", "output_type": "stream", "text": text.splitlines(keepends=True)})
    if shown is not None:
        data = {"text/plain": repr(shown).splitlines(keepends=True)}
        if type(shown).__module__.startswith("exports."):  # the HTML of other libraries changes with their versions
            data = {"text/html": shown._repr_html_().splitlines(keepends=True)} | data
        outputs.append({"data": data, "execution_count": None, "metadata": {}, "output_type": "execute_result"})
    return outputs


def executed(path: Path, folder: Path) -> dict[str, Any]:
    """Return a notebook with the outputs that its cells have now, run in `folder`, which gets the archive."""
    build(folder / ARCHIVE_NAME)
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    names: dict[str, Any] = {}
    here = os.getcwd()
    os.chdir(folder)
    try:
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"] = outputs_of("".join(cell["source"]), names)
    finally:
        os.chdir(here)
    return notebook


def as_text(notebook: dict[str, Any]) -> str:
    """Return a notebook as Jupyter writes it."""
    return json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    for made in NOTEBOOKS:
        with tempfile.TemporaryDirectory() as temporary:
            made.write_text(as_text(executed(made, Path(temporary))), encoding="utf-8")
