"""Run calls in several processes at once and take the results as they come. There is no time limit: disks are slow."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from pipelines.core.worker_pool import WorkerFailure, WorkerPool

MAX_SECONDS = 1e7  # of one call
MAX_MEMORY_BYTES = 8 << 30  # of address space: a WARC record may have 1 GiB, and there are several copies of it

Call = tuple[Callable[..., Any], tuple[Any, ...]]  # a function that can be imported by name, and its arguments


async def in_parallel(calls: Iterable[Call], jobs: int, on_result: Callable[[Any], object], *,
                      result_of_failure: Callable[[Call, WorkerFailure], Any]) -> None:  # fmt: skip
    """Run `calls` in `jobs` processes. `on_result` is called with each result, in any order.

    `result_of_failure(call, failure)`: returns the result of a call whose process was killed or crashed. Raises what a
    call raises; then, as after Ctrl-C, the other calls are stopped.
    """
    workers = WorkerPool(
        jobs, seconds=MAX_SECONDS, cpu_seconds=MAX_SECONDS, memory=MAX_MEMORY_BYTES, rss=MAX_MEMORY_BYTES
    )
    queue, running = iter(calls), set[asyncio.Task[Any]]()

    async def done_by(call: Call) -> Any:
        try:
            return await workers.run(call[0], *call[1])
        except WorkerFailure as overrun:
            return result_of_failure(call, overrun)

    try:
        while True:
            while len(running) <= jobs and (call := next(queue, None)) is not None:
                running.add(asyncio.create_task(done_by(call)))
            if not running:
                break
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                on_result(task.result())
    except BaseException:  # results of running calls are of no use any more
        workers.kill()
        raise
    await workers.close()
