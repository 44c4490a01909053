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
        turns, log = FairTurns(1), []
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
