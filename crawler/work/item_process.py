"""Run one item in a process of its own, which costs nobody else anything if it dies, hangs or leaks memory.

The process leads a session of its own: Ctrl-C at the terminal reaches only the parent, which tells its items to end by
SIGTERM. In the item that is a KeyboardInterrupt. The item and its own children end when the parent ends, however it
ends.
"""

from __future__ import annotations

import json
import math
import os
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
    """Run items in processes, and end those that run. Used by several threads, each of which runs one at a time."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self.ended = False

    def run(self, function: str, argument: Any, seconds: float = math.inf) -> Any:
        """Return the value of `function(argument)`. Raises ItemFailed.

        The thread that calls must live until the value is there: the process ends with it.
        """
        receiving, sending = os.pipe()
        try:
            try:
                process = self._start(sending)
            finally:
                os.close(sending)
            try:
                answer = _conversation(process, receiving, function, argument, seconds)
            finally:
                _kill_group(process)
                with self._lock:
                    self._running.discard(process)
            return _value_of(answer, process.returncode)
        finally:
            os.close(receiving)

    def _start(self, sending: int) -> subprocess.Popen[bytes]:
        here = str(Path(__file__).resolve().parents[2])
        with self._lock:
            if self.ended:
                raise ItemFailed(DIED, "interrupted")
            process = subprocess.Popen(
                [sys.executable, "-c", CODE, str(sending), str(os.getpid()), here, *sys.path],
                pass_fds=[sending],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,  # of the parent's command alone
                start_new_session=True,
            )
            self._running.add(process)
        return process

    def end(self, grace: float = END_SECONDS) -> None:
        """Tell running items to end, wait for them, and kill those that do not. Nothing is started any more."""
        with self._lock:
            self.ended = True
            running = list(self._running)
        for process in running:
            process.terminate()
        until = time.monotonic() + grace
        while time.monotonic() < until and self._running.intersection(running):
            time.sleep(END_POLL_SECONDS)  # the threads that run them see them end
        with self._lock:
            for process in self._running:
                process.kill()


def _conversation(
    process: subprocess.Popen[bytes], receiving: int, function: str, argument: Any, seconds: float
) -> bytearray:
    """Send what is to be done, and return what the process answers before it ends. Raises ItemFailed."""
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # it died at once: its exit status says more
        process.stdin.write(json.dumps({"function": function, "argument": argument}).encode())
        process.stdin.close()
    answer, until = bytearray(), time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        selector.register(receiving, selectors.EVENT_READ)
        while True:
            left = until - time.monotonic()
            if left <= 0 or not selector.select(None if left == math.inf else min(left, threading.TIMEOUT_MAX)):
                if time.monotonic() < until:
                    continue
                raise ItemFailed(TIMED_OUT, f"no end after {seconds:,.0f} s")
            data = os.read(receiving, READ_BYTES)
            if not data:
                return answer
            answer += data
            if len(answer) > MAX_RESULT_BYTES:
                raise ItemFailed(RAISED, f"its result has more than {MAX_RESULT_BYTES:,} bytes")


def _value_of(answer: bytearray, status: int) -> Any:
    """Return the value in an answer. Raises ItemFailed for an answer without one, and for one that is cut off."""
    try:
        told = json.loads(answer)
    except ValueError:
        raise ItemFailed(DIED, f"signal {-status}" if status < 0 else f"exit status {status}") from None
    if "failure" in told:
        raise ItemFailed(RAISED, told["failure"], told["trace"])
    return told["value"]


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """End a process and what it started. It is not waited for before, so that its number is not another's."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


# The item's side.


def serve(sending: str, parent: str) -> None:
    """Run the item that standard input names, and write its value or failure to the descriptor `sending`."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal_with_parent(signal.SIGKILL, int(parent))
    os.set_inheritable(int(sending), False)  # a child of the item must not keep the line open
    request = json.loads(sys.stdin.buffer.read())
    try:
        answer = {"value": function_named(request["function"])(request["argument"])}
        message = json.dumps(answer).encode()
    except KeyboardInterrupt:
        os._exit(128 + signal.SIGTERM)
    except MorgueError as error:
        message = json.dumps({"failure": str(error), "trace": ""}).encode()
    except Exception as error:  # noqa: BLE001 it is reported by the parent
        trace = "".join(traceback.format_exception(error))[-MAX_TRACE_CHARS:]
        message = json.dumps({"failure": f"{type(error).__name__}: {error}", "trace": trace}).encode()
    # The line closes when the process has ended: until then it may have things to put away.
    while message:
        message = message[os.write(int(sending), message) :]


def function_named(name: str) -> Any:
    """Return the function that "package.module:function" names. Raises ImportError, AttributeError."""
    module, _, function = name.partition(":")
    return getattr(import_module(module), function)
