"""Test the budget of bodies: what grows waits for what is held, each site has a share, and one always goes on."""

from __future__ import annotations

import asyncio
import gc

import pytest

from pipelines.session.backpressure import Backpressure
from pipelines.session.body_budget import BodyBudget


class Owner:
    """Carry a body."""


async def download(budget: BodyBudget, sizes: list[int], log: list[str], name: str, site: str = "one.example") -> None:
    with budget.grow(site) as body:
        for size in sizes:
            await body.grow_to(size)
    log.append(name)


def test_only_oldest_of_growing_bodies_goes_over_the_budget() -> None:
    """All end in the end, and the budget is exceeded by one body."""

    async def scene() -> None:
        budget, log, most = BodyBudget(100), [], 0
        tasks = [
            asyncio.create_task(download(budget, list(range(10, 90, 10)), log, name)) for name in ("a", "b", "c", "d")
        ]
        while not all(task.done() for task in tasks):
            most = max(most, budget.used_bytes)
            await asyncio.sleep(0)
        assert sorted(log) == ["a", "b", "c", "d"]
        assert log[0] == "a"
        assert most <= 100 + 80
        assert budget.used_bytes == 0

    asyncio.run(asyncio.wait_for(scene(), 20))


def test_body_waits_for_complete_ones_to_be_let_go() -> None:
    """A page that waits to be read counts until it is gone."""

    async def scene() -> None:
        budget, log, owner = BodyBudget(100), [], Owner()
        budget.hold(owner, 100, None)
        task = asyncio.create_task(download(budget, [10], log, "a"))
        await asyncio.sleep(0.01)
        assert log == []
        del owner
        await asyncio.wait_for(task, 5)
        assert log == ["a"]

    asyncio.run(scene())


def test_body_that_only_garbage_holds_is_let_go() -> None:
    """An exception of Scrapy and a frame with the response refer to each other."""

    async def scene() -> None:
        budget, log, owner = BodyBudget(100), [], Owner()
        owner.itself = owner  # type: ignore[attr-defined]
        budget.hold(owner, 100, None)
        del owner
        await asyncio.wait_for(download(budget, [10], log, "a"), 5)
        assert log == ["a"]

    gc.disable()
    try:
        asyncio.run(scene())
    finally:
        gc.enable()


def test_new_exchange_waits_while_budget_is_used_up() -> None:
    """A crawl that ends lets it through."""

    async def scene() -> None:
        backpressure, owner, log = Backpressure(2, 100, 100), Owner(), []

        async def exchange() -> None:
            async with backpressure.exchange():
                log.append("in")

        backpressure.bodies.hold(owner, 100, None)
        task = asyncio.create_task(exchange())
        await asyncio.sleep(0.01)
        assert log == []
        backpressure.let_all_through()
        await asyncio.wait_for(task, 5)

    asyncio.run(scene())


async def turns(number: int = 50) -> None:
    """Let the other tasks run until nothing is left to them but to wait."""
    for _ in range(number):
        await asyncio.sleep(0)


async def trickle(budget: BodyBudget, site: str) -> None:
    """Take as much as there is, a little at a time, and never end."""
    with budget.grow(site) as body:
        for size in range(1, 1_000_000):
            await body.grow_to(size)
            await asyncio.sleep(0)
        await asyncio.Event().wait()


@pytest.mark.parametrize("number", [1, 2, 3, 8])
def test_hostile_sites_hold_no_more_than_they_leave_free(number: int) -> None:
    """Each has a body per connection, and none of them ends; an honest site that comes later does not wait.

    The oldest body of all may exceed the budget, so each hostile site holds complete bodies that are never let go.
    """

    async def scene() -> None:
        budget, log, owners = BodyBudget(10_000), [], [Owner() for _ in range(number)]
        sites = [f"evil{n}.example" for n in range(number)]
        for site, owner in zip(sites, owners, strict=True):
            budget.hold(owner, 1, site)
        tasks = [asyncio.create_task(trickle(budget, site)) for site in sites for _ in range(8)]
        await turns(6_000)
        free = budget.max_bytes - budget.used_bytes
        assert (
            free >= 10_000 // (number + 1) - 9 * number
        )  # what the last round of all bodies took at once, and the complete ones
        await asyncio.wait_for(download(budget, [free // 4, free // 3], log, "honest", "honest.example"), 5)
        assert log == ["honest"]
        for task in tasks:
            task.cancel()

    asyncio.run(scene())


def test_site_at_its_share_takes_no_place_from_others() -> None:
    """Its next exchange waits outside, and an exchange of another site runs."""

    async def scene() -> None:
        backpressure, owner, log = Backpressure(1, 100, 100), Owner(), []

        async def exchange(site: str) -> None:
            async with backpressure.exchange(site):
                log.append(site)

        backpressure.bodies.hold(owner, 50, "evil.example")
        tasks = [asyncio.create_task(exchange(site)) for site in ("evil.example", "honest.example")]
        await turns()
        assert log == ["honest.example"]
        del owner
        await asyncio.wait_for(asyncio.gather(*tasks), 5)
        assert log == ["honest.example", "evil.example"]

    asyncio.run(scene())


@pytest.mark.parametrize("size", [60, 100, 500])
def test_body_larger_than_share_is_taken_when_it_is_alone(size: int) -> None:
    """Also one that is larger than the whole budget."""

    async def scene() -> None:
        budget, log = BodyBudget(100), []
        task = asyncio.create_task(download(budget, list(range(10, size + 1, 10)), log, "a"))
        await turns(200)
        assert task.done()
        assert budget.used_bytes == 0

    asyncio.run(scene())


def test_bodies_that_wait_to_be_decoded_do_not_wait_for_each_other() -> None:
    """Complete bodies that are being decoded are let go only after that, so the oldest goes on."""

    async def scene() -> None:
        budget, log, owners = BodyBudget(100), [], [Owner() for _ in range(5)]

        async def decode(number: int) -> None:
            with budget.grow("one.example", source_bytes=20) as body:
                for size in (10, 20, 30):
                    await body.grow_to(size)
            owners[number] = None  # type: ignore[call-overload]
            log.append(str(number))

        for owner in owners:
            budget.hold(owner, 20, "one.example")
        del owner
        tasks = [asyncio.create_task(decode(number)) for number in range(5)]
        await turns(500)
        assert log[0] == "0"
        assert all(task.done() for task in tasks)
        assert budget.used_bytes == 0

    asyncio.run(scene())
