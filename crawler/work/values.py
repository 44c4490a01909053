"""Define what is run, where it runs, and what comes of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipelines.core.errors import ConfigError

MAX_ATTEMPTS = 3  # how often an item is run whose process died or was too slow
MAX_PARTS = 1_000_000

# Why an item failed.
RAISED, DIED, TIMED_OUT = "raised", "died", "timed out"


@dataclass(frozen=True, slots=True)
class WorkItem:
    """Name one piece of work."""

    number: int  # its place among all items, from 0
    function: str  # "package.module:function"
    argument: Any  # JSON-able
    seconds: float = math.inf  # wall seconds it may take at once; longer means that it hangs
    near: tuple[str, ...] = ()  # addresses of the workers of a cluster that are to have it; none: any


@dataclass(frozen=True, slots=True)
class WorkFailure:
    """Say why an item has no result."""

    why: str  # "raised", "died" or "timed out"
    detail: str  # one line
    trace: str = ""  # of an exception that the function does not expect, for a log

    def __str__(self) -> str:
        return self.detail if self.why == RAISED else f"{self.why} ({self.detail})"


@dataclass(frozen=True, slots=True)
class WorkResult:
    """Hold what came of an item: a value, or a failure."""

    item: WorkItem
    value: Any = None  # JSON-able
    failure: WorkFailure | None = None
    attempts: int = 1  # how often it was run


@dataclass(frozen=True, slots=True)
class WorkPart:
    """Say which items this process runs: `number`, `number + count`, and so on."""

    number: int  # from 0
    count: int

    @classmethod
    def parsed(cls, text: str) -> WorkPart:
        """Return the part that `--part K/N` names. Raises ConfigError."""
        number, _, count = text.partition("/")
        if number.isdecimal() and count.isdecimal() and int(number) < int(count) <= MAX_PARTS:
            return cls(int(number), int(count))
        cure = "say K/N with K from 0 to N-1, such as 0/4, 1/4, 2/4, 3/4 for four processes"
        raise ConfigError(f"--part {text}", "is not a part", cure)

    def has(self, number: int) -> bool:
        """Return True if the item with this number belongs to this part."""
        return number % self.count == self.number


@dataclass(frozen=True, slots=True)
class WorkPlace:
    """Say where items run. Without `on` they run in processes of this machine."""

    on: str = ""  # address of a Dask scheduler: tcp://127.0.0.1:8786, tls://HOST:PORT
    part: WorkPart | None = None
    workers: int = 0  # processes of this machine; 0: one for each CPU
    attempts: int = MAX_ATTEMPTS
    # A Dask cluster may lose an item without a word. It is run again elsewhere this long after its time was over.
    lost_after_seconds: float = 60.0


OnBegin = Callable[[WorkItem, str], None]  # item, address of the worker
SecondsOfItem = Callable[[Any], float]  # argument -> wall seconds that the item may take
