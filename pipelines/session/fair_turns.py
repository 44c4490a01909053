"""Let tasks of several sources take turns, so that one whose tasks are many or slow delays the others little.

Of the sources that wait, the one that has used the least time comes next, as in start-time fair queueing (Goyal, Vin
and Cheng, 1996): while a source's slow pages are read, the others wait once, and then catch up before it goes on.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic

MAX_LEAD_SECONDS = 30.0  # that a source has used more than the others, and which they may use before it goes on


class FairTurns:
    """Let a limited number of tasks run at once. Of those that wait, the key that has used the least time is next.

    `clock` returns seconds. Of keys that have used the same time, each has one turn.
    """

    def __init__(self, tasks: int, clock: Callable[[], float] = monotonic) -> None:
        self._free, self._clock = tasks, clock
        self._waiting: dict[object, deque[asyncio.Future[None]]] = {}  # the key whose turn was longest ago comes first
        self._served_seconds = 0.0  # what the key whose turn began last had used
        self._used_seconds: dict[object, float] = {}  # by key, if it is more than `_served_seconds`
        self._last_seconds: dict[object, float] = {}  # what a key's last task took: the next is expected to be alike

    @asynccontextmanager
    async def turn(self, key: object) -> AsyncIterator[None]:
        """Wait for a turn of this key, and have it until the block ends."""
        await self._begin(key)
        began, expected = self._clock(), self._last_seconds.get(key, 0.0)
        self._charge(key, expected)
        try:
            yield
        finally:
            self._last_seconds[key] = self._clock() - began
            self._charge(key, self._last_seconds[key] - expected)
            self._pass_on()

    async def _begin(self, key: object) -> None:
        if self._free > 0:
            self._free -= 1
            return
        mine = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, deque()).append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():  # the turn came together with the cancellation
                self._pass_on()
            raise

    def _used(self, key: object) -> float:
        """Return the seconds that a key has used. A key that did nothing for a while gathers no claim by it."""
        return max(self._used_seconds.get(key, 0.0), self._served_seconds)

    def _charge(self, key: object, seconds: float) -> None:
        self._used_seconds[key] = min(self._used(key) + seconds, self._served_seconds + MAX_LEAD_SECONDS)

    def _pass_on(self) -> None:
        """Give a turn that ends to the next key that waits."""
        while self._waiting:
            key = min(self._waiting, key=self._used)
            line = self._waiting.pop(key)
            next_one = line.popleft()
            if line:
                self._waiting[key] = line
            if not next_one.done():  # else it was cancelled
                self._served_seconds = self._used(key)
                next_one.set_result(None)
                return
        self._free += 1
