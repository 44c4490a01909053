"""Fork commands of `morgue` from a process that has imported everything and does nothing else.

`python -m tests.support.month.forks` reads pickled ForkedCommand objects from standard input and answers each with its
exit code. A process that runs tests is no good parent: its threads and what tests leave behind would go into each fork.
"""

from __future__ import annotations

import atexit
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.core.worker_pool import signal_with_parent
from tests.support.command import ROOT, environment
from tests.support.month.pages import START
from tests.support.month.papers import DEAD, Paper

MAX_PASS_SECONDS = 600  # wall seconds until a pass counts as hung
HUNG = -1  # exit code of a command that was killed because it hung


@dataclass(frozen=True, slots=True)
class ForkedCommand:
    """Hold a command, and the world that it runs in."""

    words: tuple[str, ...]
    archive: Path
    logs: tuple[Path, Path]  # for what it prints: standard output, standard error
    papers: dict[str, Paper]  # by host; other hosts have no address
    port: int  # on loopback, to which all connections lead
    at: float  # seconds since the month began, at `turned`
    turned: float  # wall time
    rate: float  # seconds that pass in one second

    def clock(self) -> float:
        return self.at + (time.time() - self.turned) * self.rate

    def run(self) -> int:
        """Run in a fork; return its exit code, HUNG if it had to be killed."""
        deadline = time.monotonic() + MAX_PASS_SECONDS
        child = os.fork()
        if child == 0:
            self._be_morgue()
        while time.monotonic() < deadline:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.01)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return HUNG

    def _be_morgue(self) -> None:
        """Become `morgue` in a forked process, and end it."""
        code = 70
        try:
            signal_with_parent(signal.SIGKILL, os.getppid())
            for number, log in enumerate(self.logs, 1):
                os.dup2(os.open(log, os.O_CREAT | os.O_TRUNC | os.O_WRONLY), number)
            self._connect()
            sys.argv = ["morgue", *self.words]
            from crawler.cli.main import exit_code_of

            code = exit_code_of(["-C", str(self.archive), *self.words])
            sys.stdout.flush()
            sys.stderr.flush()
        except BaseException:  # noqa: BLE001 (the fork must not go on as its parent)
            import traceback

            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(code)

    def _connect(self) -> None:
        """Put our clock, names and connections in the place of the machine's."""
        import crawler.engine.crawl
        import crawler.http.connection
        from pipelines.core import timestamps

        timestamps.clock = lambda: START + timedelta(seconds=self.clock())
        crawler.engine.crawl.extraction_workers = lambda _config: OwnProcess()  # type: ignore[assignment,return-value]
        open_connection = crawler.http.connection.HttpConnection.open

        async def open_here(_address: str, _port: int, _source: str | None = None) -> Any:
            return await open_connection("127.0.0.1", self.port)

        crawler.http.connection.HttpConnection.open = staticmethod(open_here)  # type: ignore[method-assign,assignment]
        socket.getaddrinfo = self._resolve  # type: ignore[assignment]

    def _resolve(self, host: str, port: int, *_more: Any, **_options: Any) -> list[Any]:
        paper = self.papers.get(host)
        if paper is None or paper.ill(DEAD, self.clock()):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", port))]


class OwnProcess:
    """Stand for the pool of worker processes, and make each call here."""

    size = 1

    async def run(self, func: Callable[..., Any], *args: Any) -> Any:
        return func(*args)

    async def close(self) -> None:
        return None

    def kill(self) -> None:
        return None


def preload() -> None:
    """Import what a pass needs, and load the tables that reading pages needs. No reactor, no thread: we fork."""
    os.environ.setdefault("SCRAPY_SETTINGS_MODULE", "crawler.settings")
    from scrapy.crawler import AsyncCrawlerRunner  # noqa: F401

    import crawler.cli.main
    import crawler.commands.crawl
    import crawler.engine.crawl
    import crawler.engine.launch
    import crawler.http.download_handler
    import crawler.spiders.news  # noqa: F401
    from pipelines.extraction.entry import warm_up

    warm_up()


@cache
def parent_of_forks() -> subprocess.Popen[bytes]:
    """Return the process that forks for this one; it ends with it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.month.forks"],
        cwd=ROOT, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    atexit.register(process.kill)
    return process


def run_forked(command: ForkedCommand) -> int:
    """Run a command in a fork of that process, and return its exit code."""
    process = parent_of_forks()
    assert process.stdin is not None
    assert process.stdout is not None
    pickle.dump(command, process.stdin)
    process.stdin.flush()
    return int(pickle.load(process.stdout))


def main() -> None:
    signal_with_parent(signal.SIGKILL, os.getppid())
    preload()
    commands, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what is printed by mistake is no answer
    while True:
        try:
            command = pickle.load(commands)
        except EOFError:
            return
        pickle.dump(command.run(), answers)
        answers.flush()


if __name__ == "__main__":
    # Commands were pickled by the module of this name, not by the main program.
    from tests.support.month import forks

    forks.main()
