"""Rules of the source: what stays light, how long a file may be, what has a docstring. Imports are in test_law.py."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from pipelines.core.log_output import FIXED_FIELDS
from tests.support.command import ROOT, environment, make_archive
from tests.support.imports import (
    FILES,
    MODULES,
    TOP_LEVEL,
    name_of,
    names_used,
    nodes_of,
    package_of,
    strings_of,
    tree_of,
)
from tests.support.judged_archive import judged_archive

MAY_USE = {"pipelines": {"pipelines"}, "exports": {"exports", "pipelines"}, "crawler": {*TOP_LEVEL}}
MAX_FILE_LINES = 400
# Modules that list folders or open files by themselves, and which files these are. The WARC files of an archive go
# through pipelines/warc/storage.py. (pipelines/extraction is left out: it knows no archive.)
FILE_USERS = {
    "pipelines/bucket/address.py": "keys of the AWS tools, ~/.aws/credentials",
    "pipelines/bucket/shipped.py": "shipped.jsonl",
    "pipelines/bucket/snapshot.py": "copies of the database, on their way to the bucket",
    "pipelines/bucket/storage.py": "WARC files that are shipped",
    "pipelines/core/languages/text_language.py": "lists of frequent words, which come with the program",
    "pipelines/bucket/shard_holder.py": "lease.json, and what tells its folder from a copy of it",
    "pipelines/fleet/layout.py": "fleet.toml",
    "pipelines/core/urls.py": "reads the Public Suffix List, a file of the package tldextract",
    "crawler/cli/archive_options.py": "/dev/null, in place of a closed pipe",
    "exports/drafts.py": "drafts that killed exports left beside the output",
    "crawler/cli/fleet/split.py": "settings and sources of the archive that is split",
    "crawler/cli/main.py": "the commands that there are",
    "crawler/cli/old_databases.py": "databases that were put aside",
    "pipelines/fleet/plan.py": "fleet.moving.toml",
    "crawler/cli/fleet/typed_files.py": "what was typed or piped, for the runs of several shards",
    "crawler/cli/url_list.py": "a list of addresses or sites from the user",
    "crawler/cli/url_report.py": "the report on that list",
    "crawler/commands/extract.py": "a page from the user",
    "crawler/commands/init.py": "the template of morgue.toml",
    "crawler/commands/remove.py": "databases that a rebuild or restore left unfinished",
    "crawler/commands/sample.py": "a page from the user, and saved pages",
    "crawler/cli/output.py": "/dev/null, in place of a closed stream",
    "crawler/config/archive_folder.py": "folders that are links; sources/, to see whether a file has changed",
    "crawler/config/pauses.py": "sources/, for the key `paused`",
    "crawler/health/watch_state.py": "watch.json",
    "crawler/config/setting_names.py": "morgue.toml, before a search",
    "crawler/config/toml_files.py": "morgue.toml and sources/",
    "crawler/engine/import_run.py": "files of other programs",
    "crawler/engine/shipping.py": "the manifest, on its way to the bucket and back",
    "crawler/watch/status_file.py": "watch.json",
    "crawler/onboarding/samples.py": "saved pages",
    "crawler/lake/places.py": "files of other programs, and the folder of readings",
    "crawler/lake/readings.py": "finds the Parquet files of readings",
    "crawler/work/host_lock.py": "the folder of lock files",
    "exports/__init__.py": "the formats that there are",
    "exports/web/rendering.py": "style sheet and icon of the product",
    "exports/web/replay/replayweb.py": "replayweb.page, where the user installed it",
    "exports/dataset.py": "the dataset that is written",
    "exports/folder.py": "the folder that is written",
    "exports/folder_output.py": "files of the folder that is written",
    "exports/formats/to_wacz.py": "members of the package that is written",
    "exports/plots/plot_file.py": "the plot that is written",
    "pipelines/core/archive_layout.py": "whether warc/ holds anything: who misses a database has no storage",
    "pipelines/core/input_files.py": "files that the user names",
    "pipelines/core/safe_open.py": "files of an archive, for all others",
    "pipelines/core/lock.py": "the lock of an archive",
    "pipelines/core/log_output.py": "the file of the log",
    "pipelines/core/worker_pool.py": "/proc",
    "pipelines/database/connection.py": "a rollback journal, before SQLite plays it back",
    "pipelines/importing/containers.py": "files of other programs",
    "pipelines/importing/wacz_package.py": "files of other programs",
    "pipelines/warc/manifest.py": "the manifest",
    "pipelines/warc/storage.py": "WARC files",
}
# Modules with SQL outside pipelines/database, or that run it, and why.
SQL_USERS = {
    "exports/sorted_lines.py": "sorts in a temporary database of its own",
    "pipelines/archive/crash_recovery.py": "begins and ends the transaction of a file's rows",
    "pipelines/archive/group_commit.py": "begins and ends transactions, makes savepoints and a last checkpoint",
    "pipelines/archive/log_checkpoint.py": "empties the write-ahead log, between two transactions",
    "pipelines/rebuild/catch_up.py": "asks how far a copy has got, and adds to the staging tables",
    "pipelines/rebuild/replayed_rows.py": "brings rows into line with those that a journal has changed",
    "pipelines/moving/arrival.py": "copies rows of all tables from an attached database",
    "pipelines/moving/belongings.py": "selects rows of all tables in temporary tables of its own",
    "pipelines/moving/departure.py": "selects what other rows still need, beside belongings",
    "pipelines/moving/rows.py": "copies rows of all tables from an attached database, and deletes them",
    "pipelines/moving/wholeness.py": "compares the numbers of rows of all tables",
    "pipelines/rebuild/rebuild.py": "fills the tables of a database in the making",
    "pipelines/rebuild/staging.py": "fills the tables of a database in the making, with tables of its own",
    "pipelines/rebuild/take_back.py": "takes revisions that are no article out of their chain",
    "pipelines/selection/article_rows.py": "selects rows for datasets, beside queries.articles",
    "pipelines/selection/captured_signals.py": "joins revisits with their pages, for the selections of others",
    "pipelines/selection/captures.py": "selects captures in a temporary table of its own",
    "pipelines/selection/subset.py": "copies rows into a database in the making",
    "pipelines/selection/tdmrep.py": "looks up captures of one path on all hosts",
    "pipelines/verification/capture_rows.py": "compares rows with records, in databases of any version",
    "pipelines/verification/content_check.py": "compares texts with digests, and the schema with ours, of any version",
    "pipelines/verification/database_check.py": "compares rows with each other, in databases of any version",
    "pipelines/verification/journal_check.py": "compares rows with the journal, in a temporary database of its own",
    "pipelines/verification/references.py": "compares records in a temporary database of its own",
}
SQL = re.compile(
    r"\b(SELECT\s.+\bFROM|SELECT\s+1|(INSERT\s+(OR\s+\w+\s+)?|REPLACE\s+)INTO|UPDATE\s+(OR\s+\w+\s+)?\w+\s+SET"
    r"|DELETE\s+FROM|JOIN\s+\w+(\s+AS)?(\s+\w+)?\s+(ON|USING)|DROP\s+(TABLE|TRIGGER|INDEX|VIEW)"
    r"|CREATE\s+((TEMP|TEMPORARY|UNIQUE|VIRTUAL)\s+)?(TABLE|INDEX|TRIGGER|VIEW)|ALTER\s+TABLE|PRAGMA\s+\w+)\b"
    r"|^\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|VACUUM|ATTACH|DETACH|ANALYZE|REINDEX)"
    r"(\s+(IMMEDIATE|EXCLUSIVE|DEFERRED|TO|DATABASE|INTO))?(\s+\w+)?\s*;?\s*$",
    re.DOTALL | re.IGNORECASE,
)
# Modules of pipelines and exports that write to the terminal. The others return what a command prints.
TERMINAL_USERS = {"pipelines/core/log_output.py": "lines of the log on standard error"}
HEAVY = ("scrapy", "trafilatura", "sqlite_utils", "pydantic", "lxml", "rich", "twisted")  # 0.1 s and more to import
SLOW = (*HEAVY, "asyncio", "logging")  # and what takes some milliseconds, which a search need not wait for
LOG_CALLS = ("debug", "info", "warning", "error", "exception", "log", "_log")
COMMANDS = sorted(path for path in (ROOT / "crawler" / "commands").glob("*.py") if path.stem != "__init__")


def place(path: Path) -> str:
    """Return a path as it is written from the root of the checkout."""
    return str(path.relative_to(ROOT))


def users_of(*packages: str) -> set[str]:
    """Return the files that use one of these packages of others."""
    return {place(path) for path in FILES for _, name in names_used(path) if name.split(".")[0] in packages}


def test_top_level_packages_import_downwards_only():
    """crawler may import exports and pipelines, exports pipelines, pipelines neither; strings count."""
    broken = [
        f"{place(path)}:{line} uses {name}"
        for path in FILES
        for line, name in names_used(path)
        if (other := name.split(".")[0]) in TOP_LEVEL and other not in MAY_USE[path.relative_to(ROOT).parts[0]]
    ]
    assert not broken


def test_dotted_names_exist():
    """A dotted string that names nothing is a setting that silently does nothing."""
    missing = []
    for path in FILES:
        for line, name in names_used(path):
            if name.split(".")[0] not in TOP_LEVEL:
                continue
            module, _, attribute = name.rpartition(".")
            known = name in MODULES or (
                module in MODULES and re.search(rf"\b{attribute}\b", MODULES[module].read_text(encoding="utf-8"))
            )
            if not known:
                missing.append(f"{place(path)}:{line} names {name}")
    assert not missing


def test_one_file_imports_trafilatura():
    """Only pipelines/extraction/extract.py imports it, so that another extractor is one file's work."""
    assert users_of("trafilatura") == {"pipelines/extraction/extract.py"}


