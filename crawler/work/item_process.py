"""Run items in processes of their own, which cost nobody else anything if they die, hang or leak memory.

A process leads a session of its own: Ctrl-C at the terminal reaches only the parent, which tells its items to end by
SIGTERM. In the item that is a KeyboardInterrupt. The item and its own children end when the parent ends, however it
ends.
"""

from __future__ import annotations

import json
import logging
import math
import os
import select
import selectors
import signal
import subprocess
import sys
import threading
import time
import traceback
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from crawler.work.values import DIED, RAISED, TIMED_OUT, WorkFailure
from pipelines.core.errors import MorgueError
from pipelines.core.worker_pool import signal_with_parent

END_SECONDS = 10.0  # for an item to end by itself after SIGTERM
END_POLL_SECONDS = 0.02
NOT_REAPED = os.WEXITED | os.WNOHANG | os.WNOWAIT  # of waitid: look only
MAX_ITEMS = 100  # of one process: what it leaks goes with it
MAX_IDLE_SECONDS = 60.0  # without an item, after which a process ends: whoever gave it items is gone
MAX_SELECT_SECONDS = 3600.0
READ_BYTES = 1 << 16
MAX_RESULT_BYTES = 1 << 24
MAX_TRACE_CHARS = 4000
CODE = "import sys; sys.path[:] = sys.argv[3:]; from crawler.work.item_process import serve; serve(*sys.argv[1:3])"


class ItemFailed(Exception):
    """Carry the failure of an item."""

    def __init__(self, why: str, detail: str, trace: str = "") -> None:
        super().__init__(why, detail, trace)
        self.failure = WorkFailure(why, detail, trace)


class ItemProcesses:
    """Run items in processes, and end those that run. Used by several threads, each of which runs one at a time.

    A process runs many items, one after another, because to import what they need takes seconds.
    """

    def __init__(self) -> None:
        self._busy: set[_ItemProcess] = set()
        self._idle: list[_ItemProcess] = []
        self._lock = threading.Lock()
        self.ended = False

    def run(self, function: str, argument: Any, seconds: float = math.inf) -> Any:
        """Return the value of `function(argument)`. Raises ItemFailed.

        A process ends with the thread that called first, so threads must live until all is done.
        """
        process, is_well = self._taken(), False
        try:
            answer = process.ask(function, argument, seconds)
            is_well = process.items < MAX_ITEMS
        except ItemFailed as failed:
            if failed.failure.why == TIMED_OUT:  # it may be well, and only long: what it has done is to be kept
                process.wait_for_end()
            raise
        finally:
            with self._lock:
                self._busy.discard(process)
                if is_well and not self.ended:
                    self._idle.append(process)
                else:
                    process.end()
        if "failure" in answer:
            raise ItemFailed(RAISED, answer["failure"], answer["trace"])
        return answer["value"]

    def _taken(self) -> _ItemProcess:
        """Return a process that is idle, or a new one."""
        with self._lock:
            if self.ended:
                raise ItemFailed(DIED, "interrupted")
            while self._idle:
                process = self._idle.pop()
                if process.is_alive():
                    break
                process.end()
            else:
                process = _ItemProcess()
            self._busy.add(process)
        return process

    def end(self, grace: float = END_SECONDS) -> None:
        """Tell running items to end, wait for them, and kill those that do not. Nothing is started any more."""
        with self._lock:
            self.ended = True
            busy, idle, self._idle = list(self._busy), self._idle, []
        for process in idle:
            process.end()
        for process in busy:
            process.tell_to_end()
        until = time.monotonic() + grace
        while time.monotonic() < until and self._busy.intersection(busy):
            time.sleep(END_POLL_SECONDS)  # the threads that run them see them end
        with self._lock:
            for process in self._busy:
                process.kill()


