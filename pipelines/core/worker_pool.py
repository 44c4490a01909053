"""Run work that may hang, crash or eat memory in worker processes, so that one bad page costs one page.

    workers = WorkerPool(2)
    reading = await workers.run(timed_read, page)     # raises WorkerFailure, or what timed_read raises
    await workers.close()

The parent watches the wall clock; the kernel watches the CPU seconds (RLIMIT_CPU) and the address space (RLIMIT_AS). A
worker that breaks a limit is killed and replaced. Ctrl-C and SIGTERM go to the whole process group; the workers ignore
them, so that the parent can finish calls in flight. The workers end when the parent ends, however it ends.

A worker is a fresh interpreter (never a fork of a process with threads) at the other end of a socket pair; a message is
its length (8 bytes) and a pickle. For each worker one thread of the parent waits in `recv`; nothing polls.
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
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

try:
    import resource
except ImportError:  # not on Windows: there only the wall clock is watched
    resource = None  # type: ignore[assignment]

T = TypeVar("T")
logger = logging.getLogger("morgue.core")

MAX_START_SECONDS = 120.0  # wall seconds a worker may take to import and warm up, on a busy machine too
MAX_STOP_SECONDS = 2.0  # wall seconds an idle worker may take to leave when asked, before it is killed
MESSAGE_LENGTH = struct.Struct("!Q")

TIMED_OUT = "timed out"
TOO_MUCH_CPU = "used too much CPU"
TOO_MUCH_MEMORY = "used too much memory"
CRASHED = "crashed"


class WorkerFailure(Exception):
    """Report that a call was stopped, or that its process died.

    `reason` is "timed out", "used too much CPU", "used too much memory" or "crashed".
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail

    def __str__(self) -> str:
        return f"{self.reason} ({self.detail})" if self.detail else self.reason


class WorkerPool:
    """Run calls in at most `size` worker processes, which are started as they are needed.

    seconds: wall seconds a call may take. cpu_seconds: CPU seconds a call may take (whole seconds, rounded up).
    memory: bytes by which a worker's address space may grow beyond what it has when it is ready.
    calls, rss: a worker is replaced after that many calls, or once its resident memory (bytes) is above `rss`.
    warm_up: "module:function" that a worker calls before its first call, or empty; its time counts towards no limit.
    """

    def __init__(
        self,
        size: int | None = None,
        *,
        seconds: float = 20.0,
        cpu_seconds: float = 15.0,
        memory: int = 1_000_000_000,
        calls: int = 5000,
        rss: int = 300_000_000,
        warm_up: str = "",
    ) -> None:
        self.size = size or available_cpus()
        self.seconds, self.cpu_seconds, self.memory = seconds, cpu_seconds, memory
        self.calls, self.rss, self.warm_up = calls, rss, warm_up
        self._threads = ThreadPoolExecutor(self.size, thread_name_prefix="worker")
        self._lock = threading.Lock()
        # Each thread has its own worker, because a worker dies with the thread that started it (`signal_with_parent`).
        self._mine = threading.local()
        self._alive: set[_Worker] = set()
        self._closed = self._killed = False

    async def run(self, func: Callable[..., T], *args: Any) -> T:
        """Wait for an idle worker and run `func(*args)` in it. `func` must be importable by name.

        Raises what `func` raises, WorkerFailure if it was stopped or died, RuntimeError after `close` or `kill`. A
        caller that is cancelled returns at once; the call itself, if it has begun, runs to its end, and its result is
        dropped.
        """
        if self._closed:
            raise RuntimeError("these workers are closed")
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._call, func, args)

    async def close(self) -> None:
        """Let every accepted call finish, then end the workers."""
        self._closed = True
        # This runs in its own thread: the loop must stay free to take the results of the calls that are finishing.
        await asyncio.to_thread(self._threads.shutdown)
        await asyncio.to_thread(self._send_home)

    def kill(self) -> None:
        """Stop everything now. Calls in flight end as WorkerFailure("crashed"), waiting ones as cancelled."""
        self._closed = self._killed = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            for worker in self._alive:
                worker.process.kill()

    def _call(self, func: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        """Make one call, in one of the pool's threads, by that thread's own worker.

        The call is pickled here, so that calls that wait for a worker do not hold their arguments twice.
        """
        message = pickle.dumps((func, args), pickle.HIGHEST_PROTOCOL)
        worker: _Worker | None = self._mine.__dict__.pop("worker", None)
        if worker is None:
            worker = _Worker(self)
            logger.debug("worker process %(worker)d is ready", {"worker": worker.process.pid})
            with self._lock:
                self._alive.add(worker)
                if self._killed:  # while this one was starting
                    worker.process.kill()
        try:
            worker.send(message, self.seconds)
            del message  # a page may be large, and reading it takes long
            outcome, value, rss = worker.answer()
        except WorkerFailure as failure:
            if not self._killed:
                logger.warning("a worker process %(why)s; another takes its place", {"why": failure})
            self._forget(worker)
            raise
        if outcome == "overrun" or worker.calls >= self.calls or rss > self.rss:
            why = {"calls": worker.calls, "rss": rss, "outcome": outcome}
            logger.debug("worker replaced (calls: %(calls)d, bytes: %(rss)d, last call: %(outcome)s)", why)
            worker.leave()
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

    def _send_home(self) -> None:
        for worker in list(self._alive):
            worker.leave()
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
                stdout=subprocess.DEVNULL,  # a stray print must not land in the rows that `morgue extract` prints
            )
        try:
            _receive(ours, MAX_START_SECONDS)
        except (TimeoutError, EOFError, OSError) as error:
            raise WorkerFailure(CRASHED, f"a worker process did not start: {self._end()}") from error

    def send(self, message: bytes, seconds: float) -> None:
        """Send one call, which has so many seconds until its answer."""
        self.calls += 1
        self.deadline = time.monotonic() + seconds
        with self._failures():
            _send(self.socket, message, seconds)

    def answer(self) -> tuple[str, Any, int]:
        """Wait for the answer to the call: (returned | raised | overrun, value, resident bytes)."""
        with self._failures():
            answer = _receive(self.socket, self.deadline - time.monotonic())
        return pickle.loads(answer)  # noqa: S301 our own child's

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """Raise WorkerFailure for a worker that is too slow or gone."""
        try:
            yield
        except TimeoutError:
            self._end()
            raise WorkerFailure(TIMED_OUT, f"{self.seconds:g} s") from None
        except (EOFError, OSError):
            raise self._diagnosis() from None

    def _diagnosis(self) -> WorkerFailure:
        """Return the failure that a worker died of, by its exit status."""
        status = self._end(grace=MAX_STOP_SECONDS)
        if status == -getattr(signal, "SIGXCPU", 0):
            return WorkerFailure(TOO_MUCH_CPU)
        return WorkerFailure(CRASHED, f"signal {-status}" if status < 0 else f"exit status {status}")

    def leave(self) -> None:
        """Close the line, so that the worker ends, and wait for it."""
        self._end(grace=MAX_STOP_SECONDS)

    def _end(self, grace: float = 0.0) -> int:
        """Close the line, wait `grace` seconds, kill, and return the exit status as subprocess gives it."""
        self.socket.close()
        try:
            return self.process.wait(grace)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