OPENERS = ("open_descriptor", "open_file", "open_input", "read_bytes", "draft")  # of pipelines/core


def is_file_access(node: ast.AST) -> bool:
    """Return True for a call that lists a folder or opens a file by its path."""
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Name):
        return node.func.id in ("open", *OPENERS)
    if not isinstance(node.func, ast.Attribute):
        return False
    name, owner = node.func.attr, node.func.value
    module = owner.id if isinstance(owner, ast.Name) else ""
    if name in OPENERS or name in (
        "glob",
        "rglob",
        "iglob",
        "iterdir",
        "listdir",
        "scandir",
        "read_bytes",
        "read_text",
    ):
        return True
    if name in ("open", "walk") and module == "os":
        return True
    # A file in a storage is opened by its name alone, a path with a mode.
    return name == "open" and any(isinstance(arg, ast.Constant) for arg in node.args)


def test_only_the_storage_lists_and_opens_warc_files():
    """Another kind of storage, such as S3, then replaces one module."""
    archive = [path for path in FILES if not place(path).startswith("pipelines/extraction/")]
    users = {place(path) for path in archive if any(map(is_file_access, nodes_of(path)))}
    assert users == FILE_USERS.keys()


# Modules that use the path of the folder of WARC files otherwise than to make a storage of it.
WARC_PATH_USERS = {
    "crawler/commands/init.py": "makes the folder",
    "crawler/config/archive_folder.py": "has its path",
    "pipelines/bucket/opening.py": "makes a storage of it and a bucket",
    "pipelines/core/archive_layout.py": "has its name, see FILE_USERS",
}
PATH_CALLS = ("Path", "PurePath", "glob", "iglob", "join", "joinpath", "rglob", "with_name")


