"""Define the options that say where a command on a fleet runs: --on, --part and --at-once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from crawler.cli.common_options import WORK_KEY
from pipelines.core.errors import ConfigError

if TYPE_CHECKING:
    from crawler.work.values import WorkPart

OPTIONS = ("--on", "--part", "--at-once")


@dataclass(frozen=True, slots=True)
class WorkOptions:
    """Hold where a command on a fleet runs."""

    on: str = ""  # address of a Dask scheduler; empty: on this machine
    part: WorkPart | None = None  # of the shards, those of this process
    at_once: int = 0  # shards; 0: as many as suit the command

    def must_be_here(self) -> None:
        """Raise ConfigError for a command that runs on this machine alone."""
        if self.on:
            raise ConfigError(f"--on {self.on}", "this command runs on this machine", "leave --on out")


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


def work_options_of(ctx: click.Context) -> WorkOptions:
    """Return what the user gave. Raises ConfigError."""
    given = ctx.find_root().ensure_object(dict).get(WORK_KEY, {})
    if not given:
        return WorkOptions()
    from crawler.work.map_items import check_place
    from crawler.work.values import WorkPart, WorkPlace

    part = WorkPart.parsed(given["part"]) if "part" in given else None
    check_place(WorkPlace(on=given.get("on", ""), part=part, workers=given.get("at_once", 0)))
    return WorkOptions(given.get("on", ""), part, given.get("at_once", 0))