class _ItemProcess:
    """Hold the parent's side of one process. Used by one thread at a time."""

    def __init__(self) -> None:
        here = str(Path(__file__).resolve().parents[2])
        self._receiving, sending = os.pipe()
        self.items = 0  # that it has run
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", CODE, str(sending), str(os.getpid()), here, *sys.path],
                pass_fds=[sending],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,  # of the parent's command alone
                start_new_session=True,
            )
        except BaseException:
            os.close(self._receiving)
            raise
        finally:
            os.close(sending)

    def ask(self, function: str, argument: Any, seconds: float) -> dict[str, Any]:
        """Send what is to be done, and return the answer. Raises ItemFailed if none comes."""
        self.items += 1
        line = self._process.stdin
        assert line is not None
        with suppress(BrokenPipeError):  # it died: its exit status says more
            line.write(json.dumps({"function": function, "argument": argument}).encode() + b"\n")
            line.flush()
        answer, until = bytearray(), time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self._receiving, selectors.EVENT_READ)
            while not answer.endswith(b"\n"):
                left = until - time.monotonic()
                if left <= 0:
                    raise ItemFailed(TIMED_OUT, f"no end after {seconds:,.0f} s")
                if not selector.select(min(left, MAX_SELECT_SECONDS)):
                    continue
                data = os.read(self._receiving, READ_BYTES)
                answer += data
                if not data:
                    status = self.end()
                    raise ItemFailed(DIED, f"signal {-status}" if status < 0 else f"exit status {status}")
                if len(answer) > MAX_RESULT_BYTES:
                    raise ItemFailed(RAISED, f"its result has more than {MAX_RESULT_BYTES:,} bytes")
        return dict(json.loads(answer))

    def is_alive(self) -> bool:
        """Return False for a process that has ended, as an idle one does after a while."""
        return self._process.poll() is None

    def tell_to_end(self) -> None:
        """Interrupt the item that runs."""
        self._process.terminate()

    def wait_for_end(self, grace: float = END_SECONDS) -> None:
        """Interrupt the item that runs, and wait a while until it has ended."""
        self.tell_to_end()
        until = time.monotonic() + grace
        # Not waited for yet: its number must stay its own until `kill`.
        while time.monotonic() < until and os.waitid(os.P_PID, self._process.pid, NOT_REAPED) is None:
            time.sleep(END_POLL_SECONDS)

    def kill(self) -> None:
        """End the process and what it started, without waiting for it."""
        if self._process.returncode is None:  # not waited for yet, so that its number is not another's
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def end(self) -> int:
        """End the process and what it started, and return its exit status as subprocess gives it."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            self.kill()
            with suppress(BrokenPipeError):
                self._process.stdin.close()
            os.close(self._receiving)
        return self._process.wait()


# The item's side.


def serve(sending: str, parent: str) -> None:
    """Run the items that standard input names, a line each, and write a line for each to the descriptor `sending`."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal_with_parent(signal.SIGKILL, int(parent))
    os.set_inheritable(int(sending), False)  # a child of the item must not keep the line open
    logging.getLogger().addHandler(logging.NullHandler())  # else warnings of libraries would go to the terminal
    try:
        while select.select([sys.stdin], [], [], MAX_IDLE_SECONDS)[0] and (line := sys.stdin.buffer.readline()):
            message = _answer_to(json.loads(line))
            while message:
                message = message[os.write(int(sending), message) :]
    except KeyboardInterrupt:
        os._exit(128 + signal.SIGTERM)


def _answer_to(request: dict[str, Any]) -> bytes:
    try:
        return json.dumps({"value": function_named(request["function"])(request["argument"])}).encode() + b"\n"
    except MorgueError as error:
        failure, trace = str(error), ""
    except Exception as error:  # noqa: BLE001 it is reported by the parent
        failure, trace = f"{type(error).__name__}: {error}", "".join(traceback.format_exception(error))
    return json.dumps({"failure": failure, "trace": trace[-MAX_TRACE_CHARS:]}).encode() + b"\n"


def function_named(name: str) -> Any:
    """Return the function that "package.module:function" names. Raises ImportError, AttributeError."""
    module, _, function = name.partition(":")
    return getattr(import_module(module), function)