def is_warc_folder(node: ast.AST, *, command: bool) -> bool:
    """Return True for the name of the folder of WARC files, or its path: `folder.warc`, any `.warc` in crawler."""
    if isinstance(node, ast.Attribute):
        return node.attr == "warc" and (command or ast.unparse(node.value).endswith("folder"))
    return isinstance(node, ast.Name) and node.id == "WARC_FOLDER"


def warc_path_parts(node: ast.AST) -> list[ast.AST]:
    """Return the strings of an expression that make a path with the folder "warc" in it."""
    parts: list[ast.AST] = []
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        parts = [node.right]
    elif isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in PATH_CALLS:
        parts = [*node.args]
    texts = [part.values[0] if isinstance(part, ast.JoinedStr) and part.values else part for part in parts]
    return [text for text in texts if isinstance(text, ast.Constant) and "warc" in str(text.value).split("/")]


def writes_a_file(node: ast.AST) -> bool:
    """Return True for a call that opens or makes a file for writing without `safe_open`."""
    if not isinstance(node, ast.Call):
        return False
    name = ast.unparse(node.func)
    if name.rpartition(".")[2] in ("write_text", "write_bytes", "touch", "NamedTemporaryFile", "mkstemp", "copyfile"):
        return True
    if name == "os.open":
        return any(flag in ast.unparse(node) for flag in ("O_WRONLY", "O_RDWR", "O_CREAT"))
    is_open = name == "open" or (name.endswith(".open") and not name.startswith(("safe_open.", "gzip.", "webbrowser.")))
    modes = [*node.args, *(word.value for word in node.keywords if word.arg == "mode")]
    texts = [mode.value for mode in modes if isinstance(mode, ast.Constant) and isinstance(mode.value, str)]
    return is_open and any(len(text) <= 3 and set(text) & set("wxa+") for text in texts)


