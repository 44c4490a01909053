"""Run a real Dask scheduler and real workers, reached only from this machine, and kill them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.support.command import environment
from tests.support.waiting import wait_until

# As docs/where-work-runs.md recommends.
QUIET = {"DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False", "DASK_DISTRIBUTED__ADMIN__TICK__INTERVAL": "1s"}


class DaskCluster:
    """Hold a scheduler and its workers. Each worker is one process without a nanny, so that a kill is its end."""

    def __init__(self, folder: Path, workers: int = 2, *, host: str = "127.0.0.1") -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.processes: list[subprocess.Popen[bytes]] = []
        note = folder / "scheduler.json"
        self.scheduler = self._start(
            "scheduler", "--host", host, "--port", "0", "--no-dashboard", "--no-show", "--scheduler-file", str(note)
        )
        wait_until(lambda: note.exists() and '"address"' in note.read_text())
        self.address = next(line.split('"')[3] for line in note.read_text().splitlines() if '"address"' in line)
        for _ in range(workers):
            self.add_worker()

    def add_worker(self, *options: str) -> subprocess.Popen[bytes]:
        """Start one more worker."""
        address = self.address
        return self._start(
            "worker", address, "--host", "127.0.0.1", "--nthreads", "1", "--no-nanny", "--no-dashboard",
            "--local-directory", str(self._folder), *options,
        )  # fmt: skip

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        with (self._folder / "dask.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *arguments],
                stdout=log, stderr=log, cwd=self._folder, env=environment() | QUIET,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def close(self) -> None:
        """Kill what is left."""
        for process in self.processes:
            if process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
            process.wait()
