"""Backpressure: how much a crawl takes on at once."""

import asyncio

import pytest

from pipelines.session import backpressure as backpressure_module
from pipelines.session.backpressure import Backpressure


async def through(backpressure: Backpressure, hold: asyncio.Event, log: list[str]) -> None:
    async with backpressure.exchange():
        log.append("in")
        await hold.wait()


def test_exchange_above_the_limit_waits():
    """The third waits until one of two is over."""

    async def scene():
        backpressure, hold, log = Backpressure(2, 100), asyncio.Event(), []
        tasks = [asyncio.create_task(through(backpressure, hold, log)) for _ in range(3)]
        await asyncio.sleep(0.01)
        assert log == ["in"] * 2
        hold.set()
        await asyncio.gather(*tasks)
        assert log == ["in"] * 3

    asyncio.run(scene())


@pytest.mark.parametrize("release", ["page_out", "let_all_through"])
def test_fetching_stops_while_too_many_pages_wait_to_be_filed(release):
    """Slow reading slows the fetching; a crawl that ends lets every waiter through."""

    async def scene():
        backpressure, hold, log = Backpressure(2, 2), asyncio.Event(), []
        hold.set()
        backpressure.page_in()
        backpressure.page_in(1)
        task = asyncio.create_task(through(backpressure, hold, log))
        await asyncio.sleep(0.01)
        assert log == []
        getattr(backpressure, release)()
        await asyncio.wait_for(task, 1)
        assert log == ["in"]

    asyncio.run(scene())


@pytest.mark.parametrize("share", ["per_source", "per_site"])
def test_share_that_is_used_up_leaves_the_other_places_free(share):
    """Waiting exchanges of one source or site take no place from the others."""

    async def scene():
        backpressure, hold, log = Backpressure(8, 100, **{share: 3}), asyncio.Event(), []

        async def exchange(name: str, source: int) -> None:
            async with backpressure.exchange(name, source):
                log.append(name)
                await hold.wait()

        tasks = [asyncio.create_task(exchange("evil.example", 1)) for _ in range(50)]
        await asyncio.sleep(0)
        tasks += [asyncio.create_task(exchange("paper.example", 2)) for _ in range(2)]
        await asyncio.sleep(0.01)
        assert log == ["evil.example"] * 3 + ["paper.example"] * 2
        hold.set()
        await asyncio.gather(*tasks)
        assert len(log) == 52

    asyncio.run(scene())


def test_source_has_half_of_the_pages_that_wait_to_be_filed():
    """Pages that take long to read stop the fetching of their own source only."""

    async def scene():
        backpressure, log = Backpressure(8, 4), []

        async def exchange(source: int) -> None:
            async with backpressure.exchange("a.example", source):
                log.append(source)

        backpressure.page_in(1)
        backpressure.page_in(1)
        tasks = [asyncio.create_task(exchange(source)) for source in (1, 2)]
        await asyncio.sleep(0.01)
        assert log == [2]
        backpressure.page_out(1)
        await asyncio.gather(*tasks)
        assert log == [2, 1]

    asyncio.run(scene())


def test_cancelled_waiter_releases_its_slot():
    """A cancelled fetch gives its place back."""

    async def scene():
        backpressure, hold, log = Backpressure(1, 1), asyncio.Event(), []
        hold.set()
        backpressure.page_in()
        waiting = asyncio.create_task(through(backpressure, hold, log))
        await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        backpressure.page_out()
        await asyncio.wait_for(through(backpressure, hold, log), 1)
        assert log == ["in"]

    asyncio.run(scene())


def test_exchange_under_way_is_given_up_when_the_grace_after_stop_ends(monkeypatch):
    """One that begins later, or waits for its share meanwhile, learns that the crawl is stopping."""
    monkeypatch.setattr(backpressure_module, "STOP_GRACE_SECONDS", 0.05)

    async def scene():
        backpressure, log = Backpressure(per_site=1), []

        async def exchange():
            async with backpressure.exchange("evil.example"):
                log.append("stopping" if backpressure.stopping else "sent")
                async with backpressure.until_stopped():
                    await asyncio.Event().wait()

        tasks = [asyncio.create_task(exchange()) for _ in range(4)]
        await asyncio.sleep(0.01)
        assert log == ["sent"]
        backpressure.stop()
        ends = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
        assert log == ["sent", *["stopping"] * 3]
        assert {type(end) for end in ends} == {TimeoutError}

    asyncio.run(scene())