@pytest.mark.parametrize(
    ("call", "writes"),
    [
        ("open(path, 'w')", True), ("path.open('xb')", True), ("path.open(mode='r+b')", True), ("path.open()", False),
        ("open(path, 'rb')", False), ("path.write_text(text)", True), ("os.open(path, os.O_RDWR)", True),
        ("os.open(path, os.O_RDONLY)", False), ("safe_open.open_file(path, 'xb')", False), ("path.touch()", True),
    ],
)  # fmt: skip
def test_writing_is_recognised(call, writes):
    """The list below is only as honest as the function."""
    assert writes_a_file(ast.parse(call, mode="eval").body) == writes


# Modules that write files without `pipelines/core/safe_open.py`, and which.
WRITERS = {
    "crawler/cli/archive_options.py": "/dev/null, in place of a closed pipe",
    "crawler/cli/fleet/typed_files.py": "a temporary file with what was piped, which only its maker can open",
    "crawler/cli/output.py": "/dev/null, in place of a closed stream",
    "exports/formats/to_wacz.py": "members of the package that is written",
    "pipelines/core/safe_open.py": "all other files",
    "pipelines/extraction/body/training.py": "the model that benchmarks/learn.py makes",
}


def test_one_module_opens_files_for_writing():
    """It follows no link: a file of an archive may be one, and lead to a file of the user."""
    users = {place(path) for path in FILES if any(map(writes_a_file, nodes_of(path)))}
    assert users == WRITERS.keys()


def reads_a_file(node: ast.AST) -> bool:
    """Return True for a call that opens a file by its path for reading, whatever lies there: a pipe, a device."""
    if not isinstance(node, ast.Call):
        return False
    owner, _, name = ast.unparse(node.func).rpartition(".")
    if name == "read_text" or (name == "read_bytes" and owner not in ("", "safe_open")):
        return True
    if any(word.arg == "opener" for word in node.keywords):
        return False
    is_path = owner in ("", "os", "io") or (owner != "safe_open" and not node.args)
    return name == "open" and is_path and bool(owner or node.args)


@pytest.mark.parametrize(
    ("call", "reads"),
    [
        ("path.read_text(encoding='utf-8')", True), ("path.read_bytes()", True), ("open(path)", True),
        ("path.open()", True), ("os.open(path, os.O_RDONLY)", True), ("read_bytes(path)", False),
        ("safe_open.read_bytes(path, 9)", False), ("open(path, 'rb', opener=opened)", False),
        ("safe_open.open_file(path)", False), ("storage.open(name)", False),
    ],
)  # fmt: skip
def test_reading_is_recognised(call, reads):
    """The list below is only as honest as the function."""
    assert reads_a_file(ast.parse(call, mode="eval").body) == reads


# Modules that open files without `safe_open` and `open_input`, and which. None of them is a file of an archive.
READERS = {
    "pipelines/core/urls.py": "reads the Public Suffix List, a file of the package tldextract",
    "crawler/cli/archive_options.py": "/dev/null, in place of a closed pipe",
    "crawler/cli/fleet/typed_files.py": "that temporary file, and standard input",
    "crawler/cli/main.py": "the source text of the commands",
    "crawler/cli/output.py": "/dev/null, in place of a closed stream",
    "crawler/commands/init.py": "a template of the product",
    "crawler/work/host_lock.py": "/proc",
    "exports/web/rendering.py": "style sheet and icon of the product",
    "pipelines/core/input_files.py": "files of the user, after a look at them",
    "pipelines/core/lock.py": "/proc",
    "pipelines/core/safe_open.py": "files of an archive, after a look at them",
    "pipelines/core/worker_pool.py": "/proc",
    "pipelines/extraction/body/model.py": "the model of the product",
    "pipelines/core/languages/text_language.py": "lists of frequent words, which come with the program",
    "pipelines/extraction/languages/tables.py": "tables of the product",
}


