"""Define the options that say where a command on a fleet runs: --on, --part and --at-once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from crawler.cli.common_options import WORK_KEY
from crawler.cli.working.options import place_of
from pipelines.core.errors import ConfigError

if TYPE_CHECKING:
    from crawler.work.values import WorkPlace

OPTIONS = ("--on", "--part", "--at-once", "--time-limit", "--workers")  # the last is that of `import`
TIME_LIMIT = "6h"


def work_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --on, --part and --at-once to a command."""
    for option in (
        click.option("--time-limit", metavar="TIME", expose_value=False, callback=_keep,
                     help=f"With --on: how long a worker may take for a shard (default: {TIME_LIMIT}). One that takes "
                          "longer is stopped, and another one goes on."),
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
    keep_place(ctx, **{str(param.name): value})


def keep_place(ctx: click.Context, **given: Any) -> None:
    """Note what the user says of where a command on a fleet runs: `on`, `part`, `at_once`, `time_limit`."""
    told = {name: value for name, value in given.items() if value is not None}
    if told:
        ctx.find_root().ensure_object(dict).setdefault(WORK_KEY, {}).update(told)


def place_of_shards(ctx: click.Context) -> WorkPlace:
    """Return where the shards of a fleet are worked on; `workers`: how many at a time. Raises ConfigError."""
    given = ctx.find_root().ensure_object(dict).get(WORK_KEY, {})
    place: WorkPlace = place_of(given.get("on"), given.get("part"), given.get("at_once"))
    if "time_limit" in given and not place.on:
        raise ConfigError(
            "--time-limit", "needs --on", "leave it out: Ctrl-C or SIGTERM ends a command on this machine"
        )
    return place


def seconds_of_shard(ctx: click.Context) -> float:
    """Return how long a worker of a cluster may take for a shard. Raises ConfigError."""
    from crawler.config.units import Duration

    text = ctx.find_root().ensure_object(dict).get(WORK_KEY, {}).get("time_limit", TIME_LIMIT)
    try:
        seconds = float(Duration.parse(text))
    except ValueError:
        seconds = 0
    if seconds <= 0:
        raise ConfigError(f"--time-limit {text}", "is not a duration", f"say e.g. {TIME_LIMIT}, 90m or 2d")
    return seconds
