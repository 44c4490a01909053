"""Run the examples of the documentation: they do what the pages say, in their order, and print what they show."""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.article_archive import build
from tests.support.command import LOOPBACK, ROOT, crawl, environment, make_archive, morgue, rows
from tests.support.external_tools import BROUGHT_BY, TOOLS, skip_without
from tests.support.newspaper import serve
from tests.support.notebooks import ARCHIVE_NAME, NOTEBOOKS, as_text, executed

pytestmark = pytest.mark.slow

BLOCK = re.compile(r"^```(console|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SESSION = re.compile(r"^```pycon\n(.*?)^```", re.MULTILINE | re.DOTALL)
OF_OTHERS = ("datasette", "sqlite3")  # programs that an example may need and that may be missing here
MODULES_OF_OTHERS = ("pandas", "duckdb")  # in the environment of `make tools`
EXTENSION = "TYPE sqlite"  # in an example for which DuckDB needs an extension, which it fetches from the internet
LOAD_EXTENSION = "import duckdb; duckdb.sql('INSTALL sqlite'); duckdb.sql('LOAD sqlite')"


class Example(NamedTuple):
    """One command or one script of a page."""

    language: str
    text: str


def text_of(page: str) -> str:
    return (ROOT / "docs" / page).read_text(encoding="utf-8")


RECIPES = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", text_of("cookbook.md"), re.MULTILINE | re.DOTALL))


def examples(text: str) -> list[Example]:
    """Return the commands and scripts of a page in their order."""
    found = []
    for language, body in BLOCK.findall(text):
        if language == "python":
            found.append(Example(language, body))
        else:
            found += [Example(language, line[2:]) for line in body.splitlines() if line.startswith("$ ")]
    return found


def run(example: Example, folder: Path, programs: Path) -> subprocess.CompletedProcess[str] | None:
    """Run an example in a folder; return None if it needs a program or module that is not installed here."""
    path = os.pathsep.join([str(programs), os.environ["PATH"], str(TOOLS / "bin")])
    env = environment() | {"PATH": path}
    if example.language == "console":
        program = example.text.split()[0]
        if program in OF_OTHERS and shutil.which(program, path=path) is None:
            return None
        command = ["bash", "-e", "-o", "pipefail", "-c", example.text]
    else:
        python = Path(sys.executable)
        if any(re.search(rf"^import {name}\b", example.text, re.MULTILINE) for name in MODULES_OF_OTHERS):
            python = TOOLS / "bin" / "python"
            names = ", ".join(MODULES_OF_OTHERS)
            check = LOAD_EXTENSION if EXTENSION in example.text else f"import {names}"
            if not python.exists() or subprocess.run([python, "-c", check], capture_output=True).returncode:
                return None
        command = [str(python), "-W", "error::DeprecationWarning", "-c", example.text]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with `morgue` and `sqlite-utils` of this very environment."""
    folder = tmp_path_factory.mktemp("programs")
    for name, module in (("morgue", "crawler"), ("sqlite-utils", "sqlite_utils")):
        program = folder / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {module} "$@"\n')
        program.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with my-archive, which watches the newspaper `gazette`, and other-archive, which crawled it."""
    folder = tmp_path_factory.mktemp("examples")
    with serve() as paper:
        mine = make_archive(folder / "my-archive")
        assert morgue("-C", mine, "add", paper.url, "--name", "gazette", *LOOPBACK).returncode == 0
        assert crawl(mine).returncode == 0
        assert crawl(make_archive(folder / "other-archive"), paper.url).returncode == 0
        assert crawl(mine, paper.correct().url).returncode == 0
    shutil.copy(ROOT / "docs" / "datasette.json", mine)
    return folder


def run_text(text: str, folder: Path, programs: Path) -> None:
    """Run all examples of a text in order; fail with the output of the first that fails."""
    missing: list[str] = []
    needs_internet = False
    for example in examples(text):
        done = run(example, folder, programs)
        if done is None and EXTENSION in example.text:
            needs_internet = True
            continue
        if done is None:
            missing.append(example.text.strip().splitlines()[0])
            continue
        assert done.returncode == 0, f"{example.text}\n{done.stdout}{done.stderr}"
        quiet = example.text.startswith(("mkdir", "cp", "rm", "sqlite3 ")) or "> " in example.text
        assert quiet or done.stdout + done.stderr, example.text
    if missing:
        skip_without("programs that the documentation shows", f"{BROUGHT_BY}; all examples ran but {missing}")
    if needs_internet:
        skip_without("DuckDB's extension for SQLite", "DuckDB fetches it from the internet; all other examples ran")


def test_commands_of_keep_it_safe_run_in_order(crawled, programs):
    """Back up, move, restore, merge, upgrade: every command of the page succeeds."""
    run_text(text_of("keep-it-safe.md"), crawled, programs)


def test_merged_archive_keeps_the_names_of_its_sources(crawled):
    """The page says: copy the source files first. Then every article is the newspaper's, and none twice."""
    other, merged = crawled / "other-archive", make_archive(crawled / "merged")
    shutil.copy(crawled / "my-archive" / "sources" / "gazette.toml", merged / "sources")
    for archive in (crawled / "my-archive", other):
        assert morgue("-C", merged, "import", archive / "warc").returncode == 0
    assert rows(merged, "SELECT DISTINCT s.name FROM articles a JOIN sources s ON s.id = a.source_id") == [("gazette",)]
    assert rows(merged, "SELECT count(*), count(DISTINCT url) FROM articles") == [(83, 83)]


def test_examples_of_exporting_run(crawled, programs):
    """Each format that the page shows is written, and its checksums hold."""
    run_text(text_of("exporting.md"), crawled, programs)


def test_examples_of_your_own_tools_run(crawled, programs):
    """sqlite-utils, SQL, Datasette, pandas, DuckDB, warcio and our own functions read an archive as the page shows."""
    # A test asks the server that the page starts for one page.
    text = text_of("your-own-tools.md").replace(" --open", " --get /morgue/stories")
    run_text(text, crawled / "my-archive", programs)


def test_sessions_of_the_python_page_print_what_it_shows(tmp_path, monkeypatch):
    """In their order, in the archive that the page names."""
    pytest.importorskip("pandas")
    build(tmp_path / ARCHIVE_NAME)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    failures: list[str] = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS)
    blocks = SESSION.findall((ROOT / "docs" / "python.md").read_text(encoding="utf-8"))
    for block in blocks:
        session = doctest.DocTestParser().get_doctest(block, names, "python.md", "python.md", 0)
        runner.run(session, out=failures.append, clear_globs=False)
        names |= session.globs
    assert len(blocks) > 5
    assert not failures, "".join(failures)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebook_shows_what_its_cells_give(tmp_path, path):
    """`python -m tests.support.notebooks` writes the outputs again."""
    pytest.importorskip("pandas")
    assert as_text(executed(path, tmp_path)) == path.read_text(encoding="utf-8")


@pytest.fixture(params=RECIPES)
def recipe(request: pytest.FixtureRequest) -> str:
    """Return the text of a recipe of docs/cookbook.md, if what it needs is installed."""
    text = RECIPES[request.param]
    if "'newsmorgue[parquet]'" in text:
        pytest.importorskip("pyarrow")
    return text


def test_checksums_of_a_handover_are_listed_after_its_last_file():
    """Files that are written later would not be checked by the library."""
    commands = [example.text for example in examples(RECIPES["Hand an archive to a library"])]
    (listed,) = [at for at, text in enumerate(commands) if "> SHA256SUMS" in text]
    assert [text for text in commands[listed:] if "export" in text or text.startswith("cp")] == []
    assert [text for text in commands[:listed] if "export" in text]


def test_commands_of_a_recipe_run_in_order(crawled, programs, tmp_path, recipe):
    """Each succeeds and prints something, in a copy of the archive."""
    archive = shutil.copytree(crawled / "my-archive", tmp_path / "archive")
    ((edited,),) = rows(archive, "SELECT article FROM edits")
    run_text(recipe.replace(" 12", f" {edited}"), archive, programs)