def test_files_of_an_archive_are_read_by_safe_open():
    """An archive may be a download: a read of a named pipe waits for ever, one of a device has no end."""
    users = {place(path) for path in FILES if any(map(reads_a_file, nodes_of(path)))}
    assert users == READERS.keys()


def test_databases_are_opened_in_one_module():
    """It checks what is opened, and lets no schema from elsewhere run code. A database without a name is our own."""
    calls = {
        place(path)
        for path in FILES
        for node in nodes_of(path)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "sqlite3.connect"
        and not (isinstance(node.args[0], ast.Constant) and node.args[0].value == "")
    }
    assert calls == {"pipelines/database/connection.py"}


def test_warc_folder_is_used_only_to_make_a_storage():
    """A command or module with a bare path to the folder would read another kind of storage as files."""
    bare: dict[str, list[int]] = {}
    for path in FILES:
        nodes = nodes_of(path)
        calls = [node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == "WarcStorage"]
        wrapped = {id(node) for call in calls for node in ast.walk(call)}
        found = [node for node in nodes if is_warc_folder(node, command=place(path).startswith("crawler/"))]
        found += [part for node in nodes for part in warc_path_parts(node)]
        lines = [node.lineno for node in found if id(node) not in wrapped]  # type: ignore[attr-defined]
        if lines:
            bare[place(path)] = lines
    assert bare.keys() == WARC_PATH_USERS.keys(), bare


def has_sql(path: Path) -> bool:
    """Return True if a file has an SQL statement in a string that is not a docstring."""
    texts = [str(node.value) for node in strings_of(path)]
    for node in nodes_of(path):
        if isinstance(node, ast.JoinedStr):
            texts.append("".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values))
    return any(map(SQL.search, texts))


def runs_sql(path: Path) -> bool:
    """Return True if a file calls a method that runs SQL, or hands it on."""
    methods = ("execute", "executemany", "executescript")
    return any(isinstance(node, ast.Attribute) and node.attr in methods for node in nodes_of(path))


@pytest.mark.parametrize("text", [
    "select a from b", "REPLACE INTO a VALUES (1)", "UPDATE OR IGNORE a SET b = 1", "LEFT JOIN a b ON b.c = d.c",
    "pragma quick_check", "BEGIN", "begin immediate", "ROLLBACK TO task", "SAVEPOINT task", "COMMIT;",
])  # fmt: skip
def test_sql_is_recognised(text):
    """The list below is only as honest as the pattern."""
    assert SQL.search(text)


def test_sql_is_in_database_and_few_other_modules():
    """A change of the schema has these readers and no other."""
    users = {place(path) for path in FILES if has_sql(path) or runs_sql(path)}
    assert {user for user in users if not user.startswith("pipelines/database/")} == SQL_USERS.keys()


def test_archive_runs_without_scrapy():
    """pipelines and exports import neither Scrapy nor Twisted, at no time."""
    assert {path for path in users_of("scrapy", "twisted") if not path.startswith("crawler/")} == set()


def writes_to_terminal(path: Path) -> bool:
    """Return True if a file names `print`, a standard stream, click or rich."""
    names = {name.split(".")[0] for _, name in names_used(path)}
    streams = {f"sys.{name}" for name in ("stdout", "stderr", "__stdout__", "__stderr__")}
    return bool(
        names & {"click", "rich"}
        or streams & {name for _, name in names_used(path)}
        or any(
            (isinstance(node, ast.Name) and node.id in ("print", "input"))
            or (isinstance(node, ast.Attribute) and ast.unparse(node) in streams)
            for node in nodes_of(path)
        )
    )


def test_only_crawler_and_the_log_write_to_the_terminal():
    """A program that uses the archive as a library decides itself what its user sees."""
    users = {place(path) for path in FILES if not place(path).startswith("crawler/") and writes_to_terminal(path)}
    assert users == TERMINAL_USERS.keys()


SQL_ON_FRONTIER = re.compile(r"\b(FROM|INTO|JOIN|ON|TABLE|UPDATE)\s+frontier\b", re.IGNORECASE)


