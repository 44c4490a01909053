"""Run a function on many items where the user says, and yield what comes of each as it comes.

    for result in map_items("crawler.lake.read_item:read_item", arguments, WorkPlace(on="tcp://127.0.0.1:8786")):
        ...                                                     # result.item, result.value or result.failure

An item whose process dies, or takes longer than its time, costs only itself: it is run again, at most
`WorkPlace.attempts` times, and then reported. An exception of the function itself is reported at once.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from typing import Any

from crawler.work.process_backend import run_in_processes
from crawler.work.values import OnBegin, SecondsOfItem, WorkItem, WorkPlace, WorkResult
from pipelines.core.errors import ConfigError


def map_items(
    function: str,
    arguments: Iterable[Any],
    place: WorkPlace,
    *,
    seconds: float | SecondsOfItem = math.inf,
    on_begin: OnBegin | None = None,
    nearness: str = "",
) -> Generator[WorkResult, None, None]:
    """Yield the result of `function` ("package.module:function") for each argument, in the order in which they end.

    Arguments are taken as there is room for them. `seconds`: wall seconds an item may take, or how to tell it from its
    argument. `on_begin`: called when a worker of a cluster begins an item. `nearness`: name of a function that each
    worker of a cluster is asked once, with all arguments; it returns a number for each, and the workers with the
    highest number get the item, as long as they live. If the caller closes the iterator or is interrupted, running
    items are told to end. Raises ConfigError for a place that is refused, MorgueError if the scheduler is gone.
    """
    check_place(place)
    items = items_of(function, arguments, place, seconds)
    if place.on:
        from crawler.work.dask_backend import run_on_dask  # without it, nothing of Dask is imported

        results = run_on_dask(items, place, on_begin, nearness)
    else:
        results = run_in_processes(items, place)
    with closing(results):
        yield from results


def check_place(place: WorkPlace) -> None:
    """Raise ConfigError if a place is not allowed, before anything begins."""
    if place.on and place.part is not None:
        raise ConfigError("--on and --part", "exclude each other", "a cluster deals out the items by itself")
    if place.on and place.workers:
        raise ConfigError(
            "--on and --workers", "exclude each other", "`dask worker --nworkers` says how many there are"
        )
    if place.on:
        from crawler.work.dask_addresses import check_address

        check_address(place.on)


def items_of(
    function: str, arguments: Iterable[Any], place: WorkPlace, seconds: float | SecondsOfItem
) -> Iterator[WorkItem]:
    """Yield the items that this process is to run. Their numbers count those of other parts, too."""
    for number, argument in enumerate(arguments):
        if place.part is None or place.part.has(number):
            limit = seconds(argument) if callable(seconds) else seconds
            yield WorkItem(number, function, argument, limit)
