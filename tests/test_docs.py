"""Test that the documentation tells the truth: what is generated is current, and nothing is left out."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from contextlib import closing

import click
import pytest
from pydantic import BaseModel

from crawler.cli.main import morgue
from crawler.config.models import Settings, SourceConfig
from exports import format_names
from pipelines.core import errors
from tests.support.article_archive import database
from tests.support.command import ROOT, environment
from tests.support.imports import FILES, MODULES, name_of, nodes_of, package_of

DOCS = ROOT / "docs"
PROSE = sorted([*DOCS.glob("*.md"), *ROOT.glob("*.md")])
COMMANDS = morgue.list_commands(click.Context(morgue))


def read(name):
    return (DOCS / name).read_text(encoding="utf-8")


def the_command(name):
    command = morgue.get_command(click.Context(morgue), name)
    assert command is not None
    return command


def models(model):
    """Yield a model of settings and those inside it."""
    yield model
    for field in model.model_fields.values():
        for kind in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from models(kind)


@pytest.mark.exhaustive  # `make lint` does the same, and .ci/run begins with it
def test_generated_documentation_is_current():
    """`make docs` would change nothing."""
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=ROOT, env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_check_names_stale_files(tmp_path, monkeypatch, capsys):
    """And leaves them as they are."""
    monkeypatch.syspath_prepend(str(DOCS))
    import generate

    old = ROOT / "docs" / "nothing.md"
    monkeypatch.setattr(generate, "FILES", {old: lambda: "new"})
    assert generate.main(check=True) == 1
    assert "docs/nothing.md" in capsys.readouterr().err
    assert not old.exists()


@pytest.mark.parametrize("name", COMMANDS)
def test_command_and_options_are_documented(name):
    """A sentence for the command and for each option; and the documentation names it."""
    command = the_command(name)
    assert (command.help or "").strip()
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, option.name
    assert f"## morgue {name}\n" in read("cli.md")


@pytest.mark.parametrize("model", [*models(Settings), *models(SourceConfig)], ids=lambda model: model.__name__)
def test_setting_is_documented(model):
    """A sentence for each key, which ends in a full stop, and a place in config.md."""
    for name, field in model.model_fields.items():
        if field.exclude:
            continue
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel) and model is Settings:
            assert f"### [{name}]" in read("config.md")
            assert field.annotation.__doc__
            continue
        assert (field.description or "").endswith("."), name
        assert f"`{name}`" in read("config.md")


def test_example_of_a_setting_is_valid():
    """What a message tells users to write must work."""
    for model in {*models(Settings), *models(SourceConfig)}:
        for name, field in model.model_fields.items():
            for example in field.examples or ():
                owner = {"name": "x", "url": "https://paper.example/"} if model is SourceConfig else {}
                model.model_validate({**owner, name: example})


def test_every_exit_code_is_documented():
    """One line each in exit-codes.md, and a word in `morgue --help`."""
    family = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.MorgueError)]
    assert len(family) > 5
    text, brief = read("exit-codes.md"), " ".join((morgue.help or "").split())
    for kind in family:
        assert re.search(rf"{kind.__name__} +{kind.exit_code} ", text), kind
        assert re.search(rf"\b{kind.exit_code} \w", brief), kind
    assert str(errors.INTERRUPTED) in brief


FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef
PARTS_OF_COMMANDS = {
    "crawl": ["crawler/engine/crawl.py"],
    "import": ["crawler/engine/import_run.py"],
    "sources": ["crawler/cli/sources/check.py"],
}


def codes_of(path):
    """Return the exit codes that a module gives by itself: by class, by number, or by an error that only it raises."""
    codes = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, FUNCTIONS) and node.returns is not None and ast.unparse(node.returns) == "int":
            returned = [inner for inner in ast.walk(node) if isinstance(inner, ast.Return) and inner.value]
            codes |= {leaf.value for one in returned for leaf in leaves(one.value) if isinstance(leaf, ast.Constant)}
        if isinstance(node, ast.Attribute) and node.attr == "exit_code" and hasattr(errors, ast.unparse(node.value)):
            codes.add(getattr(errors, ast.unparse(node.value)).exit_code)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "ctx.exit":
            codes.add(ast.literal_eval(node.args[0]))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "NothingReachable":
            codes.add(errors.NothingReachable.exit_code)
    return codes - {0}


def leaves(value):
    """Return the values that an expression may have: both ends of `a if b else c`."""
    return [*leaves(value.body), *leaves(value.orelse)] if isinstance(value, ast.IfExp) else [value]


@pytest.mark.parametrize("name", COMMANDS)
def test_exit_code_that_a_command_gives_has_a_row(name):
    """In the table of exit-codes.md, besides the codes that every command may have; and no row is left over."""
    modules = [f"crawler/commands/{name}.py", *PARTS_OF_COMMANDS.get(name, [])]
    given = {code for module in modules for code in codes_of(ROOT / module)}
    rows = re.findall(rf"^\| `{name}` \| (\d+) \| \S", read("exit-codes.md"), re.MULTILINE)
    explained = {int(code) for code in rows}
    assert given <= explained
    assert explained - given <= {errors.ConfigError.exit_code}


def test_schema_page_explains_every_column_of_a_fresh_database(tmp_path):
    """Whichever migration made a column, its table has a row for it with a sentence."""
    shown = read("schema.md")
    with closing(database(tmp_path / "morgue.db")) as db:
        tables = db.execute("SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE TABLE %STRICT%'").fetchall()
        assert len(tables) > 5
        for (table,) in tables:
            section = re.search(rf"^## {table}\n\n\S.*?(?=^## |\Z)", shown, re.MULTILINE | re.DOTALL)
            assert section, table
            for column in db.execute(f"PRAGMA table_info({table})").fetchall():
                row = rf"^\| `{column[1]}` \| {column[2]}\b[^|]* \| \S[^|]*\. \|$"
                assert re.search(row, section[0], re.MULTILINE), f"{table}.{column[1]}"


@pytest.mark.parametrize("name", format_names())
def test_every_format_is_documented(name):
    """cli.md shows it as an argument of `morgue export`."""
    assert re.search(rf"[\[|]{name}\s*[\]|]", read("cli.md")), "a line may end after it"


def test_architecture_page_names_each_package_once():
    """docs/architecture.md has one row per package; the diagram beside it is generated, and checked with it."""
    rows = re.findall(r"^\| `((?:crawler|pipelines|exports)[.\w]*)` \|", read("architecture.md"), re.MULTILINE)
    packages = {name for name, path in MODULES.items() if path.stem == "__init__"} - {"crawler", "pipelines"}
    assert sorted(rows) == sorted(packages)


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.name)
def test_links_lead_to_files(path):
    """Relative links in the documentation name files that exist."""
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        if "://" not in target and not target.startswith("mailto:"):
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.name)
def test_documentation_has_no_merge_marks(path):
    """Two versions of one passage, and the lines between them, are no documentation."""
    assert not re.findall(r"^(?:<{7}|={7}|>{7})", path.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.name)
def test_commands_named_in_prose_exist(path):
    """`morgue something` in backticks is a command of ours."""
    for words in re.findall(r"`morgue ([a-z]+)", path.read_text(encoding="utf-8")):
        assert words in COMMANDS, words


def test_readme_shows_the_search_of_the_demo():
    """The same words, the same limit: a reader who compares the two finds what was promised."""
    (limit,) = re.findall(r'"search", \*words, "--limit", "(\d+)"', (ROOT / "demo.py").read_text(encoding="utf-8"))
    shown = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"$ morgue -C demo-archive search harbour --limit {limit}\n" in shown
    assert f"\n{limit} of " in shown


def test_lines_of_the_log_in_the_docs_are_ones_that_the_code_writes():
    """Each line in docs/logging.md is a message of a logger of that name, with values in it."""
    lines = re.findall(r"^\S+Z (?:INFO|DEBUG) morgue\.(\w+): (.+)$", read("logging.md"), re.MULTILINE)
    assert len(lines) > 10
    for package, message in lines:
        files = [path for path in FILES if package_of(name_of(path)).rpartition(".")[2] == package]
        texts = {
            node.value
            for path in files
            for node in nodes_of(path)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "%(" in node.value
        }
        parts = [re.split(r"%\(\w+\)[-.0-9]*[sdf]", text) for text in texts]
        patterns = [".*".join(map(re.escape, fixed)) for fixed in parts]
        assert any(re.fullmatch(pattern, message) for pattern in patterns), f"{package}: {message}"


def test_every_logger_is_in_the_docs():
    """A new package that logs needs a line in the table of docs/logging.md."""
    written = {name for path in FILES for name in re.findall(r'getLogger\("(morgue\.\w+)"\)', path.read_text("utf-8"))}
    assert set(re.findall(r"`(morgue\.\w+)`", read("logging.md"))) - {"morgue.toml"} == written