class _SignalsHeld:
    """Block SIGINT and SIGTERM in this thread, and in a process that it starts, while the context lasts.

    This closes the gap between a child's exec and the moment when it ignores them itself.
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


def _receive(line: socket.socket, seconds: float | None = None) -> bytearray:
    """Return the next message; EOFError if the other side has gone, TimeoutError after `seconds` without any byte."""
    line.settimeout(seconds if seconds is None else max(seconds, 0.001))
    (length,) = MESSAGE_LENGTH.unpack(_receive_exactly(line, MESSAGE_LENGTH.size))
    return _receive_exactly(line, length)


def _receive_exactly(line: socket.socket, length: int) -> bytearray:
    message = bytearray(length)
    view, done = memoryview(message), 0
    while done < length:
        got = line.recv_into(view[done:])
        if not got:
            raise EOFError
        done += got
    return message


def available_cpus() -> int:
    """Return how many CPUs this process may use, at least 1."""
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
    # Not even a call that never returns outlives its parent.
    signal_with_parent(signal.SIGKILL, os.getppid())
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
            os._exit(0)  # the parent does not listen any more; there is nothing to tidy up


def _answer(message: bytearray) -> bytes:
    """Run one call and return its outcome as a pickle. Empty `message`, which the caller holds meanwhile."""
    try:
        func, args = pickle.loads(message)  # noqa: S301 our own parent's
        message.clear()
        outcome, value = "returned", func(*args)
    except MemoryError:
        outcome, value = "overrun", TOO_MUCH_MEMORY
    except BaseException as error:  # noqa: BLE001 it is raised again, on the other side
        outcome, value = "raised", _portable(error)
    try:
        return pickle.dumps((outcome, value, _resident()), pickle.HIGHEST_PROTOCOL)
    except MemoryError:
        return pickle.dumps(("overrun", TOO_MUCH_MEMORY, 0))
    except Exception as error:  # noqa: BLE001 a value that cannot be pickled is the function's mistake
        return pickle.dumps(("raised", _portable(error), 0))


def _portable(error: BaseException) -> BaseException:
    """Return `error` with its traceback as a note, or a RuntimeError if it cannot be pickled."""
    error.add_note("".join(traceback.format_exception(error)))
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 the round trip is the test
    except Exception:  # noqa: BLE001 any failure means the same
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def signal_with_parent(number: int, parent: int) -> None:
    """Ask Linux for this signal when the parent's thread ends; send it now if `parent` (a pid) has ended already."""
    if sys.platform != "linux":
        return  # on other systems an idle worker sees the line close, and a busy one meets its CPU limit
    import ctypes

    ctypes.CDLL(None).prctl(1, number)  # PR_SET_PDEATHSIG, <linux/prctl.h>
    if os.getppid() != parent:
        os.kill(os.getpid(), number)


def _limit_memory(growth: int) -> None:
    """Let the address space grow by `growth` bytes from now on; beyond that, malloc fails."""
    try:
        with open("/proc/self/statm") as file:
            now = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (now + growth, now + growth))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a killed worker leaves no core file in the archive
    except (AttributeError, OSError, ValueError):
        pass  # no /proc, or no such limit (macOS): only the replacement by resident memory is left


def _limit_cpu(seconds: float) -> None:
    """Let SIGXCPU kill this process once it has used `seconds` more CPU seconds than now."""
    try:
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time() + seconds), hard))
    except (AttributeError, OSError, ValueError):
        pass


def _resident() -> int:
    """Return the resident bytes of this process now (Linux), else the most it ever had."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        if resource is None:
            return 0
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
