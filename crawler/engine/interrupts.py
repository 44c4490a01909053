"""Listen for SIGINT and SIGTERM during a run: the first one stops it cleanly, a second one at once."""

from __future__ import annotations

import atexit
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pipelines.core.errors import INTERRUPTED

# A terminal sends one Ctrl-C to all processes, and `timeout`, `make` or a shell may pass it on: one wish, two signals.
ECHO_SECONDS = 1.0
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interrupts(stop: Callable[[], object], stop_at_once: Callable[[], object]) -> Iterator[None]:
    """Call `stop` at the first signal, and `stop_at_once` at one that comes later than an echo of the first would."""
    import asyncio  # 20 ms that `morgue --help` need not pay

    loop = asyncio.get_running_loop()
    first: list[float] = []  # when the first signal came

    def on_signal() -> None:
        if not first:
            first.append(loop.time())
            stop()
        elif loop.time() - first[0] >= ECHO_SECONDS:
            stop_at_once()

    for number in SIGNALS:
        loop.add_signal_handler(number, on_signal)
    try:
        yield
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)
            if first:  # the run is over and only its summary is left, which an echo of the signal must not cut off
                signal.signal(number, signal.SIG_IGN)


def leave_at_second_signal() -> None:
    """Ignore echoes of the signal that has just ended the command; let a later one end the process at once."""
    began = time.monotonic()

    def leave(*_: object) -> None:
        if time.monotonic() - began >= ECHO_SECONDS:
            os._exit(INTERRUPTED)

    for number in SIGNALS:
        signal.signal(number, leave)
        # Python takes its handlers away in its last moments, in which an echo would kill the process.
        atexit.register(signal.signal, number, signal.SIG_IGN)
