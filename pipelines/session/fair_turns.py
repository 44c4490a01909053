"""Let tasks of several sources take turns, so that one whose tasks are many or slow delays the others by one task."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class FairTurns:
    """Let a limited number of tasks run at once. Of those that wait, each key has one in turn."""

    def __init__(self, tasks: int) -> None:
        self._free = tasks
        self._waiting: dict[object, deque[asyncio.Future[None]]] = {}  # the key whose turn is next comes first

    @asynccontextmanager
    async def turn(self, key: object) -> AsyncIterator[None]:
        """Wait for a turn of this key, and have it until the block ends."""
        await self._begin(key)
        try:
            yield
        finally:
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

    def _pass_on(self) -> None:
        """Give a turn that ends to the next key that waits."""
        while self._waiting:
            key = next(iter(self._waiting))
            line = self._waiting.pop(key)
            next_one = line.popleft()
            if line:
                self._waiting[key] = line
            if not next_one.done():  # else it was cancelled
                next_one.set_result(None)
                return
        self._free += 1
