"""Run `morgue watch` beside a test, and read what it says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.command import LOOPBACK, command_line, environment
from tests.support.waiting import wait_until

STOP_SECONDS = 30


@dataclass(slots=True)
class Watching:
    """Hold a running watch of an archive."""

    archive: Path
    process: subprocess.Popen[bytes]
    log: Path  # standard output and standard error

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    @property
    def status(self) -> dict[str, Any]:
        """Return what the status file has; its `state` is "" before there is one of this watch."""
        with suppress(FileNotFoundError):
            found: dict[str, Any] = json.loads((self.archive / "watch.json").read_text(encoding="utf-8"))
            if found["pid"] == self.process.pid:
                return found
        return {"state": "", "passes": 0}

    @property
    def children(self) -> list[int]:
        """Return the processes that the watch has started and that run now."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(word) for word in path.read_text().split()]

    def wait_for_state(self, state: str) -> None:
        wait_until(lambda: self.status["state"] == state)

    def wait_for_passes(self, more: int) -> None:
        """Wait until so many more passes have ended."""
        before = self.status["passes"]
        wait_until(lambda: self.status["passes"] >= before + more)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal to the watch alone, and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)


@contextmanager
def watching(
    archive: Path, *args: str, every: str = "1s", program: tuple[str, ...] | None = None
) -> Iterator[Watching]:
    """Watch an archive whose sources are servers of ours; at the end, no process is left and none made a traceback.

    `program`: a script that runs `morgue`, with its own arguments.
    """
    arguments = ("-C", archive, "watch", *LOOPBACK, "--every", every, *args)
    log = archive.parent / "watch.log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            command_line(*arguments) if program is None else [sys.executable, *program, *map(str, arguments)],
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    watch = Watching(archive, process, log)
    try:
        yield watch
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert "Traceback" not in watch.said, watch.said
