"""Define the options that say where a command on a fleet runs: --on, --part and --at-once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from crawler.cli.common_options import WORK_KEY
from crawler.cli.working.options import place_of

if TYPE_CHECKING:
    from crawler.work.values import WorkPlace

OPTIONS = ("--on", "--part", "--at-once")


def work_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --on, --part and --at-once to a command."""
    for option in (
        click.option("--at-once", type=click.IntRange(1, 1000), metavar="N", expose_value=False, callback=_keep,
                     help="Of a fleet: work on N shards at a time."),
        click.option("--part", metavar="K/N", expose_value=False, callback=_keep,
                     help="Of a fleet: only shards K, K+N, ..., for arrays of Slurm or Kubernetes."),
        click.option("--on", metavar="ADDRESS", expose_value=False, callback=_keep,
                     help="Of a fleet: run on the workers of this Dask scheduler, tcp://HOST:PORT or tls://HOST:PORT."),
    ):  # fmt: skip
        function = option(function)
    return function


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    if value is not None:
        ctx.find_root().ensure_object(dict).setdefault(WORK_KEY, {})[param.name] = value


def place_of_shards(ctx: click.Context) -> WorkPlace:
    """Return where the shards of a fleet are worked on; `workers`: how many at a time. Raises ConfigError."""
    given = ctx.find_root().ensure_object(dict).get(WORK_KEY, {})
    place: WorkPlace = place_of(given.get("on"), given.get("part"), given.get("at_once"))
    return place
