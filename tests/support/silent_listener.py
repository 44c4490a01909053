"""Listen where nobody may connect, and keep who did."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True)
class SilentListener:
    """Hold the port, and the first bytes of each connection."""

    port: int
    met: list[bytes] = field(default_factory=list)


@contextmanager
def silent_listener() -> Iterator[SilentListener]:
    """Listen on loopback while the block runs. A connection counts even if it says nothing, as a preconnect does."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        listener = SilentListener(door.getsockname()[1])
        threading.Thread(target=_keep, args=(door, listener.met), daemon=True).start()
        yield listener
        door.shutdown(socket.SHUT_RDWR)


def _keep(door: socket.socket, met: list[bytes]) -> None:
    while True:
        try:
            connection, _ = door.accept()
        except OSError:
            return
        with connection:
            connection.settimeout(1)
            met.append(b"connected")
            try:
                met[-1] += b": " + connection.recv(1000)
            except OSError:
                continue
