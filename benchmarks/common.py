"""Share what every benchmark needs: a sealed-off network, the `morgue` command, a measured child process, a table.

Nothing here knows what is being measured.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the packages of this checkout, and tests.support
SKIPPED = 77  # automake's convention for "could not be tried here", neither passed nor failed
SEALED = "NEWSMORGUE_BENCH_SEALED"  # set for the copy of the program that runs inside the namespace
TICK = os.sysconf("SC_CLK_TCK")
MB = 1_000_000


# -- a network with nobody in it ------------------------------------------------------------------------


def skip(reason: str) -> NoReturn:
    """End the program: this machine cannot run it, and that is no verdict about the product."""
    print(f"SKIPPED: {reason}")
    sys.exit(SKIPPED)


def seal(*, required: bool) -> bool:
    """Start this program again inside its own network and mount namespace; True for the copy inside.

    Inside there is no interface but loopback, so neither a bug of ours nor a tool that phones home when first
    used can send a packet out. The pid namespace makes every process we leave behind die with us.
    """
    if os.environ.get(SEALED):
        bring_up_loopback()
        return True
    flags = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    for command in (["unshare", *flags], ["unshare", "-r", *flags]):
        if shutil.which("unshare") and subprocess.run([*command, "true"], capture_output=True).returncode == 0:
            os.environ[SEALED] = "1"
            sys.stdout.flush()
            os.execvp(command[0], [*command, sys.executable, *sys.argv])
    if required:
        skip("unshare --net --mount is not permitted here (needs root or unprivileged user namespaces)")
    print("note: no network namespace here; the server is on loopback, but the tools could reach the internet")
    return False


def bring_up_loopback() -> None:
    """`ip link set lo up` without iproute2, which small containers lack."""
    get_flags, set_flags, up = 0x8913, 0x8914, 0x1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sH14x", b"lo", 0)
        (flags,) = struct.unpack_from("H", fcntl.ioctl(sock, get_flags, request), 16)
        fcntl.ioctl(sock, set_flags, struct.pack("16sH14x", b"lo", flags | up))


def name_hosts(hosts: Iterable[str], folder: Path, elsewhere: Mapping[str, str] = MappingProxyType({})) -> None:
    """Let every host of `hosts` be 127.0.0.1, and those of `elsewhere` the address given, for this mount namespace."""
    if not os.environ.get(SEALED):
        raise RuntimeError("refusing to touch /etc/hosts outside a namespace")
    table = folder / "hosts"
    addresses = dict.fromkeys(("localhost", *sorted(set(hosts))), "127.0.0.1") | dict(elsewhere)
    table.write_text("".join(f"{address} {host}\n" for host, address in addresses.items()))
    done = subprocess.run(["mount", "--bind", str(table), "/etc/hosts"], capture_output=True, text=True)
    if done.returncode:
        skip(f"cannot put our own /etc/hosts in place: {done.stderr.strip()}")


@contextlib.contextmanager
def workshop(keep: str | None = None) -> Iterator[Path]:
    """Yield a folder for the run: a temporary one, or the one the user wants to look into afterwards."""
    if keep:
        folder = Path(keep).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            sys.exit(f"--keep {keep}: not empty; an old archive in it would count as this run's work")
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="newsmorgue-bench-", ignore_cleanup_errors=True) as name:
        yield Path(name)


# -- morgue ---------------------------------------------------------------------------------------------


def morgue_command() -> list[str]:
    """Return the `morgue` beside this Python; else the package of this checkout."""
    beside = Path(sys.executable).parent / "morgue"
    return [str(beside)] if beside.exists() else [sys.executable, "-m", "crawler"]


def morgue_env(**extra: str) -> dict[str, str]:
    """Return the environment of a `morgue` run: this checkout's packages, and no archive but the one we name."""
    env = {key: value for key, value in os.environ.items() if key != "MORGUE_ARCHIVE"}
    return {**env, "PYTHONPATH": str(ROOT), **extra}


def morgue_lacks(*commands: str) -> str | None:
    """Return why `morgue` with these commands does not run here (a half-built checkout); None if it does."""
    for command in ("init", "crawl", *commands):
        help_of = [*morgue_command(), command, "--help"]
        done = subprocess.run(help_of, env=morgue_env(), capture_output=True, text=True)
        if done.returncode:
            lines = (done.stderr or done.stdout).strip().splitlines()
            return f"`morgue {command}` does not run here: {lines[-1] if lines else 'no message'}"
    return None


def need_morgue(*commands: str) -> None:
    if reason := morgue_lacks(*commands):
        skip(reason)


def new_archive(folder: Path, name: str = "archive") -> Path:
    """`morgue init` in `folder`/`name`."""
    archive = folder / name
    command = [*morgue_command(), "init", str(archive), "--contact", "benchmark@example.org"]
    done = subprocess.run(command, env=morgue_env(), capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"morgue init failed ({done.returncode}): {(done.stderr or done.stdout).strip()[-500:]}")
    return archive


def crawl_command(archive: Path, *what: str, delay: float = 0) -> list[str]:
    """`morgue crawl`, as fast as one request at a time per host goes, and allowed to visit loopback."""
    settings = (f"crawl.delay={delay:g}", "crawl.allow_private_ips=true", "crawl.pages_per_host=1000000")
    options = [word for setting in settings for word in ("-s", setting)]
    return [*morgue_command(), "-C", str(archive), "crawl", *what, "--quiet", *options]


