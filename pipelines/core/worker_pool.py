"""Run calls that may hang, crash or use too much memory in worker processes: a bad page costs only itself.

    workers = WorkerPool(2)
    reading = await workers.run(timed_read, page)     # raises WorkerFailure, or what timed_read raises
    await workers.close()

The parent limits the wall clock time; the kernel limits CPU seconds (RLIMIT_CPU) and address space (RLIMIT_AS). A
worker that breaks a limit is killed and replaced. Ctrl-C and SIGTERM go to the whole process group. The workers ignore
them, so that the parent can finish running calls. They end when the parent ends, however it ends.

A worker is a fresh interpreter (never a fork of a process with threads) at the other end of a socket pair. A message is
its length (8 bytes) and a pickle. For each worker, one thread of the parent waits in `recv`; nothing polls.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

try:
    import resource
except ImportError:  # Windows has no such limits, only the wall clock time is limited there
    resource = None  # type: ignore[assignment]

T = TypeVar("T")
logger = logging.getLogger("morgue.core")

MAX_START_SECONDS = 120.0  # wall clock time for a worker to import and warm up, also on a busy machine
MAX_STOP_SECONDS = 2.0  # wall clock time for an idle worker to end, before it is killed
MESSAGE_LENGTH = struct.Struct("!Q")

TIMED_OUT = "timed out"
TOO_MUCH_CPU = "used too much CPU"
TOO_MUCH_MEMORY = "used too much memory"
CRASHED = "crashed"


class WorkerFailure(Exception):
    """Raised if a call was stopped, or its process died.

    `reason` is "timed out", "used too much CPU", "used too much memory" or "crashed".
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail

    def __str__(self) -> str:
        return f"{self.reason} ({self.detail})" if self.detail else self.reason


class WorkerPool:
    """Run calls in at most `size` worker processes, which are started when they are needed.

    seconds, cpu_seconds: wall clock and CPU time that a call may take (CPU: whole seconds, rounded up).
    memory: bytes by which a worker's address space may grow beyond what it has when it is ready.
    calls, rss: a worker is replaced after that many calls, or once its resident memory (bytes) is above `rss`.
    warm_up: "module:function" that a worker calls before its first call, or empty. Its time is not limited.
    """

    def __init__(
        self,
        size: int | None = None,
        *,
        seconds: float = 20.0,
        cpu_seconds: float = 15.0,
        memory: int = 1_000_000_000,
        calls: int = 5000,
        rss: int = 600_000_000,
        warm_up: str = "",
    ) -> None:
        self.size = size or available_cpus()
        self.seconds, self.cpu_seconds, self.memory = seconds, cpu_seconds, memory
        self.calls, self.rss, self.warm_up = calls, rss, warm_up
        self._threads = ThreadPoolExecutor(self.size, thread_name_prefix="worker")
        self._lock = threading.Lock()
        # Each thread has its own worker, because a worker dies with the thread that started it (`_die_with_parent`).
        self._mine = threading.local()
        self._alive: set[_Worker] = set()
        self._closed = self._killed = False

    async def run(self, func: Callable[..., T], *args: Any) -> T:
        """Run `func(*args)` in the next idle worker process and return its result. `func` must be importable by name.

        Raises what `func` raises, WorkerFailure if it was stopped or died, RuntimeError after `close` or `kill`. A
        caller that is cancelled returns at once; a call that has begun runs to its end, and its result is dropped.
        """
        if self._closed:
            raise RuntimeError("these workers are closed")
        message = pickle.dumps((func, args), pickle.HIGHEST_PROTOCOL)
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._call, message)

    async def close(self) -> None:
        """Finish all accepted calls, then stop the workers."""
        self._closed = True
        # In a thread of its own, because the loop must be free to take the results of the last calls.
        await asyncio.to_thread(self._threads.shutdown)
        await asyncio.to_thread(self._stop_workers)

    def kill(self) -> None:
        """Stop everything now. Running calls end as WorkerFailure("crashed"), waiting calls as cancelled."""
        self._closed = self._killed = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            for worker in self._alive:
                worker.process.kill()

    def _call(self, message: bytes) -> Any:
        """Make one call, in one of the pool's threads, by the worker of that thread."""
        worker: _Worker | None = self._mine.__dict__.pop("worker", None)
        if worker is None:
            worker = _Worker(self)
            logger.debug("worker process %(worker)d is ready", {"worker": worker.process.pid})
            with self._lock:
                self._alive.add(worker)
                if self._killed:  # `kill` was called while this worker was starting
                    worker.process.kill()
        try:
            outcome, value, rss = worker.call(message, self.seconds)
        except WorkerFailure as failure:
            if not self._killed:
                logger.warning("a worker process %(why)s; another takes its place", {"why": failure})
            self._forget(worker)
            raise
        if outcome == "overrun" or worker.calls >= self.calls or rss > self.rss:
            why = {"calls": worker.calls, "rss": rss, "outcome": outcome}
            logger.debug("worker replaced (calls: %(calls)d, bytes: %(rss)d, last call: %(outcome)s)", why)
            worker.stop()
            self._forget(worker)
        else:
            self._mine.worker = worker
        if outcome == "overrun":
            raise WorkerFailure(value)
        if outcome == "raised":
            raise value
        return value

    def _forget(self, worker: _Worker) -> None:
        with self._lock:
            self._alive.discard(worker)

    def _stop_workers(self) -> None:
        for worker in list(self._alive):
            worker.stop()
            self._forget(worker)


