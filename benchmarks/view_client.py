"""Ask a view over sockets, and note when its bytes come: what `view.py` measures with."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import common

TIMEOUT_SECONDS = 60
MATCHES = b'<ol class="hits"'
HEAD = ("pages", "asked", "first byte: p50", "p95", "max", "matches: p50", "p95", "last byte: p50", "p95", "max")


@dataclass(slots=True)
class Asked:
    """Hold what was measured of one kind of page, in ms."""

    kind: str
    first: list[float] = field(default_factory=list)
    matches: list[float] = field(default_factory=list)
    last: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def add(self, other: Asked) -> None:
        """Take in what another one has."""
        for name in ("first", "matches", "last", "errors"):
            getattr(self, name).extend(getattr(other, name))


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that a share of the values does not exceed; 0 if there are none."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)] if values else 0.0


def ask(asked: Asked, port: int, path: str) -> bytes:
    """Ask for a page over a connection of its own, and note when its bytes came."""
    began = time.perf_counter()
    got, first = bytearray(), 0.0
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS) as line:
            line.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
            seen = False
            while piece := line.recv(1 << 16):
                now = (time.perf_counter() - began) * 1000
                first = first or now
                got += piece
                if not seen and MATCHES in got[-len(piece) - len(MATCHES) :]:
                    seen = True
                    asked.matches.append(now)
                if len(got) > 1 << 20:  # of an export, the end is enough
                    del got[: -(1 << 12)]
    except OSError as error:
        asked.errors.append(f"{path}: {error!r}")
        return b""
    asked.first.append(first)
    asked.last.append((time.perf_counter() - began) * 1000)
    status = re.match(rb"HTTP/1\.1 (\d+)", got)
    if status and int(status[1]) not in (200, 302):
        asked.errors.append(f"{path}: {status[0].decode()}")
    return bytes(got)


@dataclass(frozen=True, slots=True)
class View:
    """Hold where a view is served."""

    port: int
    process: int

    def cpu(self) -> float:
        """Return the seconds of processor time that the server took so far."""
        return sum(ticks for _, ticks, _ in common.session_processes(self.process)) / common.TICK


@contextmanager
def view_of(archive: Path) -> Iterator[View]:
    """Serve an archive as a user does."""
    command = [*common.morgue_command(), "-C", str(archive), "serve", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=common.morgue_env(), start_new_session=True)
    try:
        assert process.stdout is not None
        found = re.search(rb":(\d+)/", process.stdout.readline())
        if not found:
            sys.exit("morgue serve does not start")
        yield View(int(found[1]), process.pid)
    finally:
        common.end_session(process.pid)
        process.wait()


def row_of(asked: Asked) -> list[str]:
    """Return a row of the table."""
    cells = [asked.kind, str(len(asked.first))]
    for values, shares in ((asked.first, (0.5, 0.95, 1)), (asked.matches, (0.5, 0.95)), (asked.last, (0.5, 0.95, 1))):
        cells += [f"{percentile(values, share):.0f}" if values else "-" for share in shares]
    return cells


def together(kind: str, found: Sequence[Asked]) -> Asked:
    """Return several kinds of pages as one."""
    whole = Asked(kind)
    for one in found:
        whole.add(one)
    return whole
