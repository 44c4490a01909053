"""Test that a call that fails in a worker costs only itself: no other call is lost, and no process is left over."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from pipelines.core.worker_pool import WorkerFailure, WorkerPool
from tests.support import worker_calls
from tests.support.command import ROOT
from tests.support.waiting import wait_until
from tests.support.worker_calls import double

LIMITS = {"seconds": 10.0, "cpu_seconds": 5.0, "memory": 400_000_000, "warm_up": ""}


def with_workers(size, job, **limits):
    """Run the coroutine function `job(workers)` with that many workers, and close them."""

    async def main():
        workers = WorkerPool(size, **(LIMITS | limits))
        try:
            return await job(workers)
        finally:
            await workers.close()

    return asyncio.run(main())


def alive(pid):
    """Return True if there is such a process, zombies not counted."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def outcome(workers, func, *args):
    """Return the value of a call, or the reason of its WorkerFailure."""
    try:
        return await workers.run(func, *args)
    except WorkerFailure as overrun:
        return overrun.reason


def test_each_call_gets_its_own_answer():
    """Two hundred calls run on two workers; there are never more processes than asked for."""

    async def job(workers):
        answers = await asyncio.gather(*(workers.run(double, number) for number in range(200)))
        return answers, len(workers._alive)

    answers, processes = with_workers(2, job)
    assert answers == [2 * number for number in range(200)]
    assert processes <= 2


BAD = {
    "sleeps forever": (time.sleep, (60,), {"seconds": 1.0}, "timed out"),
    "hangs in C, holding the GIL": (
        re.match,
        (r"(a+)+$", "a" * 50 + "b"),
        {"seconds": 1.5, "cpu_seconds": 60},
        "timed out",
    ),
    "burns CPU": (worker_calls.burn_cpu, (), {"cpu_seconds": 1.0, "seconds": 60}, "used too much CPU"),
    "burns CPU in C": (
        re.match,
        (r"(a+)+$", "a" * 50 + "b"),
        {"cpu_seconds": 1.0, "seconds": 60},
        "used too much CPU",
    ),
    "balloons": (worker_calls.fill_memory, (), {"memory": 200_000_000}, "used too much memory"),
    "one huge allocation": (bytearray, (10**12,), {}, "used too much memory"),
    "exits": (os._exit, (3,), {}, "crashed"),
    "aborts": (os.abort, (), {}, "crashed"),
}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="these limits are Linux's")
@pytest.mark.parametrize(("func", "args", "limits", "reason"), BAD.values(), ids=BAD)
def test_failing_call_ends_in_worker_failure_and_others_are_answered(func, args, limits, reason):
    """The call ends with its reason; calls before, beside and after it are answered."""

    async def job(workers):
        before = await workers.run(double, 1)
        both = await asyncio.gather(outcome(workers, func, *args), *(workers.run(double, n) for n in range(20)))
        return before, both[0], both[1:], await workers.run(double, 3)

    before, bad, beside, after = with_workers(2, job, **limits)
    assert (before, after, beside) == (2, 6, [2 * n for n in range(20)])
    assert bad == reason


def test_exception_of_a_call_is_raised_to_its_caller():
    """It is raised with the worker's traceback as a note, and the worker lives on."""

    async def job(workers):
        with pytest.raises(KeyError, match="missing") as caught:
            await workers.run(worker_calls.raise_key_error)
        with pytest.raises(RuntimeError, match="UnpicklableError: strange"):
            await workers.run(worker_calls.raise_unpicklable_error)
        with pytest.raises((TypeError, AttributeError, Exception), match="pickle"):
            await workers.run(worker_calls.return_function)
        return caught.value.__notes__[0], await workers.run(double, 4)

    note, after = with_workers(1, job)
    assert "raise_key_error" in note
    assert after == 8


def test_function_that_cannot_be_pickled_is_refused():
    """A lambda is the caller's mistake."""

    async def job(workers):
        with pytest.raises(Exception, match="pickle"):
            await workers.run(lambda: 1)

    with_workers(1, job)


def test_output_of_a_worker_does_not_reach_stdout(capfd):
    """Standard output belongs to the parent."""
    with_workers(1, lambda workers: workers.run(worker_calls.print_noise))
    assert capfd.readouterr().out == ""


