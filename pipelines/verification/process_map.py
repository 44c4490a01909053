"""Run calls in several processes at once and take each answer as it comes. Time is not limited: a disk may be slow."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from pipelines.core.worker_pool import WorkerFailure, WorkerPool

MAX_SECONDS = 1e7  # seconds
MAX_MEMORY_BYTES = 8 << 30  # bytes of address space: a WARC record may have 1 GiB, and several copies are held

Call = tuple[Callable[..., Any], tuple[Any, ...]]  # a function that can be imported by name, and its arguments


async def in_parallel(calls: Iterable[Call], jobs: int, take: Callable[[Any], object], *,
                      died: Callable[[Call, WorkerFailure], Any]) -> None:  # fmt: skip
    """Run `calls` in `jobs` processes, and pass the answer of each to `take`, in no particular order.

    died: returns the answer to take for a call whose process was killed or crashed. Raises what a call raises; the
    other calls are stopped then, as they are by Ctrl-C.
    """
    workers = WorkerPool(
        jobs, seconds=MAX_SECONDS, cpu_seconds=MAX_SECONDS, memory=MAX_MEMORY_BYTES, rss=MAX_MEMORY_BYTES
    )
    queue, running = iter(calls), set[asyncio.Task[Any]]()

    async def done_by(call: Call) -> Any:
        try:
            return await workers.run(call[0], *call[1])
        except WorkerFailure as overrun:
            return died(call, overrun)

    try:
        while True:
            while len(running) <= jobs and (call := next(queue, None)) is not None:
                running.add(asyncio.create_task(done_by(call)))
            if not running:
                break
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                take(task.result())
    except BaseException:  # calls in flight are of no use now
        workers.kill()
        raise
    await workers.close()
