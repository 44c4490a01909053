"""Run items in processes of this machine, as many at once as there are CPUs."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice

from crawler.work.item_process import ItemFailed, ItemProcesses
from crawler.work.values import RAISED, WorkItem, WorkPlace, WorkResult
from pipelines.core.worker_pool import available_cpus


def run_in_processes(items: Iterator[WorkItem], place: WorkPlace) -> Generator[WorkResult, None, None]:
    """Yield the results of items as they come. Items are taken as processes become free."""
    workers = place.workers or available_cpus()
    processes = ItemProcesses()
    # Threads only wait here, one for each process.
    with ThreadPoolExecutor(workers, thread_name_prefix="item") as threads:
        running: set[Future[WorkResult]] = set()
        try:
            while True:
                for item in islice(items, workers - len(running)):
                    running.add(threads.submit(_result_of, item, place.attempts, processes))
                if not running:
                    return
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        finally:
            processes.end()


def _result_of(item: WorkItem, attempts: int, processes: ItemProcesses) -> WorkResult:
    """Run an item until it has a result, at most so many times."""
    attempt = 0
    while True:
        attempt += 1
        try:
            return WorkResult(item, processes.run(item.function, item.argument, item.seconds), attempts=attempt)
        except ItemFailed as failed:
            if failed.failure.why == RAISED or attempt >= attempts or processes.ended:
                return WorkResult(item, failure=failed.failure, attempts=attempt)