def test_worker_is_replaced_after_its_number_of_calls():
    """Memory stays flat because no worker lives forever."""

    async def job(workers):
        return {await workers.run(os.getpid) for _ in range(6)}

    assert len(with_workers(1, job, calls=2)) == 3
    assert len(with_workers(1, job, rss=1)) == 6
    assert len(with_workers(1, job)) == 1


def test_time_to_warm_up_counts_towards_no_limit():
    """A worker warms up before its clock starts, so the first call is as quick as the others."""

    async def job(workers):
        return await outcome(workers, double, 1)

    assert with_workers(1, job, warm_up="tests.support.worker_calls:take_a_second", seconds=0.8) == 2


def test_close_answers_accepted_calls_and_refuses_later_ones():
    """Calls that wait when close is called are answered, and no worker is left."""

    async def job():
        workers = WorkerPool(2, **LIMITS)
        calls = [asyncio.create_task(workers.run(double, number)) for number in range(50)]
        pids = asyncio.create_task(workers.run(os.getpid))
        await asyncio.sleep(0)
        await workers.close()
        with pytest.raises(RuntimeError, match="closed"):
            await workers.run(double, 1)
        return [await call for call in calls], await pids

    answers, pid = asyncio.run(job())
    assert answers == [2 * number for number in range(50)]
    assert not alive(pid)


def test_kill_stops_a_call_in_flight():
    """For emergencies: everything ends at once."""

    async def job():
        workers = WorkerPool(1, **LIMITS)
        pid = await workers.run(os.getpid)
        call = asyncio.create_task(outcome(workers, time.sleep, 60))
        await asyncio.sleep(0.2)
        workers.kill()
        return pid, await call

    start = time.monotonic()
    pid, reason = asyncio.run(job())
    assert reason == "crashed"
    assert time.monotonic() - start < 8
    assert not alive(pid)


PARENT = """
    import asyncio, os, signal, sys
    from pipelines.core.worker_pool import WorkerPool
    from tests.support.worker_calls import double, take_a_second

    async def main():
        workers = WorkerPool(2, seconds=30)
        print(*await asyncio.gather(workers.run(os.getpid), workers.run(os.getpid)), flush=True)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, print, "signal")
        calls = [asyncio.create_task(workers.run(take_a_second)) for _ in range(4)]
        calls.append(asyncio.create_task(workers.run(*{last})))
        print("in flight", flush=True)
        print(*await asyncio.gather(*calls), flush=True)
        await workers.close()

    asyncio.run(main())
"""


def parent(last: str) -> subprocess.Popen:
    """Start a program with calls in flight, in a process group of its own; it prints its workers' ids and "in
    flight"."""
    code = textwrap.dedent(PARENT.replace("{last}", last))
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    )


def test_signal_to_the_process_group_loses_no_call():
    """Ctrl-C and SIGTERM reach every process of the group; the workers still finish what is in flight."""
    process = parent("(double, 21)")
    process.stdout.readline()
    assert process.stdout.readline() == "in flight\n"
    time.sleep(0.3)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT):
        os.killpg(process.pid, number)
        time.sleep(0.1)
    out, _ = process.communicate(timeout=30)
    assert out.splitlines()[-1] == "done done done done 42"
    assert process.returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("last", "delay"),
    [("(double, 1)", 0.3), ("(__import__('re').match, '(a+)+$', 'a' * 60 + 'b')", 2.5)],
    ids=["idle", "in C"],
)
def test_killed_parent_leaves_no_worker_running(last, delay):
    """After kill -9 of the parent no worker is left within seconds, whatever it was doing."""
    process = parent(last)
    pids = [int(pid) for pid in process.stdout.readline().split()]
    assert process.stdout.readline() == "in flight\n"
    time.sleep(delay)
    assert all(alive(pid) for pid in pids)
    process.kill()
    process.wait()
    wait_until(lambda: not any(alive(pid) for pid in pids), 5)
    process.stdout.close()


def test_page_read_in_a_worker_gives_the_same_article():
    """The workers are warmed up as in a crawl."""
    from pipelines.core.items import Page
    from pipelines.extraction.extract import read, timed_read

    page = Page(
        "https://paper.example/a",
        b"<html><body><article><h1>Bridge</h1><p>" + b"The bridge is shut. " * 20,
        "text/html",
    )

    async def job(workers):
        return await workers.run(timed_read, page)

    assert with_workers(1, job, warm_up="pipelines.extraction.entry:warm_up").outcome == read(page)
