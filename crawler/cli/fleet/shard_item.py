"""Run a command for one shard on a Dask worker, as an item of work. May run where the fleet has another path."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from crawler.cli.common_options import SHARD_VARIABLE
from crawler.cli.fleet.work_options import OPTIONS
from crawler.engine.shared_hosts import SCHEDULER_VARIABLE
from pipelines.bucket.shard_holder import holder_note
from pipelines.core.archive_layout import DATABASE_NAME
from pipelines.core.errors import ArchiveLocked, ConfigError, MorgueError
from pipelines.core.worker_pool import signal_with_parent
from pipelines.fleet.layout import fleet_at

FOLDER_VARIABLE = "MORGUE_ARCHIVE"
STOP_SECONDS = 8.0  # for a command to end after SIGTERM; its item is killed 10 s after its own
ORPHAN_SECONDS, RETRY_SECONDS = 60.0, 2.0  # for the command of a worker that is gone to end, and between two looks
OWN_OPTIONS = (*OPTIONS, "-C")  # each has a value


def words_of_shard(words: Sequence[str]) -> list[str]:
    """Return the words of a command line without those that say which fleet it is about, and where it runs."""
    left: list[str] = []
    rest = iter(words)
    for word in rest:
        if word in OWN_OPTIONS:
            next(rest, None)
        elif word == "--":
            left += [word, *rest]
        elif not word.startswith(("-C", *(f"{option}=" for option in OPTIONS))):
            left.append(word)
    return left


def run_shard(argument: dict[str, Any]) -> dict[str, Any]:
    """Run the command; return its exit code and what it printed.

    The fleet is the one in the folder that MORGUE_ARCHIVE names on this worker, else the one at the path that it has
    where the command was typed. Raises ConfigError if it is not there, or is another fleet.
    """
    folder = _folder(argument)
    fleet = fleet_at(folder)
    if fleet is None or fleet.id != argument["fleet"]:
        cause = "is no fleet" if fleet is None else f"is another fleet ({fleet.id})"
        cure = (
            f"start the worker with {FOLDER_VARIABLE}=DIR, the folder of the fleet {argument['fleet']} on its machine"
        )
        raise ConfigError(str(folder), f"{cause}, on the machine {os.uname().nodename}", cure)
    variables = {FOLDER_VARIABLE: folder, SHARD_VARIABLE: argument["shard"], SCHEDULER_VARIABLE: argument["on"]}
    until = time.monotonic() + ORPHAN_SECONDS
    while True:
        done = _run(argument["words"], variables)
        # The worker that had it before may be gone, and its command about to end.
        if done["code"] != ArchiveLocked.exit_code or time.monotonic() > until:
            return done
        time.sleep(RETRY_SECONDS)


def copies_of_shards(arguments: list[dict[str, Any]]) -> list[int]:
    """Return how new the copies of shards on this worker are: the token of the lease under which each was written.

    0: written without a bucket; -1: there is none. A shard is to be worked on where its newest copy lies.
    """
    return [_copy_of_shard(_folder(one), one["fleet"], one["shard"]) for one in arguments]


def _copy_of_shard(folder: Path, fleet_id: str, number: int) -> int:
    try:
        fleet = fleet_at(folder)
        if fleet is None or fleet.id != fleet_id:
            return -1
        shard = fleet.shard_path(number)
        return holder_note(shard).token if (shard / DATABASE_NAME).exists() else -1
    except (MorgueError, OSError):
        return -1


def _folder(argument: dict[str, Any]) -> Path:
    return Path(os.environ.get(FOLDER_VARIABLE) or argument["path"])


def _run(words: Sequence[str], variables: Mapping[str, object]) -> dict[str, Any]:
    process = subprocess.Popen(
        [sys.executable, "-m", "crawler", *words],
        env=os.environ | {name: str(value) for name, value in variables.items()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # If this process is killed, nobody waits for the command, and the shard is to be free for another worker.
        preexec_fn=partial(signal_with_parent, signal.SIGTERM, os.getpid()),
    )
    with process:
        try:
            out, err = process.communicate()
        except BaseException:  # an interruption: the command keeps what it has done
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=STOP_SECONDS)
            process.kill()
            raise
    return {
        "code": process.returncode,
        "out": out.decode(errors="replace"),
        "err": err.decode(errors="replace"),
    }