class _Worker:
    """Hold the parent's side of one worker process. Used by one thread at a time."""

    def __init__(self, limits: WorkerPool) -> None:
        ours, theirs = socket.socketpair()
        self.socket, self.calls = ours, 0
        code = f"from {__name__} import serve; import sys; sys.path[:] = sys.argv[4:]; serve(*sys.argv[1:4])"
        where = str(Path(__file__).resolve().parents[2])
        arguments = [str(theirs.fileno()), f"{limits.cpu_seconds}:{limits.memory}", limits.warm_up]
        self.seconds = limits.seconds
        with theirs, _SignalsHeld():
            self.process = subprocess.Popen(
                [sys.executable, "-c", f"import sys; sys.path.insert(0, {where!r}); {code}", *arguments, *sys.path],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,  # a stray print must not get between the rows that `morgue extract` prints
            )
        try:
            _receive(ours, MAX_START_SECONDS)
        except (TimeoutError, EOFError, OSError) as error:
            raise WorkerFailure(CRASHED, f"a worker process did not start: {self._end()}") from error

    def call(self, message: bytes, seconds: float) -> tuple[str, Any, int]:
        """Send one call and wait for its answer: (returned | raised | overrun, value, resident bytes)."""
        self.calls += 1
        deadline = time.monotonic() + seconds
        try:
            _send(self.socket, message, deadline - time.monotonic())
            answer = _receive(self.socket, deadline - time.monotonic())
        except TimeoutError:
            self._end()
            raise WorkerFailure(TIMED_OUT, f"{seconds:g} s") from None
        except (EOFError, OSError):
            raise self._diagnosis() from None
        return pickle.loads(answer)  # noqa: S301 our own child's

    def _diagnosis(self) -> WorkerFailure:
        """Return the cause of a worker's death, by its exit status."""
        status = self._end(grace=MAX_STOP_SECONDS)
        if status == -getattr(signal, "SIGXCPU", 0):
            return WorkerFailure(TOO_MUCH_CPU)
        return WorkerFailure(CRASHED, f"signal {-status}" if status < 0 else f"exit status {status}")

    def stop(self) -> None:
        """Close the line, at which an idle worker ends, and wait for it."""
        self._end(grace=MAX_STOP_SECONDS)

    def _end(self, grace: float = 0.0) -> int:
        """Close the line, wait `grace` seconds, then kill. Return the exit status as subprocess gives it."""
        self.socket.close()
        try:
            return self.process.wait(grace)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


class _SignalsHeld:
    """Hold back SIGINT and SIGTERM for this thread, and for a process that it starts.

    This closes the gap between the start of a child and the moment when it ignores these signals itself.
    """

    SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __enter__(self) -> None:
        if hasattr(signal, "pthread_sigmask"):
            self.before = signal.pthread_sigmask(signal.SIG_BLOCK, self.SIGNALS)

    def __exit__(self, *_: object) -> None:
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_SETMASK, self.before)


