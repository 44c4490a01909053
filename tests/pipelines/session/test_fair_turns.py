"""Turns: whose task runs next when there are more tasks than places."""

import asyncio

from pipelines.session.fair_turns import FairTurns


async def run(turns: FairTurns, key: str, log: list[str]) -> None:
    async with turns.turn(key):
        log.append(key)
        await asyncio.sleep(0)


def test_keys_take_turns_however_many_tasks_one_of_them_has():
    """A hundred tasks of one source delay another's by one."""

    async def scene():
        turns, log = FairTurns(1, clock=lambda: 0.0), []
        tasks = [asyncio.create_task(run(turns, "evil", log)) for _ in range(100)]
        tasks += [asyncio.create_task(run(turns, "paper", log)) for _ in range(3)]
        await asyncio.gather(*tasks)
        assert log[:7] == ["evil", "evil", "paper", "evil", "paper", "evil", "paper"]
        assert len(log) == 103

    asyncio.run(scene())


def test_cancelled_task_passes_its_turn_on():
    """Also if the turn came at that very moment."""

    async def scene():
        turns, log = FairTurns(1), []
        async with turns.turn("first"):
            waiting = [asyncio.create_task(run(turns, key, log)) for key in ("a", "b", "c")]
            await asyncio.sleep(0)
            waiting[0].cancel()
            await asyncio.sleep(0)
        waiting[1].cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        async with asyncio.timeout(1), turns.turn("last"):
            assert log == ["c"]

    asyncio.run(scene())


def test_free_place_is_taken_at_once():
    """Nothing waits while there is room."""

    async def scene():
        turns, log = FairTurns(3), []
        async with turns.turn("a"), turns.turn("a"):
            await run(turns, "a", log)
        assert log == ["a"]

    asyncio.run(scene())


def test_key_whose_tasks_are_slow_waits_until_the_others_have_used_as_much_time():
    """Three sources whose pages take 15 seconds each delay a paper by their first pages, not by one for each of its."""

    async def scene():
        now, log = 0.0, []
        turns = FairTurns(1, clock=lambda: now)

        async def task(key: str, seconds: float) -> None:
            nonlocal now
            async with turns.turn(key):
                log.append(key)
                await asyncio.sleep(0)
                now += seconds

        slow = [asyncio.create_task(task(f"evil{i}", 15.0)) for _ in range(4) for i in range(3)]
        quick = [asyncio.create_task(task("paper", 0.05)) for _ in range(200)]
        await asyncio.gather(*slow, *quick)
        before_last = log[: len(log) - log[::-1].index("paper")]
        assert sum(key.startswith("evil") for key in before_last) == 3
        assert len(log) == 212

    asyncio.run(scene())


def test_key_that_came_late_does_not_hold_up_those_before_it():
    """Its account begins with what the others have used."""

    async def scene():
        now, log = 0.0, []
        turns = FairTurns(1, clock=lambda: now)

        async def task(key: str) -> None:
            nonlocal now
            async with turns.turn(key):
                log.append(key)
                await asyncio.sleep(0)
                now += 1.0

        await asyncio.gather(*[asyncio.create_task(task("old")) for _ in range(20)])
        await asyncio.gather(*[asyncio.create_task(task(key)) for key in ("old",) * 10 + ("new",) * 10])
        assert log[20:].index("old", 5) < 9

    asyncio.run(scene())