# -- a child process, measured --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sample:
    """Hold the memory of a process group at one moment."""

    at: float  # seconds since the start
    main: int  # RSS of the process we started, bytes
    others: tuple[int, ...]  # RSS of each other process of its session


@dataclass(frozen=True, slots=True)
class Run:
    """One finished child process with everything it started."""

    code: int  # exit code; negative if a signal ended it
    wall: float  # seconds
    cpu: float  # seconds of user and system time, whole process tree
    peak: int  # largest sum of RSS over the tree; shared pages count once per process
    output: str  # end of what it printed (stdout and stderr)
    timed_out: bool
    samples: tuple[Sample, ...] = field(repr=False)


def measure(
    command: Sequence[str],
    *,
    folder: Path,
    env: dict[str, str] | None = None,
    timeout: float = 600,
    stdout: Path | None = None,
    cores: set[int] | None = None,
    every: float = 0.1,
) -> Run:
    """Run `command` in a session of its own, watch its memory, and account for its processor time."""
    log = folder / "child.log"
    with log.open("wb") as logged, (stdout or log).open("ab") as out:
        started = time.monotonic()
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=logged,
            env=env,
            cwd=folder,
            start_new_session=True,
            preexec_fn=(lambda: os.sched_setaffinity(0, cores)) if cores else None,
        )
        watch = Watch(child.pid, started, timeout, every)
        watch.start()
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        watch.stop()
    end_session(child.pid)
    # wait4 counts only descendants that their parents waited for; the samples also saw the abandoned ones.
    cpu = max(usage.ru_utime + usage.ru_stime, watch.cpu())
    tail = log.read_bytes()[-4000:].decode("utf-8", "replace")
    # Not ru_maxrss: a forked child starts with our own size on its account.
    return Run(child.returncode, wall, cpu, watch.peak, tail, watch.timed_out, tuple(watch.samples))


class Watch(threading.Thread):
    """Looks at /proc now and then; ends the session when its time is over."""

    def __init__(self, session: int, started: float, timeout: float, every: float) -> None:
        super().__init__(daemon=True)
        self.session, self.started, self.timeout, self.every = session, started, timeout, every
        self.samples: list[Sample] = []
        self.ticks: dict[int, int] = {}
        self.peak = 0
        self.timed_out = False
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(self.every):
            at = time.monotonic() - self.started
            rss = {}
            for pid, ticks, memory in session_processes(self.session):
                rss[pid] = memory
                self.ticks[pid] = ticks
            self.peak = max(self.peak, sum(rss.values()))
            others = tuple(memory for pid, memory in sorted(rss.items()) if pid != self.session)
            self.samples.append(Sample(at, rss.get(self.session, 0), others))
            if at > self.timeout and not self.timed_out:
                self.timed_out = True
                end_session(self.session)

    def cpu(self) -> float:
        return sum(self.ticks.values()) / TICK

    def stop(self) -> None:
        self.ended.set()
        self.join()


def session_processes(session: int) -> list[tuple[int, int, int]]:
    """(pid, clock ticks of user and system time, RSS in bytes) of every live process of a session."""
    found = []
    page = os.sysconf("SC_PAGE_SIZE")
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        with contextlib.suppress(OSError, ValueError, IndexError):
            # The name in brackets may hold spaces: count the fields from behind it (proc(5), /proc/pid/stat).
            fields = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == session and fields[0] != "Z":
                found.append((int(entry), int(fields[11]) + int(fields[12]), int(fields[21]) * page))
    return found


def end_session(session: int, how: int = signal.SIGKILL) -> int:
    """Signal whatever still lives of a session that we started; say how many that were."""
    alive = session_processes(session)
    for pid, _, _ in alive:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, how)
    return len(alive)


# -- what is printed ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Check:
    """One sentence of a verdict."""

    name: str
    passed: bool | None  # None: told for information, decides nothing
    detail: str


def show_checks(checks: Sequence[Check]) -> bool:
    """Print the verdict line by line; True if nothing failed."""
    mark = {True: "ok", False: "FAILED", None: "info"}
    show_table(("check", "", "what was seen"), [(check.name, mark[check.passed], check.detail) for check in checks])
    return all(check.passed is not False for check in checks)


def show_table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a plain table; columns of figures to the right, words to the left."""
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    figures = [all(map(is_figure, column[1:])) for column in zip(*cells, strict=True)]
    for number, row in enumerate(cells):
        parts = [c.rjust(w) if right else c.ljust(w) for c, w, right in zip(row, widths, figures, strict=True)]
        print("  ".join(parts).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))


def is_figure(cell: str) -> bool:
    return cell.lstrip("+-").replace(".", "").isdigit()


def spread(values: Sequence[float], form: Callable[[float], str] = "{:.1f}".format) -> str:
    """`median (least-most)`."""
    if not values:
        return "-"
    middle = form(statistics.median(values))
    return middle if len(values) == 1 else f"{middle} ({form(min(values))}-{form(max(values))})"


def write_json(path: str | None, data: Any) -> None:
    """Write the same figures for a program; `-` is stdout."""
    if path == "-":
        print(json.dumps(data, indent=1, ensure_ascii=False))
    elif path:
        Path(path).write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
