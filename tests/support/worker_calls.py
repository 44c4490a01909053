"""Hold functions that tests let worker processes call: at module level, so that they can be pickled."""

from __future__ import annotations

import os
import time
from typing import NoReturn


def double(number: int) -> int:
    """Return twice the number, after a millisecond."""
    time.sleep(0.001)
    return 2 * number


def take_a_second() -> str:
    """Return "done" after a second: a call, or a start-up, that takes a while."""
    time.sleep(1.0)
    return "done"


def burn_cpu() -> NoReturn:
    """Use the processor for ever."""
    while True:
        pass


def fill_memory() -> int:
    """Ask for ten gigabytes, a megabyte at a time."""
    return len([bytes(1_000_000) for _ in range(10_000)])


class UnpicklableError(Exception):
    """Raise what cannot be made again from its arguments, as unpickling would."""

    def __init__(self, one: str, two: int) -> None:
        super().__init__(one)


def raise_unpicklable_error() -> NoReturn:
    """Raise an error that cannot be sent from one process to another."""
    raise UnpicklableError("strange", 2)


def raise_key_error() -> NoReturn:
    """Raise an error that can be sent."""
    raise KeyError("missing")


def return_function() -> object:
    """Return a value that cannot be pickled."""
    return lambda: None


def print_noise() -> int:
    """Write to standard output, and return the process's id."""
    print("noise on standard output")
    os.write(1, b"more noise\n")
    return os.getpid()