def _send(line: socket.socket, message: bytes, seconds: float | None = None) -> None:
    line.settimeout(seconds if seconds is None else max(seconds, 0.001))
    line.sendall(MESSAGE_LENGTH.pack(len(message)))
    line.sendall(message)


def _receive(line: socket.socket, seconds: float | None = None) -> bytes:
    """Return the next message. Raises EOFError if the other side is gone, TimeoutError after idle `seconds`."""
    line.settimeout(seconds if seconds is None else max(seconds, 0.001))
    (length,) = MESSAGE_LENGTH.unpack(_receive_exactly(line, MESSAGE_LENGTH.size))
    return _receive_exactly(line, length)


def _receive_exactly(line: socket.socket, length: int) -> bytes:
    message = bytearray(length)
    view, done = memoryview(message), 0
    while done < length:
        got = line.recv_into(view[done:])
        if not got:
            raise EOFError
        done += got
    return bytes(message)


def available_cpus() -> int:
    """Return the number of CPUs that this process may use, at least 1."""
    try:
        return len(os.sched_getaffinity(0)) or 1
    except AttributeError:  # not on macOS
        return os.cpu_count() or 1


# The worker's side.


def serve(descriptor: str, limits: str, warm_up: str) -> None:
    """Run a worker process: ignore the user's signals, warm up, answer calls, end when the line closes."""
    for number in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, number):
            signal.signal(getattr(signal, number), signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SignalsHeld.SIGNALS)
    _die_with_parent()
    cpu_seconds, memory = (float(number) for number in limits.split(":"))
    with socket.socket(fileno=int(descriptor)) as line:
        if warm_up:
            module, _, function = warm_up.partition(":")
            getattr(import_module(module), function)()
        _limit_memory(int(memory))
        try:
            _send(line, b"ready")
            while True:
                message = _receive(line)
                _limit_cpu(cpu_seconds)
                answer = _answer(message)
                _send(line, answer)
        except (EOFError, OSError):
            os._exit(0)  # the parent is gone, and there is nothing to clean up


def _answer(message: bytes) -> bytes:
    """Run one call and return its outcome as a pickle."""
    try:
        func, args = pickle.loads(message)  # noqa: S301 our own parent's
        outcome, value = "returned", func(*args)
    except MemoryError:
        outcome, value = "overrun", TOO_MUCH_MEMORY
    except BaseException as error:  # noqa: BLE001 it is raised again in the parent
        outcome, value = "raised", _portable(error)
    try:
        return pickle.dumps((outcome, value, _resident()), pickle.HIGHEST_PROTOCOL)
    except MemoryError:
        return pickle.dumps(("overrun", TOO_MUCH_MEMORY, 0))
    except Exception as error:  # noqa: BLE001 the function returned a value that cannot be pickled
        return pickle.dumps(("raised", _portable(error), 0))


def _portable(error: BaseException) -> BaseException:
    """Return an error with its traceback as a note; as a RuntimeError if it cannot be pickled."""
    error.add_note("".join(traceback.format_exception(error)))
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 the round trip is the test
    except Exception:  # noqa: BLE001 any failure means the same
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _die_with_parent() -> None:
    """On Linux, have this process killed when the parent's thread ends, even during a call that never returns."""
    if sys.platform != "linux":
        return  # elsewhere an idle worker sees the line close, and a busy worker meets its CPU limit
    import ctypes

    parent = os.getppid()
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG, <linux/prctl.h>
    if os.getppid() != parent:
        os._exit(0)


def _limit_memory(growth: int) -> None:
    """Let the address space grow by `growth` bytes from now on; beyond that malloc fails."""
    try:
        with open("/proc/self/statm") as file:
            now = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (now + growth, now + growth))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a killed worker leaves no core file in the archive
    except (AttributeError, OSError, ValueError):
        pass  # no /proc, or no such limit (macOS): then only resident memory is limited, between calls


def _limit_cpu(seconds: float) -> None:
    """Have this process killed (SIGXCPU) when it has used `seconds` more CPU seconds than now."""
    try:
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time() + seconds), hard))
    except (AttributeError, OSError, ValueError):
        pass


def _resident() -> int:
    """Return the resident bytes of this process: now (Linux), or its maximum (elsewhere)."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        if resource is None:
            return 0
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
