"""Test the budget of bodies: what grows waits for what is held, and one always goes on."""

from __future__ import annotations

import asyncio
import gc

from pipelines.session.backpressure import Backpressure
from pipelines.session.body_budget import BodyBudget


class Owner:
    """Carry a body."""


async def download(budget: BodyBudget, sizes: list[int], log: list[str], name: str) -> None:
    with budget.grow() as body:
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
        budget.hold(owner, 100)
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
        budget.hold(owner, 100)
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

        backpressure.bodies.hold(owner, 100)
        task = asyncio.create_task(exchange())
        await asyncio.sleep(0.01)
        assert log == []
        backpressure.let_all_through()
        await asyncio.wait_for(task, 5)

    asyncio.run(scene())
