"""Define the options that say where work runs: --on, --part, --workers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from crawler.cli.common_options import POSITIVE


def work_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --on, --part and --workers to a command."""
    on = click.option("--on", metavar="ADDRESS",
                      help="Run on a Dask cluster: tcp://127.0.0.1:8786, or tls://HOST:PORT.")  # fmt: skip
    part = click.option("--part", metavar="K/N",
                        help="Do only every Nth item, from the Kth on, counted from 0: for arrays of Slurm or "
                             "Kubernetes.")  # fmt: skip
    workers = click.option("--workers", type=POSITIVE, metavar="N",
                           help="Processes on this machine (default: one for each CPU).")  # fmt: skip
    return on(part(workers(function)))


def place_of(on: str | None, part: str | None, workers: int | None) -> Any:
    """Return the WorkPlace that the options name, checked. Raises ConfigError."""
    from crawler.work.map_items import check_place
    from crawler.work.values import WorkPart, WorkPlace

    place = WorkPlace(on or "", WorkPart.parsed(part) if part is not None else None, workers or 0)
    check_place(place)
    return place
