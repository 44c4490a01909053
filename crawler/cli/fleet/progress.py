"""Say which shard a command has begun and which has ended, while it runs on a fleet."""

from __future__ import annotations

import time

import click


class ShardProgress:
    """Print a line on standard error when a shard begins and when it ends."""

    def __init__(self, shards: int, *, is_told: bool) -> None:
        self._shards, self._is_told = shards, is_told
        self._began: dict[int, float] = {}
        self._done = 0

    def began(self, number: int, where: str = "") -> None:
        """Say that a shard begins, on the worker `where`; or begins again, because its worker died."""
        verb = "begins again" if number in self._began else "begins"
        self._began[number] = time.monotonic()
        if self._is_told:
            click.echo(f"shard {number:03}: {verb}{where and f' on {where}'}", err=True)

    def ended(self, number: int, code: int) -> None:
        """Say that a shard has ended, after which time and with which exit code, and how many have."""
        self._done += 1
        if self._is_told:
            took = round(time.monotonic() - self._began.get(number, time.monotonic()))
            text = f"shard {number:03}: ended after {took:,} s, exit code {code}"
            click.echo(f"{text} ({self._done:,} of {self._shards:,})", err=True)
