"""Let the runs of a command for several shards use the files that the user typed: lists, logs, standard input."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from pipelines.core.errors import ConfigError, os_errors

LISTS = ("urls", "file", "files")  # parameters that may name standard input by -
PATH_OPTIONS = ("--urls", "--log")  # of commands that run on a cluster


def reads_standard_input(params: Mapping[str, Any]) -> bool:
    """Return True if a command is to read a list from standard input."""
    return any(params.get(name) == "-" or (name == "files" and "-" in params.get(name, ())) for name in LISTS)


@contextmanager
def kept_input(params: Mapping[str, Any]) -> Iterator[str | None]:
    """Keep what standard input holds in a file until the end of the block, if the command reads it; yield its name."""
    if not reads_standard_input(params):
        yield None
        return
    with tempfile.NamedTemporaryFile(prefix="morgue-") as file:
        with os_errors(file.name):
            shutil.copyfileobj(sys.stdin.buffer, file)
            file.flush()
        read_from(file.name)
        yield file.name


def read_from(name: str | None) -> None:
    """Let standard input of this process be a file, from its beginning; None: what it was before `multiprocessing`."""
    if name is not None:
        file = os.open(name, os.O_RDONLY)
        os.dup2(file, 0)
        os.close(file)
    sys.stdin = open(0, closefd=False, encoding="utf-8", errors="surrogateescape")  # noqa: SIM115 for good


def words_for_elsewhere(words: Sequence[str], params: Mapping[str, Any]) -> list[str]:
    """Return the words of a command line with whole paths, for a worker that has another current folder.

    Raises ConfigError for what no worker can read or write.
    """
    if reads_standard_input(params):
        raise ConfigError("-", "workers of a cluster cannot read standard input", "write the list into a file")
    if params.get("report_file"):
        cause = "is written on this machine, and the workers of a cluster are elsewhere"
        raise ConfigError("--report", cause, "leave out --on; or leave out --report, and use `morgue export`")
    for name in params.get("files", ()):
        if not os.path.isabs(name) and not name.startswith("s3://"):
            cause = "is relative to the folder you are in, which workers of a cluster are not"
            raise ConfigError(name, cause, f"say {os.path.abspath(name)}, if they have it there")
    found = list(words)
    for at, word in enumerate(found):
        option, is_joined, path = word.partition("=")
        if word == "--":
            break
        if option in PATH_OPTIONS and is_joined:
            found[at] = f"{option}={os.path.abspath(path)}"
        elif word in PATH_OPTIONS and at + 1 < len(found):
            found[at + 1] = os.path.abspath(found[at + 1])
    return found