def test_one_package_holds_the_sql_on_the_frontier():
    """The queue can move to another database by replacing one small package.

    Migrations make the table and a view of it. The journal, a rebuild and a move to another archive copy the rows of
    all tables alike.
    """
    users = {place(path) for path in FILES for node in strings_of(path) if SQL_ON_FRONTIER.search(node.value)}
    outside = {user for user in users if not user.startswith("pipelines/database/frontier/")}
    assert outside == {
        f"pipelines/database/schema/{name}.py" for name in ("archive_tables", "migrations", "part_tables", "views")
    } | {"pipelines/moving/departure.py"}


def test_files_stay_short():
    """A file that outgrows 400 lines holds two things."""
    lines = {place(path): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert {path: count for path, count in lines.items() if count > MAX_FILE_LINES} == {}


def test_files_begin_with_a_docstring():
    """It says what the file is for; an empty file needs none."""
    assert [place(path) for path in FILES if not ast.get_docstring(tree_of(path)) and path.read_text().strip()] == []


def test_every_file_of_commands_has_its_command():
    """The folder is the registry."""
    command = re.compile(r"^(async )?def command\(|^command\b", re.MULTILINE)
    assert [path.name for path in COMMANDS if not command.search(path.read_text(encoding="utf-8"))] == []


def limit(number: ast.FormattedValue) -> bool:
    """Return True for a constant of ours, which is never one."""
    return isinstance(number.value, ast.Name) and number.value.id.isupper()


def test_numbers_agree_with_their_nouns():
    """No "1 articles": whatever is counted for people goes through `pipelines.core.plural`."""
    nouns = r" (?:more |WARC |page )?(?:articles|captures|files|records|pages|revisions|addresses|rows|URLs)\b(?!/)"
    wrong = [
        f"{place(path)}:{node.lineno}: {text.value!r}"
        for path in FILES
        for node in nodes_of(path)
        if isinstance(node, ast.JoinedStr)
        for number, text in pairwise(node.values)
        if isinstance(number, ast.FormattedValue) and isinstance(text, ast.Constant) and not limit(number)
        if re.match(nouns, str(text.value))
    ]
    assert not wrong


def test_loggers_are_named_after_their_package():
    """What a user filters by: `morgue.warc` is pipelines/warc, `morgue.http` is crawler/http.

    One is of all packages: what it says is shown without -v, too.
    """
    named = [
        (path, node.lineno, node.args[0].value)
        for path in FILES
        for node in nodes_of(path)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("logging.getLogger", "getLogger")
        if node.args and isinstance(node.args[0], ast.Constant)
    ]
    wrong = [
        f"{place(path)}:{line}: {name}"
        for path, line, name in named
        if name not in (f"morgue.{package_of(name_of(path)).rpartition('.')[2]}", "morgue.notices")
    ]
    assert not wrong
    assert len({name for _, _, name in named}) > 10


def test_messages_of_the_log_name_their_values():
    """Values are fields of a JSON line: each has a name, each name has a value, and none is that of a fixed field.

    So a message is no f-string.
    """
    wrong = []
    for path in FILES:
        for function in nodes_of(path):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                wrong += [f"{place(path)}:{line}: {why}" for line, why in mistakes_in_log_calls(function)]
    assert not wrong


def mistakes_in_log_calls(function: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield (line, what is wrong) of each call of a logger in a function."""
    known: dict[str, set[str]] = {}  # variable -> keys of the dictionaries that are assigned to it
    for node in ast.walk(function):
        if isinstance(node, ast.Assign | ast.AugAssign) and isinstance(node.value, ast.Dict):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            known.setdefault(ast.unparse(target), set()).update(keys_of(node.value))
    for node in ast.walk(function):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LOG_CALLS):
            continue
        text = "".join(one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and is_message(one.value))
        names = set(re.findall(r"%\((\w+)\)", text))
        given: set[str] = {"url", "host", "source"} if node.func.attr == "_log" else set()
        for argument in node.args:
            given |= keys_of(argument) if isinstance(argument, ast.Dict) else known.get(ast.unparse(argument), set())
        if any(isinstance(one, ast.JoinedStr) for one in ast.walk(ast.Tuple(messages_of(node)))):
            yield node.lineno, "an f-string: its values have no names"
        if "%" in re.sub(r"%\(\w+\)[-.0-9]*[sdf]", "", text):
            yield node.lineno, "a value without a name"
        if names - given:
            yield node.lineno, f"no value for {', '.join(names - given)}"
        if given & {*FIXED_FIELDS}:
            yield node.lineno, f"{', '.join(given & {*FIXED_FIELDS})}: a field of every line"


def messages_of(call: ast.Call) -> list[ast.expr]:
    """Return the arguments of a call of a logger that are not its values."""
    return [argument for argument in call.args if not isinstance(argument, ast.Dict)]


def is_message(value: object) -> bool:
    """Return True for a text with values to fill in."""
    return isinstance(value, str) and "%" in value


def keys_of(node: ast.Dict) -> set[str]:
    """Return the keys of a dictionary that is written out."""
    return {key.value for key in node.keys if isinstance(key, ast.Constant)}


def loaded_by(code: str) -> set[str]:
    """Return which heavy packages are loaded after `code` has run in a Python of its own."""
    script = f"import sys\n{code}\nprint('loaded:', *sorted(set({SLOW!r}) & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", script], env=environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rpartition("loaded:")[2].split())


@pytest.mark.parametrize("path", COMMANDS, ids=place)
def test_command_starts_fast(path):
    """Heavy packages are imported where they are needed: --help and shell completion load every command."""
    # Not by a statement: `import` is no name that one could name.
    assert loaded_by(f"import crawler.cli.main, importlib; importlib.import_module({name_of(path)!r})") == set()


def test_queries_import_nothing_heavy():
    """A program that only reads the archive pays for click and sqlite3."""
    assert loaded_by("import pipelines.database.queries, pipelines.database.connection") == set()


def test_archive_for_python_imports_nothing_heavy():
    """A program that opens an archive pays for pandas when it asks for a table of pandas."""
    code = "import exports; exports.Archive; assert not {'pandas', 'pyarrow', 'polars', 'click'} & {*sys.modules}"
    assert loaded_by(code) == set()


def test_crawl_imports_only_the_parts_of_scrapy_that_it_uses():
    """Scrapy would import a part that a setting leaves out with None, with aiohttp, tldextract and requests."""
    code = """
from scrapy.utils.project import get_project_settings
settings = get_project_settings()
for name in ("DOWNLOADER_MIDDLEWARES", "SPIDER_MIDDLEWARES", "EXTENSIONS"):
    settings.get_component_priority_dict_with_base(name)
assert not {"aiohttp", "tldextract", "requests", "scrapy.extensions.telnet"} & sys.modules.keys()
"""
    assert "scrapy" in loaded_by(code)


def test_search_imports_nothing_heavy(tmp_path):
    """From the command line to the answer. Some modules that are light elsewhere are a tenth of its time."""
    archive = make_archive(tmp_path / "a")
    code = f"""
from crawler.cli.main import main
try:
    main(["-C", {str(archive)!r}, "search", "nothing"])
except SystemExit:
    pass
assert not {{"pipelines.core.items", "hashlib", "tomllib"}} & sys.modules.keys()
# Of other answers: keywords in context, facets, counts.
assert not {{f"pipelines.database.search.{{name}}" for name in ("kwic", "facets", "attention")}} & sys.modules.keys()
assert "exports.python_api.counts" not in sys.modules
"""
    assert loaded_by(code) == set()


def test_idle_pass_imports_neither_scrapy_nor_sqlite_utils(tmp_path):
    """A timer starts one every few minutes. It reads the settings, for which it needs pydantic."""
    archive = make_archive(tmp_path / "a")
    (archive / "sources" / "paper.toml").write_text('url = "https://paper.example/"\npaused = true\n', encoding="utf-8")
    code = f"""
from crawler.cli.main import main
try:
    main(["-C", {str(archive)!r}, "crawl", "--quiet"])
except SystemExit as end:
    assert end.code == 0, end.code
"""
    assert loaded_by(code) == {"pydantic", "asyncio", "logging"}


@pytest.mark.parametrize("command", ["health", "sources"])
def test_look_at_files_that_the_last_pass_judged_loads_no_pydantic(tmp_path, command):
    """The look of a pass is noted, and the files are as they were: their sources need not be read."""
    archive = judged_archive(tmp_path / "a")
    code = f"""
from crawler.cli.main import main
try:
    main(["-C", {str(archive)!r}, {command!r}])
except SystemExit as end:
    assert end.code in (None, 0), end.code
"""
    assert "pydantic" not in loaded_by(code)
