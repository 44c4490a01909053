"""Run `morgue` as a user does: a process of its own, its exit code, what it prints, what it leaves on disk."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.database.journal_rows import JOURNAL_TABLES
from tests.support.command_server import CommandServer, read_at_start

ROOT = Path(__file__).parents[2]
# A rebuild makes these again, row by row. `source_days` is counted again, the rest is learnt again (docs/schema.md).
TABLES = (*JOURNAL_TABLES, "journal")
LOOPBACK = ("-s", "crawl.allow_private_ips=true", "-s", "crawl.delay=0")  # for our own server


def environment() -> dict[str, str]:
    """Return the environment of a user who has installed us: packages importable from any folder, no archive named."""
    ours = ("MORGUE_", "SCRAPY_", "COLUMNS")  # the last is set for the processes in which pytest runs tests
    env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return env | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"}


def command_line(*args: str | Path) -> list[str]:
    """Return the arguments of a process that runs `morgue`."""
    return [sys.executable, "-m", "crawler", *map(str, args)]


def morgue(*args: str | Path, cwd: Path | None = None, timeout: float = 120, stdin: str | None = None) -> Any:
    """Run `morgue` to its end; return a CompletedProcess with text. A traceback on stderr fails the test."""
    done = run_command(*args, cwd=cwd, timeout=timeout, stdin=(stdin or "").encode())
    done.stdout, done.stderr = (
        out.decode().replace("\r\n", "\n").replace("\r", "\n") for out in (done.stdout, done.stderr)
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def run_command(*args: str | Path, cwd: Path | None = None, timeout: float = 120, stdin: bytes = b"") -> Any:
    """Run `morgue` to its end; return a CompletedProcess with bytes."""
    env = environment()
    own = server(tuple(sorted((name, value) for name, value in env.items() if name.startswith("AWS_"))))
    if read_at_start(env) == own.at_start:
        return own.run(list(map(str, args)), cwd, env, timeout, stdin)
    return subprocess.run(command_line(*args), cwd=cwd, env=env, capture_output=True, timeout=timeout, input=stdin)


@cache
def server(_bucket: tuple[tuple[str, str], ...] = ()) -> CommandServer:
    """Return the server of this process, which starts with the first command.

    There is another one for each environment of a bucket: workers, which share its process, read that when they start.
    """
    return CommandServer(environment())


def start(*args: str | Path, cwd: Path | None = None, program: tuple[str, ...] | None = None) -> subprocess.Popen[str]:
    """Start `morgue`, or the script `program`, in a process group of its own, as a shell does."""
    return subprocess.Popen(
        command_line(*args) if program is None else [sys.executable, *program, *map(str, args)],
        cwd=cwd,
        env=environment(),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def make_archive(path: Path, *options: str) -> Path:
    """Make an archive, in this process, in which one process reads pages: each further one takes a second to start.

    `options`: of `morgue init`, such as `--shards=3`, which makes a fleet.
    """
    from crawler.cli.main import morgue as command

    words = ["init", str(path), "--contact", "tests@example.org", *options]
    command.main(words, prog_name="morgue", standalone_mode=False)
    settings = path / "morgue.toml"
    text = settings.read_text(encoding="utf-8")
    assert "#workers = 0" in text
    settings.write_text(text.replace("#workers = 0", "workers = 1"), encoding="utf-8")
    return path


def crawl(archive: Path, *args: str | Path, **options: Any) -> Any:
    """Run `morgue crawl` on a server of ours."""
    return morgue("-C", archive, "crawl", *LOOPBACK, *args, **options)


def rows(archive: Path, sql: str, *values: object) -> list[tuple]:
    """Return the rows of a query on the database of an archive."""
    db = sqlite3.connect(f"file:{archive / 'morgue.db'}?mode=ro", uri=True)
    try:
        return db.execute(sql, values).fetchall()
    finally:
        db.close()


def tables(database: Path) -> dict[str, list[tuple]]:
    """Return every row of a database, by table. The place of an article within its day depends on when it was filed."""
    db = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        found = {}
        for name in TABLES:
            columns = [row[1] for row in db.execute(f"PRAGMA table_info({name})") if row[1] != "place"]
            found[name] = db.execute(f"SELECT {', '.join(columns)} FROM {name} ORDER BY 1").fetchall()
        return found
    finally:
        db.close()
