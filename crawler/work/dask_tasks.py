"""Do on a Dask worker what the client asks: run an item, end items, tell the version."""

from __future__ import annotations

import threading
from dataclasses import asdict
from typing import Any

import crawler
from crawler.work.dask_addresses import is_private
from crawler.work.item_process import ItemFailed, ItemProcesses, function_named

_LOCK = threading.Lock()
_MAPS: dict[str, ItemProcesses] = {}  # name of a map -> its items here, which may be several


def version_here() -> str:
    """Return the version of newsmorgue on this worker."""
    return crawler.__version__


def reach_here() -> str:
    """Return where this worker is reached: the address that others may reach without TLS, if it has one.

    Dask tells the address that the scheduler uses, also of a worker that listens at all addresses of its machine.
    """
    from distributed import get_worker

    worker = get_worker()
    addresses = [worker.address, *(one.listen_address for one in worker.listeners)]
    return next((one for one in addresses if not is_private(one)), worker.address)


def nearness_here(function: str, arguments: list[Any]) -> list[int]:
    """Return how near to this worker each item is, as the function says by its argument: more is nearer."""
    numbers: list[int] = function_named(function)(arguments)
    return numbers


def run_item(map_name: str, key: str, function: str, argument: Any, seconds: float, version: str) -> dict[str, Any]:
    """Run an item in a process of its own, and tell the client that it begins. Return its value or its failure.

    A worker that came after the start is refused here: by its version, or because others reach it without TLS.
    """
    from distributed import get_worker

    address = get_worker().address
    if crawler.__version__ != version:
        return {"version": crawler.__version__, "worker": address}
    if not is_private(reach := reach_here()):
        return {"reach": reach}
    with _LOCK:
        processes = _MAPS.setdefault(map_name, ItemProcesses())
    get_worker().log_event(map_name, (key, address))
    try:
        return {"value": processes.run(function, argument, seconds)}
    except ItemFailed as failed:
        return {"failure": asdict(failed.failure)}


def end_items(map_name: str) -> None:
    """End the items of a map that run here. None of them begins any more."""
    with _LOCK:
        processes = _MAPS.setdefault(map_name, ItemProcesses())
    processes.end()
