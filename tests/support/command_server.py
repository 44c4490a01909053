"""Run `morgue` in processes that are forked from one that has imported it, as each pass of `morgue watch` is.

A crawl and its reading worker import for two seconds before they begin, and the suite runs hundreds. Such a process has
its own environment, folder, standard streams and exit code, and is killed like any other. What a test does with `start`
is an interpreter of its own, with workers of its own; so is a run with other variables that Python reads only when it
starts.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO

from pipelines.core import worker_pool
from pipelines.extraction import entry
from tests.support.new_databases import copy_new_databases, template

ROOT = Path(__file__).parents[2]
READ_AT_START = ("PYTHON", "LANG", "LC_", "TZ", "LD_", "MALLOC")  # beginnings of the names of these variables
IMPORTED = (
    "crawler.cli.crawl_progress",
    "crawler.cli.crawl_summary",
    "crawler.cli.datasets.articles",
    "crawler.cli.main",
    "crawler.engine.crawl",
    "crawler.health.after_pass",
    "crawler.onboarding.probe",
    "crawler.onboarding.site_fetcher",
    "crawler.onboarding.source_file",
    "exports.python_api.archive",
    "pipelines.database.schema.migrations",
    "pipelines.database.store",
    "scrapy.core.downloader.handlers.http11",
    "warcio.warcwriter",
)


class CommandServer:
    """Hold the process that has imported `morgue`, and have it run commands. It ends with the process of the tests."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.at_start = read_at_start(environment)
        self.folder = tempfile.TemporaryDirectory()
        self.address = os.path.join(self.folder.name, "socket")
        words = [sys.executable, "-m", __name__, self.address]
        # Not in the folder of a test, which may be gone later.
        self.process = subprocess.Popen(words, env=environment, cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        assert self.process.stdout.read(1) == b"+"

    def run(
        self, args: list[str], cwd: Path | None, environment: dict[str, str], timeout: float, stdin: bytes = b""
    ) -> Any:
        """Run one command to its end, as `subprocess.run` does with captured output."""
        words = {"args": args, "cwd": str(cwd or os.getcwd()), "environment": environment}
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            given.write(stdin)
            given.seek(0)
            with socket.socket(socket.AF_UNIX) as call:
                call.connect(self.address)
                socket.send_fds(call, [b"+"], [given.fileno(), out.fileno(), err.fileno()])
                call.sendall(json.dumps(words).encode())
                call.shutdown(socket.SHUT_WR)
                with call.makefile("rb") as answers:
                    pid = int(answers.readline())
                    if not select.select([call], [], [], timeout)[0]:
                        os.kill(pid, signal.SIGKILL)
                        raise subprocess.TimeoutExpired(args, timeout, bytes_of(out), bytes_of(err))
                    code = int(answers.readline())
            return subprocess.CompletedProcess(args, code, bytes_of(out), bytes_of(err))


def read_at_start(environment: dict[str, str]) -> dict[str, str]:
    """Return the variables that Python reads only when it starts."""
    return {name: value for name, value in environment.items() if name.startswith(READ_AT_START)}


def bytes_of(file: BinaryIO) -> bytes:
    """Return all that was written."""
    file.seek(0)
    return file.read()


def serve(address: str) -> None:
    """Import, then fork for each call, until the process of the tests closes our standard input."""
    for name in IMPORTED:
        import_module(name)
    copy_new_databases()
    template()
    entry.warm_up()
    gc.collect()
    gc.freeze()
    assert "twisted.internet.reactor" not in sys.modules, "each run installs a reactor of its own"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        os.write(1, b"+")
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a process that answers a call
        while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
            call, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                answer(call, address)
            call.close()


def answer(call: socket.socket, address: str) -> None:
    """Fork the process that is asked for; tell its number, wait for it, and tell its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, descriptors, _, _ = socket.recv_fds(call, 1, 4)
    words = json.loads(b"".join(iter(lambda: call.recv(65536), b"")))
    if (pid := os.fork()) == 0:
        call.close()
        os.chdir(words.pop("cwd"))
        if "args" in words:
            be_the_command(descriptors, address, **words)
        be_a_worker(descriptors, **words)
    call.sendall(b"%d\n" % pid)
    call.sendall(b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    os._exit(0)


def be_the_command(streams: list[int], address: str, args: list[str], environment: dict[str, str]) -> None:
    """Become what `python -m crawler` with these arguments is; ends in SystemExit."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.closerange(3, 1024)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [str(ROOT / "crawler" / "__main__.py"), *args]
    sys.orig_argv = [sys.executable, "-m", "crawler", *args]
    time.tzset()
    ForkedWorker.address = address
    worker_pool.subprocess = SimpleNamespace(
        Popen=ForkedWorker, DEVNULL=subprocess.DEVNULL, TimeoutExpired=subprocess.TimeoutExpired
    )
    import_module("crawler.cli.main").main()


def be_a_worker(descriptors: list[int], limits: str, warm_up: str) -> None:
    """Become a worker process, whose standard input and output are nowhere."""
    line, errors = descriptors
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number, stream in enumerate((nowhere, nowhere, errors)):
        os.dup2(stream, number)
    worker_pool.serve(str(line), limits, warm_up)


class ForkedWorker:
    """Stand in for the `subprocess.Popen` of a worker process of a pool."""

    address = ""

    def __init__(self, words: list[str], pass_fds: list[int], **_streams: int) -> None:
        self.returncode: int | None = None
        self.call = socket.socket(socket.AF_UNIX)
        self.call.connect(self.address)
        socket.send_fds(self.call, [b"+"], [*pass_fds, 2])
        limits, warm_up = words[4:6]
        asked = {"limits": limits, "warm_up": warm_up, "cwd": os.getcwd()}
        self.call.sendall(json.dumps(asked).encode())
        self.call.shutdown(socket.SHUT_WR)
        self.answers = self.call.makefile("rb")
        self.pid = int(self.answers.readline())

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end, as Popen does."""
        if self.returncode is None:
            if not select.select([self.call], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("worker", timeout or 0)
            self.returncode = int(self.answers.readline())
            self.answers.close()
            self.call.close()
        return self.returncode

    def kill(self) -> None:
        """Kill it, unless it has been waited for."""
        if self.returncode is None:
            os.kill(self.pid, signal.SIGKILL)


if __name__ == "__main__":
    serve(sys.argv[1])
