"""Test that a crawl keeps to its bandwidth, by the bytes it counted and a clock that is turned."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pipelines.session import bandwidth as module
from pipelines.session.bandwidth import FIRST_SIZE_BYTES, Bandwidth

RATE = 100_000  # bytes a second


class TurnedClock:
    """Tell a time that goes on only while an exchange waits."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    async def wait_for(self, waiting: Any, left: float) -> None:
        waiting.close()
        self.seconds += left
        raise TimeoutError


@pytest.fixture
def clock(monkeypatch):
    clock = TurnedClock()
    monkeypatch.setattr(module.asyncio, "wait_for", clock.wait_for)
    return clock


async def exchanges(bandwidth: Bandwidth, sizes: list[int]) -> None:
    for size in sizes:
        async with bandwidth.exchange():
            bandwidth.count(size)


@pytest.mark.parametrize(
    "sizes",
    [[20_000] * 200, [1_000] * 99 + [3_000_000] + [1_000] * 100, [0] * 50 + [90_000] * 50],
    ids=["alike", "one large", "empty, then large"],
)
def test_bytes_of_exchanges_take_their_time(clock, sizes):
    """All but the last are paid for when the last begins, and nothing is paid for twice."""
    asyncio.run(exchanges(Bandwidth(RATE, clock), sizes))
    assert clock.seconds == pytest.approx(sum(sizes[:-1]) / RATE)


def test_exchanges_that_wait_together_begin_one_after_the_other(clock):
    """Each is expected to be as large as those before it."""
    begun: list[float] = []

    async def one(bandwidth: Bandwidth) -> None:
        async with bandwidth.exchange():
            begun.append(clock())
            await asyncio.sleep(0)  # the others come meanwhile

    async def all_of_them() -> None:
        bandwidth = Bandwidth(RATE, clock)
        await asyncio.gather(*(one(bandwidth) for _ in range(4)))

    asyncio.run(all_of_them())
    assert begun == pytest.approx([number * FIRST_SIZE_BYTES / RATE for number in range(4)])


def test_time_without_requests_is_no_credit_for_a_burst(clock):
    """The average is that of the time in which there was something to fetch."""
    bandwidth = Bandwidth(RATE, clock)
    clock.seconds = 1000.0
    asyncio.run(exchanges(bandwidth, [50_000] * 5))
    assert clock.seconds == pytest.approx(1000.0 + 4 * 0.5)


def test_nothing_waits_without_a_limit_or_once_the_crawl_ends(clock):
    """0 is no limit; a crawl that is stopped ends at once."""
    asyncio.run(exchanges(Bandwidth(0, clock), [10**9] * 9))
    stopped = Bandwidth(RATE, clock)
    stopped.let_all_through()
    asyncio.run(exchanges(stopped, [10**9] * 9))
    assert clock.seconds == 0.0
